import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { pack } from "tar-stream";
import { concatBytes, toHex } from "../core/bytes.ts";
import { CodecError, CryptoError, LockedError, ValidationError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { sealWithKey } from "../crypto/key-slots.ts";
import { PayloadOpener, PayloadSealer } from "../crypto/payload.ts";
import { decodeSealedHeader, encodeSealedHeader } from "../crypto/sealed-header.ts";
import { openByRecoveryKey, sealRecoverySlot } from "./access.ts";
import { BACKUP_CONTEXT, deriveBackupKey } from "./backup.ts";
import { type RestoreOptions, restoreBackup, stageBackup } from "./restore.ts";
import { listFiles, PASSPHRASE, TestBox } from "./testing.ts";
import type { Vault } from "./vault.ts";

interface Row {
  readonly id: string;
}

const ROWS = { name: "rows", key: (row: Row) => row.id };
const BLOB_BYTES = 100_001;

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return concatBytes(...pieces);
}

/** A vault with rows and blobs, and its backup. */
async function makeBackup(box: TestBox, secret?: string): Promise<{ vault: Vault; backup: Uint8Array; blob: string }> {
  const vault = await box.open(secret === undefined ? {} : { secret });
  const rows = vault.table(ROWS);
  vault.transaction(() => {
    for (let i = 0; i < 100; i++) rows.put({ id: `row ${i}` });
  });
  const blob = toHex(randomBytes(16));
  mkdirSync(box.path("blobs"));
  writeFileSync(box.path(`blobs/${blob}`), randomBytes(BLOB_BYTES));
  writeFileSync(box.path(`blobs/${toHex(randomBytes(16))}`), "");
  writeFileSync(box.path(`blobs/${toHex(randomBytes(16))}.part`), "unfinished");
  writeFileSync(box.path("links.db"), "public side");
  return { vault, backup: await collect(vault.backup()), blob };
}

function restoreInto(box: TestBox, backup: Uint8Array, how: Partial<RestoreOptions>): Promise<void> {
  const { dataDir, clock, log } = box.options();
  return restoreBackup({ source: inPieces(backup, 10_000), dataDir, clock, log, ...how });
}

/** Nothing may be where the vault would be, nor beside it. */
function assertNothingRestored(box: TestBox): void {
  assert.deepEqual(readdirSync(box.folder), []);
}

function assertSame(box: TestBox, restored: Vault, original: Vault, originalBox: TestBox, blob: string): void {
  assert.equal(restored.identity().publicKey, original.identity().publicKey);
  assert.equal(restored.table(ROWS).count(), 100);
  assert.ok(restored.table(ROWS).has("row 99"));
  const path = `blobs/${blob}`;
  assert.deepEqual(readFileSync(box.path(path)), readFileSync(originalBox.path(path)));
  assert.equal(readdirSync(box.path("blobs")).length, 2, "unfinished uploads stay behind");
  assert.equal(existsSync(box.path("links.db")), false);
}

test("a backup and the recovery key restore everything, without the old key file", async () => {
  using box = new TestBox();
  using target = new TestBox();
  const { vault, backup, blob } = await makeBackup(box);
  const imported = randomBytes(32);
  vault.importIdentity(imported);
  const later = await collect(vault.backup());
  await restoreInto(target, later, { recoveryKey: vault.recoveryKey() });
  const restored = await target.open();
  assertSame(target, restored, vault, box, blob);
  assert.equal(restored.protection, "key-file");
  assert.notDeepEqual(readFileSync(target.path("vault.key")), readFileSync(box.path("vault.key")));
  assert.equal(Buffer.from(backup).indexOf(readFileSync(box.path("vault.key"))), -1);
  assert.deepEqual(readdirSync(target.folder), ["data"]);
});

test("restored files are closed to others, whatever the umask", async () => {
  using box = new TestBox();
  using target = new TestBox();
  const { vault, backup } = await makeBackup(box);
  const umask = process.umask(0);
  try {
    await restoreInto(target, backup, { recoveryKey: vault.recoveryKey() });
  } finally {
    process.umask(umask);
  }
  for (const path of listFiles(target.dataDir)) assert.equal(statSync(path).mode & 0o777, 0o600, path);
  for (const folder of [target.dataDir, target.path("blobs")]) assert.equal(statSync(folder).mode & 0o777, 0o700);
});

test("a backup with a passphrase opens with it, or with the recovery key for who forgot it", async () => {
  using box = new TestBox();
  const { vault, backup, blob } = await makeBackup(box, PASSPHRASE);
  const ways = [
    { how: { secret: PASSPHRASE }, opensWith: PASSPHRASE, protection: "passphrase" },
    { how: { recoveryKey: vault.recoveryKey() }, opensWith: undefined, protection: "key-file" },
    {
      how: { recoveryKey: vault.recoveryKey(), secret: "a new one to remember" },
      opensWith: "a new one to remember",
      protection: "passphrase",
    },
  ];
  for (const { how, opensWith, protection } of ways) {
    using target = new TestBox();
    await restoreInto(target, backup, how);
    const restored = await target.open(opensWith === undefined ? {} : { secret: opensWith });
    assert.equal(restored.protection, protection);
    assertSame(target, restored, vault, box, blob);
  }
});

test("a wrong key, a wrong passphrase and no key at all restore nothing", async () => {
  using box = new TestBox();
  using target = new TestBox();
  const { vault, backup } = await makeBackup(box, PASSPHRASE);
  await assert.rejects(restoreInto(target, backup, { recoveryKey: randomBytes(32) }), CryptoError);
  await assert.rejects(restoreInto(target, backup, { secret: "not the passphrase" }), CryptoError);
  await assert.rejects(restoreInto(target, backup, {}), { code: "recovery_key_needed" });
  using plainBox = new TestBox();
  const plain = await makeBackup(plainBox);
  await assert.rejects(restoreInto(target, plain.backup, { secret: PASSPHRASE }), { code: "recovery_key_needed" });
  await assert.rejects(restoreInto(target, plain.backup, { recoveryKey: vault.recoveryKey() }), CryptoError);
  assertNothingRestored(target);
});

test("a cut backup restores nothing, wherever it is cut", async () => {
  using box = new TestBox();
  using target = new TestBox();
  const { vault, backup } = await makeBackup(box);
  const recoveryKey = vault.recoveryKey();
  const { encoded } = decodeSealedHeader(backup);
  const chunk = 16_384 + 16;
  const start = encoded.length + 56;
  const cuts = [
    0,
    3,
    7,
    encoded.length - 1,
    encoded.length,
    start - 1,
    start,
    start + 1,
    start + chunk,
    start + 3 * chunk,
  ];
  for (const cut of [...cuts, backup.length - chunk, backup.length - 16, backup.length - 1]) {
    const expected = cut < encoded.length ? CodecError : CryptoError;
    await assert.rejects(restoreInto(target, backup.subarray(0, cut), { recoveryKey }), expected, `cut at ${cut}`);
    assertNothingRestored(target);
  }
});

test("an altered or lengthened backup restores nothing", async () => {
  using box = new TestBox();
  using target = new TestBox();
  const { vault, backup } = await makeBackup(box);
  const recoveryKey = vault.recoveryKey();
  const { encoded } = decodeSealedHeader(backup);
  const positions = [
    0,
    5,
    6,
    encoded.length - 1,
    encoded.length,
    encoded.length + 60,
    backup.length >> 1,
    backup.length - 1,
  ];
  for (const position of positions) {
    const altered = backup.slice();
    altered[position] = (altered[position] as number) ^ 0x10;
    await assert.rejects(restoreInto(target, altered, { recoveryKey }), /cannot be opened|not a usable/, `${position}`);
    assertNothingRestored(target);
  }
  await assert.rejects(restoreInto(target, concatBytes(backup, Uint8Array.of(0)), { recoveryKey }), CryptoError);
  await assert.rejects(restoreInto(target, randomBytes(500), { recoveryKey }), { code: "bad_backup" });
  assertNothingRestored(target);
});

test("a source that fails in the middle restores nothing and gives its error", async () => {
  using box = new TestBox();
  using target = new TestBox();
  const { vault, backup } = await makeBackup(box);
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield backup.subarray(0, 80_000);
    throw new ValidationError("test", "the upload was broken off");
  }
  const how = { recoveryKey: vault.recoveryKey(), source: failing() };
  await assert.rejects(restoreInto(target, backup, how), { code: "test" });
  assertNothingRestored(target);
});

test("only a new or empty data directory is restored into", async () => {
  using box = new TestBox();
  using target = new TestBox();
  const { vault, backup } = await makeBackup(box);
  const recoveryKey = vault.recoveryKey();
  mkdirSync(target.dataDir);
  writeFileSync(target.path("something.txt"), "kept");
  await assert.rejects(restoreInto(target, backup, { recoveryKey }), { code: "data_dir_not_empty" });
  assert.deepEqual(listFiles(target.folder), [target.path("something.txt")]);
  rmSync(target.path("something.txt"));
  await restoreInto(target, backup, { recoveryKey });
  await assert.rejects(restoreInto(target, backup, { recoveryKey }), { code: "data_dir_not_empty" });
  assert.equal((await target.open()).identity().publicKey, vault.identity().publicKey);
});

test("a staged backup waits beside the data directory until it is placed or discarded", async () => {
  using box = new TestBox();
  using target = new TestBox();
  const { vault, backup } = await makeBackup(box);
  const own = await target.open();
  const options = { ...target.options(), recoveryKey: vault.recoveryKey() };
  const refused = await stageBackup({ ...options, source: inPieces(backup, 7_000) });
  assert.throws(() => refused.place(), { code: "data_dir_not_empty" });
  assert.deepEqual(readdirSync(target.folder), ["data"]);
  const unwanted = await stageBackup({ ...options, source: inPieces(backup, 7_000) });
  assert.notEqual(own.identity().publicKey, vault.identity().publicKey);
  unwanted.discard();
  const staged = await stageBackup({ ...options, source: inPieces(backup, 7_000) });
  await own.wipe();
  staged.place();
  assert.equal((await target.open()).identity().publicKey, vault.identity().publicKey);
});

/** An archive as only someone who can open the backup could seal it. */
async function forge(
  backup: Uint8Array,
  recoveryKey: Uint8Array,
  entries: readonly Parameters<typeof addEntry>[1][],
): Promise<Uint8Array> {
  const header = decodeSealedHeader(backup);
  const key = deriveBackupKey(openByRecoveryKey(header, recoveryKey));
  const opener = new PayloadOpener(key, BACKUP_CONTEXT);
  const original = concatBytes(opener.update(backup.subarray(header.encoded.length)), opener.finish());
  const archive = pack();
  for (const entry of entries) addEntry(archive, entry);
  archive.finalize();
  const extra = await collect(archive as AsyncIterable<Uint8Array>);
  const END_BYTES = 1024; // two blocks of zeros close an archive
  const sealer = new PayloadSealer(key, BACKUP_CONTEXT);
  const whole = concatBytes(original.subarray(0, original.length - END_BYTES), extra);
  return concatBytes(header.encoded, sealer.header, sealer.update(whole), sealer.finish());
}

function addEntry(
  archive: ReturnType<typeof pack>,
  { name, type, linkname }: { name: string; type?: "symlink" | "directory" | "link"; linkname?: string },
): void {
  const header = { name, ...(type ? { type } : {}), ...(linkname ? { linkname } : {}) };
  if (type) archive.entry(header);
  else archive.entry(header, "evil");
}

test("an archive that names other places, links or parts twice restores nothing", async () => {
  using box = new TestBox();
  using target = new TestBox();
  const { vault, backup, blob } = await makeBackup(box);
  const recoveryKey = vault.recoveryKey();
  const other = toHex(randomBytes(16));
  const attacks = [
    { name: "../escaped" },
    { name: "blobs/../../escaped" },
    { name: `/${join(target.folder, "escaped").slice(1)}` },
    { name: `blobs/../${other}` },
    { name: `blobs//${other}` },
    { name: `blobs/${other}/${other}` },
    { name: `./blobs/${other}` },
    { name: `blobs\\${other}` },
    { name: "vault.key" },
    { name: "vault.wipe" },
    { name: "vault.db-wal" },
    { name: "unknown" },
    { name: "vault.json" },
    { name: "vault.db" },
    { name: `blobs/${blob}` },
    { name: `blobs/${other}`, type: "symlink", linkname: "/etc/passwd" },
    { name: `blobs/${other}`, type: "link", linkname: "vault.db" },
    { name: `blobs/${other}`, type: "directory" },
  ] as const;
  for (const attack of attacks) {
    const forged = await forge(backup, recoveryKey, [attack]);
    await assert.rejects(restoreInto(target, forged, { recoveryKey }), { code: "bad_backup" }, attack.name);
    assertNothingRestored(target);
  }
  await restoreInto(target, await forge(backup, recoveryKey, [{ name: `blobs/${other}` }]), { recoveryKey });
  assert.equal(readFileSync(target.path(`blobs/${other}`), "utf8"), "evil", "the forger's tools work");
});

test("an archive without a vault restores nothing, and makes no new identity", async () => {
  using target = new TestBox();
  const fileKey = randomBytes(32);
  const recoveryKey = randomBytes(32);
  using box = new TestBox();
  const { backup } = await makeBackup(box);
  const slots = [sealRecoverySlot(fileKey, recoveryKey)];
  const header = encodeSealedHeader({ purpose: "backup", suite: "aes-256-gcm", slots }, fileKey);
  const archive = pack();
  archive.finalize();
  const sealer = new PayloadSealer(deriveBackupKey(fileKey), BACKUP_CONTEXT);
  const body = [sealer.header, sealer.update(await collect(archive as AsyncIterable<Uint8Array>)), sealer.finish()];
  await assert.rejects(restoreInto(target, concatBytes(header, ...body), { recoveryKey }), { code: "bad_backup" });
  // Another purpose under the same magic, and slots swapped under a backup's own MAC.
  const asFile = encodeSealedHeader({ purpose: "file", suite: "aes-256-gcm", slots }, fileKey);
  await assert.rejects(restoreInto(target, concatBytes(asFile, ...body), { recoveryKey }), { code: "bad_backup" });
  const swapped = encodeSealedHeader(
    { purpose: "backup", suite: "aes-256-gcm", slots: [sealWithKey("recovery", fileKey, randomBytes(32))] },
    fileKey,
  );
  const real = backup.subarray(decodeSealedHeader(backup).encoded.length);
  await assert.rejects(restoreInto(target, concatBytes(swapped, real), { recoveryKey }), CryptoError);
  assertNothingRestored(target);
});

test("a locked vault makes no backup, and one that gets locked stops in the middle", async () => {
  using box = new TestBox();
  const { vault } = await makeBackup(box, PASSPHRASE);
  const stream = vault.backup();
  const pieces = [await stream.next(), await stream.next(), await stream.next()];
  assert.ok(pieces.every(({ done }) => !done));
  vault.lock();
  await assert.rejects(async () => {
    for (;;) if ((await stream.next()).done) return;
  }, LockedError);
  assert.throws(() => vault.backup(), LockedError);
  assert.ok(!readdirSync(box.dataDir).some((name) => name.endsWith(".tmp")), "the snapshot is gone");
});

test("a backup that nobody finishes reading leaves nothing behind", async () => {
  using box = new TestBox();
  const { vault } = await makeBackup(box);
  for await (const piece of vault.backup()) if (piece.length > 1_000) break;
  assert.ok(!readdirSync(box.dataDir).some((name) => name.endsWith(".tmp")));
  await vault.backup().return(undefined);
});

/** Bytes of buffers that are still referenced: garbage that waits for its collector says nothing. */
function liveBufferBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().arrayBuffers;
}

test("backup and restore of a large file take little memory", async () => {
  using box = new TestBox();
  using target = new TestBox();
  const vault = await box.open();
  const blob = `blobs/${toHex(randomBytes(16))}`;
  const blobBytes = 100_000_000;
  const sampleBytes = 10_000_000;
  mkdirSync(box.path("blobs"));
  writeFileSync(box.path(blob), "");
  truncateSync(box.path(blob), blobBytes);
  const samples: number[] = [];
  async function* watched(): AsyncGenerator<Uint8Array> {
    let passed = 0;
    for await (const piece of vault.backup()) {
      assert.ok(piece.length < 1_000_000);
      passed += piece.length;
      if (passed > (samples.length + 1) * sampleBytes) samples.push(liveBufferBytes());
      yield piece;
    }
  }
  const before = liveBufferBytes();
  await restoreInto(target, new Uint8Array(0), { source: watched(), recoveryKey: vault.recoveryKey() });
  assert.equal(statSync(target.path(blob)).size, blobBytes);
  assert.ok(samples.length >= 9);
  const most = Math.max(...samples) - before;
  assert.ok(most < 40_000_000, `${most} bytes`);
});

test("rows that are not to be saved stay out of a backup, and no byte of them is in it", async () => {
  using box = new TestBox();
  using other = new TestBox();
  const vault = await box.open();
  const definition = {
    name: "notes",
    key: (row: Row) => row.id,
    indexes: { unsaved: (row: Row) => (row.id.startsWith("brief") ? "yes" : null) },
  };
  const notes = vault.table<Row>(definition);
  for (let i = 0; i < 300; i++) notes.put({ id: `${i % 2 === 0 ? "brief" : "lasting"} ${i}` });
  const bodies = (database: DatabaseSync) =>
    database.prepare("SELECT body, ix_unsaved FROM notes").all() as { body: Uint8Array; ix_unsaved: unknown }[];
  const folder = mkdtempSync(join(tmpdir(), "nocturne-copy-"));
  try {
    execFileSync("cp", [box.path("vault.db"), box.path("vault.db-wal"), folder]);
    using copy = new DatabaseSync(join(folder, "vault.db"));
    const unsaved = bodies(copy).flatMap(({ body, ix_unsaved }) => (ix_unsaved === null ? [] : [body]));
    assert.equal(unsaved.length, 150);
    const recoveryKey = vault.recoveryKey();
    await restoreInto(other, await collect(vault.backup()), { recoveryKey });
    const restored = readFileSync(other.path("vault.db"));
    assert.ok(unsaved.every((body) => !restored.includes(Buffer.from(body))));
    const rows = (await other.open()).table<Row>(definition).list();
    assert.equal(rows.length, 150);
    assert.ok(rows.every(({ id }) => id.startsWith("lasting")));
    assert.equal(notes.count(), 300, "the vault itself keeps them");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
