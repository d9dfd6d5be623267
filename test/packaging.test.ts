/** What systemd says of the unit that the repository ships, where systemd is. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";

const UNIT = "nocturne-node.service";
const ANALYZER = "systemd-analyze";
const PROGRAM = "/usr/local/bin/nocturne-node";

const isThere = spawnSync(ANALYZER, ["--version"]).status === 0;
const skip = isThere ? false : `needs ${ANALYZER}`;
if (skip) console.error(`SKIPPED: the unit of a node as systemd reads it: ${skip}`);

/** Status, and what is said of this unit; other units of the machine are not ours to judge. */
function verify(t: TestContext, unit: string): { readonly status: number | null; readonly said: string[] } {
  const folder = mkdtempSync(join(tmpdir(), "nocturne-unit-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, UNIT);
  writeFileSync(path, unit);
  const { status, stderr } = spawnSync(ANALYZER, ["verify", "--man=no", path], { encoding: "utf8" });
  return { status, said: stderr.split("\n").filter((line) => line.includes(UNIT)) };
}

test("systemd understands every line of the unit of a node", { skip }, (t) => {
  const shipped = readFileSync(`packaging/systemd/${UNIT}`, "utf8");
  assert.ok(shipped.includes(`ExecStart=${PROGRAM} `));
  // It must name a program that exists, which this machine need not have there.
  const unit = shipped.replace(PROGRAM, process.execPath);
  assert.deepEqual(verify(t, unit), { status: 0, said: [] });
  const [complaint] = verify(t, unit.replace("NoNewPrivileges=", "NoNewPrivilege=")).said;
  assert.match(complaint ?? "", /NoNewPrivilege/, "what it does not know it says");
  assert.notEqual(verify(t, shipped.replace(PROGRAM, "/nowhere/nocturne-node")).status, 0);
});
