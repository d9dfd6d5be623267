/** A blob that arrives in the bucket while somebody has begun to read it here. */
import assert from "node:assert/strict";
import { pbkdf2 } from "node:crypto";
import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { temporaryFolder } from "../../../test/support/cleanup.ts";
import { startS3 } from "../../../test/support/s3-server.ts";
import { concatBytes } from "../../core/bytes.ts";
import { randomBytes } from "../../core/random.ts";
import { BlobStore } from "../blob-store.ts";
import { Bucket } from "./bucket.ts";

/** Threads that Node opens files with; while all of them are busy, an open waits for its turn. */
const THREADS = Number(process.env["UV_THREADPOOL_SIZE"] ?? 4);
const BUSY_ROUNDS = 300_000; // some 100 ms each

/** Runs `begin` while no file can be opened, and lets the blob arrive in the bucket before one can be again. */
async function whileArriving<T>(
  t: TestContext,
  begin: (blobs: BlobStore, id: string) => Promise<T>,
): Promise<{ content: Uint8Array; result: T }> {
  const s3 = await startS3(t);
  const folder = temporaryFolder(t);
  const bucket = new Bucket({ fetch, ...s3.store });
  const blobs = new BlobStore(folder, bucket);
  const content = randomBytes(1_000);
  const id = await blobs.write(
    (async function* () {
      yield content;
    })(),
    (blob) => blob.id,
  );
  await using file = await open(join(folder, id));
  await bucket.put(id, file, content.length, () => {});
  const [asked, there] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  // It holds the blob by now, and says so when the test wants it.
  const telling = Object.create(bucket, {
    put: {
      value: () => {
        asked.resolve();
        return there.promise;
      },
    },
    place: { value: bucket.place },
  }) as Bucket;
  const moving = blobs.moveToBucket(id, telling);
  await asked.promise;
  const busy = Array.from({ length: THREADS }, () => promisify(pbkdf2)("a", "b", BUSY_ROUNDS, 32, "sha512"));
  const begun = begin(blobs, id);
  there.resolve();
  const result = await begun;
  await Promise.all([moving, ...busy]);
  assert.equal(existsSync(join(folder, id)), false, "it has left the disk");
  return { content, result };
}

test("a read that began here goes on in the bucket", async (t) => {
  const { content, result } = await whileArriving(t, (blobs, id) => Array.fromAsync(blobs.read(id, 10, 900)));
  assert.deepEqual(concatBytes(...result), content.subarray(10, 900));
});

test("a length that was asked for here is told from there", async (t) => {
  const { content, result } = await whileArriving(t, (blobs, id) => blobs.size(id));
  assert.equal(result, content.length);
});
