import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { chunksOf, NonceWatch, type SealedChunk } from "../../test/support/sealed-parts.ts";
import { concatBytes } from "../core/bytes.ts";
import { LockedError, type NocturneError } from "../core/errors.ts";
import { FILE_LIMITS, UPLOAD_LIMITS } from "../core/limits.ts";
import { PAYLOAD_CHUNK_BYTES, PAYLOAD_TAG_BYTES } from "../crypto/payload.ts";
import { aesGcmKey } from "../crypto/provider.ts";
import { BlobStore } from "./blob-store.ts";
import { UploadOffsetError } from "./live-upload.ts";
import { type LibraryRoom, openLibraryRoom } from "./testing.ts";
import { SharedSync } from "./together.ts";
import type { NewUpload } from "./uploads.ts";

const MIB = 1_048_576;
const DAY_MS = 86_400_000;
const PLAIN = { name: "film.mkv", cipher: "aes-256-gcm", fingerprint: "one" } as const;

async function* pieces(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** A body whose connection breaks after so many bytes. */
async function* broken(bytes: Uint8Array, after: number): AsyncGenerator<Uint8Array> {
  yield* pieces(bytes.subarray(0, after));
  throw new Error("the connection broke");
}

const code = (wanted: string) => (error: NocturneError) => error.code === wanted;

async function contentOf({ library }: LibraryRoom, id: string, password?: string): Promise<Buffer> {
  const options = password === undefined ? {} : { password };
  return Buffer.from(concatBytes(...(await Array.fromAsync(await library.open(id, options)))));
}

/** The whole of an upload from `offset` on, and the file that it became. */
async function finish({ library }: LibraryRoom, id: string, content: Uint8Array, offset: number) {
  const { file } = await library.uploads.append(id, offset, pieces(content.subarray(offset)));
  assert.ok(file);
  return file;
}

function begin(room: LibraryRoom, content: Uint8Array, more: Partial<NewUpload> = {}) {
  return room.library.uploads.begin({ ...PLAIN, bytes: content.length, ...more });
}

test("what comes in several calls, some of them broken off, is one file; who lost the answer asks again", async (t) => {
  const room = await openLibraryRoom(t);
  const { uploads } = room.library;
  for (const [cipher, password] of [
    ["aes-256-gcm", undefined],
    ["noctis-256", undefined],
    ["aes-256-gcm", "walnut"],
  ] as const) {
    const content = randomBytes(MIB + 12_345);
    const { id, offset } = await begin(room, content, { cipher, password, name: `${cipher} ${password}` });
    assert.equal(offset, 0);
    await assert.rejects(uploads.append(id, 0, broken(content, 300_001)), /broke/);
    const half = await uploads.view(id);
    assert.deepEqual([half.offset, half.file, half.hasPassword], [300_001, null, password !== undefined]);
    const more = await uploads.append(id, 300_001, pieces(content.subarray(300_001, 300_002)));
    assert.equal(more.offset, 300_002);
    const file = await finish(room, id, content, 300_002);
    assert.ok((await contentOf(room, file.id, password)).equals(content));
    assert.equal(file.cipher, cipher);
    for (const again of [await uploads.view(id), await uploads.append(id, content.length, pieces(content, 0))]) {
      assert.deepEqual([again.file, again.offset], [file, content.length]);
    }
    assert.deepEqual(await uploads.list(), []);
  }
  assert.equal(room.blobs().length, 3);
  const { id } = await begin(room, new Uint8Array(0), { name: "empty" });
  assert.equal((await contentOf(room, (await finish(room, id, new Uint8Array(0), 0)).id)).length, 0);
});

test("the same file to the same place is found again; another one, or one with another password, is not", async (t) => {
  const room = await openLibraryRoom(t);
  const content = randomBytes(200_000);
  const { id } = await begin(room, content, { password: "walnut" });
  await room.library.uploads.append(id, 0, pieces(content.subarray(0, 70_000)));
  const again = await begin(room, content, { password: "walnut" });
  assert.deepEqual([again.id, again.offset], [id, 70_000]);
  const others: Partial<NewUpload>[] = [
    { fingerprint: "two" },
    { bytes: 200_001 },
    { name: "other.mkv" },
    { password: "chestnut" },
    { password: undefined },
    { cipher: "noctis-256" },
    { taken: "version" },
  ];
  const ids = new Set([id]);
  for (const other of others) ids.add((await begin(room, content, { password: "walnut", ...other })).id);
  assert.equal(ids.size, others.length + 1);
});

test("no offset but the right one is taken, whatever comes, and what comes stays what it was", async (t) => {
  const room = await openLibraryRoom(t);
  const { uploads } = room.library;
  const offsets = fc.oneof(
    fc.integer({ min: -3, max: 200_000 }),
    fc.constantFrom(-1, Number.MAX_SAFE_INTEGER, 2 ** 60, Number.NaN, 0.5, Number.POSITIVE_INFINITY),
  );
  const step = fc.record({ offset: fc.option(offsets), bytes: fc.nat(60_000), breaks: fc.boolean() });
  let n = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const content = randomBytes(150_000);
      const { id } = await begin(room, content, { fingerprint: String(++n) });
      let at = 0;
      for (const { offset, bytes, breaks } of steps) {
        const piece = content.subarray(at, Math.min(at + bytes, content.length - 1));
        if (offset === null || offset === at) {
          if (breaks) await assert.rejects(uploads.append(id, at, broken(piece, piece.length)), /broke/);
          else await uploads.append(id, at, pieces(piece));
          at += piece.length;
        } else {
          const error = await uploads.append(id, offset, pieces(randomBytes(bytes))).catch((thrown) => thrown);
          assert.ok(error instanceof UploadOffsetError);
          assert.equal(error.offset, at);
        }
        assert.equal((await uploads.view(id)).offset, at);
      }
      const tooMany = pieces(concatBytes(content.subarray(at), Uint8Array.of(1)), 1_000_000);
      await assert.rejects(uploads.append(id, at, tooMany), code("upload_too_long"));
      const file = await finish(room, id, content, at);
      assert.ok((await contentOf(room, file.id)).equals(content));
    }),
    { numRuns: 60 },
  );
});

test("after a restart it goes on with what is whole on the disk, and the old part goes", async (t) => {
  for (const cipher of ["aes-256-gcm", "noctis-256"] as const) {
    const content = randomBytes(3 * MIB + 777);
    let room = await openLibraryRoom(t);
    const { dataDir } = room;
    const { id } = await begin(room, content, { cipher, password: "walnut" });
    for (const [from, to] of [
      [0, 1_500_000],
      [null, 2_500_000],
      [null, 3_000_000],
    ] as const) {
      const offset = from ?? (await room.library.uploads.view(id)).offset;
      await room.library.uploads.append(id, offset, pieces(content.subarray(offset, to)));
      assert.equal(room.blobs().length, 1, "there is one part at a time");
      room.close();
      room = await openLibraryRoom(t, dataDir);
      await room.library.sweep();
      const left = (await room.library.uploads.list())[0]?.offset ?? 0;
      assert.ok(left > to - 1_200_000 && left <= to && left % PAYLOAD_CHUNK_BYTES === 0, `${left} of ${to} are left`);
      assert.ok(room.library.space().uploadBytes > left);
    }
    const { offset } = await begin(room, content, { cipher, password: "walnut" });
    const file = await finish(room, id, content, offset);
    assert.ok((await contentOf(room, file.id, "walnut")).equals(content));
    assert.equal(room.blobs().length, 1);
    assert.equal(room.library.space().uploadBytes, 0);
    room.close();
  }
});

/** Everything under blobs/, as chunks with their keys and nonces. */
async function onDisk({ dataDir, vault }: LibraryRoom): Promise<SealedChunk[]> {
  const folder = join(dataDir, "blobs");
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
  return (await Promise.all(files.map((file) => chunksOf(file, vault.secretFor("files/v1"))))).flat();
}

test("no nonce is used twice over restarts, even if the source is another one each time", async (t) => {
  let room = await openLibraryRoom(t);
  const { dataDir } = room;
  const watch = new NonceWatch();
  const bytes = 24 * MIB; // the second part of it is sealed by threads
  const { id } = await begin(room, new Uint8Array(bytes));
  const kept: SealedChunk[][] = [];
  for (let round = 0; round < 12; round++) {
    const other = (offset: number) => pieces(randomBytes(Math.min(3_000_000, bytes - offset - 1)));
    const { offset } = await room.library.uploads.view(id);
    await room.library.uploads.append(id, offset, other(offset)).catch((error: UploadOffsetError) => {
      return room.library.uploads.append(id, error.offset, other(error.offset));
    });
    watch.add(await onDisk(room));
    kept.push(await onDisk(room));
    room.close(); // what the sealer held in memory is lost
    room = await openLibraryRoom(t, dataDir);
  }
  assert.ok(watch.size > 5_000, `${watch.size} chunks were seen`);
  assert.equal(watch.reused, 0);

  // The control: one round goes on under the key of its part, as it would be simplest, with another content.
  const [first] = kept;
  const last = first?.at(-1);
  assert.ok(last);
  const key = aesGcmKey(last.aeadKey);
  const [one, two] = [randomBytes(PAYLOAD_CHUNK_BYTES), randomBytes(PAYLOAD_CHUNK_BYTES)];
  const nonce = last.nonce.map((byte, i) => (i === 11 ? byte ^ 0x80 : byte));
  const seal = (chunk: Uint8Array): Uint8Array => {
    const sealed = new Uint8Array(chunk.length + PAYLOAD_TAG_BYTES);
    key.sealInto(sealed, nonce, chunk, new Uint8Array(0));
    return sealed;
  };
  for (const chunk of [one, two]) watch.add([{ aeadKey: last.aeadKey, nonce, sealed: seal(chunk) }]);
  assert.equal(watch.reused, 1, "the watch sees what it looks for");
  const [a, b] = [seal(one), seal(two)];
  const leak = one.map((_, i) => (a[i] as number) ^ (b[i] as number));
  assert.deepEqual(
    leak,
    one.map((byte, i) => byte ^ (two[i] as number)),
    "the XOR of the two plaintexts",
  );
});

test("what was altered or lost on the disk is asked for again, never taken for good", async (t) => {
  const content = randomBytes(2 * MIB);
  const damages: readonly ((part: string) => void)[] = [
    (part) => truncateSync(part, 700_000),
    (part) => truncateSync(part, 20),
    (part) => {
      const bytes = readFileSync(part);
      bytes[900_000] = (bytes[900_000] as number) ^ 1;
      writeFileSync(part, bytes);
    },
    (part) => writeFileSync(part, new Uint8Array(statSync(part).size)),
  ];
  for (const damage of damages) {
    const first = await openLibraryRoom(t);
    const { id } = await begin(first, content);
    await first.library.uploads.append(id, 0, pieces(content.subarray(0, content.length - 1)));
    first.close();
    damage(join(first.dataDir, "blobs", first.blobs()[0] ?? ""));
    const room = await openLibraryRoom(t, first.dataDir);
    await room.library.sweep();
    const { uploads } = room.library;
    const told = (await uploads.view(id)).offset;
    const body = pieces(content.subarray(told));
    const error = await uploads.append(id, told, body).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    // A look at the part's size cannot see damage in it: then the call is told where to go on.
    if (error !== null) {
      assert.ok(error instanceof UploadOffsetError && error.offset < told);
      await finish(room, id, content, error.offset);
    }
    const { file } = await uploads.view(id);
    assert.ok((await contentOf(room, file?.id ?? "")).equals(content));
    room.close();
  }
});

test("a lock ends the stream and its keys; after the unlock it goes on", async (t) => {
  const room = await openLibraryRoom(t);
  const { library, vault } = room;
  const content = randomBytes(3 * MIB);
  await vault.setPassphrase("correct horse");
  const { id } = await begin(room, content);
  await library.uploads.append(id, 0, pieces(content.subarray(0, 2 * MIB)));
  vault.lock();
  await assert.rejects(library.uploads.append(id, 2 * MIB, pieces(content)), LockedError);
  assert.equal(room.blobs().length, 1);
  await vault.unlock("correct horse");
  await library.sweep();
  const { offset } = await library.uploads.view(id);
  assert.ok(offset > MIB && offset <= 2 * MIB, `${offset} are left`);
  // Locked while a call is under way, and again while the part is being sealed anew.
  let isFirst = true;
  async function* locking(): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces(content.subarray(offset, offset + MIB))) {
      yield piece;
      if (isFirst) vault.lock();
      isFirst = false;
    }
  }
  await assert.rejects(library.uploads.append(id, offset, locking()), LockedError);
  await vault.unlock("correct horse");
  const going = library.uploads.append(id, offset, pieces(content));
  going.catch(() => undefined);
  vault.lock();
  await assert.rejects(going, LockedError);
  await vault.unlock("correct horse");
  await library.sweep();
  assert.equal(room.blobs().length, 1);
  const file = await finish(room, id, content, (await library.uploads.view(id)).offset);
  assert.ok((await contentOf(room, file.id)).equals(content));
});

test("those that wait the longest give their memory back, and go on all the same", async (t) => {
  const room = await openLibraryRoom(t);
  const { uploads } = room.library;
  const content = randomBytes(2 * MIB + 5);
  const ids: string[] = [];
  for (let i = 0; i <= UPLOAD_LIMITS.live; i++) {
    const { id } = await begin(room, content, { fingerprint: String(i), name: String(i) });
    await uploads.append(id, 0, pieces(content.subarray(0, MIB + 100_000)));
    ids.push(id);
  }
  const offsets = await Promise.all(ids.map(async (id) => (await uploads.view(id)).offset));
  assert.equal(offsets[0], MIB, "its half chunk is gone with the sealer");
  assert.ok(offsets.slice(1).every((offset) => offset === MIB + 100_000));
  for (const id of ids) {
    const file = await finish(room, id, content, (await uploads.view(id)).offset);
    assert.ok((await contentOf(room, file.id)).equals(content));
  }
});

test("a later call takes over from one whose connection is dead", async (t) => {
  const room = await openLibraryRoom(t);
  const { uploads } = room.library;
  const content = randomBytes(500_000);
  const { id } = await begin(room, content);
  const never = Promise.withResolvers<void>();
  async function* silent(): AsyncGenerator<Uint8Array> {
    yield content.subarray(0, 1_000);
    await never.promise;
  }
  const dead = uploads.append(id, 0, silent());
  dead.catch(() => undefined);
  while ((await uploads.view(id)).offset < 1_000) await new Promise((resolve) => setImmediate(resolve));
  assert.notEqual((await begin(room, content)).id, id, "who is still sending is not disturbed by the same file");
  const file = await finish(room, id, content, 1_000);
  await assert.rejects(dead, code("upload_taken_over"));
  assert.ok((await contentOf(room, file.id)).equals(content));
});

test("unfinished ones live seven days, ended ones are told of for one, and their number has a bound", async (t) => {
  const room = await openLibraryRoom(t);
  const { library, clock } = room;
  const { uploads } = library;
  const content = randomBytes(700_000);
  const { id } = await begin(room, content);
  await uploads.append(id, 0, pieces(content.subarray(0, 600_000)));
  const given = await begin(room, content, { fingerprint: "two" });
  await uploads.append(given.id, 0, pieces(content.subarray(0, 600_000)));
  assert.equal(room.blobs().length, 2);
  await uploads.remove(given.id);
  assert.equal(room.blobs().length, 1, "nothing is left of one that was given up");
  await assert.rejects(uploads.append(given.id, 600_000, pieces(content)), code("unknown_upload"));
  clock.now += 6 * DAY_MS;
  await uploads.append(id, 600_000, pieces(content.subarray(600_000, 610_000)));
  clock.now += 6 * DAY_MS;
  await library.sweep();
  assert.equal((await uploads.list()).length, 1);
  clock.now += DAY_MS;
  await library.sweep();
  assert.deepEqual([(await uploads.list()).length, room.blobs().length], [0, 0]);

  const ended = await begin(room, content);
  const file = await finish(room, ended.id, content, 0);
  clock.now += DAY_MS - 1;
  await library.sweep();
  assert.deepEqual((await uploads.view(ended.id)).file, file);
  clock.now += 1;
  await library.sweep();
  await assert.rejects(async () => uploads.view(ended.id), code("unknown_upload"));
  assert.equal((await contentOf(room, file.id)).length, content.length, "the file itself stays");

  for (let i = 0; i < UPLOAD_LIMITS.unfinished; i++) await begin(room, content, { fingerprint: `n${i}` });
  await assert.rejects(begin(room, content, { fingerprint: "more" }), code("too_many_uploads"));
});

test("what cannot end well is refused at the beginning", async (t) => {
  const room = await openLibraryRoom(t);
  room.library.makeFolder("taken");
  const refused: readonly (readonly [string, Partial<NewUpload>])[] = [
    ["disk_full", { bytes: 2 ** 52 }],
    ["bad_upload", { bytes: -1 }],
    ["bad_upload", { bytes: 0.5 }],
    ["bad_upload", { bytes: Number.NaN }],
    ["bad_upload", { fingerprint: "x".repeat(UPLOAD_LIMITS.fingerprintCharacters + 1) }],
    ["bad_file_name", { name: ".." }],
    ["bad_password", { password: "x".repeat(1_025) }],
    ["unknown_folder", { folder: "/nowhere" }],
    ["name_taken", { name: "taken", taken: "version" }],
  ];
  for (const [wanted, more] of refused) {
    await assert.rejects(async () => begin(room, new Uint8Array(10), more), code(wanted), wanted);
  }
  assert.deepEqual(await room.library.uploads.list(), []);
});

test("where its folder has gone meanwhile, the file comes to the top, beside what is there", async (t) => {
  const room = await openLibraryRoom(t);
  const { library } = room;
  const content = randomBytes(100_000);
  await room.put("/film.mkv", "another one");
  const folder = library.makeFolder("Films");
  const { id } = await begin(room, content, { folder: "/Films", taken: "version" });
  await library.uploads.append(id, 0, pieces(content.subarray(0, 50_000)));
  library.remove(folder.id);
  const file = await finish(room, id, content, 50_000);
  assert.equal(file.path, "/film (1).mkv");
  assert.ok((await contentOf(room, file.id)).equals(content));
});

async function versionsOf(t: TestContext, taken: "version" | "rename"): Promise<number> {
  const room = await openLibraryRoom(t);
  await room.put("/film.mkv", "before");
  const content = randomBytes(10_000);
  const { id } = await begin(room, content, { taken });
  return (await finish(room, id, content, 0)).versions;
}

test("a name that is taken: a new version, or a file beside it, as was asked for", async (t) => {
  assert.equal(await versionsOf(t, "version"), 1);
  assert.equal(await versionsOf(t, "rename"), 0);
});

test("what ended is forgotten a day later also when its file is in the trash, and the sweep goes on", async (t) => {
  const room = await openLibraryRoom(t);
  const { library, clock } = room;
  const content = randomBytes(1_000);
  for (const isGone of [false, true]) {
    const { id } = await begin(room, content);
    const file = await finish(room, id, content, 0);
    if (isGone) await library.destroy(file.id);
    else library.remove(file.id);
    writeFileSync(join(room.dataDir, "blobs", "0".repeat(32)), "left over");
    clock.now += DAY_MS;
    await library.sweep();
    assert.equal(room.blobs().includes("0".repeat(32)), false, "left-over blobs go");
    await assert.rejects(async () => library.uploads.view(id), code("unknown_upload"));
  }
});

test("a file that is written down stays, even if the blob of its oldest version cannot be removed", async (t) => {
  const room = await openLibraryRoom(t);
  const { library } = room;
  for (let i = 0; i <= FILE_LIMITS.versions; i++) await room.put("/film.mkv", `version ${i}`);
  const before = room.blobs().length;
  const content = randomBytes(1_000);
  const { id } = await begin(room, content, { taken: "version" });
  const failing = t.mock.method(BlobStore.prototype, "remove", () => Promise.reject(new Error("EIO")));
  const file = await finish(room, id, content, 0);
  assert.equal(failing.mock.callCount(), 1);
  failing.mock.restore();
  assert.ok((await contentOf(room, file.id)).equals(content));
  assert.equal(room.blobs().length, before + 1);
  await library.sweep();
  assert.equal(room.blobs().length, before, "the sweep removes it");
  assert.ok((await contentOf(room, file.id)).equals(content));
});

test("no number of interruptions loses more than the first: an old part goes when a new one holds all of it", async (t) => {
  // By the main thread alone; by the threads as well; and with Noctis-256, whose sealers hold two batches.
  for (const [cipher, bytes] of [
    ["aes-256-gcm", 4 * MIB],
    ["aes-256-gcm", 24 * MIB],
    ["noctis-256", 4 * MIB],
    ["noctis-256", 12 * MIB],
  ] as const) {
    const room = await openLibraryRoom(t);
    const { library, vault } = room;
    const content = randomBytes(bytes);
    const { id } = await begin(room, content, { cipher });
    await vault.setPassphrase("correct horse");
    await library.uploads.append(id, 0, pieces(content.subarray(0, bytes - 1_000)));
    const offsets: number[] = [];
    for (let round = 0; round < 5; round++) {
      vault.lock();
      await vault.unlock("correct horse");
      const { offset } = await library.uploads.view(id);
      await library.sweep();
      offsets.push(offset);
      await library.uploads.append(id, offset, pieces(content.subarray(offset, offset + (round % 2))));
    }
    assert.ok((offsets[0] ?? 0) > bytes - 3 * MIB, `${offsets[0]} of ${bytes} are left`);
    assert.deepEqual(new Set(offsets).size, 1, `${cipher}: ${offsets.join(", ")}`);
    const file = await finish(room, id, content, (await library.uploads.view(id)).offset);
    assert.ok((await contentOf(room, file.id)).equals(content));
    assert.equal(room.blobs().length, 1, "the old part went");
    room.close();
  }
});

test("a stopped call does not put its part in the place of the one that goes on", async (t) => {
  const room = await openLibraryRoom(t);
  const { library, vault } = room;
  const content = randomBytes(6 * MIB);
  await vault.setPassphrase("correct horse");
  const { id } = await begin(room, content);
  await library.uploads.append(id, 0, pieces(content.subarray(0, 2 * MIB)));
  const relock = async (): Promise<void> => {
    vault.lock();
    await vault.unlock("correct horse");
  };
  await relock();
  const { offset } = await library.uploads.view(id);
  const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const sync = BlobStore.prototype.syncPart;
  const slow = t.mock.method(BlobStore.prototype, "syncPart", async function (this: BlobStore, blob: string) {
    if (slow.mock.callCount() === 0) {
      reached.resolve();
      await goOn.promise;
    }
    await sync.call(this, blob);
  });
  const stopped = library.uploads.append(id, offset, pieces(content.subarray(offset)));
  stopped.catch(() => undefined);
  await reached.promise;
  await relock();
  await assert.rejects(stopped, LockedError);
  await library.uploads.append(id, offset, pieces(content.subarray(offset, 5 * MIB)));
  goOn.resolve();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await relock();
  await library.sweep();
  const left = (await library.uploads.view(id)).offset;
  assert.ok(left >= 4 * MIB, `${left} are left`);
  const file = await finish(room, id, content, left);
  assert.ok((await contentOf(room, file.id)).equals(content));
});

test("a stream that ends the upload after a lock is not undone by the next one", async (t) => {
  const room = await openLibraryRoom(t);
  const { library, vault } = room;
  const content = randomBytes(3 * MIB + 5);
  await vault.setPassphrase("correct horse");
  const { id } = await begin(room, content);
  const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const run = SharedSync.prototype.run;
  const slow = t.mock.method(SharedSync.prototype, "run", async function (this: SharedSync) {
    if (slow.mock.callCount() === 0) {
      reached.resolve();
      await goOn.promise;
    }
    await run.call(this);
  });
  const last = library.uploads.append(id, 0, pieces(content));
  last.catch(() => undefined);
  await reached.promise;
  vault.lock();
  await vault.unlock("correct horse");
  const next = library.uploads.append(id, 3 * MIB, pieces(content.subarray(3 * MIB)));
  next.catch(() => undefined);
  goOn.resolve();
  await Promise.allSettled([last, next]);
  await library.sweep();
  const { file } = await library.uploads.view(id);
  assert.deepEqual([library.list().length, room.blobs().length], [1, 1]);
  assert.ok((await contentOf(room, file?.id ?? "")).equals(content));
});
