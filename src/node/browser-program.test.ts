import assert from "node:assert/strict";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/cleanup.ts";
import { browserMissing, findBrowser } from "./browser-program.ts";

test("the browser that calls home least is taken, wherever it is", () => {
  const there = ["/usr/bin/google-chrome", "/opt/bin/chromium"];
  assert.equal(
    findBrowser("linux", "/usr/bin:/opt/bin", (path) => there.includes(path)),
    "/opt/bin/chromium",
  );
  assert.equal(
    findBrowser("linux", "/usr/bin", (path) => there.includes(path)),
    "/usr/bin/google-chrome",
  );
  assert.equal(
    findBrowser("linux", "", () => true),
    null,
  );
  const mac = "/Applications/Brave Browser.app/Contents/MacOS/Brave Browser";
  assert.equal(
    findBrowser("darwin", "/usr/bin", (path) => path === mac),
    mac,
  );
});

test("a snap is passed over, because its profile would stay behind", (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "snap"));
  mkdirSync(join(folder, "bin"));
  const snap = join(folder, "snap", "chromium");
  writeFileSync(snap, "#!/bin/sh\n");
  chmodSync(snap, 0o755);
  symlinkSync(snap, join(folder, "bin", "chromium"));
  assert.equal(findBrowser("linux", join(folder, "bin")), null);
  assert.match(browserMissing("linux").hint, /apt install/);
});
