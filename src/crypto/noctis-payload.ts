/**
 * Contents of any size under suite noctis-256: a cascade of Noctis-256 inside AES-256-GCM.
 *
 *   plaintext ── Noctis stream under key A ──> Cobblestone-256 payload under key B ──> sealed bytes
 *
 *   key A = deriveKey(key, "noctis-256/inner/v1", 64)   key B = deriveKey(key, "noctis-256/outer/v1")
 *   Noctis stream = prefix 16 | chunk 0: 65,536 + MAC 32 | ... | last chunk: 0..65,535 + MAC 32
 *   nonce of chunk n = prefix 16 | n as 8 bytes, big-endian
 *
 * Noctis-256 is experimental and unaudited. The keys are independent, so whoever breaks one cipher still faces
 * the other: the cascade is at least as strong as AES-256-GCM alone. Speed is that of Noctis-256.
 */

import { concatBytes } from "../core/bytes.ts";
import { CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { type ByteTransform, type ChunkCipher, ChunkedOpener } from "./chunked-stream.ts";
import { deriveKey } from "./key-derivation.ts";
import {
  expandNoctisKey,
  NOCTIS_KEY_BYTES,
  NOCTIS_MAC_BYTES,
  NOCTIS_NONCE_BYTES,
  openNoctisInto,
  sealNoctisInto,
} from "./noctis256.ts";
import { PayloadOpener, sealedPayloadBytes } from "./payload.ts";

export const NOCTIS_CHUNK_BYTES = 65_536;

const PREFIX_BYTES = 16;
const INNER_LABEL = "noctis-256/inner/v1";
const OUTER_LABEL = "noctis-256/outer/v1";

export interface NoctisPayloadKeys {
  /** 32 bytes; of the payload around. */
  readonly outerKey: Uint8Array;
  /** 64 bytes; of the Noctis stream. */
  readonly innerKey: Uint8Array;
  /** 16 bytes; the Noctis stream begins with them. */
  readonly prefix: Uint8Array;
}

/** As `PayloadOpener`: takes the whole sealed stream, header included; throws CryptoError in the same cases. */
export class NoctisPayloadOpener implements ByteTransform {
  readonly #outer: PayloadOpener;
  readonly #key: Uint8Array;
  #prefix: Uint8Array = new Uint8Array(0);
  #inner: ChunkedOpener | null = null;

  constructor(key: Uint8Array, context: Uint8Array) {
    this.#outer = new PayloadOpener(deriveKey(key, OUTER_LABEL), context);
    this.#key = key.slice();
  }

  update(data: Uint8Array): Uint8Array {
    return this.#open(this.#outer.update(data));
  }

  finish(): Uint8Array {
    const last = this.#open(this.#outer.finish());
    if (!this.#inner) throw new CryptoError();
    return concatBytes(last, this.#inner.finish());
  }

  #open(stream: Uint8Array): Uint8Array {
    if (this.#inner) return this.#inner.update(stream);
    const missing = PREFIX_BYTES - this.#prefix.length;
    this.#prefix = concatBytes(this.#prefix, stream.subarray(0, missing));
    if (this.#prefix.length < PREFIX_BYTES) return new Uint8Array(0);
    this.#inner = new ChunkedOpener(noctisCipher(innerKeyOf(this.#key), this.#prefix));
    return this.#inner.update(stream.subarray(missing));
  }
}

/** Bytes of the whole sealed payload, header included, for so many bytes of plaintext. */
export function sealedNoctisPayloadBytes(plainBytes: number): number {
  const chunks = Math.floor(plainBytes / NOCTIS_CHUNK_BYTES) + 1;
  return sealedPayloadBytes(PREFIX_BYTES + plainBytes + chunks * NOCTIS_MAC_BYTES);
}

/** Plaintext of the whole chunks in so many first bytes of the Noctis stream. */
export function wholeNoctisChunks(streamBytes: number): number {
  const chunks = Math.floor(Math.max(0, streamBytes - PREFIX_BYTES) / (NOCTIS_CHUNK_BYTES + NOCTIS_MAC_BYTES));
  return chunks * NOCTIS_CHUNK_BYTES;
}

/** A new payload under a 32-byte key, for writers that seal chunks on their own. */
export function beginNoctisPayload(key: Uint8Array): NoctisPayloadKeys {
  return { outerKey: deriveKey(key, OUTER_LABEL), innerKey: innerKeyOf(key), prefix: randomBytes(PREFIX_BYTES) };
}

function innerKeyOf(key: Uint8Array): Uint8Array {
  return deriveKey(key, INNER_LABEL, NOCTIS_KEY_BYTES);
}

/** What seals and opens the single chunks of the Noctis stream, under its 64-byte key. */
export function noctisCipher(innerKey: Uint8Array, prefix: Uint8Array): ChunkCipher {
  const schedule = expandNoctisKey(innerKey);
  return {
    chunkBytes: NOCTIS_CHUNK_BYTES,
    overheadBytes: NOCTIS_MAC_BYTES,
    sealInto: (output, index, chunk) => sealNoctisInto(output, schedule, chunkNonce(prefix, index), chunk),
    openInto: (output, index, sealed) => openNoctisInto(output, schedule, chunkNonce(prefix, index), sealed),
  };
}

function chunkNonce(prefix: Uint8Array, index: number): Uint8Array {
  const nonce = new Uint8Array(NOCTIS_NONCE_BYTES);
  nonce.set(prefix);
  new DataView(nonce.buffer).setBigUint64(PREFIX_BYTES, BigInt(index));
  return nonce;
}
