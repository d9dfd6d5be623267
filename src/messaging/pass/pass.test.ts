import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { minePow } from "nostr-tools/nip13";
import { testIdentity } from "../../../test/support/identity.ts";
import { concatBytes, fromBase64Url, fromHex, toHex, utf8Decode } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { CELL_LIMITS, WORK_LIMITS } from "../../core/cell-limits.ts";
import { KIND } from "../../nostr/kinds.ts";
import { openLetter } from "../sealed-letter.ts";
import { measureHashRate, mineWork } from "./mining.ts";
import { decodePass, encodePass, type Pass } from "./pass.ts";
import { encodeWork, isPaid, type Pair, type Work, workBytes, workEvent, zeroBits } from "./work.ts";

const vectors = JSON.parse(readFileSync(new URL("../../../vectors/pass.json", import.meta.url), "utf8"));
const [alice, bob] = [testIdentity("alice"), testIdentity("bob")];
const pair: Pair = { from: alice.publicKey, to: bob.publicKey };
const NOW = Date.parse("2026-01-01T00:00:00Z");
const NEVER = new AbortController().signal;

for (const { from, to, work, encoded, preimage, id } of vectors.works) {
  test(`the stored work of ${work.bits} bits is paid`, () => {
    assert.equal(toHex(encodeWork(work)), encoded);
    assert.equal(utf8Decode(workBytes(work, { from, to })), preimage);
    assert.equal(workEvent(work, { from, to }).id, id);
    assert.ok(isPaid(work, { from, to }, work.bits, NOW));
    assert.ok(isPaid(work, { from, to }, 1, NOW + WORK_LIMITS.validMs), "to the end of its time");
  });
}

for (const { why, from, to, work, demanded, nowMs } of vectors.refused) {
  test(`work is refused: ${why}`, () => assert.equal(isPaid(work, { from, to }, demanded, nowMs), false));
}

test("the stored passes read and write", () => {
  for (const { pass, encoded } of vectors.passes as { pass: Pass; encoded: string }[]) {
    assert.equal(toHex(encodePass(pass)), encoded);
    assert.deepEqual(decodePass(fromHex(`${encoded}7b7d`)), { pass, length: encoded.length / 2 });
  }
});

for (const { why, encoded } of vectors.invalidPasses as { why: string; encoded: string }[]) {
  test(`a pass is refused: ${why}`, () => assert.throws(() => decodePass(fromHex(encoded)), CryptoError));
}

for (const { sender, pass, letter, envelope } of vectors.sealed) {
  test("the stored letter with a pass opens, and no bit of it can be changed", () => {
    const bytes = fromBase64Url(envelope);
    assert.deepEqual(openLetter(bytes, bob), { sender, suite: "hybrid", letter, pass });
    for (let at = 0; at < bytes.length; at += 7) {
      const bent = bytes.slice();
      bent[at] = (bent[at] as number) ^ 1;
      assert.throws(() => openLetter(bent, bob), { code: "cannot_open" }, `byte ${at}`);
    }
  });
}

const plain = { noNullPrototype: true };
const works: fc.Arbitrary<Work> = fc.record(
  {
    createdAt: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    bits: fc.integer({ min: 0, max: 255 }),
    nonce: fc.maxSafeNat(),
  },
  plain,
);
const proofs = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);

test("every pass reads back, whatever follows it", () => {
  const passes = fc.record({ proof: fc.option(proofs), work: fc.option(works) }, plain);
  fc.assert(
    fc.property(passes, fc.uint8Array({ maxLength: 40 }), (pass, rest) => {
      const bytes = encodePass(pass);
      assert.deepEqual(decodePass(concatBytes(bytes, rest)), { pass, length: bytes.length });
    }),
  );
});

test("any bytes are a pass or an error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        const { pass, length } = decodePass(bytes);
        assert.deepEqual(encodePass(pass), bytes.subarray(0, length));
      } catch (error) {
        assert.ok(error instanceof CryptoError);
      }
    }),
  );
});

test("work that nobody did pays nothing, whatever is claimed", () => {
  fc.assert(
    fc.property(works, ({ nonce }) => {
      const claimed = { createdAt: NOW / 1000, bits: 60, nonce };
      assert.equal(isPaid(claimed, pair, 60, NOW), false);
    }),
  );
});

test("what the thread mines is paid, for this pair and from now on", async () => {
  const work = await mineWork(pair, 12, NOW, NEVER);
  assert.equal(work.bits, 12);
  assert.ok(zeroBits(workEvent(work, pair).id) >= 12);
  assert.ok(isPaid(work, pair, 12, NOW));
  assert.equal(isPaid(work, { from: pair.to, to: pair.from }, 12, NOW), false);
});

test("an event that nostr-tools mines has the work that we count", () => {
  const tags = [["p", bob.publicKey]];
  const mined = minePow({ kind: KIND.work, created_at: 0, tags, content: "", pubkey: alice.publicKey }, 8);
  const nonce = Number(mined.tags[1]?.[1]);
  const work = { createdAt: mined.created_at, bits: 8, nonce };
  assert.equal(workEvent(work, pair).id, mined.id);
  assert.ok(isPaid(work, pair, 8, mined.created_at * 1000));
});

test("mining can be ended at once", async () => {
  const abort = new AbortController();
  const mined = mineWork(pair, 60, NOW, abort.signal);
  setTimeout(() => abort.abort(new Error("not wanted any more")), 50);
  await assert.rejects(mined, /not wanted any more/);
  await assert.rejects(mineWork(pair, 60, NOW, abort.signal), /not wanted any more/);
});

test("the speed of this machine is a number of hashes a second", async () => {
  const rate = await measureHashRate();
  assert.ok(rate > 10_000 && rate < 1e9, `${rate} hashes a second`);
});

test("work outlives whatever a relay still holds of the letters that show it", () => {
  assert.ok(WORK_LIMITS.freshMs + CELL_LIMITS.keptMs <= WORK_LIMITS.validMs);
});
