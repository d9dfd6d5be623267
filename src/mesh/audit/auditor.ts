/**
 * Asks all nodes that hold fragments of some objects whether they still have them, and says which they have lost.
 *
 *   locators -> of each node all that it should have -> auditNode, some at a time -> LostPlaces -> repair
 *                                                    \-> Roster: heard, audited
 *
 * How long a loss stays hidden: a node without a share f of its leaves passes a round of n = 300 questions with (1 - f)^n,
 * so it is found with 95 % within ln 0.05 / (n ln(1 - f)) rounds: one at 1 %, 10 at 0.1 %, 100 at 0.01 %; a node
 * that refuses a share g of its downloads within ln 0.05 / ln(1 - g): one at 95 %, 5 at 50 %, 29 at 10 %.
 */
import { systemTimers, type Timers } from "../../core/clock.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { Locator } from "../manifest/locator.ts";
import type { NodeId } from "../node-id.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import { fragmentBytes, segmentsOf } from "../pieces/segments.ts";
import type { Exchange, FragmentRef, Roster } from "../rooms.ts";
import { abreast } from "./abreast.ts";
import { LostPlaces } from "./lost-places.ts";
import { auditNode, type NodeAudit } from "./node-audit.ts";

export interface AuditOptions {
  readonly exchange: Exchange;
  readonly roster: Roster;
  readonly signal: AbortSignal;
  /** When many others are audited as well, these objects' part of a round's questions; 1 by default. */
  readonly share?: number;
  readonly timers?: Timers;
}

export interface AuditReport {
  /** Of every node that should have something. */
  readonly nodes: readonly NodeAudit[];
  readonly lost: LostPlaces;
}

/** One round, and more where something was wrong. Throws only the signal's reason. */
export async function auditObjects(locators: readonly Locator[], options: AuditOptions): Promise<AuditReport> {
  const { exchange, roster, signal, share = 1, timers = systemTimers } = options;
  const lost = new LostPlaces();
  const nodes = await abreast([...heldOf(locators)], MESH_LIMITS.auditNodes, async ([node, held]) => {
    const audit = await auditNode(node, held, { exchange, timers, signal, share });
    roster.heard(node, audit.answered);
    roster.audited(node, audit.answered ? (audit.kept ? "kept" : "failed") : "silent");
    lost.add(node, audit.lost);
    return audit;
  });
  return { nodes, lost };
}

/** What each node should have, each fragment once. */
export function heldOf(locators: readonly Locator[]): Map<NodeId, FragmentRef[]> {
  const held = new Map<NodeId, Map<FragmentId, FragmentRef>>();
  for (const { bytes, needed, nodes, segments } of locators) {
    const sizes = segmentsOf(bytes).map((segment) => fragmentBytes(segment, needed));
    for (const [index, { fragments }] of segments.entries()) {
      for (const { id, node } of fragments) {
        const name = node === null ? undefined : nodes[node];
        if (name === undefined) continue;
        const known = held.get(name) ?? new Map<FragmentId, FragmentRef>();
        held.set(name, known.set(id, { id, bytes: sizes[index] as number }));
      }
    }
  }
  return new Map([...held].map(([node, fragments]) => [node, [...fragments.values()]]));
}
