import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { testIdentity } from "../../../test/support/identity.ts";
import { fromHex, toHex } from "../../core/bytes.ts";
import { CodecError, CryptoError } from "../../core/errors.ts";
import { COURIER_LIMITS } from "../../core/cell-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { type AesGcmKey, aesGcmKey } from "../../crypto/provider.ts";
import { type VerifiedEvent, verifyEvent } from "../../nostr/event.ts";
import { readCell, ephemeralKey, openCell, type Piece, sealPiece } from "../cell/cell.ts";
import { CAPABILITY_BYTES, type Capability, covers, openCapability, relayHash, signCapability } from "./capability.ts";
import { encodeHanded, HANDED_BYTES, handedEvent } from "./handed-cell.ts";

const { relay, valid, invalid } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../vectors/courier.json"), "utf8"),
);
const alice = testIdentity("alice");
const carol = testIdentity("carol");

test("vectors", () => {
  assert.equal(relayHash(relay.url), relay.hash);
  for (const { capability, senderSecretKey, bytes } of valid) {
    assert.deepEqual(openCapability(fromHex(bytes)), capability);
    const signed = toHex(signCapability(capability, fromHex(senderSecretKey)));
    assert.equal(signed.slice(0, -128), bytes.slice(0, -128), "all but the signature, which is randomised");
  }
  for (const { why, bytes } of invalid) assert.throws(() => openCapability(fromHex(bytes)), CryptoError, why);
});

const capabilities: fc.Arbitrary<Capability> = fc
  .record({
    id: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(toHex),
    relay: fc.webUrl().map(relayHash),
    first: fc.integer({ min: 0, max: 0xffff_ffff - COURIER_LIMITS.cellsPerCapability }),
    count: fc.integer({ min: 1, max: COURIER_LIMITS.cellsPerCapability }),
    from: fc.integer({ min: 0, max: 4_000_000_000 }),
    lasts: fc.integer({ min: 1, max: COURIER_LIMITS.capabilityMaxMs / 1000 }),
  })
  .map(({ from, lasts, ...rest }) => {
    const [fromMs, untilMs] = [from * 1000, (from + lasts) * 1000];
    return { ...rest, courier: carol.publicKey, sender: alice.publicKey, fromMs, untilMs };
  });

test("what was signed is read again, and nothing with a bit of it changed", () => {
  fc.assert(
    fc.property(capabilities, fc.nat(CAPABILITY_BYTES * 8 - 1), (capability, bit) => {
      const bytes = signCapability(capability, alice.nostrSecretKey);
      assert.equal(bytes.length, CAPABILITY_BYTES);
      assert.deepEqual(openCapability(bytes), capability);
      bytes[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7));
      assert.throws(() => openCapability(bytes), CryptoError);
    }),
    { numRuns: 50 },
  );
});

test("noise is refused with the one error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2 * CAPABILITY_BYTES }), (bytes) => {
      assert.throws(() => openCapability(bytes), CryptoError);
    }),
  );
});

test("a range covers its numbers and no others", () => {
  const range = { first: 10, count: 3 };
  const inside = [9, 10, 12, 13, 10.5, -1, Number.NaN].filter((number) => covers(range, number));
  assert.deepEqual(inside, [10, 12]);
});

function opened(key: AesGcmKey, event: VerifiedEvent): Piece {
  const read = readCell(event);
  assert.ok(read);
  return openCell(key, read);
}

test("a handed-over cell becomes an event of the minute in which it leaves, and opens as it was sealed", () => {
  const key = aesGcmKey(randomBytes(32));
  const piece = { parcel: "ab".repeat(12), index: 1, count: 2, heard: 7, bytes: randomBytes(100) };
  const address = randomBytes(32);
  const handed = encodeHanded(sealPiece(key, address, piece, ephemeralKey().publicKey));
  assert.equal(handed.length, HANDED_BYTES);
  const event = handedEvent(handed, 1_795_600_059_999);
  assert.equal(event.created_at, 1_795_600_020);
  assert.equal(readCell(event)?.address, toHex(address));
  assert.ok(verifyEvent(event));
  assert.deepEqual({ ...opened(key, event) }, { ...piece, bytes: new Uint8Array(piece.bytes) });
});

test("whatever a courier alters in a cell, it does not open, or cannot be sent", () => {
  const key = aesGcmKey(randomBytes(32));
  const piece = { parcel: "ab".repeat(12), index: 0, count: 1, heard: 0, bytes: randomBytes(10) };
  const handed = encodeHanded(sealPiece(key, randomBytes(32), piece, ephemeralKey().publicKey));
  fc.assert(
    fc.property(fc.nat(handed.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const altered = handed.slice();
      altered[at] = (altered[at] as number) ^ mask;
      assert.throws(
        () => opened(key, handedEvent(altered, 0)),
        (error) => error instanceof CryptoError || error instanceof CodecError,
      );
    }),
    { numRuns: 200 },
  );
  assert.doesNotThrow(() => opened(key, handedEvent(handed, 0)), "the control");
});
