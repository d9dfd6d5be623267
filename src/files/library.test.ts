import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { openLibraryProgram } from "../../test/support/library-program.ts";
import { concatBytes, utf8Encode } from "../core/bytes.ts";
import { systemClock } from "../core/clock.ts";
import { CryptoError, LockedError } from "../core/errors.ts";
import { createLogger } from "../core/log.ts";
import { randomBytes } from "../core/random.ts";
import { openVault, type Vault } from "../vault/vault.ts";
import { BlobStore } from "./blob-store.ts";
import { FileLibrary, type PutFile } from "./library.ts";
import { LinkStore } from "./link-store.ts";

const log = createLogger("silent");

interface Room {
  readonly dataDir: string;
  readonly vault: Vault;
  readonly library: FileLibrary;
  blobs(): string[];
}

async function openRoom(t: TestContext, secret?: string): Promise<Room> {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-library-"));
  const vault = await openVault({ dataDir, clock: systemClock, log, ...(secret === undefined ? {} : { secret }) });
  const linkStore = new LinkStore(join(dataDir, "links.db"));
  t.after(() => {
    linkStore.close();
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const blobFolder = join(dataDir, "blobs");
  const library = new FileLibrary({ vault, blobs: new BlobStore(blobFolder), linkStore, clock: systemClock, log });
  return { dataDir, vault, library, blobs: () => readdirSync(blobFolder) };
}

async function* pieces(...list: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* list;
}

const PLAIN: PutFile = { name: "notes.txt", cipher: "aes-256-gcm" };

async function read(library: FileLibrary, id: string, password?: string): Promise<Uint8Array> {
  return concatBytes(...(await Array.fromAsync(await library.open(id, { password }))));
}

test("files of both ciphers come back, are listed newest first, and go", async (t) => {
  const { library, blobs } = await openRoom(t);
  const seen: string[] = [];
  const stop = library.onChange(({ change, id }) => seen.push(`${change} ${id}`));
  const bytes = randomBytes(100_000);
  const first = await library.put(pieces(bytes.subarray(0, 9), bytes.subarray(9)), {
    ...PLAIN,
    name: "a/b/Ünïcode ✓.bin",
  });
  const second = await library.put(pieces(), { ...PLAIN, cipher: "noctis-256" });
  assert.deepEqual(
    library.list().map(({ id, name, bytes: size, cipher, hasPassword }) => ({ id, name, size, cipher, hasPassword })),
    [
      { id: second.id, name: "notes.txt", size: 0, cipher: "noctis-256", hasPassword: false },
      { id: first.id, name: "Ünïcode ✓.bin", size: 100_000, cipher: "aes-256-gcm", hasPassword: false },
    ],
  );
  assert.deepEqual(await read(library, first.id), bytes);
  assert.equal((await read(library, second.id)).length, 0);
  assert.deepEqual(library.get(first.id), first);
  library.remove(first.id);
  assert.deepEqual([library.list().length, blobs().length, library.find(first.id)], [1, 2, null]);
  await assert.rejects(library.open(first.id), { code: "unknown_file" });
  assert.throws(() => library.remove(first.id), { code: "unknown_file" });
  stop();
  await library.destroy(first.id);
  await library.destroy(second.id);
  assert.deepEqual(blobs(), []);
  assert.deepEqual(seen, [`added ${first.id}`, `added ${second.id}`, `removed ${first.id}`]);
});

test("a password is demanded, recovered and changed", async (t) => {
  const { library, vault } = await openRoom(t);
  const { id, hasPassword } = await library.put(pieces(utf8Encode("secret plans")), { ...PLAIN, password: "pässword" });
  assert.ok(hasPassword);
  await assert.rejects(library.open(id), { code: "file_password_needed" });
  await assert.rejects(library.open(id, { password: "password" }), CryptoError);
  await assert.rejects(library.check(id, ""), CryptoError);
  assert.equal(Buffer.from(await read(library, id, "pa\u0308ssword")).toString(), "secret plans");

  assert.equal(library.recoverPassword(id), "pässword");
  assert.equal(library.recoverPassword(id, vault.recoveryKey()), "pässword");
  assert.throws(() => library.recoverPassword(id, randomBytes(32)), CryptoError);

  await assert.rejects(library.changePassword(id, "new", "wrong"), CryptoError);
  await assert.rejects(library.changePassword(id, "new"), { code: "file_password_needed" });
  await assert.rejects(library.changePassword(id, "", "pässword"), { code: "bad_password" });
  await library.changePassword(id, "new", "pässword");
  assert.equal(library.recoverPassword(id), "new");
  await assert.rejects(library.open(id, { password: "pässword" }), CryptoError);
  assert.equal(Buffer.from(await read(library, id, "new")).toString(), "secret plans");
});

test("a file without a password has none to recover or change", async (t) => {
  const { library } = await openRoom(t);
  const { id } = await library.put(pieces(), PLAIN);
  assert.throws(() => library.recoverPassword(id), { code: "file_has_no_password" });
  await assert.rejects(library.changePassword(id, "new", "old"), { code: "file_has_no_password" });
  for (const password of ["", "x".repeat(1_025)]) {
    await assert.rejects(library.put(pieces(), { ...PLAIN, password }), { code: "bad_password" });
  }
  await assert.rejects(library.put(pieces(), { ...PLAIN, name: ".." }), { code: "bad_file_name" });
});

test("of two password changes at once one holds, in the header and in what recovery tells", async (t) => {
  const { library } = await openRoom(t);
  const { id } = await library.put(pieces(utf8Encode("plans")), { ...PLAIN, password: "old" });
  const changes = await Promise.allSettled([
    library.changePassword(id, "one", "old"),
    library.changePassword(id, "two", "old"),
  ]);
  assert.deepEqual(changes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  assert.equal(Buffer.from(await read(library, id, library.recoverPassword(id))).toString(), "plans");
});

test("a password change that a crash interrupted, torn header included, is finished later", async (t) => {
  const { dataDir, library, vault, blobs } = await openRoom(t);
  const { id } = await library.put(pieces(utf8Encode("plans")), { ...PLAIN, password: "old" });
  const path = join(dataDir, "blobs", blobs()[0] as string);
  const before = readFileSync(path);
  await library.changePassword(id, "new", "old");
  const after = readFileSync(path);

  for (const repair of ["open", "sweep"] as const) {
    const torn = Buffer.concat([after.subarray(0, 50), before.subarray(50)]);
    writeFileSync(path, torn);
    const table = vault.table<{ id: string; redoHeader: string | null }>({ name: "files", key: (row) => row.id });
    const row = table.get(id);
    assert.ok(row);
    table.put({ ...row, redoHeader: after.subarray(0, after.length - (16 + 56 + 5)).toString("base64url") });
    if (repair === "sweep") await library.sweep();
    else await library.check(id, "new");
    assert.deepEqual(readFileSync(path), after);
    assert.equal(table.get(id)?.redoHeader, null);
  }
});

test("an upload that breaks off, is aborted or meets a lock leaves nothing; a lock ends reading too", async (t) => {
  const { library, vault, blobs } = await openRoom(t, "correct horse battery");
  const broken = (async function* () {
    yield randomBytes(100_000);
    throw new RangeError("connection lost");
  })();
  await assert.rejects(library.put(broken, PLAIN), RangeError);

  const controller = new AbortController();
  const silent = (async function* () {
    yield randomBytes(100_000);
    setTimeout(() => controller.abort(new RangeError("cancelled")), 10);
    await new Promise(() => {});
  })();
  await assert.rejects(library.put(silent, { ...PLAIN, signal: controller.signal }), RangeError);

  const { id } = await library.put(pieces(randomBytes(1_000_000)), PLAIN);
  const reading = (await library.open(id))[Symbol.asyncIterator]();
  assert.ok(!(await reading.next()).done);

  const slow = (async function* () {
    yield randomBytes(100_000);
    vault.lock();
  })();
  await assert.rejects(library.put(slow, PLAIN), LockedError);
  await assert.rejects(async () => {
    while (!(await reading.next()).done);
  }, LockedError);
  assert.throws(() => library.list(), LockedError);
  await assert.rejects(library.put(pieces(), PLAIN), LockedError);
  await vault.unlock("correct horse battery");

  const stuck = (async function* () {
    for (let i = 0; i < 12; i++) yield randomBytes(1_048_576); // so that threads are sealing it
    setTimeout(() => vault.lock(), 10);
    await new Promise(() => {});
  })();
  await assert.rejects(library.put(stuck, PLAIN), LockedError);
  await vault.unlock("correct horse battery");
  await library.destroy(id);
  assert.deepEqual([library.list(), blobs()], [[], []]);
});

test("a damaged, cut, missing or exchanged blob gives no wrong bytes", async (t) => {
  const { dataDir, library, blobs } = await openRoom(t);
  const path = (name: string | undefined): string => join(dataDir, "blobs", name ?? "");
  const first = await library.put(pieces(randomBytes(50_000)), PLAIN);
  const [blob] = blobs();
  const second = await library.put(pieces(randomBytes(50_000)), { ...PLAIN, name: "other.txt" });
  const other = blobs().find((name) => name !== blob);
  const whole = readFileSync(path(blob));

  renameSync(path(other), path("spare"));
  writeFileSync(path(other), whole);
  await assert.rejects(library.open(second.id), CryptoError);
  renameSync(path("spare"), path(other));
  assert.equal((await read(library, second.id)).length, 50_000);

  truncateSync(path(blob), whole.length - 16_400);
  await assert.rejects(read(library, first.id), CryptoError);
  whole[40_000] = (whole[40_000] as number) ^ 1;
  writeFileSync(path(blob), whole);
  await assert.rejects(read(library, first.id), CryptoError);
  writeFileSync(path(blob), "NOCT");
  await assert.rejects(library.open(first.id), { code: "bad_header" });
  rmSync(path(blob));
  await assert.rejects(library.open(first.id), { code: "file_missing" });
  await library.destroy(first.id);
});

test("sweeping deletes parts and blobs without a row, and nothing else", async (t) => {
  const { dataDir, library, blobs } = await openRoom(t);
  const kept = await library.put(pieces(randomBytes(10)), PLAIN);
  const [blob] = blobs();
  for (const name of ["d".repeat(32), `${"e".repeat(32)}.part`])
    writeFileSync(join(dataDir, "blobs", name), "left over");
  const uploading = library.put(
    (async function* () {
      yield randomBytes(10);
      await library.sweep();
    })(),
    PLAIN,
  );
  const other = await uploading;
  assert.equal(blobs().length, 2);
  assert.ok(blobs().includes(blob as string));
  for (const { id } of [kept, other]) assert.equal((await read(library, id)).length, 10);
});

test("nothing on the disk shows a file's name, content or password", async (t) => {
  const { dataDir, library, vault } = await openRoom(t, "correct horse battery");
  const marks = ["Testament-Grossvater", "SWORDFISH-CONTENT", "hunter2-password"] as const;
  const [name, content, password] = marks;
  await library.put(pieces(utf8Encode(content.repeat(100))), { name, cipher: "noctis-256", password });
  await library.put(pieces(utf8Encode(content.repeat(100))), { name, cipher: "aes-256-gcm" });
  vault.lock();
  for (const entry of readdirSync(dataDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = readFileSync(join(entry.parentPath, entry.name));
    for (const mark of marks) {
      for (const form of [mark, Buffer.from(mark).toString("base64url"), Buffer.from(mark).toString("hex")]) {
        assert.ok(!bytes.includes(form), `${entry.name} shows ${mark}`);
      }
    }
  }
});

test("a file larger than the memory allowed for it goes in and out", (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-large-"));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const code = `
    ${openLibraryProgram(dataDir)}
    const byteAt = (place) => (place >>> 16) & 255;
    async function* source() {
      for (let i = 0; i < 320 * 16; i++) yield Buffer.alloc(65536, i);
    }
    const { id, bytes } = await library.put(source(), { name: "large", cipher: "aes-256-gcm" });
    let read = 0;
    let same = true;
    for await (const piece of await library.open(id)) {
      same &&= piece[0] === byteAt(read) && piece.at(-1) === byteAt(read + piece.length - 1);
      read += piece.length;
    }
    console.log(JSON.stringify({ same, bytes, read, rssMiB: process.resourceUsage().maxRSS / 1024 }));
    linkStore.close(); vault.close();`;
  const asTheNode = "--max-semi-space-size=2"; // src/cli/small-heap.ts
  const child = spawnSync(process.execPath, [asTheNode, "--input-type=module", "-e", code], { encoding: "utf8" });
  assert.equal(child.status, 0, child.stderr);
  const told = JSON.parse(child.stdout) as { same: boolean; bytes: number; read: number; rssMiB: number };
  assert.deepEqual([told.same, told.bytes, told.read], [true, 320 * 1_048_576, 320 * 1_048_576]);
  assert.ok(told.rssMiB < 300, `${Math.round(told.rssMiB)} MiB of memory for a file of 320 MiB`);
});
