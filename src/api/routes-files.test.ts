import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as v from "valibot";
import { type ApiNode, startApiNode } from "../../test/support/api-node.ts";
import { toBase64Url, toHex, utf8Encode } from "../core/bytes.ts";
import { API_LIMITS } from "../core/limits.ts";
import type { DownloadTicket, FileView, LinkInfo, LinkView, RecoveryView } from "./contract.ts";
import { fileSchema, filesSchema, linkSchema, linksSchema } from "./schemas.ts";

const MIB = 1_048_576;
const LARGE_BYTES = 64 * MIB;

let node: ApiNode;
before(async () => {
  node = await startApiNode();
});
after(() => node.close());

const put = (name: string, content: string, headers: Record<string, string> = {}) =>
  node.call<FileView>("PUT", `/api/files?name=${encodeURIComponent(name)}`, utf8Encode(content), headers);
const password = (text: string) => ({ "x-nocturne-password": toBase64Url(utf8Encode(text)) });

/** What a browser does with a ticket: a form of its own, without the session. */
function submit(ticket: string): ReturnType<ApiNode["call"]> {
  const form = { "content-type": "application/x-www-form-urlencoded", "x-nocturne-session": "" };
  return node.call("POST", "/api/files/download", `ticket=${ticket}`, form);
}

/** A pattern that shows every lost, doubled or swapped piece. */
function* pattern(bytes: number): Generator<Uint8Array> {
  const piece = new Uint8Array(65_536);
  for (let at = 0; at < bytes; at += piece.length) {
    new DataView(piece.buffer).setUint32(0, at);
    yield piece.slice(0, Math.min(piece.length, bytes - at));
  }
}

/** Begins a call whose body and answer are streams. */
function stream(method: string, path: string, headers: Record<string, string> = {}): ReturnType<typeof request> {
  return request({
    host: "localhost",
    port: node.port,
    method,
    path,
    headers: { "x-nocturne-session": node.session, ...headers },
    agent: false,
  });
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes in live buffers: without a collection first, the garbage of a fast stream looks like memory held. */
function liveBuffers(): number {
  collectGarbage();
  collectGarbage(); // waits for the first one's sweeper, which works in the background
  return process.memoryUsage().arrayBuffers;
}

/** Passes pieces on and notes the most memory held by anybody while they went by. */
async function* weigh(
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  seen: { most: number },
): AsyncGenerator<Uint8Array> {
  let untilNext = 0;
  for await (const piece of source) {
    yield piece;
    untilNext -= piece.length;
    if (untilNext > 0) continue;
    untilNext = 16 * MIB;
    seen.most = Math.max(seen.most, liveBuffers());
  }
}

async function uploadLarge(seen: { most: number }): Promise<FileView> {
  const upload = stream("PUT", "/api/files?name=large.bin");
  const answered = once(upload, "response") as Promise<[IncomingMessage]>;
  await pipeline(weigh(pattern(LARGE_BYTES), seen), upload);
  const [answer] = await answered;
  return JSON.parse((await answer.toArray()).join("")) as FileView;
}

test("a large file goes in and comes out whole, with little memory", async () => {
  const seen = { most: 0 };
  const before = liveBuffers();
  const file = await uploadLarge(seen);
  assert.equal(file.bytes, LARGE_BYTES);
  const { body } = await node.call<DownloadTicket>("POST", `/api/files/${file.id}/ticket`, {});
  const download = stream("POST", "/api/files/download", { "content-type": "application/x-www-form-urlencoded" });
  download.end(`ticket=${body.ticket}`);
  const [content] = (await once(download, "response")) as [IncomingMessage];
  assert.equal(content.headers["content-length"], String(LARGE_BYTES));
  let at = 0;
  for await (const piece of weigh(content, seen)) {
    const view = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    for (let mark = Math.ceil(at / 65_536) * 65_536; mark + 4 <= at + piece.length; mark += 65_536) {
      assert.equal(view.readUInt32BE(mark - at), mark);
    }
    at += piece.length;
  }
  assert.equal(at, LARGE_BYTES);
  assert.ok(seen.most - before < 16 * MIB, `${seen.most - before} bytes were held`);
  await node.call("DELETE", `/api/files/${file.id}?forever=true`);
});

test("a reader that stands still does not fill the node's memory", async () => {
  const file = await uploadLarge({ most: 0 });
  const before = liveBuffers();
  const download = stream("POST", `/api/files/${file.id}/content`, { "content-type": "application/json" });
  download.end("{}");
  const [content] = (await once(download, "response")) as [IncomingMessage];
  content.pause();
  await sleep(300);
  const held = liveBuffers() - before;
  content.destroy();
  assert.ok(held < 16 * MIB, `${held} bytes were held`);
  await node.call("DELETE", `/api/files/${file.id}?forever=true`);
});

test("an upload that breaks off leaves nothing", async () => {
  const upload = stream("PUT", "/api/files?name=broken.bin", { "content-length": String(LARGE_BYTES) });
  upload.on("error", () => {});
  for (const piece of pattern(MIB)) upload.write(piece);
  await sleep(100);
  upload.destroy();
  const blobs = join(node.config.dataDir, "blobs");
  for (let tries = 0; readdirSync(blobs).length > 0 && tries < 100; tries++) await sleep(20);
  assert.deepEqual(readdirSync(blobs), []);
  assert.deepEqual((await node.call<FileView[]>("GET", "/api/files")).body, []);
});

test("a file's life: listed, saved by a ticket once, deleted", async () => {
  const { status, body: file } = await put("café.txt", "hello");
  assert.equal(status, 200);
  v.assert(fileSchema, file);
  const list = (await node.call("GET", "/api/files")).body;
  v.assert(filesSchema, list);
  assert.deepEqual(list, [file]);
  assert.deepEqual((await node.call("GET", `/api/files/${file.id}`)).body, file);
  const { ticket } = (await node.call<DownloadTicket>("POST", `/api/files/${file.id}/ticket`, {})).body;
  const saved = await submit(ticket);
  assert.equal(saved.body, "hello");
  assert.match(saved.headers.get("content-disposition") ?? "", /^attachment; .*''caf%C3%A9\.txt$/);
  assert.equal(saved.headers.get("content-type"), "application/octet-stream");
  assert.match(saved.headers.get("content-security-policy") ?? "", /sandbox/);
  assert.equal((await submit(ticket)).status, 404);
  assert.equal((await node.call("DELETE", `/api/files/${file.id}`)).status, 200);
  assert.equal((await node.call("GET", `/api/files/${file.id}`)).status, 404);
});

test("a password guards a file, is recovered and changed", async () => {
  const file = (await put("secret.txt", "hello", password("påss wörd"))).body;
  const open = (body: object) => node.call<string>("POST", `/api/files/${file.id}/content`, body);
  assert.equal((await open({})).status, 400);
  assert.equal((await open({ password: "wrong" })).status, 400);
  assert.equal((await node.call("POST", `/api/files/${file.id}/ticket`, { password: "wrong" })).status, 400);
  assert.equal((await open({ password: "påss wörd" })).body, "hello");
  const { hex } = (await node.call<RecoveryView>("GET", "/api/recovery")).body;
  const recover = (recoveryKey: string) => node.call("POST", `/api/files/${file.id}/recover`, { recoveryKey });
  assert.deepEqual((await recover(hex)).body, { password: "påss wörd" });
  assert.equal((await recover(toHex(new Uint8Array(32)))).status, 400);
  const change = { current: "påss wörd", next: "another one" };
  assert.equal(
    (await node.call("POST", `/api/files/${file.id}/password`, { ...change, current: "wrong" })).status,
    400,
  );
  assert.equal((await node.call("POST", `/api/files/${file.id}/password`, change)).status, 200);
  assert.equal((await open({ password: "another one" })).body, "hello");
});

test("a download goes on at a range while the content is the same, and begins anew when it is another one", async () => {
  const file = (await put("plan.txt", "0123456789")).body;
  const read = (headers: Record<string, string> = {}) =>
    node.call<string>("POST", `/api/files/${file.id}/content`, {}, headers);
  const whole = await read();
  const etag = whole.headers.get("etag") ?? "";
  assert.match(etag, /^"[0-9a-f]{32}"$/);
  assert.equal(whole.headers.get("accept-ranges"), "bytes");
  const blob = readdirSync(join(node.config.dataDir, "blobs")).find((name) => etag.includes(name));
  assert.equal(blob, undefined, "the tag does not tell which blob it is");
  const part = await read({ range: "bytes=4-", "if-range": etag });
  assert.deepEqual([part.status, part.body, part.headers.get("content-range")], [206, "456789", "bytes 4-9/10"]);
  await node.call("PUT", "/api/files?name=plan.txt&taken=version", utf8Encode("abcdefghij"));
  const changed = await read({ range: "bytes=4-", "if-range": etag });
  assert.deepEqual([changed.status, changed.body], [200, "abcdefghij"]);
  assert.notEqual(changed.headers.get("etag"), etag);
  await node.call("DELETE", `/api/files/${file.id}?forever=true`);
});

test("bad input is refused by its name and changes nothing", async () => {
  const refusals: readonly (readonly [string, string, unknown?, Record<string, string>?])[] = [
    ["PUT", "/api/files", utf8Encode("x")],
    ["PUT", "/api/files?name=", utf8Encode("x")],
    ["PUT", "/api/files?name=..", utf8Encode("x")],
    ["PUT", "/api/files?name=a&cipher=rot13", utf8Encode("x")],
    ["PUT", "/api/files?name=a", utf8Encode("x"), { "x-nocturne-password": "not base64!" }],
    ["PUT", "/api/files?name=a", utf8Encode("x"), { "x-nocturne-password": "" }],
  ];
  const before = (await node.call<FileView[]>("GET", "/api/files")).body;
  for (const [method, path, body, headers] of refusals) {
    assert.equal((await node.call(method, path, body, headers)).status, 400, path);
  }
  assert.equal((await submit("x".repeat(API_LIMITS.bodyBytes))).status, 413);
  assert.deepEqual((await node.call("GET", "/api/files")).body, before);
});

test("a share link, from its making to its end", async () => {
  const file = (await put("shared.txt", "for you")).body;
  const create = (body: object) => node.call<LinkView>("POST", `/api/files/${file.id}/links`, body);
  const { status, body: link } = await create({ mode: "timed", expires: "1h", downloads: 2 });
  assert.equal(status, 200);
  v.assert(linkSchema, link);
  assert.equal(new URL(link.url).origin, `http://localhost:${node.port}`);
  assert.equal(new URL(link.url).pathname, `/s/${link.slug}`);
  assert.equal(link.left, 2);
  const list = (await node.call("GET", "/api/links")).body;
  v.assert(linksSchema, list);
  assert.deepEqual(list, [link]);
  for (const bad of [{ mode: "timed", expires: "soon" }, { mode: "forever" }, { mode: "timed", downloads: 0 }, {}]) {
    assert.equal((await create(bad)).status, 400, JSON.stringify(bad));
  }
  assert.equal((await node.call("POST", "/api/files/0000/links", { mode: "persistent" })).status, 404);
  assert.equal((await node.call("DELETE", `/api/links/${link.slug}`)).status, 200);
  assert.equal((await node.call("DELETE", `/api/links/${link.slug}`)).status, 404);
});

test("the public side needs no session, and refuses what does not hold the key", async () => {
  const file = (await put("public.txt", "for all")).body;
  const { slug } = (await node.call<LinkView>("POST", `/api/files/${file.id}/links`, { mode: "one-time" })).body;
  const visit = <T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    node.call<T>(method, `/s/${slug}${path}`, body, { "x-nocturne-session": "", ...headers });
  const info = (await visit<LinkInfo>("GET", "/info")).body;
  assert.deepEqual(info, { state: "active", needsPassword: false, passwordSalt: null, argon2: null });
  const wrong = toBase64Url(new Uint8Array(32));
  assert.equal((await visit("POST", "/claim", { proof: wrong })).status, 403);
  assert.equal((await visit("POST", "/claim", { proof: "%" })).status, 400);
  assert.equal((await visit("POST", "/claim", {})).status, 400);
  assert.equal((await visit("GET", "/content")).status, 400);
  assert.equal((await visit("GET", "/content", undefined, { "x-nocturne-lease": wrong })).status, 410);
  assert.equal((await visit("POST", "/claim", { proof: wrong }, { origin: "https://evil.test" })).status, 403);
  assert.equal((await visit<LinkInfo>("GET", "/info")).body.state, "active");
  const unknown = await node.call<LinkInfo>("GET", "/s/unknown-slug/info");
  assert.equal(unknown.body.state, "unknown");
});

test("a link is asked for only so often in a moment; other links and the owner's calls go on", async () => {
  const file = (await put("often.txt", "often")).body;
  const make = () => node.call<LinkView>("POST", `/api/files/${file.id}/links`, { mode: "persistent" });
  const { slug } = (await make()).body;
  const other = (await make()).body;
  const answers = await Promise.all(Array.from({ length: 300 }, () => node.call("GET", `/s/${slug}/info`)));
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length >= 40 && refused.length <= 60, `${refused.length} of 300 were refused`);
  assert.match(JSON.stringify(refused[0]?.body), /too_many_requests/);
  assert.equal((await node.call("GET", `/s/${other.slug}/info`)).status, 200);
  assert.equal((await node.call("GET", "/api/links")).status, 200);
});
