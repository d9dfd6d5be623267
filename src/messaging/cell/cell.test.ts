import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { testIdentity } from "../../../test/support/identity.ts";
import { toHex } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { CELL_LIMITS } from "../../core/limits.ts";
import { randomBytes } from "../../core/random.ts";
import { aesGcmKey } from "../../crypto/provider.ts";
import { eventBytes, verifyEvent } from "../../nostr/event.ts";
import { CELL_EVENT_BYTES, cellAddress, oneUseKey, openCell, PIECE_BYTES, sealCell } from "./cell.ts";
import { introKeyOf, introKeys, laneAddress, laneKeys } from "./cell-keys.ts";

const NOW = Date.parse("2026-01-01T00:00:30Z");
const key = aesGcmKey(randomBytes(32));
const piece = { parcel: "ab".repeat(12), index: 0, count: 1, bytes: new Uint8Array(7).fill(1), heard: 0 };

test("whatever a cell carries, and whatever way it goes: the same size, form and minute", () => {
  const [alice, bob] = [testIdentity("alice"), testIdentity("bob")];
  const shapes = new Set<string>();
  const lane = laneKeys(randomBytes(32), alice.device, bob.device);
  for (let bytes = 0; bytes <= PIECE_BYTES; bytes += 225) {
    const oneUse = oneUseKey();
    const intro = introKeys(oneUse, bob.device);
    const content = { ...piece, bytes: randomBytes(bytes), heard: bytes };
    for (const cell of [
      sealCell(lane.seal, laneAddress(lane, bytes), content, oneUseKey(), NOW + bytes),
      sealCell(intro.seal, intro.address, content, oneUse, NOW - bytes),
    ]) {
      assert.ok(verifyEvent(cell), "relays take it");
      const { kind, created_at, tags, content: sealed } = cell;
      const names = tags.map(([name, value]) => `${name}${value?.length}`);
      shapes.add([kind, created_at, names, tags[1]?.[1], sealed.length, eventBytes(cell)].join());
      assert.doesNotMatch(JSON.stringify(cell), new RegExp(`${alice.device}|${bob.device}`));
    }
  }
  assert.equal(shapes.size, 1);
  assert.equal(eventBytes(sealCell(key, randomBytes(32), piece, oneUseKey(), NOW)), CELL_EVENT_BYTES);
});

test("a cell opens under its key, address and one-use key only", () => {
  const address = randomBytes(32);
  const cell = sealCell(key, address, piece, oneUseKey(), NOW);
  assert.equal(cellAddress(cell), toHex(address));
  assert.deepEqual(openCell(key, cell), piece);
  assert.throws(() => openCell(aesGcmKey(randomBytes(32)), cell), CryptoError);
  assert.throws(() => openCell(key, { ...cell, tags: [["x", toHex(randomBytes(32))]] }), CryptoError);
  assert.throws(() => openCell(key, { ...cell, pubkey: oneUseKey().publicKey }), CryptoError);
});

test("the one-use key is forgotten", () => {
  const oneUse = oneUseKey();
  sealCell(key, randomBytes(32), piece, oneUse, NOW);
  assert.ok(oneUse.secretKey.every((byte) => byte === 0));
});

test("an intro is found by its recipient and by nobody else", () => {
  const [bob, mallory] = [testIdentity("bob"), testIdentity("mallory")];
  const oneUse = oneUseKey();
  const { publicKey } = oneUse;
  const { seal, address } = introKeys(oneUse, bob.device);
  const cell = sealCell(seal, address, piece, oneUse, NOW);
  const found = introKeyOf(publicKey, toHex(address), bob.nostrSecretKey);
  assert.ok(found);
  assert.deepEqual(openCell(found, cell), piece);
  assert.equal(introKeyOf(publicKey, toHex(address), mallory.nostrSecretKey), null);
  assert.equal(introKeyOf(oneUseKey().publicKey, toHex(address), bob.nostrSecretKey), null);
  assert.equal(introKeyOf("ff".repeat(32), toHex(address), bob.nostrSecretKey), null, "no point of the curve");
});

test("no altered cell opens, and what is no cell has no address", () => {
  const cell = sealCell(key, randomBytes(32), piece, oneUseKey(), NOW);
  const sealed = Buffer.from(cell.content, "base64");
  fc.assert(
    fc.property(fc.nat({ max: sealed.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const altered = Buffer.from(sealed);
      altered[at] = (altered[at] as number) ^ change;
      assert.throws(() => openCell(key, { ...cell, content: altered.toString("base64") }), CryptoError);
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.string(), fc.array(fc.array(fc.string())), (content, tags) => {
      assert.equal(cellAddress({ ...cell, content }), null);
      assert.equal(cellAddress({ ...cell, tags }), null);
    }),
  );
  assert.equal(cellAddress({ ...cell, kind: 1 }), null);
});

test("a piece that does not fit its parcel is refused", () => {
  for (const wrong of [{ index: 1 }, { count: 0 }, { count: CELL_LIMITS.pieces + 1 }, { index: 9, count: 5 }]) {
    const cell = sealCell(key, randomBytes(32), { ...piece, ...wrong }, oneUseKey(), NOW);
    assert.throws(() => openCell(key, cell), CryptoError, JSON.stringify(wrong));
  }
});
