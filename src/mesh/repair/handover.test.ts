import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { createLogger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import { type OwnerId, ownerIdOf } from "../node-id.ts";
import type { LeaveProgress } from "../operator-status.ts";
import { type FragmentId, fragmentId, leafHashes } from "../pieces/fragment-tree.ts";
import type { FragmentDisk } from "../rooms.ts";
import { FragmentStore } from "../store/fragment-store.ts";
import { Leave } from "./handover.ts";

const { leaveMs, leaveTickMs } = MESH_LIMITS;
const [ANN, BOB] = [1, 2].map((fill) => ownerIdOf(new Uint8Array(32).fill(fill))) as [OwnerId, OwnerId];
const NEVER = new AbortController().signal;

class World {
  readonly time = new VirtualTime(1_700_000_000_000);
  readonly disk: FragmentDisk;
  readonly told: string[] = [];
  readonly leave: Leave;

  constructor(disk: FragmentDisk) {
    this.disk = disk;
    const announce = async (): Promise<void> => void this.told.push("leaving");
    this.leave = new Leave({ disk, announce, clock: this.time, timers: this.time });
  }

  static async open(t: TestContext): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), "nocturne-leave-"));
    const clock = { nowMs: () => 1_700_000_000_000 };
    const disk = await FragmentStore.open({ folder, maxBytes: 2 ** 26, clock, log: createLogger("silent") });
    t.after(() => disk.close().then(() => rmSync(folder, { recursive: true })));
    return new World(disk);
  }

  async keep(owner: OwnerId): Promise<FragmentId> {
    const content = randomBytes(5_000);
    const id = fragmentId(content.length, leafHashes(content));
    const arrival = await this.disk.begin({ id, bytes: content.length, owner, untilMs: this.time.nowMs() + 1e9 });
    await arrival?.write(content);
    await arrival?.finish();
    return id;
  }

  /** Begins; what it tells, and its end. */
  async run(signal: AbortSignal = NEVER): Promise<{ readonly told: LeaveProgress[]; readonly done: Promise<void> }> {
    const told: LeaveProgress[] = [];
    const done = (async () => {
      for await (const progress of this.leave.run(signal)) told.push(progress);
    })();
    await turn();
    return { told, done };
  }
}

test("a node that holds nothing may go at once, and bothers nobody", async (t) => {
  const world = await World.open(t);
  const { told, done } = await world.run();
  await done;
  assert.deepEqual([told, world.told], [[{ left: 0, total: 0 }], []]);
});

test("it waits until owners and carers have released or dropped everything", async (t) => {
  const world = await World.open(t);
  const [a, b, c] = [await world.keep(ANN), await world.keep(ANN), await world.keep(BOB)];
  const { told, done } = await world.run();
  await world.time.advance(leaveTickMs);
  assert.deepEqual(told.at(-1), { left: 3, total: 3 });
  assert.deepEqual(world.told, ["leaving"]);
  world.leave.released(ANN, [a, a]);
  await world.time.advance(leaveTickMs);
  assert.deepEqual(told.at(-1), { left: 2, total: 3 });
  await world.disk.drop(BOB, [c]);
  world.leave.released(ANN, [b]);
  await world.time.advance(leaveTickMs);
  await done;
  assert.deepEqual(told.at(-1), { left: 0, total: 3 });
  assert.equal(world.disk.usage().fragments, 2, "nothing was erased by a word of release");
});

test("the attack: nobody releases fragments of another owner, nor fills the memory with what is not here", async (t) => {
  const world = await World.open(t);
  const id = await world.keep(ANN);
  const { told, done } = await world.run();
  world.leave.released(BOB, [id]);
  world.leave.released(
    ANN,
    Array.from({ length: 100 }, (_, i) => `${i}`.padStart(64, "0") as FragmentId),
  );
  await world.time.advance(leaveTickMs);
  assert.deepEqual(told.at(-1), { left: 1, total: 1 });
  world.leave.released(ANN, [id]);
  await world.time.advance(leaveTickMs);
  await done;
});

test("what nobody cares for holds it up only so long, and whoever runs it may break it off", async (t) => {
  const world = await World.open(t);
  await world.keep(ANN);
  const patient = await world.run();
  await world.time.advance(leaveMs + leaveTickMs);
  await patient.done;
  assert.deepEqual(patient.told.at(-1), { left: 1, total: 1 });
  const stop = new AbortController();
  const hasty = await world.run(stop.signal);
  await world.time.advance(leaveTickMs);
  stop.abort(new Error("now"));
  await assert.rejects(hasty.done, /now/);
});

test("more fragments than one page are all counted", async () => {
  const count = MESH_LIMITS.leavePage * 2 + 7;
  const leases = Array.from({ length: count }, (_, i) => ({
    id: `${i}`.padStart(64, "0") as FragmentId,
    bytes: 1,
    owner: ANN,
    untilMs: 0,
    trashedAtMs: null,
  }));
  const disk = {
    list: (after: FragmentId | null, limit: number) =>
      leases.filter(({ id }) => after === null || id > after).slice(0, limit),
    held: (owner: OwnerId, ids: readonly FragmentId[]) => leases.filter(({ id }) => owner === ANN && ids.includes(id)),
  };
  const world = new World(disk as unknown as FragmentDisk);
  const { told, done } = await world.run();
  assert.deepEqual(told, [{ left: count, total: count }]);
  world.leave.released(
    ANN,
    leases.map(({ id }) => id),
  );
  await world.time.advance(leaveTickMs);
  await done;
});
