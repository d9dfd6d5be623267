/**
 * Brings the fragments of one segment to nodes: all that have no place yet, as many as find one.
 *
 *   placeFragments -> store at each node at once -> whoever fails gets nothing more, its fragment another place -> ...
 *
 * Used by uploads, where no fragment has a place, and by repair, where some have.
 */
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { NetworkError } from "../../core/errors.ts";
import type { NodeId } from "../node-id.ts";
import { placeFragments } from "../placement/placement.ts";
import type { Exchange, FragmentRef } from "../rooms.ts";
import { type Candidates, PER_DOMAIN } from "./candidates.ts";

/** A fragment with its bytes, which stay as they are until `storeMissing` has ended. */
export interface FragmentContent extends FragmentRef {
  readonly content: Uint8Array;
}

export interface StoreOptions {
  readonly exchange: Exchange;
  readonly candidates: Candidates;
  readonly untilMs: number;
  /** So many places are enough to stop waiting for nodes that are much slower than the others. */
  readonly enough: number;
  readonly signal: AbortSignal;
}

/** Of a fragment each: the node that keeps it, or null. */
export type Places = readonly (NodeId | null)[];

/** Rounds of looking for other nodes where some failed. */
const ROUNDS = 4;

/**
 * `fragments`: of the whole segment; null for one that is not to be stored. `places`: who has which by now. Returns who has
 * which afterwards. Throws only when `signal` ends it.
 */
export async function storeMissing(
  fragments: readonly (FragmentContent | null)[],
  places: Places,
  options: StoreOptions,
): Promise<(NodeId | null)[]> {
  const now = [...places];
  for (let round = 0; round < ROUNDS; round++) {
    const missing = fragments.flatMap((fragment, index) => (fragment && now[index] === null ? [index] : []));
    if (missing.length === 0) break;
    const found = choosePlaces(fragments, now, missing, options.candidates);
    if (found.length === 0) break;
    await storeAll(fragments, now, found, options);
    options.signal.throwIfAborted();
  }
  return now;
}

function choosePlaces(
  fragments: readonly (FragmentContent | null)[],
  places: Places,
  missing: readonly number[],
  candidates: Candidates,
): [fragment: number, node: NodeId][] {
  const holders = new Map<NodeId, number>();
  for (const [index, node] of places.entries()) if (node !== null) holders.set(node, index);
  const bytes = Math.max(...missing.map((index) => fragments[index]?.bytes ?? 0));
  const { places: chosen } = placeFragments(places.length, candidates.list(holders, bytes), PER_DOMAIN);
  return missing.flatMap((index): [number, NodeId][] => {
    const node = chosen.get(index);
    return node === undefined ? [] : [[index, node as NodeId]];
  });
}

/** Puts each at its node at the same time, and notes in `places` those that are kept. */
async function storeAll(
  fragments: readonly (FragmentContent | null)[],
  places: (NodeId | null)[],
  found: readonly [number, NodeId][],
  { exchange, candidates, untilMs, enough, signal }: StoreOptions,
): Promise<void> {
  const patience = new Patience(signal);
  const storeOne = async ([index, node]: [number, NodeId]): Promise<void> => {
    const { content, ...fragment } = fragments[index] as FragmentContent;
    try {
      const peer = await exchange.peer(node, patience.signal);
      await peer.store(fragment, content, untilMs, patience.signal);
      places[index] = node;
      candidates.gave(node, fragment.bytes);
    } catch (error) {
      if (!signal.aborted) candidates.giveUp(node, patience.isOver ? slow(error) : error);
    }
    if (places.filter((place) => place !== null).length >= enough) patience.begin();
  };
  try {
    await Promise.all(found.map(storeOne));
  } finally {
    patience.end();
  }
}

function slow(cause: unknown): NetworkError {
  return new NetworkError("node_slow", "A node is much slower than the others.", { cause });
}

/** From when enough have answered, the others get three times as long as these needed, and some seconds at least. */
class Patience {
  readonly #begunMs = performance.now();
  readonly #over = new AbortController();
  /** One for all: each that is made of others costs, and stays with them. */
  readonly signal: AbortSignal;
  #timer: NodeJS.Timeout | null = null;

  constructor(outer: AbortSignal) {
    this.signal = AbortSignal.any([outer, this.#over.signal]);
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  begin(): void {
    const soFarMs = performance.now() - this.#begunMs;
    this.#timer ??= setTimeout(() => this.#over.abort(), Math.max(MESH_LIMITS.patienceMs, 3 * soFarMs));
  }

  end(): void {
    if (this.#timer) clearTimeout(this.#timer);
  }
}
