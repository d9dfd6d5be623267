import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromHex, toHex } from "../../core/bytes.ts";
import { merkleRoot, verifyConsistency, verifyInclusion } from "../../crypto/merkle-tree.ts";
import { ed25519 } from "../../crypto/signing.ts";
import { readBundle } from "./bundle.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { ENTRY_KINDS, type EntryKind, readEntry, signEntry } from "./entry.ts";
import { forkOfEntries, verifyForkProof } from "./fork-proof.ts";
import { readHead, signHead } from "./head.ts";
import { PieceReader } from "./piece-reader.ts";
import { readWitnessedHead } from "./witness.ts";

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, "../../../vectors/ledger.json"), "utf8"));
const by = ed25519.createKeyPair(fromHex(vectors.seeds.signer));

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const readBundleOf = async (bytes: Uint8Array) => {
  const reading = await readBundle(new PieceReader(whole(bytes)));
  return "head" in reading ? reading : null;
};

const READERS: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  entry: (bytes) => readEntry(bytes),
  head: readHead,
  checkpoint: readCheckpoint,
  "witnessed head": readWitnessedHead,
  bundle: readBundleOf,
  "fork proof": verifyForkProof,
};

test("entries, their hashes and roots are those of the vectors", () => {
  for (const { sequence, kind, madeAtMs, previous, body, hash, bytes } of vectors.entries) {
    const about = { sequence, kind: kind as EntryKind, madeAtMs, previous: fromHex(previous), body: fromHex(body) };
    const made = signEntry(about, by);
    assert.deepEqual([toHex(made.bytes), toHex(made.hash)], [bytes, hash]);
    assert.deepEqual(readEntry(fromHex(bytes)), made);
  }
  assert.deepEqual(
    new Set(vectors.entries.map((one: { kind: string }) => one.kind)),
    new Set(Object.keys(ENTRY_KINDS)),
  );
  const leaves = vectors.entries.map((one: { hash: string }) => fromHex(one.hash));
  vectors.roots.forEach((root: string, i: number) => assert.equal(toHex(merkleRoot(leaves.slice(0, i + 1))), root));
  const { size, index, path } = vectors.inclusion;
  assert.ok(verifyInclusion(fromHex(vectors.roots[size - 1]), size, index, leaves[index], path.map(fromHex)));
  for (const { from, to, path } of vectors.consistency) {
    const [old, now] = [from, to].map((n: number) => ({ size: n, root: fromHex(vectors.roots[n - 1]) }));
    assert.ok(old && now && verifyConsistency(old, now, path.map(fromHex)));
  }
});

test("heads, checkpoints, witnessed heads, bundles and fork proofs are read", async () => {
  const { head, checkpoint, witnessedHead, bundles, forkProofs } = vectors;
  const about = { size: head.size, root: fromHex(vectors.roots[head.size - 1]), madeAtMs: head.madeAtMs };
  assert.equal(toHex(signHead(about, by).bytes), head.bytes);
  assert.deepEqual(
    readCheckpoint(fromHex(checkpoint.bytes))?.heads.map(({ bytes }) => toHex(bytes)),
    checkpoint.heads,
  );
  const witnesses = readWitnessedHead(fromHex(witnessedHead.bytes))?.cosignatures.map(({ witness }) => toHex(witness));
  assert.deepEqual(witnesses, witnessedHead.witnesses);
  for (const { first, count, size, bytes } of bundles) {
    const reading = await readBundleOf(fromHex(bytes));
    assert.deepEqual([reading?.first, reading?.count, reading?.head.size], [first, count, size]);
  }
  for (const { why, bytes } of forkProofs) {
    assert.deepEqual(verifyForkProof(fromHex(bytes)), { signer: by.publicKey, why });
  }
  const [third, otherThird] = [readEntry(fromHex(vectors.entries[2].bytes)), readEntry(fromHex(vectors.otherThird))];
  assert.ok(third && otherThird);
  assert.equal(toHex(forkOfEntries(third, otherThird) ?? new Uint8Array()), forkProofs[0].bytes);
});

test("what the vectors call invalid is refused", async () => {
  assert.ok(vectors.invalid.length > 30);
  for (const { format, reason, bytes } of vectors.invalid) {
    assert.equal(await READERS[format]?.(fromHex(bytes)), null, `${format}: ${reason}`);
  }
});
