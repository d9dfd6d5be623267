import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "../core/clock.ts";
import { Guests } from "./exchange/guests.ts";
import { openNetworkDatabase } from "./network/network-database.ts";
import { CareTable } from "./repair/care-table.ts";

/** Of every file there, side files of SQLite too, in octal. */
function modes(folder: string): Record<string, string> {
  const files = readdirSync(folder).map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]);
  return Object.fromEntries(files) as Record<string, string>;
}

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "nocturne-own-"));
  const umask = process.umask(0o022);
  t.after(() => {
    process.umask(umask);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

const disk = { usedBy: () => 0, usage: () => ({ fragments: 0, usedBytes: 0, maxBytes: 0, trashBytes: 0, owners: 0 }) };

const DATABASES = {
  "guests.db": (folder: string) => new Guests({ folder, disk, clock: systemClock }),
  "care.db": (folder: string) => new CareTable(join(folder, "care.db"), null),
  "network.db": openNetworkDatabase,
} as const;

for (const [name, open] of Object.entries(DATABASES)) {
  test(`nobody else reads ${name}, also where an earlier start made it readable`, (t) => {
    const folder = newFolder(t);
    const expected = { [name]: "600", [`${name}-shm`]: "600", [`${name}-wal`]: "600" };
    const first = open(folder);
    assert.deepEqual(modes(folder), expected);
    first.close();
    chmodSync(join(folder, name), 0o644);
    const second = open(folder);
    t.after(() => second.close());
    assert.deepEqual(modes(folder), expected);
  });
}
