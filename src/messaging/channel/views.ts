/**
 * What channels tell their callers: plain data, ready for JSON. Times are ISO 8601 text; a channel's id is
 * `c` and 32 hex characters; a post is named by its channel and its number `n`.
 */

import type { MessageFile } from "../views.ts";

export interface Channel {
  readonly id: string;
  /** Empty until the channel's card arrived. */
  readonly name: string;
  readonly description: string;
  /** Is it ours to post in? */
  readonly mine: boolean;
  /** waiting: its card has not come yet. moved: its owner started afresh; only a new link leads there. */
  readonly state: "waiting" | "open" | "moved";
  /** Its owner signed two different posts with one number: his key is used in two places, or he cheats. */
  readonly forked: boolean;
  /** Posts that exist and did not arrive. */
  readonly missing: number;
  readonly relays: readonly string[];
  readonly joinedAt: string;
  readonly last: ChannelPost | null;
}

export interface ChannelPost {
  readonly type: "post";
  readonly channel: string;
  /** From 1, edits and deletions counted too. */
  readonly n: number;
  readonly at: string;
  readonly mine: boolean;
  readonly text: string;
  readonly files: readonly MessageFile[];
  /** The number of the post that this one answers. */
  readonly replyTo: number | null;
  readonly editedAt: string | null;
  /** Then `text` and `files` are empty. */
  readonly deleted: boolean;
  /** Of a post of ours: did a relay take it? Of others': received. */
  readonly state: "queued" | "sent" | "received";
}

/** Posts that exist, because later ones or a card say so, but that no relay has told us. */
export interface ChannelGap {
  readonly type: "gap";
  readonly channel: string;
  readonly from: number;
  readonly to: number;
}

/** The owner started afresh here. */
export interface ChannelMoved {
  readonly type: "moved";
  readonly channel: string;
  readonly n: number;
  readonly at: string;
}

export type ChannelEntry = ChannelPost | ChannelGap | ChannelMoved;

/** Lowest number first. */
export interface ChannelPage {
  readonly entries: readonly ChannelEntry[];
  /** The `before` of the page with earlier entries; null when there are none. */
  readonly before: number | null;
}

export interface NewPost {
  readonly text: string;
  readonly files?: readonly MessageFile[];
  readonly replyTo?: number;
}

export type ChannelEvent =
  /** A new post, or one that was edited, deleted or sent. */
  | { readonly event: "channel-post"; readonly post: ChannelPost }
  /** Name, state or gaps of a channel changed. */
  | { readonly event: "channel"; readonly channel: Channel }
  | { readonly event: "channel-gone"; readonly id: string };
