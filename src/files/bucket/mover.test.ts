import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { open as openFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { atEnd } from "../../../test/support/cleanup.ts";
import { type S3Server, startS3 } from "../../../test/support/s3-server.ts";
import { waitUntil } from "../../../test/support/wait.ts";
import { concatBytes } from "../../core/bytes.ts";
import { createLogger } from "../../core/log.ts";
import { randomBytes } from "../../core/random.ts";
import { BlobStore } from "../blob-store.ts";
import { Bucket } from "./bucket.ts";
import { Mover } from "./mover.ts";

const FAST = { retryMs: 20, retryMaxMs: 40, answerMs: 500, partMs: 500, tries: 2 };

interface Room {
  readonly folder: string;
  readonly bucket: Bucket;
  readonly blobs: BlobStore;
  readonly mover: Mover;
  /** Blobs that a row names. */
  readonly named: Set<string>;
  put(bytes: Uint8Array): Promise<string>;
  read(id: string, start?: number, end?: number): Promise<Uint8Array>;
  names(): string[];
  settled(isSo: () => boolean): Promise<void>;
}

interface OpenOptions {
  readonly folder?: string;
  /** False: only what the test moves by itself. */
  readonly moves?: boolean;
}

function open(t: TestContext, s3: S3Server, { moves = true, ...more }: OpenOptions = {}): Room {
  const folder = more.folder ?? mkdtempSync(join(tmpdir(), "nocturne-bucket-"));
  const bucket = new Bucket({ fetch, ...s3.store, limits: FAST });
  const blobs = new BlobStore(folder, bucket);
  const named = new Set<string>();
  const parts = {
    bucket,
    blobs,
    isNamed: (id: string) => (moves ? named.has(id) : null),
    changed: () => {},
    limits: FAST,
  };
  const mover = new Mover({ ...parts, log: createLogger("silent") });
  atEnd(t, async () => {
    await mover.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const names = (): string[] => readdirSync(folder).sort();
  return {
    folder,
    bucket,
    blobs,
    mover,
    named,
    put: (bytes) =>
      blobs.write(
        (async function* () {
          yield bytes;
        })(),
        ({ id }) => {
          named.add(id);
          return id;
        },
      ),
    read: async (id, start = 0, end) =>
      concatBytes(...(await Array.fromAsync(blobs.read(id, start, end ?? (await blobs.size(id)))))),
    names,
    settled: (isSo) => waitUntil(`the mover is there: ${names().join(" ")}`, isSo),
  };
}

test("a named blob goes into the bucket, and is read and headed there as here", async (t) => {
  const s3 = await startS3(t);
  const { blobs, mover, put, read, names, settled } = open(t, s3);
  const content = randomBytes(700_001);
  const id = await put(content);
  assert.equal(blobs.isRemote(id), false);
  mover.wake();
  await settled(() => names().join() === `${id}.remote`);
  assert.deepEqual(s3.objects(), [id]);
  assert.deepEqual(new Uint8Array(s3.read(id)), content);
  assert.deepEqual([blobs.isThere(id), blobs.isRemote(id), await blobs.size(id)], [true, true, content.length]);
  assert.deepEqual(await blobs.list(), [id]);
  assert.deepEqual(await read(id), content);
  assert.deepEqual(await read(id, 262_143, 524_289), content.subarray(262_143, 524_289));

  const head = randomBytes(300);
  blobs.overwriteHead(id, head);
  const headed = concatBytes(head, content.subarray(300));
  assert.deepEqual(await read(id), headed);
  assert.deepEqual(await read(id, 299, 301), headed.subarray(299, 301));
  assert.deepEqual(await read(id, 100, 200), head.subarray(100, 200));
  assert.deepEqual(await blobs.head(id, 400), headed.subarray(0, 400));
  assert.deepEqual(new Uint8Array(s3.read(id)), content, "the object is never written twice");

  await blobs.remove(id);
  assert.deepEqual([blobs.isThere(id), await blobs.list(), names()], [false, [], [`${id}.gone`]]);
  await assert.rejects(blobs.size(id), { code: "file_missing" });
  mover.wake();
  await settled(() => names().length === 0);
  assert.deepEqual(s3.objects(), []);
});

test("what no row names stays here, and nothing waits for it", async (t) => {
  const s3 = await startS3(t);
  const { mover, named, put, names, settled } = open(t, s3);
  const [kept, upload] = [await put(randomBytes(10)), await put(randomBytes(20))];
  named.delete(upload);
  mover.wake();
  await settled(() => s3.objects().length === 1);
  await settled(() => names().join() === [upload, `${kept}.remote`].sort().join());
  // It is counted once the file was closed, which is after it has gone from the folder.
  await settled(() => mover.view().waiting === 0);
  assert.equal(mover.view().problem, null);
});

test("without its bucket nothing is lost: files stay here, are read here, and go when it is back", async (t) => {
  const s3 = await startS3(t);
  const { blobs, mover, put, read, names, settled } = open(t, s3);
  const [early, late] = [randomBytes(1_000), randomBytes(2_000)];
  const there = await put(early);
  mover.wake();
  await settled(() => blobs.isRemote(there));
  await s3.stop();
  const here = await put(late);
  mover.wake();
  await settled(() => mover.view().problem?.code === "bucket_unreachable");
  assert.equal(mover.view().waiting, 1);
  assert.deepEqual(await read(here), late);
  await assert.rejects(read(there), { code: "bucket_unreachable" });
  await blobs.remove(there);
  await s3.start();
  await settled(() => names().join() === `${here}.remote`);
  assert.deepEqual(s3.objects(), [here]);
  assert.deepEqual(await read(here), late);
  assert.deepEqual(mover.view(), { waiting: 0, problem: null });
});

test("a header that is written, and a blob that is removed, while it is on its way", async (t) => {
  const s3 = await startS3(t);
  const { blobs, bucket, put, read, names } = open(t, s3, { moves: false });
  const content = randomBytes(5_000);
  const head = randomBytes(64);
  const id = await put(content);
  const moving = blobs.moveToBucket(id, bucket);
  await sleep(2);
  blobs.overwriteHead(id, head);
  await moving;
  assert.equal(blobs.isRemote(id), true);
  assert.deepEqual(await read(id), concatBytes(head, content.subarray(64)));

  const other = await put(content);
  const leaving = blobs.moveToBucket(other, bucket);
  await blobs.remove(other);
  await leaving;
  assert.equal(blobs.isThere(other), false);
  assert.deepEqual(names(), [`${id}.remote`, `${other}.gone`].sort());
  await blobs.deleteFromBucket(other, bucket);
  assert.deepEqual(s3.objects(), [id]);
});

test("a process that died on the way is made good by the next", async (t) => {
  const s3 = await startS3(t);
  const first = open(t, s3, { moves: false });
  const content = randomBytes(5_000);
  const [whole, removed] = [await first.put(content), await first.put(content)];
  // As a crash leaves them: one before the bucket had it, one after, and halves of files.
  writeFileSync(join(first.folder, `${whole}.moving`), JSON.stringify({ place: s3.store.url, upload: "none-such" }));
  await first.blobs.moveToBucket(removed, first.bucket);
  writeFileSync(join(first.folder, removed), content);
  writeFileSync(join(first.folder, `${removed}.moving`), JSON.stringify({ place: s3.store.url, upload: null }));
  writeFileSync(join(first.folder, `${removed}.remote.0123456789abcdef.tmp`), "{");
  const next = open(t, s3, { folder: first.folder });
  for (const id of [whole, removed]) next.named.add(id);
  assert.deepEqual(await next.read(removed), content);
  next.mover.wake();
  await next.settled(() => next.names().join() === [`${whole}.remote`, `${removed}.remote`].sort().join());
  assert.deepEqual(await next.read(whole), content);
  await next.blobs.remove(removed);
  next.mover.wake();
  await next.settled(() => s3.objects().length === 1);
});

test("what lies in another bucket, or in none that is known, says where", async (t) => {
  const s3 = await startS3(t);
  const { folder, blobs, bucket, put } = open(t, s3, { moves: false });
  const id = await put(randomBytes(100));
  await blobs.moveToBucket(id, bucket);
  const elsewhere = new Bucket({ fetch, ...s3.store, url: `${s3.store.url}/other` });
  for (const other of [null, elsewhere]) {
    const store = new BlobStore(folder, other);
    assert.equal(store.isThere(id), true);
    const reading = Array.fromAsync(store.read(id, 0, 10));
    await assert.rejects(reading, { code: "bucket_changed", message: new RegExp(s3.store.url) });
  }
});

test("a pointer that was damaged is told, and harms no other blob", async (t) => {
  const s3 = await startS3(t);
  const { folder, blobs, bucket, put } = open(t, s3, { moves: false });
  const id = await put(randomBytes(100));
  await blobs.moveToBucket(id, bucket);
  const good = readFileSync(join(folder, `${id}.remote`), "utf8");
  assert.doesNotMatch(good, new RegExp(s3.store.secret), "no key lies on the disk");
  const bad = ["", "{", "null", good.replace('"version":1', '"version":2'), good.replace('"bytes":100', '"bytes":-1')];
  for (const text of [...bad, " ".repeat(200_000)]) {
    writeFileSync(join(folder, `${id}.remote`), text);
    await assert.rejects(blobs.size(id), { code: "file_damaged" }, text.slice(0, 40));
  }
  assert.ok(existsSync(folder));
  writeFileSync(join(folder, `${id}.moving`), "{");
  await blobs.remove(id);
  assert.deepEqual([blobs.isThere(id), existsSync(join(folder, `${id}.remote`))], [false, false], "it can be deleted");
});

test("what was removed while another bucket is in use is deleted where it lies, and there alone", async (t) => {
  const [first, second] = [await startS3(t), await startS3(t)];
  const before = open(t, first, { moves: false });
  const id = await before.put(randomBytes(100));
  await before.blobs.moveToBucket(id, before.bucket);
  await before.mover.close();
  await before.blobs.remove(id);
  // Somebody else's, or a copy of the first bucket: nothing that this node put there.
  const foreign = open(t, second, { moves: false });
  const path = join(foreign.folder, "foreign");
  writeFileSync(path, "foreign");
  await using file = await openFile(path);
  await foreign.bucket.put(id, file, 7, () => {});
  const meanwhile = open(t, second, { folder: before.folder });
  const other = await meanwhile.put(randomBytes(50));
  meanwhile.mover.wake();
  await meanwhile.settled(() => meanwhile.blobs.isRemote(other));
  assert.deepEqual(second.objects().sort(), [id, other].sort(), "no other bucket is asked to delete it");
  assert.ok(meanwhile.names().includes(`${id}.gone`), "that it is to be deleted is not forgotten");
  await meanwhile.mover.close();
  const back = open(t, first, { folder: before.folder });
  back.mover.wake();
  await back.settled(() => first.objects().length === 0);
});

test("a blob or a mark that cannot be read holds up no other", async (t) => {
  const s3 = await startS3(t);
  const first = open(t, s3, { moves: false });
  const [bad = "", good = ""] = [await first.put(randomBytes(10)), await first.put(randomBytes(20))].sort();
  rmSync(join(first.folder, bad));
  symlinkSync("/dev/null", join(first.folder, bad)); // is there, and does not open
  writeFileSync(join(first.folder, `${"0".repeat(32)}.gone`), "{");
  const next = open(t, s3, { folder: first.folder });
  for (const id of [bad, good]) next.named.add(id);
  next.mover.wake();
  await next.settled(() => next.blobs.isRemote(good));
  await next.settled(() => next.mover.view().problem !== null);
  assert.equal(next.mover.view().waiting, 1);
});
