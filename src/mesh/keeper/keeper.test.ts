import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../../test/support/wait.ts";
import { fromBase64Url, toHex } from "../../core/bytes.ts";
import type { NetworkError, PolicyError } from "../../core/errors.ts";
import { randomBytes } from "../../core/random.ts";
import type { FileInMesh } from "../../files/views.ts";
import { TestBox } from "../../vault/testing.ts";
import { signCareCertificate } from "../manifest/care-certificate.ts";
import { createLocator, type Locator, nodeOf } from "../manifest/locator.ts";
import { careKeyOf, deriveCareKeys, deriveMeshKeys } from "../mesh-keys.ts";
import type { NodeId } from "../node-id.ts";
import type { MemoryNode } from "../objects/testing.ts";
import type { ObjectRow } from "./keeper-tables.ts";
import { readKept } from "./kept-receipts.ts";
import { type KeeperRoom, memoryEngine, openKeeperRoom } from "./testing.ts";

const isKept = ({ library }: KeeperRoom, ...ids: readonly string[]): boolean =>
  ids.every((id) => library.get(id).storage === "mesh");

const inMesh = ({ library }: KeeperRoom, id: string): FileInMesh => {
  const { mesh } = library.get(id);
  assert.ok(mesh);
  return mesh;
};

test("a file goes into the mesh, is read there once it was freed, and comes back to the disk", async (t) => {
  const room = await openKeeperRoom(t);
  const engine = memoryEngine(40);
  room.attach(engine);
  const content = randomBytes(2_500_000);
  const { id } = await room.put("film.mkv", content, { mesh: true });
  await waitUntil("it is kept", () => isKept(room, id));
  await waitUntil("its health is known", () => inMesh(room, id).survives !== null);
  assert.deepEqual(inMesh(room, id), {
    state: "kept",
    progress: 1,
    needed: 20,
    total: 40,
    survives: 20,
    problem: null,
    here: true,
  });
  await room.library.mesh.free(id);
  const [blob] = room.keeper.blobs();
  assert.equal(room.blobs.placeOf(blob as string), "mesh");
  assert.equal(inMesh(room, id).here, false);
  assert.deepEqual(await room.read(id), content);
  const part = await Array.fromAsync(await room.library.open(id, { range: { start: 1_000_000, end: 1_000_100 } }));
  assert.deepEqual(Buffer.concat(part), Buffer.from(content.subarray(1_000_000, 1_000_100)));
  assert.deepEqual([room.library.space().meshBytes, room.library.space().diskBytes], [content.length, 0]);
  assert.throws(() => room.library.mesh.drop(id), { code: "mesh_only_copy" });
  await room.library.mesh.fetch(id);
  assert.equal(room.blobs.placeOf(blob as string), "disk");
  await room.detach();
  assert.deepEqual(await room.read(id), content, "without any node");
});

test("small files share an object, a large one has its own, and each is found in it", async (t) => {
  const room = await openKeeperRoom(t);
  const contents = [3_000, 1_500_000, 70_000, 1].map((bytes) => randomBytes(bytes));
  const files = [];
  for (const [i, content] of contents.entries()) files.push(await room.put(`${i}.bin`, content, { mesh: true }));
  const ids = files.map(({ id }) => id);
  assert.deepEqual(
    files.map(({ storage, mesh }) => [storage, mesh?.state, mesh?.problem]),
    files.map(() => ["local", "waiting", "It is not up."]),
  );
  room.attach(memoryEngine(12));
  await waitUntil("all are kept", () => isKept(room, ...ids));
  assert.equal(room.keeper.totals().objects, 2);
  for (const [i, id] of ids.entries()) {
    await room.library.mesh.free(id);
    assert.deepEqual(await room.read(id), contents[i]);
  }
});

test("what is deleted for good goes from the nodes, the last of a shared object only", async (t) => {
  const room = await openKeeperRoom(t);
  const engine = memoryEngine(12);
  room.attach(engine);
  const [a, b] = [
    await room.put("a", randomBytes(9_000), { mesh: true }),
    await room.put("b", randomBytes(9_000), { mesh: true }),
  ];
  await waitUntil("both are kept", () => isKept(room, a.id, b.id));
  const nodes = (): number => engine.mesh.nodes.reduce((sum, { kept }) => sum + kept.size, 0);
  const before = nodes();
  room.library.remove(a.id);
  assert.equal(room.keeper.blobs().length, 2, "in the trash it can come back");
  await room.library.destroy(b.id);
  await room.library.trash.destroy(a.id);
  await waitUntil("the nodes were told", () => room.keeper.totals().leaving === 0);
  assert.ok(before > 0);
  const count = (kind: string): number => engine.noted.filter((one) => one === kind).length;
  assert.ok(
    count("care") >= 1 && count("manifest") >= count("care"),
    "who may care for it, and where it lies, stand in the ledger",
  );
  assert.ok(count("deletion") >= 1);
  assert.equal(room.keeper.tables.objects.count("kind", "files"), 0);
  assert.ok(engine.cared.size <= 2, "of the account alone, and its copy before");
  assert.deepEqual(room.keeper.blobs(), []);
});

test("a node that does not answer is told later that a file is not needed, and holds up nothing", async (t) => {
  const room = await openKeeperRoom(t);
  const engine = memoryEngine(3);
  room.attach(engine);
  const { id } = await room.put("a", randomBytes(9_000), { mesh: true });
  await waitUntil("it is kept", () => isKept(room, id));
  const [away] = engine.mesh.nodes;
  assert.ok(away);
  await room.detach();
  const fragments = away.kept.size;
  away.is = "silent";
  away.state = "lost";
  room.library.mesh.drop(id);
  assert.equal(room.library.get(id).mesh, null);
  room.attach(engine);
  const next = await room.put("b", randomBytes(9_000), { mesh: true });
  await waitUntil("the next one is kept", () => isKept(room, next.id));
  assert.equal(away.kept.size, fragments);
  assert.ok(room.keeper.totals().leaving >= 1);
  away.is = "up";
  room.keeper.wake();
  await waitUntil("it was told", () => room.keeper.totals().leaving === 0);
  assert.ok(away.kept.size < fragments);
});

test("where there are no nodes it waits and says why, and goes on when they come", async (t) => {
  const room = await openKeeperRoom(t);
  const engine = memoryEngine(12);
  for (const node of engine.mesh.nodes) node.state = "lost";
  room.attach(engine);
  const { id } = await room.put("a", randomBytes(9_000), { mesh: true });
  await waitUntil("it says why", () => inMesh(room, id).problem !== null);
  assert.match(inMesh(room, id).problem ?? "", /no node that would take the file/);
  assert.deepEqual([room.library.get(id).storage, inMesh(room, id).state], ["local", "waiting"]);
  await assert.rejects(room.library.mesh.free(id), (error: PolicyError) => error.code === "not_in_mesh");
  for (const node of engine.mesh.nodes) node.state = "up";
  await waitUntil("it is kept", () => isKept(room, id));
});

test("an upload that a restart breaks off begins anew, and a file that goes meanwhile is not kept", async (t) => {
  const room = await openKeeperRoom(t);
  const engine = memoryEngine(12);
  engine.records.isDown = true;
  room.attach(engine);
  const content = randomBytes(30_000);
  const { id } = await room.put("a", content, { mesh: true });
  await waitUntil("its fragments are there, and no record", () => engine.mesh.nodes.every(({ kept }) => kept.size > 0));
  await room.close();
  const again = await openKeeperRoom(t, room.dataDir);
  assert.equal(inMesh(again, id).state, "waiting");
  engine.records.isDown = false;
  again.attach(memoryEngine(12, engine));
  await waitUntil("it is kept", () => isKept(again, id));
  await again.library.mesh.free(id);
  assert.deepEqual(await again.read(id), content);
});

test("a password that changes counts for the copy in the mesh, too", async (t) => {
  using box = new TestBox(); // passwords are stretched for long in earnest
  assert.ok(box.folder !== "");
  const room = await openKeeperRoom(t);
  room.attach(memoryEngine(12));
  const content = randomBytes(5_000);
  const { id } = await room.put("a", content, { mesh: true, password: "the first of them" });
  await waitUntil("it is kept", () => isKept(room, id));
  await room.library.changePassword(id, "the second of them", "the first of them");
  await room.library.mesh.free(id);
  assert.deepEqual(await room.read(id, "the second of them"), content);
  await assert.rejects(room.read(id, "the first of them"), { code: "cannot_open" });
  await room.library.changePassword(id, "the third of them", "the second of them");
  assert.deepEqual(await room.read(id, "the third of them"), content);
  await room.library.mesh.fetch(id);
  await room.detach();
  assert.deepEqual(await room.read(id, "the third of them"), content);
});

test("a new content of a file in the mesh follows it, and alike contents share a place", async (t) => {
  const room = await openKeeperRoom(t);
  room.attach(memoryEngine(12));
  const content = randomBytes(9_000);
  const { id } = await room.put("a", content, { mesh: true });
  const twin = await room.put("twin", content);
  await waitUntil("both are kept", () => isKept(room, id, twin.id));
  await room.library.put(
    (async function* () {
      yield randomBytes(10_000);
    })(),
    { name: "a", cipher: "aes-256-gcm" },
  );
  assert.equal(room.library.get(id).storage, "local", "the new one is not there yet");
  await waitUntil("the new one is kept", () => isKept(room, id));
  assert.equal(room.keeper.blobs().length, 2);
});

test("what lies in the mesh alone is told when too few nodes are there, and read where repair has brought it", async (t) => {
  const room = await openKeeperRoom(t);
  const engine = memoryEngine(24);
  const [before, after] = [engine.mesh.nodes.slice(0, 12), engine.mesh.nodes.slice(12)];
  for (const node of after) node.state = "late";
  room.attach(engine);
  const content = randomBytes(9_000);
  const { id } = await room.put("a", content, { mesh: true });
  await waitUntil("it is kept", () => isKept(room, id));
  await room.library.mesh.free(id);
  for (const node of before) [node.is, node.state] = ["silent", "lost"];
  await assert.rejects(room.read(id), (error: NetworkError) => error.code === "too_few_nodes");

  const row = room.keeper.tables.objects.find("kind", "files")[0] as ObjectRow;
  const locator = room.keeper.tables.locator(row) as Locator;
  const places = new Map(before.map(({ node, kept }, i) => [node, { kept, next: after[i] as MemoryNode }]));
  const moved = locator.segments.map(({ fragments }) =>
    fragments.map((fragment) => {
      const { kept, next } = places.get(nodeOf(locator, fragment) as NodeId) as {
        kept: MemoryNode["kept"];
        next: MemoryNode;
      };
      next.kept.set(fragment.id, kept.get(fragment.id) as Uint8Array);
      return { id: fragment.id, node: next.node };
    }),
  );
  const careKey = careKeyOf(fromBase64Url(row.manifestKey));
  const { signing } = deriveCareKeys(careKey);
  const { owner } = deriveMeshKeys(room.vault.secretFor("mesh/v1"));
  const certificate = signCareCertificate(signing.publicKey, Date.now() + 1e9, owner);
  assert.ok(engine.cared.has(toHex(careKey)));
  await engine.manifests.publish(careKey, createLocator(locator, moved), row.sequence + 1, certificate);
  assert.deepEqual(await room.read(id), content);
  const signed = (): NodeId[] => readKept(room.keeper.tables, row.object).receipts.map(({ node }) => node);
  const now = after.map(({ node }) => node).toSorted();
  await waitUntil("who has it now signed for it", () => signed().toSorted().join() === now.join());
  await room.detach();
  await assert.rejects(room.read(id), (error: NetworkError) => error.code === "mesh_down");
});
