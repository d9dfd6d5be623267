import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { callSocket, testConfig } from "../../test/support/api-node.ts";
import { socketPath } from "../node/socket-path.ts";
import type { FileView, Status } from "./contract.ts";
import { startOffline } from "./offline.ts";

const folder = mkdtempSync(join(tmpdir(), "nocturne-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("one command's worth of the API: on a socket of its own, with no network, and gone afterwards", async (t) => {
  const config = testConfig(folder);
  const api = await startOffline(config);
  t.after(() => api.close());
  assert.equal(api.locked, false);
  assert.equal(existsSync(socketPath(folder)), false, "it is no running node");
  const { body } = await callSocket<Status>(api.socketPath, "GET", "/api/status");
  assert.deepEqual([body.embeddedRelay, body.relays], [null, []]);
  assert.deepEqual((await callSocket<FileView[]>(api.socketPath, "GET", "/api/files")).body, []);
  assert.equal((await callSocket(api.socketPath, "POST", "/api/messages", { to: "x", text: "x" })).status, 423);
  await assert.rejects(startOffline(config), { code: "vault_in_use" });
  await api.close();
  assert.equal(existsSync(api.socketPath), false);
});

test("a locked vault is unlocked by the first call", async (t) => {
  const config = { ...testConfig(join(folder, "locked")), secret: "a secret that is long enough" };
  await (await startOffline(config)).close();
  const api = await startOffline({ ...config, secret: null });
  t.after(() => api.close());
  assert.equal(api.locked, true);
  assert.equal((await callSocket(api.socketPath, "GET", "/api/files")).status, 423);
  const { status } = await callSocket(api.socketPath, "POST", "/api/vault/unlock", { passphrase: config.secret });
  assert.equal(status, 200);
  assert.equal((await callSocket(api.socketPath, "GET", "/api/files")).status, 200);
  await api.close();
});
