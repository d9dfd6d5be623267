import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../../test/support/cleanup.ts";
import { reachablePlugins } from "./plugin-path.ts";

test("a path that tor would take apart is reached by a link without a space; others are left", (t) => {
  const [folder, elsewhere] = [join(temporaryFolder(t), "tor"), temporaryFolder(t)];
  const bundle = join(elsewhere, "Tor Browser #1");
  mkdirSync(bundle);
  writeFileSync(join(bundle, "lyrebird"), "found");
  const lines = ["obfs4 exec /usr/bin/obfs4proxy", `webtunnel exec ${join(bundle, "lyrebird")}`];
  for (const start of ["first", "second"]) {
    const plugins = reachablePlugins(folder, lines);
    assert.deepEqual(plugins, [lines[0], "webtunnel exec plugin1/lyrebird"], start);
    assert.equal(readFileSync(join(folder, "plugin1/lyrebird"), "utf8"), "found");
  }
  const later = reachablePlugins(folder, ["obfs4 exec /opt/a b/lyrebird", `obfs4 exec ${join(bundle, "lyrebird")}`]);
  assert.deepEqual(later, ["obfs4 exec plugin0/lyrebird", "obfs4 exec plugin1/lyrebird"]);
});
