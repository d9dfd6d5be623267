/**
 * Looks after objects: those that others gave into a node's care, and an owner's own while her app runs.
 *
 *   care() -> CareTable -> due -> lookAfter, some at a time -> noted; the next look within careLookMs
 *                           \- sooner: after a look that failed or found what cannot be repaired yet,
 *                                      and when a node says that it leaves
 *
 * Once the owner's record says that she dropped it, the care ends. Questions of an audit are shared out among all objects, so
 * that many cost little more than one: a node that holds fragments of many is asked a few questions about each.
 */
import type { Clock, Timers } from "../../core/clock.ts";
import { toHex } from "../../core/bytes.ts";
import { NocturneError, PolicyError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomUnit } from "../../core/random.ts";
import { readCareCertificate } from "../manifest/care-certificate.ts";
import type { NodeId, OwnerId } from "../node-id.ts";
import { SegmentMemories } from "../objects/segment-memory.ts";
import { Speeds } from "../objects/speeds.ts";
import { type NodeState, nodeState } from "../placement/node-state.ts";
import type { Exchange, Roster } from "../rooms.ts";
import { isCareEnd } from "./care-end.ts";
import { findManifest, lookAfter } from "./care-look.ts";
import type { Care, CareTable, CareTotals, LookResult } from "./care-table.ts";
import type { FoundManifest, Manifests } from "./manifests.ts";

export interface CaretakerOptions {
  readonly table: CareTable;
  readonly manifests: Manifests;
  readonly roster: Roster;
  /** A session with other nodes, and with this one, as a carer of that object, or as its owner. */
  readonly exchangeFor: (careKey: Uint8Array, certificate: Uint8Array) => Exchange;
  /** Told at the start and after each look which nodes hold something of what is cared for: the network does not forget these. */
  readonly watch?: (nodes: ReadonlySet<NodeId>) => void;
  /** The node that runs here, which its own roster leaves out; null if there is none. */
  readonly self: NodeId | null;
  /** The owner whose app this is; null for a node that belongs to no owner. */
  readonly owner: OwnerId | null;
  /** Whether objects of others are taken. */
  readonly takesOthers: boolean;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
}

interface Look {
  readonly care: Care;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

export class Caretaker {
  readonly #o: CaretakerOptions;
  readonly #stop = new AbortController();
  /** Looks that are under way, by care key in hex. */
  readonly #looks = new Map<string, Look>();
  readonly #speeds = new Speeds();
  readonly #memories = new SegmentMemories();
  /** Nodes that leave, and when that was seen. */
  #leaving: ReadonlyMap<NodeId, number> = new Map();
  readonly #stopListening: () => void;
  #cancel: (() => void) | null = null;

  /** Begins at once. */
  constructor(options: CaretakerOptions) {
    this.#o = options;
    this.#stopListening = options.roster.onChange(() => this.#noteLeaving());
    options.watch?.(options.table.nodes());
    this.#noteLeaving();
    this.#wake();
  }

  /**
   * Takes an object into care until `untilMs`, or keeps it longer. `careKey`: 32 bytes. Throws PolicyError `no_care` when this
   * node does not do so, or cares for as many as it can.
   */
  async care(careKey: Uint8Array, untilMs: number, owner: OwnerId): Promise<void> {
    const { table, clock, takesOthers } = this.#o;
    const isOwn = owner === this.#o.owner;
    if (!isOwn && !takesOthers) throw new PolicyError("no_care", "This node does not care for files of others.");
    const nowMs = clock.nowMs();
    const atMost = isOwn ? untilMs : Math.min(untilMs, nowMs + MESH_LIMITS.leaseMaxMs);
    table.take(careKey, owner, atMost, nowMs + Math.floor(randomUnit() * MESH_LIMITS.careSoonMs));
    this.#wake();
  }

  /** Ends the care for an object that its owner dropped. */
  async end(careKey: Uint8Array): Promise<void> {
    this.#o.table.end(careKey);
    const look = this.#looks.get(toHex(careKey));
    look?.stop.abort();
    await look?.done;
  }

  view(): CareTotals {
    return this.#o.table.totals();
  }

  /** Breaks off what is under way; it is done again when the next one begins. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#stopListening();
    this.#cancel?.();
    await Promise.all([...this.#looks.values()].map(({ done }) => done));
  }

  /** Begins the looks that are due, and sleeps until the next one is. */
  #wake(): void {
    if (this.#stop.signal.aborted) return;
    this.#cancel?.();
    this.#cancel = null;
    const { table, clock, timers } = this.#o;
    const nowMs = clock.nowMs();
    table.sweep(nowMs);
    const room = MESH_LIMITS.careLooks - this.#looks.size;
    for (const care of room > 0 ? table.due(nowMs, room, this.#underWay()) : []) this.#begin(care);
    if (this.#looks.size === MESH_LIMITS.careLooks) return;
    const nextMs = table.nextLookMs(this.#underWay());
    if (nextMs === null) return;
    // A machine that slept, or whose clock was set, looks again within the hour.
    const waitMs = Math.min(Math.max(nextMs - nowMs, 1), MESH_LIMITS.careAgainMs);
    this.#cancel = timers.schedule(() => this.#wake(), waitMs);
  }

  #underWay(): Uint8Array[] {
    return [...this.#looks.values()].map(({ care }) => care.careKey);
  }

  #begin(care: Care): void {
    const name = toHex(care.careKey);
    const stop = new AbortController();
    const done = this.#look(care, AbortSignal.any([stop.signal, this.#stop.signal])).finally(() => {
      this.#looks.delete(name);
      this.#wake();
    });
    this.#looks.set(name, { care, stop, done });
  }

  async #look(care: Care, signal: AbortSignal): Promise<void> {
    const { table, clock, log } = this.#o;
    const begunMs = clock.nowMs();
    const result = await this.#resultOf(care, signal);
    if (signal.aborted) return;
    const nowMs = clock.nowMs();
    const usualMs = MESH_LIMITS.careLookMs * (0.75 + 0.25 * randomUnit());
    table.note(care.careKey, result, nowMs, nowMs + Math.floor(result.isUrgent ? MESH_LIMITS.careAgainMs : usualMs));
    this.#o.watch?.(table.nodes());
    // Who began to leave meanwhile was not seen by this look.
    for (const [node, sinceMs] of this.#leaving) if (sinceMs >= begunMs) table.hurry(node, nowMs);
    const { problems, margin, auditsFailed, repairedFragments } = result;
    log.info({ problems: problems.length, margin, auditsFailed, repairedFragments }, "looked after an object");
  }

  async #resultOf(care: Care, signal: AbortSignal): Promise<LookResult> {
    try {
      const found = await findManifest(care, this.#finding(signal));
      if (!found) return nothingDone(care, "It is not known where it lies: nobody has a record of it.", true);
      if (isCareEnd(found.certificate, care.owner)) {
        this.#o.table.end(care.careKey);
        return nothingDone(care, "Its owner dropped it.", false);
      }
      const refusal = this.#refusal(care, found);
      return refusal === null ? await this.#lookAfter(care, found, signal) : nothingDone(care, refusal, false);
    } catch (error) {
      const isKnown = error instanceof NocturneError;
      if (!isKnown && !signal.aborted) this.#o.log.error({ error: String(error) }, "a look failed");
      return nothingDone(care, isKnown ? error.message : "The last look failed.", true);
    }
  }

  async #lookAfter(care: Care, found: FoundManifest, signal: AbortSignal): Promise<LookResult> {
    const { exchangeFor, roster, table, clock, timers } = this.#o;
    await using exchange = exchangeFor(care.careKey, found.certificate);
    const tools = { exchange, roster, speeds: this.#speeds, memories: this.#memories };
    return await lookAfter(care, found, {
      ...this.#finding(signal),
      tools,
      share: 1 / Math.max(1, table.objects),
      release: async (node, ids) => (await exchange.peer(node, signal)).released(ids),
      clock,
      timers,
    });
  }

  #finding(signal: AbortSignal): Parameters<typeof findManifest>[1] {
    const { manifests, roster } = this.#o;
    const isLeaving = (node: NodeId): boolean => roster.find(node)?.isLeaving ?? false;
    return { manifests, isLeaving, states: (shown) => this.#states(shown), signal };
  }

  /** Why it cannot be looked after, or null. */
  #refusal({ owner }: Care, { certificate, locator }: FoundManifest): string | null {
    if (owner === this.#o.owner) return null;
    if (readCareCertificate(certificate, this.#o.clock.nowMs()) === null)
      return "The owner's permission to care for it has ended.";
    return locator.segments.length > MESH_LIMITS.careSegments ? "It is too large to be cared for by others." : null;
  }

  /** What is thought of nodes now; of each once, so that it stays the same while it is used. */
  #states(shown: ReadonlySet<NodeId>): (node: NodeId) => NodeState {
    const states = new Map<NodeId, NodeState>();
    return (node) => {
      const state = states.get(node) ?? this.#stateOf(node, shown.has(node));
      states.set(node, state);
      return state;
    };
  }

  /** A node that the roster does not know has been silent since that was first seen: who just started knows few. */
  #stateOf(node: NodeId, hasShown: boolean): NodeState {
    const { roster, table, clock, self } = this.#o;
    if (node === self) return "up";
    const known = roster.find(node);
    if (known || hasShown) {
      table.present(node);
      return known?.state ?? "up";
    }
    const nowMs = clock.nowMs();
    const sinceMs = table.absentSinceMs(node, nowMs);
    return nodeState({ answeredAtMs: sinceMs, auditedAtMs: sinceMs }, nowMs);
  }

  /** Objects with fragments at a node that begins to leave are looked after at once. */
  #noteLeaving(): void {
    const { roster, table, clock } = this.#o;
    const before = this.#leaving;
    const nowMs = clock.nowMs();
    const leaving = roster.nodes().flatMap(({ id, isLeaving }) => (isLeaving ? [id] : []));
    this.#leaving = new Map(leaving.map((node) => [node, before.get(node) ?? nowMs]));
    const begun = leaving.filter((node) => !before.has(node));
    for (const node of begun) table.hurry(node, nowMs);
    if (begun.length > 0) this.#wake();
  }
}

function nothingDone({ leasedUntilMs }: Care, problem: string, isUrgent: boolean): LookResult {
  return {
    problems: [problem],
    isUrgent,
    manifest: null,
    leasedUntilMs,
    segments: 0,
    margin: null,
    auditsPassed: 0,
    auditsFailed: 0,
    repairedFragments: 0,
    repairedBytes: 0,
  };
}
