import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, equalBytes, utf8Encode } from "../core/bytes.ts";
import { CryptoError, NocturneError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { openWithKey, sealWithKey } from "../crypto/key-slots.ts";
import { PAYLOAD_CHUNK_BYTES, PAYLOAD_HEADER_BYTES, PAYLOAD_TAG_BYTES, PayloadOpener } from "../crypto/payload.ts";
import { encodeSealedHeader, type SealedSuite } from "../crypto/sealed-header.ts";
import { openContent, openHeader } from "./sealed-file.ts";
import { inPieces, sealedFile } from "./testing.ts";

const SUITES: readonly SealedSuite[] = ["aes-256-gcm", "noctis-256"];
const SECRET = randomBytes(32);
const SEALED_CHUNK = PAYLOAD_CHUNK_BYTES + PAYLOAD_TAG_BYTES;

function seal(plain: Uint8Array, suite: SealedSuite, pieceBytes = 50_000): Promise<Uint8Array> {
  const fileKey = randomBytes(32);
  const slots = [sealWithKey("recovery", fileKey, SECRET)];
  return sealedFile(inPieces(plain, pieceBytes), { fileKey, suite, slots });
}

/** What comes out of a sealed file before it ends or fails, and the failure. */
async function open(
  sealed: Uint8Array,
  secret = SECRET,
  pieceBytes = 50_000,
): Promise<{ plain: Uint8Array; failure: unknown }> {
  const pieces: Uint8Array[] = [];
  try {
    const { header, fileKey } = await openHeader(sealed, (slots) => openWithKey(slots, "recovery", secret));
    const payload = inPieces(sealed.subarray(header.encoded.length), pieceBytes);
    for await (const piece of openContent(payload, header.suite, fileKey)) pieces.push(piece);
    return { plain: concatBytes(...pieces), failure: null };
  } catch (failure) {
    return { plain: concatBytes(...pieces), failure };
  }
}

async function assertRefused(sealed: Uint8Array, plain: Uint8Array, what: string): Promise<void> {
  const { plain: seen, failure } = await open(sealed);
  assert.ok(failure instanceof NocturneError, `${what}: was accepted`);
  assert.ok(equalBytes(seen, plain.subarray(0, seen.length)), `${what}: wrong bytes came out`);
}

const SIZES = [0, 1, 16_383, 16_384, 16_385, 32_768, 65_535, 65_536, 65_537, 131_072, 200_000];

for (const suite of SUITES) {
  test(`${suite}: files of every awkward size come back, however they are cut into pieces`, async () => {
    for (const size of SIZES) {
      const plain = randomBytes(size);
      for (const pieceBytes of [1_000, 16_384, 65_536, 1_000_000]) {
        const sealed = await seal(plain, suite, pieceBytes);
        const opened = await open(sealed, SECRET, 65_536 + 1_000 - (pieceBytes % 1_000));
        assert.equal(opened.failure, null);
        assert.deepEqual(opened.plain, plain);
      }
    }
  });

  test(`${suite}: a file cut at a chunk boundary or beside it, or made longer, is refused`, async () => {
    for (const size of [0, 1, 65_536, 100_000]) {
      const plain = randomBytes(size);
      const sealed = await seal(plain, suite);
      const headerBytes = (await openHeader(sealed, (slots) => openWithKey(slots, "recovery", SECRET))).header.encoded
        .length;
      const first = headerBytes + PAYLOAD_HEADER_BYTES;
      const cuts = new Set([0, 1, headerBytes - 1, headerBytes, first - 1, sealed.length - 1]);
      for (let at = first; at < sealed.length; at += SEALED_CHUNK) for (const near of [-1, 0, 1]) cuts.add(at + near);
      for (const cut of cuts) {
        if (cut < sealed.length)
          await assertRefused(sealed.subarray(0, cut), plain, `cut at ${cut} of ${sealed.length}`);
      }
      await assertRefused(concatBytes(sealed, Uint8Array.of(0)), plain, "one byte more");
      await assertRefused(concatBytes(sealed, sealed.subarray(first)), plain, "content twice");
    }
  });

  test(`${suite}: chunks that were moved, doubled, dropped or taken from another file are refused`, async () => {
    const plain = randomBytes(5 * 65_536);
    const sealed = await seal(plain, suite);
    const other = await seal(plain, suite);
    const first = sealed.length - SEALED_CHUNK * Math.floor((sealed.length - 300) / SEALED_CHUNK);
    const start = first % SEALED_CHUNK;
    const chunk = (from: Uint8Array, i: number): Uint8Array =>
      from.subarray(start + i * SEALED_CHUNK, start + (i + 1) * SEALED_CHUNK);
    const before = sealed.subarray(0, start);
    const after = sealed.subarray(start + 3 * SEALED_CHUNK);
    const [a, b, c] = [chunk(sealed, 0), chunk(sealed, 1), chunk(sealed, 2)];
    await assertRefused(concatBytes(before, b, a, c, after), plain, "swapped");
    await assertRefused(concatBytes(before, a, a, c, after), plain, "doubled");
    await assertRefused(concatBytes(before, a, c, after), plain, "dropped");
    await assertRefused(concatBytes(before, a, chunk(other, 1), c, after), plain, "spliced");
    assert.equal((await open(concatBytes(before, a, b, c, after))).failure, null);
  });
}

test("another key, another purpose and a header without its content are refused", async () => {
  const sealed = await seal(randomBytes(100), "aes-256-gcm");
  assert.ok((await open(sealed, randomBytes(32))).failure instanceof CryptoError);
  const fileKey = randomBytes(32);
  const slots = [sealWithKey("recovery", fileKey, SECRET)];
  const backup = encodeSealedHeader({ purpose: "backup", suite: "aes-256-gcm", slots }, fileKey);
  assert.ok((await open(backup)).failure instanceof CryptoError);
  const alone = encodeSealedHeader({ purpose: "file", suite: "noctis-256", slots }, fileKey);
  assert.ok((await open(alone)).failure instanceof CryptoError);
});

test("noctis-256 never stands alone: what lies under the outer cipher's key is no plaintext, and its key opens nothing", async () => {
  const plain = utf8Encode("the quick brown fox ".repeat(1_000));
  const sealed = await seal(plain, "noctis-256");
  const { header, fileKey } = await openHeader(sealed, (slots) => openWithKey(slots, "recovery", SECRET));
  const payload = sealed.subarray(header.encoded.length);
  assert.ok(!Buffer.from(payload).includes("quick brown"));
  const direct = new PayloadOpener(fileKey, utf8Encode("nocturne/file/v1"));
  assert.throws(() => direct.update(payload), CryptoError);
});

test("a failing source fails the sealing with its own error", async () => {
  const source = (async function* () {
    yield randomBytes(10);
    throw new RangeError("the camera was unplugged");
  })();
  const fileKey = randomBytes(32);
  const seal = { fileKey, suite: "aes-256-gcm", slots: [sealWithKey("recovery", fileKey, SECRET)] } as const;
  await assert.rejects(sealedFile(source, seal), RangeError);
});
