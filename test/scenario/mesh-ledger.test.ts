/** What five real nodes signed for somebody's file, exported and checked by somebody who asks nobody. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { DoctorReport, OperatorStatus } from "../../src/api/contract.ts";
import { randomBytes } from "../../src/core/random.ts";
import { toPortable } from "../../src/mesh/ledger/portable.ts";
import type { MeshNode } from "../../src/mesh/mesh-node.ts";
import { collectReceipts } from "../../src/mesh/objects/receipts.ts";
import { temporaryFolder } from "../support/cleanup.ts";
import { startMeshClient } from "../support/mesh-client.ts";
import { type CliResult, runCli, startCommand } from "../support/nocturne-process.ts";
import { askUntil } from "../support/wait.ts";

const NODES = 5;
const LIMIT_MS = 60_000;

interface TestNode {
  readonly dataDir: string;
  readonly run: <T = unknown>(args: readonly string[]) => Promise<CliResult<T>>;
}

/** `number`: of its house. */
async function startNode(t: TestContext, number: number, bootstrap: readonly string[]): Promise<TestNode> {
  const options = { program: "nocturne-node", dataDir: temporaryFolder(t) } as const;
  const begin = bootstrap.flatMap((address) => ["--bootstrap", address]);
  const where = ["--host", `127.78.${number}.1`, "--port", "0", "--no-lan"];
  const child = startCommand(t, ["--json", "connect", "--foreground", ...where, ...begin], options);
  await askUntil(
    "the node is there",
    async () => child.stdout(),
    (text) => text.includes('"ready"'),
  );
  return { dataDir: options.dataDir, run: (args) => runCli(["--json", ...args], options) };
}

async function startOwner(t: TestContext, bootstrap: readonly string[]): Promise<MeshNode> {
  const owner = await startMeshClient({ folder: temporaryFolder(t), secret: randomBytes(32), bootstrap });
  t.after(() => owner.close());
  return owner;
}

async function statusOf(node: TestNode): Promise<OperatorStatus> {
  const { code, json, stderr } = await node.run<OperatorStatus>(["status"]);
  assert.equal(code, 0, stderr);
  return json;
}

const verify = (t: TestContext, ...files: readonly string[]): Promise<CliResult<DoctorReport>> =>
  runCli<DoctorReport>(["verify", ...files, "--json"], { dataDir: temporaryFolder(t) });

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test("five nodes keep a file and sign for it; what they signed is checked offline, and one altered byte is found", async (t) => {
  const first = await startNode(t, 1, []);
  const { addresses } = await statusOf(first);
  const others = await Promise.all(Array.from({ length: NODES - 1 }, (_, i) => startNode(t, i + 2, addresses)));
  const nodes = [first, ...others];
  const owner = await startOwner(t, addresses);
  const known = async (): Promise<number> => owner.roster.nodes().filter(({ state }) => state === "up").length;
  await askUntil("all nodes are known", known, (count) => count === NODES, LIMIT_MS);
  const content = randomBytes(300_000);
  const { locator } = await owner.writer.write(once(content), content.length);
  const receipts = await collectReceipts(owner.exchange, locator);
  assert.equal(receipts.length, NODES, "each signed");
  const { code: promised } = await first.run(["voucher", "ab".repeat(32), "1GB"]);
  assert.equal(promised, 0);

  const folder = temporaryFolder(t);
  for (const [i, { bytes }] of receipts.entries())
    writeFileSync(join(folder, `receipt-of-${i}`), toPortable("receipt", bytes));
  for (const node of nodes) {
    const isReady = ({ ledger }: OperatorStatus): boolean => ledger.cosignatures === 3 && ledger.entries >= 5;
    const { ledger, warnings } = await askUntil("others cosigned", () => statusOf(node), isReady, LIMIT_MS);
    assert.ok(ledger.headSize >= 1 && ledger.headSize <= ledger.entries);
    assert.deepEqual([ledger.forksSeen, warnings.filter(({ code }) => code.startsWith("ledger"))], [0, []]);
  }
  const to = join(folder, "first");
  const exported = await first.run<{ files: string[] }>(["ledger", "export", to]);
  assert.equal(exported.code, 0, exported.stderr);
  assert.deepEqual(exported.json.files.toSorted(), readdirSync(to).sort());
  const kinds = new Set(exported.json.files.map((name) => name.replace(/-[0-9]+$/, "")));
  assert.deepEqual([...kinds].sort(), ["ledger", "ledger-checkpoint", "receipt", "voucher", "witnessed-head"]);

  const all = [...readdirSync(folder, { recursive: true, withFileTypes: true })]
    .filter((one) => one.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const good = await verify(t, ...all);
  assert.equal(good.code, 0, good.stdout);
  assert.deepEqual([good.json.ok, good.json.checks.length], [true, all.length]);
  assert.ok(good.json.checks.some(({ hint }) => /and saw no other history: \w{64}, \w{64}, \w{64}\./.test(hint)));

  for (const path of all) {
    const bytes = readFileSync(path);
    const at = bytes.length - 100;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const bad = await verify(t, path);
    assert.deepEqual([bad.code, bad.json.ok], [1, false], path);
  }
  const here = await runCli<DoctorReport>(["verify", "--json"], { dataDir: first.dataDir, env: { PORT: "0" } });
  const own = here.json.checks.find(({ name }) => name.startsWith("ledger"));
  assert.match(own?.hint ?? "", /entries: whole and in order/);
});
