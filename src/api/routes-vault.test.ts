import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as v from "valibot";
import { type ApiNode, callSocket, startApiNode } from "../../test/support/api-node.ts";
import { utf8Encode } from "../core/bytes.ts";
import { API_LIMITS } from "../core/limits.ts";
import { parseSecretKey, publicKeyOf } from "../nostr/keys.ts";
import { socketPath } from "../node/socket-path.ts";
import type {
  DoctorReport,
  FileView,
  IdentityView,
  LinkInfo,
  LinkView,
  RecoveryView,
  Settings,
  Status,
  WorkCost,
} from "./contract.ts";
import * as schemas from "./schemas.ts";

const PASSPHRASE = "correct horse battery";

const folder = mkdtempSync(join(tmpdir(), "nocturne-"));
let node: ApiNode;
before(async () => {
  node = await startApiNode({ dataDir: folder });
});
after(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

const post = <T>(path: string, body?: unknown) => node.call<T>("POST", path, body);
const status = async () => (await node.call<Status>("GET", "/api/status")).body;

test("the status of a new node: alone on this machine, and it says so", async () => {
  const answer = await status();
  v.assert(schemas.statusSchema, answer);
  assert.equal(answer.locked, false);
  assert.equal(answer.reachable, "this-machine");
  assert.match(answer.warnings[0] ?? "", /Only programs on this machine can reach you/);
  assert.equal(answer.relays[0]?.url, answer.embeddedRelay);
  assert.equal(answer.relays[0]?.embedded, true);
  assert.equal(answer.npub, node.npub);
  const report = (await node.call<DoctorReport>("GET", "/api/doctor")).body;
  v.assert(schemas.doctorSchema, report);
});

test("settings are kept, checked and announced by their effect", async () => {
  const change = (body: unknown) => node.call<Settings>("PATCH", "/api/settings", body);
  const changed = (await change({ displayName: " Ada ", relays: ["wss://relay.example/"], readReceipts: true })).body;
  v.assert(schemas.settingsSchema, changed);
  assert.deepEqual(changed, {
    displayName: "Ada",
    relays: ["wss://relay.example"],
    readReceipts: true,
    typingIndicators: false,
    invitedOnly: false,
    cover: "balanced",
    readingMegabytesPerHour: 20,
    strangerWork: 22,
    recoveryConfirmed: false,
  });
  assert.deepEqual((await node.call("GET", "/api/settings")).body, changed);
  assert.equal((await status()).reachable, "relays");
  const bad = [
    { relays: ["http://x"] },
    { relays: ["wss://a:b@c"] },
    { relays: "wss://a" },
    { displayname: "x" },
    { strangerWork: 23 },
    { cover: "off" },
    { displayName: "x".repeat(65) },
    { readingMegabytesPerHour: 0 },
    { readingMegabytesPerHour: 2.5 },
    { readingMegabytesPerHour: "20" },
  ];
  for (const body of [...bad, { recoveryConfirmed: true }])
    assert.equal((await change(body)).status, 400, JSON.stringify(body));
  assert.equal((await change({ readingMegabytesPerHour: 5 })).body.readingMegabytesPerHour, 5);
  assert.equal((await status()).reading.budgetMegabytesPerHour, 5);
  assert.deepEqual((await change({ relays: [] })).body.relays, []);
  assert.equal((await change({ strangerWork: 25 })).body.strangerWork, 25);
  const costs = (await node.call<WorkCost[]>("GET", "/api/settings/work")).body;
  v.assert(schemas.workCostsSchema, costs);
  assert.deepEqual(
    costs.map(({ seconds }) => seconds > 0),
    [false, true, true, true],
  );
  const offered = (await node.call("GET", "/api/relays/offered")).body;
  v.assert(schemas.offeredRelaysSchema, offered);
});

test("the recovery key is shown and confirmed", async () => {
  const { body } = await node.call<RecoveryView>("GET", "/api/recovery");
  v.assert(schemas.recoverySchema, body);
  assert.match(body.hex, /^[0-9a-f]{64}$/);
  assert.equal(body.words.split(" ").length, 24);
  assert.equal(body.confirmed, false);
  assert.equal((await post("/api/recovery/confirm")).status, 200);
  assert.equal((await node.call<RecoveryView>("GET", "/api/recovery")).body.confirmed, true);
});

test("the identity goes out under a password and comes in again", async () => {
  const before = (await node.call<IdentityView>("GET", "/api/identity")).body;
  v.assert(schemas.identitySchema, before);
  const { ncryptsec } = (await post<{ ncryptsec: string }>("/api/identity/export", { password: PASSPHRASE })).body;
  assert.match(ncryptsec, /^ncryptsec1/);
  assert.equal((await post("/api/identity/export", { password: "short" })).status, 400);
  const other = (await post<IdentityView>("/api/identity/import", { secret: "11".repeat(32) })).body;
  assert.equal(other.hex, publicKeyOf(parseSecretKey("11".repeat(32))));
  assert.equal((await post("/api/identity/import", { secret: ncryptsec, password: "wrong" })).status, 400);
  assert.equal((await post("/api/identity/import", { secret: "nsec1nonsense" })).status, 400);
  const back = (await post<IdentityView>("/api/identity/import", { secret: ncryptsec, password: PASSPHRASE })).body;
  assert.equal(back.npub, before.npub);
});

test("the socket is trusted without a session, and hands out launch links", async () => {
  const path = socketPath(node.config.dataDir);
  const answer = await callSocket<Status>(path, "GET", "/api/status");
  assert.equal(answer.body.npub, node.npub);
  const { url } = (await callSocket<{ url: string }>(path, "POST", "/api/launch")).body;
  assert.match(url, new RegExp(`^http://localhost:${node.port}/#token=[\\w-]{43}$`));
});

test("a vault without a passphrase cannot be locked", async () => {
  const refused = await post<{ error: { code: string } }>("/api/vault/lock");
  assert.equal(refused.status, 409);
  assert.equal(refused.body.error.code, "no_passphrase");
});

test("locked: nothing of the vault answers, public links do; then unlocked", async () => {
  const file = (await node.call<FileView>("PUT", "/api/files?name=a.txt", utf8Encode("for all"))).body;
  const link = (await post<LinkView>(`/api/files/${file.id}/links`, { mode: "persistent" })).body;
  assert.equal((await post("/api/vault/passphrase", { next: "short" })).status, 400);
  assert.equal((await post("/api/vault/passphrase", { next: PASSPHRASE })).status, 200);
  assert.equal((await post("/api/vault/passphrase", { next: "another one", current: "wrong" })).status, 400);

  const locking = await post("/api/vault/lock");
  assert.equal(locking.status, 200);
  assert.match(locking.headers.get("clear-site-data") ?? "", /"cache".*"storage"/);
  const locked = await status();
  assert.equal(locked.locked, true);
  assert.equal("npub" in locked, false);
  const calls = [
    "identity",
    "recovery",
    "settings",
    "contacts",
    "conversations",
    "inbox",
    "files",
    "links",
    "vault/backup",
  ];
  for (const path of calls) assert.equal((await node.call("GET", `/api/${path}`)).status, 423, path);
  assert.equal((await post("/api/messages", { to: "x", text: "x" })).status, 423);
  assert.equal((await node.call("PUT", "/api/files?name=b", utf8Encode("x"))).status, 423);
  assert.equal((await node.call<LinkInfo>("GET", `/s/${link.slug}/info`)).body.state, "active");

  assert.equal((await post("/api/vault/unlock", { passphrase: "wrong passphrase" })).status, 400);
  assert.equal((await post("/api/vault/unlock", { passphrase: PASSPHRASE })).status, 200);
  assert.equal((await status()).npub, node.npub);
  assert.deepEqual((await node.call<FileView[]>("GET", "/api/files")).body, [file]);
});

test("a forgotten passphrase gives way to the recovery key and a new one", async () => {
  const { hex, words } = (await node.call<RecoveryView>("GET", "/api/recovery")).body;
  await post("/api/vault/lock");
  assert.equal((await post("/api/recovery/unlock", { key: "00".repeat(32), next: "a new passphrase" })).status, 400);
  assert.equal((await post("/api/recovery/unlock", { key: words.split(" ").reverse().join(" ") })).status, 400);
  assert.equal((await status()).locked, true);
  assert.equal((await post("/api/recovery/unlock", { key: hex, next: "a new passphrase" })).status, 200);
  assert.equal((await status()).locked, false);
  await post("/api/vault/lock");
  assert.equal((await post("/api/vault/unlock", { passphrase: "a new passphrase" })).status, 200);
});

test("guessing is slowed down, all at once or one by one, whatever is guessed", async () => {
  await post("/api/vault/lock");
  const guess = () => post("/api/recovery/unlock", { key: "00".repeat(32) });
  const answers = await Promise.all(Array.from({ length: API_LIMITS.unlockFailures + 2 }, guess));
  assert.equal(answers.filter(({ status: code }) => code === 429).length, 2);
  assert.equal((await post("/api/vault/unlock", { passphrase: "a new passphrase" })).status, 429);
});

test("a wipe needs its word, takes everything and ends the node", async () => {
  assert.equal((await post("/api/vault/wipe", {})).status, 400);
  assert.equal((await post("/api/vault/wipe", { confirm: "yes" })).status, 400);
  const wiped = await post("/api/vault/wipe", { confirm: "wipe" });
  assert.equal(wiped.status, 200);
  assert.match(wiped.headers.get("clear-site-data") ?? "", /"storage"/);
  await node.stopped;
  assert.equal((await node.call("GET", "/api/status")).status, 401, "sessions end with it");
  await node.close();
  assert.deepEqual(readdirSync(folder), []);
});
