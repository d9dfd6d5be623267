import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { utf8Encode } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { ed25519 } from "../../crypto/signing.ts";
import { newerRecord, readRecord, recordPlace, signRecord } from "./record.ts";

const NOW = Date.UTC(2026, 10, 27);
const owner = ed25519.createKeyPair(new Uint8Array(32).fill(7));
const place = recordPlace("owner", owner.publicKey);
const made = (sequence: number, text = "here", madeAtMs = NOW) =>
  signRecord({ kind: "owner", sequence, madeAtMs, value: utf8Encode(text) }, owner);

test("a record says what was signed, at its place alone", () => {
  const bytes = made(3);
  assert.deepEqual(readRecord(bytes, place, NOW), {
    kind: "owner",
    key: owner.publicKey,
    sequence: 3,
    madeAtMs: NOW,
    value: utf8Encode("here"),
  });
  assert.equal(readRecord(bytes, recordPlace("node", owner.publicKey), NOW), null);
  assert.equal(readRecord(bytes, recordPlace("owner", ed25519.createKeyPair().publicKey), NOW), null);
});

test("no bit can be changed, nothing cut and nothing put behind", () => {
  const bytes = made(3);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const altered = bytes.slice();
    altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.equal(readRecord(altered, place, NOW), null, `bit ${bit}`);
  }
  for (let length = 0; length < bytes.length; length++)
    assert.equal(readRecord(bytes.slice(0, length), place, NOW), null);
  assert.equal(readRecord(new Uint8Array([...bytes, 0]), place, NOW), null);
});

test("the attack: an old record is put again over a newer one", () => {
  const [old, now] = [made(3, "old place"), made(4, "new place")];
  assert.equal(newerRecord(old, now), now);
  assert.equal(newerRecord(now, old), now);
  assert.equal(newerRecord(null, old), old);
  assert.equal(newerRecord(null, null), null);
});

test("of two records with one number everybody takes the same", () => {
  const [one, other] = [made(5, "a"), made(5, "b")];
  assert.equal(newerRecord(one, other), newerRecord(other, one));
});

test("a higher number wins, whatever the bytes are", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), fc.string({ maxLength: 9 }), (a, b, text) => {
      fc.pre(a > 0 && b > 0 && a !== b);
      const [first, second] = [made(a, text), made(b)];
      assert.equal(newerRecord(first, second), a > b ? first : second);
    }),
    { numRuns: 50 },
  );
});

test("what is too old or from tomorrow counts nothing", () => {
  assert.ok(readRecord(made(1, "", NOW - MESH_LIMITS.recordMs), place, NOW));
  assert.equal(readRecord(made(1, "", NOW - MESH_LIMITS.recordMs - 1), place, NOW), null);
  assert.ok(readRecord(made(1, "", NOW + MESH_LIMITS.clockSkewMs), place, NOW));
  assert.equal(readRecord(made(1, "", NOW + MESH_LIMITS.clockSkewMs + 1), place, NOW), null);
});

test("what cannot be said is not signed", () => {
  const value = new Uint8Array(MESH_LIMITS.recordBytes + 1);
  assert.throws(() => signRecord({ kind: "owner", sequence: 1, madeAtMs: NOW, value }, owner), { code: "mesh_record" });
  for (const sequence of [0, -1, 1.5, Number.NaN, 2 ** 53])
    assert.throws(() => made(sequence), { code: "mesh_record" });
  const largest = signRecord({ kind: "node", sequence: 1, madeAtMs: NOW, value: value.subarray(1) }, owner);
  assert.ok(readRecord(largest, recordPlace("node", owner.publicKey), NOW));
});

test("whatever bytes come are judged, and nothing throws", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.equal(readRecord(bytes, place, NOW), null);
      const shaped = bytes.slice();
      shaped.set([1, 1].slice(0, shaped.length));
      assert.equal(readRecord(shaped, place, NOW), null);
    }),
  );
});
