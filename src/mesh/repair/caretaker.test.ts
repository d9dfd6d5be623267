import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import { concatBytes, equalBytes } from "../../core/bytes.ts";
import { NetworkError } from "../../core/errors.ts";
import { createLogger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import { TestMesh, type TestNode } from "../audit/testing.ts";
import { signCareCertificate } from "../manifest/care-certificate.ts";
import { type Locator, nodeOf } from "../manifest/locator.ts";
import { careKeyOf, deriveCareKeys } from "../mesh-keys.ts";
import { type NodeId, type OwnerId, ownerIdOf } from "../node-id.ts";
import { ObjectReader } from "../objects/object-reader.ts";
import type { Exchange } from "../rooms.ts";
import { nowhere, signCareEnd } from "./care-end.ts";
import { CareTable } from "./care-table.ts";
import { Caretaker, type CaretakerOptions } from "./caretaker.ts";
import type { FoundManifest, Manifests } from "./manifests.ts";

const { auditMs, careLookMs, careAgainMs, careSoonMs, carePerOwner, leaseMs, renewMs, suspectMs } = MESH_LIMITS;
const HOUR_MS = 3_600_000;
const OWNER = ed25519.createKeyPair(new Uint8Array(32).fill(1));
const OWNER_ID = ownerIdOf(OWNER.publicKey);

/** Records of the mesh: the highest sequence counts, as everywhere. */
class TestManifests implements Manifests {
  readonly said = new Map<string, FoundManifest>();
  publishes = 0;
  isUnreachable = false;
  isForgetful = false;
  /** Called between what a carer finds and what it says. */
  beforePublish: () => Promise<void> = async () => {};

  async find(careKey: Uint8Array): Promise<FoundManifest | null> {
    await turn();
    if (this.isUnreachable) throw new NetworkError("mesh_unreachable", "Nobody of the mesh answers.");
    return this.said.get(String(careKey)) ?? null;
  }

  async publish(careKey: Uint8Array, locator: Locator, sequence: number, certificate: Uint8Array): Promise<number> {
    await this.beforePublish();
    if (this.isUnreachable) throw new NetworkError("record_not_kept", "Nobody of the mesh keeps the record.");
    this.publishes++;
    const before = this.said.get(String(careKey));
    if (!before || before.sequence < sequence) this.said.set(String(careKey), { locator, sequence, certificate });
    return 3;
  }

  of(careKey: Uint8Array): FoundManifest {
    return this.said.get(String(careKey)) as FoundManifest;
  }
}

interface StoredObject {
  readonly careKey: Uint8Array;
  readonly whole: Uint8Array;
}

class World {
  readonly time = new VirtualTime(1_700_000_000_000);
  readonly manifests = new TestManifests();
  readonly mesh: TestMesh;
  readonly #folder: string;
  readonly #tables = new Set<CareTable>();
  /** Looks that are under way have one each. */
  #sessions = 0;

  constructor(t: TestContext, nodes: number) {
    this.mesh = new TestMesh(nodes, this.time);
    this.#folder = mkdtempSync(join(tmpdir(), "nocturne-care-"));
    t.after(() => rmSync(this.#folder, { recursive: true }));
  }

  object({ bytes = 60_000, needed = 10, total = 20, permittedMs = 90 * 24 * HOUR_MS } = {}): StoredObject {
    const whole = randomBytes(bytes);
    const locator = this.mesh.store(whole, needed, total, this.time.nowMs() + leaseMs);
    const careKey = careKeyOf(randomBytes(32));
    const carer = deriveCareKeys(careKey).signing.publicKey;
    const certificate = signCareCertificate(carer, this.time.nowMs() + permittedMs, OWNER);
    this.manifests.said.set(String(careKey), { locator, sequence: 1, certificate });
    return { careKey, whole };
  }

  table(name: string = "care", self: OwnerId | null = null): CareTable {
    const table = new CareTable(join(this.#folder, `${name}.db`), self);
    this.#tables.add(table);
    return table;
  }

  carer(t: TestContext, { table = this.table(), ...more }: Partial<CaretakerOptions> = {}): Caretaker {
    const { exchange } = this.mesh;
    const caretaker = new Caretaker({
      table,
      manifests: this.manifests,
      roster: this.mesh.roster,
      exchangeFor: () => this.session(exchange),
      self: null,
      owner: null,
      takesOthers: true,
      clock: this.time,
      // Nobody hangs here, and hours pass while a node is asked.
      timers: {
        schedule: (callback, delayMs) => (delayMs === auditMs ? () => {} : this.time.schedule(callback, delayMs)),
      },
      log: createLogger("silent"),
      ...more,
    });
    t.after(() => this.stop(caretaker, table));
    return caretaker;
  }

  session(exchange: Exchange): Exchange {
    this.#sessions++;
    return { ...exchange, [Symbol.asyncDispose]: async () => void this.#sessions-- };
  }

  async stop(caretaker: Caretaker, table: CareTable): Promise<void> {
    await caretaker.close();
    if (this.#tables.delete(table)) table.close();
  }

  untilMs(): number {
    return this.time.nowMs() + 60 * 24 * HOUR_MS;
  }

  /** All that are not silent announce themselves all the while; looks end before time goes on. */
  async pass(durationMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < durationMs; passedMs += HOUR_MS / 2) {
      this.mesh.announce();
      await this.time.advance(Math.min(HOUR_MS / 2, durationMs - passedMs));
      await this.settle();
    }
  }

  /** What is under way, without timers, comes to its end. */
  async settle(): Promise<void> {
    do for (let i = 0; i < 12; i++) await turn();
    while (this.#sessions > 0);
  }

  async isReadable({ careKey, whole }: StoredObject): Promise<boolean> {
    const parts = await Array.fromAsync(new ObjectReader(this.mesh).read(this.manifests.of(careKey).locator));
    return equalBytes(concatBytes(...parts), whole);
  }
}

test("the first look comes soon, the others within a day less a quarter, and each says it anew", async (t) => {
  const world = new World(t, 24);
  const object = world.object();
  const carer = world.carer(t);
  await carer.care(object.careKey, world.untilMs(), OWNER_ID);
  assert.deepEqual([carer.view().objects, carer.view().lastLookMs, carer.view().worstMargin], [1, null, null]);
  await world.time.advance(careSoonMs);
  await world.settle();
  const { lastLookMs, ...view } = carer.view();
  assert.ok(lastLookMs !== null && lastLookMs <= world.time.nowMs());
  assert.deepEqual(view, {
    objects: 1,
    segments: 1,
    worstMargin: 10,
    auditsPassed: 20,
    auditsFailed: 0,
    repairedFragments: 0,
    repairedBytes: 0,
    unreadable: 0,
    problems: [],
  });
  assert.deepEqual([world.manifests.publishes, world.manifests.of(object.careKey).sequence], [1, 2]);
  await world.pass(careLookMs * 0.74);
  assert.equal(world.manifests.publishes, 1);
  await world.pass(careLookMs * 0.27);
  assert.equal(world.manifests.publishes, 2);
  for (const { record } of world.mesh.nodes.slice(0, 20))
    assert.ok(world.time.nowMs() - record.auditedAtMs < suspectMs);
});

test("nodes that are gone for a day are replaced while the owner is away, and the new places are found", async (t) => {
  const world = new World(t, 40);
  const object = world.object();
  const carer = world.carer(t);
  await carer.care(object.careKey, world.untilMs(), OWNER_ID);
  await world.pass(HOUR_MS);
  for (const node of world.mesh.nodes.slice(0, 8)) node.isSilent = true;
  await world.pass(2 * suspectMs);
  assert.deepEqual([carer.view().repairedFragments, carer.view().worstMargin, carer.view().problems], [8, 10, []]);
  assert.ok(carer.view().repairedBytes > 8 * 6_000);
  for (const node of world.mesh.nodes.slice(8, 18)) node.isSilent = true;
  assert.ok(await world.isReadable(object), "ten of the twenty first nodes and eight others are gone");
});

test("a node that loses what it has is found, told of, and replaced", async (t) => {
  const world = new World(t, 40);
  const object = world.object();
  const carer = world.carer(t);
  for (const node of world.mesh.nodes.slice(0, 7)) node.kept.clear();
  await carer.care(object.careKey, world.untilMs(), OWNER_ID);
  await world.pass(HOUR_MS);
  const { auditsFailed, repairedFragments, problems } = carer.view();
  assert.deepEqual([auditsFailed, repairedFragments], [7, 7]);
  assert.deepEqual(problems, [{ text: "Some nodes have lost fragments that they took.", objects: 1 }]);
  await world.pass(careLookMs);
  assert.deepEqual(carer.view().problems, []);
});

test("leases are renewed before half of them is over, at every node", async (t) => {
  const world = new World(t, 20);
  const object = world.object({ bytes: 1_000 });
  const carer = world.carer(t);
  await carer.care(object.careKey, world.untilMs(), OWNER_ID);
  await world.pass(HOUR_MS);
  const endsMs = (): number =>
    Math.min(...world.mesh.nodes.flatMap(({ kept }) => [...kept.values()].map((one) => one.untilMs)));
  const first = endsMs();
  const [away] = world.mesh.nodes as [TestNode];
  for (let day = 0; day < 20; day++) {
    away.isSilent = day > 12 && day < 18;
    await world.pass(24 * HOUR_MS);
    if (!away.isSilent) assert.ok(endsMs() - world.time.nowMs() > leaseMs - renewMs - 3 * 24 * HOUR_MS, `day ${day}`);
  }
  assert.ok(endsMs() > first, "also at the node that was away when it was time");
});

test("two carers and a repair at the same time do no harm, and what both did is merged", async (t) => {
  const world = new World(t, 60);
  const object = world.object();
  for (const node of world.mesh.nodes.slice(0, 8)) node.isSilent = true;
  world.time.stall(suspectMs);
  world.mesh.refresh();
  // Each stands still before it publishes until both have repaired.
  let waiting = 0;
  const both = Promise.withResolvers<void>();
  world.manifests.beforePublish = async () => {
    if (++waiting === 2) both.resolve();
    await both.promise;
  };
  const carers = ["a", "b"].map((name) => world.carer(t, { table: world.table(name) }));
  for (const carer of carers) await carer.care(object.careKey, world.untilMs(), OWNER_ID);
  await world.time.advance(careSoonMs);
  await world.settle();
  assert.deepEqual(
    carers.map((carer) => carer.view().repairedFragments),
    [8, 8],
    "both did it all",
  );
  const { locator, sequence } = world.manifests.of(object.careKey);
  assert.ok(sequence >= 2);
  for (const { fragments } of locator.segments) {
    for (const fragment of fragments) {
      const node = world.mesh.find(nodeOf(locator, fragment));
      assert.ok(node && !node.isSilent && node.kept.has(fragment.id), "every place is one that has it");
    }
  }
  world.manifests.beforePublish = async () => {};
  const stores = (): number => world.mesh.nodes.reduce((sum, node) => sum + node.stores, 0);
  const before = stores();
  await world.pass(3 * careLookMs);
  assert.equal(stores(), before, "and then there is peace");
  assert.ok(await world.isReadable(object));
});

test("whoever's word is outdone by another's at the same time merges both and says it anew", async (t) => {
  const world = new World(t, 60);
  const object = world.object();
  for (const node of world.mesh.nodes.slice(0, 8)) node.isSilent = true;
  world.time.stall(suspectMs);
  world.mesh.refresh();
  const found = world.manifests.of(object.careKey);
  let isFirst = true;
  world.manifests.beforePublish = async () => {
    if (isFirst) world.manifests.said.set(String(object.careKey), { ...found, sequence: 7 });
    isFirst = false;
  };
  const carer = world.carer(t);
  await carer.care(object.careKey, world.untilMs(), OWNER_ID);
  await world.time.advance(careSoonMs);
  await world.settle();
  const { locator, sequence } = world.manifests.of(object.careKey);
  assert.equal(sequence, 8);
  for (const node of world.mesh.nodes.slice(0, 8)) assert.ok(!locator.nodes.includes(node.id));
});

test("a carer that knows nobody yet takes no node for lost, and one whose own node has a fragment counts it", async (t) => {
  const world = new World(t, 40);
  const object = world.object();
  const known = new Set<NodeId>();
  const { roster } = world.mesh;
  const young = {
    ...roster,
    nodes: () => roster.nodes().filter(({ id }) => known.has(id)),
    find: (id: NodeId) => (known.has(id) ? roster.find(id) : null),
  };
  // It knows twenty others, with room, and reaches ten of those that hold the object.
  const { exchange } = world.mesh;
  const reachable = new Set(world.mesh.nodes.slice(10).map(({ id }) => id));
  const exchangeFor = (): Exchange =>
    world.session({
      ...exchange,
      peer: async (node) => {
        if (!reachable.has(node)) throw new NetworkError("node_unreachable", "Nobody knows where it is.");
        return exchange.peer(node);
      },
    });
  for (const { id } of world.mesh.nodes.slice(20)) known.add(id);
  const [self] = world.mesh.nodes as [TestNode];
  const table = world.table();
  const carer = world.carer(t, { table, roster: young, exchangeFor, self: self.id });
  await carer.care(object.careKey, world.untilMs(), OWNER_ID);
  await world.pass(suspectMs - 2 * HOUR_MS);
  assert.equal(carer.view().repairedFragments, 0, "for a day they may still turn up");
  // After a restart it does not begin to wait anew.
  await world.stop(carer, table);
  const again = world.carer(t, { roster: young, exchangeFor, self: self.id });
  await world.pass(careLookMs + 4 * HOUR_MS);
  assert.equal(again.view().repairedFragments, 9, "all but those that were shown, and that of its own node");
});

test("what a node that leaves has is brought elsewhere at once, and the node is told", async (t) => {
  const world = new World(t, 40);
  const object = world.object();
  const carer = world.carer(t);
  await carer.care(object.careKey, world.untilMs(), OWNER_ID);
  await world.pass(HOUR_MS);
  const [leaver] = world.mesh.nodes as [TestNode];
  leaver.isLeaving = true;
  world.mesh.changed();
  await world.settle();
  assert.equal(carer.view().repairedFragments, 1);
  assert.deepEqual(leaver.released, [...leaver.kept.keys()]);
  assert.ok(!world.manifests.of(object.careKey).locator.nodes.includes(leaver.id));
});

test("what could not be said is not told to a leaving node as done, and is said by the next look", async (t) => {
  const world = new World(t, 40);
  const object = world.object();
  const [leaver] = world.mesh.nodes as [TestNode];
  leaver.isLeaving = true;
  const carer = world.carer(t);
  world.manifests.beforePublish = async () => {
    world.manifests.isUnreachable = true;
  };
  await carer.care(object.careKey, world.untilMs(), OWNER_ID);
  await world.time.advance(careSoonMs);
  await world.settle();
  assert.deepEqual(leaver.released, []);
  assert.deepEqual(carer.view().problems, [{ text: "Nobody of the mesh keeps the record.", objects: 1 }]);
  world.manifests.isUnreachable = false;
  world.manifests.beforePublish = async () => {};
  await world.pass(careAgainMs + 1);
  assert.deepEqual([carer.view().problems, carer.view().repairedFragments], [[], 1], "nothing was stored twice");
  assert.ok(!world.manifests.of(object.careKey).locator.nodes.includes(leaver.id));
});

test("when every record has ended, a carer says it anew from what it remembers", async (t) => {
  const world = new World(t, 40);
  const object = world.object();
  const table = world.table();
  const first = world.carer(t, { table });
  await first.care(object.careKey, world.untilMs(), OWNER_ID);
  await world.pass(HOUR_MS);
  await world.stop(first, table);
  const { sequence } = world.manifests.of(object.careKey);
  world.manifests.said.clear();
  world.carer(t);
  await world.pass(careLookMs);
  assert.ok(world.manifests.of(object.careKey).sequence > sequence);
  assert.ok(await world.isReadable(object));
});

test("problems are said in words, and looked at again within the hour", async (t) => {
  const world = new World(t, 40);
  const [object, unknown, ended] = [world.object(), world.object(), world.object({ permittedMs: 2 * HOUR_MS })];
  world.manifests.said.delete(String(unknown.careKey));
  const carer = world.carer(t);
  const texts = (): string[] =>
    carer
      .view()
      .problems.map(({ text, objects }) => `${objects}: ${text}`)
      .sort();
  for (const { careKey } of [object, unknown, ended]) await carer.care(careKey, world.untilMs(), OWNER_ID);
  await world.pass(HOUR_MS);
  assert.deepEqual(texts(), ["1: It is not known where it lies: nobody has a record of it."]);
  for (const node of world.mesh.nodes) node.isSilent = true;
  await world.pass(careLookMs + HOUR_MS);
  assert.deepEqual(texts(), [
    "1: It is not known where it lies: nobody has a record of it.",
    "1: None of its nodes answers: this machine may be offline.",
    "1: The owner's permission to care for it has ended.",
  ]);
  assert.equal(carer.view().repairedFragments, 0);
  for (const node of world.mesh.nodes.slice(11)) node.isSilent = false;
  await world.pass(2 * suspectMs);
  assert.deepEqual(
    [
      carer.view().unreadable,
      carer.view().worstMargin,
      texts().includes("1: Some parts cannot be read now; they wait for nodes to come back."),
    ],
    [1, -1, true],
  );
  for (const node of world.mesh.nodes) node.isSilent = false;
  await world.pass(2 * careAgainMs);
  assert.equal(carer.view().unreadable, 0);
});

test("an object that its owner dropped is not looked after any more, and no node is blamed for it", async (t) => {
  const world = new World(t, 24);
  const [dropped, kept] = [world.object(), world.object()];
  const carer = world.carer(t);
  for (const { careKey } of [dropped, kept]) await carer.care(careKey, world.untilMs(), OWNER_ID);
  await world.pass(HOUR_MS);
  const end = async ({ careKey }: StoredObject, by: SignatureKeyPair): Promise<void> => {
    const { locator, sequence } = world.manifests.of(careKey);
    const certificate = signCareEnd(deriveCareKeys(careKey).signing.publicKey, by);
    await world.manifests.publish(careKey, nowhere(locator), sequence + 9, certificate);
  };
  const ids = world.manifests.of(dropped.careKey).locator.segments.flatMap(({ fragments }) => fragments);
  for (const { id } of ids) for (const node of world.mesh.nodes) node.kept.delete(id);
  await end(dropped, OWNER);
  await end(kept, ed25519.createKeyPair(new Uint8Array(32).fill(2)));
  await world.pass(careLookMs);
  const { objects, auditsFailed } = carer.view();
  assert.deepEqual({ objects, auditsFailed }, { objects: 1, auditsFailed: 0 }, "somebody else's word ends nothing");
});

test("care ends with its time, or when the owner says so, and its limits hold", async (t) => {
  const world = new World(t, 20);
  const object = world.object({ bytes: 1_000 });
  const table = world.table("limits", OWNER_ID);
  const carer = world.carer(t, { table, owner: OWNER_ID });
  const other = ownerIdOf(new Uint8Array(32).fill(9));
  for (let i = 0; i < carePerOwner; i++) await carer.care(randomBytes(32), world.untilMs(), other);
  await assert.rejects(carer.care(randomBytes(32), world.untilMs(), other), { code: "no_care" });
  await carer.care(object.careKey, world.time.nowMs() + HOUR_MS, OWNER_ID);
  await carer.care(object.careKey, world.time.nowMs() + 2 * HOUR_MS, OWNER_ID);
  assert.equal(carer.view().objects, carePerOwner + 1, "the second time it is kept longer");
  await carer.end(object.careKey);
  assert.equal(carer.view().objects, carePerOwner);
  await carer.care(object.careKey, world.time.nowMs() + HOUR_MS, OWNER_ID);
  const off = world.carer(t, { table: world.table("off"), takesOthers: false, owner: OWNER_ID });
  await assert.rejects(off.care(object.careKey, world.untilMs(), other), { code: "no_care" });
  await off.care(object.careKey, world.time.nowMs() + HOUR_MS, OWNER_ID);
  await world.pass(2 * HOUR_MS);
  assert.equal(off.view().objects, 0, "its time is over");
});
