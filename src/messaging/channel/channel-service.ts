/**
 * Channels for a person: those of his own, and those that he reads.
 *
 *   create, post, ... -> owner.ts -> sealed-event.ts -> store + outbox, one commit -> relays
 *   join -> subscriptions -> inbox -> reader.ts -> store, one commit -> listeners
 *                \- gaps, a long answer's ends -> repair: each epoch in question asked alone
 *
 * The owner knows nobody who reads; nobody who reads can post. Specified in NEP-07.
 */

import { fromBase64Url, toBase64Url } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { CHANNEL_LIMITS, ROUTE_LIMITS } from "../../core/limits.ts";
import type { Logger } from "../../core/log.ts";
import { randomBytes } from "../../core/random.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import type { Vault } from "../../vault/vault.ts";
import {
  channelMoved,
  emptyPost,
  noRelays,
  noSuchChannel,
  noSuchPost,
  notYours,
  otherChannel,
  ownChannel,
  tooManyChannels,
} from "./channel-errors.ts";
import { ChannelInbox, postRow } from "./channel-inbox.ts";
import { channelDigest, channelId, type ChannelSigner, createSigner } from "./channel-keys.ts";
import { ChannelOutbox } from "./channel-outbox.ts";
import { type ChannelRow, ChannelStore, type PostRow, sequenceOf } from "./channel-store.ts";
import { ChannelSubscriptions, type Question } from "./channel-subscriptions.ts";
import { viewChannel, viewEntry, viewPost } from "./channel-views.ts";
import { EPOCH_KEY_BYTES, epochAddress, type EpochKey, epochKeyAt } from "./epoch-key.ts";
import { type ChannelLink, encodeChannelLink, parseChannelLink } from "./link.ts";
import { openChannel, type OwnerState, renew, write, type Written } from "./owner.ts";
import { decodePost, type PostContent, postHash } from "./post.ts";
import { forgetKeys, keysToFollow, offerKey, type ReaderState, startReading } from "./reader.ts";
import { CHANNEL_KIND, sealDraft } from "./sealed-event.ts";
import type { Channel, ChannelEvent, ChannelPage, ChannelPost, NewPost } from "./views.ts";

export interface ChannelServiceOptions {
  readonly vault: Vault;
  readonly pool: RelayPool;
  /** Where a new channel of ours is published; the first CHANNEL_LIMITS.relays are taken. */
  readonly ownRelays: () => readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

const SEED_BYTES = 32;
/** Entries looked at for the last post: behind it may stand a gap and the end. */
const NEWEST = 3;
const UPKEEP_MS = 3_600_000;

export class ChannelService {
  readonly #o: ChannelServiceOptions;
  readonly #store: ChannelStore;
  readonly #inbox: ChannelInbox;
  readonly #outbox: ChannelOutbox;
  readonly #subscriptions: ChannelSubscriptions;
  readonly #signers = new Map<string, ChannelSigner>();
  readonly #listeners = new Set<(event: ChannelEvent) => void>();
  /** By channel: what lacked when relays were asked last, so that they are not asked in vain again and again. */
  readonly #asked = new Map<string, string>();
  readonly #repairs = new Map<string, NodeJS.Timeout>();
  #questions: readonly Question[] = [];
  #upkeep: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: ChannelServiceOptions) {
    const { vault, pool, clock } = options;
    const log = options.log.child({ component: "channels" });
    this.#o = options;
    this.#store = new ChannelStore(vault);
    this.#inbox = new ChannelInbox({
      vault,
      store: this.#store,
      clock,
      log,
      onChange: (before, after, shown) => this.#onChange(before, after, shown),
    });
    this.#outbox = new ChannelOutbox({ vault, pool, clock, log, onTaken: (id, n) => this.#onTaken(id, n) });
    this.#subscriptions = new ChannelSubscriptions({
      pool,
      clock,
      log,
      cursor: (id, url) => this.#store.get(id)?.cursors[url],
      onEvent: (event) => this.#inbox.enqueue(event),
      onStored: ({ channel, asked }, url, untilMs) =>
        this.#inbox.whenIdle(() => this.#onStored(channel, asked, url, untilMs)),
    });
  }

  /** Goes on where the last process ended. */
  start(): void {
    this.#forgetKeys();
    this.#follow();
    this.#outbox.wake();
    this.#upkeep = setInterval(() => this.#forgetKeys(), UPKEEP_MS);
    this.#upkeep.unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#upkeep) clearInterval(this.#upkeep);
    for (const timer of this.#repairs.values()) clearTimeout(timer);
    this.#subscriptions.close();
    this.#inbox.close();
    this.#signers.clear();
    this.#listeners.clear();
    await this.#outbox.close();
  }

  /** Calls the listener after each change, until the returned function is called. */
  onEvent(listener: (event: ChannelEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  list(): Channel[] {
    return this.#store.list().map((row) => this.#view(row));
  }

  /** Throws ValidationError `no_such_channel`. */
  get(id: string): Channel {
    return this.#view(this.#row(id));
  }

  /** A channel of ours. Throws ValidationError `no_relays`, `too_many_channels`, `bad_post` for a bad name or description. */
  create({ name, description = "" }: { name: string; description?: string }): Channel {
    const relays = this.#o.ownRelays().slice(0, CHANNEL_LIMITS.relays);
    if (relays.length === 0) throw noRelays();
    this.#demandRoom();
    const seed = randomBytes(SEED_BYTES);
    const digest = channelDigest(createSigner(seed).publicKeys);
    const nowMs = this.#o.clock.nowMs();
    const secrets = { seed: toBase64Url(seed), key: toBase64Url(randomBytes(EPOCH_KEY_BYTES)) };
    const row = { id: channelId(digest), digest: toBase64Url(digest), relays, joinedAtMs: nowMs };
    const written = openChannel({ ...secrets, name, description }, nowMs);
    this.#publish({ ...row, owner: written.state, reader: null, asked: 0, cursors: {} }, written);
    return this.get(row.id);
  }

  /**
   * Reads a channel from its link; its name comes with its card. The link of a channel that is read already
   * leads to where its owner started afresh. Throws CodecError `bad_channel_link`, ValidationError `own_channel`
   * or `too_many_channels`.
   */
  join(text: string): Channel {
    const link = parseChannelLink(text);
    const known = this.#store.get(channelId(link.digest));
    if (known?.owner) throw ownChannel();
    if (!known) this.#demandRoom();
    const row = known ? rejoined(known, link) : this.#newReader(link);
    this.#store.put(row);
    this.#follow();
    this.#emit({ event: "channel", channel: this.#view(row) });
    return this.#view(row);
  }

  /** Forgets a channel and all its posts. Nobody is told; of one's own channel the only key is gone with it. */
  leave(id: string): void {
    this.#row(id);
    this.#o.vault.transaction(() => {
      this.#store.remove(id);
      this.#outbox.removeAll(id);
    });
    this.#inbox.remove(id);
    this.#signers.delete(id);
    this.#follow();
    this.#emit({ event: "channel-gone", id });
  }

  /** The link that lets read from the present epoch on. Throws ValidationError `channel_moved` when only the owner knows it. */
  link(id: string): string {
    const { digest, relays, owner, reader } = this.#row(id);
    if (reader?.moved) throw channelMoved();
    const digestBytes = fromBase64Url(digest);
    const key = owner?.key ?? headKey(reader as ReaderState, digestBytes);
    return encodeChannelLink({ digest: digestBytes, key, relays: relays.slice(0, CHANNEL_LIMITS.relays) });
  }

  /** Throws ValidationError `not_your_channel`, `empty_post`, `no_such_post`, `post_too_large` or `bad_post`. */
  post(id: string, { text, files = [], replyTo }: NewPost): ChannelPost {
    if (text.trim() === "" && files.length === 0) throw emptyPost();
    if (replyTo !== undefined) this.#shownPost(id, replyTo);
    return this.#write(id, { kind: "text", text, files, ...(replyTo === undefined ? {} : { reply: replyTo }) });
  }

  /** Replaces the words of a post of ours. Throws as `post` does. */
  editPost(id: string, n: number, text: string): ChannelPost {
    const { files } = this.#shownPost(id, n);
    if (text.trim() === "" && files.length === 0) throw emptyPost();
    return this.#write(id, { kind: "edit", of: n, text });
  }

  /** Takes a post of ours back: Nocturne shows it no longer. Relays and readers may have kept it. Throws as `post` does. */
  deletePost(id: string, n: number): ChannelPost {
    this.#shownPost(id, n);
    return this.#write(id, { kind: "delete", of: n });
  }

  /**
   * Goes on under a random key that the old link does not lead to, tells the readers of the old one, and
   * returns the new link. Throws ValidationError `not_your_channel`.
   */
  freshStart(id: string): string {
    const row = this.#row(id);
    if (!row.owner) throw notYours();
    this.#publish(row, renew(row.owner, toBase64Url(randomBytes(EPOCH_KEY_BYTES)), this.#o.clock.nowMs()));
    return this.link(id);
  }

  /** At most `limit` entries below number `before`, lowest first. */
  posts(
    id: string,
    { before, limit = CHANNEL_LIMITS.postsPerPage }: { before?: number; limit?: number } = {},
  ): ChannelPage {
    const row = this.#row(id);
    const sequence = sequenceOf(row);
    if (!sequence) return { entries: [], before: null };
    const most = Math.max(1, Math.min(limit, CHANNEL_LIMITS.postsPerPage));
    const page = this.#store.page(id, sequence, most, before ?? Number.MAX_SAFE_INTEGER);
    return { entries: page.entries.map((entry) => viewEntry(row, entry)), before: page.before };
  }

  #write(id: string, content: PostContent): ChannelPost {
    const row = this.#row(id);
    if (!row.owner) throw notYours();
    const written = write(row.owner, content, this.#o.clock.nowMs(), fromBase64Url(row.digest));
    const shown = this.#publish(row, written);
    return viewPost(row, shown as PostRow);
  }

  /** Seals and stores what is to be published, in one commit with the state that follows. Returns the post whose look changed. */
  #publish(row: ChannelRow, { state, output }: Written): PostRow | null {
    const signer = this.#signer(row.id, state);
    const createdAtMs = this.#o.clock.nowMs();
    const next = { ...row, owner: state };
    const shown = this.#o.vault.transaction(() => {
      this.#store.put(next);
      return output.reduce<PostRow | null>((last, draft) => {
        const hash = postHash(draft.body);
        const body = draft.kind === "post" ? decodePost(draft.body) : null;
        const id = `${row.id}/${draft.kind}/${draft.key.epoch}/${hash}`;
        this.#outbox.add(
          { id, channel: row.id, n: body?.n ?? null, createdAtMs, ...sealDraft(draft, signer) },
          row.relays,
        );
        return body ? this.#store.add(postRow(row.id, { epoch: draft.key.epoch, body, hash }, "queued")) : last;
      }, null);
    });
    this.#outbox.wake(row.relays);
    this.#emit({ event: "channel", channel: this.#view(next) });
    this.#announce(next, shown);
    return shown;
  }

  #onTaken(id: string, n: number): () => void {
    const row = this.#store.get(id);
    const post = this.#store.post(id, n);
    if (!row || post?.state !== "queued") return () => {};
    const sent = this.#store.setState(post, "sent");
    return () => this.#announce(row, sent);
  }

  #onChange(before: ChannelRow, after: ChannelRow, shown: PostRow | null): void {
    const [old, now] = [before.reader as ReaderState, after.reader as ReaderState];
    if (before.asked !== after.asked) this.#follow();
    else if (old.oldest.epoch !== now.oldest.epoch) this.#inbox.watch(after);
    if (missingOf(now) !== missingOf(old)) this.#repairLater(after.id);
    if (isVisibleChange(old, now)) this.#emit({ event: "channel", channel: this.#view(after) });
    this.#announce(after, shown);
  }

  /** Until when a relay told everything is noted only if nothing was lost of it on our side. */
  #onStored(id: string, asked: number, url: string, untilMs: number): void {
    const row = this.#store.get(id);
    if (!row || this.#stopped) return;
    this.#asked.delete(id);
    this.#repairLater(id);
    if (row.asked !== asked || !row.reader?.card || !this.#inbox.isComplete(id)) return;
    this.#store.put({ ...row, cursors: { ...row.cursors, [url]: untilMs } });
  }

  #repairLater(id: string): void {
    if (this.#repairs.has(id) || this.#stopped) return;
    const repair = () => {
      this.#repairs.delete(id);
      this.#repair(id).catch((error: unknown) => {
        const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
        this.#o.log.debug({ code }, "a channel's missing posts could not be asked for");
      });
    };
    this.#repairs.set(id, setTimeout(repair, CHANNEL_LIMITS.repairMs).unref());
  }

  /**
   * Asks for each epoch that what is missing may lie in alone, because relays cut long answers short. What was cut at
   * either end leaves no gap: so all epochs up to the first post's are asked for, and the newest one and those after
   * it, until there is nothing of one.
   */
  async #repair(id: string): Promise<void> {
    const row = this.#store.get(id);
    if (!row?.reader) return;
    const { reader } = row;
    const lack = `${reader.head} ${missingOf(reader)}`;
    if (lack === this.#asked.get(id)) return;
    this.#asked.set(id, lack);
    const digest = fromBase64Url(row.digest);
    let ended = false;
    for (const { key, isNext } of keysToFollow(reader, digest)) {
      const isTail = !isNext && key.epoch >= reader.head;
      if (isTail ? ended : !this.#mayHoldMissing(row, reader, key.epoch)) continue;
      const found = await this.#askAlone(row, epochAddress(key, digest));
      if (this.#stopped) return;
      ended = isTail && key.epoch > reader.head && found === 0 && reader.card !== null;
    }
  }

  /** How many events the channel's relays gave for one address. */
  async #askAlone(row: ChannelRow, address: string): Promise<number> {
    const filters = [{ kinds: [CHANNEL_KIND], "#x": [address] }];
    const answers = row.relays.map((url) => this.#o.pool.fetch(url, filters, ROUTE_LIMITS.publishMs));
    const events = (await Promise.allSettled(answers)).flatMap((a) => (a.status === "fulfilled" ? a.value : []));
    for (const event of events) this.#inbox.enqueue(event);
    return events.length;
  }

  #mayHoldMissing({ id }: ChannelRow, { card, sequence, head }: ReaderState, epoch: number): boolean {
    if (!card || !sequence) return true;
    if (epoch <= (this.#store.post(id, sequence.first)?.epoch ?? head)) return true;
    return sequence.gaps.some(([from, to]) => {
      const low = this.#store.post(id, from - 1)?.epoch ?? 0;
      const high = this.#store.post(id, to + 1)?.epoch ?? head;
      return low <= epoch && epoch <= high;
    });
  }

  /** Asks the relays for what the channels' rows say; only for a question that is new are addresses computed. */
  #follow(): void {
    const rows = this.#store.list().filter((row) => row.reader);
    const known = new Map(this.#questions.map((question) => [question.channel, question]));
    this.#questions = rows.map((row) => {
      const question = known.get(row.id);
      if (question?.asked === row.asked) return question;
      return { channel: row.id, asked: row.asked, relays: row.relays, addresses: this.#inbox.watch(row) };
    });
    this.#subscriptions.follow(this.#questions);
  }

  #forgetKeys(): void {
    if (this.#o.vault.locked) return;
    const nowMs = this.#o.clock.nowMs();
    for (const row of this.#store.list()) {
      const reader = row.reader && forgetKeys(row.reader, nowMs, fromBase64Url(row.digest));
      if (!reader || reader === row.reader) continue;
      const next = { ...row, reader };
      this.#store.put(next);
      this.#inbox.watch(next);
    }
  }

  #newReader({ digest, key, relays }: ChannelLink): ChannelRow {
    const names = { id: channelId(digest), digest: toBase64Url(digest) };
    const joinedAtMs = this.#o.clock.nowMs();
    return { ...names, relays, joinedAtMs, owner: null, reader: startReading(key), asked: 0, cursors: {} };
  }

  #signer(id: string, { seed }: OwnerState): ChannelSigner {
    const known = this.#signers.get(id) ?? createSigner(fromBase64Url(seed));
    this.#signers.set(id, known);
    return known;
  }

  #row(id: string): ChannelRow {
    const row = this.#store.get(id);
    if (!row) throw noSuchChannel();
    return row;
  }

  /** A post of our own channel that can be edited, deleted or answered. */
  #shownPost(id: string, n: number): PostRow {
    if (!this.#row(id).owner) throw notYours();
    const post = this.#store.post(id, n);
    if (post?.kind !== "text" || post.deleted) throw noSuchPost();
    return post;
  }

  #demandRoom(): void {
    if (this.#store.list().length >= CHANNEL_LIMITS.channels) throw tooManyChannels();
  }

  #view(row: ChannelRow): Channel {
    const sequence = sequenceOf(row);
    const newest = sequence ? this.#store.page(row.id, sequence, NEWEST, Number.MAX_SAFE_INTEGER).entries : [];
    return viewChannel(row, newest);
  }

  #announce(row: ChannelRow, shown: PostRow | null): void {
    if (shown?.kind === "text") this.#emit({ event: "channel-post", post: viewPost(row, shown) });
  }

  #emit(event: ChannelEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** A known channel after another of its links was given. */
function rejoined(row: ChannelRow, link: ChannelLink): ChannelRow {
  if (toBase64Url(link.digest) !== row.digest) throw otherChannel();
  const reader = offerKey(row.reader as ReaderState, link.key, link.digest);
  const relays = [...new Set([...link.relays, ...row.relays])].slice(0, CHANNEL_LIMITS.relaysRead);
  return { ...row, reader, relays, asked: row.asked + 1, cursors: {} };
}

/** What a reader lacks, in words that change when it does; null when nothing is missing. */
function missingOf({ card, sequence }: ReaderState): string | null {
  if (!card) return "card";
  return sequence && sequence.gaps.length > 0 ? JSON.stringify(sequence.gaps) : null;
}

function isVisibleChange(old: ReaderState, now: ReaderState): boolean {
  const look = ({ card, moved, forked, sequence }: ReaderState) =>
    JSON.stringify([card?.name, card?.description, moved, forked, sequence?.gaps]);
  return look(old) !== look(now);
}

function headKey(reader: ReaderState, digest: Uint8Array): EpochKey {
  return epochKeyAt(reader.oldest, reader.head, digest);
}
