/**
 * Looks for a nonce that was used twice: over all versions of all sealed files that were ever seen on a disk, no key and
 * nonce may stand before two different ciphertexts.
 */
import { concatBytes, toHex } from "../../src/core/bytes.ts";
import { openWithKey } from "../../src/crypto/key-slots.ts";
import { FILE_PAYLOAD_CONTEXT } from "../../src/crypto/link-key.ts";
import {
  derivePayloadKeys,
  PAYLOAD_HEADER_BYTES,
  payloadChunkNonce,
  SEALED_CHUNK_BYTES,
} from "../../src/crypto/payload.ts";
import { deriveKey } from "../../src/crypto/key-derivation.ts";
import { decodeSealedHeader } from "../../src/crypto/sealed-header.ts";

export interface SealedChunk {
  readonly aeadKey: Uint8Array;
  readonly nonce: Uint8Array;
  /** As far as it was written. */
  readonly sealed: Uint8Array;
}

/** The chunks of a sealed file or of the beginning of one; none while not even its headers are there. */
export async function chunksOf(file: Uint8Array, filesSecret: Uint8Array): Promise<SealedChunk[]> {
  if (file.length < 256) return [];
  const { encoded, slots, suite } = decodeSealedHeader(file);
  const fileKey = openWithKey(slots, "recovery", filesSecret);
  const payloadKey = suite === "noctis-256" ? deriveKey(fileKey, "noctis-256/outer/v1") : fileKey;
  const payload = file.subarray(encoded.length);
  const header = payload.subarray(0, PAYLOAD_HEADER_BYTES);
  if (header.length < PAYLOAD_HEADER_BYTES) return [];
  const { aeadKey, baseNonce } = derivePayloadKeys(payloadKey, FILE_PAYLOAD_CONTEXT, header);
  const chunks: SealedChunk[] = [];
  for (let at = PAYLOAD_HEADER_BYTES; at < payload.length; at += SEALED_CHUNK_BYTES) {
    const nonce = payloadChunkNonce(baseNonce, chunks.length);
    chunks.push({ aeadKey, nonce, sealed: payload.slice(at, at + SEALED_CHUNK_BYTES) });
  }
  return chunks;
}

/** All that was sealed under each key and nonce. */
export class NonceWatch {
  readonly #seen = new Map<string, Uint8Array>();
  /** How often two different ciphertexts stood under one key and nonce. */
  reused = 0;

  get size(): number {
    return this.#seen.size;
  }

  add(chunks: readonly SealedChunk[]): void {
    for (const { aeadKey, nonce, sealed } of chunks) {
      const name = toHex(concatBytes(aeadKey, nonce));
      const before = this.#seen.get(name) ?? new Uint8Array(0);
      const common = Math.min(before.length, sealed.length);
      // A torn write is the beginning of a whole one, and zeros where none came yet.
      if (!Buffer.from(before.subarray(0, common)).equals(sealed.subarray(0, common)) && !isTorn(before, sealed)) {
        this.reused += 1;
      }
      if (sealed.length >= before.length) this.#seen.set(name, sealed);
    }
  }
}

function isTorn(before: Uint8Array, after: Uint8Array): boolean {
  const tail = before.findLastIndex((byte) => byte !== 0) + 1;
  return Buffer.from(before.subarray(0, tail)).equals(after.subarray(0, tail));
}
