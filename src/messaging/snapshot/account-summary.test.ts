import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { fromHex, toBase64Url, toHex } from "../../core/bytes.ts";
import { SNAPSHOT_LIMITS } from "../../core/cell-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { deriveKey } from "../../crypto/key-derivation.ts";
import { type Cell, PIECE_BYTES, readCell } from "../cell/cell.ts";
import {
  type AccountSummary,
  decodeSummary,
  encodeSummary,
  fitSummary,
  type SnapshotContact,
} from "./account-summary.ts";
import { cellsFor, cutSnapshot, joinSnapshot, openSnapshotCell, readHead } from "./snapshot-format.ts";
import { SNAPSHOT_SECRET, snapshotKeys } from "./snapshot-keys.ts";

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, "../../../vectors/snapshot.json"), "utf8"));
const refused = { code: "bad_snapshot" };
const summary = vectors.summary as AccountSummary;

test("vectors: keys and addresses", () => {
  const secret = deriveKey(fromHex(vectors.recoveryKey), SNAPSHOT_SECRET);
  assert.equal(toHex(secret), vectors.secret);
  const keys = snapshotKeys(secret, vectors.epoch);
  for (const { copy, attempt, slot, address } of vectors.addresses) {
    assert.equal(toHex(keys.address({ copy, attempt, slot })), address);
  }
});

test("vectors: a whole snapshot out of its events", () => {
  const keys = snapshotKeys(fromHex(vectors.secret), vectors.epoch);
  const cells = vectors.events.map((event: never) => openSnapshotCell(keys, readCell(event) as Cell));
  const { sequence, previous, bytes, digest } = readHead(cells[0]);
  assert.deepEqual({ sequence, previous: toHex(previous), bytes, digest: toHex(digest) }, vectors.head);
  const content = joinSnapshot(cells);
  assert.deepEqual(decodeSummary(content), summary);
  // Another DEFLATE may find other bytes; what they mean is the same.
  assert.deepEqual(decodeSummary(encodeSummary(summary)), summary);
  assert.equal(toHex(cutSnapshot({ sequence, previous }, content).digest), vectors.head.digest);
});

test("vectors: what is refused", () => {
  for (const { why, cells } of vectors.invalid.snapshots) {
    const plain = cells.map((text: string) => {
      const bytes = new Uint8Array(PIECE_BYTES);
      bytes.set(fromHex(text));
      return bytes;
    });
    assert.throws(() => joinSnapshot(plain), refused, why);
  }
  for (const { why, change } of vectors.invalid.summaries) {
    const altered = { ...summary, ...change };
    assert.throws(() => decodeSummary(new Uint8Array(deflateRawSync(JSON.stringify(altered)))), refused, why);
  }
  const keys = snapshotKeys(fromHex(vectors.secret), vectors.epoch);
  for (const { why, event } of vectors.invalid.events) {
    const cell = readCell(event);
    if (cell) assert.throws(() => openSnapshotCell(keys, cell), { code: "cannot_open" }, why);
  }
});

test("no bytes at all make it fail otherwise than by a refusal, also where they grow when they are inflated", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.json(), (bytes, json) => {
      for (const content of [bytes, new Uint8Array(deflateRawSync(json))]) {
        assert.throws(() => decodeSummary(content), refused);
      }
    }),
  );
  const bomb = new Uint8Array(deflateRawSync(Buffer.alloc(SNAPSHOT_LIMITS.textBytes + 1, " ")));
  assert.ok(bomb.length < 20_000);
  assert.throws(() => decodeSummary(bomb), refused);
});

test("of more people than fit, those who matter least are left out", () => {
  const template = summary.contacts[0] as SnapshotContact;
  const person = (i: number): SnapshotContact => {
    const keys = { hybridPublicKey: toBase64Url(randomBytes(1_216)), signatureKey: toBase64Url(randomBytes(1_952)) };
    const card = { ...(template.contact.card as NonNullable<typeof template.contact.card>), ...keys };
    const state = i % 4 === 0 ? "blocked" : "accepted";
    return { ...template, contact: { ...template.contact, state, card, name: `${i}`, addedAtMs: i } };
  };
  const contacts = Array.from({ length: 1_400 }, (_, i) => person(i));
  const { content, leftOut } = fitSummary({ ...summary, contacts });
  assert.ok(leftOut > 0 && cellsFor(content.length) === SNAPSHOT_LIMITS.cells);
  const kept = decodeSummary(content).contacts;
  assert.equal(kept.length, contacts.length - leftOut);
  assert.ok(kept.length > 1_150, `${kept.length}`);
  const count = (state: string) => kept.filter(({ contact }) => contact.state === state).length;
  assert.ok(count("blocked") === 0 || count("accepted") === 1_050);
  assert.equal(fitSummary({ ...summary, contacts: contacts.slice(0, 100) }).leftOut, 0);

  // Each time that all is packed blocks the process.
  let packed = 0;
  const settings = { ...summary.settings, toJSON: () => (packed++, summary.settings) };
  const many = Array.from({ length: 3_000 }, (_, i) => person(i));
  const fitted = fitSummary({ ...summary, settings, contacts: many });
  assert.ok(packed <= 4, `packed ${packed} times`);
  assert.ok(many.length - fitted.leftOut > 1_100, `${fitted.leftOut}`);
});
