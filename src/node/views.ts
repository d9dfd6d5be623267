/** What the node tells its callers of itself: plain data, ready for JSON. */

import type { ReceivedFile } from "../files/views.ts";
import type { CoverProfile } from "../messaging/cover/cover-law.ts";
import type { ChannelEvent } from "../messaging/channel/views.ts";
import type { CourierInUse } from "../messaging/courier/views.ts";
import type { MessengerEvent } from "../messaging/views.ts";

/** What guards the vault's key: a 0600 file beside it (anyone who can read your disk can open it), or a passphrase. */
export type Protection = "key-file" | "passphrase";

export interface RelayState {
  readonly url: string;
  readonly state: "connecting" | "connected" | "waiting" | "closed";
  /** Last measured round trip; null before the first. */
  readonly latencyMs: number | null;
  readonly embedded?: boolean;
}

export interface RouteState {
  readonly name: "direct" | "tor" | "i2p";
  readonly state: "off" | "missing" | "starting" | "up" | "down";
  readonly loss: number;
  readonly latencyMs: number | null;
  /** 0 to 100 while it starts; null otherwise. */
  readonly progress: number | null;
}

/** GET /api/status */
export interface Status {
  readonly running: true;
  readonly version: string;
  /** Absent while locked: a locked node does not say whose it is. */
  readonly npub?: string;
  readonly relays: readonly RelayState[];
  readonly routes: readonly RouteState[];
  /** Outgoing messages that no relay has taken yet. */
  readonly outbox: number;
  /** Nodes of the storage mesh that are there now; 0 when none is joined. */
  readonly mesh: { readonly peers: number };
  readonly locked: boolean;
  readonly protection: Protection;
  /** The embedded relay's URL; null when it is switched off. */
  readonly embeddedRelay: string | null;
  readonly requests: number;
  readonly unread: number;
  /** Letters of strangers that were dropped since the vault was opened: they had computed too little. */
  readonly refused: number;
  readonly cover: CoverView;
  readonly reading: ReadingView;
  readonly chaff: ChaffView;
  /** By whom cells leave; null: by this node itself, or it is locked. */
  readonly courier: CourierInUse | null;
  /** The operator's bucket, where sealed files lie; null: on the disk. */
  readonly store: StoreView | null;
  /** Who can write to you: programs on this machine only, or whoever shares a relay with you. */
  readonly reachable: "this-machine" | "relays";
  /** What a person must know now, in plain words, worst first; empty when all is well. */
  readonly warnings: readonly string[];
}

export interface StoreView {
  /** Its address, without a key. */
  readonly place: string;
  /** Files that lie on the disk and are to go there. */
  readonly waiting: number;
  /** Why they wait, in plain words; null when nothing is wrong. */
  readonly problem: string | null;
}

/** When cells leave to relays, and what that costs and shows. */
export interface CoverView extends CoverChoiceView {
  /** False: it was chosen at the start of this node, and the settings do not count. */
  readonly changeable: boolean;
  /** What each profile would cost with the relays of now. */
  readonly choices: readonly CoverChoiceView[];
}

export interface CoverChoiceView {
  readonly profile: CoverProfile;
  /** Sent to your relays and those of your contacts together, now; 0 without a stream. */
  readonly kilobytesPerHour: number;
  /** How long a cell waits for its turn on average, now; a message is one cell or several. */
  readonly secondsPerCell: number;
  /** What a relay can see, in plain words. */
  readonly sees: string;
}

/** How cells are fetched from your relays. */
export interface ReadingView {
  /** What you allow for all of them together; 1 MB is 1,000,000 bytes. */
  readonly budgetMegabytesPerHour: number;
  /** False: even the cheapest ways cost more. They are taken nevertheless, so that no mail is lost. */
  readonly fits: boolean;
  /** What relays learn by it of which cells are yours, in plain words: of the way that tells most. */
  readonly sees: string;
  readonly relays: readonly RelayReadingView[];
}

export interface RelayReadingView {
  readonly url: string;
  /** All cells whole; all headers and few bodies, decoys among them; all headers, and bodies out of two relays. */
  readonly way: "crowd" | "headers" | "private";
  /** Received, measured over the last ten minutes. */
  readonly kilobytesPerHour: number;
  /** Of the whole crowd. */
  readonly cellsPerHour: number;
  /** What this relay learns, in plain words. */
  readonly sees: string;
}

/** Cells that nobody can open, to make a crowd for others; all relays together, 0 without `--chaff`. */
export interface ChaffView {
  readonly cellsPerHour: number;
  readonly kilobytesPerHour: number;
  /** Taken by relays since the start. */
  readonly sent: number;
}

/** GET and PATCH /api/settings */
export interface Settings {
  /** Shown to the people you write to; empty means none. */
  readonly displayName: string;
  /** Other people's relays that you chose; the embedded one is not listed. */
  readonly relays: readonly string[];
  /** Tell senders that you have read their messages. */
  readonly readReceipts: boolean;
  /** Tell the people you write to that you are typing. */
  readonly typingIndicators: boolean;
  /** Refuse first messages from people who do not hold an invite of yours. */
  readonly invitedOnly: boolean;
  /** What reading relays may cost, 1 to 100,000; for each persona as much again. */
  readonly readingMegabytesPerHour: number;
  /** When cells leave, unless it was said at the start of the node. */
  readonly cover: CoverProfile;
  /** What strangers are to compute before their first message is taken: bits of work, 0 for nothing. */
  readonly strangerWork: number;
  readonly recoveryConfirmed: boolean;
}

/** GET /api/settings/work: what may be demanded of strangers, and how long this machine computes for it on average. */
export interface WorkCost {
  readonly bits: number;
  readonly seconds: number;
}

/** GET /api/relays/offered: public relays to choose from; none is used unasked. */
export type OfferedRelays = readonly { readonly url: string; readonly note: string }[];

/** GET /api/doctor */
export interface DoctorReport {
  readonly ok: boolean;
  readonly checks: readonly DoctorCheck[];
}

/** One check; `hint` says what to do when it is not ok, and what was found when it is. */
export interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly hint: string;
}

/** What came back, by the recovery key or from a backup. */
export interface RestoreResult {
  readonly npub: string;
  readonly contacts: number;
  readonly files: number;
  /** What relays had of the account; absent if none was asked. */
  readonly summary?: FoundSummary;
  /** Of a restore from the mesh: when the copy that was found was made. */
  readonly meshCopyOf?: string;
}

/** What was found at relays by the recovery key alone. */
export interface FoundSummary {
  /** When it was made, to the quarter of an hour; null if there was none. */
  readonly madeAt: string | null;
  readonly groups: number;
  readonly channels: number;
  /** `behind`: it answered, and has none or an older one. */
  readonly relays: readonly { readonly url: string; readonly state: "newest" | "behind" | "unreachable" }[];
  /** What a person must know of it, in plain words. */
  readonly warnings: readonly string[];
}

/** GET /api/recovery/summary: what lies at relays for who has nothing left but the recovery key. */
export interface SummaryView {
  /** Null: none was made yet. */
  readonly madeAt: string | null;
  /** Where all of it lies. Empty: it is on its way, or no relay took all of it. */
  readonly relays: readonly string[];
  /** Whether there is a relay to leave one at. */
  readonly possible: boolean;
  /** People who did not fit. */
  readonly leftOut: number;
}

/** GET /api/personas: a disposable identity of yours. It has the shape of `IdentityView` and more. */
export interface Persona {
  readonly id: string;
  /** What you call it; nobody else sees it. */
  readonly label: string;
  readonly npub: string;
  readonly hex: string;
  readonly fingerprint: string;
  readonly devices: readonly { readonly id: string; readonly name: string; readonly addedAt: string }[];
  /** Shown to its contacts; empty means none. */
  readonly displayName: string;
  readonly relays: readonly RelayState[];
  readonly createdAt: string;
  /** When everything of it is destroyed; null: not before you remove it. */
  readonly expiresAt: string | null;
  readonly unread: number;
  readonly requests: number;
  /** Outgoing messages that no relay has taken yet. */
  readonly outbox: number;
  /** True: it is kept from connecting, because another identity of yours uses one of its relays. */
  readonly held: boolean;
}

/** POST /api/personas */
export interface NewPersona {
  readonly label: string;
  /** Shown to its contacts; none if absent. */
  readonly name?: string;
  /** At least one, and none that you or another persona uses. */
  readonly relays: readonly string[];
  /** How long it lives, for example "30d"; for ever if absent. */
  readonly expires?: string;
}

/** Something changed, so that a face can show it or fetch it anew. */
export type NodeEvent =
  | (MessengerEvent & {
      /** The persona whose contacts and messages changed; absent for your own. */
      readonly persona?: string;
    })
  | ChannelEvent
  | { readonly event: "files" }
  /** A file of a message is on its way into the library, or here. */
  | { readonly event: "received"; readonly file: ReceivedFile }
  | { readonly event: "links" }
  /** The storage mesh: nodes, how far files are, why they wait. */
  | { readonly event: "mesh" }
  /** How much waits for the bucket, or why. */
  | { readonly event: "store" }
  | { readonly event: "personas" }
  | { readonly event: "settings" }
  /** A route, what uses it, or a window of private browsing changed. */
  | { readonly event: "network" }
  | { readonly event: "relays" }
  | { readonly event: "locked" }
  | { readonly event: "unlocked" };
