import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { NodeId } from "../node-id.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import {
  createLocator,
  decodeLocator,
  encodeLocator,
  type LocatedFragment,
  type Locator,
  nodeOf,
  objectIdOf,
} from "./locator.ts";
import { drawn, locators, namedNode, objectAt } from "./testing.ts";

test("a locator says again what was put into it", () => {
  fc.assert(
    fc.property(locators, (locator) => {
      const encoded = encodeLocator(locator);
      assert.deepEqual(decodeLocator(encoded), locator);
    }),
  );
});

test("nothing can be said in two ways", () => {
  const encoded = encodeLocator(drawn(2, "abc", "ab."));
  for (let bit = 0; bit < 8 * encoded.length; bit++) {
    const altered = encoded.slice();
    altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
    const read = decodeLocator(altered);
    if (read) assert.deepEqual(encodeLocator(read), altered, `bit ${bit}`);
  }
  for (let length = 0; length < encoded.length; length++)
    assert.equal(decodeLocator(encoded.subarray(0, length)), null);
  assert.equal(decodeLocator(concatBytes(encoded, Uint8Array.of(0))), null);
});

test("odd locators are neither read nor written", () => {
  const good = drawn(2, "abc");
  const [a, b, c] = good.nodes as [NodeId, NodeId, NodeId];
  const fragments = good.segments[0]?.fragments ?? [];
  const odd: Record<string, Partial<Locator>> = {
    "nodes fall": { nodes: [b, a, c] },
    "a node twice": { nodes: [a, a, c] },
    "a node without a fragment": { nodes: [...good.nodes, "f".repeat(64) as NodeId] },
    "a fragment at a node that is not named": { nodes: [a, b] },
    "a node that is none": { nodes: [a, b, "z".repeat(64) as NodeId] },
    "more needed than there are": { needed: 4 },
    "none needed": { needed: 0 },
    "half a fragment": { needed: 1.5 },
    "a fragment too few": { segments: [{ fragments: fragments.slice(1) }] },
    "a segment too many": { segments: [{ fragments }, { fragments }] },
    "no segment": { segments: [] },
    "an empty object": { bytes: 0, segments: [] },
    "an object too large": { bytes: MESH_LIMITS.objectBytes + 1 },
  };
  for (const [why, part] of Object.entries(odd))
    assert.throws(() => encodeLocator({ ...good, ...part }), { code: "mesh_locator" }, why);
  const many = { bytes: 1, needed: 1, total: MESH_LIMITS.fragments + 1 };
  assert.throws(() => objectAt(many, () => null), { code: "mesh_locator" });
});

test("a head that claims much more than there is costs nothing", () => {
  const encoded = encodeLocator(drawn(2, "abc"));
  const view = new DataView(encoded.buffer);
  const startedAt = performance.now();
  for (const bytes of [
    2n ** 64n - 1n,
    2n ** 53n - 1n,
    BigInt(MESH_LIMITS.objectBytes) + 1n,
    BigInt(MESH_LIMITS.objectBytes),
  ]) {
    view.setBigUint64(3, bytes);
    assert.equal(decodeLocator(encoded), null);
  }
  view.setBigUint64(3, 1_000n);
  view.setUint16(11, 0xffff);
  assert.equal(decodeLocator(encoded), null);
  assert.ok(performance.now() - startedAt < 1_000);
});

test("1 GiB in 20 + 20 fragments takes 350 KB, and the largest object can be said", () => {
  const nodes = Array.from({ length: 40 }, (_, i) => namedNode(i));
  const shape = { bytes: 2 ** 30, needed: 20, total: 40 };
  const locator = objectAt(shape, (s, i) => nodes[(s + i) % 40] as NodeId);
  const encoded = encodeLocator(locator);
  assert.equal(locator.segments.length * 40, 10_240);
  assert.equal(encoded.length, 13 + 40 * 32 + 10_240 * 34);
  assert.deepEqual(decodeLocator(encoded), locator);

  const fragment = { id: objectFragment(locator), node: nodes[0] as NodeId };
  const segments = Array.from({ length: MESH_LIMITS.objectBytes / MESH_LIMITS.segmentBytes }, () => [fragment]);
  const largest = createLocator({ bytes: MESH_LIMITS.objectBytes, needed: 1, total: 1 }, segments);
  assert.equal(decodeLocator(encodeLocator(largest))?.segments.length, 262_144);
  assert.match(objectIdOf(largest), /^[0-9a-f]{64}$/);
});

test("as many nodes as there are numbers for", () => {
  const shape = { bytes: 1_639 * MESH_LIMITS.segmentBytes, needed: 20, total: 40 };
  const nodes = Array.from(
    { length: MESH_LIMITS.locatorNodes + 1 },
    (_, i) => i.toString(16).padStart(64, "0") as NodeId,
  );
  const placed = (count: number) => () => objectAt(shape, (s, i) => nodes[(s * 40 + i) % count] as NodeId);
  const most = placed(MESH_LIMITS.locatorNodes)();
  assert.equal(most.nodes.length, 65_535);
  const read = decodeLocator(encodeLocator(most)) as Locator;
  assert.equal(nodeOf(read, { id: objectFragment(read), node: 65_534 }), nodes[65_534]);
  assert.throws(placed(MESH_LIMITS.locatorNodes + 1), { code: "mesh_locator" });
});

test("an object keeps its name wherever it lies, and no other has it", () => {
  const here = drawn(2, "abc", "abc");
  assert.equal(objectIdOf(drawn(2, "...", "xyz")), objectIdOf(here));
  const segments = here.segments.map(({ fragments }) => ({ fragments: fragments.toReversed() }));
  const others = [
    drawn(1, "abc", "abc"),
    drawn(2, "abc"),
    { ...here, bytes: here.bytes + 1 },
    { ...here, segments },
    { ...here, segments: here.segments.toReversed() },
  ];
  assert.equal(new Set([here, ...others].map(objectIdOf)).size, 6);
});

function objectFragment({ segments }: Locator): FragmentId {
  const [first] = segments.flatMap(({ fragments }) => fragments.slice(0, 1));
  return (first as LocatedFragment).id;
}
