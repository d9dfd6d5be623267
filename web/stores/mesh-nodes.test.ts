import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { sampleNodes } from "../../test/support/sample-mesh.ts";
import { nodesStore, pageOf, pointAt, sortBy, sortedNodes, turnTo } from "./mesh-nodes.ts";

const NODES = sampleNodes(30);

beforeEach(() => nodesStore.set({ column: "fragments", descending: true, page: 0, pointed: null }));

test("a column begins at its interesting end, and turns round when it is chosen again", () => {
  turnTo(2);
  pointAt("one");
  sortBy("uptime");
  assert.deepEqual(nodesStore.get(), { column: "uptime", descending: true, page: 0, pointed: "one" });
  sortBy("uptime");
  assert.equal(nodesStore.get().descending, false);
  sortBy("state");
  assert.equal(nodesStore.get().descending, false);
});

test("every column sorts, and equal nodes keep one order", () => {
  const by = (column: "room" | "state" | "cares" | "fragments", descending: boolean) =>
    sortedNodes(NODES, { column, descending });
  const rooms = by("room", true).map(({ roomBytes }) => roomBytes);
  assert.deepEqual(
    rooms,
    rooms.toSorted((a, b) => b - a),
  );
  assert.equal(by("state", false)[0]?.state, "up");
  assert.equal(by("state", true)[0]?.state, "lost");
  assert.equal(by("cares", true)[0]?.cares, true);
  const none = by("fragments", false).filter(({ fragments }) => fragments === 0);
  assert.deepEqual(
    none.map(({ id }) => id),
    none.map(({ id }) => id).toSorted(),
  );
  assert.deepEqual(sortedNodes(NODES.toReversed(), nodesStore.get()), sortedNodes(NODES, nodesStore.get()));
});

test("a page that is past the end is the last one", () => {
  assert.deepEqual(pageOf([1, 2, 3, 4, 5], 1, 2), { items: [3, 4], page: 1, pages: 3, words: "3 to 4 of 5" });
  assert.deepEqual(pageOf([1, 2, 3, 4, 5], 9, 2).items, [5]);
  assert.deepEqual(pageOf([1, 2], -1, 2), { items: [1, 2], page: 0, pages: 1, words: "1 to 2 of 2" });
  assert.equal(pageOf([], 0, 2).pages, 1);
});
