/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type TestContext, test } from "node:test";
import { Worker } from "node:worker_threads";
import { NoctisPayloadSealer } from "../../test/support/noctis-sealer.ts";
import { concatBytes, utf8Encode } from "../core/bytes.ts";
import { randomBytes } from "../core/random.ts";
import type { ByteTransform } from "../crypto/chunked-stream.ts";
import { sealWithKey } from "../crypto/key-slots.ts";
import { PayloadSealer } from "../crypto/payload.ts";
import { encodeSealedHeader, type SealedSuite } from "../crypto/sealed-header.ts";
import { type FileSeal, sealToFile, Watermark } from "./sealing.ts";
import { SealThreads } from "./seal-threads.ts";
import { inPieces, sealedFile } from "./testing.ts";

const MIB = 1_048_576;
const CONTEXT = utf8Encode("nocturne/file/v1");
const SECRET = randomBytes(32);

function newSeal(suite: SealedSuite): FileSeal {
  const fileKey = randomBytes(32);
  return { fileKey, suite, slots: [sealWithKey("recovery", fileKey, SECRET)] };
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "nocturne-sealing-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function threadsFor(t: TestContext, count?: number): SealThreads {
  const threads = new SealThreads(count);
  t.after(() => threads.close());
  return threads;
}

/** `work` with random bytes that are the same each time: salts and prefixes, and with them the whole file. */
async function withSameSalts<T>(t: TestContext, work: () => Promise<T> | T): Promise<T> {
  const draw = t.mock.method(crypto, "getRandomValues", (target: Uint8Array) => {
    for (let i = 0; i < target.length; i++) target[i] = i + target.length;
    return target;
  });
  try {
    return await work();
  } finally {
    draw.mock.restore();
  }
}

/** The same file the slow way: in one go, by the streams of `src/crypto`. */
function plainly(plain: Uint8Array, { fileKey, suite, slots }: FileSeal): Uint8Array {
  const Sealer = suite === "noctis-256" ? NoctisPayloadSealer : PayloadSealer;
  const sealer: ByteTransform & { header: Uint8Array } = new Sealer(fileKey, CONTEXT);
  const header = encodeSealedHeader({ purpose: "file", suite, slots }, fileKey);
  return concatBytes(header, sealer.header, sealer.update(plain), sealer.finish());
}

function assertSame(sealed: Uint8Array, expected: Uint8Array, what: string): void {
  assert.equal(sealed.length, expected.length, what);
  assert.ok(Buffer.compare(sealed, expected) === 0, what);
}

/** Around the first megabytes, which no thread sees, around whole batches, and around what a thread does in one go. */
const SIZES = {
  "aes-256-gcm": [
    0,
    1,
    16_384,
    65_536,
    65_537,
    MIB,
    MIB + 1,
    8 * MIB - 1,
    8 * MIB,
    8 * MIB + 1,
    9 * MIB + 524_288,
    9 * MIB + 540_672,
    12 * MIB,
    12 * MIB + 16_383,
  ],
  "noctis-256": [0, 65_536, 262_144, 262_145, 8 * MIB, 9 * MIB + 100_003],
} as const;

for (const suite of ["aes-256-gcm", "noctis-256"] as const) {
  test(`${suite}: what threads seal is byte for byte what one stream seals, for every awkward size`, async (t) => {
    const threads = threadsFor(t, 3);
    const content = randomBytes(Math.max(...SIZES[suite]));
    for (const size of SIZES[suite]) {
      const plain = content.subarray(0, size);
      const seal = newSeal(suite);
      const expected = await withSameSalts(t, () => plainly(plain, seal));
      for (const pieceBytes of suite === "noctis-256" ? [1_000_003] : [65_536, 1_000_003]) {
        const sealed = await withSameSalts(t, () => sealedFile(inPieces(plain, pieceBytes), seal, threads));
        assertSame(sealed, expected, `${size} bytes in pieces of ${pieceBytes}`);
      }
    }
  });
}

test("many files at once share the threads, and each is right", async (t) => {
  const threads = threadsFor(t, 2);
  const plain = randomBytes(9 * MIB + 5);
  const seals = Array.from({ length: 6 }, (_, i) => newSeal(i % 4 === 0 ? "noctis-256" : "aes-256-gcm"));
  await withSameSalts(t, async () => {
    const sealed = await Promise.all(seals.map((seal) => sealedFile(inPieces(plain, 65_536), seal, threads)));
    for (const [i, seal] of seals.entries()) assertSame(sealed[i] as Uint8Array, plainly(plain, seal), `file ${i}`);
  });
});

test("small files start no thread", async (t) => {
  const threads = threadsFor(t);
  const begin = t.mock.method(threads, "begin");
  for (const suite of ["aes-256-gcm", "noctis-256"] as const) {
    await sealedFile(inPieces(randomBytes(7 * MIB), MIB), newSeal(suite), threads);
  }
  assert.equal(begin.mock.callCount(), 0);
});

/** Pieces without end. */
async function* endless(): AsyncGenerator<Uint8Array> {
  const piece = randomBytes(MIB);
  for (;;) yield piece;
}

/** Seals into a file of its own; returns how it failed, and what the file held then and a while later. */
async function failure(
  t: TestContext,
  source: AsyncIterable<Uint8Array>,
  suite: SealedSuite,
  threads: SealThreads,
): Promise<unknown> {
  const path = join(folder(t), "target");
  await using file = await open(path, "wx");
  const error = await sealToFile(file, source, newSeal(suite), threads).then(
    () => null,
    (reason: unknown) => reason,
  );
  const before = readFileSync(path);
  await sleep(50);
  assert.ok(readFileSync(path).equals(before), "a thread still writes");
  return error;
}

for (const suite of ["aes-256-gcm", "noctis-256"] as const) {
  test(`${suite}: a source that fails in the middle ends the sealing with its own error, and no thread writes on`, async (t) => {
    const threads = threadsFor(t);
    const source = (async function* () {
      let left = 20;
      for await (const piece of endless())
        if (left-- > 0) yield piece;
        else throw new RangeError("the camera was unplugged");
    })();
    const error = await failure(t, source, suite, threads);
    assert.ok(error instanceof RangeError);
    // The threads are as good as before.
    const plain = randomBytes(10 * MIB);
    const seal = newSeal(suite);
    const expected = await withSameSalts(t, () => plainly(plain, seal));
    assertSame(await withSameSalts(t, () => sealedFile(inPieces(plain, MIB), seal, threads)), expected, "afterwards");
  });

  test(`${suite}: threads that die end the sealing with an error; the next file gets others`, async (t) => {
    const threads = threadsFor(t);
    const terminate = (async function* () {
      let left = 20;
      for await (const piece of endless()) {
        if (left-- === 0) await threads.close();
        yield piece;
      }
    })();
    const error = await failure(t, terminate, suite, threads);
    assert.equal((error as { code?: string }).code, "seal_thread");
    const plain = randomBytes(9 * MIB);
    const seal = newSeal(suite);
    const expected = await withSameSalts(t, () => plainly(plain, seal));
    assertSame(await withSameSalts(t, () => sealedFile(inPieces(plain, MIB), seal, threads)), expected, "afterwards");
  });
}

test("the watermark says what was written without a gap, and nothing behind a batch that failed", async (t) => {
  const watermark = new Watermark();
  const second = Promise.withResolvers<void>();
  watermark.add(5, Promise.resolve());
  watermark.add(7, second.promise);
  watermark.add(11, Promise.resolve());
  second.reject(new Error("the disk is full"));
  assert.equal(await watermark.writtenBytes(), 5);
  const whole = new Watermark();
  const path = join(folder(t), "target");
  await using file = await open(path, "wx");
  const source = (async function* () {
    for (let i = 0; i < 12; i++) yield randomBytes(MIB);
    assert.equal(await whole.writtenBytes(), 12 * MIB);
    assert.ok(readFileSync(path).length >= 12 * MIB, "what threads seal is written by then");
    yield randomBytes(5);
  })();
  await sealToFile(file, source, { ...newSeal("aes-256-gcm"), watermark: whole }, threadsFor(t));
  assert.equal(await whole.writtenBytes(), 12 * MIB + 5);
});

test("a disk that fills up while threads write is said plainly", async (t) => {
  const path = folder(t);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", path]).status !== 0) {
    console.error(`SKIPPED: ${t.name}: mounting a tmpfs needs root`);
    t.skip("mounting a tmpfs needs root");
    return;
  }
  try {
    await using file = await open(join(path, "target"), "wx");
    await assert.rejects(sealToFile(file, endless(), newSeal("aes-256-gcm"), threadsFor(t)), { code: "disk_full" });
  } finally {
    spawnSync("umount", [path]);
  }
});

test("a thread overwrites a file's keys when the file ends", async () => {
  const keys = {
    aeadKey: new Uint8Array(new SharedArrayBuffer(32)),
    baseNonce: new Uint8Array(new SharedArrayBuffer(12)),
  };
  keys.aeadKey.fill(7);
  keys.baseNonce.fill(7);
  const thread = new Worker(new URL("./seal-thread.ts", import.meta.url), { execArgv: [] });
  try {
    const work = { type: "payload", keys, target: -1, at: 0 };
    thread.postMessage({ type: "begin", id: 1, work });
    thread.postMessage({
      type: "seal",
      id: 1,
      job: { first: 0, plainBytes: 0, isLast: false, plain: new ArrayBuffer(0) },
    });
    await new Promise((resolve) => thread.once("message", resolve));
    assert.ok(keys.aeadKey.every((byte) => byte === 7));
    thread.postMessage({ type: "end", id: 1 });
    thread.postMessage({
      type: "seal",
      id: 1,
      job: { first: 0, plainBytes: 0, isLast: false, plain: new ArrayBuffer(0) },
    });
    const [reply] = await new Promise<[{ failure: { code: string } }]>((resolve) =>
      thread.once("message", (message) => resolve([message])),
    );
    assert.equal(reply.failure.code, "seal_job");
    assert.ok(keys.aeadKey.every((byte) => byte === 0) && keys.baseNonce.every((byte) => byte === 0));
  } finally {
    await thread.terminate();
  }
});
