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

import { concatBytes, equalBytes, fromBase64Url, toBase64Url, toHex, wipeBytes } from "../core/bytes.ts";
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

/** Whose device this is, where it was linked to an account whose root lies on another machine. All public. */
export interface LinkedAccount {
  /** Hex, 32 bytes: the account's key, and that of its main device. */
  readonly publicKey: string;
  /** base64url: the keys of the account's card, X-Wing and ML-DSA-65. */
  readonly hybridPublicKey: string;
  readonly signatureKey: string;
}

/**
 * The live keys of an unlocked vault: `lock` overwrites them, so use them where they are and keep no copy. On the main
 * device account and device are the same key; a linked device speaks for an account whose secret keys it does not hold.
 */
export interface Identity {
  readonly npub: string;
  /** Of the account: 32 bytes as hex. */
  readonly publicKey: string;
  /** Of this device: 32 bytes as hex. What is for this device alone is addressed to it. */
  readonly device: string;
  /** Of this device, 32 bytes. */
  readonly nostrSecretKey: Uint8Array;
  /** Of this device. */
  readonly hybrid: HybridKeyPair;
  /** ML-DSA-65, which a quantum computer cannot forge; of this device. */
  readonly signing: SignatureKeyPair;
  /** Of the account. */
  readonly fingerprint: string;
  readonly devices: readonly Device[];
  /** Null on the main device. */
  readonly account: LinkedAccount | null;
}

export interface RootSecrets {
  readonly recoveryKey: Uint8Array;
  readonly nostrSecretKey: Uint8Array;
  readonly devices: readonly Device[];
  readonly account: LinkedAccount | null;
}

/** The root as a value of the meta table. */
export interface SealedRoot {
  readonly sealed: string;
  readonly devices: readonly Device[];
  /** Absent in rows of the version before there were linked devices. */
  readonly account?: LinkedAccount | null;
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
  return { recoveryKey, nostrSecretKey, devices: [device], account: null };
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

/** True if the Nostr key does not come from the recovery key; takes about 60 ms. */
export function isImported({ recoveryKey, nostrSecretKey }: RootSecrets): boolean {
  const derived = secretKeyFromWords(recoveryKeyToWords(recoveryKey));
  const isDerived = equalBytes(derived, nostrSecretKey);
  wipeBytes(derived);
  return !isDerived;
}

/** The keys that the account's card names, base64url: what safety numbers are made of. */
export function cardKeysOf({ publicKey, hybrid, signing, account }: Identity): LinkedAccount {
  if (account) return account;
  return {
    publicKey,
    hybridPublicKey: toBase64Url(hybrid.publicKey),
    signatureKey: toBase64Url(signing.publicKey),
  };
}

export function identityOf(root: RootSecrets): Identity {
  const device = publicKeyOf(root.nostrSecretKey);
  const publicKey = root.account?.publicKey ?? device;
  const hybridSeed = deriveKey(root.recoveryKey, "identity/x-wing/v1");
  const signingSeed = deriveKey(root.recoveryKey, "identity/ml-dsa/v1");
  const hybrid = createHybridKeyPair(hybridSeed);
  const signing = mlDsa65.createKeyPair(signingSeed);
  wipeBytes(hybridSeed, signingSeed);
  const { nostrSecretKey, devices, account } = root;
  return {
    npub: encodeNpub(publicKey),
    publicKey,
    device,
    nostrSecretKey,
    hybrid,
    signing,
    fingerprint: fingerprint(publicKey),
    devices,
    account,
  };
}

export function sealRoot(root: RootSecrets, rootKey: Uint8Array): SealedRoot {
  const secrets = concatBytes(root.recoveryKey, root.nostrSecretKey);
  const sealed = toBase64Url(sealBytes(rootKey, secrets, EMPTY));
  wipeBytes(secrets);
  return { sealed, devices: root.devices, account: root.account };
}

/** Throws CryptoError. */
export function openRoot(row: SealedRoot, rootKey: Uint8Array): RootSecrets {
  const secrets = openBytes(rootKey, fromBase64Url(row.sealed), EMPTY);
  if (secrets.length !== RECOVERY_KEY_BYTES + NOSTR_KEY_BYTES) throw new CryptoError();
  const recoveryKey = secrets.slice(0, RECOVERY_KEY_BYTES);
  const nostrSecretKey = secrets.slice(RECOVERY_KEY_BYTES);
  wipeBytes(secrets);
  return { recoveryKey, nostrSecretKey, devices: row.devices, account: row.account ?? null };
}

/** Overwrites what was derived from the root; the Nostr key is the root's. */
export function wipeIdentity({ hybrid, signing }: Identity): void {
  wipeBytes(hybrid.secretKey, signing.secretKey);
}

export function wipeRoot(root: RootSecrets): void {
  wipeBytes(root.recoveryKey, root.nostrSecretKey);
}
