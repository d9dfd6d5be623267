/**
 * Records, announcements and pages of the mesh under attack: 20,000 random mutations. Whatever was done to one, a reader
 * takes it as it was signed or not at all; pages give back only what is in them; and none of them throws. `SEED=N` repeats
 * a run.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { concatBytes } from "../../src/core/bytes.ts";
import { MESH_LIMITS } from "../../src/core/mesh-limits.ts";
import { ed25519 } from "../../src/crypto/signing.ts";
import { encodePage, readPage } from "../../src/mesh/network/announcement-page.ts";
import { readAnnouncement, signAnnouncement } from "../../src/mesh/network/announcement.ts";
import { readRecord, recordPlace, signRecord } from "../../src/mesh/records/record.ts";
import { Xorshift } from "../support/xorshift.ts";

const MUTATIONS = 20_000;
const NOW = Date.UTC(2026, 10, 27);
const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const KEYS = [1, 2].map((fill) => ed25519.createKeyPair(new Uint8Array(32).fill(fill)));

/** What was signed, of both keys and all kinds. */
const SIGNED: readonly Uint8Array[] = KEYS.flatMap((key) => [
  signRecord({ kind: "owner", sequence: 3, madeAtMs: NOW, value: new Uint8Array(40).fill(9) }, key),
  signRecord({ kind: "owner", sequence: 4, madeAtMs: NOW, value: new Uint8Array(0) }, key),
  signAnnouncement(
    {
      sequence: 5,
      madeAtMs: NOW,
      addresses: [
        { host: "203.0.113.7", port: 4 },
        { host: "2001:db8::1", port: 4 },
      ],
      meshAddresses: [{ host: "203.0.113.7", port: 3 }],
      roomBytes: 2 ** 30,
      cares: true,
      isLeaving: false,
      software: 1,
    },
    key,
  ),
]);
const PLACES = KEYS.flatMap(({ publicKey }) => [recordPlace("owner", publicKey), recordPlace("node", publicKey)]);

function spliced(bytes: Uint8Array, from: number, to: number, middle: Uint8Array): Uint8Array {
  return concatBytes(bytes.subarray(0, from), middle, bytes.subarray(to));
}

const MUTATE: readonly ((random: Xorshift, bytes: Uint8Array, other: Uint8Array) => Uint8Array)[] = [
  (random, bytes) => {
    const at = random.below(bytes.length);
    return bytes.with(at, (bytes[at] as number) ^ (1 << random.below(8)));
  },
  (random, bytes) => bytes.slice(0, random.below(bytes.length)),
  (random, bytes) => concatBytes(bytes, random.bytes(1 + random.below(20))),
  (random, bytes) => {
    const at = random.below(bytes.length);
    return spliced(bytes, at, at, random.bytes(1 + random.below(8)));
  },
  (random, bytes) => {
    const at = random.below(bytes.length);
    return spliced(bytes, at, Math.min(bytes.length, at + 1 + random.below(8)), new Uint8Array(0));
  },
  (random, bytes, other) => {
    const [from, length] = [random.below(bytes.length), 1 + random.below(80)];
    return spliced(bytes, from, Math.min(bytes.length, from + length), other.subarray(from, from + length));
  },
  (random) => random.bytes(random.below(400)),
  (random, bytes) => spliced(bytes, 0, 0, random.bytes(0)).fill(random.below(256), random.below(bytes.length)),
];

test("no mutated record is taken for what was not signed", () => {
  console.log(`SEED=${SEED}`);
  const random = new Xorshift(SEED);
  const known = new Set(SIGNED.map((bytes) => bytes.join()));
  let changed = 0;
  for (let i = 0; i < MUTATIONS; i++) {
    const mutated = random.pick(MUTATE)(random, random.pick(SIGNED), random.pick(SIGNED));
    if (known.has(mutated.join())) continue;
    changed++;
    assert.equal(readAnnouncement(mutated, NOW), null, `${i}: an announcement`);
    assert.equal(readRecord(mutated, random.pick(PLACES), NOW), null, `${i}: a record`);
  }
  assert.ok(changed > MUTATIONS / 2);
});

test("a node that signs anything is read whole or not at all, and never makes a reader fail", () => {
  const random = new Xorshift(SEED);
  const [key] = KEYS as [(typeof KEYS)[number]];
  const good = readRecord(SIGNED[2] as Uint8Array, recordPlace("node", key.publicKey), NOW)?.value as Uint8Array;
  let read = 0;
  for (let i = 0; i < MUTATIONS / 10; i++) {
    const value = random.pick(MUTATE)(random, good, random.bytes(good.length)).slice(0, MESH_LIMITS.recordBytes);
    const said = readAnnouncement(signRecord({ kind: "node", sequence: 1, madeAtMs: NOW, value }, key), NOW);
    if (!said) continue;
    read++;
    // What is read can be said again, and means the same: there is one way to say it.
    const again = signAnnouncement(said, key);
    assert.deepEqual(readAnnouncement(again, NOW), said, `${i}`);
    const place = recordPlace("node", key.publicKey);
    assert.deepEqual(readRecord(again, place, NOW)?.value, value, `${i}: two ways to say it`);
  }
  assert.ok(read > 0);
});

test("a mutated page gives announcements that lie in it, or nothing", () => {
  const random = new Xorshift(SEED);
  const page = encodePage(SIGNED);
  for (let i = 0; i < MUTATIONS; i++) {
    const mutated = random.pick(MUTATE)(random, page, random.bytes(page.length));
    const found = readPage(mutated);
    if (!found) continue;
    assert.deepEqual(encodePage(found), mutated, `${i}`);
  }
});
