/**
 * Which nodes may take fragments during one upload: those that are up and have room, the ones that were given least before
 * the others, and without those that failed meanwhile.
 */
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { NocturneError, PolicyError } from "../../core/errors.ts";
import type { NodeId } from "../node-id.ts";
import type { Candidate } from "../placement/placement.ts";
import { chooseRedundancy, type Redundancy, repairThreshold } from "../placement/redundancy.ts";
import type { KnownNode, Roster } from "../rooms.ts";

/** Why a node takes nothing more in this upload. */
type Refusal = "full" | "silent" | "slow" | "refused";

const REFUSALS: Readonly<Record<string, Refusal>> = {
  node_full: "full",
  owner_full: "full",
  node_unreachable: "silent",
  node_failed: "silent",
  node_slow: "slow",
};

export class Candidates {
  readonly #roster: Roster;
  /** Bytes that were handed to a node in this upload. */
  readonly #given = new Map<NodeId, number>();
  readonly #refusals = new Map<NodeId, Refusal>();

  constructor(roster: Roster) {
    this.#roster = roster;
  }

  /** How a file is cut now. Throws PolicyError `mesh_empty` when no node would take anything. */
  redundancy(): Redundancy {
    const best = new Map<string, number>();
    for (const { domain, uptime } of this.#open()) best.set(domain, Math.max(best.get(domain) ?? 0, uptime));
    const chosen = chooseRedundancy([...best.values()]);
    if (chosen === null) throw this.#empty();
    return chosen;
  }

  /** For `placeFragments`. `holders`: who has which fragment of the segment by now; whoever has one gets no second. */
  list(holders: ReadonlyMap<NodeId, number>, bytes: number): Candidate[] {
    const open = this.#open().filter(({ id, roomBytes }) => {
      return !holders.has(id) && roomBytes - (this.#given.get(id) ?? 0) >= bytes;
    });
    const given = ({ id }: KnownNode): number => this.#given.get(id) ?? 0;
    open.sort((a, b) => given(a) - given(b) || b.uptime - a.uptime);
    const holding = [...holders].map(([id, fragment]) => ({
      id,
      domain: this.#roster.find(id)?.domain ?? id,
      holds: [fragment],
      hasRoom: false,
    }));
    return [...holding, ...open.map(({ id, domain }) => ({ id, domain, holds: [], hasRoom: true }))];
  }

  /** It took so many bytes. */
  gave(id: NodeId, bytes: number): void {
    this.#given.set(id, (this.#given.get(id) ?? 0) + bytes);
  }

  /** It gets nothing more in this upload. */
  giveUp(id: NodeId, error: unknown): void {
    const code = error instanceof NocturneError ? error.code : "";
    this.#refusals.set(id, REFUSALS[code] ?? "refused");
  }

  /** What to tell when a segment found too few places. */
  tooSmall(placed: number, redundancy: Redundancy): PolicyError {
    const why = this.#why();
    return new PolicyError(
      "mesh_too_small",
      `Only ${placed} of ${redundancy.total} fragments found a node; at least ${leastPlaced(redundancy)} must, so that the file survives.` +
        (why === "" ? "" : ` ${why}.`),
      { hint: "Wait until more nodes are there, start some of your own, or keep the file on this machine." },
    );
  }

  #open(): KnownNode[] {
    return this.#roster
      .nodes()
      .filter(({ id, state, roomBytes }) => state === "up" && roomBytes > 0 && !this.#refusals.has(id));
  }

  #empty(): PolicyError {
    const known = this.#roster.nodes();
    const why = known.length === 0 ? "No node of the mesh is known yet" : this.#why() || "None that is known has room";
    return new PolicyError("mesh_empty", `There is no node that would take the file. ${why}.`, {
      hint: "Look with: nocturne mesh status",
    });
  }

  #why(): string {
    const words: Readonly<Record<Refusal, string>> = {
      full: "had no room",
      silent: "did not answer",
      slow: "were too slow",
      refused: "refused",
    };
    const counts = Object.entries(words).flatMap(([refusal, text]) => {
      const count = [...this.#refusals.values()].filter((one) => one === refusal).length;
      return count === 0 ? [] : [`${count} ${text}`];
    });
    return counts.length === 0 ? "" : `Of the nodes ${counts.join(", ")}`;
  }
}

/**
 * So many fragments of a segment must have a place: more than what would have it repaired at once (Tahoe-LAFS: happiness).
 * With whole copies it is two thirds of them.
 */
export function leastPlaced(redundancy: Pick<Redundancy, "needed" | "total">): number {
  return Math.min(redundancy.total, repairThreshold(redundancy) + 1);
}

/** Fragments of one segment in one failure domain. */
export const PER_DOMAIN: number = MESH_LIMITS.perDomain;
