/** `nocturne verify` in a process of its own, with no node running. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../../test/support/cleanup.ts";
import { runCli } from "../../../test/support/nocturne-process.ts";
import { answerJson, startScriptedNode } from "../../../test/support/scripted-node.ts";
import type { DoctorReport } from "../../api/contract.ts";
import { LEDGER_FOLDER, LedgerLog } from "../../mesh/ledger/log.ts";
import { toPortable } from "../../mesh/ledger/portable.ts";
import { history, signer } from "../../mesh/ledger/testing.ts";

interface Report {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly hint: string }[];
}

const shown = history(signer(1), ["a", "b"]);
const hidden = history(signer(1), ["a", "X"]);

test("files are checked one by one and together; what fails exits 1", async (t) => {
  const folder = temporaryFolder(t);
  const [one, two, none] = ["one.head", "two.head", "none"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(one, toPortable("ledger-head", shown.head().bytes));
  writeFileSync(two, toPortable("ledger-head", hidden.head().bytes));
  const options = { dataDir: join(folder, "data") };
  const good = await runCli<Report>(["verify", one, "--json"], options);
  assert.deepEqual([good.code, good.json.ok, good.json.checks.length], [0, true, 1]);
  assert.deepEqual(Object.keys(good.json.checks[0] ?? {}), ["name", "ok", "hint"]);
  const bad = await runCli<Report>(["verify", one, two, none, "--json"], options);
  assert.equal(bad.code, 1);
  assert.deepEqual(
    bad.json.checks.map(({ ok }) => ok),
    [true, true, false, false],
  );
  const text = await runCli(["verify", one, two], options);
  assert.match(text.stdout, /^ok {4}.*one\.head.* had 2 entries[^]*\nFAIL.*two different histories/);
  assert.deepEqual(readdirSync(folder).sort(), ["one.head", "two.head"], "no data directory is made for it");
});

test("a file may come by standard input", (t) => {
  const entry = join(import.meta.dirname, "../nocturne.ts");
  const env = { ...process.env, NOCTURNE_DATA_DIR: temporaryFolder(t) };
  const run = (input: Uint8Array) =>
    spawnSync(process.execPath, [entry, "verify", "-"], { input, env, encoding: "utf8" });
  const good = run(toPortable("ledger-head", shown.head().bytes));
  assert.deepEqual([good.status, good.stdout.slice(0, 7)], [0, "ok    -"]);
  assert.equal(run(new Uint8Array(10)).status, 1);
});

test("without a path it checks the ledgers of the data directory, and the vault", async (t) => {
  const dataDir = temporaryFolder(t);
  const log = new LedgerLog({ folder: join(dataDir, LEDGER_FOLDER), by: signer(1) });
  await log.append("receipt", new Uint8Array(40));
  log.close();
  const { code, json } = await runCli<Report>(["verify", "--json"], { dataDir, env: { PORT: "0" } });
  assert.equal(code, 0);
  assert.deepEqual(
    json.checks.map(({ name }) => name.split(" ")[0]),
    ["data", "vault", "ledger"],
  );
  assert.match(json.checks.at(-1)?.hint ?? "", /^1 entries: whole/);
});

test("without a path, what a running node finds of its receipts is told with it, and fails the whole", async (t) => {
  const dataDir = temporaryFolder(t);
  const receipts = { name: "receipts", ok: true, hint: "3 nodes promised." };
  const clock = { name: "clock", ok: false, hint: "No matter here." };
  await startScriptedNode(t, dataDir, (_, response) => {
    const checks = [{ name: "vault", ok: true, hint: "Open." }, receipts, clock];
    answerJson(response, { ok: false, checks } satisfies DoctorReport);
  });
  const good = await runCli<Report>(["verify", "--json"], { dataDir });
  assert.deepEqual([good.code, good.json.checks.map(({ name }) => name)], [0, ["vault", "receipts", "ledger"]]);
  receipts.ok = false;
  const bad = await runCli(["verify"], { dataDir });
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /^FAIL {2}receipts {2}3 nodes promised\.$/m);
});
