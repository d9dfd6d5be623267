import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { askUntil, waitUntil } from "../../../test/support/wait.ts";
import { toBase64Url } from "../../core/bytes.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { ed25519 } from "../../crypto/signing.ts";
import { readReceipt, signReceipt } from "../exchange/receipt.ts";
import { createLocator, nodeOf, type ObjectId } from "../manifest/locator.ts";
import { deriveMeshKeys } from "../mesh-keys.ts";
import { nodeIdOf, type OwnerId, ownerIdOf } from "../node-id.ts";
import type { MemoryNode } from "../objects/testing.ts";
import { type FragmentRef, type Receipt } from "../rooms.ts";
import { examineReceipts, readKept, type ReceiptFindings } from "./kept-receipts.ts";
import { type KeeperRoom, memoryEngine, openKeeperRoom } from "./testing.ts";

const NODES = 12;
/** A file of this size has an object to itself. */
const LARGE = MESH_LIMITS.smallBlobBytes + 1;

const ownerOf = ({ vault }: KeeperRoom): OwnerId =>
  ownerIdOf(deriveMeshKeys(vault.secretFor("mesh/v1")).owner.publicKey);

const examine = (room: KeeperRoom, nowMs = Date.now()): Promise<ReceiptFindings | null> =>
  examineReceipts(room.keeper.tables, ownerOf(room), nowMs);

const isQuiet = ({ keeper, copy }: KeeperRoom): boolean =>
  keeper.totals().waiting === 0 && keeper.totals().leaving === 0 && copy.view().isCurrent;

/** When nothing is on its way any more, and so many of the nodes signed for all that they have. */
async function whenSigned(room: KeeperRoom, nodes = NODES): Promise<ReceiptFindings> {
  await waitUntil("everything is there, and the account", () => isQuiet(room));
  const isWhole = (found: ReceiptFindings | null): boolean =>
    found !== null && found.fragments > 0 && found.promised * NODES === found.fragments * nodes;
  return (await askUntil("they signed", () => examine(room), isWhole)) as ReceiptFindings;
}

const filesOf = ({ keeper }: KeeperRoom): ObjectId[] =>
  keeper.tables.objects.find("kind", "files").map(({ object }) => object);

const receiptsOf = ({ keeper }: KeeperRoom, object: ObjectId): readonly Receipt[] =>
  readKept(keeper.tables, object).receipts;

/** Asked for nothing else than what the signature covers. */
const signed = (owner: OwnerId, fragments: readonly FragmentRef[]) => {
  const key = ed25519.createKeyPair(randomBytes(32));
  const untilMs = Date.now() + MESH_LIMITS.leaseMs;
  const bytes = signReceipt({ owner, untilMs, madeAtMs: Date.now(), fragments }, key);
  return { node: nodeIdOf(key.publicKey), sequence: 1, text: toBase64Url(bytes) };
};

test("what nodes signed of two files, and of the account, is kept, and all of it holds", async (t) => {
  const room = await openKeeperRoom(t);
  room.attach(memoryEngine(NODES));
  for (const name of ["a", "b"]) await room.put(name, randomBytes(LARGE), { mesh: true });
  const found = await whenSigned(room);
  assert.deepEqual(found, {
    objects: 4,
    fragments: 4 * NODES,
    promised: 4 * NODES,
    nodes: NODES,
    mum: 0,
    endMs: found.endMs,
    receipts: 4 * NODES,
    altered: 0,
    foreign: 0,
    astray: 0,
  });
  const ends = room.keeper.tables.objects.list().flatMap(({ object }) => receiptsOf(room, object));
  assert.equal(found.endMs, Math.min(...ends.map(({ untilMs }) => untilMs)));
  for (const { bytes, ...said } of ends) assert.deepEqual({ ...readReceipt(bytes), bytes }, { ...said, bytes });
  const later = await examine(room, Date.now() + 2 * MESH_LIMITS.leaseMs);
  assert.deepEqual([later?.promised, later?.nodes, later?.endMs, later?.altered], [0, 0, null, 0], "promises end");
});

test("a node that refuses is told apart, holds up no upload, and alone is asked again an hour later", async (t) => {
  const ahead = { ms: 0 };
  const clock: Clock = { nowMs: () => systemClock.nowMs() + ahead.ms };
  const room = await openKeeperRoom(t, undefined, clock);
  const engine = memoryEngine(NODES);
  const [mum, ...others] = engine.mesh.nodes as [MemoryNode, ...MemoryNode[]];
  mum.isMum = true;
  room.attach(engine);
  await room.put("a", randomBytes(LARGE), { mesh: true });
  const found = await whenSigned(room, NODES - 1);
  assert.deepEqual([found.nodes, found.mum, found.altered], [NODES - 1, 1, 0]);
  mum.isMum = false;
  const [first] = filesOf(room) as [ObjectId];
  await room.put("b", randomBytes(LARGE), { mesh: true });
  const { receipts } = room.keeper.tables;
  await waitUntil("of all else it signed", () => isQuiet(room) && receipts.count() === 4 * NODES - 1);
  assert.equal(receipts.count("object", first), NODES - 1, "it is not asked again with each new file");
  const asked = (): number => others.reduce((sum, node) => sum + node.asked, 0);
  const before = [asked(), mum.asked] as const;
  ahead.ms = MESH_LIMITS.careAgainMs;
  room.keeper.wake();
  await whenSigned(room);
  assert.deepEqual([asked() - before[0], mum.asked - before[1]], [0, 1]);
});

test("what is said anew is signed anew; of a node that gives nothing then, its word of before counts until it is over", async (t) => {
  const ahead = { ms: 0 };
  const clock: Clock = { nowMs: () => systemClock.nowMs() + ahead.ms };
  const room = await openKeeperRoom(t, undefined, clock);
  const engine = memoryEngine(NODES);
  room.attach(engine);
  await room.put("a", randomBytes(LARGE), { mesh: true });
  await whenSigned(room);
  const [object] = filesOf(room) as [ObjectId];
  const { tables } = room.keeper;
  const sayAnew = (): void => {
    const row = tables.objects.get(object);
    assert.ok(row);
    tables.objects.put({ ...row, caredUntilMs: 0 });
    room.keeper.wake();
  };
  const before = new Map(receiptsOf(room, object).map((receipt) => [receipt.node, receipt]));
  const laterMs = Date.now() + 2 * MESH_LIMITS.leaseMs;
  const [mum, ...others] = engine.mesh.nodes as [MemoryNode, ...MemoryNode[]];
  for (const node of engine.mesh.nodes) node.untilMs = laterMs;
  mum.isMum = true;
  sayAnew();
  const ends = (): number[] => receiptsOf(room, object).map(({ untilMs }) => untilMs);
  await waitUntil("they signed", () => ends().filter((ms) => ms === laterMs).length === others.length);
  const now = new Map(receiptsOf(room, object).map((receipt) => [receipt.node, receipt]));
  assert.equal(now.size, NODES, "in the place of those before");
  assert.deepEqual(now.get(mum.node), before.get(mum.node));

  for (const node of others) node.isMum = true;
  const sequence = tables.objects.get(object)?.sequence ?? 0;
  const asked = others.map((node) => node.asked);
  sayAnew();
  await waitUntil("it is said", () => (tables.objects.get(object)?.sequence ?? 0) > sequence);
  await waitUntil("all were asked", () => others.every((node, i) => node.asked > (asked[i] ?? 0)));
  for (let i = 0; i < 20; i++) await turn(); // these nodes answer at once
  assert.deepEqual(new Map(receiptsOf(room, object).map((receipt) => [receipt.node, receipt])), now);

  const [first] = others as [MemoryNode];
  first.isMum = false;
  ahead.ms = 3 * MESH_LIMITS.leaseMs;
  sayAnew();
  await waitUntil(
    "all others are over",
    () =>
      receiptsOf(room, object)
        .map(({ node }) => node)
        .join() === first.node,
  );
});

test("with an object its receipts go, and nobody's receipts come after it is given up", async (t) => {
  const room = await openKeeperRoom(t);
  room.attach(memoryEngine(NODES));
  const { id } = await room.put("a", randomBytes(LARGE), { mesh: true });
  await room.put("b", randomBytes(LARGE), { mesh: true });
  await whenSigned(room);
  const { tables } = room.keeper;
  const all = filesOf(room);
  await room.library.destroy(id);
  await waitUntil("the nodes were told", () => filesOf(room).length === 1 && isQuiet(room));
  const [left] = filesOf(room) as [ObjectId];
  for (const object of all) assert.equal(tables.receipts.count("object", object), object === left ? NODES : 0);
  await whenSigned(room);
  const objects = new Set(tables.objects.list().map(({ object }) => object));
  assert.ok(tables.receipts.list().every(({ object }) => objects.has(object)));
  const gone = all.find((object) => object !== left) as ObjectId;
  tables.putReceipts(gone, [signed(ownerOf(room), [])]);
  assert.equal(tables.receipts.count("object", gone), 0);
});

test("what no node signed, what is for somebody else and what is of another object is found", async (t) => {
  const room = await openKeeperRoom(t);
  room.attach(memoryEngine(NODES));
  await room.put("a", randomBytes(LARGE), { mesh: true });
  const whole = await whenSigned(room);
  const [object] = filesOf(room) as [ObjectId];
  const { tables } = room.keeper;
  const rows = tables.receipts.find("object", object);
  const [first, ...rest] = rows as [(typeof rows)[0], ...typeof rows];
  const { fragments } = receiptsOf(room, object)[0] as Receipt;
  const wrong = async (row: Parameters<typeof tables.putReceipts>[1][0]): Promise<ReceiptFindings> => {
    tables.putReceipts(object, [...rest, row]);
    return { ...((await examine(room)) as ReceiptFindings), endMs: null };
  };
  const less = { ...whole, promised: whole.promised - 1, endMs: null };
  const at = first.text.length - 1;
  const flipped = `${first.text.slice(0, at - 1)}${first.text[at - 1] === "A" ? "B" : "A"}${first.text.slice(at)}`;
  for (const text of [flipped, first.text.slice(0, -4), "", "no base64url!"])
    assert.deepEqual(await wrong({ ...first, text }), { ...less, altered: 1 }, text);
  const other = ownerIdOf(randomBytes(32));
  assert.deepEqual(await wrong(signed(other, fragments)), { ...less, foreign: 1 });
  const [{ id, bytes }] = fragments as [FragmentRef];
  for (const astray of [
    { id: "5a".repeat(32) as typeof id, bytes },
    { id, bytes: bytes + 1 },
  ])
    assert.deepEqual(await wrong(signed(ownerOf(room), [astray])), { ...less, astray: 1 });
  const stranger = await wrong(signed(ownerOf(room), fragments));
  assert.deepEqual(
    stranger,
    { ...less, nodes: NODES + 1 },
    "who has nothing of it may sign, and counts for no fragment",
  );
});

test("a receipt for what has no place any more is no false one, and counts for nothing", async (t) => {
  const room = await openKeeperRoom(t);
  room.attach(memoryEngine(NODES));
  await room.put("a", randomBytes(LARGE), { mesh: true });
  const whole = await whenSigned(room);
  await room.detach();
  const { tables } = room.keeper;
  const row = tables.objects.get((filesOf(room) as [ObjectId])[0]);
  const locator = row && tables.locator(row);
  assert.ok(row && locator);
  const places = locator.segments.map(({ fragments }) =>
    fragments.map((one, index) => ({ id: one.id, node: index === 0 ? null : nodeOf(locator, one) })),
  );
  tables.putObject(row, createLocator(locator, places));
  const { fragments, promised } = whole;
  assert.deepEqual(await examine(room), { ...whole, fragments: fragments - 1, promised: promised - 1 });
});

test("rows that were altered on the disk are told, and signed anew by the nodes", async (t) => {
  const room = await openKeeperRoom(t);
  const engine = memoryEngine(NODES);
  room.attach(engine);
  await room.put("a", randomBytes(LARGE), { mesh: true });
  await whenSigned(room);
  await room.close();
  const database = new DatabaseSync(join(room.dataDir, "vault.db"));
  const { seq } = database.prepare("SELECT min(seq) AS seq FROM mesh_receipts").get() as { seq: number };
  const altered = database.prepare("UPDATE mesh_receipts SET body = zeroblob(length(body)) WHERE seq = ?").run(seq);
  assert.equal(altered.changes, 1);
  database.close();
  const again = await openKeeperRoom(t, room.dataDir);
  assert.equal((await examine(again))?.altered, 1);
  again.attach(memoryEngine(NODES, engine));
  const healed = await whenSigned(again);
  assert.equal(healed.altered, 0);
});

test("a node that never answers holds up neither the file nor the end", async (t) => {
  const room = await openKeeperRoom(t);
  const engine = memoryEngine(NODES);
  let asked = 0;
  for (const node of engine.mesh.nodes) {
    node.receipt = () => {
      asked++;
      return new Promise(() => {});
    };
  }
  room.attach(engine);
  const { id } = await room.put("a", randomBytes(LARGE), { mesh: true });
  await waitUntil("it is kept, and they were asked", () => room.library.get(id).storage === "mesh" && asked > 0);
  await room.detach();
  const found = await examine(room);
  assert.deepEqual([found?.promised, found?.nodes, found?.mum, found?.altered], [0, 0, NODES, 0]);
});
