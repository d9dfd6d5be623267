/** What systemd says of the units that the repository ships, where systemd is. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";

const NAMES = ["nocturne-node", "nocturne-agent"];
const ANALYZER = "systemd-analyze";

const isThere = spawnSync(ANALYZER, ["--version"]).status === 0;
const skip = isThere ? false : `needs ${ANALYZER}`;
if (skip) console.error(`SKIPPED: units as systemd reads them: ${skip}`);

/** Status, and what is said of this unit; other units of the machine are not ours to judge. */
function verify(
  t: TestContext,
  name: string,
  unit: string,
): { readonly status: number | null; readonly said: string[] } {
  const folder = mkdtempSync(join(tmpdir(), "nocturne-unit-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, `${name}.service`);
  writeFileSync(path, unit);
  const { status, stderr } = spawnSync(ANALYZER, ["verify", "--man=no", path], { encoding: "utf8" });
  return { status, said: stderr.split("\n").filter((line) => line.includes(`${name}.service`)) };
}

for (const name of NAMES) {
  test(`systemd understands every line of the unit of ${name}`, { skip }, (t) => {
    const program = `/usr/local/bin/${name}`;
    const shipped = readFileSync(`packaging/systemd/${name}.service`, "utf8");
    assert.ok(shipped.includes(`ExecStart=${program} `));
    // It must name a program that exists, which this machine need not have there.
    const unit = shipped.replace(program, process.execPath);
    assert.deepEqual(verify(t, name, unit), { status: 0, said: [] });
    const [complaint] = verify(t, name, unit.replace("NoNewPrivileges=", "NoNewPrivilege=")).said;
    assert.match(complaint ?? "", /NoNewPrivilege/, "what it does not know it says");
    assert.notEqual(verify(t, name, shipped.replace(program, `/nowhere/${name}`)).status, 0);
  });
}
