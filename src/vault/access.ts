/**
 * The ways to the vault key: key file, passphrase, recovery key. Each opens its slot in the header of a vault or of
 * a backup, and then checks the header's MAC: one with foreign slots is refused even if one of them opens.
 */

import { utf8Encode, wipeBytes } from "../core/bytes.ts";
import { CryptoError, ValidationError } from "../core/errors.ts";
import { VAULT_LIMITS } from "../core/limits.ts";
import { deriveKey } from "../crypto/key-derivation.ts";
import { type KeySlot, openWithPassword, openWithKey, sealWithKey } from "../crypto/key-slots.ts";
import { authenticateSealedHeader, type DecodedHeader } from "../crypto/sealed-header.ts";
import { vaultCorrupt } from "./data-directory.ts";
import { keyFileCorrupt, readKeyFile } from "./vault-file.ts";

/** Throws CodecError `vault_corrupt`: with a key file nobody can mistype anything. */
export function openByKeyFile(dataDir: string, header: DecodedHeader): Uint8Array {
  const keyFile = readKeyFile(dataDir);
  try {
    return authenticated(header, openWithKey(header.slots, "key-file", keyFile));
  } catch (error) {
    if (error instanceof CryptoError) throw keyFileCorrupt("does not fit its header");
    throw error;
  } finally {
    wipeBytes(keyFile);
  }
}

/** Takes about 0.2 s. Throws CryptoError for a wrong passphrase. */
export async function openByPassphrase(header: DecodedHeader, passphrase: string): Promise<Uint8Array> {
  return authenticated(header, await openWithPassword(header.slots, passphrase));
}

/** Throws CryptoError for a wrong recovery key. */
export function openByRecoveryKey(header: DecodedHeader, recoveryKey: Uint8Array): Uint8Array {
  const secret = recoverySecret(recoveryKey);
  try {
    return authenticated(header, openWithKey(header.slots, "recovery", secret));
  } finally {
    wipeBytes(secret);
  }
}

export function sealRecoverySlot(vaultKey: Uint8Array, recoveryKey: Uint8Array): KeySlot {
  const secret = recoverySecret(recoveryKey);
  const slot = sealWithKey("recovery", vaultKey, secret);
  wipeBytes(secret);
  return slot;
}

export function hasPassphrase(slots: readonly KeySlot[]): boolean {
  return slots.some((slot) => slot.type === "password");
}

/** Throws ValidationError `passphrase_too_short` or `passphrase_too_long`. */
export function checkPassphrase(passphrase: string): void {
  if (Array.from(passphrase).length < VAULT_LIMITS.passphraseMinCharacters) {
    const least = VAULT_LIMITS.passphraseMinCharacters;
    throw new ValidationError("passphrase_too_short", `A passphrase needs at least ${least} characters.`, {
      hint: "Use several words that nobody would guess together.",
    });
  }
  if (utf8Encode(passphrase).length > VAULT_LIMITS.passphraseBytes) {
    throw new ValidationError("passphrase_too_long", "This passphrase is too long.", { hint: "Use a shorter one." });
  }
}

// A key of its own, so that slots of other rooms, which hold other derived keys, never open the vault.
function recoverySecret(recoveryKey: Uint8Array): Uint8Array {
  return deriveKey(recoveryKey, "vault/v1");
}

// The slot has opened, so the key is right and the header around it is not.
function authenticated(header: DecodedHeader, vaultKey: Uint8Array): Uint8Array {
  try {
    authenticateSealedHeader(header, vaultKey);
    return vaultKey;
  } catch (cause) {
    wipeBytes(vaultKey);
    if (header.purpose === "vault") throw vaultCorrupt("its header (vault.json) was altered.", { cause });
    throw cause;
  }
}
