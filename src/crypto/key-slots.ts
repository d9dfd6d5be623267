/**
 * Slots: the ways to one random 32-byte key. Each slot wraps the same key under something else that somebody
 * holds, so that any one of them opens what the key protects, and one can change without touching the rest.
 *
 *   password    Argon2id(password, salt 32, cost) ─┐
 *   recovery    the recovery key's secret          ├─ deriveKey("key-slot/<type>/v1") ─ AES-256-GCM ─> wrapped 60
 *   link        a share link's wrap key            │  nonce 12 | key 32 | tag 16; associated data: the slot
 *   key-file    a key file beside the vault       ─┘  without `wrapped`
 *   recipient   a person's npub and hybrid key ── envelope.ts ─> envelope 1,274 (154 without a hybrid key)
 *
 * The type is mixed into the wrapping key: a secret that serves two types opens neither's slot as the other's.
 */

import { CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { openBytes, sealBytes } from "./aead.ts";
import { type EnvelopeKeys, type EnvelopeRecipient, openEnvelope, sealEnvelope } from "./envelope.ts";
import { deriveKey } from "./key-derivation.ts";
import {
  type KeySlot,
  type PasswordSlot,
  type RecipientSlot,
  type SecretSlot,
  type SecretSlotType,
  slotPrefix,
} from "./key-slot-format.ts";
import { type Argon2Cost, DEFAULT_ARGON2_COST, PASSPHRASE_SALT_BYTES, stretchPassphrase } from "./passphrase.ts";

export type { KeySlot, PasswordSlot, RecipientSlot, SecretSlotType } from "./key-slot-format.ts";

/** Wraps the 32-byte key under a password. Throws CodecError `argon2_cost` for a cost out of bounds. */
export async function sealWithPassword(
  fileKey: Uint8Array,
  password: string,
  cost: Argon2Cost = DEFAULT_ARGON2_COST,
): Promise<PasswordSlot> {
  const salt = randomBytes(PASSPHRASE_SALT_BYTES);
  const open = { type: "password", salt, cost } as const;
  const stretched = await stretchPassphrase(password, salt, cost);
  return { ...open, wrapped: sealBytes(wrapKey("password", stretched), fileKey, slotPrefix(open)) };
}

/** Wraps the 32-byte key under a uniformly random 32-byte secret. */
export function sealWithKey(type: SecretSlotType, fileKey: Uint8Array, secret: Uint8Array): SecretSlot {
  return { type, wrapped: sealBytes(wrapKey(type, secret), fileKey, slotPrefix({ type })) };
}

/** Wraps the 32-byte key for a person. Throws CodecError `bad_public_key`. */
export function sealForRecipient(fileKey: Uint8Array, recipient: EnvelopeRecipient): RecipientSlot {
  return { type: "recipient", envelope: sealEnvelope(fileKey, recipient) };
}

/** The key in the password slot. Throws CryptoError if there is none or the password is wrong. */
export async function openWithPassword(slots: readonly KeySlot[], password: string): Promise<Uint8Array> {
  const slot = slots.find((candidate) => candidate.type === "password");
  if (!slot) throw new CryptoError();
  const stretched = await stretchPassphrase(password, slot.salt, slot.cost);
  return openBytes(wrapKey("password", stretched), slot.wrapped, slotPrefix(slot));
}

/** The key in the first slot of this type that the secret opens. Throws CryptoError if none does. */
export function openWithKey(slots: readonly KeySlot[], type: SecretSlotType, secret: Uint8Array): Uint8Array {
  const key = wrapKey(type, secret);
  return openFirst(slots, (slot) => (slot.type === type ? openBytes(key, slot.wrapped, slotPrefix({ type })) : null));
}

/** The key in the first slot that is addressed to these keys. Throws CryptoError if none is. */
export function openAsRecipient(slots: readonly KeySlot[], keys: EnvelopeKeys): Uint8Array {
  return openFirst(slots, (slot) => (slot.type === "recipient" ? openEnvelope(slot.envelope, keys).body : null));
}

function openFirst(slots: readonly KeySlot[], open: (slot: KeySlot) => Uint8Array | null): Uint8Array {
  for (const slot of slots) {
    try {
      const key = open(slot);
      if (key) return key;
    } catch (error) {
      // Another slot of the same type may be the right one.
      if (!(error instanceof CryptoError)) throw error;
    }
  }
  throw new CryptoError();
}

function wrapKey(type: "password" | SecretSlotType, secret: Uint8Array): Uint8Array {
  return deriveKey(secret, `key-slot/${type}/v1`);
}
