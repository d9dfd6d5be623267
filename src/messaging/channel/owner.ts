/**
 * The owner's side of a channel: what comes next, in which epoch. Pure but for the random keys handed in.
 *
 *   write      epoch full or old? -> next key, card;  then the post
 *   renew      "moved" in the old epoch;  a random key, card
 *
 * Only the present epoch's key is kept: what the owner's machine gives away opens nothing older on the relays.
 */

import { CHANNEL_LIMITS } from "../../core/limits.ts";
import { type EpochKey, nextEpochKey } from "./epoch-key.ts";
import { encodeBody, NO_POST, type PostContent, postHash } from "./post.ts";
import type { Draft } from "./sealed-event.ts";

/** In a form that the vault can keep. */
export interface OwnerState {
  /** base64url, 32 bytes: who has it posts. */
  readonly seed: string;
  readonly name: string;
  readonly description: string;
  readonly key: EpochKey;
  readonly epochStartedAtMs: number;
  readonly postsInEpoch: number;
  /** The last post's number and hash; 0 and zeros before the first. */
  readonly n: number;
  readonly hash: string;
}

export interface Written {
  readonly state: OwnerState;
  /** To be published, in this order. */
  readonly output: readonly Draft[];
}

/** A channel's first epoch under a random key. */
export function openChannel(
  { seed, name, description, key }: Pick<OwnerState, "seed" | "name" | "description"> & { readonly key: string },
  nowMs: number,
): Written {
  const empty = { seed, name, description, n: 0, hash: NO_POST };
  return beginEpoch({ ...empty, key: { epoch: 0, key }, epochStartedAtMs: nowMs, postsInEpoch: 0 }, nowMs);
}

/** The next post. Throws ValidationError `post_too_large` or `bad_post`. */
export function write(state: OwnerState, content: PostContent, nowMs: number, digest: Uint8Array): Written {
  if (!isEpochOver(state, nowMs)) return append(state, content, nowMs);
  const begun = beginEpoch({ ...state, key: nextEpochKey(state.key, digest) }, nowMs);
  const written = append(begun.state, content, nowMs);
  return { state: written.state, output: [...begun.output, ...written.output] };
}

/** The fresh start: tells the readers of the old epoch, and goes on where only a new link leads. */
export function renew(state: OwnerState, key: string, nowMs: number): Written {
  const told = append(state, { kind: "moved" }, nowMs);
  const begun = beginEpoch({ ...told.state, key: { epoch: state.key.epoch + 1, key } }, nowMs);
  return { state: begun.state, output: [...told.output, ...begun.output] };
}

function isEpochOver(state: OwnerState, nowMs: number): boolean {
  const full = state.postsInEpoch >= CHANNEL_LIMITS.postsPerEpoch;
  const old = nowMs - state.epochStartedAtMs >= CHANNEL_LIMITS.epochMs;
  return full || (old && state.postsInEpoch > 0);
}

function beginEpoch(state: OwnerState, nowMs: number): Written {
  const { name, description, n, hash, key } = state;
  const body = encodeBody({ v: 1, kind: "card", at: nowMs, name, description, first: n + 1, prev: hash });
  return {
    state: { ...state, epochStartedAtMs: nowMs, postsInEpoch: 0 },
    output: [{ kind: "card", key, body }],
  };
}

function append(state: OwnerState, content: PostContent, nowMs: number): Written {
  const n = state.n + 1;
  const body = encodeBody({ v: 1, at: nowMs, n, prev: state.hash, ...content });
  return {
    state: { ...state, n, hash: postHash(body), postsInEpoch: state.postsInEpoch + 1 },
    output: [{ kind: "post", key: state.key, body }],
  };
}
