import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { testConfig } from "../../test/support/api-node.ts";
import { temporaryFolder } from "../../test/support/cleanup.ts";
import { waitUntil } from "../../test/support/wait.ts";
import { toHex } from "../core/bytes.ts";
import { randomBytes } from "../core/random.ts";
import { memoryEngine, openKeeperRoom } from "../mesh/keeper/testing.ts";
import type { MeshNodeOptions } from "../mesh/mesh-node.ts";
import { MeshSettingsStore } from "./mesh-settings.ts";
import { restoreByMesh } from "./restore.ts";
import { openServices } from "./services.ts";

test("the key brings the account out of the mesh, joined to it as a machine of its own; another key brings nothing", async (t) => {
  const room = await openKeeperRoom(t);
  const engine = memoryEngine(12);
  const settings = new MeshSettingsStore(room.vault);
  settings.change({
    on: true,
    bootstrap: ["/ip4/192.0.2.1/tcp/1"],
    share: { maxBytes: 1e9, host: "0.0.0.0", port: 0, care: true },
  });
  const seed = toHex(settings.nodeSeed());
  room.attach(engine);
  const content = randomBytes(50_000);
  await room.put("plan.bin", content, { mesh: true });
  await waitUntil("all is there", () => room.keeper.totals().waiting === 0 && room.copy.view().isCurrent);
  const key = toHex(room.vault.recoveryKey());
  await room.close();

  const folder = temporaryFolder(t);
  const config = testConfig(join(folder, "back"));
  const started: MeshNodeOptions[] = [];
  const start = async (options: MeshNodeOptions) => {
    started.push(options);
    return { ...memoryEngine(12, engine), status: () => assert.fail("it is no node"), close: async () => {} };
  };
  const options = { bootstrap: ["/ip4/192.0.2.2/tcp/1"], networkKey: null, start, searchMs: 0 };
  await assert.rejects(restoreByMesh(config, toHex(randomBytes(32)), false, options), { code: "no_account_in_mesh" });
  await assert.rejects(restoreByMesh({ ...config, route: "tor" }, key, false, options), { code: "mesh_needs_direct" });
  assert.deepEqual([existsSync(config.dataDir), started.length], [false, 1]);
  assert.ok(!existsSync(started[0]?.folder ?? ""), "nothing of the search is left");

  const result = await restoreByMesh(config, key, false, options);
  assert.deepEqual([result.files, typeof result.meshCopyOf], [1, "string"]);
  assert.deepEqual(readdirSync(join(config.dataDir, "blobs")), []);
  const services = await openServices(config, { online: false });
  const { on, bootstrap, share } = services.mesh.settings.read();
  assert.deepEqual([on, bootstrap, share], [true, ["/ip4/192.0.2.2/tcp/1", "/ip4/192.0.2.1/tcp/1"], null]);
  assert.notEqual(toHex(services.mesh.settings.nodeSeed()), seed);
  const [file] = services.files.list();
  assert.deepEqual([file?.storage, file?.mesh?.here], ["mesh", false]);
  await services.close();
  const back = await openKeeperRoom(t, config.dataDir);
  back.attach(engine);
  assert.deepEqual(await back.read(file?.id ?? ""), content);
});
