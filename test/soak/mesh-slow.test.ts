/**
 * Slow readers and slow writers, on either side: no process has more than 300 MB in memory at any moment.
 *
 *   clients that ask and read nothing, that send a byte now and then, or that make much of little    -> a node
 *   a source that gives slowly, nodes that take slowly                                               -> who stores
 *   somebody who shows a film and rests, nodes that give slowly                                      -> who reads
 *
 *   npm run test:mesh
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { MESH_LIMITS } from "../../src/core/mesh-limits.ts";
import type { Locator } from "../../src/mesh/manifest/locator.ts";
import type { MeshNode } from "../../src/mesh/mesh-node.ts";
import type { Lie } from "../support/mesh-lies.ts";
import { type MeshHost, MeshWorld } from "../support/mesh-world.ts";
import { numberedBytes } from "../support/numbered-bytes.ts";
import { peakBytes } from "../support/peak-memory.ts";
import {
  asksAndRests,
  asksAtLength,
  type SlowClient,
  storesAndTrickles,
  storesBehind,
  storesCrumbs,
  type Victim,
} from "../support/slow-clients.ts";
import { doSlowly } from "../support/slow-owner-process.ts";

const MOST_BYTES = 300e6;
const MIB = 1_048_576;
/** What a node of a small mesh has is whole segments. */
const KEPT_BYTES = 4 * MESH_LIMITS.segmentBytes;
const OBJECT_BYTES = 256 * MIB;
/** Seven full houses, half of them of each kind where there are two. */
const CLIENTS = 7 * MESH_LIMITS.connectionsPerDomain;
const HELD_MS = 40_000;
const GONE_MS = 120_000;
const LOOK_MS = 250;

const WAVES: readonly (readonly SlowClient[])[] = [
  [asksAndRests, storesAndTrickles],
  [asksAndRests],
  [asksAtLength, storesBehind],
  [storesCrumbs],
];

test("a node before slow clients stays small, leaves them, and serves who is not slow", {
  timeout: 1_200_000,
}, async () => {
  await using scene = await Scene.open(null);
  for (const kinds of WAVES) {
    const begunMs = performance.now();
    const clients = await scene.attack(kinds);
    const seconds = await scene.readEqual();
    await sleep(Math.max(0, HELD_MS - (performance.now() - begunMs)));
    const left = await scene.untilAllAreLeft();
    for (const client of clients) client[Symbol.dispose]();
    const names = kinds.map(({ name }) => name).join(" and ");
    console.log(
      `${CLIENTS} x ${names}: peak ${megabytes(scene.peak)}, who is not slow read in ${seconds} s; ${JSON.stringify(left)}`,
    );
    assert.ok(scene.peak <= MOST_BYTES, `${names}: ${megabytes(scene.peak)}`);
  }
});

const UNPROTECTED: readonly [Lie, readonly SlowClient[]][] = [
  ["heedless", [asksAndRests]],
  ["hoards", [asksAtLength, storesBehind]],
];

for (const [lie, kinds] of UNPROTECTED) {
  test(`the same clients are too much for a node that is ${lie}`, { timeout: 300_000 }, async () => {
    await using scene = await Scene.open(lie);
    const attack = scene.attack(kinds).catch(() => {}); // the node may be too busy to greet all
    const deadline = performance.now() + GONE_MS;
    while (scene.peak <= MOST_BYTES && performance.now() < deadline) await sleep(LOOK_MS);
    console.log(`${lie}: peak ${megabytes(scene.peak)}`);
    assert.ok(scene.peak > MOST_BYTES);
    await scene.host.kill();
    await attack;
  });
}

test("who stores slowly, and who reads slowly, among slow nodes: 12 nodes", { timeout: 1_800_000 }, async () => {
  await using world = await MeshWorld.start({ processes: 8, nodesEach: 1 });
  for (let i = 0; i < 4; i++) await world.addHost(1, 4e9, "slow");
  await storeAndRead(world);
  const peaks = world.hosts.map(({ child }) => peakBytes(child.pid));
  console.log(`of nodes: ${peaks.map(megabytes).join(", ")}`);
  for (const peak of peaks) assert.ok(peak <= MOST_BYTES);
});

test("the same with 40 nodes", { timeout: 1_800_000 }, async () => {
  await using world = await MeshWorld.start({ processes: 7, nodesEach: 5 });
  await world.addHost(5, 4e9, "slow");
  await storeAndRead(world);
});

async function storeAndRead(world: MeshWorld): Promise<void> {
  const begunMs = performance.now();
  const stored = await doSlowly(world, { store: OBJECT_BYTES });
  const storedMs = performance.now();
  const read = await doSlowly(world, { read: stored.locator });
  const [storeS, readS] = [(storedMs - begunMs) / 1e3, (performance.now() - storedMs) / 1e3];
  console.log(
    `${world.nodes.length} nodes, k ${stored.locator.needed}, n ${stored.locator.total}: ` +
      `stored in ${storeS.toFixed(0)} s, peak ${megabytes(stored.peakBytes)}; ` +
      `read in ${readS.toFixed(0)} s, peak ${megabytes(read.peakBytes)}`,
  );
  assert.equal(read.digest, stored.digest);
  for (const { peakBytes } of [stored, read]) assert.ok(peakBytes <= MOST_BYTES);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

/** One node that has an object, its owner, and the clients. */
class Scene implements AsyncDisposable {
  readonly host: MeshHost;
  readonly #world: MeshWorld;
  readonly #locator: Locator;
  readonly #digest: string;
  readonly #victim: Victim;

  private constructor(world: MeshWorld, owner: MeshNode, locator: Locator, digest: string) {
    const [host] = world.hosts as [MeshHost];
    const [{ id }] = host.nodes as [MeshHost["nodes"][number]];
    const address = owner.roster.find(id)?.addresses[0];
    const fragment = locator.segments[0]?.fragments[0];
    assert.ok(address && fragment);
    this.host = host;
    this.#world = world;
    this.#locator = locator;
    this.#digest = digest;
    this.#victim = { id, address, fragment: { id: fragment.id, bytes: MESH_LIMITS.segmentBytes } };
  }

  static async open(lie: Lie | null): Promise<Scene> {
    const world = await MeshWorld.start({ processes: 0, nodesEach: 1 });
    try {
      await world.addHost(1, 4e9, lie);
      const owner = await world.owner(1);
      const content = numberedBytes(KEPT_BYTES);
      const { locator } = await owner.writer.write(content.pieces(), KEPT_BYTES);
      return new Scene(world, owner, locator, content.digest());
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  get peak(): number {
    return peakBytes(this.host.child.pid);
  }

  async attack(kinds: readonly SlowClient[]): Promise<Disposable[]> {
    const clients = Array.from({ length: CLIENTS }, (_, i) => {
      const come = kinds[i % kinds.length] as SlowClient;
      return come(this.#victim, Math.floor(i / MESH_LIMITS.connectionsPerDomain));
    });
    return Promise.all(clients);
  }

  /** By somebody in a process of its own; returns the seconds that it took. */
  async readEqual(): Promise<string> {
    const begunMs = performance.now();
    const { digest } = await doSlowly(this.#world, { read: this.#locator });
    assert.equal(digest, this.#digest);
    return ((performance.now() - begunMs) / 1e3).toFixed(0);
  }

  /** Resolves with what the node refused, when it has nobody connected but its owner. */
  async untilAllAreLeft(): Promise<Readonly<Record<string, number>>> {
    for (const deadline = performance.now() + GONE_MS; ; await sleep(LOOK_MS)) {
      const { status } = await this.host.status();
      const [{ traffic, refused }] = status as [(typeof status)[number]];
      if (traffic.connections <= MESH_LIMITS.connectionsPerNode) return refused;
      assert.ok(performance.now() < deadline, `${traffic.connections} are still connected`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#world[Symbol.asyncDispose]();
  }
}
