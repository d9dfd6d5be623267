import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as v from "valibot";
import { type ApiNode, sendLines, startApiNode } from "../../test/support/api-node.ts";
import { toBase64Url, utf8Encode } from "../core/bytes.ts";
import { API_LIMITS, FILE_LIMITS } from "../core/limits.ts";
import type { ContentReader } from "../files/library.ts";
import type { FileView, PreviewTicket, ThumbnailView } from "./contract.ts";
import { PREVIEW_PATH } from "./guard.ts";
import { Previews } from "./previews.ts";
import { previewSchema, thumbnailSchema } from "./schemas.ts";

const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
const ELEMENT = ["Sec-Fetch-Site: same-origin", "Sec-Fetch-Dest: image", "Sec-Fetch-Mode: no-cors"];

let node: ApiNode;
before(async () => {
  node = await startApiNode();
});
after(() => node.close());

async function put(name: string, content: string, headers: Record<string, string> = {}): Promise<FileView> {
  return (await node.call<FileView>("PUT", `/api/files?name=${name}`, utf8Encode(content), headers)).body;
}

async function preview(id: string, body: object = {}): Promise<PreviewTicket> {
  const answer = await node.call<PreviewTicket>("POST", `/api/files/${id}/preview`, body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return v.parse(previewSchema, answer.body);
}

/** What a browser would send for an element of a page. */
const ask = (ticket: string, ...lines: string[]): ReturnType<typeof sendLines> =>
  sendLines(node.port, `GET ${PREVIEW_PATH}/${ticket} HTTP/1.1`, `Host: localhost:${node.port}`, ...lines);

test("an element of the page reads a preview, in parts and again, under headers that leave it no rights", async () => {
  const { id } = await put("evil.svg", SVG);
  const { ticket, type, preview: kind } = await preview(id);
  assert.deepEqual([type, kind], ["image/svg+xml", "image"]);
  const whole = await ask(ticket, ...ELEMENT);
  assert.equal(whole.status, 200);
  assert.ok(whole.text.endsWith(SVG));
  assert.match(whole.text, /content-security-policy: default-src 'none'; [^\r]*frame-ancestors 'self'; sandbox\r/);
  for (const line of ["x-content-type-options: nosniff", "content-type: image/svg+xml", "cache-control: no-store"])
    assert.ok(whole.text.includes(`\r\n${line}\r\n`), line);
  const part = await ask(ticket, ...ELEMENT, "Range: bytes=5-9");
  assert.equal(part.status, 206);
  assert.match(part.text, new RegExp(`content-range: bytes 5-9/${SVG.length}\r`));
  assert.ok(part.text.endsWith(`\r\n\r\n${SVG.slice(5, 10)}`));
});

test("nobody else does: other sites, pages of their own, scripts, programs without the session", async () => {
  const { id } = await put("a.png", "pixels");
  const { ticket } = await preview(id);
  for (const lines of [
    [],
    ["Sec-Fetch-Site: same-origin"],
    ["Sec-Fetch-Dest: image"],
    ...["document", "script", "style", "worker", "empty", "object", "embed"].map((dest) => [
      "Sec-Fetch-Site: same-origin",
      `Sec-Fetch-Dest: ${dest}`,
    ]),
  ])
    assert.equal((await ask(ticket, ...lines)).status, 401, String(lines));
  for (const site of ["cross-site", "same-site", "none"])
    assert.equal((await ask(ticket, `Sec-Fetch-Site: ${site}`, "Sec-Fetch-Dest: image")).status, 403, site);
  assert.equal((await ask(ticket, ...ELEMENT, "Origin: http://evil.test")).status, 403);
  assert.notEqual((await ask("A".repeat(43), ...ELEMENT)).status, 200);
  const read = `POST ${PREVIEW_PATH}/${ticket} HTTP/1.1`;
  assert.equal((await sendLines(node.port, read, `Host: localhost:${node.port}`, ...ELEMENT)).status, 401);
  const status = `GET /api/status HTTP/1.1`;
  assert.equal((await sendLines(node.port, status, `Host: localhost:${node.port}`, ...ELEMENT)).status, 401);
  assert.equal((await ask(ticket, ...ELEMENT)).status, 200, "all this has not used it up");

  await node.call("DELETE", `${PREVIEW_PATH}/${ticket}`);
  assert.notEqual((await ask(ticket, ...ELEMENT)).status, 200);
});

test("HTML, and whatever else is no picture, sound, film or PDF, is never sent as itself", async () => {
  for (const name of ["a.html", "a.xhtml", "a.xml", "a.js", "a.zip", "noname"]) {
    const { id } = await put(name, "<script>alert(1)</script>");
    const { status, body } = await node.call("POST", `/api/files/${id}/preview`, {});
    assert.deepEqual([status, (body as { error: { code: string } }).error.code], [400, "no_preview"], name);
  }
});

test("a preview of a file with a password asks for it once; one of an earlier version shows that", async () => {
  const locked = await put("a.png", "first", { "x-nocturne-password": toBase64Url(utf8Encode("secret")) });
  assert.equal((await node.call("POST", `/api/files/${locked.id}/preview`, {})).status, 400);
  assert.equal((await node.call("POST", `/api/files/${locked.id}/preview`, { password: "wrong" })).status, 400);
  const { ticket } = await preview(locked.id, { password: "secret" });
  assert.ok((await ask(ticket, ...ELEMENT)).text.endsWith("first"));

  const file = await put("b.png", "older");
  await put("b.png&taken=version", "newer");
  const { body } = await node.call<{ id: string }[]>("GET", `/api/files/${file.id}/versions`);
  const old = await preview(file.id, { version: body[0]?.id });
  assert.ok((await ask(old.ticket, ...ELEMENT)).text.endsWith("older"));
});

test("a preview ends when nothing was read for long, when there are too many, and all of them with the lock", () => {
  const clock = { now: 0, nowMs: () => clock.now };
  const closed: string[] = [];
  const previews = new Previews(clock);
  const open = (name: string): string => {
    const content: ContentReader = { bytes: 0, read: () => assert.fail(), close: () => void closed.push(name) };
    return previews.open({ type: "image/png", content, session: "s" });
  };
  const [a, b] = [open("a"), open("b")];
  clock.now += API_LIMITS.previewIdleMs - 1;
  previews.use(b);
  clock.now += 1;
  assert.throws(() => previews.use(a), { code: "unknown_ticket" });
  assert.deepEqual(closed, ["a"]);
  for (let i = 0; i < API_LIMITS.previews - 1; i++) open(String(i));
  previews.use(b);
  open("one more");
  assert.deepEqual(closed, ["a", "0"], "the one that was not used for longest gives way");
  previews.clear();
  assert.equal(closed.length, API_LIMITS.previews + 2);
  assert.throws(() => previews.use(b), { code: "unknown_ticket" });
});

test("a thumbnail is kept for the content that it was made of", async () => {
  const file = await put("c.png", "pixels");
  const path = `/api/files/${file.id}/thumbnail`;
  const get = async (): Promise<ThumbnailView> => v.parse(thumbnailSchema, (await node.call("GET", path)).body);
  assert.deepEqual(await get(), { picture: null });
  const picture = new Uint8Array(FILE_LIMITS.thumbnailBytes);
  picture.set(utf8Encode("RIFF0000WEBP"));
  const send = async (bytes: string, addedAt = file.addedAt): Promise<number> =>
    (await node.call("POST", path, { addedAt, picture: bytes })).status;
  for (const bad of [
    "%",
    "",
    toBase64Url(utf8Encode(SVG)),
    toBase64Url(new Uint8Array(FILE_LIMITS.thumbnailBytes + 1)),
  ])
    assert.equal(await send(bad), 400);
  assert.equal(await send(toBase64Url(picture), "2020-01-01T00:00:00.000Z"), 400);
  assert.equal(await send(toBase64Url(picture)), 200);
  assert.deepEqual(await get(), { picture: { type: "image/webp", bytes: toBase64Url(picture) } });
});

test("locking the vault ends previews", async (t) => {
  const other = await startApiNode();
  t.after(() => other.close());
  await other.call("POST", "/api/vault/passphrase", { next: "a long passphrase" });
  const { body: file } = await other.call<FileView>("PUT", "/api/files?name=a.png", utf8Encode("pixels"));
  const { body } = await other.call<PreviewTicket>("POST", `/api/files/${file.id}/preview`, {});
  const line = `GET ${PREVIEW_PATH}/${body.ticket} HTTP/1.1`;
  const read = (): ReturnType<typeof sendLines> =>
    sendLines(other.port, line, `Host: localhost:${other.port}`, ...ELEMENT);
  assert.equal((await read()).status, 200);
  await other.call("POST", "/api/vault/lock");
  assert.notEqual((await read()).status, 200);
});

test("a preview ends with the session that opened it", async (t) => {
  const other = await startApiNode();
  t.after(() => other.close());
  const { body: file } = await other.call<FileView>("PUT", "/api/files?name=a.png", utf8Encode("pixels"));
  const { body } = await other.call<PreviewTicket>("POST", `/api/files/${file.id}/preview`, {});
  const launches: string[] = [];
  for (let i = 0; i < API_LIMITS.sessions; i++)
    launches.push((await other.call<{ url: string }>("POST", "/api/launch")).body.url);
  for (const url of launches) {
    const { status } = await other.call("POST", "/api/session", { token: new URL(url).hash.slice("#token=".length) });
    assert.equal(status, 200);
  }
  const line = `GET ${PREVIEW_PATH}/${body.ticket} HTTP/1.1`;
  assert.equal((await sendLines(other.port, line, `Host: localhost:${other.port}`, ...ELEMENT)).status, 401);
});
