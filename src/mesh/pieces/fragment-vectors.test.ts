/** `vectors/fragments.json`, NEP-22. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromHex, toHex } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { merkleRoot } from "../../crypto/merkle-tree.ts";
import { ErasureBlock } from "../../crypto/reed-solomon.ts";
import { chooseRedundancy, repairThreshold } from "../placement/redundancy.ts";
import { fragmentId, leafHashes, proveLeaves, verifyLeaves } from "./fragment-tree.ts";
import { fragmentBytes, paddedBytes, segmentsOf } from "./segments.ts";

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, "../../../vectors/fragments.json"), "utf8"));

function content(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => 7 * i + (i >> 8));
}

test("lengths are padded and cut as the vectors say", () => {
  for (const { bytes, padded, segments, last } of vectors.padding) {
    assert.equal(paddedBytes(bytes), padded);
    const cut = segmentsOf(bytes);
    assert.deepEqual([cut.length, cut.at(-1)?.bytes], [segments, last], `${bytes}`);
  }
});

test("trees, names and proofs", () => {
  for (const { bytes, leaves, firstLeaf, lastLeaf, root, id, proofs } of vectors.trees) {
    const fragment = content(bytes);
    const hashes = leafHashes(fragment);
    assert.deepEqual(
      [hashes[0], hashes.at(-1)].map((hash) => toHex(hash as Uint8Array)),
      [firstLeaf, lastLeaf],
    );
    assert.deepEqual([hashes.length, toHex(merkleRoot(hashes)), fragmentId(bytes, hashes)], [leaves, root, id]);
    for (const { index, path } of proofs) {
      const [proof] = proveLeaves(fragment, hashes, [index]);
      assert.deepEqual(proof?.path.map(toHex), path);
      assert.ok(proof && verifyLeaves(id, bytes, fromHex(root), [index], [proof]));
    }
  }
});

test("proofs to refuse", () => {
  const { leafBytes } = MESH_LIMITS;
  for (const { why, content: of, id, bytes, root, leaf: shown, index, path } of vectors.invalid) {
    const leaf = content(of).slice(shown * leafBytes, (shown + 1) * leafBytes);
    assert.equal(
      verifyLeaves(id, bytes, fromHex(root), [index], [{ index, leaf, path: path.map(fromHex) }]),
      false,
      why,
    );
  }
});

test("segments are coded into these fragments", () => {
  for (const { needed, total, bytes, fragmentBytes: each, fragments } of vectors.coding) {
    assert.equal(fragmentBytes({ bytes }, needed), each);
    const shape = { dataFragments: needed, parityFragments: total - needed, fragmentBytes: each };
    const block = new ErasureBlock(shape);
    const segment = content(bytes);
    for (const [i, fragment] of block.fragments.slice(0, needed).entries())
      fragment.set(segment.subarray(i * each, (i + 1) * each));
    block.encode();
    for (const [i, fragment] of block.fragments.entries()) {
      assert.equal(fragmentId(each, leafHashes(fragment)), fragments[i].id);
      if (fragments[i].content) assert.equal(toHex(fragment), fragments[i].content);
    }
  }
});

test("how many fragments are made, and how few are enough", () => {
  for (const { uptimes, repairAt, ...chosen } of vectors.redundancy) {
    const all = uptimes.flatMap(([uptime, domains]: [number, number]) => Array.from({ length: domains }, () => uptime));
    const { needed, total, holds } = chooseRedundancy(all) ?? {};
    assert.deepEqual({ needed, total, holds }, chosen);
    assert.equal(repairThreshold(chosen), repairAt);
  }
});
