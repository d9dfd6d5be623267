import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { concatBytes } from "../core/bytes.ts";
import { randomBytes } from "../core/random.ts";
import { BlobStore, type StoredBlob } from "./blob-store.ts";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "nocturne-blobs-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function* pieces(...list: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* list;
}

const itself = (blob: StoredBlob): StoredBlob => blob;

async function readAll(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return concatBytes(...(await Array.fromAsync(source)));
}

test("a blob is what was written, whole and in ranges, for its owner only", async (t) => {
  const path = folder(t);
  const blobs = new BlobStore(path);
  const bytes = randomBytes(700_001);
  const blob = await blobs.write(pieces(bytes.subarray(0, 7), new Uint8Array(0), bytes.subarray(7)), itself);
  assert.equal(blob.bytes, bytes.length);
  assert.equal(await blobs.size(blob.id), bytes.length);
  assert.deepEqual(await readAll(blobs.read(blob.id, 0, blob.bytes)), bytes);
  assert.deepEqual(await readAll(blobs.read(blob.id, 262_143, 524_289)), bytes.subarray(262_143, 524_289));
  assert.equal(statSync(join(path, blob.id)).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(path), [blob.id]);
});

test("a source that fails midway leaves nothing", async (t) => {
  const path = folder(t);
  const failing = (async function* () {
    yield randomBytes(100_000);
    throw new Error("the upload broke off");
  })();
  await assert.rejects(new BlobStore(path).write(failing, itself), /broke off/);
  assert.deepEqual(readdirSync(path), []);
});

test("a blob that cannot be recorded is not kept", async (t) => {
  const path = folder(t);
  const keep = (): never => {
    throw new Error("the vault was locked meanwhile");
  };
  await assert.rejects(new BlobStore(path).write(pieces(randomBytes(100)), keep), /locked meanwhile/);
  assert.deepEqual(readdirSync(path), []);
});

/** Writes fail as on a disk with `roomBytes` left: the last write is short, the next one is refused. */
class SmallDisk extends BlobStore {
  roomBytes = 150_000;

  protected override async openPart(path: string): Promise<FileHandle> {
    const file = await open(path, "wx", 0o600);
    const write = file.write.bind(file) as (b: Uint8Array, o: number, l: number, p: number) => Promise<unknown>;
    const limited = async (bytes: Uint8Array, offset: number, length: number, position: number): Promise<unknown> => {
      if (this.roomBytes === 0) throw Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" });
      const fitting = Math.min(length, this.roomBytes);
      this.roomBytes -= fitting;
      return write(bytes, offset, fitting, position);
    };
    return Object.assign(file, { write: limited });
  }
}

test("a full disk is said plainly and leaves nothing; what fits is whole in spite of short writes", async (t) => {
  const path = folder(t);
  const blobs = new SmallDisk(path);
  const whole = await blobs.write(pieces(randomBytes(100_000)), itself);
  await assert.rejects(blobs.write(pieces(randomBytes(40_000), randomBytes(40_000)), itself), { code: "disk_full" });
  assert.deepEqual(readdirSync(path), [whole.id]);
});

test("a really full file system behaves the same", async (t) => {
  const path = folder(t);
  const mount = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path]);
  if (mount.status !== 0) {
    console.error(`SKIPPED: ${t.name}: mounting a tmpfs needs root`);
    t.skip("mounting a tmpfs needs root");
    return;
  }
  try {
    const blobs = new BlobStore(join(path, "blobs"));
    const half = await blobs.write(pieces(randomBytes(500_000)), itself);
    const endless = (async function* () {
      for (;;) yield randomBytes(65_536);
    })();
    await assert.rejects(blobs.write(endless, itself), { code: "disk_full" });
    assert.deepEqual(readdirSync(join(path, "blobs")), [half.id]);
    await blobs.write(pieces(randomBytes(400_000)), itself);
  } finally {
    spawnSync("umount", [path]);
  }
});

test("only names of our own making become paths, and symbolic links are not followed", async (t) => {
  const path = folder(t);
  const blobs = new BlobStore(join(path, "blobs"));
  writeFileSync(join(path, "outside"), "untouched");
  for (const id of [
    "../outside",
    "..",
    "",
    "a".repeat(31),
    "A".repeat(32),
    `${"a".repeat(32)}.part`,
    `${"a".repeat(32)}\n`,
  ]) {
    await assert.rejects(readAll(blobs.read(id, 0, 1)), { code: "unknown_file" });
    await assert.rejects(blobs.size(id), { code: "unknown_file" });
    await assert.rejects(blobs.remove(id), { code: "unknown_file" });
  }
  symlinkSync(join(path, "outside"), join(path, "blobs", "b".repeat(32)));
  await assert.rejects(readAll(blobs.read("b".repeat(32), 0, 1)), { code: "file_missing" });
  assert.throws(() => blobs.overwriteHead("b".repeat(32), randomBytes(9)), { code: "file_missing" });
  assert.equal(readFileSync(join(path, "outside"), "utf8"), "untouched");
});

test("a missing and a cut blob are told", async (t) => {
  const path = folder(t);
  const blobs = new BlobStore(path);
  const { id, bytes } = await blobs.write(pieces(randomBytes(300_000)), itself);
  truncateSync(join(path, id), 290_000);
  await assert.rejects(blobs.read(id, 0, bytes).next(), { code: "file_damaged" }, "before the first byte");
  assert.equal((await readAll(blobs.read(id, 0, 290_000))).length, 290_000);
  await blobs.remove(id);
  await assert.rejects(blobs.size(id), { code: "file_missing" });
  await blobs.remove(id);
});

test("the head is replaced in place", async (t) => {
  const blobs = new BlobStore(folder(t));
  const { id } = await blobs.write(pieces(Uint8Array.of(1, 2, 3, 4)), itself);
  blobs.overwriteHead(id, Uint8Array.of(9, 8));
  assert.deepEqual(await readAll(blobs.read(id, 0, 4)), Uint8Array.of(9, 8, 3, 4));
});

test("sweeping deletes left-over parts, but neither blobs, nor parts being written, nor foreign files", async (t) => {
  const path = folder(t);
  const blobs = new BlobStore(path);
  writeFileSync(join(path, `${"c".repeat(32)}.part`), "left over");
  writeFileSync(join(path, "notes.part"), "foreign");
  const { promise: swept, resolve: goOn } = Promise.withResolvers<void>();
  const slow = blobs.write(
    (async function* () {
      yield randomBytes(10);
      await swept;
      yield randomBytes(10);
    })(),
    itself,
  );
  while (readdirSync(path).length < 3) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(await blobs.sweepParts(() => new Set()), 1);
  goOn();
  const { id } = await slow;
  assert.deepEqual(readdirSync(path).sort(), [id, "notes.part"].sort());
  assert.deepEqual(await blobs.list(), [id]);
});

test("a part that was named while the folder was read is spared", async (t) => {
  const path = folder(t);
  const blobs = new BlobStore(path);
  const id = "c".repeat(32);
  writeFileSync(join(path, `${id}.part`), "of an upload that another one took the place of");
  const named = new Set<string>();
  const sweeping = blobs.sweepParts(() => new Set(named));
  named.add(id);
  assert.equal(await sweeping, 0);
  assert.deepEqual(readdirSync(path), [`${id}.part`]);
});

test("a blob is listed only once it was recorded: until then a sweep would take it for a forgotten one", async (t) => {
  const blobs = new BlobStore(folder(t));
  const recorded = new Set<string>();
  const done = new AbortController();
  const watching = (async () => {
    while (!done.signal.aborted) for (const id of await blobs.list()) assert.ok(recorded.has(id));
  })();
  for (let i = 0; i < 50; i++) await blobs.write(pieces(randomBytes(10)), ({ id }) => recorded.add(id));
  done.abort();
  await watching;
  assert.equal((await blobs.list()).length, 50);
});
