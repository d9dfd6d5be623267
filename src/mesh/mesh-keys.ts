/**
 * Every key by which an owner's things in the mesh are signed, found and opened, from one secret that the recovery key gives.
 *
 *   mesh secret ─┬─ "mesh/owner/v1" ──────────────> owner signing key        Ed25519: nodes know the owner by it
 *                ├─ "mesh/catalogue-signing/v1" ──> catalogue signing key    Ed25519: names the `owner` record
 *                └─ "mesh/catalogue-sealing/v1" ──> catalogue sealing key
 *                       └─ "mesh/catalogue-manifest/v1/" + number of a period ──> manifest key of the catalogue (`keeper/catalogue-care.ts`)
 *
 *   manifest key ── "mesh/care/v1" ──> care key ─┬─ "mesh/care-signing/v1" ──> care signing key   Ed25519: names the `places` record
 *   random, of each object                       └─ "mesh/care-sealing/v1" ──> care sealing key
 *
 *   node key ── "mesh/ledger/v1" ──> ledger signing key              Ed25519: of the owner's ledger on this machine
 *
 * The catalogue has a signing key of its own, so that nodes that keep fragments of an owner cannot look up her record. A
 * care key finds, opens and signs anew where one object lies, and reads nothing of it: objects are sealed by other keys.
 * Specified in NEP-25.
 */
import { wipeBytes } from "../core/bytes.ts";
import { randomBytes } from "../core/random.ts";
import { deriveKey } from "../crypto/key-derivation.ts";
import { ed25519, type SignatureKeyPair } from "../crypto/signing.ts";

/** A key that signs a record, and the one that seals what stands in it and below it. */
export interface RecordKeys {
  /** Ed25519. */
  readonly signing: SignatureKeyPair;
  /** 32 bytes, AES-256-GCM. */
  readonly sealing: Uint8Array;
}

export interface MeshKeys {
  /** Ed25519; its public key is the OwnerId. */
  readonly owner: SignatureKeyPair;
  readonly catalogue: RecordKeys;
}

const KEY_BYTES = 32;

/** All keys of the owner with this secret of 32 bytes. */
export function deriveMeshKeys(meshSecret: Uint8Array): MeshKeys {
  return {
    owner: deriveSigningKey(meshSecret, "mesh/owner/v1"),
    catalogue: {
      signing: deriveSigningKey(meshSecret, "mesh/catalogue-signing/v1"),
      sealing: deriveKey(meshSecret, "mesh/catalogue-sealing/v1"),
    },
  };
}

/** 32 random bytes, for one object. */
export function createManifestKey(): Uint8Array {
  return randomBytes(KEY_BYTES);
}

/** 32 bytes: what carers of the object get. It leads back to no manifest key. */
export function careKeyOf(manifestKey: Uint8Array): Uint8Array {
  return deriveKey(manifestKey, "mesh/care/v1");
}

/** What finds, opens and signs the places of the object with this care key of 32 bytes. */
export function deriveCareKeys(careKey: Uint8Array): RecordKeys {
  return {
    signing: deriveSigningKey(careKey, "mesh/care-signing/v1"),
    sealing: deriveKey(careKey, "mesh/care-sealing/v1"),
  };
}

/**
 * Signs the ledger of what an app says in its owner's name. It is the machine's, not the owner's: an account that came back by its recovery key
 * begins a new ledger, which under one key would be a second history.
 */
export function ledgerKeyOf(nodeKey: SignatureKeyPair): SignatureKeyPair {
  return deriveSigningKey(nodeKey.secretKey, "mesh/ledger/v1");
}

/** Overwrites the secrets; what is left signs and opens nothing of theirs. */
export function wipeMeshKeys({ owner, catalogue }: MeshKeys): void {
  wipeBytes(owner.secretKey);
  wipeRecordKeys(catalogue);
}

/** As `wipeMeshKeys`, of an object that is not kept any more, or whose keys are not needed now. */
export function wipeRecordKeys({ signing, sealing }: RecordKeys): void {
  wipeBytes(signing.secretKey, sealing);
}

function deriveSigningKey(master: Uint8Array, label: string): SignatureKeyPair {
  const seed = deriveKey(master, label);
  const pair = ed25519.createKeyPair(seed);
  wipeBytes(seed);
  return pair;
}
