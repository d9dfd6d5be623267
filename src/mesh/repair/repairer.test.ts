import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, equalBytes } from "../../core/bytes.ts";
import { NetworkError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import { auditObjects } from "../audit/auditor.ts";
import { LostPlaces } from "../audit/lost-places.ts";
import { TestMesh, type TestNode } from "../audit/testing.ts";
import { type Locator, nodeOf } from "../manifest/locator.ts";
import type { NodeId } from "../node-id.ts";
import { Candidates } from "../objects/candidates.ts";
import { ObjectReader, segmentAt } from "../objects/object-reader.ts";
import { withSegment } from "../objects/segment-reader.ts";
import { storeMissing } from "../objects/segment-writer.ts";
import { fragmentId, leafHashes } from "../pieces/fragment-tree.ts";
import { fragmentBytes } from "../pieces/segments.ts";
import type { NodeState } from "../placement/node-state.ts";
import { repairThreshold } from "../placement/redundancy.ts";
import { type RepairOptions, type RepairResult, repairObject } from "./repairer.ts";

const { lateMs, suspectMs, lostMs, segmentBytes } = MESH_LIMITS;
const NEVER = new AbortController().signal;

/** As `randomBytes`, and much faster for many. */
function content(bytes: number): Uint8Array {
  const some = randomBytes(65_537);
  const whole = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += some.length) whole.set(some.subarray(0, bytes - at), at);
  return whole;
}

class World {
  readonly time = new VirtualTime(1_700_000_000_000);
  readonly mesh: TestMesh;
  readonly whole: Uint8Array;
  readonly locator: Locator;

  constructor({ nodes, bytes, needed, total }: { nodes: number; bytes: number; needed: number; total: number }) {
    this.mesh = new TestMesh(nodes, this.time);
    this.whole = content(bytes);
    this.locator = this.mesh.store(this.whole, needed, total);
  }

  /** These fall silent, and so much time passes; all others are heard. */
  silence(nodes: readonly TestNode[], forMs: number): void {
    for (const node of nodes) node.isSilent = true;
    this.time.stall(forMs);
    this.mesh.refresh();
  }

  repair(locator: Locator = this.locator, more: Partial<RepairOptions> = {}): Promise<RepairResult> {
    const find = (node: NodeId): { state: NodeState; isLeaving: boolean } | null => this.mesh.roster.find(node);
    return repairObject(locator, {
      tools: new ObjectReader(this.mesh).tools,
      stateOf: (node) => find(node)?.state ?? "lost",
      isLeaving: (node) => find(node)?.isLeaving ?? false,
      lost: new LostPlaces(),
      untilMs: this.time.nowMs() + MESH_LIMITS.leaseMs,
      signal: NEVER,
      ...more,
    });
  }

  /** Audits first, as a look does. */
  async auditAndRepair(locator: Locator = this.locator): Promise<RepairResult> {
    const { lost } = await auditObjects([locator], { ...this.mesh, signal: NEVER, timers: this.time });
    return this.repair(locator, { lost });
  }

  async isReadable(locator: Locator): Promise<boolean> {
    const parts = await Array.fromAsync(new ObjectReader(this.mesh).read(locator));
    return equalBytes(concatBytes(...parts), this.whole);
  }

  get stores(): number {
    return this.mesh.nodes.reduce((sum, { stores }) => sum + stores, 0);
  }
}

/** Every fragment lies where the locator says, has the name that it says, and each node has one of a segment. */
function assertPlaced({ mesh }: World, locator: Locator, untilMs: number): void {
  for (const { fragments } of locator.segments) {
    const nodes = fragments.flatMap((fragment) => nodeOf(locator, fragment) ?? []);
    assert.equal(new Set(nodes).size, nodes.length);
    for (const fragment of fragments) {
      const node = mesh.find(nodeOf(locator, fragment));
      if (!node || node.isSilent) continue;
      const kept = node.kept.get(fragment.id);
      assert.ok(kept && kept.untilMs >= untilMs);
      assert.equal(fragmentId(kept.content.length, leafHashes(kept.content)), fragment.id);
    }
  }
}

test("late nodes cost nothing, nor do a few that are lost; at the threshold all that is missing is made anew", async () => {
  const world = new World({ nodes: 60, bytes: 100_000, needed: 20, total: 40 });
  const { mesh, locator } = world;
  const spare = 40 - repairThreshold(locator);
  world.silence(mesh.nodes.slice(0, 20), lateMs);
  assert.deepEqual([(await world.repair()).rebuilt, world.stores], [0, 0], "late");
  for (const node of mesh.nodes.slice(spare - 1, 20)) node.isSilent = false;
  world.silence([], suspectMs);
  const above = await world.repair();
  assert.deepEqual([above.rebuilt, above.segments.due, world.stores], [0, 0, 0], "one more than the threshold is left");
  assert.equal(above.locator, locator, "nothing changed");
  world.silence([mesh.nodes[spare - 1] as TestNode], suspectMs);
  const repaired = await world.repair();
  assert.deepEqual([repaired.segments.due, repaired.rebuilt], [1, spare]);
  assert.equal(repaired.health.worst.margin, 20);
  assert.equal(repaired.storedBytes, spare * fragmentBytes({ bytes: segmentAt(locator, 0).bytes }, 20));
  assertPlaced(world, repaired.locator, world.time.nowMs());
  for (const node of mesh.nodes.slice(spare, 20)) node.isSilent = true;
  assert.ok(await world.isReadable(repaired.locator), "with twenty more gone");
});

test("data, parity, or both may be what is missing", async () => {
  for (const gone of [
    [0, 10],
    [10, 20],
    [5, 15],
  ] as const) {
    const world = new World({ nodes: 36, bytes: 30_001, needed: 10, total: 20 });
    world.silence(world.mesh.nodes.slice(...gone), suspectMs);
    const { rebuilt, locator, health } = await world.repair();
    assert.deepEqual([rebuilt, health.worst.margin], [10, 10]);
    assertPlaced(world, locator, world.time.nowMs());
    assert.ok(await world.isReadable(locator));
  }
});

test("where there is room for few, the segment with the lowest margin gets it", async () => {
  const world = new World({ nodes: 26, bytes: 3 * segmentBytes, needed: 10, total: 20 });
  const { mesh, locator } = world;
  // Two of the three segments are due: one has lost 7 fragments, the last one 10.
  const lost = new LostPlaces();
  const lose = (segment: number, count: number): void => {
    for (const fragment of (locator.segments[segment]?.fragments ?? []).slice(0, count)) {
      const node = nodeOf(locator, fragment) as NodeId;
      mesh.find(node)?.kept.delete(fragment.id);
      lost.add(node, [fragment.id]);
    }
  };
  lose(1, 7);
  lose(2, 10);
  for (const { id } of mesh.nodes.slice(20)) {
    (mesh.find(id) as TestNode).roomBytes = fragmentBytes({ bytes: segmentBytes }, 10);
  }
  const [slow] = mesh.nodes.slice(20) as [TestNode];
  const { segments, rebuilt, health } = await world.repair(locator, { lost });
  assert.deepEqual([segments.due, segments.unplaced, rebuilt], [2, 1, 6]);
  assert.equal(slow.stores > 0, true);
  assert.deepEqual(
    health.segments.map(({ margin }) => margin),
    [10, 3, 6],
  );
});

test("whole copies are made anew of any copy", async () => {
  const world = new World({ nodes: 8, bytes: 20_000, needed: 1, total: 5 });
  world.silence(world.mesh.nodes.slice(0, 4), suspectMs);
  const { rebuilt, locator, health } = await world.repair();
  assert.deepEqual([rebuilt, health.worst.left], [3, 4], "there are only three other nodes");
  assertPlaced(world, locator, world.time.nowMs());
  for (const node of world.mesh.nodes.slice(0, 5)) node.isSilent = true;
  assert.ok(await world.isReadable(locator));
});

test("what cannot be read waits, and is repaired when its nodes come back and show what they have", async () => {
  const world = new World({ nodes: 60, bytes: 50_000, needed: 20, total: 40 });
  const { mesh, locator } = world;
  world.silence(mesh.nodes.slice(0, 21), lostMs);
  const waiting = await world.repair();
  assert.deepEqual(waiting.segments, { due: 1, waiting: 1, unplaced: 0, wrong: 0 });
  assert.deepEqual([waiting.health.worst.margin, waiting.locator], [-1, locator], "no place is given up");
  const back = mesh.nodes.slice(0, 3);
  for (const node of back) {
    node.isSilent = false;
    node.record.answeredAtMs = world.time.nowMs();
  }
  assert.equal(mesh.roster.find((back[0] as TestNode).id)?.state, "returning");
  const again = await world.auditAndRepair();
  assert.equal(mesh.roster.find((back[0] as TestNode).id)?.state, "up");
  assert.deepEqual([again.segments.waiting, again.rebuilt], [0, 18], "the three count again");
  assert.ok(await world.isReadable(again.locator));
});

test("who comes back after a repair costs nothing: its copies are a surplus", async () => {
  const world = new World({ nodes: 60, bytes: 50_000, needed: 20, total: 40 });
  const { mesh } = world;
  const away = mesh.nodes.slice(0, 14);
  world.silence(away, suspectMs);
  const { locator } = await world.repair();
  for (const node of away) node.isSilent = false;
  const stores = world.stores;
  const again = await world.auditAndRepair(locator);
  assert.deepEqual([again.rebuilt, world.stores], [0, stores]);
  for (const node of away) assert.ok(node.kept.size > 0, "nobody drops anything");
});

test("who lost something gets nothing new, and loses its place for that", async () => {
  const world = new World({ nodes: 42, bytes: 50_000, needed: 20, total: 40 });
  const { mesh, locator } = world;
  const forgot = mesh.nodes.slice(0, 14);
  for (const node of forgot) node.kept.clear();
  const { rebuilt, locator: after, segments } = await world.auditAndRepair();
  assert.deepEqual(
    [rebuilt, segments.unplaced],
    [2, 0],
    "only two other nodes are there, which lifts it above the threshold",
  );
  for (const { id, kept } of forgot) assert.deepEqual([after.nodes.includes(id), kept.size], [false, 0]);
  assert.equal(after.segments[0]?.fragments.filter(({ node }) => node === null).length, 12);
  assertPlaced(world, after, world.time.nowMs());
  assert.equal(locator.nodes.length, 40);
});

test("the attack: leaves that lie make fragments that nobody asked for, and none of them is spread", async () => {
  const world = new World({ nodes: 60, bytes: 100_000, needed: 20, total: 40 });
  const { mesh, locator } = world;
  world.silence(mesh.nodes.slice(0, 14), suspectMs);
  // One of the nodes that are left shows another leaf; the client that should see that does not.
  const liar = mesh.nodes[39] as TestNode;
  const [id] = [...liar.kept.keys()];
  liar.damage(id as Parameters<TestNode["damage"]>[0], 0);
  for (const node of mesh.nodes.slice(14, 34)) node.isSilent = true;
  for (const node of mesh.nodes.slice(14, 28)) node.isSilent = false;
  mesh.isChecked = false;

  // Without the check before storing: nodes take what was made of the lie, under the names of the manifest.
  const segment = segmentAt(locator, 0);
  const unchecked = await withSegment(segment, new ObjectReader(mesh).tools, NEVER, (memory) => {
    memory.encode();
    const contents = segment.fragments.map(({ id: name }, i) => {
      return { id: name, bytes: memory.fragments[i]?.length ?? 0, content: memory.fragments[i] as Uint8Array };
    });
    const places = segment.fragments.map((_, i) => (i < 14 ? null : (mesh.nodes[i] as TestNode).id));
    const options = {
      exchange: mesh.exchange,
      candidates: new Candidates(mesh.roster),
      untilMs: 0,
      enough: 40,
      signal: NEVER,
    };
    return storeMissing(contents, places, options);
  });
  assert.equal(unchecked.filter((node) => node !== null).length, 40);
  const wrongAt = (): number =>
    mesh.nodes
      .slice(40)
      .flatMap(({ kept }) => [...kept])
      .filter(([name, kept]) => {
        return fragmentId(kept.content.length, leafHashes(kept.content)) !== name;
      }).length;
  const spread = wrongAt();
  const honest = mesh.nodes.slice(40).flatMap(({ kept }) => [...kept.keys()]).length;
  assert.ok(spread > 0 && honest === 14, `${spread} wrong fragments of ${honest}`);

  for (const node of mesh.nodes.slice(40)) node.kept.clear();
  const { rebuilt, segments, locator: after } = await world.repair();
  assert.deepEqual([wrongAt(), segments.wrong], [0, 1]);
  assert.equal(mesh.nodes.slice(40).flatMap(({ kept }) => [...kept]).length, rebuilt);
  assertPlaced(
    { ...world, mesh: { find: (node: NodeId) => mesh.nodes.slice(40).find(({ id: one }) => one === node) } } as World,
    after,
    0,
  );

  // With the client's own check the liar is asked in vain, and others give what is needed.
  mesh.isChecked = true;
  for (const node of mesh.nodes.slice(28, 34)) node.isSilent = false;
  world.silence([], 1);
  const repaired = await world.repair();
  assert.deepEqual([repaired.segments.wrong, repaired.rebuilt], [0, 14]);
  assert.ok(await world.isReadable(repaired.locator));
});

test("a node that leaves is copied from, which costs one fragment each, and counts for nothing", async () => {
  const world = new World({ nodes: 44, bytes: 2 * segmentBytes, needed: 20, total: 40 });
  const { mesh } = world;
  const [leaver] = mesh.nodes as [TestNode];
  leaver.isLeaving = true;
  const { copied, rebuilt, locator, health } = await world.repair();
  assert.deepEqual([copied, rebuilt, health.worst.margin], [2, 0, 20]);
  assert.equal(
    mesh.nodes.reduce((sum, { downloads }) => sum + downloads, 0),
    2,
    "nobody else was asked for anything",
  );
  assert.ok(!locator.nodes.includes(leaver.id));
  assertPlaced(world, locator, world.time.nowMs());
  leaver.isSilent = true;
  assert.ok(await world.isReadable(locator));
});

test("what a leaving node shows wrong goes nowhere either, and where there is no room it keeps its place", async () => {
  const world = new World({ nodes: 41, bytes: 90_000, needed: 20, total: 40 });
  const { mesh } = world;
  const [leaver] = mesh.nodes as [TestNode];
  leaver.isLeaving = true;
  mesh.isChecked = false;
  leaver.damage([...leaver.kept.keys()][0] as Parameters<TestNode["damage"]>[0], 0);
  const wrong = await world.repair();
  assert.deepEqual([wrong.copied, wrong.segments.wrong, world.stores], [0, 1, 0]);
  mesh.isChecked = true;
  (mesh.nodes[40] as TestNode).roomBytes = 0;
  const full = await world.repair();
  assert.deepEqual([full.copied, full.locator], [0, world.locator]);
});

test("a repair that is broken off ends with the reason, and one that meets failures goes on", async () => {
  const world = new World({ nodes: 60, bytes: 50_000, needed: 20, total: 40 });
  world.silence(world.mesh.nodes.slice(0, 16), suspectMs);
  const stop = new AbortController();
  stop.abort(new Error("enough"));
  await assert.rejects(world.repair(world.locator, { signal: stop.signal }), /enough/);
  const { exchange } = world.mesh;
  let failures = 3;
  const failing = {
    ...exchange,
    peer: async (node: NodeId) =>
      failures-- > 0 ? Promise.reject(new NetworkError("node_failed", "no")) : exchange.peer(node),
  };
  const tools = { ...new ObjectReader(world.mesh).tools, exchange: failing };
  assert.equal((await world.repair(world.locator, { tools })).rebuilt, 16);
});
