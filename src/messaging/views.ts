/**
 * What the messenger tells its callers of contacts, messages and conversations: plain data, ready for JSON.
 * Times are ISO 8601 text; `npub` is the bech32 public key of a person.
 */

/** POST /api/invites */
export interface Invite {
  readonly link: string;
  readonly expiresAt: string;
}

export type ContactState = "pending" | "request" | "accepted" | "blocked";

/** GET /api/contacts */
export interface Contact {
  readonly name: string;
  readonly npub: string;
  readonly state: ContactState;
  readonly verified: boolean;
  /** 60 digits in groups of five; null until both cards are known. */
  readonly safety: string | null;
  readonly fingerprint: string;
  /** How the next message goes: post-quantum hybrid, not before the person's card is found, or plain NIP-17. */
  readonly encryption: "hybrid" | "card-unknown" | "interop";
  /** The contact came back with another card; nothing is sent before you accept it again. */
  readonly cardChanged: boolean;
  /** The number that the other card gives: to be compared before it is accepted. Null without one, and for who may not write. */
  readonly changedSafety: string | null;
  /** A request's context: did the person use an invite of yours? */
  readonly invited: boolean;
  /** This machine computes what they ask of strangers; the first letter leaves when that is done. */
  readonly working: boolean;
  readonly addedAt: string;
}

/** POST /api/contacts/:npub/verify {safety?}: without `safety` it only tells it. */
export interface VerifyResult {
  readonly verified: boolean;
  /** The one to compare: that of a changed card while there is one. */
  readonly safety: string | null;
}

export type DeliveryState = "queued" | "sent" | "delivered" | "read";
export type Profile = "hidden" | "interop";

export interface MessageFile {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** The share link it travels by; its fragment is a key to it. */
  readonly url: string;
  /** By the link alone nobody opens it: it takes a key of somebody to whom it was sent. */
  readonly forRecipients?: true;
  /** A voice note, and how long it plays. */
  readonly voiceSeconds?: number;
}

/** The message that another answers. Nulls: it is not here any more, or was deleted. */
export interface Quote {
  readonly id: string;
  readonly from: { readonly npub: string; readonly name: string } | null;
  /** At most 120 characters. */
  readonly excerpt: string | null;
  /** Where it stands in the conversation; also of a deleted one. */
  readonly position: number | null;
}

/** One emoji under a message, and whose it is. */
export interface Reaction {
  readonly emoji: string;
  readonly by: readonly { readonly npub: string; readonly name: string }[];
  readonly mine: boolean;
}

/** One message of a conversation. */
export interface Message {
  readonly id: string;
  /** The conversation's id. */
  readonly conversation: string;
  /** A notice is a line in the middle, such as "Ada set messages to disappear after 1 day"; `text` holds the words. */
  readonly kind: "text" | "notice";
  readonly from: { readonly npub: string; readonly name: string };
  readonly mine: boolean;
  readonly at: string;
  readonly text: string;
  readonly files: readonly MessageFile[];
  /** Of a message of yours: how far it got. Of somebody else's: delivered, or read. */
  readonly state: DeliveryState;
  readonly profile: Profile;
  readonly editedAt: string | null;
  /** Deleted for all: `text` is "", `files` is [], and a tombstone is shown. */
  readonly deleted: boolean;
  readonly replyTo: Quote | null;
  /** By emoji, in order of first use. */
  readonly reactions: readonly Reaction[];
  /** When it disappears from this machine. An unread one of somebody else's goes earlier once it is read. */
  readonly expiresAt: string | null;
  /** Why a queued message waits, in plain words; absent when nothing is wrong. */
  readonly waiting?: string;
  /** Grows by display order within the node; `before` and `after` of a page refer to it. */
  readonly position: number;
}

/** GET /api/conversations, pinned ones first, then newest first */
export interface Conversation {
  /** The contact's npub; for a group `g`, for a channel `c`, and 32 hex characters. */
  readonly id: string;
  readonly kind: "direct" | "group" | "channel";
  readonly name: string;
  /** Of a direct conversation. */
  readonly contact: Contact | null;
  readonly last: Message | null;
  readonly unread: number;
  /** "9999-12-31T00:00:00.000Z" is for ever. */
  readonly mutedUntil: string | null;
  readonly pinned: boolean;
  /** A new message brings it back, unless it is muted. */
  readonly archived: boolean;
  readonly draft: string;
  /** New messages disappear so long after they were sent or read. */
  readonly timerSeconds: number | null;
  /** By Tor alone, whatever is usual and whatever was chosen for its relays; null: as is usual. */
  readonly route: "tor" | null;
  /** Names of those who are typing now. */
  readonly typing: readonly string[];
}

export interface GroupMember {
  readonly npub: string;
  readonly name: string;
  readonly admin: boolean;
  readonly me: boolean;
  /** Invited: was asked and has not come yet. Applied: came with the link and waits for an admin; only admins see these. */
  readonly state: "member" | "invited" | "applied";
}

/** GET /api/groups/:id */
export interface Group {
  /** `g` and 32 hex characters: the conversation's id, too. */
  readonly id: string;
  readonly name: string;
  readonly members: readonly GroupMember[];
  /** You are one. */
  readonly admin: boolean;
  /** False once you left or were removed. */
  readonly joined: boolean;
  /** Who has it may apply; null while there is none, and for who is no admin. */
  readonly link: string | null;
}

/** POST /api/groups: `members` are contacts, who are asked to come. */
export interface CreateGroup {
  readonly name: string;
  readonly members: readonly string[];
}

/** PATCH /api/conversations/:who */
export interface ChangeConversation {
  /** ISO 8601. */
  readonly mutedUntil?: string | null;
  readonly pinned?: boolean;
  readonly archived?: boolean;
  readonly draft?: string;
  readonly timerSeconds?: number | null;
  /** null: as is usual. */
  readonly route?: "tor" | null;
}

/**
 * GET /api/conversations/:who/messages, oldest first: the newest, those before or after a position, or those around
 * one (half before it, then itself and what follows).
 */
export interface MessagePage {
  readonly messages: readonly Message[];
  /** There are older ones. */
  readonly more: boolean;
  readonly newer: boolean;
}

/** GET /api/search, newest first */
export interface SearchHit {
  readonly message: Message;
  /** The text around the first word found, at most 120 characters. */
  readonly excerpt: string;
}

/** POST /api/devices/links: who has it within its time becomes one device of this account. */
export interface DeviceLinkView {
  readonly link: string;
  /** The same in 12 words, for who cannot scan. */
  readonly words: string;
  readonly expiresAt: string;
}

/** POST /api/devices/join: makes this, a new installation, a device of another account. */
export interface JoinAccount {
  /** A device link, or its words. */
  readonly link: string;
  /** What this device is to be called. */
  readonly name: string;
  /** With words: a relay on which the two meet. */
  readonly relay?: string;
}

/** GET /api/devices, the main one first */
export interface DeviceView {
  /** Hex key. */
  readonly id: string;
  readonly name: string;
  readonly addedAt: string;
  /** The device that holds the account's keys. */
  readonly main: boolean;
  /** This one. */
  readonly me: boolean;
  /**
   * joining   linked, and not yet in all conversations, or without all of the history
   * unlinked  this device was removed from the account, or restored from a backup: it has to be linked again
   */
  readonly state: "active" | "joining" | "revoked" | "unlinked";
  /** How much of the history a new device has, from 0 to 1; null when it has all. */
  readonly history: number | null;
}

/**
 * POST /api/messages. `id` (32 hex characters) makes a repeated call harmless; `to` is a contact's
 * name, npub or hex; `files` are ids of library files, which travel as sealed links. `replyTo` is the id of a
 * message of the same conversation; with `voiceSeconds` the one file is a voice note.
 */
export interface SendMessage {
  readonly id?: string;
  readonly to: string;
  readonly text: string;
  readonly files?: readonly string[];
  readonly interop?: boolean;
  readonly replyTo?: string;
  readonly voiceSeconds?: number;
}

export interface SendResult {
  readonly id: string;
  readonly state: DeliveryState;
}

/** GET /api/recovery/shares */
export interface SharesView {
  /** Of your recovery key, by the last splitting; null: you gave none. */
  readonly given: {
    /** So many of them give the key back. */
    readonly need: number;
    readonly at: string;
    readonly people: readonly ShareKeeper[];
  } | null;
  /** For how many people you keep one. */
  readonly kept: number;
}

/** Who neither has it nor gets it (`underWay`) has to be given one again. */
export interface ShareKeeper {
  readonly name: string;
  readonly npub: string;
  readonly arrived: boolean;
  readonly underWay: boolean;
}

/** POST /api/recovery/shares: `people` are contacts who get one each; without them `of` shares are answered, for paper. */
export interface SplitKey {
  readonly need: number;
  readonly of?: number;
  readonly people?: readonly string[];
}

export interface ShareView {
  readonly text: string;
  /** The same in 33 words. */
  readonly words: string;
}

/** POST /api/recovery/shares/:who/show: the share that you keep for a contact. */
export interface KeptShareView extends ShareView {
  readonly name: string;
  readonly since: string;
}

/** Something changed in the messenger. */
export type MessengerEvent =
  | { readonly event: "message"; readonly message: Message }
  | {
      readonly event: "message-state";
      readonly id: string;
      readonly conversation: string;
      readonly state: DeliveryState;
    }
  | { readonly event: "message-changed"; readonly message: Message }
  | { readonly event: "message-gone"; readonly id: string; readonly conversation: string }
  | { readonly event: "conversation"; readonly conversation: Conversation }
  | { readonly event: "typing"; readonly conversation: string; readonly name: string; readonly on: boolean }
  | { readonly event: "contacts" }
  | { readonly event: "devices" };
