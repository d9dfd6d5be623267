import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { equalBytes, fromHex, toHex } from "../core/bytes.ts";
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  merkleRoot,
  verifyConsistency,
  verifyInclusion,
} from "./merkle-tree.ts";

/** The leaves and roots that implementations of Certificate Transparency share as their reference. */
const INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

function listOf(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => leafHash(new Uint8Array([i, i >> 8])));
}

test("roots are those of Certificate Transparency", () => {
  const leaves = INPUTS.map((hex) => leafHash(fromHex(hex)));
  assert.deepEqual(
    ROOTS.map((_, count) => toHex(merkleRoot(leaves.slice(0, count)))),
    ROOTS,
  );
});

test("each leaf of each list is shown to be in its place, and in no other, of no other list", () => {
  for (let size = 1; size <= 33; size++) {
    const leaves = listOf(size);
    const root = merkleRoot(leaves);
    for (const [index, leaf] of leaves.entries()) {
      const proof = inclusionProof(leaves, index);
      assert.ok(verifyInclusion(root, size, index, leaf, proof));
      assert.ok(!verifyInclusion(merkleRoot(leaves.slice(1)), size, index, leaf, proof));
      for (let other = 0; other < size; other++) {
        if (other !== index) assert.ok(!verifyInclusion(root, size, other, leaf, proof), `${index} at ${other}`);
      }
      assert.ok(!verifyInclusion(root, size, index, leaf, [...proof, leaf]));
      if (proof.length > 0) assert.ok(!verifyInclusion(root, size, index, leaf, proof.slice(1)));
    }
    assert.throws(() => inclusionProof(leaves, size), { code: "merkle_index" });
    assert.throws(() => inclusionProof(leaves, -1), { code: "merkle_index" });
  }
});

test("a node of the tree cannot be shown as a leaf", () => {
  const leaves = listOf(4);
  const left = merkleRoot(leaves.slice(0, 2));
  const right = merkleRoot(leaves.slice(2));
  assert.ok(
    verifyInclusion(merkleRoot(leaves), 2, 0, left, [right]),
    "who believes another size is fooled by the node",
  );
  const data = new Uint8Array([...(leaves[0] as Uint8Array), ...(leaves[1] as Uint8Array)]);
  assert.ok(!equalBytes(leafHash(data), left), "but nobody has data that hashes to it");
});

test("each list is shown to begin with each of its beginnings, and with no other", () => {
  for (let size = 1; size <= 33; size++) {
    const leaves = listOf(size);
    const now = { size, root: merkleRoot(leaves) };
    for (let oldSize = 1; oldSize <= size; oldSize++) {
      const old = { size: oldSize, root: merkleRoot(leaves.slice(0, oldSize)) };
      const proof = consistencyProof(leaves, oldSize);
      assert.ok(verifyConsistency(old, now, proof), `${oldSize} of ${size}`);
      const rewritten = { size: oldSize, root: merkleRoot([leafHash(new Uint8Array(9)), ...leaves.slice(1, oldSize)]) };
      assert.ok(!verifyConsistency(rewritten, now, proof));
      assert.ok(!verifyConsistency(old, { size, root: rewritten.root }, proof) || equalBytes(rewritten.root, now.root));
      assert.ok(!verifyConsistency(old, now, [...proof, now.root]));
      if (oldSize > 1) assert.ok(!verifyConsistency({ ...old, size: oldSize - 1 }, now, proof));
    }
    assert.throws(() => consistencyProof(leaves, 0), { code: "merkle_index" });
    assert.throws(() => consistencyProof(leaves, size + 1), { code: "merkle_index" });
  }
});

test("whatever a stranger sends as a proof is judged, and nothing throws", () => {
  const hash = fc.uint8Array({ maxLength: 40 });
  const size = fc.oneof(fc.integer({ min: -2, max: 40 }), fc.double(), fc.constant(2 ** 53 - 1));
  const [leaves, proofs] = [listOf(5), fc.array(hash, { maxLength: 70 })];
  fc.assert(
    fc.property(hash, size, size, hash, proofs, (root, count, index, leaf, proof) => {
      assert.equal(verifyInclusion(root, count, index, leaf, proof), false);
      const now = { size: 5, root: merkleRoot(leaves) };
      if (count !== 5) assert.equal(verifyConsistency({ size: count, root }, now, proof), false);
      assert.equal(verifyConsistency(now, { size: index, root }, proof), false);
    }),
  );
});
