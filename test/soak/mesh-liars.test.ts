/**
 * Nodes that lie, among honest ones. They are found by the looks of those who care for the object, within so many rounds of 20 h; what they
 * had is brought to others, until each segment has more than the repair threshold with honest nodes alone, and the object is equal with all
 * liars gone. Repair is lazy: beyond the threshold a liar may stay in the list of places, where it does not count.
 *
 *   npm run test:mesh
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fromBase64Url } from "../../src/core/bytes.ts";
import { MESH_LIMITS } from "../../src/core/mesh-limits.ts";
import { randomBytes } from "../../src/core/random.ts";
import { storeObject } from "../../src/mesh/keeper/stored-object.ts";
import { careKeyOf, deriveMeshKeys } from "../../src/mesh/mesh-keys.ts";
import type { Locator } from "../../src/mesh/manifest/locator.ts";
import type { NodeId } from "../../src/mesh/node-id.ts";
import { repairThreshold } from "../../src/mesh/placement/redundancy.ts";
import { LIES, type Lie } from "../support/mesh-lies.ts";
import { numberedBytes } from "../support/numbered-bytes.ts";
import { MeshWorld } from "../support/mesh-world.ts";

const BYTES = 64 * 1_048_576;
const HONEST = 9;
/** Of each lie. So few are honest that what the others had must be brought to somebody, although repair is lazy. */
const EACH: Readonly<Record<(typeof LIES)[number], number>> = {
  drops: 3,
  damages: 3,
  late: 3,
  pretends: 1,
  replays: 1,
};
/** Whoever lies about fragments. */
const KEEPERS: readonly Lie[] = ["drops", "damages", "late"];
const ROUNDS = 4;
/** A look that waits for late nodes takes so long; it is seen what it said so often. */
const LOOK_MS = 4 * MESH_LIMITS.auditMs;
const POLL_MS = 5_000;

test("nodes that lie are found, and what they had is brought to others", { timeout: 1_800_000 }, async () => {
  await using world = await MeshWorld.start({ processes: HONEST / 3, nodesEach: 3 });
  const liars = new Map<NodeId, Lie>();
  for (const how of LIES) {
    const { nodes } = await world.addHost(EACH[how], 4e9, how);
    for (const { id } of nodes) liars.set(id, how);
  }
  const secret = randomBytes(32);
  const keys = deriveMeshKeys(secret);
  const owner = await world.owner(HONEST + liars.size, secret);
  const content = numberedBytes(BYTES);
  const { row, locator } = await storeObject(
    { engine: owner, keys, clock: world.time },
    { kind: "files", bytes: BYTES, pieces: content.pieces() },
    {},
  );
  const holding = (now: Locator): Lie[] => now.nodes.flatMap((id) => liars.get(id) ?? []);
  const isKept = (now: Locator): boolean => fewestHonest(now, liars) > repairThreshold(now);
  console.log(`k ${locator.needed}, n ${locator.total}; with liars: ${holding(locator).join(", ")}`);
  console.log(`honest nodes have ${fewestHonest(locator, liars)} of a segment; threshold ${repairThreshold(locator)}`);
  assert.ok(!holding(locator).includes("pretends"), "who only pretends to have room gets nothing");
  for (const how of KEEPERS) assert.ok(holding(locator).includes(how), `${how} is not known before it is audited`);
  assert.ok(!isKept(locator), "without repair it is not safe");

  for (let i = 0; i < 2; i++) await world.addHost(4);
  const careKey = careKeyOf(fromBase64Url(row.manifestKey));
  let now = locator;
  let round = 0;
  while (!isKept(now)) {
    assert.ok(++round <= ROUNDS, `after ${ROUNDS} rounds honest nodes have ${fewestHonest(now, liars)} of a segment`);
    await world.advance(MESH_LIMITS.careLookMs);
    for (
      const deadline = performance.now() + LOOK_MS;
      performance.now() < deadline && !isKept(now);
      await sleep(POLL_MS)
    ) {
      const found = await owner.manifests.find(careKey);
      assert.ok(found);
      now = found.locator;
    }
    console.log(`after round ${round}: honest nodes have at least ${fewestHonest(now, liars)} of every segment`);
  }
  for (const host of world.hosts) if (host.nodes.some(({ id }) => liars.has(id))) await host.kill();
  const hash = createHash("sha256");
  for await (const piece of owner.reader.read(now)) hash.update(piece);
  assert.equal(hash.digest("hex"), content.digest());
  console.log(`what liars had is with others after ${round} rounds; without the liars the object is equal`);
});

/** Of the segment that has fewest: fragments at nodes that keep what they take. */
function fewestHonest({ nodes, segments }: Locator, liars: ReadonlyMap<NodeId, Lie>): number {
  const isHonest = (index: number | null): boolean => {
    const node = index === null ? undefined : nodes[index];
    return node !== undefined && !KEEPERS.includes(liars.get(node) as Lie);
  };
  const counts = segments.map(({ fragments }) => fragments.filter(({ node }) => isHonest(node)).length);
  return Math.min(...counts);
}
