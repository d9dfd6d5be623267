import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { type FragmentId, leafCount } from "../pieces/fragment-tree.ts";
import { chooseQuestions, type HeldFragment } from "./questions.ts";

const held = (sizes: readonly number[]): HeldFragment[] =>
  sizes.map((bytes, i) => ({ id: `${i}` as FragmentId, bytes }));

test("as many leaves as there may be are asked for, each once, each in its fragment", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 40 }), (sizes) => {
      const questions = chooseQuestions(held(sizes));
      const asked = questions.flatMap(({ id, leaves }) => leaves.map((leaf) => `${id}/${leaf}`));
      const all = sizes.reduce((sum, bytes) => sum + leafCount(bytes), 0);
      assert.equal(asked.length, Math.min(all, MESH_LIMITS.auditLeaves));
      assert.equal(new Set(asked).size, asked.length);
      for (const { id, bytes, leaves } of questions) {
        assert.equal(bytes, sizes[Number(id)]);
        assert.ok(leaves.every((leaf, i) => leaf < leafCount(bytes) && leaf > (leaves[i - 1] ?? -1)));
      }
    }),
  );
  assert.deepEqual(chooseQuestions([]), []);
});

test("no leaf is asked for more often than another", () => {
  const counts = new Array<number>(600).fill(0);
  const rounds = 500;
  for (let round = 0; round < rounds; round++) {
    for (const { id, leaves } of chooseQuestions(held([100, 200, 300].map((leaves) => leaves * 4_096))))
      for (const leaf of leaves) {
        const at = ([0, 100, 300][Number(id)] as number) + leaf;
        counts[at] = (counts[at] as number) + 1;
      }
  }
  // Each is asked for with 300/600; the standard deviation of its count is sqrt(500 / 4) = 11.2.
  for (const count of counts) assert.ok(Math.abs(count - rounds / 2) < 6 * 11.2, `${count}`);
});

test("the attack: a machine that threw one leaf of a hundred away is found in 95 audits of 100", () => {
  const fragments = held(Array.from({ length: 200 }, () => 52 * 4_096));
  const isLost = (id: string, leaf: number) => (Number(id) * 52 + leaf) % 100 === 7;
  const rounds = 1_000;
  let found = 0;
  for (let round = 0; round < rounds; round++) {
    if (chooseQuestions(fragments).some(({ id, leaves }) => leaves.some((leaf) => isLost(id, leaf)))) found++;
  }
  assert.ok(found / rounds > 0.92 && found / rounds < 0.98, `${found}`);
});
