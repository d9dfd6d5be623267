/**
 * Downloads of one segment: the bytes of a range, from the data fragments that hold it where it is small, else from any k
 * fragments, those first that come fastest.
 *
 *   k are asked -> one fails, or is slow -> one more is asked -> k are whole -> the others are given up -> reconstruct
 *
 * Every leaf was checked against its fragment's name before it gets here, so what is put together is what was stored.
 */
import { InternalError, NetworkError } from "../../core/errors.ts";
import { concatBytes } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { NodeId } from "../node-id.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import { fragmentBytes } from "../pieces/segments.ts";
import { giveBackBody } from "../pieces/spare-bodies.ts";
import { isCounted } from "../placement/node-state.ts";
import type { Exchange, Roster } from "../rooms.ts";
import type { SegmentMemories, SegmentMemory, SegmentShape } from "./segment-memory.ts";
import type { Speeds } from "./speeds.ts";

/** A segment whose fragments lie at nodes; n of them. */
export interface LyingSegment extends SegmentShape {
  readonly fragments: readonly { readonly id: FragmentId; readonly node: NodeId | null }[];
}

export interface ReadTools {
  readonly exchange: Exchange;
  readonly roster: Roster;
  readonly speeds: Speeds;
  readonly memories: SegmentMemories;
}

const { leafBytes } = MESH_LIMITS;
/** A fragment that needs twice as long as the middle one did, and so long at least, gets company. */
const SLOW = 2;
const SLOW_MS = 150;
/** While none has come at all, so long passes for the time that one needs. */
const NOBODY_MS = 1_000;
/** Data need no decoding, so that their nodes may be a little slower. */
const DATA_FAVOUR = 0.8;
/** Nodes that were silent lately are asked last. */
const SILENT_PENALTY = 1_000;

/**
 * The bytes `start` to `end` (exclusive) of a segment. Throws NetworkError `too_few_nodes` when fewer than k fragments can be had,
 * and the signal's reason.
 */
export async function readSegment(
  segment: LyingSegment,
  start: number,
  end: number,
  tools: ReadTools,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const each = fragmentBytes(segment, segment.needed);
  const [first, last] = [Math.floor(start / each), Math.floor((end - 1) / each)];
  if (last - first + 1 < segment.needed) {
    const direct = await readDirectly(segment, start, end, tools, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof NetworkError || isAnswer(error)) return null;
      throw error;
    });
    if (direct) return direct;
  }
  return withSegment(segment, tools, signal, (memory) => memory.copy(start, end));
}

/**
 * Fetches any k fragments, makes the data whole, and hands over the memory: for readers its data, for repair, which asks
 * for the parity too, all n fragments. Throws as `readSegment`.
 */
export async function withSegment<T>(
  segment: LyingSegment,
  tools: ReadTools,
  signal: AbortSignal,
  use: (memory: SegmentMemory) => T | Promise<T>,
): Promise<T> {
  const memory = tools.memories.take(segment);
  try {
    const present = await new Race(segment, memory, tools, signal).run();
    const isWhole = present.slice(0, segment.needed).every(Boolean);
    if (!isWhole) memory.reconstruct(present);
    return await use(memory);
  } finally {
    tools.memories.giveBack(memory);
  }
}

/** A node's answer that only says that this fragment is not there, or not right. */
function isAnswer(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && ["fragment_missing", "wrong_fragment"].includes(String(error.code))
  );
}

/** Only the leaves that are needed, of data fragments alone. */
async function readDirectly(
  segment: LyingSegment,
  start: number,
  end: number,
  { exchange, speeds }: ReadTools,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const each = fragmentBytes(segment, segment.needed);
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal, AbortSignal.timeout(MESH_LIMITS.patienceMs)]);
  const readOne = async (index: number): Promise<Uint8Array> => {
    const { id, node } = segment.fragments[index] as LyingSegment["fragments"][number];
    if (node === null) throw tooFew(0, 1);
    const [from, to] = [Math.max(start - index * each, 0), Math.min(end - index * each, each)];
    const first = Math.floor(from / leafBytes);
    const count = Math.ceil(to / leafBytes) - first;
    const begunMs = performance.now();
    const peer = await exchange.peer(node, either);
    const pieces: Uint8Array[] = [];
    for await (const piece of peer.fetch({ id, bytes: each }, { first, count }, either)) pieces.push(piece.slice());
    speeds.gave(node, to - from, performance.now() - begunMs);
    return concatBytes(...pieces).subarray(from - first * leafBytes, to - first * leafBytes);
  };
  const [first, last] = [Math.floor(start / each), Math.floor((end - 1) / each)];
  const work = Array.from({ length: last - first + 1 }, (_, i) => readOne(first + i));
  try {
    return concatBytes(...(await Promise.all(work)));
  } catch (error) {
    failure.abort();
    await Promise.allSettled(work);
    if (either.aborted && !signal.aborted) throw tooFew(0, 1);
    throw error;
  }
}

/** Who brings k fragments first. */
class Race {
  readonly #segment: LyingSegment;
  readonly #memory: SegmentMemory;
  readonly #tools: ReadTools;
  readonly #outer: AbortSignal;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #present: boolean[];
  /** Numbers of fragments that were not asked for yet, the best first. */
  readonly #waiting: number[];
  readonly #runs: Promise<void>[] = [];
  readonly #end = Promise.withResolvers<void>();
  /** How long those needed that are whole. */
  readonly #times: number[] = [];
  #under = 0;
  #done = 0;

  constructor(segment: LyingSegment, memory: SegmentMemory, tools: ReadTools, signal: AbortSignal) {
    this.#segment = segment;
    this.#memory = memory;
    this.#tools = tools;
    this.#outer = signal;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#present = segment.fragments.map(() => false);
    const there = segment.fragments.flatMap(({ node }, index) => (node === null ? [] : [{ index, node }]));
    this.#waiting = there
      .map(({ index, node }) => ({ index, cost: this.#cost(index, node) }))
      .sort((a, b) => a.cost - b.cost)
      .map(({ index }) => index);
  }

  /** Of each of the n, whether it is in the memory. */
  async run(): Promise<readonly boolean[]> {
    const begunMs = performance.now();
    for (let i = 0; i < this.#segment.needed; i++) this.#ask();
    this.#settle();
    const abort = (): void => this.#end.reject(this.#outer.reason);
    this.#outer.addEventListener("abort", abort, { once: true });
    const timer = setInterval(() => this.#company(performance.now() - begunMs), SLOW_MS / 2);
    try {
      this.#outer.throwIfAborted();
      await this.#end.promise;
    } finally {
      clearInterval(timer);
      this.#outer.removeEventListener("abort", abort);
      this.#stop.abort();
      // Whoever still writes into the memory must have ended before it is used.
      await Promise.allSettled(this.#runs);
    }
    return this.#present;
  }

  #cost(index: number, node: NodeId): number {
    const expected =
      this.#tools.speeds.millisecondsPerKilobyte(node) * (index < this.#segment.needed ? DATA_FAVOUR : 1);
    const known = this.#tools.roster.find(node);
    return known && isCounted(known.state) ? expected : expected + SILENT_PENALTY;
  }

  #ask(): void {
    const index = this.#waiting.shift();
    if (index === undefined) return;
    this.#under++;
    this.#runs.push(this.#fetch(index));
  }

  async #fetch(index: number): Promise<void> {
    const { id, node } = this.#segment.fragments[index] as { id: FragmentId; node: NodeId };
    const target = this.#memory.fragments[index] as Uint8Array;
    const begunMs = performance.now();
    try {
      const peer = await this.#tools.exchange.peer(node, this.#signal);
      let at = 0;
      for await (const piece of peer.fetch({ id, bytes: target.length }, undefined, this.#signal)) {
        target.set(piece, at);
        at += piece.length;
        giveBackBody(piece);
      }
      if (at !== target.length) throw new InternalError("fragment_short", "A fragment ended too early.");
      this.#present[index] = true;
      this.#done++;
      this.#times.push(performance.now() - begunMs);
      this.#tools.speeds.gave(node, at, performance.now() - begunMs);
    } catch {
      const tookMs = performance.now() - begunMs;
      // Whoever lost the race by little is not slow for that.
      const isLate = !this.#outer.aborted && tookMs > SLOW_MS;
      if (!this.#signal.aborted) this.#tools.speeds.failed(node);
      else if (isLate) this.#tools.speeds.gave(node, target.length, SLOW * tookMs);
      if (!this.#signal.aborted) this.#ask();
    }
    this.#under--;
    this.#settle();
  }

  /** Whoever is slow gets company: as many more are asked as are still missing. */
  #company(elapsedMs: number): void {
    const { needed } = this.#segment;
    const middleMs = this.#times[this.#times.length >> 1] ?? NOBODY_MS;
    if (elapsedMs <= Math.max(SLOW_MS, SLOW * middleMs)) return;
    for (
      let spare = this.#under - (needed - this.#done);
      spare < needed - this.#done && this.#waiting.length > 0;
      spare++
    ) {
      this.#ask();
    }
  }

  #settle(): void {
    const { needed } = this.#segment;
    if (this.#done >= needed) this.#end.resolve();
    else if (this.#under === 0) this.#end.reject(tooFew(this.#done, needed));
  }
}

function tooFew(there: number, needed: number): NetworkError {
  return new NetworkError(
    "too_few_nodes",
    `Only ${there} fragments of a part can be had now, and ${needed} are needed.`,
    {
      hint: "Nodes come back: try again later. Nothing is lost while they are away.",
    },
  );
}
