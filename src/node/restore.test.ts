import assert from "node:assert/strict";
import { createWriteStream, existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { after, before, test } from "node:test";
import { testConfig } from "../../test/support/api-node.ts";
import { toHex, utf8Encode } from "../core/bytes.ts";
import { NoNodeError } from "../core/errors.ts";
import { recoveryKeyToWords } from "../crypto/recovery-key.ts";
import { restoreBackup, restoreByKey } from "./restore.ts";
import { openServices } from "./services.ts";
import { wipeDataDirectory } from "./wipe.ts";

const PASSPHRASE = "correct horse battery";

const folder = mkdtempSync(join(tmpdir(), "nocturne-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const config = (name: string) => testConfig(join(folder, name));
const backup = join(folder, "backup");
const noNode = { call: () => Promise.reject(new NoNodeError("no_node", "")) };

let npub: string;
let words: string;
let hex: string;
/** One identity with one file and a passphrase, and its backup. */
before(async () => {
  const services = await openServices(config("original"), { online: false });
  await services.files.put(
    (async function* () {
      yield utf8Encode("kept");
    })(),
    { name: "kept.txt", cipher: "aes-256-gcm" },
  );
  await services.gate.setPassphrase(PASSPHRASE);
  npub = services.vault.identity().npub;
  words = recoveryKeyToWords(services.vault.recoveryKey());
  hex = toHex(services.vault.recoveryKey());
  await pipeline(services.vault.backup(), createWriteStream(backup));
  await services.close();
});

test("offline nothing listens and nothing is dialled", async () => {
  const services = await openServices(config("quiet"), { online: false });
  services.changeSettings({ relays: ["wss://relay.example"] });
  assert.equal(services.relay, null);
  assert.deepEqual(services.pool.states(), []);
  await services.close();
  assert.equal(existsSync(join(folder, "quiet", "relay")), false);
});

test("the recovery key alone brings the identity back onto an empty machine", async () => {
  assert.deepEqual(await restoreByKey(config("by-words"), words), { npub, contacts: 0, files: 0 });
  assert.equal((await restoreByKey(config("by-hex"), hex)).npub, npub);
  await assert.rejects(restoreByKey(config("by-nothing"), "not a key"), { code: "bad_recovery_key" });
});

test("it opens an existing vault whose passphrase is forgotten, and no other", async () => {
  const other = await openServices(config("other"), { online: false });
  await other.close();
  await assert.rejects(restoreByKey(config("other"), hex), { code: "cannot_open" });
  assert.deepEqual(await restoreByKey(config("original"), hex), { npub, contacts: 0, files: 1 });
});

test("a backup comes back by the recovery key or the passphrase", async () => {
  for (const [name, secret] of Object.entries({
    "from-hex": hex,
    "from-passphrase": PASSPHRASE,
  })) {
    assert.deepEqual(await restoreBackup(config(name), backup, secret), { npub, contacts: 0, files: 1 });
  }
});

test("a wrong secret, a cut backup or a full folder restores nothing", async () => {
  await assert.rejects(restoreBackup(config("wrong"), backup, "not the passphrase"), { code: "cannot_open" });
  await assert.rejects(restoreBackup(config("original"), backup, hex), { code: "data_dir_not_empty" });
  await assert.rejects(restoreBackup(config("none"), join(folder, "missing"), hex), { code: "no_such_file" });
  truncateSync(backup, 20_000);
  await assert.rejects(restoreBackup(config("cut"), backup, hex));
  for (const name of ["wrong", "none", "cut"]) assert.equal(existsSync(join(folder, name, "vault.json")), false, name);
});

test("a wipe without a running node takes a locked, an open and a damaged vault, and does not mind an empty place", async () => {
  await wipeDataDirectory(config("nowhere"), noNode);
  assert.equal(existsSync(join(folder, "nowhere")), false);
  const locked = await openServices(config("locked"), { online: false });
  await locked.gate.setPassphrase(PASSPHRASE);
  await locked.close();
  await wipeDataDirectory(config("locked"), noNode);
  await wipeDataDirectory(config("by-hex"), noNode);
  writeFileSync(join(folder, "by-words", "vault.json"), "damaged");
  await wipeDataDirectory(config("by-words"), noNode);
  for (const name of ["locked", "by-hex", "by-words"]) assert.deepEqual(readdirSync(join(folder, name)), [], name);
});

test("a running node is asked to wipe itself, and its refusal stands", async () => {
  const calls: unknown[] = [];
  const node = { call: (...call: unknown[]) => Promise.resolve(calls.push(call)) };
  await wipeDataDirectory(config("other"), node);
  assert.deepEqual(calls, [["POST", "/api/vault/wipe", { json: { confirm: "wipe" } }]]);
  assert.ok(existsSync(join(folder, "other", "vault.json")), "not from here");
  const refusing = { call: () => Promise.reject(new Error("refused")) };
  await assert.rejects(wipeDataDirectory(config("other"), refusing), /refused/);
});
