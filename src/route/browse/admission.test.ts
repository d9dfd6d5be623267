import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { promisify } from "node:util";
import { LoopbackRoute, startProxy, startSite } from "../../../test/support/browse-world.ts";
import { findProgram } from "../../../test/support/tools.ts";
import { ownerOf } from "./admission.ts";

const NOBODY = 65_534;

test("the owner of a connection is read from the kernel's table", () => {
  const line = (near: string, far: string, state: string, uid: number) =>
    `   7: ${near} ${far} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 16383 1 0 20 4 30 10 -1`;
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    line("0100007F:1F90", "0100007F:C350", "01", 1000),
    line("0100007F:C350", "0100007F:1F90", "01", 1001),
    line("0100007F:C351", "0100007F:1F90", "04", 0),
    line("0A00007F:C352", "0100007F:1F90", "01", 1002),
    line("0000000000000000FFFF00000100007F:C353", "0000000000000000FFFF00000100007F:1F90", "01", 1003),
  ].join("\n");
  assert.equal(ownerOf(table, 50_000, 8080), 1001);
  assert.equal(ownerOf(table, 8080, 50_000), 1000);
  assert.equal(ownerOf(table, 50_001, 8080), null, "a closed end shows as root's");
  assert.equal(ownerOf(table, 50_002, 8080), null, "from elsewhere");
  assert.equal(ownerOf(table, 50_003, 8080), 1003);
  assert.equal(ownerOf("", 50_000, 8080), null);
});

test("another user of this machine cannot use a window's proxy", async (t) => {
  const curl = findProgram("curl");
  if (process.platform !== "linux" || process.getuid?.() !== 0 || curl === null) {
    console.error(`SKIPPED: ${t.name}: needs Linux, root and curl`);
    t.skip("needs Linux, root and curl");
    return;
  }
  const site = await startSite(t, (_, answer) => answer.end("the site"));
  const route = new LoopbackRoute(() => site);
  const { port } = await startProxy(t, route);
  const ask = async (uid: number, scheme: string) => {
    const args = ["-sS", "--max-time", "5", "-x", `${scheme}://127.0.0.1:${port}`, "http://example.org/"];
    const { stdout } = await promisify(execFile)(curl, args, { uid, env: {} }).catch(() => ({ stdout: "refused" }));
    return stdout;
  };
  for (const scheme of ["http", "socks5h"]) {
    assert.equal(await ask(0, scheme), "the site");
    assert.equal(await ask(NOBODY, scheme), "refused");
  }
  assert.equal(route.dialled.length, 2);
});
