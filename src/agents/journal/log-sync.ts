/**
 * Brings the logs of all devices here, from whichever neighbour has them.
 *
 *   round   a neighbour -> where its logs end, if not where ours do -> of each log that is longer there, what follows: page by page
 *             a log nobody knows: only if its beginning says that it may take part (`Gate`)
 *             another entry there of the number of our last: that proves a fork
 *
 * A round begins every syncMs, and sooner after something was missing, while nobody is there, and after somebody new came: he may have nothing
 * to say yet, and what he says first reaches nobody by gossip. What was wrong with a log or a neighbour lets it rest.
 */
import type { Clock, Timers } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { randomUnit } from "../../core/random.ts";
import type { NodeId } from "../../mesh/node-id.ts";
import type { DeviceId, NetworkId } from "../agent-ids.ts";
import type { Journal } from "./journal.ts";
import { Rests } from "./rests.ts";
import type { Said } from "./said.ts";
import {
  askAfter,
  askEnds,
  askFork,
  type End,
  ENDS_BYTES,
  FORK_BYTES,
  readEnds,
  readPage,
  SYNC_PROTOCOL,
} from "./sync-protocol.ts";

/** Whose logs are kept. */
export interface Gate {
  /** A device whose log is here. */
  admits(device: DeviceId): boolean;
  /** One whose log is not here yet, and begins so. */
  admitsNew(beginning: readonly Said[]): boolean;
}

/** Of the network that the agent takes part in. */
export interface Neighbourhood {
  neighbours(): NodeId[];
  ask(id: NodeId, protocol: string, question: Uint8Array, most: number, signal?: AbortSignal): Promise<Uint8Array>;
}

export interface LogSyncOptions {
  readonly neighbourhood: Neighbourhood;
  readonly network: NetworkId;
  readonly journal: Journal;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
}

export class LogSync implements AsyncDisposable {
  readonly #o: LogSyncOptions;
  readonly #stop = new AbortController();
  readonly #restingLogs: Rests;
  readonly #restingNeighbours: Rests;
  readonly #met: PromiseWithResolvers<void> = Promise.withResolvers();
  #cancel: () => void = () => {};
  /** Of the last round. */
  #neighbours: readonly NodeId[] = [];
  /** From round to round twice as much, up to syncMs. */
  #paceMs: number = AGENT_LIMITS.hurryMs;
  #round: Promise<void> = Promise.resolve();
  #isHurried = false;

  constructor(options: LogSyncOptions) {
    this.#o = options;
    this.#restingLogs = new Rests(options.clock);
    this.#restingNeighbours = new Rests(options.clock);
    this.#schedule(AGENT_LIMITS.hurryMs);
  }

  /** Resolves once a neighbour was asked what it has, and that was brought here: what it knows of our own log is known then. */
  get met(): Promise<void> {
    return this.#met.promise;
  }

  /** Resolves when the round that is under way has ended. */
  idle(): Promise<void> {
    return this.#round;
  }

  /** Something is missing here. The neighbour who is asked next may not have it either: so several are, soon. */
  hurry(): void {
    this.#paceMs = AGENT_LIMITS.hurryMs;
    if (this.#isHurried) return;
    this.#isHurried = true;
    this.#cancel();
    this.#schedule(AGENT_LIMITS.hurryMs);
  }

  /** What is under way is broken off. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#cancel();
    await this.#round;
  }

  #schedule(waitMs: number): void {
    if (this.#stop.signal.aborted) return;
    this.#cancel = this.#o.timers.schedule(() => {
      // One round after the other, however often somebody hurries.
      const before = this.#round;
      this.#round = this.#next(before);
    }, waitMs);
  }

  async #next(before: Promise<void>): Promise<void> {
    await before;
    this.#isHurried = false;
    await this.#run();
    // Agents that began together do not all ask at the same moment.
    if (!this.#isHurried) this.#schedule(this.#paceMs * (0.5 + randomUnit()));
  }

  async #run(): Promise<void> {
    const { neighbourhood, log } = this.#o;
    const neighbours = neighbourhood.neighbours();
    const isSomebodyNew = neighbours.some((id) => !this.#neighbours.includes(id));
    this.#paceMs = isSomebodyNew ? AGENT_LIMITS.hurryMs : Math.min(2 * this.#paceMs, AGENT_LIMITS.syncMs);
    this.#neighbours = neighbours;
    const awake = neighbours.filter((id) => !this.#restingNeighbours.isResting(id));
    const node = awake[Math.floor(randomUnit() * awake.length)];
    // Nobody is there yet, or nobody can be asked: whoever comes shall not wait.
    if (node === undefined) return this.hurry();
    try {
      await this.#catchUp(node);
      this.#restingNeighbours.wentWell(node);
      this.#met.resolve();
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#restingNeighbours.failed(node);
      log.debug({ error: String(error) }, "a neighbour did not say what agents said");
    }
  }

  async #catchUp(node: NodeId): Promise<void> {
    const { journal, network } = this.#o;
    const ends = readEnds(await this.#ask(node, askEnds(network, journal.ends()), ENDS_BYTES));
    if (!ends) throw new Error("these are no ends of logs");
    let [pages, begun] = [0, 0];
    for (const [device, end] of ends) {
      if (this.#isResting(device, end) || journal.forked().has(device)) continue;
      if (journal.sizeOf(device) === 0 && begun++ >= AGENT_LIMITS.newLogs) continue;
      if (end.size === 0) await this.#hearFork(node, device);
      else pages += await this.#follow(node, device, end, AGENT_LIMITS.syncPages - pages);
      if (pages >= AGENT_LIMITS.syncPages) return this.hurry();
    }
  }

  #isResting(device: DeviceId, { size }: End): boolean {
    return this.#restingLogs.isResting(device) || this.#restingLogs.isResting(`${device} ${size}`);
  }

  /** Returns how many pages it took. */
  async #follow(node: NodeId, device: DeviceId, { size, hash }: End, most: number): Promise<number> {
    const { journal, gate } = this.#o;
    let pages = 0;
    while (pages < most && journal.sizeOf(device) < size) {
      pages++;
      const at = journal.sizeOf(device);
      const page = await this.#page(node, device, at);
      const isWanted = device === journal.device || (at > 0 ? gate.admits(device) : page && gate.admitsNew(page));
      if (!page || page.length === 0 || !isWanted) {
        // What it says next may be what lets it in.
        this.#restingLogs.failed(page && !isWanted ? `${device} ${size}` : device);
        return pages;
      }
      const outcomes = journal.take(page);
      if (outcomes.every((outcome) => outcome === "taken" || outcome === "known")) continue;
      if (outcomes.includes("wrong")) await this.#compareLast(node, device);
      if (!outcomes.includes("later")) this.#restingLogs.failed(device);
      return pages;
    }
    if (journal.sizeOf(device) === size && !journal.endsWith(device, hash)) await this.#compareLast(node, device);
    this.#restingLogs.wentWell(device);
    return pages;
  }

  /** Entries are linked: wherever two histories part, their entries of the same number differ from there on. */
  async #compareLast(node: NodeId, device: DeviceId): Promise<void> {
    const { journal } = this.#o;
    const page = await this.#page(node, device, Math.max(0, journal.sizeOf(device) - 1));
    if (page) journal.take(page.slice(0, 1));
  }

  async #hearFork(node: NodeId, device: DeviceId): Promise<void> {
    const { journal, network } = this.#o;
    if (journal.sizeOf(device) === 0) return;
    if (!journal.convict(await this.#ask(node, askFork(network, device), FORK_BYTES))) this.#restingLogs.failed(device);
  }

  async #page(node: NodeId, device: DeviceId, sequence: number): Promise<Said[] | null> {
    const answer = await this.#ask(node, askAfter(this.#o.network, device, sequence), AGENT_LIMITS.syncBytes);
    return readPage(answer, device, sequence);
  }

  #ask(node: NodeId, question: Uint8Array, most: number): Promise<Uint8Array> {
    return this.#o.neighbourhood.ask(node, SYNC_PROTOCOL, question, most, this.#stop.signal);
  }
}
