/** The opener of the download page against the sealers of src/crypto, and against everything that cuts or changes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NoctisPayloadSealer } from "../../../test/support/noctis-sealer.ts";
import fc from "fast-check";
import { concatBytes } from "../../../src/core/bytes.ts";
import { CryptoError } from "../../../src/core/errors.ts";
import { DOWNLOAD_LIMITS } from "../../../src/core/limits.ts";
import { randomBytes } from "../../../src/core/random.ts";
import { FILE_PAYLOAD_CONTEXT } from "../../../src/crypto/link-key.ts";
import type { LinkManifest } from "../../../src/crypto/link-manifest.ts";
import { PAYLOAD_CHUNK_BYTES, PAYLOAD_HEADER_BYTES, PayloadSealer } from "../../../src/crypto/payload.ts";
import { openContent } from "./content-opener.ts";

const BLOCK = PAYLOAD_CHUNK_BYTES * DOWNLOAD_LIMITS.blockChunks;
const SEALED_CHUNK = PAYLOAD_CHUNK_BYTES + 16;
const LENGTHS = [0, 1, PAYLOAD_CHUNK_BYTES - 1, PAYLOAD_CHUNK_BYTES, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK];

interface Sealed {
  readonly manifest: Pick<LinkManifest, "bytes" | "suite" | "fileKey">;
  readonly plain: Uint8Array;
  readonly content: Uint8Array;
}

function seal(bytes: number, suite: LinkManifest["suite"]): Sealed {
  const manifest = { name: "file", bytes, suite, fileKey: randomBytes(32) };
  const Sealer = suite === "noctis-256" ? NoctisPayloadSealer : PayloadSealer;
  const sealer = new Sealer(manifest.fileKey, FILE_PAYLOAD_CONTEXT);
  const plain = randomBytes(bytes);
  return { manifest, plain, content: concatBytes(sealer.header, sealer.update(plain), sealer.finish()) };
}

async function* pieces(content: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < content.length; start += size) yield content.subarray(start, start + size);
}

async function open(content: Uint8Array, manifest: Sealed["manifest"], size = 65_536): Promise<Uint8Array> {
  return concatBytes(...(await Array.fromAsync(openContent(pieces(content, size), manifest))));
}

test("opens what src/crypto seals, at every edge of chunk and block", async () => {
  for (const suite of ["aes-256-gcm", "noctis-256"] as const) {
    for (const bytes of LENGTHS) {
      const { manifest, plain, content } = seal(bytes, suite);
      assert.deepEqual(await open(content, manifest), plain, `${suite} ${bytes}`);
    }
  }
});

test("opens pieces of any size", async () => {
  const { manifest, plain, content } = seal(100_000, "aes-256-gcm");
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: content.length }), async (size) => {
      assert.deepEqual(await open(content, manifest, size), plain);
    }),
    { numRuns: 30 },
  );
});

test("without Web Crypto the same bytes come out", async (t) => {
  const { manifest, plain, content } = seal(BLOCK + 5, "aes-256-gcm");
  t.mock.getter(globalThis.crypto, "subtle", () => undefined as unknown as SubtleCrypto);
  assert.deepEqual(await open(content, manifest), plain);
});

test("a cut anywhere is refused, between two chunks or two blocks too", async () => {
  const { manifest, content } = seal(2 * BLOCK, "aes-256-gcm");
  const cuts = [0, 1, PAYLOAD_HEADER_BYTES, PAYLOAD_HEADER_BYTES + 1, content.length - 1];
  for (const chunks of [
    1,
    2,
    DOWNLOAD_LIMITS.blockChunks,
    DOWNLOAD_LIMITS.blockChunks + 1,
    2 * DOWNLOAD_LIMITS.blockChunks,
  ]) {
    cuts.push(PAYLOAD_HEADER_BYTES + chunks * SEALED_CHUNK);
  }
  for (const cut of cuts) await assert.rejects(open(content.subarray(0, cut), manifest), CryptoError, `cut at ${cut}`);
});

test("a changed, swapped, doubled or added chunk is refused before one byte of it comes out", async () => {
  const { manifest, plain, content } = seal(3 * BLOCK, "aes-256-gcm");
  const block = DOWNLOAD_LIMITS.blockChunks * SEALED_CHUNK;
  const at = (index: number): number => PAYLOAD_HEADER_BYTES + index * block;
  const first = content.subarray(at(0), at(1));
  const second = content.subarray(at(1), at(2));
  const head = content.subarray(0, at(0));
  const changed = content.slice();
  changed[at(1) + 5] = (changed[at(1) + 5] as number) ^ 1;
  const forgeries = [
    changed,
    concatBytes(head, first, first, content.subarray(at(2))),
    concatBytes(head, first, content.subarray(at(2), at(3)), second, content.subarray(at(3))),
    concatBytes(content, new Uint8Array(20)),
  ];
  for (const forgery of forgeries) {
    const out: Uint8Array[] = [];
    await assert.rejects(async () => {
      for await (const bytes of openContent(pieces(forgery, 65_536), manifest)) out.push(bytes);
    }, CryptoError);
    const released = concatBytes(...out);
    assert.deepEqual(released, plain.subarray(0, released.length));
  }
});

test("another key or another header is refused", async () => {
  const { manifest, content } = seal(1_000, "aes-256-gcm");
  await assert.rejects(open(content, { ...manifest, fileKey: randomBytes(32) }), CryptoError);
  await assert.rejects(open(concatBytes(randomBytes(24), content.subarray(24)), manifest), CryptoError);
});
