/**
 * What relays tell of channels, one event after the other: opened, checked, and committed with the state that
 * follows from it.
 *
 *   event -> queue -> its address: which channel, which epoch key -> open -> known already? -> signatures
 *         -> receive (reader.ts) -> row and post in one commit -> told to listeners
 *
 * Whoever has the link can seal rubbish for this queue. It costs an opening and a failed Ed25519 check each,
 * one a turn of the event loop, and never more memory than CHANNEL_LIMITS says.
 */

import { fromBase64Url, toBase64Url } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { CHANNEL_LIMITS } from "../../core/limits.ts";
import type { Logger } from "../../core/log.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import type { Vault } from "../../vault/vault.ts";
import { type ChannelVerifier, createVerifier } from "./channel-keys.ts";
import type { ChannelRow, ChannelStore, PostRow } from "./channel-store.ts";
import { type EpochKey, epochAddress } from "./epoch-key.ts";
import { decodeCard, decodePost, postHash } from "./post.ts";
import { type Arrival, forgetKeys, keysToFollow, questionOf, type ReaderState, receive } from "./reader.ts";
import { channelAddress, type Opened, openEvent, verifyOpened } from "./sealed-event.ts";

/** Where events of one epoch lie, and what opens them. */
interface Place {
  readonly channel: string;
  readonly digest: Uint8Array;
  readonly key: EpochKey;
  readonly isNext: boolean;
}

export interface ChannelInboxOptions {
  readonly vault: Vault;
  readonly store: ChannelStore;
  /** Something of a channel changed: its row, and perhaps the look of a post. Called after the commit. */
  readonly onChange: (before: ChannelRow, after: ChannelRow, shown: PostRow | null) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export class ChannelInbox {
  readonly #o: ChannelInboxOptions;
  readonly #places = new Map<string, Place>();
  readonly #verifiers = new Map<string, ChannelVerifier>();
  readonly #queue: VerifiedEvent[] = [];
  /** By channel: posts that came before the card. */
  readonly #held = new Map<string, VerifiedEvent[]>();
  readonly #incomplete = new Set<string>();
  readonly #idle: (() => void)[] = [];
  #working = false;
  #closed = false;

  constructor(options: ChannelInboxOptions) {
    this.#o = options;
  }

  /** Knows the addresses of this channel from now on, and returns them. */
  watch(row: ChannelRow): string[] {
    this.unwatch(row.id);
    if (!row.reader) return [];
    const digest = fromBase64Url(row.digest);
    const places = keysToFollow(row.reader, digest).map((place) => ({ ...place, channel: row.id, digest }));
    const addresses = places.map((place) => epochAddress(place.key, digest));
    addresses.forEach((address, index) => this.#places.set(address, places[index] as Place));
    return addresses;
  }

  unwatch(channel: string): void {
    for (const [address, place] of this.#places) if (place.channel === channel) this.#places.delete(address);
  }

  /** Forgets all about a channel. */
  remove(channel: string): void {
    this.unwatch(channel);
    this.#verifiers.delete(channel);
    this.#held.delete(channel);
    this.#incomplete.delete(channel);
  }

  /** Takes an event in, soon. One for which there is no room is dropped: `isComplete` says so. */
  enqueue(event: VerifiedEvent): void {
    const place = this.#places.get(event.tags.find((tag) => tag[0] === "x")?.[1] ?? "");
    if (!place || this.#closed) return;
    if (this.#queue.length >= CHANNEL_LIMITS.receiveQueue) this.#drop(place.channel);
    else this.#queue.push(event);
    if (!this.#working) void this.#work();
  }

  /** False when something of the channel was dropped since the start, so that its relays must be asked again. */
  isComplete(channel: string): boolean {
    return !this.#incomplete.has(channel);
  }

  /** Calls back once all that is queued now was taken in. */
  whenIdle(work: () => void): void {
    if (this.#working) this.#idle.push(work);
    else this.#attempt(work);
  }

  close(): void {
    this.#closed = true;
    this.#queue.length = 0;
    this.#places.clear();
    this.#verifiers.clear();
    this.#held.clear();
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (!this.#closed) {
      const event = this.#queue.shift();
      if (!event) break;
      this.#take(event);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#working = false;
    for (const work of this.#idle.splice(0)) this.#attempt(work);
  }

  /** A vault that was locked meanwhile must not end the process. */
  #attempt(work: () => void): void {
    try {
      if (!this.#closed) work();
    } catch (error) {
      this.#o.log.debug({ code: codeOf(error) }, "what a relay told could not be noted");
    }
  }

  #take(event: VerifiedEvent): void {
    let channel = "";
    try {
      const place = this.#places.get(channelAddress(event));
      const row = place && this.#o.store.get(place.channel);
      if (!place || !row?.reader) return;
      channel = row.id;
      const opened = openEvent(event, place.key, place.digest);
      if (opened.kind === "post" && this.#o.store.knows(row.id, postHash(opened.body))) return;
      const verifier = this.#verifier(row, opened);
      if (!verifier) return this.#hold(row.id, event);
      verifyOpened(opened, verifier);
      this.#commit(row, row.reader, readArrival(opened, place.isNext));
    } catch (error) {
      const code = codeOf(error);
      this.#o.log.debug({ code }, "a channel's event could not be taken in");
      if (channel !== "" && !isHopeless(code)) this.#drop(channel);
    }
  }

  #commit(row: ChannelRow, reader: ReaderState, arrival: Arrival): void {
    const { vault, store, clock, onChange } = this.#o;
    const nowMs = clock.nowMs();
    const digest = fromBase64Url(row.digest);
    const change = vault.transaction(() => {
      const n = arrival.kind === "card" ? arrival.body.first : arrival.body.n;
      const { state, output } = receive(reader, arrival, store.neighbours(row.id, n), nowMs, digest);
      const after = withReader(row, reader, forgetKeys(state, nowMs, digest));
      store.put(after);
      const isNew = output === "keep" && arrival.kind === "post";
      return { after, shown: isNew ? store.add(postRow(row.id, arrival, "received")) : null };
    });
    if (reader.card === null) this.#release(row.id);
    onChange(row, change.after, change.shown);
  }

  /** What checks the channel's signatures; null before its card came. A card brings its own keys, bound by the digest. */
  #verifier(row: ChannelRow, opened: Opened): ChannelVerifier | null {
    const known = this.#verifiers.get(row.id);
    if (known) return known;
    const publicKeys = row.reader?.publicKeys ? fromBase64Url(row.reader.publicKeys) : opened.publicKeys;
    if (!publicKeys) return null;
    const verifier = createVerifier(publicKeys);
    this.#verifiers.set(row.id, verifier);
    return verifier;
  }

  #hold(channel: string, event: VerifiedEvent): void {
    const held = this.#held.get(channel) ?? [];
    if (held.length >= CHANNEL_LIMITS.heldEvents) return this.#drop(channel);
    this.#held.set(channel, [...held, event]);
  }

  #release(channel: string): void {
    const held = this.#held.get(channel) ?? [];
    this.#held.delete(channel);
    for (const event of held) this.enqueue(event);
  }

  #drop(channel: string): void {
    this.#incomplete.add(channel);
  }
}

/** What was told of other addresses says nothing of these: with the question, the cursors begin anew. */
function withReader(row: ChannelRow, before: ReaderState, reader: ReaderState): ChannelRow {
  if (questionOf(before) === questionOf(reader)) return { ...row, reader };
  return { ...row, reader, asked: row.asked + 1, cursors: {} };
}

/** A post as it is stored. */
export function postRow(
  channel: string,
  { epoch, body, hash }: Pick<Arrival & { kind: "post" }, "epoch" | "body" | "hash">,
  state: PostRow["state"],
): PostRow {
  return {
    channel,
    n: body.n,
    epoch,
    hash,
    prev: body.prev,
    atMs: body.at,
    kind: body.kind,
    text: body.kind === "text" || body.kind === "edit" ? body.text : "",
    files: body.kind === "text" ? body.files : [],
    reply: body.kind === "text" ? (body.reply ?? null) : null,
    of: body.kind === "edit" || body.kind === "delete" ? body.of : null,
    edited: null,
    deleted: false,
    state,
  };
}

function readArrival({ kind, epoch, body, publicKeys }: Opened, isNext: boolean): Arrival {
  if (kind === "post") return { kind, epoch, isNext, body: decodePost(body), hash: postHash(body) };
  return { kind, epoch, isNext, body: decodeCard(body), publicKeys: toBase64Url(publicKeys as Uint8Array) };
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}

/** Errors that no second try can mend: forged, or of an unknown format. */
function isHopeless(code: string): boolean {
  return code === "cannot_open" || code.startsWith("bad_");
}
