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
  /** How the next message goes: post-quantum hybrid, elliptic curve only (card unknown), or plain NIP-17. */
  readonly encryption: "hybrid" | "elliptic-curve" | "interop";
  /** The contact came back with another card; nothing is sent before you accept it again. */
  readonly cardChanged: boolean;
  /** A request's context: did the person use an invite of yours? */
  readonly invited: boolean;
  readonly addedAt: string;
}

/** POST /api/contacts/:npub/verify {safety?}: without `safety` it only tells it. */
export interface VerifyResult {
  readonly verified: boolean;
  readonly safety: string | null;
}

export type DeliveryState = "queued" | "sent" | "delivered" | "read";
export type Profile = "hidden" | "interop";

export interface MessageFile {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** The share link it travels by; its fragment is the key. */
  readonly url: string;
}

/** One message of a conversation. */
export interface Message {
  readonly id: string;
  /** The conversation's id: the contact's npub. */
  readonly conversation: string;
  readonly from: { readonly npub: string; readonly name: string };
  readonly mine: boolean;
  readonly at: string;
  readonly text: string;
  readonly files: readonly MessageFile[];
  /** Of a message of yours: how far it got. Of somebody else's: delivered, or read. */
  readonly state: DeliveryState;
  readonly profile: Profile;
  /** Why a queued message waits, in plain words; absent when nothing is wrong. */
  readonly waiting?: string;
  /** Grows by display order within the node; `before` and `after` of a page refer to it. */
  readonly position: number;
}

/** GET /api/conversations, newest first */
export interface Conversation {
  readonly id: string;
  readonly contact: Contact;
  readonly last: Message | null;
  readonly unread: number;
}

/** GET /api/conversations/:npub/messages?before=POSITION&limit=N, oldest first */
export interface MessagePage {
  readonly messages: readonly Message[];
  readonly more: boolean;
}

/**
 * POST /api/messages. `id` (32 hex characters) makes a repeated call harmless; `to` is a contact's
 * name, npub or hex; `files` are ids of library files, which travel as sealed links.
 */
export interface SendMessage {
  readonly id?: string;
  readonly to: string;
  readonly text: string;
  readonly files?: readonly string[];
  readonly interop?: boolean;
}

export interface SendResult {
  readonly id: string;
  readonly state: DeliveryState;
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
  | { readonly event: "contacts" };
