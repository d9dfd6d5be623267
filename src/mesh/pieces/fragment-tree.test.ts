import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { randomBytes } from "../../core/random.ts";
import { merkleRoot } from "../../crypto/merkle-tree.ts";
import { type FragmentId, fragmentId, isTreeOf, leafHashes, proveLeaves, verifyLeaves } from "./fragment-tree.ts";

const SIZES = [1, 4_095, 4_096, 4_097, 209_716];

function named(bytes: number) {
  const fragment = randomBytes(bytes);
  const hashes = leafHashes(fragment);
  return { fragment, hashes, root: merkleRoot(hashes), id: fragmentId(bytes, hashes) };
}

test("a fragment has one name, which every bit and its length change", () => {
  for (const bytes of SIZES) {
    const { fragment, hashes, id } = named(bytes);
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.ok(isTreeOf(id, bytes, hashes));
    const altered = fragment.slice();
    altered[bytes - 1] = (altered[bytes - 1] as number) ^ 1;
    assert.ok(!isTreeOf(id, bytes, leafHashes(altered)));
    assert.ok(!isTreeOf(id, bytes + 1, hashes), "the same leaves are not a longer fragment");
    assert.ok(!isTreeOf(id, bytes, hashes.slice(1)));
  }
});

test("what is asked for is shown, and nothing else passes for it", () => {
  for (const bytes of SIZES) {
    const { fragment, hashes, root, id } = named(bytes);
    const indexes = [...new Set([0, hashes.length - 1, hashes.length >> 1])];
    const proofs = proveLeaves(fragment, hashes, indexes);
    assert.ok(verifyLeaves(id, bytes, root, indexes, proofs));
    assert.ok(!verifyLeaves(id, bytes, root, [...indexes, 0], proofs), "one was left out");
    assert.ok(!verifyLeaves(id, bytes, root, indexes, proofs.toReversed()) || indexes.length === 1);
    const [first, ...rest] = proofs as [(typeof proofs)[0], ...typeof proofs];
    const leaf = first.leaf.slice();
    leaf[0] = (leaf[0] as number) ^ 1;
    assert.ok(!verifyLeaves(id, bytes, root, indexes, [{ ...first, leaf }, ...rest]), "one bit of a leaf");
    assert.ok(!verifyLeaves(id, bytes, randomBytes(32), indexes, proofs));
    assert.ok(!verifyLeaves("0".repeat(64) as FragmentId, bytes, root, indexes, proofs));
    assert.ok(!verifyLeaves(id, bytes + 4_096, root, indexes, proofs));
  }
});

test("whatever a machine answers is judged, and nothing throws", () => {
  const { id, root } = named(20_000);
  const number = fc.oneof(fc.integer({ min: -1, max: 9 }), fc.double());
  const proof = fc.record({
    index: number,
    leaf: fc.uint8Array({ maxLength: 4_200 }),
    path: fc.array(fc.uint8Array({ maxLength: 33 }), { maxLength: 40 }),
  });
  fc.assert(
    fc.property(fc.array(proof, { minLength: 1, maxLength: 4 }), (proofs) => {
      const indexes = proofs.map(({ index }) => index);
      assert.equal(verifyLeaves(id, 20_000, root, indexes, proofs), false);
    }),
  );
});
