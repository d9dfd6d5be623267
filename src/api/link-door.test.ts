import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ApiNode, sendLines, startApiNode } from "../../test/support/api-node.ts";
import type { FileView, LinkInfo, LinkView } from "./contract.ts";

const HOST = "Host: abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx.onion";

let node: ApiNode;
let port: number;

before(async () => {
  node = await startApiNode();
  port = await node.services.network.linkDoor();
});

after(() => node.close());

const get = (path: string) => sendLines(port, `GET ${path} HTTP/1.1`, HOST);

test("a link is served under any name, with the headers of its page", async () => {
  const { body: file } = await node.call<FileView>("PUT", "/api/files?name=a.txt", "content");
  const { body: link } = await node.call<LinkView>("POST", `/api/files/${file.id}/links`, { mode: "persistent" });
  const { status, text } = await get(`/s/${link.slug}/info`);
  assert.equal(status, 200);
  assert.match(text, /content-security-policy: default-src 'none'; frame-ancestors 'none'; sandbox/);
  assert.equal((JSON.parse(text.slice(text.indexOf("{"))) as LinkInfo).state, "active");
  const page = await get(`/s/${link.slug}`);
  assert.equal(page.status, 200);
  assert.match(page.text, /trusted-types nocturne-download/);
});

test("nothing of the app is behind that door", async () => {
  const paths = [
    "/",
    "/api/status",
    "/api/session",
    "/api/launch",
    "/dav/",
    "/chats",
    "/s/../api/status",
    "/s/%2e%2e/api/status",
  ];
  for (const path of [...paths, "//api/status", "/S/../api/status", "/s/x/../../api/status"]) {
    const { status, text } = await get(path);
    assert.ok(status === 404 || status === 400, `${path}: ${status}`);
    assert.doesNotMatch(text, /npub|"running"|<title>Nocturne<\/title>/, path);
  }
  const session = `x-nocturne-session: ${node.session}`;
  const { status } = await sendLines(port, "GET /api/status HTTP/1.1", HOST, session);
  assert.equal(status, 404, "not even with a session");
});

test("there is one such door", async () => {
  assert.equal(await node.services.network.linkDoor(), port);
  assert.notEqual(port, node.port);
});
