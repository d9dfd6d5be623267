/** `nocturne mesh receipts` against a node that answers with receipts of two objects, and `nocturne verify` on what it wrote. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../../test/support/cleanup.ts";
import { runCli } from "../../../test/support/nocturne-process.ts";
import { answerJson, startScriptedNode } from "../../../test/support/scripted-node.ts";
import type { DoctorReport, MeshReceiptPage, MeshReceiptView } from "../../api/contract.ts";
import { toBase64Url, toHex, u32 } from "../../core/bytes.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { signReceipt } from "../../mesh/exchange/receipt.ts";
import { signer } from "../../mesh/ledger/testing.ts";
import { ownerIdOf } from "../../mesh/node-id.ts";
import type { FragmentId } from "../../mesh/pieces/fragment-tree.ts";
import type { WrittenReceipts } from "./mesh-receipts.ts";

const OBJECTS = ["ab", "cd"].map((two) => two.repeat(32)) as [string, string];
const MADE_MS = Date.UTC(2026, 10, 27);
const UNTIL_MS = Date.UTC(2096, 10, 27);

/** `node` signs for `fragments` of an object that has six. */
function sample(object: string, node: number, fragments: number, untilMs = UNTIL_MS): MeshReceiptView {
  const key = signer(node);
  const refs = Array.from({ length: fragments }, (_, i) => ({ id: toHex(sha256(u32(i))) as FragmentId, bytes: 9 }));
  const said = { owner: ownerIdOf(signer(9).publicKey), untilMs, madeAtMs: MADE_MS, fragments: refs };
  return {
    object,
    node: toHex(key.publicKey),
    fragments,
    objectFragments: 6,
    until: new Date(untilMs).toISOString(),
    madeAt: new Date(MADE_MS).toISOString(),
    receipt: toBase64Url(signReceipt(said, key)),
  };
}

/** Two on each page. */
async function start(t: TestContext, receipts: readonly MeshReceiptView[], objects = 3): Promise<string> {
  const dataDir = temporaryFolder(t);
  await startScriptedNode(t, dataDir, ({ url = "" }, response) => {
    const after = Number(/^\/api\/mesh\/receipts\?after=(\d+)$/.exec(url)?.[1]);
    const next = after + 2 < receipts.length ? after + 2 : null;
    answerJson(response, { receipts: receipts.slice(after, after + 2), next, objects } satisfies MeshReceiptPage);
  });
  return dataDir;
}

test("each receipt becomes a private file that anybody can check, and it is said what they promise together", async (t) => {
  const [one, two] = OBJECTS;
  const receipts = [
    sample(one, 1, 3),
    sample(one, 1, 1, UNTIL_MS - 1),
    sample(one, 2, 2),
    sample(two, 1, 4),
    sample(two, 2, 1, 1),
  ];
  const dataDir = await start(t, receipts);
  const folder = join(dataDir, "receipts");
  const said = await runCli(["mesh", "receipts", folder], { dataDir });
  assert.equal(said.code, 0, said.stderr);
  assert.deepEqual(said.stdout.trim().split("\n"), [
    "2 nodes promised 10 of 12 fragments of 2 objects; the first promise ends on 2096-11-26T23:59:59.999Z.",
    "Of 1 object no node signed anything.",
    `5 files in ${folder}; check with: nocturne verify FILE`,
  ]);
  const [first, second] = receipts.map(({ node }) => node.slice(0, 16)).filter((id, at, all) => all.indexOf(id) === at);
  const names = [
    `receipt-${one.slice(0, 16)}-${first}`,
    `receipt-${one.slice(0, 16)}-${first}-2`,
    `receipt-${one.slice(0, 16)}-${second}`,
    `receipt-${two.slice(0, 16)}-${first}`,
    `receipt-${two.slice(0, 16)}-${second}`,
  ];
  assert.deepEqual(readdirSync(folder).toSorted(), names.toSorted());
  for (const name of names) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  assert.equal(statSync(folder).mode & 0o777, 0o700);

  const paths = names.map((name) => join(folder, name));
  const nowhere = { dataDir: temporaryFolder(t) };
  const good = await runCli<DoctorReport>(["verify", ...paths, "--json"], nowhere);
  assert.deepEqual([good.code, good.json.checks.length], [0, 5]);
  assert.match(good.json.checks[0]?.hint ?? "", new RegExp(`^${receipts[0]?.node} promised .* to keep 3 fragments`));
  const [path] = paths as [string];
  const altered = readFileSync(path);
  altered[60] = (altered[60] ?? 0) ^ 1;
  writeFileSync(path, altered);
  const bad = await runCli<DoctorReport>(["verify", ...paths, "--json"], nowhere);
  assert.deepEqual([bad.code, bad.json.checks.filter(({ ok }) => !ok).map(({ name }) => name)], [1, [path]]);

  const again = await runCli<WrittenReceipts>(["mesh", "receipts", folder, "--json"], { dataDir });
  assert.deepEqual(again.json, {
    folder,
    files: names,
    nodes: 2,
    promised: 10,
    fragments: 12,
    until: "2096-11-26T23:59:59.999Z",
    objects: 2,
    unsigned: 1,
  });
  assert.equal((await runCli(["verify", path], nowhere)).code, 0, "what was there is replaced");
});

test("where nothing was signed nothing is written", async (t) => {
  const dataDir = await start(t, [], 1);
  const folder = join(dataDir, "receipts");
  const { code, stdout } = await runCli(["mesh", "receipts", folder], { dataDir });
  assert.deepEqual([code, stdout], [0, "No node has signed anything for you yet.\n"]);
  assert.throws(() => statSync(folder), { code: "ENOENT" });
  assert.equal(
    (await runCli(["mesh", "receipts", folder], { dataDir: temporaryFolder(t) })).code,
    3,
    "a node has them",
  );
});
