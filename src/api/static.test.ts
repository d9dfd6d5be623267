import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type ApiNode, sendLines, startApiNode } from "../../test/support/api-node.ts";

const folder = mkdtempSync(join(tmpdir(), "nocturne-"));
let node: ApiNode;
before(async () => {
  node = await startApiNode({}, { webDir: folder });
});
after(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = (path: string) => node.call<string>("GET", path);

test("pages that are not built say how to build them", async () => {
  for (const path of ["/", "/assets/x.js", "/s/slug"]) {
    const { status, body } = await get(path);
    assert.equal(status, 503);
    assert.match(body, /npm run prepare/);
  }
});

test("once built they are served: index for every place of the app, hashed files for ever", async () => {
  writeFileSync(join(folder, "secret.txt"), "beside the pages");
  for (const name of ["app", "download"]) {
    mkdirSync(join(folder, name, "assets"), { recursive: true });
    writeFileSync(join(folder, name, "index.html"), `<title>${name}</title>`);
    writeFileSync(join(folder, name, "assets", "main-abc.js"), `"${name}"`);
  }
  writeFileSync(join(folder, "download", "sw.js"), "self");
  for (const path of ["/", "/chats/npub1", "/settings"]) {
    const { status, headers, body } = await get(path);
    assert.equal(status, 200);
    assert.equal(body, "<title>app</title>");
    assert.equal(headers.get("cache-control"), "no-cache");
    assert.equal(headers.get("content-type"), "text/html; charset=utf-8");
  }
  const asset = await get("/assets/main-abc.js");
  assert.equal(asset.body, '"app"');
  assert.match(asset.headers.get("cache-control") ?? "", /immutable/);
  assert.equal((await get("/assets/other.js")).status, 404);
});

test("the download page, its parts and its service worker", async () => {
  assert.equal((await get("/s/anySlug_1")).body, "<title>download</title>");
  const script = await get("/s/assets/main-abc.js");
  assert.equal(script.body, '"download"');
  assert.match(script.headers.get("content-security-policy") ?? "", /connect-src 'self'/);
  const worker = await get("/s/sw.js");
  assert.equal(worker.body, "self");
  assert.equal(worker.headers.get("service-worker-allowed"), "/s/");
  assert.match(worker.headers.get("content-type") ?? "", /javascript/);
  // Only the worker answers these; without it the person must see a plain end, not the app.
  const save = await get("/s/slug/save/1");
  assert.equal(save.status, 404);
  assert.doesNotMatch(save.body, /title/);
});

test("no path leads out of the folder", async () => {
  const paths = [
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/assets/../../secret.txt",
    "/app/index.html",
  ];
  for (const path of [
    ...paths,
    "//etc/passwd.txt",
    "/assets/%00.js",
    "/s/../secret.txt",
    "/s/assets/..%2f..%2f..%2fsecret.txt",
  ]) {
    const { text } = await sendLines(node.port, `GET ${path} HTTP/1.1`, `Host: localhost:${node.port}`);
    assert.doesNotMatch(text, /beside the pages|root:/, path);
  }
});
