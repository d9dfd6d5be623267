/** Rows of the vault as what callers see of channels. */

import { type ChannelRow, type PostRow, sequenceOf } from "./channel-store.ts";
import { countMissing, type Gap } from "./sequence.ts";
import type { Channel, ChannelEntry, ChannelPost } from "./views.ts";

const LAST_MS = 8_640_000_000_000_000;

/** A channel, with the newest entries of its posts, of which it shows the last post. */
export function viewChannel(row: ChannelRow, newest: readonly (PostRow | Gap)[]): Channel {
  const { id, relays, joinedAtMs, owner, reader } = row;
  const about = owner ?? reader?.card;
  const last = newest.map((entry) => viewEntry(row, entry)).findLast((entry) => entry.type === "post");
  return {
    id,
    name: about?.name ?? "",
    description: about?.description ?? "",
    mine: owner !== null,
    state: reader?.moved ? "moved" : about ? "open" : "waiting",
    forked: reader?.forked ?? false,
    missing: countMissing(sequenceOf(row)),
    relays,
    joinedAt: new Date(joinedAtMs).toISOString(),
    last: last ?? null,
  };
}

export function viewEntry(row: ChannelRow, entry: PostRow | Gap): ChannelEntry {
  if (!("kind" in entry)) return { type: "gap", channel: row.id, from: entry[0], to: entry[1] };
  if (entry.kind === "text") return viewPost(row, entry);
  return { type: "moved", channel: row.id, n: entry.n, at: timeText(entry.atMs) };
}

export function viewPost(row: ChannelRow, post: PostRow): ChannelPost {
  return {
    type: "post",
    channel: row.id,
    n: post.n,
    at: timeText(post.atMs),
    mine: row.owner !== null,
    text: post.text,
    files: post.files,
    replyTo: post.reply,
    editedAt: post.edited ? timeText(post.edited.atMs) : null,
    deleted: post.deleted,
    state: post.state,
  };
}

/** An owner may sign any number; one that no calendar has must not break the page of his readers. */
function timeText(atMs: number): string {
  return new Date(Math.min(atMs, LAST_MS)).toISOString();
}
