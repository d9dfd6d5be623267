/**
 * Who is there: every node that announced itself, what it said, and how it was found to be from here.
 *
 *   gossip, neighbours, tracker -> hear(announcement) --\
 *   exchange, auditor, prober   -> heard, audited    ----> entries, by node id -> placement, uploader, auditor, repair
 *                                                              \-> network.db, some seconds later
 *
 * An announcement shows that a node lives, not that it can be reached: once it was asked, only answers count. Time in which
 * this machine itself was off or offline is nobody else's absence, and is taken out of the account: a laptop that comes
 * back after a week must not give everybody's fragments up.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Clock, Timers } from "../../core/clock.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { NodeId } from "../node-id.ts";
import { nodeState } from "../placement/node-state.ts";
import type { Address, AuditOutcome, KnownNode, Roster } from "../rooms.ts";
import { type Announcement, claimedBy, readAnnouncement } from "./announcement.ts";
import { keepNumber, keptNumber } from "./network-database.ts";
import { announcedDomain, domainOfEntry, isFresh, newEntry, reachedDomain, type RosterEntry } from "./roster-entry.ts";
import { RosterTable } from "./roster-table.ts";
import type { Verdict } from "./topic.ts";
import { observe, uptimeOf } from "./uptime.ts";

const FLUSH_MS = 2_000;
const NOTICE_MS = 50;
/** A pause of this machine that is longer was an absence. */
const ABSENCE_MS = 300_000;

export interface RosterTools {
  readonly db: DatabaseSync;
  readonly self: NodeId;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Whether any node is connected: without, it is not the others who are away. */
  readonly isConnected: () => boolean;
}

export class NodeRoster implements Roster {
  readonly #tools: RosterTools;
  readonly #table: RosterTable;
  readonly #entries: Map<NodeId, RosterEntry>;
  readonly #listeners = new Set<() => void>();
  /** When each node's gossip was taken last. */
  readonly #gossipedAtMs = new Map<NodeId, number>();
  /** When a node failed an audit last; not after a restart, when it fails the next one. */
  readonly #failedAtMs = new Map<NodeId, number>();
  /** Whose last audit went without an answer. */
  readonly #unproven = new Set<NodeId>();
  readonly #dirty = new Set<NodeId>();
  #watched: ReadonlySet<NodeId> = new Set();
  #convicted: ReadonlySet<string> = new Set();
  #own: Uint8Array | null = null;
  #awakeAtMs: number;
  #cancelFlush: (() => void) | null = null;
  #cancelNotice: (() => void) | null = null;

  constructor(tools: RosterTools) {
    this.#tools = tools;
    this.#table = new RosterTable(tools.db);
    this.#entries = this.#table.load();
    this.#awakeAtMs = keptNumber(tools.db, "awake_at");
  }

  nodes(): KnownNode[] {
    return [...this.#entries.values()].map((entry) => this.#known(entry));
  }

  find(id: NodeId): KnownNode | null {
    const entry = this.#entries.get(id);
    return entry ? this.#known(entry) : null;
  }

  /** `by`: at which of its addresses, from which its failure domain is known then. */
  heard(id: NodeId, answered: boolean, by?: Address): void {
    const entry = this.#entries.get(id);
    if (!entry || (!answered && !this.#tools.isConnected())) return;
    const nowMs = this.#tools.clock.nowMs();
    const before = this.#known(entry);
    if (answered) {
      // Who was not away for long still has what it had; who was must show it first.
      const wasThere = before.state === "up" || before.state === "late";
      if (wasThere && !this.#unproven.has(id)) entry.trustedAtMs = nowMs;
      entry.answeredAtMs = nowMs;
      entry.domain = reachedDomain(entry, by) ?? entry.domain;
    }
    entry.askedAtMs = nowMs;
    entry.uptime = observe(entry.uptime, answered, nowMs);
    this.#keep(id);
    const { state, domain } = this.#known(entry);
    if (state !== before.state || domain !== before.domain) this.#notify();
  }

  /**
   * Who did not show what it took is given nothing more, until it does or MESH_LIMITS.suspectMs are over. Who answers whatever else is asked,
   * but no audit, is trusted no longer than one who answers nothing.
   */
  audited(id: NodeId, outcome: AuditOutcome): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    if (outcome === "kept") {
      this.#failedAtMs.delete(id);
      this.#unproven.delete(id);
      this.heard(id, true);
      entry.trustedAtMs = entry.answeredAtMs;
      this.#keep(id);
    } else if (outcome === "failed") this.#failedAtMs.set(id, this.#tools.clock.nowMs());
    else if (this.#tools.isConnected()) this.#unproven.add(id);
    this.#notify();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes an announcement in, from whomever. `isGossip`: no faster than a node may announce itself. */
  hear(bytes: Uint8Array, isGossip: boolean): Verdict {
    const nowMs = this.#tools.clock.nowMs();
    if (this.#isKnown(bytes)) return "ignore";
    const said = readAnnouncement(bytes, nowMs);
    if (!said) return "reject";
    const entry = this.#entries.get(said.id);
    if (said.id === this.#tools.self || (entry && entry.said.sequence >= said.sequence)) return "ignore";
    if (isGossip && !this.#mayGossip(said.id, nowMs)) return "ignore";
    if (!entry && !this.#hasRoom(said)) return "ignore";
    this.#put(said, bytes, nowMs);
    return "take";
  }

  /** What this node says of itself: neighbours are told it with the others. */
  setOwn(announcement: Uint8Array): void {
    this.#own = announcement;
  }

  get own(): Uint8Array | null {
    return this.#own;
  }

  /** Nodes that hold this machine's fragments: they are never forgotten, and asked even by a client. */
  watch(ids: ReadonlySet<NodeId>): void {
    this.#watched = ids;
  }

  /** Nodes against whom there is proof that they keep two histories. */
  convict(ids: ReadonlySet<string>): void {
    this.#convicted = ids;
    this.#notify();
  }

  get watched(): ReadonlySet<NodeId> {
    return this.#watched;
  }

  /** Announcements of nodes after `after`, in the order of ids, that others would still believe. */
  page(after: string): Uint8Array[] {
    const nowMs = this.#tools.clock.nowMs();
    const known = [...this.#entries.values()].filter((entry) => entry.said.id > after && isFresh(entry, nowMs));
    const told = known.map(({ said, bytes }) => ({ id: said.id, bytes }));
    if (this.#own && this.#tools.self > after) told.push({ id: this.#tools.self, bytes: this.#own });
    told.sort((a, b) => (a.id < b.id ? -1 : 1));
    return told.slice(0, MESH_LIMITS.rosterPage).map(({ bytes }) => bytes);
  }

  /** What a node said last. */
  saidBy(id: NodeId): Announcement | null {
    return this.#entries.get(id)?.said ?? null;
  }

  /** Nodes that nobody asked anything for MESH_LIMITS.probeMs, the longest first; of `among` if that is given. */
  due(limit: number, among: ReadonlySet<NodeId> | null): NodeId[] {
    const before = this.#tools.clock.nowMs() - MESH_LIMITS.probeMs;
    return [...this.#entries.values()]
      .filter(({ said, askedAtMs }) => (askedAtMs ?? 0) <= before && (among?.has(said.id) ?? true))
      .sort((a, b) => (a.askedAtMs ?? 0) - (b.askedAtMs ?? 0))
      .slice(0, limit)
      .map(({ said }) => said.id);
  }

  /** Called every minute: notes that this machine was there, and takes its own absence out of everybody's account. */
  awake(): void {
    if (!this.#tools.isConnected()) return;
    const nowMs = this.#tools.clock.nowMs();
    const absentMs = nowMs - this.#awakeAtMs;
    if (this.#awakeAtMs > 0 && absentMs > ABSENCE_MS) this.#forgive(absentMs, nowMs);
    this.#awakeAtMs = nowMs;
    keepNumber(this.#tools.db, "awake_at", nowMs);
  }

  /** Writes what is not on the disk yet. */
  close(): void {
    this.#cancelNotice?.();
    this.#flush();
    this.#listeners.clear();
  }

  #forgive(absentMs: number, nowMs: number): void {
    for (const [id, entry] of this.#entries) {
      // What was heard since this machine came back is not older than it is.
      entry.answeredAtMs = Math.min(nowMs, entry.answeredAtMs + absentMs);
      entry.trustedAtMs = Math.min(nowMs, entry.trustedAtMs + absentMs);
      this.#keep(id);
    }
    this.#notify();
  }

  #known(entry: RosterEntry): KnownNode {
    const nowMs = this.#tools.clock.nowMs();
    const { id, addresses, roomBytes, cares, isLeaving } = entry.said;
    const isForked = this.#convicted.has(id);
    const state = nodeState({ answeredAtMs: entry.answeredAtMs, auditedAtMs: entry.trustedAtMs }, nowMs);
    return {
      id,
      addresses,
      // Nobody can rely on what such a node promises: it is given nothing, and what it has is brought elsewhere.
      roomBytes: isForked ? 0 : roomBytes,
      cares: cares && !isForked,
      isLeaving: isLeaving || isForked,
      isForked,
      domain: domainOfEntry(entry),
      uptime: uptimeOf(entry.uptime, nowMs),
      state,
    };
  }

  /** What was checked once and comes again, as most of a page does, is not checked again. */
  #isKnown(bytes: Uint8Array): boolean {
    const entry = this.#entries.get(claimedBy(bytes));
    return entry !== undefined && Buffer.compare(entry.bytes, bytes) === 0;
  }

  #mayGossip(id: NodeId, nowMs: number): boolean {
    // Half: what took longer on its way the first time must not make the second one come too soon.
    if (nowMs - (this.#gossipedAtMs.get(id) ?? 0) < MESH_LIMITS.announceLeastMs / 2) return false;
    this.#gossipedAtMs.set(id, nowMs);
    if (this.#gossipedAtMs.size > 2 * MESH_LIMITS.nodes) this.#gossipedAtMs.clear();
    return true;
  }

  /** Room for one more of this domain; in all there is, since somebody else goes. */
  #hasRoom(said: Announcement): boolean {
    const domain = announcedDomain(said);
    let near = 0;
    for (const entry of this.#entries.values()) if (domainOfEntry(entry) === domain) near++;
    return near < MESH_LIMITS.nodesPerDomain;
  }

  #put(said: Announcement, bytes: Uint8Array, nowMs: number): void {
    const entry = this.#entries.get(said.id) ?? newEntry(said, bytes, nowMs);
    [entry.said, entry.bytes, entry.heardAtMs] = [said, bytes, nowMs];
    entry.announcedDomain = announcedDomain(said);
    if (entry.askedAtMs === null) {
      entry.answeredAtMs = Math.max(entry.answeredAtMs, Math.min(said.madeAtMs, nowMs));
      entry.trustedAtMs = entry.answeredAtMs;
    }
    this.#entries.set(said.id, entry);
    this.#keep(said.id);
    if (this.#entries.size > MESH_LIMITS.nodes) this.#forgetOne();
    this.#notify();
  }

  /** Those that never answered go first: names cost nothing, and must not push out machines. */
  #forgetOne(): void {
    let victim: RosterEntry | null = null;
    for (const entry of this.#entries.values()) {
      if (this.#watched.has(entry.said.id)) continue;
      const [proven, victimProven] = [entry.uptime.up > 0, (victim?.uptime.up ?? 0) > 0];
      const isOlder = victim === null || entry.heardAtMs < victim.heardAtMs;
      if (victim === null || (proven === victimProven ? isOlder : victimProven)) victim = entry;
    }
    if (!victim) return;
    this.#entries.delete(victim.said.id);
    this.#failedAtMs.delete(victim.said.id);
    this.#unproven.delete(victim.said.id);
    this.#keep(victim.said.id);
  }

  #keep(id: NodeId): void {
    this.#dirty.add(id);
    this.#cancelFlush ??= this.#tools.timers.schedule(() => this.#flush(), FLUSH_MS);
  }

  #flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    this.#table.save([...this.#dirty].map((id) => [id, this.#entries.get(id) ?? null]));
    this.#dirty.clear();
  }

  #notify(): void {
    this.#cancelNotice ??= this.#tools.timers.schedule(() => {
      this.#cancelNotice = null;
      for (const listener of this.#listeners) listener();
    }, NOTICE_MS);
  }
}
