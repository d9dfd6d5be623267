import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../core/clock.ts";
import { concatBytes, equalBytes } from "../../core/bytes.ts";
import { type NetworkError, PolicyError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { ObjectReader } from "./object-reader.ts";
import { ObjectWriter } from "./object-writer.ts";
import { MemoryMesh } from "./testing.ts";

const { segmentBytes } = MESH_LIMITS;

function tools(mesh: MemoryMesh): { writer: ObjectWriter; reader: ObjectReader } {
  return { writer: new ObjectWriter({ ...mesh, clock: systemClock }), reader: new ObjectReader(mesh) };
}

async function* pieces(content: Uint8Array, bytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += bytes) yield content.subarray(at, at + bytes);
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return concatBytes(...parts);
}

/** Random bytes are made slowly; a part of them again and again is as good here. */
function content(bytes: number): Uint8Array {
  const some = randomBytes(65_537);
  const whole = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += some.length) whole.set(some.subarray(0, bytes - at), at);
  return whole;
}

test("what was written is read again, whole and in part, from every size of mesh", async () => {
  for (const [count, bytes] of [
    [40, 2 * segmentBytes + 12_345],
    [12, segmentBytes],
    [3, 100_000],
    [1, 1],
  ] as const) {
    const mesh = new MemoryMesh(count);
    const { writer, reader } = tools(mesh);
    const whole = content(bytes);
    const progress: number[] = [];
    const { locator, redundancy } = await writer.write(pieces(whole, 70_001), bytes, {
      onProgress: (done) => progress.push(done),
    });
    assert.equal(redundancy.holds, count >= 12, "few nodes cannot hold the promise, and that is said");
    assert.equal(progress.at(-1), bytes);
    assert.ok(equalBytes(await all(reader.read(locator)), whole));
    const [start, end] = [Math.floor(bytes / 3), Math.ceil(bytes / 2)];
    assert.ok(equalBytes(await all(reader.read(locator, start, end)), whole.subarray(start, end)));
  }
});

test("half of the nodes are lost, any half, and the object is still there; one more is too many", async () => {
  const mesh = new MemoryMesh(40);
  const { writer, reader } = tools(mesh);
  const whole = content(segmentBytes + 1);
  const { locator } = await writer.write(pieces(whole, segmentBytes), whole.length);
  assert.deepEqual([locator.needed, locator.total], [20, 40]);
  const order = mesh.nodes.toSorted(() => Math.random() - 0.5);
  for (const node of order.slice(0, 20)) node.is = "silent";
  assert.ok(equalBytes(await all(reader.read(locator)), whole));
  for (const node of order.slice(20, 21)) node.is = "silent";
  await assert.rejects(all(reader.read(locator)), (error: NetworkError) => error.code === "too_few_nodes");
});

test("a small range costs the leaves that it touches, and not a segment", async () => {
  const mesh = new MemoryMesh(40);
  const { writer, reader } = tools(mesh);
  const whole = content(segmentBytes);
  const { locator } = await writer.write(pieces(whole, segmentBytes), whole.length);
  const part = await all(reader.read(locator, 1_000_000, 1_010_000));
  assert.ok(equalBytes(part, whole.subarray(1_000_000, 1_010_000)));
  const given = mesh.nodes.reduce((sum, node) => sum + node.given, 0);
  assert.ok(given <= 10_000 + 4 * MESH_LIMITS.leafBytes, `${given} bytes were fetched`);
  for (const node of mesh.nodes.slice(0, 20)) node.is = "silent";
  assert.ok(equalBytes(await all(reader.read(locator, 1_000_000, 1_010_000)), part), "then by any others");
});

test("nodes that fail, are full or too slow lose their fragments to others, and then too few is told", async () => {
  const mesh = new MemoryMesh(44);
  const [silent, full, slow] = mesh.nodes.slice(0, 3) as [
    MemoryMesh["nodes"][0],
    MemoryMesh["nodes"][0],
    MemoryMesh["nodes"][0],
  ];
  silent.is = "silent";
  full.store = async () => Promise.reject(new PolicyError("node_full", "It is full."));
  slow.is = "stuck";
  const { writer, reader } = tools(mesh);
  const whole = content(300_000);
  const { locator } = await writer.write(pieces(whole, 300_000), whole.length);
  assert.equal(locator.nodes.length, 40, "there were others for all");
  for (const node of [silent, full, slow]) assert.ok(!locator.nodes.includes(node.node));
  assert.ok(equalBytes(await all(reader.read(locator)), whole));
  for (const node of mesh.nodes.slice(0, 20)) node.is = "silent";
  const failed = writer.write(pieces(whole, 300_000), whole.length);
  await assert.rejects(failed, (error: PolicyError) => {
    assert.equal(error.code, "mesh_too_small");
    assert.match(error.message, /^Only 2\d of 40 fragments found a node; at least 28 must.* did not answer/);
    return true;
  });
});

test("a mesh without nodes is told from one that is full", async () => {
  await assert.rejects(
    tools(new MemoryMesh(0)).writer.write(pieces(content(9), 9), 9),
    (error: PolicyError) => error.code === "mesh_empty" && /No node of the mesh is known yet/.test(error.message),
  );
  const mesh = new MemoryMesh(8);
  for (const node of mesh.nodes) node.roomBytes = 0;
  await assert.rejects(
    tools(mesh).writer.write(pieces(content(9), 9), 9),
    (error: PolicyError) => error.code === "mesh_empty" && /None that is known has room/.test(error.message),
  );
});

test("nodes that hang are overtaken when they are read from", async () => {
  const mesh = new MemoryMesh(40);
  const { writer, reader } = tools(mesh);
  const whole = content(2 * segmentBytes);
  const { locator } = await writer.write(pieces(whole, segmentBytes), whole.length);
  for (const node of mesh.nodes.slice(0, 15)) node.is = "stuck";
  const begunMs = performance.now();
  assert.ok(equalBytes(await all(reader.read(locator)), whole));
  assert.ok(performance.now() - begunMs < 3_000, "nobody waited for them to give up");
});

test("what ends early, is too long or is given up fails, and nothing hangs", async () => {
  const { writer, reader } = tools(new MemoryMesh(8));
  const whole = content(500_000);
  for (const bytes of [499_999, 500_001]) {
    await assert.rejects(writer.write(pieces(whole, 9_999), bytes), { code: "content_length" });
  }
  await assert.rejects(writer.write(failing(), 500_000), /the disk is gone/);
  const stop = new AbortController();
  const slow = (async function* () {
    yield whole.subarray(0, 10);
    stop.abort(new Error("enough"));
    yield whole.subarray(10);
  })();
  await assert.rejects(writer.write(slow, whole.length, { signal: stop.signal }), /enough/);
  const { locator } = await writer.write(pieces(whole, 9_999), whole.length);
  for await (const piece of reader.read(locator)) {
    assert.ok(piece.length > 0);
    break; // whoever reads no further ends it
  }
});

async function* failing(): AsyncGenerator<Uint8Array> {
  yield content(100);
  throw new Error("the disk is gone");
}

test("a reader that does not read has no more than the window in memory", async () => {
  const mesh = new MemoryMesh(40);
  const { writer, reader } = tools(mesh);
  const whole = content(20 * segmentBytes);
  const { locator } = await writer.write(pieces(whole, segmentBytes), whole.length);
  const reading = reader.read(locator);
  for (let i = 0; i < 4; i++) await reading.next();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const given = mesh.nodes.reduce((sum, node) => sum + node.given, 0);
  assert.ok(given <= (4 + MESH_LIMITS.window) * (segmentBytes + 40 * MESH_LIMITS.leafBytes), `${given} bytes`);
  await reading.return();
});
