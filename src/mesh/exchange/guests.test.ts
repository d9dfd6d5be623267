import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { createLogger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { type OwnerId, ownerIdOf } from "../node-id.ts";
import { FragmentStore } from "../store/fragment-store.ts";
import { Guests } from "./guests.ts";
import type { Refusal } from "./refusal.ts";
import { MemoryDisk, newClient, newFolder, newFragment, START_MS, startNode, type TestNode } from "./testing.ts";
import { signVoucher } from "./voucher.ts";

const CLOCK = { nowMs: () => START_MS };
const UNTIL_MS = START_MS + MESH_LIMITS.leaseMs;
const BYTES = 10_000;
/** Room for a hundred fragments: five for a stranger, five for a domain of them, fifty for all. */
const ROOM = 100 * BYTES;

/** How many fragments get in before the first is refused, with what is left then. */
async function fill(
  t: TestContext,
  node: TestNode,
  rights: { key?: SignatureKeyPair; from?: string; vouchers?: () => Uint8Array } = {},
  most = 200,
): Promise<number> {
  const peer = await newClient(t, [node], rights).peer(node.id);
  for (let count = 0; count < most; count++) {
    const fragment = newFragment(BYTES);
    const room = await peer.room();
    try {
      await peer.store(fragment, fragment.content, UNTIL_MS);
      assert.ok(room >= BYTES);
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      assert.equal(code, "owner_full");
      assert.ok(message.includes(` ${room} bytes`), "it is said how much is left");
      assert.ok(room < BYTES);
      return count;
    }
  }
  return most;
}

test("a stranger keeps a twentieth, and gets room again by dropping once the trash is emptied", async (t) => {
  const node = await startNode(t, { disk: new MemoryDisk(ROOM) });
  const key = ed25519.createKeyPair();
  assert.equal(await fill(t, node, { key }), 5);
  const ids = [...node.disk.fragments.keys()];
  const peer = await newClient(t, [node], { key }).peer(node.id);
  const [first] = ids as [(typeof ids)[0]];
  const kept = node.disk.fragments.get(first);
  await peer.store({ id: first, bytes: BYTES }, kept?.bytes as Uint8Array, UNTIL_MS + 1);
  assert.deepEqual(await peer.drop([first]), [first]);
  assert.equal(await fill(t, node, { key }), 0);
  await node.disk.sweep();
  node.clock.atMs += MESH_LIMITS.recountMs;
  assert.equal(await fill(t, node, { key }), 1);
});

test("the attack: who stores, drops and stores again fills no more of the disk, as the file system counts it", async (t) => {
  const maxBytes = 2 ** 26;
  const store = await FragmentStore.open({ folder: newFolder(t), maxBytes, clock: CLOCK, log: createLogger("silent") });
  const guests = new Guests({ folder: newFolder(t), disk: store, clock: CLOCK });
  t.after(() => (guests.close(), store.close()));
  const before = store.usage().usedBytes;
  const keys = Array.from({ length: 3 }, () => ownerIdOf(ed25519.createKeyPair().publicKey));
  for (let i = 0; i < 40; i++) {
    const guest = { owner: keys[i % keys.length] as OwnerId, voucher: null, domain: "a" };
    const { id, content } = newFragment(2 ** 18);
    let settle;
    try {
      settle = guests.admit(guest, content.length);
    } catch (error) {
      assert.equal((error as Refusal).reason, "owner_full");
      continue;
    }
    const arrival = await store.begin({ id, bytes: content.length, owner: guest.owner, untilMs: UNTIL_MS });
    await arrival?.write(content);
    await arrival?.finish();
    settle();
    await store.drop(guest.owner, [id]);
    guests.changed(guest.owner);
  }
  const taken = store.usage().usedBytes - before;
  assert.ok(taken > 2 ** 20 && taken < MESH_LIMITS.strangerShare * maxBytes + 2 ** 19, `${taken} bytes`);
});

test("new owner keys get nobody more: what counts is where they come from", async (t) => {
  const node = await startNode(t, { disk: new MemoryDisk(ROOM) });
  let hoarded = 0;
  for (let i = 0; i < 5; i++) hoarded += await fill(t, node, { from: "127.0.7.1" });
  assert.equal(hoarded, 5);
  assert.equal(await fill(t, node, { from: "127.0.8.1" }), 5, "others are not shut out");
  // The same attack where every key comes from another domain: the bound that is left is that of all strangers.
  for (let i = 0; i < 12; i++) hoarded += await fill(t, node, { from: `127.0.${20 + i}.1` });
  assert.equal(hoarded, 45);
  assert.equal(node.disk.fragments.size, 50);
});

test("a voucher is worth its bytes at its node, to its owner, until it ends", async (t) => {
  const node = await startNode(t, { disk: new MemoryDisk(ROOM) });
  const [key, thief] = [ed25519.createKeyPair(), ed25519.createKeyPair()];
  const promise = { owner: ownerIdOf(key.publicKey), bytes: 20 * BYTES, untilMs: START_MS + 1_000 };
  const voucher = signVoucher(promise, node.key);
  assert.equal(await fill(t, node, { key: thief, vouchers: () => voucher }), 5, "stolen");
  assert.equal(
    await fill(t, node, { vouchers: () => signVoucher(promise, thief), from: "127.0.2.1" }),
    5,
    "of another",
  );
  assert.equal(await fill(t, node, { key, vouchers: () => voucher }), 20);
  assert.equal(await fill(t, node, { from: "127.0.3.1" }), 5, "what it covers is not a stranger's");
  node.clock.atMs += 1_000;
  assert.equal(await fill(t, node, { key, vouchers: () => voucher, from: "127.0.4.1" }), 0, "it has ended");
});

test("a voucher of little does not hide what its owner keeps as a stranger", async (t) => {
  const node = await startNode(t, { disk: new MemoryDisk(ROOM) });
  const key = ed25519.createKeyPair();
  assert.equal(await fill(t, node, { key }), 5);
  const owner = ownerIdOf(key.publicKey);
  const small = signVoucher({ owner, bytes: 6 * BYTES, untilMs: UNTIL_MS }, node.key);
  const smaller = signVoucher({ owner, bytes: 1, untilMs: UNTIL_MS }, node.key);
  assert.equal(await fill(t, node, { key, vouchers: () => smaller }), 0);
  assert.equal(await fill(t, node), 0, "the domain is still full");
  assert.equal(await fill(t, node, { key, vouchers: () => small }), 1);
  assert.equal(await fill(t, node), 5, "now all of it is vouched for");
});

test("who is a stranger, and from where, is known after a restart; what has ended is forgotten", async (t) => {
  const [folder, disk] = [newFolder(t), new MemoryDisk(ROOM)];
  const before = await startNode(t, { folder, disk });
  const key = ed25519.createKeyPair();
  await fill(t, before, { key, from: "127.0.7.1" });
  await before.server.close();
  const after = await startNode(t, { folder, disk });
  assert.equal(await fill(t, after, { from: "127.0.7.1" }), 0);
  assert.equal(await fill(t, after, { key, from: "127.0.9.1" }), 0, "it stays where it was first");
  // Leases end without anybody saying so: what is there is counted anew, at most once in recountMs.
  await disk.drop(ownerIdOf(key.publicKey), [...disk.fragments.keys()]);
  await disk.sweep();
  assert.equal(await fill(t, after, { from: "127.0.7.1" }), 0);
  after.clock.atMs += MESH_LIMITS.recountMs;
  assert.equal(await fill(t, after, { from: "127.0.7.1" }, 1), 1);
  await after.server.close();
  using database = new DatabaseSync(join(folder, "guests.db"));
  assert.equal(database.prepare("SELECT count(*) AS n FROM guests").get()?.["n"], 1);
});

test("what is on its way counts: many at a time get no more in", (t) => {
  const clock = { nowMs: () => START_MS };
  const guests = new Guests({ folder: newFolder(t), disk: new MemoryDisk(ROOM), clock });
  t.after(() => guests.close());
  const guest = { owner: ownerIdOf(ed25519.createKeyPair().publicKey), voucher: null, domain: "a" };
  const leave = guests.admit(guest, 4 * BYTES);
  assert.throws(() => guests.admit(guest, 2 * BYTES), { reason: "owner_full", leftBytes: BYTES });
  const neighbour = { ...guest, owner: ownerIdOf(ed25519.createKeyPair().publicKey) };
  assert.throws(() => guests.admit(neighbour, 2 * BYTES), { reason: "owner_full", leftBytes: BYTES });
  leave();
  guests.admit(neighbour, 5 * BYTES)();
});
