/**
 * Decrypts a download as it arrives, in blocks of chunks, each released only after its authentication.
 *
 *     header 56 | block of 64 sealed chunks | block | ... | last, short  ->  Web Crypto, a block's chunks in parallel
 *
 * This is the format of src/crypto/payload.ts. That code itself opens the suite noctis-256, and everything where a
 * browser offers no Web Crypto (pages that came over plain HTTP); it is several times slower.
 */
import { concatBytes } from "../../../src/core/bytes.ts";
import { CryptoError } from "../../../src/core/errors.ts";
import { DOWNLOAD_LIMITS } from "../../../src/core/limits.ts";
import type { ByteTransform } from "../../../src/crypto/chunked-stream.ts";
import { createContentOpener, FILE_PAYLOAD_CONTEXT } from "../../../src/crypto/link-key.ts";
import type { LinkManifest } from "../../../src/crypto/link-manifest.ts";
import {
  derivePayloadKeys,
  PAYLOAD_HEADER_BYTES,
  type PayloadKeys,
  payloadChunkNonce,
  SEALED_CHUNK_BYTES,
} from "../../../src/crypto/payload.ts";

type Bytes = AsyncGenerator<Uint8Array<ArrayBuffer>>;

/** The plaintext of a link's content. Throws CryptoError at the first chunk that is not authentic, and for a cut. */
export function openContent(
  sealed: AsyncIterable<Uint8Array>,
  { suite, fileKey }: Pick<LinkManifest, "suite" | "fileKey">,
): Bytes {
  return suite === "aes-256-gcm" && globalThis.crypto.subtle !== undefined
    ? openWithWebCrypto(sealed, fileKey)
    : openWith(createContentOpener(suite, fileKey), sealed);
}

async function* openWith(opener: ByteTransform, sealed: AsyncIterable<Uint8Array>): Bytes {
  for await (const piece of sealed) yield* nonEmpty(opener.update(piece));
  yield* nonEmpty(opener.finish());
}

function nonEmpty(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
  return bytes.length > 0 ? [bytes as Uint8Array<ArrayBuffer>] : [];
}

async function* openWithWebCrypto(sealed: AsyncIterable<Uint8Array>, fileKey: Uint8Array): Bytes {
  const blockBytes = SEALED_CHUNK_BYTES * DOWNLOAD_LIMITS.blockChunks;
  let keys: PayloadKeys | null = null;
  let aesKey: CryptoKey | null = null;
  let index = 0;
  for await (const block of cut(sealed, PAYLOAD_HEADER_BYTES, blockBytes)) {
    if (!keys || !aesKey) {
      keys = derivePayloadKeys(fileKey, FILE_PAYLOAD_CONTEXT, block);
      aesKey = await importKey(keys.aeadKey);
      continue;
    }
    yield* nonEmpty(await openBlock(aesKey, keys.baseNonce, index, block));
    // Only the last chunk is short, and one must be: a block of whole chunks promises another block.
    if (block.length % SEALED_CHUNK_BYTES !== 0) return;
    index += block.length / SEALED_CHUNK_BYTES;
  }
  throw new CryptoError();
}

function importKey(bytes: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes as Uint8Array<ArrayBuffer>, "AES-GCM", false, ["decrypt"]);
}

/** Opens the chunks of one block, the first of which has the number `first`. All or nothing. */
async function openBlock(key: CryptoKey, baseNonce: Uint8Array, first: number, block: Uint8Array): Promise<Uint8Array> {
  const chunks: Promise<ArrayBuffer>[] = [];
  for (let start = 0; start < block.length; start += SEALED_CHUNK_BYTES) {
    const iv = payloadChunkNonce(baseNonce, first + chunks.length) as Uint8Array<ArrayBuffer>;
    const sealed = block.subarray(start, start + SEALED_CHUNK_BYTES) as Uint8Array<ArrayBuffer>;
    chunks.push(crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed));
  }
  const opened = await Promise.all(chunks).catch(() => {
    throw new CryptoError();
  });
  return concatBytes(...opened.map((chunk) => new Uint8Array(chunk)));
}

/** The stream in pieces of exactly `first`, then `size` bytes each; only the last may be shorter. */
export async function* cut(source: AsyncIterable<Uint8Array>, first: number, size: number): Bytes {
  let piece = new Uint8Array(first);
  let filled = 0;
  for await (const bytes of source) {
    for (let taken = 0; taken < bytes.length; ) {
      const part = bytes.subarray(taken, taken + piece.length - filled);
      piece.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled < piece.length) break;
      yield piece;
      piece = new Uint8Array(size);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}
