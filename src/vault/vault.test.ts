import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { toHex } from "../core/bytes.ts";
import { CryptoError, InternalError, LockedError, ValidationError } from "../core/errors.ts";
import { VAULT_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { createHybridKeyPair } from "../crypto/hybrid-kem.ts";
import { deriveKey } from "../crypto/key-derivation.ts";
import { recoveryKeyToWords } from "../crypto/recovery-key.ts";
import { mlDsa65 } from "../crypto/signing.ts";
import { publicKeyOf, secretKeyFromWords } from "../nostr/keys.ts";
import { listFiles, PASSPHRASE, START_MS, TestBox } from "./testing.ts";
import type { Vault } from "./vault.ts";
import { wipeDataDirectory } from "./wipe.ts";

interface Row {
  readonly id: string;
}

const ROWS = { name: "rows", key: (row: Row) => row.id };

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof ValidationError && error.code === code;
}

function assertLocked(vault: Vault): void {
  assert.equal(vault.locked, true);
  const needKeys = [
    () => vault.identity(),
    () => vault.recoveryKey(),
    () => vault.secretFor("files/v1"),
    () => vault.readMeta("settings"),
    () => vault.writeMeta("settings", {}),
    () => vault.table(ROWS).count(),
    () => vault.importIdentity(randomBytes(32)),
    () => vault.backup(),
  ];
  for (const call of needKeys) assert.throws(call, LockedError);
}

test("the first start makes an identity without a question, later starts open the same one", async () => {
  using box = new TestBox();
  const first = await box.open();
  const { npub, publicKey, devices, hybrid } = first.identity();
  assert.equal(first.locked, false);
  assert.equal(first.protection, "key-file");
  assert.match(npub, /^npub1/);
  assert.deepEqual(devices, [{ id: devices[0]?.id, name: "This device", addedAt: new Date(START_MS).toISOString() }]);
  first.table(ROWS).put({ id: "kept" });
  first.writeMeta("settings", { relays: ["wss://relay.example"] });
  first.close();
  const second = await box.open();
  assert.equal(second.identity().publicKey, publicKey);
  assert.deepEqual(second.identity().devices, devices);
  assert.deepEqual(second.identity().hybrid.publicKey, hybrid.publicKey);
  assert.ok(second.table(ROWS).has("kept"));
  assert.deepEqual(second.readMeta("settings"), { relays: ["wss://relay.example"] });
  assert.equal(second.readMeta("unknown"), null);
});

test("two first starts make two identities", async () => {
  using one = new TestBox();
  using two = new TestBox();
  const [first, second] = [await one.open(), await two.open()];
  assert.notEqual(first.identity().publicKey, second.identity().publicKey);
  assert.notDeepEqual(first.recoveryKey(), second.recoveryKey());
});

test("the identity follows from the recovery key by the documented rules", async () => {
  using box = new TestBox();
  const vault = await box.open();
  const recoveryKey = vault.recoveryKey();
  const nostrSecretKey = secretKeyFromWords(recoveryKeyToWords(recoveryKey));
  const hybrid = createHybridKeyPair(deriveKey(recoveryKey, "identity/x-wing/v1"));
  assert.deepEqual(vault.identity().nostrSecretKey, nostrSecretKey);
  assert.equal(vault.identity().publicKey, publicKeyOf(nostrSecretKey));
  assert.deepEqual(vault.identity().hybrid.publicKey, hybrid.publicKey);
  const signing = mlDsa65.createKeyPair(deriveKey(recoveryKey, "identity/ml-dsa/v1"));
  assert.deepEqual(vault.identity().signing, signing);
  assert.deepEqual(vault.secretFor("files/v1"), deriveKey(recoveryKey, "files/v1"));
  recoveryKey.fill(0);
  assert.notDeepEqual(vault.recoveryKey(), recoveryKey, "the caller got a copy");
});

test("a recovery key brings its identity back into an empty directory", async () => {
  using old = new TestBox();
  using fresh = new TestBox();
  const vault = await old.open();
  const restored = await fresh.open({ recoveryKey: vault.recoveryKey() });
  assert.equal(restored.identity().publicKey, vault.identity().publicKey);
  assert.deepEqual(restored.identity().hybrid.publicKey, vault.identity().hybrid.publicKey);
  assert.deepEqual(restored.identity().signing.publicKey, vault.identity().signing.publicKey);
  using other = new TestBox();
  await assert.rejects(other.open({ recoveryKey: new Uint8Array(31) }), hasCode("bad_recovery_key"));
  await other.open(); // the refusal left nothing that a first start would call damaged
});

test("an imported Nostr key replaces the derived one and stays", async () => {
  using box = new TestBox();
  const vault = await box.open();
  const before = vault.identity();
  const derived = before.nostrSecretKey;
  const imported = randomBytes(32);
  vault.importIdentity(imported);
  assert.equal(vault.identity().publicKey, publicKeyOf(imported));
  assert.deepEqual(vault.identity().hybrid.publicKey, before.hybrid.publicKey);
  assert.deepEqual(vault.identity().signing.publicKey, before.signing.publicKey);
  for (const key of [derived, before.hybrid.secretKey, before.signing.secretKey]) {
    assert.deepEqual(key, new Uint8Array(32), "the former keys are overwritten");
  }
  imported.fill(0); // the vault has a copy of its own
  const { publicKey } = vault.identity();
  for (const bad of [new Uint8Array(32), new Uint8Array(32).fill(255), randomBytes(31)]) {
    assert.throws(() => vault.importIdentity(bad), hasCode("bad_secret_key"));
  }
  vault.close();
  assert.equal((await box.open()).identity().publicKey, publicKey);
});

test("lock drops and overwrites every key, unlock brings them back", async () => {
  using box = new TestBox({ realCost: true });
  const vault = await box.open({ secret: PASSPHRASE });
  assert.equal(vault.protection, "passphrase");
  assert.equal(existsSync(box.path("vault.key")), false);
  const rows = vault.table(ROWS);
  rows.put({ id: "kept" });
  const seen: string[] = [];
  vault.on("locked", () => seen.push("locked"));
  const stop = vault.on("unlocked", () => seen.push("unlocked"));

  const { publicKey, nostrSecretKey, hybrid, signing } = vault.identity();
  vault.lock();
  assertLocked(vault);
  assert.throws(() => rows.get("kept"), LockedError);
  for (const key of [nostrSecretKey, hybrid.secretKey, signing.secretKey]) assert.deepEqual(key, new Uint8Array(32));
  vault.lock();

  await assert.rejects(vault.unlock(`${PASSPHRASE}!`), CryptoError);
  assertLocked(vault);
  await vault.unlock(PASSPHRASE);
  assert.equal(vault.identity().publicKey, publicKey);
  assert.ok(rows.has("kept"));
  stop();
  vault.lock();
  await vault.unlock(PASSPHRASE);
  assert.deepEqual(seen, ["locked", "unlocked", "locked"]);
});

test("a lock that comes while an unlock is under way wins", async () => {
  using box = new TestBox();
  const vault = await box.open({ secret: PASSPHRASE });
  vault.lock();
  const unlocking = vault.unlock(PASSPHRASE);
  vault.lock();
  await assert.rejects(unlocking, LockedError);
  assertLocked(vault);
});

test("a passphrase vault starts locked, the secret opens it, a wrong secret fails", async () => {
  using box = new TestBox();
  const made = await box.open({ secret: PASSPHRASE });
  const { publicKey } = made.identity();
  made.close();
  const locked = await box.open();
  assertLocked(locked);
  assert.equal(locked.protection, "passphrase");
  locked.close();
  await assert.rejects(box.open({ secret: "not the right passphrase" }), CryptoError);
  const opened = await box.open({ secret: PASSPHRASE });
  assert.equal(opened.identity().publicKey, publicKey);
});

test("setPassphrase destroys the key file; changing it needs the current one", async () => {
  using box = new TestBox();
  const vault = await box.open();
  const { publicKey } = vault.identity();
  assert.throws(() => vault.lock(), hasCode("no_passphrase"));
  assert.equal(vault.locked, false);
  await vault.setPassphrase(PASSPHRASE);
  assert.equal(existsSync(box.path("vault.key")), false);
  await assert.rejects(vault.setPassphrase("another passphrase"), hasCode("current_passphrase_needed"));
  await assert.rejects(vault.setPassphrase("another passphrase", "wrong current one"), CryptoError);
  await vault.setPassphrase("another passphrase", PASSPHRASE);
  vault.close();
  await assert.rejects(box.open({ secret: PASSPHRASE }), CryptoError);
  assert.equal((await box.open({ secret: "another passphrase" })).identity().publicKey, publicKey);
});

test("a lock in the middle of setPassphrase does not harm the vault", async () => {
  using box = new TestBox();
  const vault = await box.open({ secret: PASSPHRASE });
  const { publicKey } = vault.identity();
  const changing = vault.setPassphrase("another passphrase", PASSPHRASE);
  await Promise.resolve();
  vault.lock(); // overwrites the vault key while the new passphrase is being stretched
  await changing;
  assertLocked(vault);
  await vault.unlock("another passphrase");
  assert.equal(vault.identity().publicKey, publicKey);
});

test("bounds passphrases by characters and bytes", async () => {
  using box = new TestBox();
  await assert.rejects(box.open({ secret: "short" }), hasCode("passphrase_too_short"));
  const vault = await box.open();
  await assert.rejects(vault.setPassphrase("é".repeat(7)), hasCode("passphrase_too_short"));
  await assert.rejects(vault.setPassphrase("é".repeat(VAULT_LIMITS.passphraseBytes)), hasCode("passphrase_too_long"));
  assert.equal(vault.protection, "key-file");
});

test("the same passphrase typed in another Unicode form opens the vault", async () => {
  using box = new TestBox();
  (await box.open({ secret: "caf\u00e9 passphrase" })).close();
  assert.equal((await box.open({ secret: "cafe\u0301 passphrase" })).locked, false);
});

test("the recovery key opens a vault whose passphrase was forgotten", async () => {
  using box = new TestBox();
  const vault = await box.open({ secret: PASSPHRASE });
  const recoveryKey = vault.recoveryKey();
  const { publicKey } = vault.identity();
  vault.lock();
  await assert.rejects(vault.unlockWithRecoveryKey(randomBytes(32)), CryptoError);
  assertLocked(vault);
  await vault.unlockWithRecoveryKey(recoveryKey);
  assert.equal(vault.identity().publicKey, publicKey);
  assert.equal(vault.protection, "key-file");
  vault.close();
  const opened = await box.open();
  assert.equal(opened.identity().publicKey, publicKey);
  await opened.setPassphrase("a passphrase to remember");
  opened.close();
  await assert.rejects(box.open({ secret: PASSPHRASE }), CryptoError);
});

test("the recovery key with a new passphrase never puts a key file on the disk", async () => {
  using box = new TestBox();
  const vault = await box.open({ secret: PASSPHRASE });
  const recoveryKey = vault.recoveryKey();
  vault.close();
  const opened = await box.open({ recoveryKey, secret: "the next passphrase" });
  assert.equal(opened.protection, "passphrase");
  assert.equal(existsSync(box.path("vault.key")), false);
  opened.lock();
  await opened.unlock("the next passphrase");
});

test("a secret for a vault without passphrase is not taken for protection", async () => {
  using box = new TestBox();
  (await box.open()).close();
  const vault = await box.open({ secret: PASSPHRASE });
  assert.equal(vault.protection, "key-file");
  assert.equal(box.log.lines.length, 1);
  assert.ok(!box.log.lines.join().includes(PASSPHRASE));
});

test("transactions span tables and meta, and roll back together", async () => {
  using box = new TestBox();
  const vault = await box.open();
  const rows = vault.table(ROWS);
  const failing = (): void =>
    vault.transaction(() => {
      rows.put({ id: "a" });
      vault.writeMeta("settings", { changed: true });
      throw new InternalError("test", "stop");
    });
  assert.throws(failing, { code: "test" });
  assert.equal(rows.count(), 0);
  assert.equal(vault.readMeta("settings"), null);
  vault.transaction(() => vault.transaction(() => rows.put({ id: "b" })));
  assert.equal(rows.count(), 1);
});

test("the root of the identity cannot be read or written by name", async () => {
  using box = new TestBox();
  const vault = await box.open();
  assert.throws(() => vault.readMeta("root"), InternalError);
  assert.throws(() => vault.writeMeta("root", {}), InternalError);
});

test("folder and files are closed to others, whatever the umask and whatever they were", async () => {
  using box = new TestBox();
  const umask = process.umask(0);
  try {
    const vault = await box.open();
    vault.table(ROWS).put({ id: "a" });
    const modes = listFiles(box.dataDir).map((path) => [
      path.slice(box.dataDir.length + 1),
      statSync(path).mode & 0o777,
    ]);
    const names = modes.map(([name]) => name);
    assert.ok(names.includes("vault.db-wal") && names.includes("vault.key") && names.includes("vault.json"));
    for (const [name, mode] of modes) assert.equal(mode, 0o600, String(name));
    assert.equal(statSync(box.dataDir).mode & 0o777, 0o700);
  } finally {
    process.umask(umask);
  }
});

test("permissions that someone opened are closed again", async () => {
  using box = new TestBox();
  (await box.open()).close();
  chmodSync(box.dataDir, 0o755);
  for (const name of ["vault.json", "vault.key", "vault.db"]) chmodSync(box.path(name), 0o644);
  (await box.open()).close();
  assert.equal(statSync(box.dataDir).mode & 0o777, 0o700);
  for (const name of ["vault.json", "vault.key", "vault.db"])
    assert.equal(statSync(box.path(name)).mode & 0o777, 0o600);
});

test("a folder that all users share is refused", async () => {
  using box = new TestBox();
  chmodSync(box.folder, 0o1777);
  writeFileSync(`${box.folder}/somebody-elses.txt`, "");
  await assert.rejects(box.open({ dataDir: box.folder }), hasCode("shared_directory"));
  assert.equal(statSync(box.folder).mode & 0o7777, 0o1777);
});

test("wipe leaves nothing of ours and nothing else touched, and the directory starts anew", async () => {
  using box = new TestBox();
  const vault = await box.open();
  const { publicKey, nostrSecretKey } = vault.identity();
  for (const folder of ["blobs", "relay", "mesh"]) {
    mkdirSync(box.path(folder));
    writeFileSync(box.path(`${folder}/${toHex(randomBytes(16))}`), "sealed");
  }
  writeFileSync(box.path("links.db"), "");
  writeFileSync(box.path("somebody-elses.txt"), "keep");
  await vault.wipe();
  assert.deepEqual(listFiles(box.dataDir), [box.path("somebody-elses.txt")]);
  assert.deepEqual(nostrSecretKey, new Uint8Array(32));
  assertLocked(vault);
  assert.notEqual((await box.open()).identity().publicKey, publicKey);
});

test("a locked vault can be wiped", async () => {
  using box = new TestBox();
  const vault = await box.open({ secret: PASSPHRASE });
  vault.lock();
  await vault.wipe();
  assert.deepEqual(listFiles(box.dataDir), []);
});

test("a wipe is final, whatever was under way", async () => {
  using box = new TestBox();
  const vault = await box.open();
  const recoveryKey = vault.recoveryKey();
  const changes = [vault.setPassphrase(PASSPHRASE), vault.unlockWithRecoveryKey(recoveryKey)];
  await Promise.resolve();
  await vault.wipe();
  for (const { status } of await Promise.allSettled(changes)) assert.equal(status, "rejected");
  assert.deepEqual(listFiles(box.dataDir), []);
});

test("a damaged vault can be wiped without opening it, one in use cannot", async () => {
  using box = new TestBox();
  const vault = await box.open();
  assert.throws(() => wipeDataDirectory(box.dataDir), hasCode("vault_in_use"));
  assert.equal(vault.locked, false);
  vault.close();
  for (const name of ["vault.json", "vault.db"]) {
    (await box.open()).close();
    writeFileSync(box.path(name), "damaged beyond repair");
    wipeDataDirectory(box.dataDir);
    assert.deepEqual(listFiles(box.dataDir), []);
  }
});

test("of two first starts at once one makes the vault", async () => {
  using box = new TestBox();
  const results = await Promise.allSettled([box.open(), box.open()]);
  assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  const [failure] = results.filter((result) => result.status === "rejected");
  assert.ok(hasCode("vault_in_use")(failure?.reason));
});
