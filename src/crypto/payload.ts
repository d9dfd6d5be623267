/**
 * Contents of any size under one key: C2SP chunked-encryption, instance Cobblestone-256
 * (https://c2sp.org/chunked-encryption): HKDF-Expand-SHA-512 and AES-256-GCM.
 *
 *   salt 24 | commitment 32 | chunk 0: 16,384 + tag 16 | ... | last chunk: 0..16,383 + tag 16
 *
 * The salt is random for each payload, so one key may seal many. The commitment fixes the key: no payload opens
 * under two of them. Overhead is 56 bytes and 0.1 %; plaintext byte i lies in chunk floor(i / 16,384).
 */

import { concatBytes, equalBytes, utf8Encode } from "../core/bytes.ts";
import { CodecError, CryptoError, InternalError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { type ByteTransform, type ChunkCipher, ChunkedOpener, ChunkedSealer } from "./chunked-stream.ts";
import { hkdfExpand } from "./key-derivation.ts";
import { aesGcmKey } from "./provider.ts";

export const PAYLOAD_CHUNK_BYTES = 16_384;
export const PAYLOAD_HEADER_BYTES = 56;
export const PAYLOAD_TAG_BYTES = 16;
/** A whole chunk with its tag. */
export const SEALED_CHUNK_BYTES: number = PAYLOAD_CHUNK_BYTES + PAYLOAD_TAG_BYTES;

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const SALT_BYTES = 24;
const COMMITMENT_BYTES = 32;
const MAX_CHUNKS = 2 ** 38;
const LABEL: Uint8Array = utf8Encode("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0");
const EMPTY: Uint8Array = new Uint8Array(0);

export interface PayloadKeys {
  /** 32 bytes. */
  readonly aeadKey: Uint8Array;
  /** 12 bytes. */
  readonly baseNonce: Uint8Array;
}

/**
 * Seals a stream under a 32-byte key. The context says what the content is, such as "file/v1", and is
 * authenticated without being contained. Write `header` first, then what `update` and `finish` return.
 */
export class PayloadSealer implements ByteTransform {
  readonly header: Uint8Array;
  readonly #chunks: ChunkedSealer;

  constructor(key: Uint8Array, context: Uint8Array) {
    const { header, keys } = beginPayload(key, context);
    this.header = header;
    this.#chunks = new ChunkedSealer(payloadCipher(keys));
  }

  update(data: Uint8Array): Uint8Array {
    return this.#chunks.update(data);
  }

  finish(): Uint8Array {
    return this.#chunks.finish();
  }
}

/**
 * Opens a sealed stream, header included. `update` and `finish` throw CryptoError for a wrong key or context and
 * for every change, cut, swap or appendix; what `update` returned before that is authentic, but not complete:
 * only a `finish` that returns says that nothing is missing.
 */
export class PayloadOpener implements ByteTransform {
  readonly #key: Uint8Array;
  readonly #context: Uint8Array;
  #header: Uint8Array = EMPTY;
  #chunks: ChunkedOpener | null = null;
  #cutShort = false;

  constructor(key: Uint8Array, context: Uint8Array) {
    // Copies, because the header comes later and callers wipe their keys.
    this.#key = key.slice();
    this.#context = context.slice();
  }

  update(data: Uint8Array): Uint8Array {
    if (this.#chunks) return this.#chunks.update(data);
    if (this.#cutShort) throw new CryptoError();
    const missing = PAYLOAD_HEADER_BYTES - this.#header.length;
    this.#header = concatBytes(this.#header, data.subarray(0, missing));
    if (this.#header.length < PAYLOAD_HEADER_BYTES) return EMPTY;
    const keys = derivePayloadKeys(this.#key, this.#context, this.#header);
    this.#chunks = new ChunkedOpener(payloadCipher(keys));
    return this.#chunks.update(data.subarray(missing));
  }

  finish(): Uint8Array {
    if (this.#chunks) return this.#chunks.finish();
    this.#cutShort = true;
    throw new CryptoError();
  }
}

/**
 * A new payload under a 32-byte key: its 56-byte header, which goes first, and its keys, for writers that seal chunks on
 * their own.
 */
export function beginPayload(key: Uint8Array, context: Uint8Array): { header: Uint8Array; keys: PayloadKeys } {
  if (key.length !== KEY_BYTES) throw new InternalError("key_size", "A payload key has 32 bytes.");
  const salt = randomBytes(SALT_BYTES);
  const { commitment, ...keys } = deriveAll(key, context, salt);
  return { header: concatBytes(salt, commitment), keys };
}

/**
 * The keys of one payload from its 56-byte header, for readers that decrypt chunks on their own.
 * Throws CryptoError if key (32 bytes), context or header do not belong together.
 */
export function derivePayloadKeys(key: Uint8Array, context: Uint8Array, header: Uint8Array): PayloadKeys {
  if (key.length !== KEY_BYTES || header.length !== PAYLOAD_HEADER_BYTES) throw new CryptoError();
  const { commitment, ...keys } = deriveAll(key, context, header.subarray(0, SALT_BYTES));
  if (!equalBytes(commitment, header.subarray(SALT_BYTES))) throw new CryptoError();
  return keys;
}

/**
 * The 12-byte nonce of chunk number `index`: the base nonce XOR the number, big-endian. The last chunk needs
 * nothing else: it is told by being short. Throws CodecError `payload_too_large` from 2^38 chunks (4 PiB) on.
 */
export function payloadChunkNonce(baseNonce: Uint8Array, index: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  nonceInto(nonce, baseNonce, index);
  return nonce;
}

function nonceInto(nonce: Uint8Array, baseNonce: Uint8Array, index: number): void {
  if (index >= MAX_CHUNKS) throw new CodecError("payload_too_large", "A sealed content cannot be longer than 4 PiB.");
  nonce.set(baseNonce);
  for (let at = NONCE_BYTES - 1, rest = index; rest > 0; at--, rest = Math.floor(rest / 256)) {
    nonce[at] = (nonce[at] as number) ^ (rest & 0xff);
  }
}

/** Bytes of the whole sealed payload, header included, for so many bytes of plaintext. */
export function sealedPayloadBytes(plainBytes: number): number {
  const chunks = Math.floor(plainBytes / PAYLOAD_CHUNK_BYTES) + 1;
  return PAYLOAD_HEADER_BYTES + plainBytes + chunks * PAYLOAD_TAG_BYTES;
}

function deriveAll(
  key: Uint8Array,
  context: Uint8Array,
  salt: Uint8Array,
): PayloadKeys & { readonly commitment: Uint8Array } {
  const info = concatBytes(LABEL, salt, context);
  const bytes = hkdfExpand("sha512", key, info, KEY_BYTES + NONCE_BYTES + COMMITMENT_BYTES);
  return {
    aeadKey: bytes.slice(0, KEY_BYTES),
    baseNonce: bytes.slice(KEY_BYTES, KEY_BYTES + NONCE_BYTES),
    commitment: bytes.slice(KEY_BYTES + NONCE_BYTES),
  };
}

/** What seals and opens the single chunks of a payload. */
export function payloadCipher({ aeadKey, baseNonce }: PayloadKeys): ChunkCipher {
  const key = aesGcmKey(aeadKey);
  const nonce = new Uint8Array(NONCE_BYTES); // the same memory for every chunk: nobody keeps it
  return {
    chunkBytes: PAYLOAD_CHUNK_BYTES,
    overheadBytes: PAYLOAD_TAG_BYTES,
    sealInto(output, index, chunk) {
      nonceInto(nonce, baseNonce, index);
      key.sealInto(output, nonce, chunk, EMPTY);
    },
    openInto(output, index, sealed) {
      nonceInto(nonce, baseNonce, index);
      key.openInto(output, nonce, sealed, EMPTY);
    },
  };
}
