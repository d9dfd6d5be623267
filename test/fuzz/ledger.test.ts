/**
 * Whatever bytes come as an entry, a head, a checkpoint, a bundle or a fork proof: nothing throws, nothing that was changed
 * counts as signed, and nobody is convicted who signed one history. `SEED=N` repeats a run.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, toHex } from "../../src/core/bytes.ts";
import { randomBytes } from "../../src/core/random.ts";
import { type BundleReading, readBundle, writeBundle } from "../../src/mesh/ledger/bundle.ts";
import { readCheckpoint, signCheckpoint } from "../../src/mesh/ledger/checkpoint.ts";
import { readEntry } from "../../src/mesh/ledger/entry.ts";
import {
  accusedBy,
  forkOfBeginning,
  forkOfEntries,
  forkOfHeads,
  verifyForkProof,
} from "../../src/mesh/ledger/fork-proof.ts";
import { claimOf, readHead } from "../../src/mesh/ledger/head.ts";
import { PieceReader } from "../../src/mesh/ledger/piece-reader.ts";
import { fromPortable, type PortableKind, PORTABLE_KINDS, toPortable } from "../../src/mesh/ledger/portable.ts";
import { history, NOW, signer } from "../../src/mesh/ledger/testing.ts";
import { verifyFile } from "../../src/mesh/ledger/verify.ts";
import { encodeWitnessedHead, readWitnessedHead, signCosignature } from "../../src/mesh/ledger/witness.ts";

const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = { numRuns: 1_500, seed: SEED };
console.log(`SEED=${SEED}`);

const words = Array.from({ length: 11 }, (_, i) => `${i}`);
const [one, two] = [history(signer(1), words), history(signer(1), ["0", "X", ...words.slice(2)])];
const [first, other] = [one.entries[1], two.entries[1]];
assert.ok(first && other);
const at4 = { path: two.beginning(4, 11).path, root: two.beginning(4, 11).root };

const log = {
  head: () => one.head(),
  edge: () => [],
  path: (from: number, to: number) => one.beginning(from, to).path as Uint8Array[],
  entries: (from: number, count: number) => one.entries.slice(from - 1, from - 1 + count).map(({ bytes }) => bytes),
};

const VALID: Readonly<Record<string, Uint8Array>> = {
  entry: first.bytes,
  head: one.head().bytes,
  checkpoint: signCheckpoint([one.head(), history(signer(2), words).head(), two.head(3)].slice(0, 2), NOW, signer(3))
    .bytes,
  witnessed: encodeWitnessedHead(one.head(), [
    signCosignature(one.head(), NOW, signer(4)),
    signCosignature(one.head(), NOW, signer(5)),
  ]),
  bundle: concatBytes(...writeBundle(log, 1, 3)),
  entries: forkOfEntries(first, other) ?? assert.fail(),
  heads: forkOfHeads(one.head(5), two.head(5)) ?? assert.fail(),
  beginning: forkOfBeginning(one.head(4), two.head(11), at4) ?? assert.fail(),
};

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

const bundleOf = (bytes: Uint8Array, length = 64): Promise<BundleReading> =>
  readBundle(new PieceReader(inPieces(bytes, length)));

/** Everything that is read of such bytes, by the name of what it was. */
async function readAll(bytes: Uint8Array): Promise<Record<string, unknown>> {
  const reading = await bundleOf(bytes);
  const proof = verifyForkProof(bytes);
  return {
    entry: readEntry(bytes),
    head: readHead(bytes),
    checkpoint: readCheckpoint(bytes),
    witnessed: readWitnessedHead(bytes),
    bundle: "head" in reading ? reading : null,
    proof,
  };
}

test("what is valid is read as what it is, and as nothing else", async () => {
  for (const [name, bytes] of Object.entries(VALID)) {
    const read = await readAll(bytes);
    const taken = Object.entries(read).filter(([, found]) => found !== null);
    const expected = ["entries", "heads", "beginning"].includes(name) ? "proof" : name;
    assert.deepEqual(
      taken.map(([as]) => as),
      [expected],
    );
  }
});

test("a changed statement is none any more, whatever was done to it", async () => {
  const names = Object.keys(VALID);
  const change = fc.record({
    name: fc.constantFrom(...names),
    from: fc.constantFrom(...names),
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    length: fc.nat(80),
    way: fc.constantFrom("bit", "cut", "insert", "delete", "splice", "fill"),
    bit: fc.nat(7),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({ name, from, at, length, way, bit }) => {
      const bytes = VALID[name] as Uint8Array;
      const place = Math.floor(at * bytes.length);
      const head = bytes.subarray(0, place);
      const changed = {
        bit: () => bytes.with(place, (bytes[place] as number) ^ (1 << bit)),
        cut: () => head,
        insert: () => concatBytes(head, randomBytes(1 + length), bytes.subarray(place)),
        delete: () => concatBytes(head, bytes.subarray(place + 1 + length)),
        splice: () => concatBytes(head, (VALID[from] as Uint8Array).subarray(place)),
        fill: () => bytes.map((byte, i) => (i >= place && i < place + length ? 0xff : byte)),
      }[way]();
      if (Object.values(VALID).some((valid) => toHex(valid) === toHex(changed))) return;
      const taken = Object.entries(await readAll(changed)).filter(([, found]) => found !== null);
      assert.deepEqual(taken, [], `${name} ${way} ${place}`);
    }),
    RUNS,
  );
});

test("bytes of a stranger are judged, and nothing throws", async () => {
  const start = fc.constantFrom(...Object.values(VALID).map((bytes) => bytes.slice(0, 40)), new Uint8Array(0));
  await fc.assert(
    fc.asyncProperty(
      start,
      fc.uint8Array({ maxLength: 700 }),
      fc.integer({ min: 1, max: 90 }),
      async (begin, rest, piece) => {
        const bytes = concatBytes(begin, rest);
        assert.deepEqual(
          Object.values(await readAll(bytes)).filter((found) => found !== null),
          [],
        );
        [accusedBy(bytes), claimOf(bytes), fromPortable(bytes)].forEach((found) => assert.notEqual(found, undefined));
        assert.ok("problem" in (await bundleOf(bytes, piece)));
        for (const kind of PORTABLE_KINDS) {
          const file = toPortable(kind, bytes);
          assert.deepEqual(fromPortable(file), { kind, body: bytes });
          assert.equal((await verifyFile("x", inPieces(file, piece), NOW)).ok, false);
        }
      },
    ),
    { ...RUNS, numRuns: 300 },
  );
});

test("no two statements of one history convict, and two histories always do", () => {
  const size = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(
      fc.array(fc.nat(3), { minLength: 1, maxLength: 9 }),
      fc.array(fc.nat(3), { maxLength: 9 }),
      size,
      size,
      (a, b, m, n) => {
        const [mine, theirs] = [history(signer(6), a.map(String)), history(signer(6), b.map(String))];
        const [small, big] = [Math.min(m, a.length), Math.min(n, b.length)];
        const same = big >= small && a.slice(0, small).join() === b.slice(0, small).join();
        if (big === small) assert.equal(forkOfHeads(mine.head(small), theirs.head(big)) === null, same);
        if (big <= small) return;
        const proof = forkOfBeginning(mine.head(small), theirs.head(big), theirs.beginning(small, big));
        assert.equal(proof === null, same);
        if (proof) assert.ok(verifyForkProof(proof));
      },
    ),
    { ...RUNS, numRuns: 150 },
  );
});

test("every kind of file has its own first line", () => {
  const lines = PORTABLE_KINDS.map((kind: PortableKind) => toHex(toPortable(kind, new Uint8Array(0))));
  assert.equal(new Set(lines).size, PORTABLE_KINDS.length);
});
