/**
 * A mesh that is cut in two for ten minutes while both halves write, and then is one again: nothing that was kept is lost,
 * the newest word of an object's places is believed everywhere, and older ones that are put again are not.
 *
 *   left: 6 nodes, an owner -----X----- right: 6 nodes, the same owner on another machine
 *
 * `npm run test:mesh-partition`; NOCTURNE_PARTITION_S=40 for a short look. Needs root.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { randomBytes } from "../../src/core/random.ts";
import { equalBytes, toHex } from "../../src/core/bytes.ts";
import { MESH_LIMITS } from "../../src/core/mesh-limits.ts";
import type { Locator } from "../../src/mesh/manifest/locator.ts";
import { mergeLocators } from "../../src/mesh/manifest/merge.ts";
import { deriveCareKeys } from "../../src/mesh/mesh-keys.ts";
import { signRecord } from "../../src/mesh/records/record.ts";
import { forkInside, makeWire } from "../support/lone-wire.ts";
import { MeshOwner } from "../support/mesh-owner-process.ts";
import type { HostedNode, HostPlan } from "../support/mesh-world.ts";
import { type Machine, missingForNamespaces } from "../support/network-namespace.ts";
import { temporaryFolder } from "../support/nocturne-process.ts";
import { askUntil } from "../support/wait.ts";

process.setMaxListeners(32); // each program that is started has one, so that none is left behind

const skip = missingForNamespaces() ?? false;
if (skip) console.error(`SKIPPED: a mesh that is cut in two: ${skip}`);

const CUT_MS = 1_000 * Number(process.env["NOCTURNE_PARTITION_S"] ?? 600);
/** Five houses a side, two nodes in one of them: a half is then just enough for what is cut for ten. */
const LEFT = [1, 2, 3, 4, 5, 5].map((house, i) => `10.80.${house}.${i + 1}`);
const RIGHT = [101, 102, 103, 104, 105, 105].map((house, i) => `10.80.${house}.${i + 1}`);
const NODES = LEFT.length + RIGHT.length;
const OBJECT_BYTES = 300_000;
const ROUND_MS = 5_000;
/** The left side says anew where the shared object lies in each round, the right one in every third; so often at least. */
const OFTEN = { everyRounds: 1, least: 4 } as const;
const RARELY = { everyRounds: 3, least: 1 } as const;
const HEAL_MS = 120_000;
const HOST = join(import.meta.dirname, "../support/mesh-host.ts");

interface Kept {
  readonly careKey: Uint8Array;
  readonly content: Uint8Array;
}

interface Side {
  readonly owner: MeshOwner;
  readonly nodes: readonly HostedNode[];
}

async function startNodes(
  t: TestContext,
  machine: Machine,
  hosts: readonly string[],
  bootstrap: readonly string[],
): Promise<readonly HostedNode[]> {
  const folder = temporaryFolder(t);
  const nodes = hosts.map((host) => ({ folder: join(folder, host), host, seed: toHex(randomBytes(32)) }));
  const plan: HostPlan = { nodes, bootstrap, lan: false, maxBytes: 1e9, aheadMs: 0 };
  const [message] = await once(forkInside(t, machine, HOST, [JSON.stringify(plan)]), "message");
  return (message as { readonly ready: readonly HostedNode[] }).ready;
}

function addressesOf(nodes: readonly HostedNode[]): string[] {
  return nodes.slice(0, 2).map(({ address }) => address);
}

interface NewlyKept extends Kept {
  readonly locator: Locator;
  /** What it took to write it, and to say where it is. */
  readonly tookMs: readonly [write: number, publish: number];
}

async function keep({ owner }: Side): Promise<NewlyKept> {
  const kept = { careKey: randomBytes(32), content: randomBytes(OBJECT_BYTES) };
  const begunMs = performance.now();
  const locator = await owner.call("write", kept.content);
  const writtenMs = performance.now();
  await publish(owner, kept.careKey, locator, 1);
  return { ...kept, locator, tookMs: [writtenMs - begunMs, performance.now() - writtenMs] };
}

/** As the app does, which tries again: of the nodes that are asked first, the cut has taken half away. */
async function publish(owner: MeshOwner, careKey: Uint8Array, locator: Locator, sequence: number): Promise<void> {
  await askUntil(
    "it is kept by somebody",
    () => owner.call("publish", careKey, locator, sequence).catch(() => 0),
    (nodes) => nodes > 0,
    HEAL_MS,
  );
}

interface Written {
  readonly kept: readonly NewlyKept[];
  /** Of the object that both write. */
  readonly sequence: number;
  readonly locator: Locator;
}

/** New objects until the time is over, and the shared one again and again. Everything has to be kept by this half alone. */
async function writeAlone(
  side: Side,
  shared: Kept,
  { everyRounds, least }: typeof OFTEN | typeof RARELY,
  untilMs: number,
): Promise<Written> {
  const mine = new Set(side.nodes.map(({ id }) => id));
  const kept: NewlyKept[] = [];
  let [sequence, newest]: [number, Locator | null] = [1, null];
  for (let round = 0; performance.now() < untilMs || newest === null || sequence <= least; round++) {
    const begunMs = performance.now();
    const one = await keep(side);
    assert.ok(
      one.locator.nodes.every((id) => mine.has(id)),
      "the wire is cut",
    );
    kept.push(one);
    if (round % everyRounds === 0) {
      newest = await side.owner.call("write", shared.content);
      await publish(side.owner, shared.careKey, newest, ++sequence);
    }
    await sleep(Math.max(0, Math.min(begunMs + ROUND_MS, untilMs) - performance.now()));
  }
  return { kept, sequence, locator: newest };
}

function told({ kept, sequence }: Written): string {
  const middle = [0, 1].map((i) =>
    Math.round(kept.map(({ tookMs }) => tookMs[i] ?? 0).toSorted((a, b) => a - b)[kept.length >> 1] ?? 0),
  );
  const first = kept[0]?.tookMs.map(Math.round);
  return `${kept.length} objects, the shared one up to ${sequence}; ms to write and to publish: first ${first}, median ${middle}`;
}

async function assertReadable(owner: MeshOwner, { careKey, content }: Kept): Promise<void> {
  const found = await owner.call("find", careKey);
  assert.ok(found, "its manifest is there");
  assert.ok(equalBytes(await owner.call("read", found.locator), content), "it is as it was");
}

test(`a mesh is cut in two for ${CUT_MS / 1_000} s, both halves write, and it heals`, {
  skip,
  timeout: 2 * CUT_MS + 900_000,
}, async (t) => {
  const wire = makeWire(t, LEFT, RIGHT);
  const secret = toHex(randomBytes(32));
  const leftNodes = await startNodes(t, wire.left, LEFT, []);
  const rightNodes = await startNodes(t, wire.right, RIGHT, addressesOf(leftNodes));
  const startOwner = (machine: Machine, nodes: readonly HostedNode[], whose: string = secret): Promise<MeshOwner> =>
    MeshOwner.start(t, machine, NODES, { secret: whose, bootstrap: addressesOf(nodes), lan: false });
  const left: Side = { nodes: leftNodes, owner: await startOwner(wire.left, leftNodes) };
  const right: Side = { nodes: rightNodes, owner: await startOwner(wire.right, rightNodes) };
  const sides = [left, right];

  const before = await keep(left);
  const shared = await keep(right);
  assert.deepEqual((await left.owner.call("find", shared.careKey))?.locator, shared.locator);
  const signing = deriveCareKeys(shared.careKey).signing;
  const old = await left.owner.call("get", "places", signing.publicKey);
  assert.equal(old?.sequence, 1);

  wire.cut();
  const untilMs = performance.now() + CUT_MS;
  const [here, there] = await Promise.all([
    writeAlone(left, shared, OFTEN, untilMs),
    writeAlone(right, shared, RARELY, untilMs),
  ]);
  t.diagnostic(`left: ${told(here)}`);
  t.diagnostic(`right: ${told(there)}`);
  assert.ok(here.sequence > there.sequence && there.sequence > 1);
  wire.mend();
  const healedMs = performance.now();

  await t.test("the newest manifest is found from both sides, by who was there and by who comes now", async () => {
    for (const { owner } of sides) {
      const found = await askUntil(
        "the newest is found",
        () => owner.call("find", shared.careKey).catch(() => null),
        (found) => found?.sequence === here.sequence,
        HEAL_MS,
      );
      assert.deepEqual(found?.locator, here.locator);
    }
    t.diagnostic(`found from both sides ${Math.round(performance.now() - healedMs)} ms after the wire was mended`);
    for (const [machine, nodes] of [
      [wire.left, leftNodes],
      [wire.right, rightNodes],
    ] as const) {
      const fresh = await startOwner(machine, nodes);
      assert.equal((await fresh.call("find", shared.careKey))?.sequence, here.sequence);
    }
  });

  await t.test("no object is lost: all are read from both sides", async () => {
    const all = [before, shared, ...here.kept, ...there.kept];
    for (const { owner } of sides) for (const one of all) await assertReadable(owner, one);
    t.diagnostic(`${all.length} objects were read from both sides`);
  });

  await t.test("whoever had an older word merges both, and that is the newest then", async () => {
    const merged = mergeLocators(here.locator, there.locator, () => true);
    assert.ok(merged, "both halves kept the same object");
    await right.owner.call("publish", shared.careKey, merged, here.sequence + 1);
    for (const { owner } of sides) {
      const found = await owner.call("find", shared.careKey);
      assert.deepEqual([found?.sequence, found?.locator], [here.sequence + 1, merged]);
    }
  });

  await t.test("an older record that somebody puts again is refused by all, from any machine", async () => {
    for (const [machine, nodes] of [
      [wire.left, leftNodes],
      [wire.right, rightNodes],
    ] as const) {
      const attacker = await startOwner(machine, nodes, toHex(randomBytes(32)));
      const bytes = signRecord(old, signing); // as it was caught: signatures have one form
      await assert.rejects(attacker.call("put", bytes), { code: "record_not_kept" });
      const own = deriveCareKeys(randomBytes(32)).signing;
      const kept = await attacker.call("put", signRecord(old, own));
      assert.ok(kept >= MESH_LIMITS.quorum, `only ${kept} nodes keep what this machine puts where nothing newer is`);
      for (const { owner } of sides)
        assert.equal((await owner.call("find", shared.careKey))?.sequence, here.sequence + 1);
      const fresh = await startOwner(machine, nodes);
      assert.equal((await fresh.call("find", shared.careKey))?.sequence, here.sequence + 1);
    }
  });
});
