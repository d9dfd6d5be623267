import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { atEnd, temporaryFolder } from "../../../test/support/cleanup.ts";
import { type S3Server, startS3 } from "../../../test/support/s3-server.ts";
import { concatBytes } from "../../core/bytes.ts";
import { randomBytes } from "../../core/random.ts";
import { Bucket } from "./bucket.ts";

const ID = "ab".repeat(16);
const MEBIBYTE = 1_048_576;
/** S3 takes no smaller parts. */
const PART = 5 * MEBIBYTE;
const FAST = { partBytes: PART, retryMs: 5, stallMs: 200, answerMs: 300, partMs: 400, tries: 3 };

async function fileOf(t: TestContext, bytes: Uint8Array): Promise<FileHandle> {
  const path = join(temporaryFolder(t), "blob");
  writeFileSync(path, bytes);
  const file = await open(path);
  atEnd(t, () => file.close());
  return file;
}

async function readAll(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return concatBytes(...(await Array.fromAsync(source)));
}

const nothing = (): void => {};

test("small and large blobs come back whole and in ranges, and go", async (t) => {
  const s3 = await startS3(t);
  const bucket = new Bucket({ fetch, ...s3.store, limits: FAST });
  await bucket.check();
  assert.deepEqual(s3.objects(), [], "the check leaves nothing");
  for (const bytes of [1, 100_000, PART, 2 * PART + 17]) {
    const content = randomBytes(bytes);
    const uploads: string[] = [];
    await bucket.put(ID, await fileOf(t, content), bytes, (upload) => uploads.push(upload));
    assert.equal(uploads.length, bytes > PART ? 1 : 0);
    assert.deepEqual(s3.objects(), [ID]);
    assert.deepEqual(new Uint8Array(s3.read(ID)), content);
    const [from, to] = [Math.floor(bytes / 3), Math.ceil(bytes / 2)];
    assert.deepEqual(await readAll(bucket.read(ID, from, to, bytes)), content.subarray(from, to));
    await bucket.delete(ID);
    await bucket.delete(ID);
    assert.deepEqual(s3.objects(), []);
  }
});

test("a missing object, another length, a wrong key and a missing bucket are told apart", async (t) => {
  const s3 = await startS3(t);
  const bucket = new Bucket({ fetch, ...s3.store, limits: FAST });
  await assert.rejects(readAll(bucket.read(ID, 0, 10, 100)), { code: "file_missing" });
  await bucket.put(ID, await fileOf(t, randomBytes(99)), 99, nothing);
  await assert.rejects(readAll(bucket.read(ID, 0, 10, 100)), { code: "file_damaged" });
  await assert.rejects(readAll(bucket.read(ID, 99, 100, 100)), { code: "file_damaged" });
  const refused = new Bucket({ fetch, ...s3.store, keyId: "UNKNOWN", secret: "wrong", limits: FAST });
  await assert.rejects(readAll(refused.read(ID, 0, 10, 99)), (error: Error & { code: string }) => {
    assert.equal(error.code, "bucket_refused");
    assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /wrong/);
    return true;
  });
  const elsewhere = new Bucket({ fetch, ...s3.store, url: s3.store.url.replace("sealed", "none-such"), limits: FAST });
  await assert.rejects(elsewhere.check(), { code: "bucket_unreachable", message: /NoSuchBucket/ });
});

test("a file that is shorter than it was said to be is not put", async (t) => {
  const s3 = await startS3(t);
  const bucket = new Bucket({ fetch, ...s3.store, limits: FAST });
  await assert.rejects(bucket.put(ID, await fileOf(t, randomBytes(50)), 60, nothing), { code: "file_damaged" });
  assert.deepEqual(s3.objects(), []);
});

/** Between the bucket and its service; true: it has answered by itself. */
type Meddle = (request: IncomingMessage, response: ServerResponse, answer: IncomingMessage) => boolean;

async function behind(t: TestContext, s3: S3Server, meddle: Meddle): Promise<{ bucket: Bucket; calls: string[] }> {
  const calls: string[] = [];
  const { port } = new URL(s3.store.url);
  const proxy = createServer((incoming, response) => {
    calls.push(incoming.method ?? "");
    const onward = request(
      { port, method: incoming.method, path: incoming.url, headers: incoming.headers },
      (answer) => {
        if (meddle(incoming, response, answer)) return;
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on("error", () => response.destroy());
    incoming.pipe(onward);
  });
  return { ...(await listen(t, s3, proxy)), calls };
}

/** The bucket, as it is reached through this server. */
async function listen(t: TestContext, s3: S3Server, proxy: Server): Promise<{ bucket: Bucket }> {
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  atEnd(t, () => {
    proxy.closeAllConnections();
    return new Promise((resolve) => proxy.close(resolve));
  });
  const { port } = new URL(s3.store.url);
  const url = s3.store.url.replace(port, String((proxy.address() as AddressInfo).port));
  return { bucket: new Bucket({ fetch, ...s3.store, url, limits: FAST }) };
}

/** A hundred thousand bytes that lie in the bucket. */
async function stored(t: TestContext, s3: S3Server): Promise<Uint8Array> {
  const content = randomBytes(100_000);
  await new Bucket({ fetch, ...s3.store }).put(ID, await fileOf(t, content), content.length, nothing);
  return content;
}

test("a download that breaks or falls silent goes on where it was", async (t) => {
  const s3 = await startS3(t);
  const content = await stored(t, s3);
  let breaks = 0;
  const { bucket, calls } = await behind(t, s3, (incoming, response, answer) => {
    if (incoming.method !== "GET" || ++breaks > 3) return false;
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.once("data", (piece: Uint8Array) => {
      response.write(piece.subarray(0, 10_000));
      answer.destroy();
      if (breaks % 2 === 1) setTimeout(() => response.destroy(), 20);
    });
    return true;
  });
  assert.deepEqual(await readAll(bucket.read(ID, 0, content.length, content.length)), content);
  assert.equal(calls.length, 4);
});

test("a service that never answers, or only with errors, is given up", async (t) => {
  const s3 = await startS3(t);
  const { length } = await stored(t, s3);
  for (const how of ["silent", "error", "cut"]) {
    const { bucket, calls } = await behind(t, s3, (_incoming, response) => {
      if (how === "error") response.writeHead(503).end();
      if (how === "cut") response.destroy();
      return true;
    });
    await assert.rejects(readAll(bucket.read(ID, 0, 10, length)), { code: "bucket_unreachable" }, how);
    assert.equal(calls.length, FAST.tries);
    const file = await fileOf(t, randomBytes(10));
    await assert.rejects(bucket.put(ID, file, 10, nothing), { code: "bucket_unreachable" });
  }
});

test("bytes that were not asked for are not taken for those that were", async (t) => {
  const s3 = await startS3(t);
  const content = await stored(t, s3);
  const whole = await behind(t, s3, (_incoming, response) => {
    response.writeHead(200, { "content-length": content.length }).end(content);
    return true;
  });
  await assert.rejects(readAll(whole.bucket.read(ID, 5, 10, content.length)), { message: /parts of an object/ });
  const shifted = await behind(t, s3, (_incoming, response) => {
    response.writeHead(206, { "content-range": `bytes 0-4/${content.length}` }).end(content.subarray(0, 5));
    return true;
  });
  await assert.rejects(readAll(shifted.bucket.read(ID, 5, 10, content.length)), { code: "file_damaged" });
  const longer = await behind(t, s3, (_incoming, response) => {
    response.writeHead(206, { "content-range": `bytes 5-9/${content.length}` }).end(content.subarray(5, 50));
    return true;
  });
  assert.deepEqual(await readAll(longer.bucket.read(ID, 5, 10, content.length)), content.subarray(5, 10));
});

test("a service can neither fill the memory nor write to the terminal", async (t) => {
  const s3 = await startS3(t);
  let sent = 0;
  const endless = await behind(t, s3, (_incoming, response) => {
    response.writeHead(400, { "content-type": "application/xml" });
    const more = (): void => {
      while (!response.destroyed && response.write("<Error>".repeat(10_000))) sent += 70_000;
    };
    response.on("drain", more);
    more();
    return true;
  });
  await assert.rejects(readAll(endless.bucket.read(ID, 0, 10, 100)), { code: "bucket_unreachable" });
  assert.ok(sent < 100 * MEBIBYTE, `${sent}`);
  const painter = await behind(t, s3, (_incoming, response) => {
    const body = "<Error><Code>Bad\u001b[2JCode</Code></Error>";
    response.writeHead(400, { "content-type": "application/xml" }).end(body);
    return true;
  });
  await assert.rejects(readAll(painter.bucket.read(ID, 0, 10, 100)), { message: /now: it answered 400\.$/ });
});

test("no redirect is followed: what is signed for one host is shown to no other", async (t) => {
  const s3 = await startS3(t);
  const heard: unknown[] = [];
  const other = createServer((incoming, response) => {
    heard.push(incoming.headers.authorization);
    response.end();
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  atEnd(t, () => new Promise((resolve) => other.close(resolve)));
  const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
  const { bucket } = await behind(t, s3, (_incoming, response) => {
    response.writeHead(307, { location }).end();
    return true;
  });
  await assert.rejects(readAll(bucket.read(ID, 0, 10, 100)), { code: "bucket_unreachable" });
  await assert.rejects(bucket.put(ID, await fileOf(t, randomBytes(10)), 10, nothing), { code: "bucket_unreachable" });
  assert.deepEqual(heard, []);
});

test("a blob counts as put only when the service says that it holds all of it", async (t) => {
  const s3 = await startS3(t);
  const { bucket } = await behind(t, s3, (incoming, response) => {
    if (incoming.method !== "PUT") return false;
    response.writeHead(200, { etag: '"0"' }).end();
    s3.overwrite(ID, randomBytes(9)); // it says yes and keeps less
    return true;
  });
  await stored(t, s3);
  await assert.rejects(bucket.put(ID, await fileOf(t, randomBytes(10)), 10, nothing), { message: /9 bytes of 10/ });
});

test("what is altered on its way to the bucket can be refused there, and goes again", async (t) => {
  const s3 = await startS3(t);
  const content = randomBytes(1_000);
  const { port } = new URL(s3.store.url);
  let puts = 0;
  // Alters the first body, and then does what S3 does with each: compares it with the digest that came along.
  const checked = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = Buffer.concat(await Array.fromAsync(incoming as AsyncIterable<Buffer>));
    if (incoming.method === "PUT" && puts++ === 0) body[0] = (body[0] ?? 0) ^ 1;
    const digest = createHash("md5").update(body).digest("base64");
    if (incoming.method === "PUT" && incoming.headers["content-md5"] !== digest) {
      response.writeHead(400, { "content-type": "application/xml" }).end("<Error><Code>BadDigest</Code></Error>");
      return;
    }
    const onward = request(
      { port, method: incoming.method, path: incoming.url, headers: incoming.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    onward.end(body);
  };
  const proxy = createServer((incoming, response) => void checked(incoming, response));
  const { bucket } = await listen(t, s3, proxy);
  await bucket.put(ID, await fileOf(t, content), content.length, nothing);
  assert.equal(puts, 2);
  assert.deepEqual(new Uint8Array(s3.read(ID)), content);
});

test("a large blob whose upload fails leaves no unfinished one", async (t) => {
  const s3 = await startS3(t);
  const seen: string[] = [];
  const { bucket } = await behind(t, s3, (incoming, response) => {
    seen.push(`${incoming.method} ${/partNumber=\d/.exec(incoming.url ?? "")?.[0] ?? ""}`.trim());
    if (!incoming.url?.includes("partNumber=2")) return false;
    response.writeHead(500).end();
    return true;
  });
  const content = randomBytes(PART + 10);
  await assert.rejects(bucket.put(ID, await fileOf(t, content), content.length, nothing), {
    code: "bucket_unreachable",
  });
  assert.deepEqual(seen, ["POST", "PUT partNumber=1", ...Array<string>(FAST.tries).fill("PUT partNumber=2"), "DELETE"]);
  assert.deepEqual(s3.objects(), []);
});
