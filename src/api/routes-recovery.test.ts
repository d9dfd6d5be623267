/** A new installation becomes the account of a recovery key, from what a relay has of it; one that is in use never does. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import * as v from "valibot";
import { type ApiNode, startApiNode } from "../../test/support/api-node.ts";
import { atEnd } from "../../test/support/cleanup.ts";
import { startRecordingRelay } from "../../test/support/recording-relay.ts";
import type {
  ApiError,
  Channel,
  FileView,
  IdentityView,
  RecoveryView,
  RestoreResult,
  Settings,
  SummaryView,
} from "./contract.ts";
import * as schemas from "./schemas.ts";

const SECRET_KEY = "7f7ff03d123792d6ac594bfa67bf6d0c0ab55b6b1fdb6249303fe861f1ccba9a";
const NOBODY = "ws://127.0.0.1:9";

async function start(t: TestContext, relays: readonly string[] = []): Promise<ApiNode> {
  const node = await startApiNode({ relays });
  atEnd(t, () => node.close());
  return node;
}

const post = <T>(node: ApiNode, path: string, body?: unknown) => node.call<T>("POST", `/api/recovery/${path}`, body);
const keyOf = async (node: ApiNode) => (await node.call<RecoveryView>("GET", "/api/recovery")).body;
const code = ({ body }: { body: unknown }) => (body as ApiError).error.code;

test("settings, an own channel and an imported key come back by the recovery key and a relay", async (t) => {
  const relay = await startRecordingRelay(t);
  const lost = await start(t, [relay.url]);
  await lost.call("POST", "/api/identity/import", { secret: SECRET_KEY });
  await lost.call("PATCH", "/api/settings", { displayName: "Ada", readReceipts: true, cover: "stealth" });
  const channel = (await lost.call<Channel>("POST", "/api/channels", { name: "weather" })).body;
  await lost.call("POST", `/api/channels/${channel.id}/posts`, { text: "rain" });
  assert.equal((await lost.call<SummaryView>("GET", "/api/recovery/summary")).body.madeAt, null);
  const made = (await post<SummaryView>(lost, "summary")).body;
  v.assert(schemas.summarySchema, made);
  assert.deepEqual([made.relays, made.possible, made.leftOut], [[relay.url], true, 0]);
  const key = await keyOf(lost);
  v.assert(schemas.recoverySchema, key);
  assert.deepEqual(key.relays, [relay.url]);
  const { npub } = (await lost.call<IdentityView>("GET", "/api/identity")).body;
  await lost.close();

  const fresh = await start(t);
  const answer = await post<RestoreResult>(fresh, "restore", { key: key.words, relays: [`${relay.url}/`, NOBODY] });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  v.assert(schemas.restoreSchema, answer.body);
  const { summary, ...rest } = answer.body;
  assert.deepEqual(rest, { npub, contacts: 0, files: 0 });
  assert.deepEqual([summary?.groups, summary?.channels, summary?.warnings], [0, 1, []]);
  assert.deepEqual(summary?.relays, [
    { url: relay.url, state: "newest" },
    { url: NOBODY, state: "unreachable" },
  ]);
  assert.equal((await fresh.call<IdentityView>("GET", "/api/identity")).body.npub, npub);
  assert.equal((await keyOf(fresh)).hex, key.hex);
  const settings = (await fresh.call<Settings>("GET", "/api/settings")).body;
  assert.deepEqual(
    [settings.displayName, settings.readReceipts, settings.cover, settings.relays, settings.recoveryConfirmed],
    ["Ada", true, "stealth", [relay.url], true],
  );
  const posted = await fresh.call("POST", `/api/channels/${channel.id}/posts`, { text: "sun" });
  assert.equal(posted.status, 200, "its owner goes on");
  // Now it is in use: nothing overwrites it.
  assert.equal(code(await post(fresh, "restore", { key: key.words, relays: [] })), "account_in_use");
});

test("with nothing to be found only the identity is back, in plain words; what is wrong changes nothing", async (t) => {
  const relay = await startRecordingRelay(t);
  const [node, other] = [await start(t), await start(t)];
  const before = (await keyOf(node)).hex;
  const { hex } = await keyOf(other);
  assert.equal(code(await post(node, "restore", { key: "not a key", relays: [] })), "bad_recovery_key");
  assert.equal(code(await post(node, "restore", { key: hex, relays: ["https://relay.example"] })), "bad_relay_url");
  assert.equal(code(await post(node, "summary")), "no_outside_relay");
  assert.equal((await keyOf(node)).hex, before);

  const { body } = await post<RestoreResult>(node, "restore", { key: hex, relays: [relay.url, NOBODY] });
  const { summary } = body;
  assert.deepEqual([summary?.madeAt, summary?.relays.map(({ state }) => state)], [null, ["behind", "unreachable"]]);
  assert.match(summary?.warnings[0] ?? "", /no summary of your account/);
  assert.match(summary?.warnings[1] ?? "", /Not every relay answered/);
  assert.equal((await keyOf(node)).hex, hex);
  assert.deepEqual((await node.call<Settings>("GET", "/api/settings")).body.relays, [relay.url, NOBODY]);
  // It may be tried again, with the relay that did not answer, as long as nobody was met.
  assert.equal((await post(node, "restore", { key: hex, relays: [relay.url] })).status, 200);
});

test("a vault with no more than a file in the trash is in use", async (t) => {
  const node = await start(t);
  const { id } = (await node.call<FileView>("PUT", "/api/files?name=a.txt", new Uint8Array([1]))).body;
  await node.call("DELETE", `/api/files/${id}`);
  const { hex } = await keyOf(node);
  assert.equal(code(await post(node, "restore", { key: "00".repeat(32), relays: [] })), "account_in_use");
  assert.equal((await keyOf(node)).hex, hex);
});

test("the vault of a node that was brought back opens by the key that it has now, and by no other", async (t) => {
  const [node, other] = [await start(t), await start(t)];
  const before = (await keyOf(node)).hex;
  const { hex } = await keyOf(other);
  await post(node, "restore", { key: hex, relays: [] });
  await node.call("POST", "/api/vault/passphrase", { next: "a long passphrase" });
  await node.call("POST", "/api/vault/lock");
  assert.equal(code(await post(node, "unlock", { key: before })), "cannot_open");
  assert.equal((await post(node, "unlock", { key: hex, next: "another passphrase" })).status, 200);
  assert.equal((await keyOf(node)).hex, hex);
});
