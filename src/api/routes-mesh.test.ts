import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as v from "valibot";
import { type ApiNode, startApiNode } from "../../test/support/api-node.ts";
import { askUntil } from "../../test/support/wait.ts";
import { fromBase64Url, toBase64Url } from "../core/bytes.ts";
import { randomBytes } from "../core/random.ts";
import { ed25519 } from "../crypto/signing.ts";
import { readReceipt } from "../mesh/exchange/receipt.ts";
import { signVoucher } from "../mesh/exchange/voucher.ts";
import { memoryEngine } from "../mesh/keeper/testing.ts";
import { deriveMeshKeys } from "../mesh/mesh-keys.ts";
import type { MeshNodeOptions } from "../mesh/mesh-node.ts";
import { type OwnerId, ownerIdOf } from "../mesh/node-id.ts";
import type {
  DoctorCheck,
  DoctorReport,
  FileSpace,
  FileView,
  MeshReceiptPage,
  MeshView,
  MeshVoucherView,
  NetworkView,
  Status,
} from "./contract.ts";
import { fileSchema } from "./schemas.ts";
import { meshSchema, receiptPageSchema, voucherSchema } from "./schemas-mesh.ts";

const engine = memoryEngine(12);
const started: MeshNodeOptions[] = [];
let closed = 0;
let node: ApiNode;
before(async () => {
  const startMesh = async (options: MeshNodeOptions) => {
    started.push(options);
    engine.mesh.signFor(ownerIdOf(deriveMeshKeys(options.owner?.secret as Uint8Array).owner.publicKey));
    return { ...engine, status: () => assert.fail("it is no node"), close: async () => void closed++ };
  };
  node = await startApiNode({}, { startMesh });
});
after(() => node.close());

const put = (name: string, content: Uint8Array, storage = "mesh") =>
  node.call<FileView>("PUT", `/api/files?name=${name}&storage=${storage}`, content);
const mesh = async (): Promise<MeshView> => (await node.call<MeshView>("GET", "/api/mesh")).body;
const file = async (id: string): Promise<FileView> => (await node.call<FileView>("GET", `/api/files/${id}`)).body;
const content = async (id: string): Promise<Uint8Array> => {
  const answer = await fetch(`http://localhost:${node.port}/api/files/${id}/content`, {
    method: "POST",
    headers: { "x-nocturne-session": node.session, "content-type": "application/json" },
    body: "{}",
  });
  assert.equal(answer.status, 200);
  return new Uint8Array(await answer.arrayBuffer());
};
const isKept = (id: string) =>
  askUntil(
    "it is kept",
    () => file(id),
    ({ storage }) => storage === "mesh",
  );

const receiptPage = async (query = ""): Promise<MeshReceiptPage> =>
  (await node.call<MeshReceiptPage>("GET", `/api/mesh/receipts${query}`)).body;
const receiptCheck = async (): Promise<DoctorCheck | undefined> =>
  (await node.call<DoctorReport>("GET", "/api/doctor")).body.checks.find(({ name }) => name === "receipts");

test("before one is joined nothing is started, and nothing can be kept there", async () => {
  const view = await mesh();
  assert.ok(v.is(meshSchema, view));
  assert.deepEqual([view.on, view.state, view.nodes, started.length], [false, "off", [], 0]);
  const refused = await put("a.bin", randomBytes(10));
  assert.deepEqual(
    [refused.status, (refused.body as unknown as { error: { code: string } }).error.code],
    [403, "mesh_off"],
  );
  const upload = { name: "b.bin", bytes: 10, fingerprint: "one", storage: "mesh" };
  assert.equal((await node.call("POST", "/api/uploads", upload)).status, 403);
  assert.deepEqual((await node.call<FileView[]>("GET", "/api/files")).body, []);
  const { body: here } = await put("c.bin", randomBytes(10), "local");
  assert.deepEqual([here.storage, here.mesh], ["local", null]);
  assert.equal((await node.call("POST", `/api/files/${here.id}/mesh`)).status, 403);
  assert.deepEqual(await receiptPage(), { receipts: [], next: null, objects: 0 });
  assert.equal(await receiptCheck(), undefined);
});

test("who hides the own address joins no mesh; what was joined waits as soon as it is hidden", async () => {
  await node.call("PATCH", "/api/network", { usual: "tor" } satisfies { usual: NetworkView["usual"] });
  const refused = await node.call<{ error: { code: string } }>("POST", "/api/mesh/join", {});
  assert.deepEqual([refused.status, refused.body.error.code, started.length], [403, "mesh_needs_direct", 0]);
  assert.equal((await mesh()).on, false);
  await node.call("PATCH", "/api/network", { usual: "direct" });
  assert.equal((await node.call("POST", "/api/mesh/join", { bootstrap: ["no address"] })).status, 400);
  assert.equal((await mesh()).on, false);
  assert.equal((await node.call<MeshView>("POST", "/api/mesh/join", { lan: false })).body.on, true);
  await askUntil("it is up", mesh, ({ state }) => state === "up");
  assert.deepEqual([started.length, started[0]?.lan, started[0]?.listen, started[0]?.maxBytes], [1, false, null, null]);

  await node.call("PATCH", "/api/network", { usual: "tor" });
  const waiting = await askUntil("it waits", mesh, ({ state }) => state === "waiting");
  assert.deepEqual([waiting.problem?.code, closed], ["mesh_needs_direct", 1]);
  const { body: late } = await put("late.bin", randomBytes(10));
  assert.match(late.mesh?.problem ?? "", /network address/);
  assert.match((await node.call<Status>("GET", "/api/status")).body.warnings.join(), /mesh cannot be used now/);
  await node.call("PATCH", "/api/network", { usual: "direct" });
  await askUntil("it is up again", mesh, ({ state }) => state === "up");
  await isKept(late.id);
  await node.call("DELETE", `/api/files/${late.id}?forever=true`);
});

test("a file is kept there, freed here, read, and brought back", async () => {
  const bytes = randomBytes(1_500_000);
  const { body: added } = await put("film.bin", bytes);
  assert.equal(added.storage, "local");
  assert.ok(added.mesh && added.mesh.state !== "kept" && added.mesh.here);
  const kept = await isKept(added.id);
  assert.ok(v.is(fileSchema, kept));
  assert.equal(kept.mesh?.total, 12);
  const view = await askUntil("its fragments are counted", mesh, ({ nodes }) =>
    nodes.every(({ fragments }) => fragments > 0),
  );
  assert.ok(v.is(meshSchema, view));
  assert.deepEqual(
    [view.kept.files, view.kept.waiting, view.nodes.length, view.coding?.total, view.own],
    [1, 0, 12, 12, null],
  );
  assert.equal((await node.call<Status>("GET", "/api/status")).body.mesh.peers, 12);

  const freed = await node.call<FileView>("DELETE", `/api/files/${added.id}/local`);
  assert.deepEqual([freed.status, freed.body.mesh?.here], [200, false]);
  assert.deepEqual(await content(added.id), bytes);
  assert.equal((await node.call<FileSpace>("GET", "/api/files/space")).body.meshBytes, bytes.length);
  const refused = await node.call<{ error: { code: string } }>("POST", "/api/mesh/leave");
  assert.deepEqual([refused.status, refused.body.error.code], [403, "mesh_only_copy"]);
  assert.equal((await node.call("DELETE", `/api/files/${added.id}/mesh`)).status, 403);

  const back = await node.call<FileView>("POST", `/api/files/${added.id}/local`);
  assert.equal(back.body.mesh?.here, true);
  const only = await node.call<FileView>("DELETE", `/api/files/${added.id}/mesh`);
  assert.deepEqual([only.body.storage, only.body.mesh], ["local", null]);
  assert.deepEqual(await content(added.id), bytes);
});

test("a file that is here already, and one that comes in several calls, are kept there, too", async () => {
  const { body: here } = await put("here.bin", randomBytes(100), "local");
  assert.equal((await node.call<FileView>("POST", `/api/files/${here.id}/mesh`)).body.mesh?.here, true);
  const bytes = randomBytes(5_000);
  const wanted = { name: "parts.bin", bytes: bytes.length, fingerprint: "one", storage: "mesh" };
  const { body: upload } = await node.call<{ id: string }>("POST", "/api/uploads", wanted);
  const part = (at: number, end: number) =>
    node.call<{ file: FileView | null }>("PATCH", `/api/uploads/${upload.id}`, bytes.subarray(at, end), {
      "upload-offset": String(at),
    });
  await part(0, 2_000);
  const { body: whole } = await part(2_000, 5_000);
  await isKept(here.id);
  await isKept(whole.file?.id ?? "");
});

test("what the nodes signed is told page by page, and checked; one altered receipt is found", async () => {
  const { tables } = node.services.mesh.keeper;
  // The account's copy may be made anew at any moment, and its receipts with it.
  const files = new Set<string>(tables.objects.find("kind", "files").map(({ object }) => object));
  const ofFiles = ({ receipts }: MeshReceiptPage) => receipts.filter(({ object }) => files.has(object));
  const whole = await askUntil(
    "all signed for the files",
    receiptPage,
    (page) => ofFiles(page).length === 12 * files.size,
  );
  const receipts = ofFiles(whole);
  assert.ok(files.size >= 2 && whole.objects >= files.size);
  const { owner } = await mesh();
  for (const { receipt, node: by, fragments, objectFragments, until, madeAt } of receipts) {
    const read = readReceipt(fromBase64Url(receipt));
    const said = read && [read.owner, read.node, read.fragments.length, read.untilMs, read.madeAtMs];
    assert.deepEqual(said, [owner, by, fragments, Date.parse(until), Date.parse(madeAt)]);
    assert.equal(objectFragments, 12 * fragments);
  }
  const pages = [await receiptPage("?limit=5")];
  for (let next = pages[0]?.next ?? null; next !== null; next = pages.at(-1)?.next ?? null)
    pages.push(await receiptPage(`?limit=5&after=${next}`));
  assert.ok(pages.every((page) => v.is(receiptPageSchema, page) && page.receipts.length <= 5));
  assert.deepEqual(pages.flatMap(ofFiles), receipts);
  assert.equal((await node.call("GET", "/api/mesh/receipts?limit=many")).status, 400);

  const words = /^12 nodes promised (\d+) of \1 fragments of \d+ objects; the first promise ends on [-\d]+T[:.\d]+Z\.$/;
  const isGood = (check: DoctorCheck | undefined): boolean => check?.ok === true && words.test(check.hint);
  await askUntil("all is well", receiptCheck, isGood);
  const row = tables.receipts.list().find(({ object }) => files.has(object));
  assert.ok(row);
  tables.receipts.put({ ...row, text: `${row.text.slice(0, -8)}AAAAAAAA` });
  const bad = await receiptCheck();
  assert.equal(bad?.ok, false);
  assert.match(
    bad.hint,
    /^Of \d+ receipts in the vault 1 not what a node signed: they prove nothing\. What is left: 12 nodes/,
  );
  assert.equal(ofFiles(await receiptPage()).length, receipts.length - 1, "it is handed to nobody");
  tables.receipts.put(row);
  await askUntil("all is well again", receiptCheck, isGood);
});

test("a voucher is taken by whom it was made for, and shown", async () => {
  const key = ed25519.createKeyPair(randomBytes(32));
  const { owner } = await mesh();
  const made = (who: string, untilMs: number) =>
    toBase64Url(signVoucher({ owner: who as OwnerId, bytes: 1e9, untilMs }, key));
  for (const voucher of ["rubbish", made("00".repeat(32), Date.now() + 1e9), made(owner, Date.now() - 1)]) {
    assert.equal((await node.call("POST", "/api/mesh/vouchers", { voucher })).status, 400);
  }
  const before = started.length;
  const { body: added } = await node.call<MeshVoucherView>("POST", "/api/mesh/vouchers", {
    voucher: made(owner, Date.now() + 1e9),
  });
  assert.ok(v.is(voucherSchema, added));
  assert.deepEqual((await mesh()).vouchers, [added]);
  await askUntil("it is up with it", mesh, ({ state }) => state === "up" && started.length > before);
});

test("who leaves gives everything up there, and a locked vault has no mesh", async () => {
  await node.call("POST", "/api/vault/passphrase", { next: "six words that nobody would guess" });
  const before = closed;
  await node.call("POST", "/api/vault/lock");
  assert.equal(closed, before + 1, "before the lock was answered");
  assert.equal((await node.call("GET", "/api/mesh")).status, 423);
  assert.equal((await node.call("GET", "/api/mesh/receipts")).status, 423);
  assert.equal(await receiptCheck(), undefined, "what cannot be checked is not called good");
  await node.call("POST", "/api/vault/unlock", { passphrase: "six words that nobody would guess" });
  await askUntil("it is up again", mesh, ({ state }) => state === "up");
  const left = await node.call<MeshView>("POST", "/api/mesh/leave");
  assert.deepEqual([left.status, left.body.on, left.body.kept.files, left.body.kept.leaving], [200, false, 0, 0]);
  assert.deepEqual(
    engine.mesh.nodes.flatMap(({ kept }) => [...kept.keys()]),
    [],
  );
  assert.deepEqual(await receiptPage(), { receipts: [], next: null, objects: 0 });
  const files = (await node.call<FileView[]>("GET", "/api/files")).body;
  assert.ok(files.length > 0 && files.every(({ storage, mesh: there }) => storage === "local" && there === null));
});
