/**
 * The manifest of a link for particular people (NEP-05, version 3). Who has the whole link and none of their keys
 * learns how many keys there are and how long the content is, and opens nothing: neither name nor file key.
 *
 *   version 3 | slot count u8 | recipient slots (NEP-04) | nonce 12 | AES-256-GCM(manifest of version 1) | tag 16
 *
 * Every slot wraps the same random key, under which the inner manifest is sealed; what stands before the nonce is
 * associated data. The whole is sealed under the link's wrap key, as any manifest. Slots do not say whose they are.
 */

import { concatBytes, utf8Encode, wipeBytes } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { openBytes, sealBytes } from "./aead.ts";
import type { EnvelopeKeys, EnvelopeRecipient } from "./envelope.ts";
import { decodeSlot, encodeSlot, type KeySlot } from "./key-slot-format.ts";
import { openAsRecipient, sealForRecipient } from "./key-slots.ts";
import {
  badManifest,
  encodeManifest,
  isPlain,
  type LinkManifest,
  readManifest,
  RECIPIENT_MANIFEST_VERSION,
} from "./link-manifest.ts";

const MANIFEST_KEY_BYTES = 32;
const HEAD_BYTES = 2;

/** A manifest as it came, its link's key taken off: for whoever has the link, or for particular people. */
export type OpenedManifest =
  | { readonly for: "link"; readonly manifest: LinkManifest }
  | { readonly for: "recipients"; readonly open: (keys: EnvelopeKeys) => LinkManifest };

/**
 * Seals a manifest for 1 to `FILE_LIMITS.slots` recipients: 1,277 bytes each, 157 where no X-Wing key is known. Who has
 * a key that is none is left out: he must not be able to keep a file from everybody else of his group. Throws
 * CodecError `bad_manifest` for another number, if nobody is left, for a folder or a note, or as `sealManifest` does.
 */
export function sealRecipientManifest(
  manifest: LinkManifest,
  recipients: readonly EnvelopeRecipient[],
  wrapKey: Uint8Array,
  slug: string,
): Uint8Array {
  const key = randomBytes(MANIFEST_KEY_BYTES);
  const slots = recipients.flatMap((recipient) => slotFor(key, recipient));
  if (slots.length < 1 || recipients.length > FILE_LIMITS.slots || !isPlain(manifest)) throw badManifest();
  const prefix = concatBytes(Uint8Array.of(RECIPIENT_MANIFEST_VERSION, slots.length), ...slots);
  const body = concatBytes(prefix, sealBytes(key, encodeManifest(manifest), prefix));
  wipeBytes(key);
  return sealBytes(wrapKey, body, utf8Encode(slug));
}

/**
 * Takes the link's key off a manifest of any version. Throws CryptoError for another key, slug or any change,
 * CodecError `bad_manifest` when the maker wrote nonsense; `open` throws these too, and CryptoError for who is none
 * of the recipients.
 */
export function openManifestFor(sealed: Uint8Array, wrapKey: Uint8Array, slug: string): OpenedManifest {
  const body = openBytes(wrapKey, sealed, utf8Encode(slug));
  if (body[0] !== RECIPIENT_MANIFEST_VERSION) return { for: "link", manifest: readManifest(body) };
  const { slots, end } = readSlots(body);
  const prefix = body.subarray(0, end);
  const open = (keys: EnvelopeKeys): LinkManifest => {
    const key = openAsRecipient(slots, keys);
    try {
      // A slot can hold anything of any length: its maker is a stranger.
      if (key.length !== MANIFEST_KEY_BYTES) throw badManifest();
      const manifest = readManifest(openBytes(key, body.subarray(end), prefix));
      if (!isPlain(manifest)) throw badManifest();
      return manifest;
    } finally {
      wipeBytes(key);
    }
  };
  return { for: "recipients", open };
}

function slotFor(key: Uint8Array, recipient: EnvelopeRecipient): Uint8Array[] {
  try {
    return [encodeSlot(sealForRecipient(key, recipient))];
  } catch (error) {
    if (error instanceof CodecError) return [];
    throw error;
  }
}

function readSlots(body: Uint8Array): { slots: KeySlot[]; end: number } {
  const count = body[1] ?? 0;
  if (count < 1 || count > FILE_LIMITS.slots) throw badManifest();
  const slots: KeySlot[] = [];
  let end = HEAD_BYTES;
  for (let i = 0; i < count; i++) {
    const { slot, next } = readSlot(body, end);
    if (slot.type !== "recipient") throw badManifest();
    slots.push(slot);
    end = next;
  }
  return { slots, end };
}

function readSlot(body: Uint8Array, offset: number): ReturnType<typeof decodeSlot> {
  try {
    return decodeSlot(body, offset);
  } catch (error) {
    throw error instanceof CodecError ? badManifest() : error;
  }
}
