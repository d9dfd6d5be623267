/**
 * A letter: what one Nocturne says to another inside the seal. JSON, version 1, one of these kinds.
 *
 *   hello     "may I write to you": the writer's card
 *   accept    "yes": the answerer's card
 *   welcome   the way into a session: an MLS welcome for a key package that came with a hello
 *   invitation, application    "come into this group", "let me in": with a key package
 *   astray    "you were added on a branch that lost": to a device that cannot know
 *   profile   in a session: who and where the writing device is
 *   farewell  in a group: that one leaves
 *   packages  between one's own devices: key packages to be put into sessions with, and how many more are wanted
 *   sync      in the session of one's own devices: what one of them has changed or knows
 *   courier   in a session: what a sender and whoever uploads cells for him agree on
 *   share     in a session: a share of the writer's recovery key, for the reader to keep
 *   text      a message; `n` numbers the texts from one person to another, from 1, without gaps
 *   reaction  an emoji under a message, in the place of the writer's earlier one; null takes it back
 *   edit      another text for a message of the writer's
 *   delete    a message of the writer's is to go, for all
 *   timer     messages of this conversation disappear from now on, or do not
 *   receipt   which of these arrived, and which texts were read
 *   typing    the writer is typing: said once, kept by nobody
 *
 * Text, reaction, edit, delete and timer are the content of a conversation; the others go between two devices.
 * Specified in NEP-03.
 */

import * as v from "valibot";
import { utf8Encode } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { DEVICE_LIMITS, FILE_LIMITS, MESSAGE_LIMITS, SESSION_LIMITS } from "../core/limits.ts";
import { type BlobRef, blobRefSchema } from "./blobs.ts";
import { CARD_DIGEST_BYTES, isRelayUrl } from "./card.ts";
import { type CourierSaying, courierSchema } from "./courier/courier-letter.ts";
import { hybridKeySchema, type SyncItem, syncItemsSchema } from "./device/sync-item.ts";
import { createLetterId } from "./letter-id.ts";
import type { MessageFile } from "./views.ts";

interface LetterHead {
  readonly v: 1;
  /** 32 hex characters. */
  readonly id: string;
  /** When it was written, by the writer's clock; milliseconds since 1970. */
  readonly at: number;
}

export interface HelloLetter extends LetterHead {
  readonly kind: "hello";
  readonly name: string;
  readonly card: unknown;
  /** base64url: lets whoever accepts begin the session. */
  readonly keyPackage?: string | undefined;
  /** Digest of the card by which the writer found the other. */
  readonly knows?: string | undefined;
}

export interface AcceptLetter extends LetterHead {
  readonly kind: "accept";
  readonly name: string;
  /** Left out where the other holds it already: it is most of a letter. */
  readonly card?: unknown;
}

export interface WelcomeLetter extends LetterHead {
  readonly kind: "welcome";
  /** base64url of the MLS message, or where it lies if it is large. */
  readonly welcome: string | BlobRef;
  /** Into a direct session: base64url, 32 bytes, one of the two halves of the psk (session/bootstrap.ts). */
  readonly secret?: string;
  /** Into a group: where members are found. */
  readonly roster?: readonly Profile[] | BlobRef;
}

export interface Profile {
  /** Hex key. */
  readonly account: string;
  readonly name: string;
  readonly relays: readonly string[];
  /** base64url; absent while the admin does not know it. */
  readonly hybridPublicKey?: string;
  /** Number of the last text of theirs that the admin knows: what a newcomer reads begins after it. */
  readonly n: number;
}

export interface InvitationLetter extends LetterHead {
  readonly kind: "invitation";
  readonly group: string;
  readonly name: string;
}

export interface ApplicationLetter extends LetterHead {
  readonly kind: "application";
  readonly group: string;
  readonly name: string;
  readonly card: unknown;
  /** base64url */
  readonly keyPackage: string;
  /** Of who came with a link. */
  readonly proof?: string;
}

export interface ProfileLetter extends LetterHead {
  readonly kind: "profile";
  readonly name: string;
  readonly relays: readonly string[];
  /** Of the writing device: base64url, its X-Wing key. */
  readonly hybridPublicKey?: string;
}

export interface PackagesLetter extends LetterHead {
  readonly kind: "packages";
  /** base64url */
  readonly keyPackages: readonly string[];
  /** How many the writer would like to have of the reader's. */
  readonly want: number;
}

export interface SyncLetter extends LetterHead {
  readonly kind: "sync";
  readonly items: readonly SyncItem[];
}

/** Between a sender and his courier (NEP-18). */
export interface CourierLetter extends LetterHead {
  readonly kind: "courier";
  readonly say: CourierSaying;
}

/** A share of the writer's recovery key (NEP-21). */
export interface ShareLetter extends LetterHead {
  readonly kind: "share";
  /** As text, with its prefix. */
  readonly share: string;
}

export interface FarewellLetter extends LetterHead {
  readonly kind: "farewell";
  readonly leaf: number;
  /** base64url, 64 bytes (session/farewell.ts). */
  readonly signature: string;
}

export interface TextLetter extends LetterHead {
  readonly kind: "text";
  readonly n: number;
  readonly text: string;
  readonly files: readonly MessageFile[];
  /** Id of the message that this one answers. */
  readonly replyTo?: string;
  /** Seconds after which it disappears. */
  readonly expires?: number;
}

export interface ReactionLetter extends LetterHead {
  readonly kind: "reaction";
  readonly target: string;
  readonly emoji: string | null;
}

export interface EditLetter extends LetterHead {
  readonly kind: "edit";
  readonly target: string;
  readonly text: string;
}

export interface DeleteLetter extends LetterHead {
  readonly kind: "delete";
  readonly target: string;
}

export interface TimerLetter extends LetterHead {
  readonly kind: "timer";
  readonly seconds: number | null;
}

export interface ReceiptLetter extends LetterHead {
  readonly kind: "receipt";
  readonly delivered: readonly string[];
  readonly read: readonly string[];
}

export interface TypingLetter extends LetterHead {
  readonly kind: "typing";
  readonly on: boolean;
}

/** What changes a message that is already there; it may also arrive before it. */
export type MarkLetter = ReactionLetter | EditLetter | DeleteLetter;
export type ContentLetter = TextLetter | MarkLetter | TimerLetter;
/** "You write where nobody is any more": added on a branch that lost (session/session.ts). */
export interface AstrayLetter extends LetterHead {
  readonly kind: "astray";
  readonly session: string;
  readonly epoch: string;
}

/** What members of a session tell each other of themselves; it travels as content does. */
export type MembershipLetter = ProfileLetter | FarewellLetter;
export type Letter =
  | HelloLetter
  | AcceptLetter
  | WelcomeLetter
  | InvitationLetter
  | ApplicationLetter
  | AstrayLetter
  | MembershipLetter
  | PackagesLetter
  | SyncLetter
  | CourierLetter
  | ShareLetter
  | ContentLetter
  | ReceiptLetter
  | TypingLetter;

const PROOF_PATTERN = /^[0-9a-f]{64}$/;
const SHARE_PATTERN = /^nocturne:share\/[A-Za-z0-9_-]{60}$/;
const URL_CHARACTERS = 2_048;
const SECRET_CHARACTERS = 43;
const DIGEST_CHARACTERS: number = Math.ceil((CARD_DIGEST_BYTES * 4) / 3);
const SIGNATURE_CHARACTERS = 86;
/** A reaction is a sign, not a text: no letters, spaces or control characters. */
const NO_EMOJI = /[\p{L}\p{Z}\p{Cc}]/u;

const RECOMMENDED_EMOJI = /^\p{RGI_Emoji}$/v;
/** Asks for the coloured form; keyboards leave it away. */
const EMOJI_STYLE = "\ufe0f";

const identifier = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
const time = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const name = v.pipe(
  v.string(),
  v.check((text) => utf8Encode(text).length <= MESSAGE_LIMITS.nameBytes),
);
const text = v.pipe(
  v.string(),
  v.check((words) => utf8Encode(words).length <= MESSAGE_LIMITS.textBytes),
);
const emoji = v.pipe(
  v.string(),
  v.minLength(1),
  v.check((sign) => utf8Encode(sign).length <= MESSAGE_LIMITS.emojiBytes && !NO_EMOJI.test(sign)),
);
const timerSeconds = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MESSAGE_LIMITS.timerSeconds));
const voiceSeconds = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MESSAGE_LIMITS.voiceSeconds));
const account = v.pipe(v.string(), v.regex(PROOF_PATTERN));
const relays = v.pipe(v.array(v.pipe(v.string(), v.check(isRelayUrl))), v.maxLength(MESSAGE_LIMITS.inviteRelays));
const head = { v: v.literal(1), id: identifier, at: time };
const receipts = v.pipe(v.array(identifier), v.maxLength(MESSAGE_LIMITS.idsPerReceipt));

const file = v.object({
  id: v.pipe(v.string(), v.maxLength(64)),
  name: v.pipe(
    v.string(),
    v.minLength(1),
    v.check((text) => utf8Encode(text).length <= FILE_LIMITS.nameBytes),
  ),
  bytes: time,
  // A link leads into a browser, so it must not be able to run anything there.
  url: v.pipe(v.string(), v.maxLength(URL_CHARACTERS), v.regex(/^https?:\/\//)),
  voiceSeconds: v.exactOptional(voiceSeconds),
  forRecipients: v.exactOptional(v.literal(true)),
});

const rosterSchema: v.GenericSchema<unknown, Profile[]> = v.pipe(
  v.array(v.object({ account, name, relays, hybridPublicKey: v.exactOptional(hybridKeySchema), n: time })),
  v.maxLength(SESSION_LIMITS.members),
);

const letterSchema: v.GenericSchema<unknown, Letter> = v.variant("kind", [
  v.object({
    ...head,
    kind: v.literal("hello"),
    name,
    card: v.unknown(),
    keyPackage: v.exactOptional(base64Url(MESSAGE_LIMITS.keyPackageCharacters)),
    knows: v.exactOptional(v.pipe(base64Url(DIGEST_CHARACTERS), v.length(DIGEST_CHARACTERS))),
  }),
  v.object({ ...head, kind: v.literal("accept"), name, card: v.exactOptional(v.unknown()) }),
  v.object({
    ...head,
    kind: v.literal("welcome"),
    welcome: v.union([base64Url(MESSAGE_LIMITS.letterBytes), blobRefSchema]),
    secret: v.exactOptional(v.pipe(base64Url(SECRET_CHARACTERS), v.length(SECRET_CHARACTERS))),
    roster: v.exactOptional(v.union([rosterSchema, blobRefSchema])),
  }),
  v.object({ ...head, kind: v.literal("invitation"), group: identifier, name }),
  v.object({
    ...head,
    kind: v.literal("application"),
    group: identifier,
    name,
    card: v.unknown(),
    keyPackage: base64Url(MESSAGE_LIMITS.keyPackageCharacters),
    proof: v.exactOptional(v.pipe(v.string(), v.regex(PROOF_PATTERN))),
  }),
  v.object({ ...head, kind: v.literal("astray"), session: identifier, epoch: identifier }),
  v.object({
    ...head,
    kind: v.literal("profile"),
    name,
    relays,
    hybridPublicKey: v.exactOptional(hybridKeySchema),
  }),
  v.object({
    ...head,
    kind: v.literal("packages"),
    keyPackages: v.pipe(v.array(base64Url(MESSAGE_LIMITS.keyPackageCharacters)), v.maxLength(DEVICE_LIMITS.packages)),
    want: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(DEVICE_LIMITS.stock)),
  }),
  v.object({ ...head, kind: v.literal("sync"), items: syncItemsSchema }),
  v.object({ ...head, kind: v.literal("courier"), say: courierSchema }),
  v.object({ ...head, kind: v.literal("share"), share: v.pipe(v.string(), v.regex(SHARE_PATTERN)) }),
  v.object({
    ...head,
    kind: v.literal("farewell"),
    leaf: time,
    signature: v.pipe(base64Url(SIGNATURE_CHARACTERS), v.length(SIGNATURE_CHARACTERS)),
  }),
  v.object({
    ...head,
    kind: v.literal("text"),
    n: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
    text,
    files: v.pipe(v.array(file), v.maxLength(MESSAGE_LIMITS.filesPerMessage)),
    replyTo: v.exactOptional(identifier),
    expires: v.exactOptional(timerSeconds),
  }),
  v.object({ ...head, kind: v.literal("reaction"), target: identifier, emoji: v.nullable(emoji) }),
  v.object({ ...head, kind: v.literal("edit"), target: identifier, text }),
  v.object({ ...head, kind: v.literal("delete"), target: identifier }),
  v.object({ ...head, kind: v.literal("timer"), seconds: v.nullable(timerSeconds) }),
  v.object({ ...head, kind: v.literal("receipt"), delivered: receipts, read: receipts }),
  v.object({ ...head, kind: v.literal("typing"), on: v.boolean() }),
]);

/** A roster that lay in a blob. Throws CodecError `bad_letter`. */
export function decodeRoster(text: string): Profile[] {
  return parseOrThrow(rosterSchema, text);
}

function base64Url(maxCharacters: number) {
  return v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+$/), v.maxLength(maxCharacters));
}

/** True for what belongs to a conversation, which goes through its session once there is one. */
export function isContent(letter: Letter): letter is ContentLetter {
  return ["text", "reaction", "edit", "delete", "timer"].includes(letter.kind);
}

/** Version, a fresh id (32 hex characters) and the time, for a letter about to be written. */
export function letterHead(nowMs: number, id: string = createLetterId()): { v: 1; id: string; at: number } {
  return { v: 1, id, at: nowMs };
}

export function isLetterId(text: string): boolean {
  return v.is(identifier, text);
}

/** One emoji that everybody can show: of the set that Unicode recommends for interchange. */
export function isEmoji(text: string): boolean {
  return RECOMMENDED_EMOJI.test(text) || RECOMMENDED_EMOJI.test(`${text}${EMOJI_STYLE}`);
}

export function encodeLetter(letter: Letter): string {
  return JSON.stringify(letter);
}

/** The letter in `text`. Throws CodecError `bad_letter`. */
export function decodeLetter(text: string): Letter {
  return parseOrThrow(letterSchema, text);
}

function parseOrThrow<T>(schema: v.GenericSchema<unknown, T>, text: string): T {
  try {
    return v.parse(schema, JSON.parse(text));
  } catch (cause) {
    throw new CodecError("bad_letter", "A letter arrived that this version cannot read.", { cause });
  }
}
