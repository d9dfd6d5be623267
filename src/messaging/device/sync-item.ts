/**
 * What the devices of one account tell each other: one fact each, as it is now, so that a repeated or late one does no harm.
 *
 *   contact, contact-gone    a person, without what belongs to one device only (numbers, key packages)
 *   conversation             what one chose for it: muted, pinned, archived, timer
 *   message                  a message that the other device cannot open itself
 *   states                   how far messages got, and what was read
 *   gone                     what was deleted for oneself
 *   settings                 one's name, and what one tells others
 *   devices                  the main device's list
 *   history                  where a part of all this lies, for a new device
 *
 * Of two facts about the same thing the later one (`at`) holds. Specified in NEP-10.
 */

import * as v from "valibot";
import { utf8Encode } from "../../core/bytes.ts";
import { WORK_LIMITS } from "../../core/cell-limits.ts";
import { DEVICE_LIMITS, FILE_LIMITS, MESSAGE_LIMITS } from "../../core/limits.ts";
import { HYBRID_PUBLIC_KEY_BYTES } from "../../crypto/hybrid-kem.ts";
import { type BlobRef, blobRefSchema } from "../blobs.ts";
import { isRelayUrl } from "../card.ts";
import type { ContactRow } from "../contact-book.ts";
import type { ConversationRow } from "../conversation-book.ts";
import type { MessageRow } from "../message-store.ts";
import type { DeliveryState, MessageFile } from "../views.ts";

const hexKey = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const identifier = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
/** A letter's id, or that of a NIP-17 message. */
const messageId = v.union([identifier, hexKey]);
const time = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const flag = v.boolean();
const deliveryState = v.picklist(["queued", "sent", "delivered", "read"]);
const relays = v.pipe(v.array(v.pipe(v.string(), v.check(isRelayUrl))), v.maxLength(MESSAGE_LIMITS.inviteRelays));
const origin = v.object({ atMs: time, id: messageId });

export const hybridKeySchema: v.GenericSchema<unknown, string> = keyOf(HYBRID_PUBLIC_KEY_BYTES);

const card = v.object({
  publicKey: hexKey,
  hybridPublicKey: hybridKeySchema,
  signatureKey: v.nullable(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{2603}$/))),
  relays,
  work: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(WORK_LIMITS.bits))),
  createdAt: time,
});

export const contactSchema: v.GenericSchema<unknown, SyncedContact> = v.object({
  publicKey: hexKey,
  name: shortText(MESSAGE_LIMITS.nameBytes),
  state: v.picklist(["pending", "request", "accepted", "blocked"]),
  verified: flag,
  invited: flag,
  profile: v.picklist(["hidden", "interop"]),
  card: v.nullable(card),
  changedCard: v.nullable(card),
  relays,
  addedAtMs: time,
});

export const conversationSchema: v.GenericSchema<unknown, SyncedConversation> = v.object({
  id: v.union([hexKey, identifier]),
  mutedUntilMs: v.nullable(time),
  pinned: flag,
  archived: flag,
  timerSeconds: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MESSAGE_LIMITS.timerSeconds))),
  timerSetBy: v.nullable(origin),
});

const file: v.GenericSchema<unknown, MessageFile> = v.object({
  id: shortText(64),
  name: shortText(FILE_LIMITS.nameBytes),
  bytes: time,
  url: v.pipe(v.string(), v.maxLength(2_048), v.regex(/^https?:\/\//)),
  voiceSeconds: v.exactOptional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MESSAGE_LIMITS.voiceSeconds)),
  ),
  forRecipients: v.exactOptional(v.literal(true)),
});

const notice = v.variant("what", [
  v.object({ what: v.literal("timer"), seconds: v.nullable(time) }),
  v.object({ what: v.literal("joined"), account: hexKey }),
  v.object({ what: v.literal("left"), account: hexKey, self: flag }),
  v.object({ what: v.literal("named"), name: shortText(MESSAGE_LIMITS.nameBytes) }),
  v.object({ what: v.literal("admin"), account: hexKey, on: flag }),
]);

const message = v.object({
  id: messageId,
  conversation: v.union([hexKey, identifier]),
  author: hexKey,
  atMs: time,
  text: shortText(MESSAGE_LIMITS.textBytes),
  files: v.pipe(v.array(file), v.maxLength(MESSAGE_LIMITS.filesPerMessage)),
  state: deliveryState,
  profile: v.picklist(["hidden", "interop"]),
  notice: v.nullable(notice),
  replyTo: v.nullable(messageId),
  edited: v.nullable(origin),
  deleted: flag,
  reactions: v.pipe(
    v.array(
      v.object({ author: hexKey, atMs: time, id: messageId, emoji: v.nullable(shortText(MESSAGE_LIMITS.emojiBytes)) }),
    ),
    v.maxLength(2 * DEVICE_LIMITS.syncItems),
  ),
});

export const settingsSchema: v.GenericSchema<unknown, SyncedSettings> = v.object({
  displayName: shortText(MESSAGE_LIMITS.nameBytes),
  readReceipts: flag,
  typingIndicators: flag,
  invitedOnly: flag,
  strangerWork: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(WORK_LIMITS.bits))),
});

const device = v.object({
  device: hexKey,
  name: shortText(DEVICE_LIMITS.nameBytes),
  addedAtMs: time,
  hybridPublicKey: hybridKeySchema,
  relays,
  revoked: flag,
});

export type SyncedContact = Pick<
  ContactRow,
  "publicKey" | "name" | "state" | "verified" | "invited" | "profile" | "card" | "changedCard" | "relays" | "addedAtMs"
>;

export type SyncedConversation = Pick<
  ConversationRow,
  "id" | "mutedUntilMs" | "pinned" | "archived" | "timerSeconds" | "timerSetBy"
>;

/** Without a timer: what disappears is in no history. */
export type SyncedMessage = Omit<MessageRow, "mine" | "timerSeconds" | "expiresAtMs">;

export interface SyncedDevice {
  /** Hex. */
  readonly device: string;
  readonly name: string;
  readonly addedAtMs: number;
  /** base64url */
  readonly hybridPublicKey: string;
  readonly relays: readonly string[];
  readonly revoked: boolean;
}

export interface SyncedSettings {
  readonly displayName: string;
  readonly readReceipts: boolean;
  readonly typingIndicators: boolean;
  readonly invitedOnly: boolean;
  /** Absent from devices of versions that demand no work. */
  readonly strangerWork?: number;
}

/** `at`: milliseconds since 1970, by the clock of the device that says it. */
export type SyncItem =
  | { readonly what: "contact"; readonly at: number; readonly contact: SyncedContact }
  | { readonly what: "contact-gone"; readonly at: number; readonly publicKey: string }
  | { readonly what: "conversation"; readonly at: number; readonly conversation: SyncedConversation }
  | { readonly what: "message"; readonly message: SyncedMessage }
  | { readonly what: "states"; readonly states: readonly { readonly id: string; readonly state: DeliveryState }[] }
  | { readonly what: "gone"; readonly ids: readonly string[] }
  | { readonly what: "settings"; readonly at: number; readonly settings: SyncedSettings }
  | { readonly what: "devices"; readonly at: number; readonly devices: readonly SyncedDevice[] }
  /** `for`: hex key of the device that is to read it. */
  | {
      readonly what: "history";
      readonly for: string;
      readonly part: number;
      readonly parts: number;
      readonly ref: BlobRef;
    };

const item: v.GenericSchema<unknown, SyncItem> = v.variant("what", [
  v.object({ what: v.literal("contact"), at: time, contact: contactSchema }),
  v.object({ what: v.literal("contact-gone"), at: time, publicKey: hexKey }),
  v.object({ what: v.literal("conversation"), at: time, conversation: conversationSchema }),
  v.object({ what: v.literal("message"), message }),
  v.object({
    what: v.literal("states"),
    states: v.pipe(v.array(v.object({ id: messageId, state: deliveryState })), v.maxLength(DEVICE_LIMITS.syncItems)),
  }),
  v.object({ what: v.literal("gone"), ids: v.pipe(v.array(messageId), v.maxLength(DEVICE_LIMITS.syncItems)) }),
  v.object({ what: v.literal("settings"), at: time, settings: settingsSchema }),
  v.object({
    what: v.literal("devices"),
    at: time,
    devices: v.pipe(v.array(device), v.maxLength(10 * DEVICE_LIMITS.devices)),
  }),
  v.object({
    what: v.literal("history"),
    for: hexKey,
    part: time,
    parts: v.pipe(time, v.minValue(1)),
    ref: blobRefSchema,
  }),
]);

export const syncItemsSchema: v.GenericSchema<unknown, SyncItem[]> = v.pipe(
  v.array(item),
  v.maxLength(DEVICE_LIMITS.syncItems),
);

/** Any number of items: a part of the history is bounded by its bytes. */
export const historySchema: v.GenericSchema<unknown, SyncItem[]> = v.array(item);

function keyOf(bytes: number): v.GenericSchema<unknown, string> {
  return v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+$/), v.length(Math.ceil((bytes * 4) / 3)));
}

function shortText(maxBytes: number) {
  return v.pipe(
    v.string(),
    v.check((text) => utf8Encode(text).length <= maxBytes),
  );
}
