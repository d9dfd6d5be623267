import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { testIdentity } from "../../../test/support/identity.ts";
import { toHex, utf8Encode } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { CELL_LIMITS, PIR_LIMITS } from "../../core/cell-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { aesGcmKey, hmac } from "../../crypto/provider.ts";
import { eventBytes, type NostrEvent, verifyEvent } from "../../nostr/event.ts";
import { headerOf } from "../../nostr/header-stream.ts";
import {
  CELL_EVENT_BYTES,
  type Cell,
  ephemeralKey,
  ephemeralOf,
  openCell,
  PIECE_BYTES,
  type Piece,
  readCell,
  sealCell,
} from "./cell.ts";
import { introKeyOf, introKeys, laneAddress, laneKeys } from "./cell-keys.ts";

const NOW = Date.parse("2026-01-01T00:00:30Z");
const key = aesGcmKey(randomBytes(32));
const piece = { parcel: "ab".repeat(12), index: 0, count: 1, bytes: new Uint8Array(7).fill(1), heard: 0 };

/** A cell of nobody's lane. */
function someCell(content: Piece = piece, address: Uint8Array = randomBytes(32)) {
  return sealCell(key, address, content, ephemeralKey().publicKey, NOW);
}

function read(event: NostrEvent): Cell {
  const cell = readCell(event);
  assert.ok(cell);
  return cell;
}

test("whatever a cell carries, and whatever way it goes: the same size, form and minute", () => {
  const [alice, bob] = [testIdentity("alice"), testIdentity("bob")];
  const shapes = new Set<string>();
  const lane = laneKeys(randomBytes(32), alice.device, bob.device);
  for (let bytes = 0; bytes <= PIECE_BYTES; bytes += 225) {
    const [unused, agreed] = [ephemeralKey(), ephemeralKey()];
    const intro = introKeys(agreed, bob.hybrid.publicKey);
    const content = { ...piece, bytes: randomBytes(bytes), heard: bytes };
    for (const cell of [
      sealCell(lane.seal, laneAddress(lane, bytes), content, unused.publicKey, NOW + bytes),
      sealCell(intro.seal, intro.address, content, agreed.publicKey, NOW - bytes),
    ]) {
      assert.ok(verifyEvent(cell), "relays take it");
      const { kind, created_at, tags, content: sealed } = cell;
      const names = tags.map(([name, value]) => `${name}${value?.length}`);
      shapes.add([kind, created_at, names, tags[1]?.[1], sealed.length, eventBytes(cell)].join());
      assert.doesNotMatch(JSON.stringify(cell), new RegExp(`${alice.device}|${bob.device}`));
    }
  }
  assert.equal(shapes.size, 1);
  assert.equal(eventBytes(someCell()), CELL_EVENT_BYTES);
});

test("the ephemeral is a key of the curve in every cell, never one twice, and in the header", () => {
  const own = ephemeralKey();
  const cells = Array.from({ length: 50 }, () => someCell());
  const ephemerals = cells.map((event) => ephemeralOf(read(event)));
  for (const ephemeral of ephemerals) assert.equal(own.sharedSecret(ephemeral).length, 32);
  const all = cells.flatMap((event, i) => [event.pubkey, toHex(ephemerals[i] as Uint8Array)]);
  assert.equal(new Set(all).size, 100);
  for (const [i, event] of cells.entries()) {
    const { id, address } = read(event);
    assert.equal(toHex(headerOf(event) as Uint8Array), toHex(ephemerals[i] as Uint8Array) + address + id);
  }
});

test("a cell opens under its key, address and ephemeral only, whoever signed it", () => {
  const address = randomBytes(32);
  const event = someCell(piece, address);
  const cell = read(event);
  assert.equal(cell.address, toHex(address));
  assert.equal(cell.sealed.length, PIR_LIMITS.recordBytes);
  assert.deepEqual(openCell(key, cell), piece);
  assert.deepEqual(openCell(key, read({ ...event, pubkey: "00".repeat(32), id: "11".repeat(32) })), piece);
  assert.throws(() => openCell(aesGcmKey(randomBytes(32)), cell), CryptoError);
  assert.throws(() => openCell(key, { ...cell, address: toHex(randomBytes(32)) }), CryptoError);
  const sealed = new Uint8Array(cell.sealed);
  sealed.set(ephemeralKey().publicKey, 1);
  assert.throws(() => openCell(key, { ...cell, sealed }), CryptoError);
});

test("an intro is found by its recipient and by nobody else", () => {
  const [bob, mallory] = [testIdentity("bob"), testIdentity("mallory")];
  const ephemeral = ephemeralKey();
  const { publicKey } = ephemeral;
  const { seal, address } = introKeys(ephemeral, bob.hybrid.publicKey);
  const found = introKeyOf(publicKey, address, bob.hybrid);
  assert.ok(found);
  assert.deepEqual(openCell(found, read(sealCell(seal, address, piece, publicKey, NOW))), piece);
  assert.equal(introKeyOf(publicKey, address, mallory.hybrid), null);
  assert.equal(introKeyOf(ephemeralKey().publicKey, address, bob.hybrid), null);
  assert.equal(introKeyOf(publicKey, randomBytes(32), bob.hybrid), null);
  for (const wrong of [bob.hybrid.publicKey.subarray(1184), new Uint8Array(0)]) {
    assert.throws(() => introKeys(ephemeralKey(), wrong), { code: "bad_public_key" });
  }
});

test("the attack: an ephemeral of small order, for which everybody would derive the same keys", () => {
  const { hybrid } = testIdentity("bob");
  const weak = new Uint8Array(1216);
  assert.throws(() => introKeys(ephemeralKey(), weak), { code: "bad_public_key" });
  for (const low of [0, 1]) {
    const ephemeral = new Uint8Array(32);
    ephemeral[0] = low;
    const label = utf8Encode("nocturne/cell/intro-address/v1");
    const address = hmac("sha256", new Uint8Array(32), label, ephemeral, hybrid.publicKey.subarray(1184));
    assert.equal(introKeyOf(ephemeral, address, hybrid), null);
  }
});

test("fuzz: any ephemeral and address are somebody else's", () => {
  const { hybrid } = testIdentity("bob");
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(bytes, bytes, (ephemeral, address) => assert.equal(introKeyOf(ephemeral, address, hybrid), null)),
    { numRuns: 300 },
  );
});

test("no altered cell opens, and what is no cell is none", () => {
  const event = someCell();
  const sealed = Buffer.from(event.content, "base64");
  fc.assert(
    fc.property(fc.nat({ max: sealed.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const altered = Buffer.from(sealed);
      altered[at] = (altered[at] as number) ^ change;
      const cell = readCell({ ...event, content: altered.toString("base64") });
      if (cell) assert.throws(() => openCell(key, cell), CryptoError);
      else assert.equal(at, 0, "another version");
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.string(), fc.array(fc.array(fc.string())), (content, tags) => {
      assert.equal(readCell({ ...event, content }), null);
      assert.equal(readCell({ ...event, tags }), null);
    }),
  );
  assert.equal(readCell({ ...event, kind: 1 }), null);
});

test("a piece that does not fit its parcel is refused", () => {
  for (const wrong of [{ index: 1 }, { count: 0 }, { count: CELL_LIMITS.pieces + 1 }, { index: 9, count: 5 }]) {
    const cell = read(someCell({ ...piece, ...wrong }));
    assert.throws(() => openCell(key, cell), CryptoError, JSON.stringify(wrong));
  }
});
