/**
 * Nodes that lie, among honest ones. They are found by the looks of the owner and of those who care for the object, within three
 * rounds of 20 h; what they had is brought to others, and the object is equal at the end.
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
import { LIES, type Lie } from "../support/mesh-lies.ts";
import { numberedBytes } from "../support/numbered-bytes.ts";
import { MeshWorld } from "../support/mesh-world.ts";

const BYTES = 64 * 1_048_576;
/** Of each lie. So few are honest that what the others had must be brought to somebody, although repair is lazy. */
const EACH: Readonly<Record<(typeof LIES)[number], number>> = {
  drops: 4,
  damages: 4,
  late: 4,
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
  await using world = await MeshWorld.start({ processes: 4, nodesEach: 3 });
  const liars = new Map<NodeId, Lie>();
  for (const how of LIES) {
    const { nodes } = await world.addHost(EACH[how], 4e9, how);
    for (const { id } of nodes) liars.set(id, how);
  }
  const secret = randomBytes(32);
  const keys = deriveMeshKeys(secret);
  const owner = await world.owner(12 + liars.size, secret);
  const content = numberedBytes(BYTES);
  const { row, locator } = await storeObject(
    { engine: owner, keys, clock: world.time },
    { kind: "files", bytes: BYTES, pieces: content.pieces() },
    {},
  );
  const holding = (now: Locator): Lie[] => now.nodes.flatMap((id) => liars.get(id) ?? []);
  const isLying = (now: Locator): boolean => holding(now).some((how) => KEEPERS.includes(how));
  console.log(`k ${locator.needed}, n ${locator.total}; with liars: ${holding(locator).join(", ")}`);
  assert.ok(!holding(locator).includes("pretends"), "who only pretends to have room gets nothing");
  for (const how of KEEPERS) assert.ok(holding(locator).includes(how), `${how} is not known before it is audited`);

  for (let i = 0; i < 2; i++) await world.addHost(4);
  const careKey = careKeyOf(fromBase64Url(row.manifestKey));
  let now = locator;
  let round = 0;
  while (isLying(now)) {
    assert.ok(++round <= ROUNDS, `after ${ROUNDS} rounds these are left: ${holding(now).join(", ")}`);
    await world.advance(MESH_LIMITS.careLookMs);
    for (
      const deadline = performance.now() + LOOK_MS;
      performance.now() < deadline && isLying(now);
      await sleep(POLL_MS)
    ) {
      const found = await owner.manifests.find(careKey);
      assert.ok(found);
      now = found.locator;
    }
    const left = KEEPERS.map((how) => `${how} ${holding(now).filter((one) => one === how).length}`);
    console.log(`after round ${round}: ${left.join(", ")}`);
  }
  const hash = createHash("sha256");
  for await (const piece of owner.reader.read(now)) hash.update(piece);
  assert.equal(hash.digest("hex"), content.digest());
  console.log(`all who kept nothing right were found in ${round} rounds; the object is equal`);
});
