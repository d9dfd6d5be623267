/**
 * Channels and their posts in the vault.
 *
 *   channels       one row each: its keys, and the owner's or the reader's state
 *   channel_posts  one row for each number, edits and deletions too, so that a repeated one is known
 *
 * Edits and deletions are folded into the post they mean as soon as both are here, in whatever order they came:
 * of edits the highest number counts, and a deletion wins over all of them. Words that are no longer shown are
 * not kept anywhere.
 */

import type { SealedTable } from "../../vault/sealed-table.ts";
import type { Vault } from "../../vault/vault.ts";
import { CHANNEL_LIMITS } from "../../core/limits.ts";
import type { MessageFile } from "../views.ts";
import type { OwnerState } from "./owner.ts";
import type { PostBody } from "./post.ts";
import type { Neighbours, ReaderState } from "./reader.ts";
import { type Gap, gapAt, type Sequence } from "./sequence.ts";

export interface ChannelRow {
  readonly id: string;
  /** base64url, 32 bytes. */
  readonly digest: string;
  readonly relays: readonly string[];
  readonly joinedAtMs: number;
  /** What we may do in it: one of the two is there. */
  readonly owner: OwnerState | null;
  readonly reader: ReaderState | null;
  /** Grows with each change of what is asked of the relays. */
  readonly asked: number;
  /** By relay: until when everything that is asked was told. */
  readonly cursors: Readonly<Record<string, number>>;
}

export interface PostRow {
  readonly channel: string;
  readonly n: number;
  readonly epoch: number;
  readonly hash: string;
  readonly prev: string;
  readonly atMs: number;
  readonly kind: PostBody["kind"];
  /** Of an edit: the new words, until they are folded in. */
  readonly text: string;
  readonly files: readonly MessageFile[];
  readonly reply: number | null;
  /** Which post an edit or deletion means. */
  readonly of: number | null;
  readonly edited: { readonly atMs: number; readonly n: number } | null;
  readonly deleted: boolean;
  readonly state: "queued" | "sent" | "received";
}

export class ChannelStore {
  readonly #channels: SealedTable<ChannelRow>;
  readonly #posts: SealedTable<PostRow>;

  constructor(vault: Vault) {
    this.#channels = vault.table<ChannelRow>({ name: "channels", key: (row) => row.id });
    this.#posts = vault.table<PostRow>({
      name: "channel_posts",
      key: (row) => postKey(row.channel, row.n),
      indexes: {
        channel: (row) => row.channel,
        hash: (row) => `${row.channel}/${row.hash}`,
        target: (row) => (row.of === null ? null : postKey(row.channel, row.of)),
      },
    });
  }

  list(): ChannelRow[] {
    return this.#channels.list({});
  }

  get(id: string): ChannelRow | null {
    return this.#channels.get(id);
  }

  put(row: ChannelRow): void {
    this.#channels.put(row);
  }

  remove(id: string): void {
    for (const post of this.#posts.find("channel", id)) this.#posts.delete(postKey(id, post.n));
    this.#channels.delete(id);
  }

  post(channel: string, n: number): PostRow | null {
    return this.#posts.get(postKey(channel, n));
  }

  /** Is a post with this body here already? */
  knows(channel: string, hash: string): boolean {
    return this.#posts.count("hash", `${channel}/${hash}`) > 0;
  }

  neighbours(channel: string, n: number): Neighbours {
    return {
      same: this.post(channel, n)?.hash ?? null,
      before: this.post(channel, n - 1)?.hash ?? null,
      after: this.post(channel, n + 1)?.prev ?? null,
    };
  }

  /** Stores a post and returns the one whose look changed by it: itself, or the one it edits or deletes; null for none. */
  add(row: PostRow): PostRow | null {
    this.#posts.put(row);
    if (row.kind === "moved") return row;
    const target = row.of === null ? row : this.post(row.channel, row.of);
    return target?.kind === "text" ? this.#fold(target) : null;
  }

  setState(post: PostRow, state: PostRow["state"]): PostRow {
    const next = { ...post, state };
    this.#posts.put(next);
    return next;
  }

  /** At most `limit` shown posts and gaps below `before`, lowest first, and from where to go on. */
  page(
    id: string,
    sequence: Sequence,
    limit: number,
    before: number,
  ): { entries: (PostRow | Gap)[]; before: number | null } {
    const entries: (PostRow | Gap)[] = [];
    let n = Math.min(before - 1, sequence.last);
    for (let rows = 0; n >= sequence.first && entries.length < limit && rows < CHANNEL_LIMITS.rowsPerPage; rows++) {
      const gap = gapAt(sequence, n);
      const post = gap ? null : this.post(id, n);
      if (gap) entries.push([gap[0], n]);
      else if (post?.kind === "text" || post?.kind === "moved") entries.push(post);
      n = gap ? gap[0] - 1 : n - 1;
    }
    return { entries: entries.reverse(), before: n >= sequence.first ? n + 1 : null };
  }

  #fold(target: PostRow): PostRow {
    const changes = this.#posts.find("target", postKey(target.channel, target.n));
    const folded = changes.sort((a, b) => a.n - b.n).reduce(applyChange, target);
    if (folded !== target) this.#posts.put(folded);
    for (const change of changes) if (change.text !== "") this.#posts.put({ ...change, text: "" });
    return folded;
  }
}

function applyChange(target: PostRow, change: PostRow): PostRow {
  if (target.deleted) return target;
  if (change.kind === "delete") return { ...target, text: "", files: [], deleted: true };
  if (target.edited && target.edited.n >= change.n) return target;
  return { ...target, text: change.text, edited: { atMs: change.atMs, n: change.n } };
}

function postKey(channel: string, n: number): string {
  return `${channel}/${n}`;
}

/** Which numbers exist; null while nothing is known of a channel. */
export function sequenceOf({ owner, reader }: ChannelRow): Sequence | null {
  return owner ? { first: 1, last: owner.n, gaps: [] } : (reader?.sequence ?? null);
}
