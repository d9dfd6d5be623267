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
import type { FileLibrary } from "../files/library.ts";
import { recoverHere, viewSummary } from "./account-recovery.ts";
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

test("a vault in which a file lies, be it in the trash or half here, is not filled from relays, by neither way", async () => {
  const kept = { name: "kept.txt", cipher: "aes-256-gcm" } as const;
  const bytes = async function* () {
    yield utf8Encode("kept");
  };
  const ways: Record<string, (files: FileLibrary) => Promise<unknown>> = {
    empty: async () => {},
    trashed: async (files) => files.trash.add((await files.put(bytes(), kept)).id),
    unfinished: async ({ uploads }) => {
      const { id } = await uploads.begin({ ...kept, bytes: 8, fingerprint: "" });
      await uploads.append(id, 0, bytes());
    },
  };
  const relays = ["ws://127.0.0.1:9"];
  for (const [name, put] of Object.entries(ways)) {
    const services = await openServices(config(name), { online: false });
    await put(services.files);
    const own = toHex(services.vault.recoveryKey());
    if (name !== "empty") await assert.rejects(recoverHere(services, words, []), { code: "account_in_use" }, name);
    await services.close();
    const { summary } = await restoreByKey({ ...config(name), relays }, own);
    assert.equal(summary !== undefined, name === "empty", name);
  }
});

test("a recovery key that was typed into a node is overwritten, also when it is not taken", async () => {
  const services = await openServices(config("refusing"), { online: false });
  let given = new Uint8Array(1);
  const recoverAccount = (key: Uint8Array<ArrayBuffer>) => {
    given = key;
    assert.equal(toHex(key), hex);
    return Promise.reject(new NoNodeError("no_node", ""));
  };
  await assert.rejects(recoverHere({ ...services, gate: { recoverAccount } as never }, words, []), { code: "no_node" });
  assert.equal(toHex(given), "00".repeat(32));
  await services.close();
});

test("the last whole summary is shown while a newer one is on its way", async () => {
  const { vault, close } = await openServices(config("summarised"), { online: false });
  const whole = { atMs: Date.UTC(2026, 0, 1), relays: ["wss://one.example"] };
  const newer = { epoch: 2, sequence: 2, digest: "", madeFrom: "", atMs: Date.UTC(2026, 0, 2), cells: 16, leftOut: 0 };
  vault.writeMeta("snapshot", { ...newer, relays: [], whole });
  const { madeAt, relays } = viewSummary(vault, whole.relays);
  assert.deepEqual([madeAt, relays], ["2026-01-01T00:00:00.000Z", whole.relays]);
  vault.writeMeta("snapshot", { ...newer, relays: [], whole: null });
  const first = viewSummary(vault, whole.relays);
  assert.deepEqual([first.madeAt, first.relays], ["2026-01-02T00:00:00.000Z", []]);
  await close();
});
