/**
 * Who the vault belongs to. One random recovery key is the root:
 *
 *   recovery key 32 -+- 24 words -> NIP-06 -> Nostr secret key 32   (or an imported one in its place)
 *                    +- identity/x-wing/v1 -> X-Wing seed 32        hybrid encryption
 *                    +- identity/ml-dsa/v1 -> ML-DSA-65 seed 32     the second signature of cards
 *
 * The root row keeps what cannot be derived, sealed once more as bytes inside its row:
 *
 *   sealed root   nonce 12 | recovery key 32, Nostr secret key 32 | tag 16
 *
 * so that no key ever becomes a JavaScript string, which nobody can overwrite.
 */

import { concatBytes, fromBase64Url, toBase64Url, toHex, wipeBytes } from "../core/bytes.ts";
import { CryptoError, ValidationError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { openBytes, sealBytes } from "../crypto/aead.ts";
import { createHybridKeyPair, type HybridKeyPair } from "../crypto/hybrid-kem.ts";
import { deriveKey } from "../crypto/key-derivation.ts";
import { RECOVERY_KEY_BYTES, recoveryKeyToWords } from "../crypto/recovery-key.ts";
import { mlDsa65, type SignatureKeyPair } from "../crypto/signing.ts";
import { encodeNpub, fingerprint, publicKeyOf, secretKeyFromWords } from "../nostr/keys.ts";

export interface Device {
  readonly id: string;
  readonly name: string;
  readonly addedAt: string;
}

/** The live keys of an unlocked vault: `lock` overwrites them, so use them where they are and keep no copy. */
export interface Identity {
  readonly npub: string;
  /** 32 bytes as hex. */
  readonly publicKey: string;
  /** 32 bytes. */
  readonly nostrSecretKey: Uint8Array;
  readonly hybrid: HybridKeyPair;
  /** ML-DSA-65, which a quantum computer cannot forge. */
  readonly signing: SignatureKeyPair;
  readonly fingerprint: string;
  readonly devices: readonly Device[];
}

export interface RootSecrets {
  readonly recoveryKey: Uint8Array;
  readonly nostrSecretKey: Uint8Array;
  readonly devices: readonly Device[];
}

/** The root as a value of the meta table. */
export interface SealedRoot {
  readonly sealed: string;
  readonly devices: readonly Device[];
}

const NOSTR_KEY_BYTES = 32;
const DEVICE_ID_BYTES = 8;
const EMPTY = new Uint8Array(0);

/** The root of a new identity, or of an old one that its recovery key brings back. Takes over the key. */
export function createRoot(recoveryKey: Uint8Array, nowMs: number): RootSecrets {
  const device = {
    id: toHex(randomBytes(DEVICE_ID_BYTES)),
    name: "This device",
    addedAt: new Date(nowMs).toISOString(),
  };
  // The words are an unavoidable string here, once in the life of an identity.
  const nostrSecretKey = secretKeyFromWords(recoveryKeyToWords(recoveryKey));
  return { recoveryKey, nostrSecretKey, devices: [device] };
}

/** The same root with another Nostr key, which it copies. Throws ValidationError `bad_secret_key`. */
export function withNostrKey(root: RootSecrets, nostrSecretKey: Uint8Array): RootSecrets {
  try {
    publicKeyOf(nostrSecretKey);
  } catch {
    throw new ValidationError("bad_secret_key", "This is not a usable secret key.", {
      hint: "Give an nsec, an ncryptsec or 64 hexadecimal characters.",
    });
  }
  return { ...root, nostrSecretKey: nostrSecretKey.slice() };
}

export function identityOf(root: RootSecrets): Identity {
  const publicKey = publicKeyOf(root.nostrSecretKey);
  const hybridSeed = deriveKey(root.recoveryKey, "identity/x-wing/v1");
  const signingSeed = deriveKey(root.recoveryKey, "identity/ml-dsa/v1");
  const hybrid = createHybridKeyPair(hybridSeed);
  const signing = mlDsa65.createKeyPair(signingSeed);
  wipeBytes(hybridSeed, signingSeed);
  const { nostrSecretKey, devices } = root;
  return {
    npub: encodeNpub(publicKey),
    publicKey,
    nostrSecretKey,
    hybrid,
    signing,
    fingerprint: fingerprint(publicKey),
    devices,
  };
}

export function sealRoot(root: RootSecrets, rootKey: Uint8Array): SealedRoot {
  const secrets = concatBytes(root.recoveryKey, root.nostrSecretKey);
  const sealed = toBase64Url(sealBytes(rootKey, secrets, EMPTY));
  wipeBytes(secrets);
  return { sealed, devices: root.devices };
}

/** Throws CryptoError. */
export function openRoot(row: SealedRoot, rootKey: Uint8Array): RootSecrets {
  const secrets = openBytes(rootKey, fromBase64Url(row.sealed), EMPTY);
  if (secrets.length !== RECOVERY_KEY_BYTES + NOSTR_KEY_BYTES) throw new CryptoError();
  const recoveryKey = secrets.slice(0, RECOVERY_KEY_BYTES);
  const nostrSecretKey = secrets.slice(RECOVERY_KEY_BYTES);
  wipeBytes(secrets);
  return { recoveryKey, nostrSecretKey, devices: row.devices };
}

/** Overwrites what was derived from the root; the Nostr key is the root's. */
export function wipeIdentity({ hybrid, signing }: Identity): void {
  wipeBytes(hybrid.secretKey, signing.secretKey);
}

export function wipeRoot(root: RootSecrets): void {
  wipeBytes(root.recoveryKey, root.nostrSecretKey);
}
