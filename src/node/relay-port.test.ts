import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { systemClock } from "../core/clock.ts";
import { createLogger } from "../core/log.ts";
import { startEmbeddedRelay } from "./relay-port.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "nocturne-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const start = (port: number | null, folder: string = dataDir) =>
  startEmbeddedRelay({ dataDir: folder, port, clock: systemClock, log: createLogger("silent") });

test("the port of the first start is the port of every start", async () => {
  const first = await start(0);
  await first.close();
  assert.equal(statSync(join(dataDir, "relay", "port")).mode & 0o777, 0o600);
  const second = await start(null);
  assert.equal(second.url, first.url);
  await second.close();
});

test("a given port is remembered in the place of the former one", async () => {
  const first = await start(0);
  await first.close();
  const other = await start(0);
  await other.close();
  const given = await start(other.port);
  await given.close();
  const later = await start(null);
  assert.equal(later.port, other.port);
  await later.close();
});

test("a given or remembered port that is taken is named, and nothing else is tried", async () => {
  const folder = join(dataDir, "holder");
  const own = await start(0);
  await own.close();
  const holder = await start(own.port, folder);
  for (const wanted of [null, own.port]) {
    await assert.rejects(start(wanted), (error: Error & { code?: string; hint?: string }) => {
      assert.equal(error.code, "port_in_use");
      assert.ok(error.message.includes(String(own.port)) && error.hint?.includes("--relay-port"));
      return true;
    });
  }
  await holder.close();
});

test("a first start takes any free port when the usual one is taken", async () => {
  // Whoever holds 7447 here, this test or another program, the second start must get by without it.
  const first = await start(null, join(dataDir, "one"));
  const second = await start(null, join(dataDir, "two"));
  assert.notEqual(second.port, first.port);
  assert.notEqual(second.port, 7447);
  await Promise.all([first.close(), second.close()]);
});

test("a damaged note of the port counts as none", async () => {
  const first = await start(0);
  await first.close();
  for (const note of ["", "99999"]) {
    writeFileSync(join(dataDir, "relay", "port"), note);
    await (await start(0)).close();
  }
});
