import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../core/clock.ts";
import { toHex, u32 } from "../../core/bytes.ts";
import { NetworkError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { createLocator, type Locator } from "../manifest/locator.ts";
import { type FragmentId } from "../pieces/fragment-tree.ts";
import { segmentsOf } from "../pieces/segments.ts";
import { ObjectWriter } from "./object-writer.ts";
import { collectReceipts, placesOf } from "./receipts.ts";
import { MemoryMesh } from "./testing.ts";

async function store(mesh: MemoryMesh, bytes: number): Promise<Locator> {
  const content = (async function* () {
    yield randomBytes(bytes);
  })();
  return (await new ObjectWriter({ ...mesh, clock: systemClock }).write(content, bytes)).locator;
}

const byName = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1);

test("every node signs for all that lies there, in every size of mesh", async () => {
  for (const [count, bytes] of [
    [40, MESH_LIMITS.segmentBytes + 12_345],
    [12, 100_000],
    [3, 100_000],
    [1, 1],
  ] as const) {
    const mesh = new MemoryMesh(count);
    const locator = await store(mesh, bytes);
    const receipts = await collectReceipts(mesh.exchange, locator);
    assert.equal(receipts.length, count);
    for (const { node, fragments } of receipts) {
      const kept = mesh.nodes.find((one) => one.node === node)?.kept ?? new Map();
      const held = [...kept].map(([id, content]) => ({ id, bytes: content.length }));
      assert.deepEqual(fragments.toSorted(byName), held.toSorted(byName), "by their names and their lengths");
    }
  }
});

test("a node that refuses, is silent or has nothing any more is left out, and keeps no other one's receipt away", async () => {
  const mesh = new MemoryMesh(12);
  const locator = await store(mesh, 300_000);
  const [mum, silent, empty, ...others] = mesh.nodes as [
    MemoryMesh["nodes"][0],
    MemoryMesh["nodes"][0],
    MemoryMesh["nodes"][0],
    ...MemoryMesh["nodes"],
  ];
  mum.isMum = true;
  silent.is = "silent";
  empty.kept.clear();
  const signed = (await collectReceipts(mesh.exchange, locator)).map(({ node }) => node);
  assert.deepEqual(signed.toSorted(), others.map(({ node }) => node).toSorted());
  mum.isMum = false;
  const [late, ...none] = await collectReceipts(mesh.exchange, locator, undefined, [mum.node]);
  assert.deepEqual([late?.node, none], [mum.node, []], "it alone was asked");
});

test("what one node has of a very large object is asked for in parts, and a part that fails takes away no other", async () => {
  const bytes = 2 ** 32 + 1;
  const mesh = new MemoryMesh(1);
  const [node] = mesh.nodes;
  assert.ok(node);
  const ids = segmentsOf(bytes).map((_, index) => toHex(sha256(u32(index))) as FragmentId);
  for (const id of ids) node.kept.set(id, new Uint8Array(1));
  const rows = ids.map((id) => [{ id, node: node.node }]);
  const locator = createLocator({ bytes, needed: 1, total: 1 }, rows);
  assert.ok(ids.length > MESH_LIMITS.batch);
  const receipts = await collectReceipts(mesh.exchange, locator);
  assert.deepEqual(
    receipts.map(({ fragments }) => fragments.length),
    [MESH_LIMITS.batch, ids.length - MESH_LIMITS.batch],
  );
  assert.deepEqual(new Set(receipts.flatMap(({ fragments }) => fragments.map(({ id }) => id))), new Set(ids));
  const sign = node.receipt.bind(node);
  node.receipt = async (fragments) => {
    if (fragments.length < MESH_LIMITS.batch) throw new NetworkError("node_failed", "It fails.");
    return sign(fragments);
  };
  assert.equal((await collectReceipts(mesh.exchange, locator)).length, 1);
});

test("segments that are alike have the same fragments, which a node signs for once", () => {
  const mesh = new MemoryMesh(2);
  const [one, other] = mesh.nodes.map(({ node }) => node);
  const id = toHex(sha256(u32(0))) as FragmentId;
  const row = [
    { id, node: one ?? null },
    { id, node: other ?? null },
  ];
  const bytes = 2 * MESH_LIMITS.segmentBytes;
  const places = placesOf(
    createLocator({ bytes, needed: 1, total: 2 }, [row, [row[0] as (typeof row)[0], { id, node: null }]]),
  );
  assert.deepEqual(
    [...places.values()].map((fragments) => [...fragments.values()]),
    [[{ id, bytes: MESH_LIMITS.segmentBytes }], [{ id, bytes: MESH_LIMITS.segmentBytes }]],
  );
});

test("whoever gives up does not wait for a node that never answers", async () => {
  const mesh = new MemoryMesh(3);
  const locator = await store(mesh, 1_000);
  for (const node of mesh.nodes) node.is = "stuck";
  const stop = new AbortController();
  const asking = collectReceipts(mesh.exchange, locator, stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(asking, /enough/);
});
