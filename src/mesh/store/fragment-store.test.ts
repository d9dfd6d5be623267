import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { type TestContext, test } from "node:test";
import { sourceUrl } from "../../../test/support/library-program.ts";
import { atEnd, temporaryFolder } from "../../../test/support/cleanup.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { leafHash } from "../../crypto/merkle-tree.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import type { StoreRequest } from "../rooms.ts";
import type { FragmentStore } from "./fragment-store.ts";
import {
  diskUse,
  fragmentFiles,
  keep,
  MovedClock,
  openStore,
  readWhole,
  ROOM_BYTES,
  type SampleFragment,
  sampleFragment,
  sampleOwner,
} from "./testing.ts";

const BYTES = 209_716;
const [ANNA, BEN] = [sampleOwner(1), sampleOwner(2)];
const FULL = { name: "PolicyError", code: "node_full" };
const WRONG = { name: "ValidationError", code: "wrong_fragment" };

interface Room {
  readonly folder: string;
  readonly clock: MovedClock;
  store: FragmentStore;
  readonly until: number;
}

async function room(t: TestContext, maxBytes = ROOM_BYTES): Promise<Room> {
  const [folder, clock] = [temporaryFolder(t), new MovedClock()];
  const it = { folder, clock, store: await openStore(folder, clock, maxBytes), until: clock.now + MESH_LIMITS.leaseMs };
  atEnd(t, () => it.store.close());
  return it;
}

function request({ until }: Room, { id, content }: SampleFragment, owner = ANNA): StoreRequest {
  return { id, bytes: content.length, owner, untilMs: until };
}

function pathOf({ folder }: Room, id: FragmentId): string {
  return join(folder, "fragments", id.slice(0, 2), id);
}

async function reopen(it: Room): Promise<void> {
  await it.store.close();
  it.store = await openStore(it.folder, it.clock);
}

test("what is stored in pieces reads back by leaves, also after a restart, for its user alone", async (t) => {
  const it = await room(t);
  const fragment = sampleFragment(1, BYTES);
  const arrival = await it.store.begin(request(it, fragment));
  for (let at = 0; at < BYTES; at += 10_000) await arrival?.write(fragment.content.subarray(at, at + 10_000));
  assert.equal(await it.store.open(fragment.id), null, "not before it is whole");
  await arrival?.finish();
  await arrival?.abort();
  for (const _ of [1, 2]) {
    await using reader = await it.store.open(fragment.id);
    assert.ok(reader);
    assert.equal(reader.hashes.length, 52);
    assert.deepEqual(await reader.read(0, 52), fragment.content);
    assert.deepEqual(leafHash(await reader.read(7, 1)), reader.hashes[7]);
    assert.deepEqual(await reader.read(51, 9), fragment.content.subarray(51 * 4_096));
    assert.equal((await reader.read(52, 1)).length, 0);
    await reopen(it);
  }
  assert.equal(statSync(pathOf(it, fragment.id)).mode & 0o777, 0o600);
  assert.equal(statSync(join(it.folder, "fragments.db")).mode & 0o777, 0o600);
  assert.equal(statSync(join(it.folder, "fragments")).mode & 0o777, 0o700);
});

test("what is not the fragment of its name, too long, too short or given up leaves nothing, and its room comes back", async (t) => {
  const it = await room(t);
  const { store } = it;
  const [one, other] = [sampleFragment(1, BYTES), sampleFragment(2, BYTES)];
  await (await store.begin(request(it, one)))?.abort(); // its folder stays
  const before = store.usage();
  const begin = async () => {
    const arrival = await store.begin(request(it, one));
    assert.ok(arrival);
    assert.ok(store.usage().usedBytes >= before.usedBytes + BYTES, "room is taken before the first byte");
    return arrival;
  };
  const attempts: readonly ((arrival: Awaited<ReturnType<typeof begin>>) => Promise<void>)[] = [
    async (arrival) => {
      await arrival.write(other.content);
      await assert.rejects(arrival.finish(), WRONG);
    },
    async (arrival) => {
      await arrival.write(one.content.subarray(1));
      await assert.rejects(arrival.finish(), WRONG);
    },
    async (arrival) => {
      await arrival.write(one.content);
      await assert.rejects(arrival.write(Uint8Array.of(1)), WRONG);
      await assert.rejects(arrival.finish(), WRONG);
    },
    async (arrival) => {
      const writing = [0, 1, 2].map((i) => arrival.write(one.content.subarray(i * 60_000, (i + 1) * 60_000)));
      await arrival.abort();
      await Promise.all(writing);
      await assert.rejects(arrival.write(one.content.subarray(180_000)), { code: "arrival_closed" });
      await assert.rejects(arrival.finish(), { code: "arrival_closed" });
    },
  ];
  for (const attempt of attempts) {
    await attempt(await begin());
    assert.deepEqual(fragmentFiles(it.folder), []);
    assert.deepEqual(store.usage(), before);
  }
  assert.equal(await store.open(one.id), null);
  for (const wrong of [
    { bytes: 0 },
    { bytes: MESH_LIMITS.segmentBytes + 1 },
    { bytes: 1.5 },
    { id: "../../x" as FragmentId },
  ]) {
    await assert.rejects(store.begin({ ...request(it, one), ...wrong }), WRONG);
  }
});

test("many at once, the same one among them, are each kept once", async (t) => {
  const it = await room(t);
  const fragments = Array.from({ length: 24 }, (_, n) => sampleFragment(n, 30_000 + n));
  const [same] = fragments as [SampleFragment];
  await Promise.all(
    [...fragments, same, same].map((fragment, n) => keep(it.store, fragment, sampleOwner(1 + (n % 3)), it.until)),
  );
  for (const { id, content } of fragments) assert.deepEqual(await readWhole(it.store, id), content);
  assert.deepEqual(fragmentFiles(it.folder), fragments.map(({ id }) => id).sort());
  assert.equal(it.store.usage().usedBytes, diskUse(it.folder) - statSync(it.folder).blocks * 512);
});

test("a node never takes more than it was given, however many come at once, and takes again when there is room", async (t) => {
  const it = await room(t, 14 * 2 ** 20);
  const fragments = Array.from({ length: 40 }, (_, n) => sampleFragment(n, BYTES));
  const results = await Promise.allSettled(fragments.map((fragment) => keep(it.store, fragment, ANNA, it.until)));
  const full = results.filter((result) => result.status === "rejected");
  assert.ok(full.length > 5 && full.length < 35, `${full.length} found no room`);
  for (const { reason } of full) assert.deepEqual({ name: reason.name, code: reason.code }, FULL);
  assert.ok(diskUse(it.folder) <= 14 * 2 ** 20);
  it.store.resize(1_000);
  const kept = fragments.filter((_, n) => results[n]?.status === "fulfilled") as [SampleFragment];
  assert.equal(await keep(it.store, kept[0], BEN, it.until), false, "a lease needs no room");
  it.store.resize(ROOM_BYTES);
  for (const fragment of fragments) await keep(it.store, fragment, ANNA, it.until);
  assert.equal(it.store.usage().fragments, 40);
});

test("only so many may be on their way in", async (t) => {
  const it = await room(t, 2 ** 30);
  const fragment = sampleFragment(1, 100);
  const arrivals = await Promise.all(
    Array.from({ length: MESH_LIMITS.arrivals }, () => it.store.begin(request(it, fragment))),
  );
  await assert.rejects(it.store.begin(request(it, fragment)), FULL);
  await arrivals[0]?.abort();
  await keep(it.store, fragment, ANNA, it.until);
  await it.store.close();
  assert.deepEqual(fragmentFiles(it.folder), [fragment.id], "closing gives up the others");
});

test("leases: never shorter, never too long, each owner's own; the file goes with the last", async (t) => {
  const it = await room(t);
  const { store, clock } = it;
  const fragment = sampleFragment(1, BYTES);
  const { id } = fragment;
  await keep(store, fragment, ANNA, it.until);
  assert.equal(await keep(store, fragment, BEN, it.until + 1), false);
  const leaseOf = (owner = ANNA) => store.held(owner, [id, id])[0];
  assert.deepEqual(await store.renew(ANNA, [id, id, sampleFragment(2, 9).id], 5), [id]);
  assert.equal(leaseOf()?.untilMs, it.until);
  await store.renew(ANNA, [id], Number.MAX_SAFE_INTEGER);
  assert.equal(leaseOf()?.untilMs, clock.now + MESH_LIMITS.leaseMaxMs);
  assert.deepEqual(await store.renew(sampleOwner(3), [id], it.until), []);
  assert.deepEqual(
    store.list(null, 10).map(({ owner }) => owner),
    [ANNA, BEN],
  );
  assert.deepEqual(store.list(id, 10), []);

  assert.deepEqual(await store.drop(ANNA, [id]), [id]);
  assert.deepEqual(await store.drop(ANNA, [id]), [], "it was there already");
  assert.equal(leaseOf()?.trashedAtMs, clock.now);
  assert.deepEqual(
    [store.usedBy(ANNA) > BYTES, store.usedBy(BEN) > BYTES, store.usage().owners, store.usage().trashBytes],
    [true, true, 1, 0],
  );
  assert.ok(await readWhole(store, id), "somebody else keeps it");
  await store.drop(BEN, [id]);
  assert.equal(await store.open(id), null, "what is in the trash is not shown");
  assert.deepEqual([store.usage().fragments, store.usage().trashBytes > BYTES], [0, true]);
  clock.now += MESH_LIMITS.trashMs - 1;
  await store.sweep();
  assert.equal(await keep(store, fragment, ANNA, clock.now + 1_000), false, "it comes back without bytes");
  assert.deepEqual(await readWhole(store, id), fragment.content);
  clock.now += MESH_LIMITS.leaseMaxMs + 1;
  await store.sweep();
  assert.equal(await store.open(id), null, "its time ended");
  await reopen(it);
  clock.now += MESH_LIMITS.trashMs;
  await it.store.sweep();
  assert.deepEqual([fragmentFiles(it.folder), it.store.held(ANNA, [id]), it.store.usage().trashBytes], [[], [], 0]);
  assert.deepEqual([it.store.usedBy(ANNA), it.store.usedBy(BEN)], [0, 0]);
});

test("a sweep of many goes in batches, and others get their turn meanwhile", async (t) => {
  const it = await room(t);
  const fragments = Array.from({ length: 300 }, (_, n) => sampleFragment(n, 10));
  await Promise.all(
    [fragments.slice(0, 150), fragments.slice(150)].map(async (half) => {
      for (const fragment of half) await keep(it.store, fragment, ANNA, it.clock.now + 1);
    }),
  );
  it.clock.now += 1;
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  await Promise.all([it.store.sweep(), it.store.sweep()]);
  assert.equal(it.store.usage().fragments, 0);
  it.clock.now += MESH_LIMITS.trashMs;
  await it.store.sweep();
  clearInterval(timer);
  assert.ok(turns > 3);
  assert.deepEqual(fragmentFiles(it.folder), []);
});

test("who is told that it is kept still has it when the trash is emptied at that moment", async (t) => {
  const it = await room(t);
  const fragments = Array.from({ length: 60 }, (_, n) => sampleFragment(n, 5_000));
  const outcomes = new Set<boolean>();
  for (const _ of [1, 2, 3]) {
    await Promise.all(fragments.map((fragment) => keep(it.store, fragment, ANNA, it.until)));
    const ids = fragments.map(({ id }) => id);
    await it.store.drop(ANNA, ids);
    it.clock.now += MESH_LIMITS.trashMs;
    const later = fragments.map(async (fragment, n) => {
      await setTimeout(n % 10);
      outcomes.add(await keep(it.store, fragment, ANNA, it.clock.now + MESH_LIMITS.leaseMs));
    });
    await Promise.all([it.store.sweep(), ...later]);
    for (const { id, content } of fragments) assert.deepEqual(await readWhole(it.store, id), content);
    assert.equal(it.store.usage().usedBytes, diskUse(it.folder) - statSync(it.folder).blocks * 512);
  }
  assert.deepEqual([...outcomes].sort(), [false, true], "some came before, some after");
});

/** What may happen to a file behind a node's back. */
const DAMAGES: Readonly<Record<string, (path: string) => void>> = {
  "is gone": (path) => rmSync(path),
  "is short": (path) => truncateSync(path, BYTES),
  "is empty": (path) => truncateSync(path, 0),
  "is of another version": (path) => overwrite(path, 0),
  "has another length in it": (path) => overwrite(path, 4),
  "has a leaf hash changed": (path) => overwrite(path, 5 + 33),
  "is a link to something else": (path) => {
    writeFileSync(`${path}.txt`, readFileSync(path));
    rmSync(path);
    symlinkSync(`${path}.txt`, path);
  },
};

function overwrite(path: string, position: number): void {
  const file = openSync(path, "r+");
  writeSync(file, Uint8Array.of((readFileSync(path)[position] as number) ^ 1), 0, 1, position);
  closeSync(file);
}

for (const [what, damage] of Object.entries(DAMAGES)) {
  test(`of a fragment that ${what} a node says that it has none, and takes it anew`, async (t) => {
    const it = await room(t);
    const fragment = sampleFragment(1, BYTES);
    await keep(it.store, fragment, ANNA, it.until);
    const before = it.store.usage();
    damage(pathOf(it, fragment.id));
    assert.equal(await it.store.open(fragment.id), null);
    assert.deepEqual(it.store.held(ANNA, [fragment.id]), [], "it promises it no more");
    assert.ok(it.store.usage().usedBytes < before.usedBytes - BYTES / 2, "its room is free");
    assert.equal(await keep(it.store, fragment, ANNA, it.until), true);
    assert.deepEqual(await readWhole(it.store, fragment.id), fragment.content);
  });
}

test("who asks to store what a node lost is not told that it is kept", async (t) => {
  const it = await room(t);
  const fragment = sampleFragment(1, BYTES);
  await keep(it.store, fragment, ANNA, it.until);
  rmSync(pathOf(it, fragment.id));
  assert.equal(await keep(it.store, fragment, ANNA, it.until), true);
  assert.deepEqual(await readWhole(it.store, fragment.id), fragment.content);
});

test("a file that gets shorter while it is read is an error of that read", async (t) => {
  const it = await room(t);
  const fragment = sampleFragment(1, BYTES);
  await keep(it.store, fragment, ANNA, it.until);
  await using reader = await it.store.open(fragment.id);
  const file = openSync(pathOf(it, fragment.id), "r+");
  ftruncateSync(file, BYTES / 2);
  closeSync(file);
  await assert.rejects(async () => reader?.read(40, 10), { name: "InternalError", code: "fragment_damaged" });
  assert.equal((await reader?.read(0, 2))?.length, 8_192);
});

test("a changed byte does not pass for the fragment", async (t) => {
  const it = await room(t);
  const fragment = sampleFragment(1, BYTES);
  await keep(it.store, fragment, ANNA, it.until);
  overwrite(pathOf(it, fragment.id), 5 + 52 * 32 + 3 * 4_096);
  await using reader = await it.store.open(fragment.id);
  assert.ok(reader);
  const isSound = await Promise.all(
    reader.hashes.map(async (hash, i) => Buffer.from(hash).equals(leafHash(await reader.read(i, 1)))),
  );
  assert.deepEqual(
    isSound.flatMap((sound, i) => (sound ? [] : [i])),
    [3],
  );
});

test("a damaged, lost or newer index is said plainly, and no fragment is deleted for it", async (t) => {
  const it = await room(t);
  const fragment = sampleFragment(1, BYTES);
  await keep(it.store, fragment, ANNA, it.until);
  await it.store.close();
  const path = join(it.folder, "fragments.db");
  const sound = readFileSync(path);
  const damaged = { name: "CodecError", code: "fragment_index_damaged" };
  const scribbled = Buffer.from(sound);
  scribbled.fill(0xa5, 4_096);
  for (const bytes of [
    Buffer.from("this is no database, whatever its name says".repeat(200)),
    scribbled,
    Buffer.alloc(0),
  ]) {
    writeFileSync(path, bytes);
    await assert.rejects(openStore(it.folder), damaged);
  }
  rmSync(path);
  await assert.rejects(openStore(it.folder), damaged);
  const newer = Buffer.from(sound);
  newer.writeUInt32BE(99, 60); // user_version, https://www.sqlite.org/fileformat2.html
  writeFileSync(path, newer);
  await assert.rejects(openStore(it.folder), { code: "node_newer" });
  writeFileSync(path, sound);
  const fragments = join(it.folder, "fragments");
  renameSync(fragments, `${fragments}.away`);
  await assert.rejects(openStore(it.folder), damaged);
  renameSync(`${fragments}.away`, fragments);
  it.store = await openStore(it.folder, it.clock);
  assert.deepEqual(await readWhole(it.store, fragment.id), fragment.content);
});

test("what an earlier process left is brought together when it starts, and foreign files are left alone", async (t) => {
  const it = await room(t);
  const [lost, whole, unknown] = [sampleFragment(1, BYTES), sampleFragment(2, BYTES), sampleFragment(3, 50)];
  await keep(it.store, lost, ANNA, it.until);
  await keep(it.store, whole, ANNA, it.until);
  await it.store.close();
  const before = diskUse(it.folder);
  rmSync(pathOf(it, lost.id));
  writeFileSync(`${pathOf(it, whole.id)}.7.part`, "half");
  mkdirSync(join(pathOf(it, unknown.id), ".."), { recursive: true });
  writeFileSync(pathOf(it, unknown.id), unknown.content);
  writeFileSync(`${pathOf(it, unknown.id)}.txt`, "somebody's");
  it.store = await openStore(it.folder, it.clock);
  assert.deepEqual(fragmentFiles(it.folder), [whole.id, `${unknown.id}.txt`].sort());
  assert.deepEqual(
    it.store.list(null, 9).map(({ id }) => id),
    [whole.id],
  );
  rmSync(`${pathOf(it, unknown.id)}.txt`);
  assert.ok(diskUse(it.folder) <= before + 2 ** 20);
});

test("two do not share a folder, in one process or two", async (t) => {
  const it = await room(t);
  const inUse = { name: "InternalError", code: "node_in_use" };
  await assert.rejects(openStore(it.folder), inUse);
  const program = `
    const { openStore } = await import(${sourceUrl("mesh/store/testing.ts")});
    await openStore(${JSON.stringify(it.folder)}).then(() => console.log("opened"), (error) => console.log(error.code));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  assert.equal(String(said).trim(), "node_in_use");
  await assert.doesNotReject(keep(it.store, sampleFragment(1, 9), ANNA, it.until), "the attempt took nothing away");
  await it.store.close();
  await assert.rejects(it.store.begin(request(it, sampleFragment(1, 9))), { code: "node_closed" });
});

test("a node leaves the last of its disk to others, and a disk that fills up in the middle leaves nothing behind", async (t) => {
  const folder = temporaryFolder(t);
  const size = MESH_LIMITS.diskReserveBytes + 6 * 2 ** 20;
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]).status !== 0) {
    console.error(`SKIPPED: ${t.name}: mounting a tmpfs needs root`);
    t.skip("mounting a tmpfs needs root");
    return;
  }
  atEnd(t, () => spawnSync("umount", [folder]));
  const clock = new MovedClock();
  const store = await openStore(join(folder, "node"), clock, 2 ** 40);
  atEnd(t, () => store.close());
  const [kept, cut] = [sampleFragment(1, 2 ** 20), sampleFragment(2, 2 ** 21)];
  await keep(store, kept, ANNA, clock.now + 1_000);
  const before = store.usage();
  const arrival = await store.begin({ id: cut.id, bytes: cut.content.length, owner: ANNA, untilMs: clock.now + 1_000 });
  await arrival?.write(cut.content.subarray(0, 4_096));
  const filler = join(folder, "filler");
  assert.notEqual(
    spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=1M", "status=none"], { stdio: "ignore" }).status,
    0,
  );
  await assert.rejects(store.begin({ id: sampleFragment(3, 9).id, bytes: 9, owner: ANNA, untilMs: clock.now }), FULL);
  await assert.rejects(async () => arrival?.write(cut.content.subarray(4_096)), FULL);
  await assert.rejects(async () => arrival?.finish(), FULL);
  assert.deepEqual(fragmentFiles(join(folder, "node")), [kept.id]);
  assert.deepEqual(store.usage(), before);
  assert.deepEqual(await readWhole(store, kept.id), kept.content);
  rmSync(filler);
  await keep(store, cut, ANNA, clock.now + 1_000);
  assert.deepEqual(await readWhole(store, cut.id), cut.content);
});
