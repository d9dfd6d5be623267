import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { after, before, test } from "node:test";
import * as v from "valibot";
import { type ApiNode, startApiNode } from "../../test/support/api-node.ts";
import { toBase64Url, utf8Encode } from "../core/bytes.ts";
import { UPLOAD_LIMITS } from "../core/limits.ts";
import type { ApiError, CreateUpload, FileView, UploadView } from "./contract.ts";
import { uploadSchema, uploadsSchema } from "./schemas.ts";

let node: ApiNode;
before(async () => {
  node = await startApiNode();
});
after(() => node.close());

const create = (more: Partial<CreateUpload> = {}, headers: Record<string, string> = {}) =>
  node.call<UploadView>("POST", "/api/uploads", { name: "a.bin", bytes: 5, fingerprint: "f", ...more }, headers);
const append = (id: string, offset: string | number, body: Uint8Array) =>
  node.call<UploadView & ApiError>("PATCH", `/api/uploads/${id}`, body, { "upload-offset": String(offset) });

test("an upload's life: begun, found again, continued, ended, told of again", async () => {
  const password = { "x-nocturne-password": toBase64Url(utf8Encode("walnut")) };
  const { status, body: begun } = await create({}, password);
  assert.equal(status, 200);
  v.assert(uploadSchema, begun);
  assert.deepEqual([begun.offset, begun.hasPassword, begun.file], [0, true, null]);
  assert.equal((await append(begun.id, 0, utf8Encode("he"))).body.offset, 2);
  assert.equal((await create({}, password)).body.offset, 2);
  const list = (await node.call<UploadView[]>("GET", "/api/uploads")).body;
  v.assert(uploadsSchema, list);
  assert.equal(list.length, 1);
  const wrong = await append(begun.id, 0, utf8Encode("hello"));
  assert.deepEqual(
    [wrong.status, wrong.headers.get("upload-offset"), wrong.body.error.code],
    [409, "2", "upload_offset"],
  );
  const { body: ended } = await append(begun.id, 2, utf8Encode("llo"));
  v.assert(uploadSchema, ended);
  assert.equal(ended.file?.hasPassword, true);
  const content = `/api/files/${ended.file?.id}/content`;
  assert.equal((await node.call("POST", content, { password: "walnut" })).body, "hello");
  assert.deepEqual((await node.call("GET", `/api/uploads/${begun.id}`)).body, ended);
  assert.deepEqual((await append(begun.id, 5, new Uint8Array(0))).body, ended);
  assert.deepEqual((await node.call("GET", "/api/uploads")).body, []);
});

test("bad input is refused by its name and changes nothing", async () => {
  const { id } = (await create({ fingerprint: "bad input" })).body;
  for (const offset of ["-1", "", "1e3", "0x2", "1.5", "99999999999999999999", "NaN", "0 0"]) {
    const { status, body } = await append(id, offset, utf8Encode("he"));
    assert.deepEqual([status, body.error.code], [400, "bad_request"], offset);
  }
  for (const offset of [1, 6, 999_999_999_999_999])
    assert.equal((await append(id, offset, utf8Encode("he"))).status, 409);
  assert.equal((await append(id, 0, utf8Encode("hello!"))).status, 413);
  assert.equal((await append("0000", 0, utf8Encode("he"))).status, 404);
  for (const more of [{ bytes: -1 }, { bytes: 1.5 }, { name: ".." }, { cipher: "rot13" as never }]) {
    assert.equal((await create(more)).status, 400, JSON.stringify(more));
  }
  assert.equal((await create({ bytes: 2 ** 52 })).status, 507);
  const session = { "x-nocturne-session": "" };
  assert.equal((await node.call("PATCH", `/api/uploads/${id}`, utf8Encode("x"), session)).status, 401);
  const foreign = { origin: "https://evil.test", "upload-offset": "0" };
  assert.equal((await node.call("PATCH", `/api/uploads/${id}`, utf8Encode("x"), foreign)).status, 403);
  assert.equal(
    (await node.call<ApiError>("GET", "/api/uploads", undefined, { "x-nocturne-persona": "p" })).status,
    403,
  );
  assert.equal((await node.call<UploadView>("GET", `/api/uploads/${id}`)).body.offset, 0);
  assert.equal((await node.call("DELETE", `/api/uploads/${id}`)).status, 200);
  assert.equal((await node.call("GET", `/api/uploads/${id}`)).status, 404);
});

/** Sends all of a large body before it reads the answer, as browsers do. */
async function sendAll(method: string, path: string, bytes: number, headers: Record<string, string> = {}) {
  const { port, session } = node;
  const sent = { "x-nocturne-session": session, "content-length": bytes, ...headers };
  const outgoing = request({ host: "localhost", port, method, path, headers: sent, agent: false });
  const answered = once(outgoing, "response");
  answered.catch(() => undefined);
  for (let at = 0; at < bytes; at += 65_536) {
    if (!outgoing.write(randomBytes(Math.min(65_536, bytes - at)))) await once(outgoing, "drain");
  }
  outgoing.end();
  const [answer] = await answered;
  const text = (await answer.setEncoding("utf8").toArray()).join("");
  return { status: answer.statusCode as number, body: JSON.parse(text) as ApiError };
}

test("who is refused early reads why, even if he sends the whole body first", async () => {
  const bytes = UPLOAD_LIMITS.refusedBytes / 2;
  const put = await sendAll("PUT", "/api/files?name=a&folder=/nowhere", bytes);
  assert.deepEqual([put.status, put.body.error.code], [404, "unknown_folder"]);
  const { id } = (await create({ fingerprint: "early", bytes: 100_000 })).body;
  const patch = await sendAll("PATCH", `/api/uploads/${id}`, bytes, { "upload-offset": "0" });
  assert.deepEqual([patch.status, patch.body.error.code], [413, "upload_too_long"]);
  const gone = await sendAll("PATCH", "/api/uploads/0000", bytes, { "upload-offset": "0" });
  assert.equal(gone.status, 404);
  await node.call("DELETE", `/api/uploads/${id}`);
});

test("what uploads hold is counted in what the disk holds", async () => {
  const { id } = (await create({ fingerprint: "space", bytes: 3_000_000 })).body;
  await append(id, 0, randomBytes(2_000_000));
  const { uploadBytes } = (await node.call<{ uploadBytes: number }>("GET", "/api/files/space")).body;
  assert.ok(uploadBytes > 1_000_000 && uploadBytes < 2_100_000, String(uploadBytes));
  await node.call("DELETE", `/api/uploads/${id}`);
  assert.equal((await node.call<{ uploadBytes: number }>("GET", "/api/files/space")).body.uploadBytes, 0);
  assert.equal((await node.call<FileView[]>("GET", "/api/files")).body.length, 1);
});
