/**
 * A reader's side of a channel: which keys he holds, what he has, and what is missing. Pure.
 *
 *   keys     oldest kept ... head ... head + epochsAhead        asked of the relays
 *              |               \ newest epoch of which something authentic came
 *              \ moves forward keyKeptMs after the following epoch was first seen
 *   next     the key of another link, until something authentic came under it: a forged link must not
 *            cut off a channel that works
 *
 * Only what the owner signed ever changes the state.
 */

import { CHANNEL_LIMITS } from "../../core/limits.ts";
import { type EpochKey, epochKeyAt, nextEpochKey } from "./epoch-key.ts";
import type { CardBody, PostBody } from "./post.ts";
import { expectFrom, fill, type Sequence } from "./sequence.ts";

/** The window of a question is moved on after so many epochs, half of what was asked ahead. */
const EPOCHS_PER_QUESTION = CHANNEL_LIMITS.epochsAhead / 2;

/** In a form that the vault can keep. */
export interface ReaderState {
  readonly oldest: EpochKey;
  readonly head: number;
  /** When each later epoch was first seen, oldest first. */
  readonly turns: readonly { readonly epoch: number; readonly atMs: number }[];
  readonly next: EpochKey | null;
  /** base64url of the channel's public keys; null until its card came. */
  readonly publicKeys: string | null;
  readonly card: Pick<CardBody, "at" | "name" | "description"> | null;
  /** What a card said of the post before the first one that can be had. */
  readonly anchor: { readonly n: number; readonly hash: string } | null;
  readonly sequence: Sequence | null;
  readonly moved: boolean;
  readonly forked: boolean;
}

/** Something that the owner signed. */
export type Arrival = {
  readonly epoch: number;
  /** Did it open under `next`? */
  readonly isNext: boolean;
} & (
  | { readonly kind: "card"; readonly body: CardBody; readonly publicKeys: string }
  | { readonly kind: "post"; readonly body: PostBody; readonly hash: string }
);

/** What is known around an arrival; null: not here. */
export interface Neighbours {
  /** The hash of the post with the same number. */
  readonly same: string | null;
  /** The hash of the post before (of a card: before its first). */
  readonly before: string | null;
  /** The `prev` of the post after. */
  readonly after: string | null;
}

export interface Received {
  readonly state: ReaderState;
  /** keep: a post to store. known: nothing new. forked: another post has its number. */
  readonly output: "card" | "keep" | "known" | "forked";
}

export function startReading(key: EpochKey): ReaderState {
  const nothing = { next: null, publicKeys: null, card: null, anchor: null, sequence: null };
  return { oldest: key, head: key.epoch, turns: [], ...nothing, moved: false, forked: false };
}

/** Another link of the same channel. Nothing changes when its key is older than ours, or the one we expect. */
export function offerKey(state: ReaderState, key: EpochKey, digest: Uint8Array): ReaderState {
  if (!state.card) return startReading(key);
  if (key.epoch < state.oldest.epoch) return state;
  const isExpected =
    key.epoch <= state.head + CHANNEL_LIMITS.epochsAhead && epochKeyAt(state.oldest, key.epoch, digest).key === key.key;
  return isExpected ? state : { ...state, next: key };
}

/** Takes in what the owner signed. Throws CodecError `too_many_gaps`. */
export function receive(
  state: ReaderState,
  arrival: Arrival,
  near: Neighbours,
  nowMs: number,
  digest: Uint8Array,
): Received {
  const turned = turnTo(state, arrival, nowMs, digest);
  return arrival.kind === "card" ? receiveCard(turned, arrival, near) : receivePost(turned, arrival, near);
}

/** Drops the keys of epochs whose successor has been known for `keyKeptMs`. */
export function forgetKeys(state: ReaderState, nowMs: number, digest: Uint8Array): ReaderState {
  const due = state.turns.findLast((turn) => turn.atMs + CHANNEL_LIMITS.keyKeptMs <= nowMs);
  return due ? dropBefore(state, due.epoch, digest) : state;
}

/** The keys whose addresses to ask for: at most turns + epochsAhead of the chain, and as many ahead of `next`. */
export function keysToFollow(state: ReaderState, digest: Uint8Array): { key: EpochKey; isNext: boolean }[] {
  const chain = run(state.oldest, state.head + CHANNEL_LIMITS.epochsAhead, digest);
  const next = state.next ? run(state.next, state.next.epoch + CHANNEL_LIMITS.epochsAhead, digest) : [];
  return [...chain.map((key) => ({ key, isNext: false })), ...next.map((key) => ({ key, isNext: true }))];
}

/** Changes when a reader must ask relays for other addresses. */
export function questionOf({ head, next }: ReaderState): string {
  return `${Math.floor(head / EPOCHS_PER_QUESTION)}/${next?.key ?? ""}`;
}

function run(from: EpochKey, lastEpoch: number, digest: Uint8Array): EpochKey[] {
  const keys = [from];
  for (let key = from; key.epoch < lastEpoch; ) keys.push((key = nextEpochKey(key, digest)));
  return keys;
}

function receiveCard(state: ReaderState, arrival: Arrival & { kind: "card" }, near: Neighbours): Received {
  const { at, name, description, first, prev } = arrival.body;
  const isNewer = !state.card || at >= state.card.at;
  const isLowest = !state.sequence || first < state.sequence.first;
  return {
    state: {
      ...state,
      publicKeys: arrival.publicKeys,
      card: isNewer ? { at, name, description } : state.card,
      anchor: isLowest ? { n: first - 1, hash: prev } : state.anchor,
      sequence: expectFrom(state.sequence, first),
      forked: state.forked || (near.before !== null && near.before !== prev),
    },
    output: "card",
  };
}

function receivePost(state: ReaderState, arrival: Arrival & { kind: "post" }, near: Neighbours): Received {
  const { body, hash } = arrival;
  if (near.same === hash) return { state, output: "known" };
  if (near.same !== null) return { state: { ...state, forked: true }, output: "forked" };
  const before = near.before ?? (state.anchor?.n === body.n - 1 ? state.anchor.hash : null);
  const isTorn = (before !== null && before !== body.prev) || (near.after !== null && near.after !== hash);
  return {
    state: {
      ...state,
      sequence: fill(state.sequence, body.n),
      forked: state.forked || isTorn,
      moved: state.moved || (body.kind === "moved" && arrival.epoch === state.head),
    },
    output: "keep",
  };
}

/** Something authentic came of this epoch: it may be the newest, or the first under a new link's key. */
function turnTo(state: ReaderState, { epoch, isNext }: Arrival, nowMs: number, digest: Uint8Array): ReaderState {
  if (isNext && state.next) {
    return { ...state, oldest: state.next, head: epoch, turns: [], next: null, moved: false };
  }
  if (epoch <= state.head) return state;
  const turns = [...state.turns, { epoch, atMs: nowMs }].slice(-CHANNEL_LIMITS.turns);
  return dropBefore({ ...state, head: epoch, turns }, epoch - CHANNEL_LIMITS.epochsKept, digest);
}

function dropBefore(state: ReaderState, epoch: number, digest: Uint8Array): ReaderState {
  if (epoch <= state.oldest.epoch) return state;
  return {
    ...state,
    oldest: epochKeyAt(state.oldest, epoch, digest),
    turns: state.turns.filter((turn) => turn.epoch > epoch),
  };
}
