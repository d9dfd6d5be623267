import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/cleanup.ts";
import { createProfile, removeOrphans } from "./browser-profile.ts";

test("a profile is its owner's alone, and gone when it is removed", async (t) => {
  const parent = temporaryFolder(t);
  const profile = createProfile(parent);
  const [root = ""] = readdirSync(parent);
  assert.equal(statSync(join(parent, root)).mode & 0o777, 0o700);
  assert.ok(existsSync(join(profile.folder, "Default", "Preferences")));
  assert.equal(removeOrphans(parent), 0, "its owner runs");
  await profile.remove();
  assert.deepEqual(readdirSync(parent), []);
});

test("what a crash left behind is removed, and nothing else", (t) => {
  const parent = temporaryFolder(t);
  const ended = spawnSync(process.execPath, ["-e", ""]).pid;
  const folder = (name: string, owner: string | null, ageMs = 0) => {
    mkdirSync(join(parent, name, "profile"), { recursive: true });
    if (owner !== null) writeFileSync(join(parent, name, "owner"), owner);
    const at = new Date(Date.now() - ageMs);
    utimesSync(join(parent, name), at, at);
  };
  folder("nocturne-browse-crashed", `${ended}\n`);
  folder("nocturne-browse-running", `${process.pid}\n`);
  folder("nocturne-browse-new", null);
  folder("nocturne-browse-old", null, 3_600_000);
  folder("nocturne-other", `${ended}\n`);
  assert.equal(removeOrphans(parent), 2);
  assert.deepEqual(readdirSync(parent).toSorted(), [
    "nocturne-browse-new",
    "nocturne-browse-running",
    "nocturne-other",
  ]);
});
