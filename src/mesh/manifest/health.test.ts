import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NodeId } from "../node-id.ts";
import { healthOf } from "./health.ts";
import type { Locator } from "./locator.ts";
import { drawn, locators, namedNode, objectAt } from "./testing.ts";

const allButX = (node: NodeId) => node !== namedNode("x");

test("what is left, what is worst, what is to be repaired", () => {
  // k = 2 of 5: repaired at 3 left.
  const health = healthOf(drawn(2, "abcde", "abxxe", "abcdx", "ax.xx"), allButX);
  assert.deepEqual(
    health.segments.map(({ left, margin }) => [left, margin]),
    [
      [5, 3],
      [3, 1],
      [4, 2],
      [1, -1],
    ],
  );
  assert.equal(health.worst, health.segments[3]);
  assert.deepEqual(
    health.due.map(({ segment }) => segment),
    [3, 1],
  );
  assert.equal(health.fatalLosses, 0);
});

test("of one fragment a node, all but k - 1 may go", () => {
  assert.equal(healthOf(drawn(2, "abcde"), allButX).fatalLosses, 4);
  assert.equal(healthOf(drawn(2, "abcde", "abcxx"), allButX).fatalLosses, 2);
  assert.equal(healthOf(drawn(1, "abc"), allButX).fatalLosses, 3);
  assert.equal(healthOf(drawn(3, "ab."), allButX).fatalLosses, 0);
});

test("a node that has several takes them all along", () => {
  assert.equal(healthOf(drawn(2, "aaaab"), allButX).fatalLosses, 1);
  assert.equal(healthOf(drawn(2, "aabbc"), allButX).fatalLosses, 2);
});

test("a segment with all that it ever has is not repaired over and over", () => {
  for (const [needed, rows] of [
    [1, "a"],
    [1, "ab"],
    [2, "abc"],
  ] as const) {
    assert.deepEqual(healthOf(drawn(needed, rows), allButX).due, []);
    assert.equal(healthOf(drawn(needed, rows.replace(/.$/, "x")), allButX).due.length, 1);
  }
});

/** The slow oracle: every set of nodes. */
function fewestFatal(locator: Locator, counts: (node: NodeId) => boolean): number {
  const nodes = locator.nodes.map((_, i) => i);
  let fewest = Number.POSITIVE_INFINITY;
  for (let set = 0; set < 2 ** nodes.length; set++) {
    const isLost = (node: number) => ((set >> node) & 1) === 1;
    const isFatal = locator.segments.some(({ fragments }) => {
      const left = fragments.filter(
        ({ node }) => node !== null && counts(locator.nodes[node] as NodeId) && !isLost(node),
      );
      return left.length < locator.needed;
    });
    if (isFatal) fewest = Math.min(fewest, nodes.filter(isLost).length);
  }
  return fewest;
}

test("the fewest fatal losses are those of an exhaustive search", () => {
  fc.assert(
    fc.property(locators, fc.subarray([0, 1, 2, 3, 4, 5, 6, 7, 8]), (locator, up) => {
      const counted = new Set(up.map(namedNode));
      const counts = (node: NodeId) => counted.has(node);
      assert.equal(healthOf(locator, counts).fatalLosses, fewestFatal(locator, counts));
    }),
    { numRuns: 60 },
  );
});

test("1 GiB is looked through in a moment", () => {
  const locator = objectAt({ bytes: 2 ** 30, needed: 20, total: 40 }, (s, i) => namedNode((s + i) % 60));
  const startedAt = performance.now();
  const health = healthOf(locator, () => true);
  assert.ok(performance.now() - startedAt < 1_000);
  assert.deepEqual([health.segments.length, health.fatalLosses, health.due.length], [256, 21, 0]);
});
