import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { sealBytes } from "../../crypto/aead.ts";
import { encodeLocator, type Locator, objectIdOf } from "./locator.ts";
import { decodeRoot, encodeRoot, openList, ROOT_BYTES, type RootLocator, rootStep } from "./root.ts";
import { drawn, namedNode, objectAt } from "./testing.ts";

const key = randomBytes(32);
const spread = (bytes: number, total = 40) =>
  objectAt({ bytes, needed: Math.ceil(total / 2), total }, (s, i) => namedNode((s * 7 + i) % 60));

/** What an uploader does, with a mesh that keeps objects in memory. */
function store(object: Locator): { root: RootLocator; kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>();
  let step = rootStep(object, 0, key);
  while ("list" in step) {
    const locator = spread(step.list.length);
    kept.set(objectIdOf(locator), step.list);
    step = rootStep(locator, step.depth, key);
  }
  return { root: step.root, kept };
}

/** What a downloader does. */
function find(root: RootLocator, kept: ReadonlyMap<string, Uint8Array>): Locator {
  let at = root;
  while (at.depth > 0) {
    const list = kept.get(objectIdOf(at.locator)) as Uint8Array;
    at = openList(list, at.depth, key) as RootLocator;
  }
  return at.locator;
}

test("every locator of one segment is a root itself, and none that is too long for a record", () => {
  for (let total = 1; total <= MESH_LIMITS.fragments; total++) {
    const locator = spread(MESH_LIMITS.segmentBytes, total);
    assert.deepEqual(rootStep(locator, 0, key), { root: { depth: 0, locator } });
  }
  const lengths = Array.from({ length: 40 }, (_, i) => spread(3 * MESH_LIMITS.segmentBytes, i + 1));
  const fit = lengths.filter((locator) => "root" in rootStep(locator, 0, key));
  assert.deepEqual(
    fit,
    lengths.filter((locator) => encodeRoot({ depth: 0, locator }).length <= ROOT_BYTES),
  );
  assert.ok(fit.length > 0 && fit.length < lengths.length);
});

test("an object of any size is found again from its root", () => {
  for (const [bytes, depth] of [
    [1, 0],
    [5_000_000, 1],
    [2 ** 30, 1],
    [2 ** 34, 2],
  ] as const) {
    const object = spread(bytes);
    const { root, kept } = store(object);
    assert.deepEqual([root.depth, kept.size], [depth, depth]);
    assert.ok(encodeRoot(root).length <= ROOT_BYTES);
    assert.deepEqual(decodeRoot(encodeRoot(root)), root);
    assert.equal(objectIdOf(find(root, kept)), objectIdOf(object));
  }
});

test("who keeps a list reads no place in it, and cannot alter it", () => {
  const step = rootStep(spread(2 ** 27), 0, key);
  assert.ok("list" in step);
  const { list, depth } = step;
  const nodes = new Set(Array.from({ length: 60 }, (_, i) => namedNode(i).slice(0, 16)));
  const text = Buffer.from(list).toString("hex");
  for (const node of nodes) assert.ok(!text.includes(node));
  assert.ok(openList(list, depth, key));
  assert.equal(openList(list, depth, randomBytes(32)), null);
  assert.equal(openList(list, depth + 1, key), null, "a list is of its depth alone");
  for (const at of [0, 1, 13, list.length >> 1, list.length - 1])
    assert.equal(openList(list.with(at, (list[at] as number) ^ 1), depth, key), null);
  for (const length of [0, 1, 20, list.length - 1]) assert.equal(openList(list.subarray(0, length), depth, key), null);
});

test("the attack: a carer signs a root whose list has a terabyte, or one below another without end", () => {
  const huge = spread(2 ** 29);
  const claims = { depth: 1, locator: huge };
  assert.equal(decodeRoot(encodeRoot(claims)), null);
  assert.ok(decodeRoot(encodeRoot({ depth: 0, locator: huge })), "an object may be so large");
  const list = sealedList(huge, 2);
  assert.equal(openList(list, 2, key), null);
  const locator = drawn(2, "abc");
  assert.ok(decodeRoot(encodeRoot({ depth: MESH_LIMITS.listDepth, locator })));
  assert.equal(decodeRoot(encodeRoot({ depth: MESH_LIMITS.listDepth + 1, locator })), null);
  assert.equal(openList(sealedList(locator, 0), 0, key), null, "below the object there is nothing");
});

test("a locator that does not become short enough is refused", () => {
  assert.throws(() => rootStep(spread(2 ** 27), MESH_LIMITS.listDepth, key), { code: "mesh_object_too_large" });
  assert.throws(() => rootStep(drawn(2, "abc"), MESH_LIMITS.listDepth + 1, key), { code: "mesh_object_too_large" });
});

test("no bytes are a root but those of one", () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(1), randomBytes(100)]) assert.equal(decodeRoot(bytes), null);
  const encoded = encodeRoot({ depth: 0, locator: drawn(2, "abc") });
  assert.equal(decodeRoot(concatBytes(encoded, Uint8Array.of(0))), null);
});

function sealedList(locator: Locator, depth: number): Uint8Array {
  const context = concatBytes(new TextEncoder().encode("nocturne/mesh-list/v1"), Uint8Array.of(depth));
  return concatBytes(Uint8Array.of(1), sealBytes(key, encodeLocator(locator), context));
}
