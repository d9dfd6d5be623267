/** The mount over real connections, as a client that chooses every byte. litmus and rclone drive it in test/scenario. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { type ApiNode, startApiNode } from "../../../test/support/api-node.ts";
import { utf8Encode } from "../../core/bytes.ts";
import { API_LIMITS, DAV_LIMITS, UPLOAD_LIMITS } from "../../core/limits.ts";
import type { FileView, FolderListing, MountPassword, MountView, TrashView } from "../contract.ts";

let node: ApiNode;
let authorization = "";

before(async () => {
  node = await startApiNode();
  await turnOn();
});
after(() => node.close());

async function turnOn(change: object = { on: true }): Promise<string> {
  await node.call("PATCH", "/api/mount", change);
  const { password } = (await node.call<MountPassword>("POST", "/api/mount/password")).body;
  authorization = basic("nocturne", password);
  return password;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

interface Heard {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string;
}

/** Unlike `fetch` it sends what it is told to: any method, any path, no header of its own choice. */
async function dav(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Heard> {
  const known = { host: `localhost:${node.port}`, authorization };
  const sent = Object.fromEntries(Object.entries({ ...known, ...headers }).filter(([, value]) => value !== ""));
  const outgoing = request({ port: node.port, method, path, headers: sent, agent: false, setHost: false });
  outgoing.end(body);
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  const text = (await incoming.setEncoding("utf8").toArray()).join("");
  return { status: incoming.statusCode ?? 0, headers: incoming.headers as Record<string, string>, text };
}

async function statusOf(...args: Parameters<typeof dav>): Promise<number> {
  return (await dav(...args)).status;
}

const LOCK_BODY =
  '<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>';

async function lock(path: string, headers: Record<string, string> = {}): Promise<string> {
  const { headers: answered } = await dav("LOCK", path, { timeout: "Second-60", ...headers }, LOCK_BODY);
  return answered["lock-token"] ?? "";
}

test("nothing is there without the password, and the password is good for nothing else", async () => {
  await dav("PUT", "/dav/secret.txt", {}, "secret");
  for (const wrong of [
    "",
    "Basic",
    "Basic !",
    basic("nocturne", ""),
    basic("", ""),
    "Bearer x",
    authorization.replace("Basic", "Digest"),
  ]) {
    const { status, headers, text } = await dav("GET", "/dav/secret.txt", { authorization: wrong });
    assert.equal(status, 401, wrong);
    assert.match(headers["www-authenticate"] ?? "", /^Basic realm="Nocturne"/);
    assert.doesNotMatch(text, /secret\.txt/);
  }
  const session = { authorization: "", "x-nocturne-session": node.session };
  assert.equal(await statusOf("GET", "/dav/secret.txt", session), 401);
  assert.equal(await statusOf("GET", "/dav/secret.txt"), 200);
  for (const path of ["/api/files", "/api/status", "/dav/../api/files", "/dav/%2e%2e/api/files"])
    assert.equal(await statusOf("GET", path), 401, path);
});

test("guessing is slowed down, for the right password too", async () => {
  const guess = (text: string): Promise<number> => statusOf("GET", "/dav/", { authorization: basic("nocturne", text) });
  for (let i = 0; i < API_LIMITS.unlockFailures; i++) assert.equal(await guess(`${i}`), 401);
  assert.deepEqual([await guess("another"), await statusOf("GET", "/dav/")], [429, 429]);
  await node.close();
  node = await startApiNode();
  await turnOn();
});

test("no page of a browser reaches it, whatever it knows; without what gives a page away the same request works", async () => {
  const pages: Record<string, string>[] = [
    { origin: "https://evil.test" },
    { origin: "null" },
    { origin: `http://localhost:${node.port}` },
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    { "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate" },
    { "sec-fetch-site": "none", "sec-fetch-mode": "navigate" },
    { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" },
    { host: "evil.test" },
    { host: `evil.test:${node.port}` },
  ];
  for (const [i, headers] of pages.entries()) {
    for (const method of ["GET", "PROPFIND", "OPTIONS", "PUT", "DELETE"]) {
      const { status, headers: answered } = await dav(
        method,
        `/dav/attack-${i}`,
        headers,
        method === "PUT" ? "evil" : undefined,
      );
      assert.equal(status, headers["host"] === undefined ? 403 : 421, JSON.stringify(headers));
      assert.ok(
        !Object.keys(answered).some((name) => name.startsWith("access-control") || name === "www-authenticate"),
      );
    }
    assert.equal(await statusOf("HEAD", `/dav/attack-${i}`), 404);
  }
  assert.equal(await statusOf("PUT", "/dav/attack", {}, "control"), 201);
  assert.equal(await statusOf("DELETE", "/dav/attack"), 204);
});

test("off until it is turned on; a new password shuts the old one out", async () => {
  await dav("PUT", "/dav/a.txt", {}, "a");
  const old = authorization;
  const { body } = await node.call<MountView>("PATCH", "/api/mount", { on: false });
  assert.deepEqual([body.on, body.url, body.user], [false, `http://localhost:${node.port}/dav/`, "nocturne"]);
  const { status, text } = await dav("GET", "/dav/a.txt");
  assert.deepEqual([status, text.includes("nocturne files mount")], [404, true]);
  await turnOn({ on: true, newPassword: true });
  assert.deepEqual(
    [await statusOf("GET", "/dav/a.txt", { authorization: old }), await statusOf("GET", "/dav/a.txt")],
    [401, 200],
  );
  const password = Buffer.from(authorization.slice(6), "base64").toString().slice("nocturne:".length);
  assert.doesNotMatch(JSON.stringify((await node.call("GET", "/api/mount")).body), new RegExp(password));
});

test("a locked vault is busy, in words, and loses nothing", async () => {
  const passphrase = "four unrelated words";
  await node.call("POST", "/api/vault/passphrase", { next: passphrase });
  await dav("PUT", "/dav/kept.txt", {}, "kept");
  const cut = request({
    port: node.port,
    method: "PUT",
    path: "/dav/kept.txt",
    headers: { authorization },
    agent: false,
  });
  cut.write("half of ");
  await new Promise((resolve) => setTimeout(resolve, 50));
  await node.call("POST", "/api/vault/lock");
  cut.end(Buffer.alloc(5_000_000)); // most of it comes after the refusal is known
  const [answer] = (await once(cut, "response")) as [IncomingMessage];
  answer.resume();
  assert.equal(answer.statusCode, 503);
  const { status, headers, text } = await dav("PUT", "/dav/other.txt", {}, "x".repeat(1_000_000));
  assert.deepEqual([status, headers["retry-after"], /locked/.test(text)], [503, "30", true]);
  await node.call("POST", "/api/vault/unlock", { passphrase });
  assert.equal((await dav("GET", "/dav/kept.txt")).text, "kept");
  assert.equal(await statusOf("GET", "/dav/other.txt"), 404);
});

test("files with a password of their own are listed, copied and moved, but neither read nor written over", async () => {
  const password = Buffer.from("own").toString("base64url");
  await node.call("PUT", "/api/files?name=own.txt", utf8Encode("hidden"), { "x-nocturne-password": password });
  assert.match((await dav("PROPFIND", "/dav/", { depth: "1" })).text, /<D:href>\/dav\/own\.txt<\/D:href>/);
  for (const method of ["GET", "PUT"]) {
    const { status, text } = await dav(method, "/dav/own.txt", {}, method === "PUT" ? "plain" : undefined);
    assert.deepEqual([status, /password of its own/.test(text), /hidden/.test(text)], [403, true, false]);
  }
  assert.equal(await statusOf("COPY", "/dav/own.txt", { destination: "/dav/copy.txt" }), 201);
  assert.equal(await statusOf("MOVE", "/dav/own.txt", { destination: "/dav/moved.txt" }), 201);
  const { body } = await node.call<FileView[]>("GET", "/api/files");
  const kept = body.filter(({ name }) => ["copy.txt", "moved.txt"].includes(name));
  assert.deepEqual(
    kept.map(({ hasPassword, bytes }) => [hasPassword, bytes]),
    [
      [true, 6],
      [true, 6],
    ],
  );
});

test("contents are told apart by their tags: reads that are fresh, writes that come too late, parts, and ends", async () => {
  const { headers } = await dav("PUT", "/dav/c.txt", { "if-none-match": "*" }, "0123456789");
  const etag = headers["etag"] ?? "";
  assert.match(etag, /^"[\w-]{22}"$/);
  assert.equal(await statusOf("PUT", "/dav/c.txt", { "if-none-match": "*" }, "x"), 412);
  assert.equal(await statusOf("PUT", "/dav/c.txt", { "if-match": '"other"' }, "x"), 412);
  assert.equal(await statusOf("PUT", "/dav/none.txt", { "if-match": "*" }, "x"), 412);
  assert.equal(await statusOf("PUT", "/dav/c.txt", { "content-range": "bytes 0-0/10" }, "x"), 400);
  assert.equal(await statusOf("GET", "/dav/c.txt", { "if-none-match": `"x", ${etag}` }), 304);
  const whole = await dav("GET", "/dav/c.txt");
  assert.deepEqual(
    [whole.text, whole.headers["etag"], whole.headers["content-type"]],
    ["0123456789", etag, "text/plain; charset=utf-8"],
  );
  assert.equal(await statusOf("GET", "/dav/c.txt", { "if-modified-since": whole.headers["last-modified"] ?? "" }), 304);
  const part = await dav("GET", "/dav/c.txt", { range: "bytes=2-4", "if-range": etag });
  assert.deepEqual([part.status, part.text, part.headers["content-range"]], [206, "234", "bytes 2-4/10"]);
  assert.equal((await dav("GET", "/dav/c.txt", { range: "bytes=2-4", "if-range": '"old"' })).text, "0123456789");
  const beyond = await dav("GET", "/dav/c.txt", { range: "bytes=10-" });
  assert.deepEqual([beyond.status, beyond.headers["content-range"]], [416, "bytes */10"]);
  const head = await dav("HEAD", "/dav/c.txt");
  assert.deepEqual([head.status, head.headers["content-length"], head.text], [200, "10", ""]);
  assert.equal(await statusOf("PUT", "/dav/c.txt", { "if-match": etag }, "new"), 204);
  assert.notEqual((await dav("HEAD", "/dav/c.txt")).headers["etag"], etag);
  assert.equal(await statusOf("DELETE", "/dav/c.txt", { "if-match": etag }), 412);
});

test("a refused upload is heard, whether its body was sent at once, on demand, or never ends", async () => {
  await dav("PUT", "/dav/held.txt", {}, "held");
  const token = await lock("/dav/held.txt");
  const { status, text } = await dav("PUT", "/dav/held.txt", {}, "x".repeat(5_000_000));
  assert.deepEqual([status, /lock-token-submitted/.test(text)], [423, true]);
  const begin = [
    "PUT /dav/held.txt HTTP/1.1",
    `Host: localhost:${node.port}`,
    `Authorization: ${authorization}`,
    "Content-Length: 3",
  ];
  const socket = connect(node.port, "localhost");
  socket.write([...begin, "Expect: 100-continue", "", ""].join("\r\n"));
  const refused = (await socket.setEncoding("utf8").toArray()).join("");
  assert.match(refused, /^HTTP\/1\.1 423 /); // and the connection ended, because the body may come all the same

  const allowed = connect(node.port, "localhost").setEncoding("utf8");
  allowed.write([...begin, `If: (${token})`, "Expect: 100-continue", "Connection: close", "", ""].join("\r\n"));
  const [first] = (await once(allowed, "data")) as [string];
  assert.match(first, /^HTTP\/1\.1 100 /);
  allowed.write("new");
  assert.match((await allowed.toArray()).join(""), /^HTTP\/1\.1 204 /);
  assert.equal((await dav("GET", "/dav/held.txt")).text, "new");
});

test("a stranger who sends a byte of a body and falls silent is not waited for", async () => {
  const startedAt = performance.now();
  const socket = connect(node.port, "localhost");
  socket.write(`PUT /dav/x HTTP/1.1\r\nHost: localhost:${node.port}\r\nContent-Length: 1000\r\n\r\nx`);
  const heard = (await socket.setEncoding("utf8").toArray()).join("");
  assert.match(heard, /^HTTP\/1\.1 401 [^]*\r\nconnection: close\r\n/i);
  assert.ok(performance.now() - startedAt < UPLOAD_LIMITS.refusedMs + 5_000);
});

test("a body that breaks off leaves what was there, and nothing beside it", async () => {
  await dav("PUT", "/dav/whole.txt", {}, "whole");
  const { body: before } = await node.call<FileView[]>("GET", "/api/files");
  for (const path of ["/dav/whole.txt", "/dav/half.txt"]) {
    const socket = connect(node.port, "localhost");
    const lines = [`PUT ${path} HTTP/1.1`, `Host: localhost:${node.port}`, `Authorization: ${authorization}`];
    socket.write([...lines, "Content-Length: 1000", "", "half"].join("\r\n"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal((await dav("GET", "/dav/whole.txt")).text, "whole");
  assert.deepEqual((await node.call<FileView[]>("GET", "/api/files")).body, before);
});

test("what is deleted lies in the trash, and what an editor's rename replaces is a version", async () => {
  await dav("MKCOL", "/dav/work");
  await dav("PUT", "/dav/work/plan.odt", {}, "old");
  await dav("PUT", "/dav/work/.plan.odt.tmp", {}, "new");
  assert.equal(
    await statusOf("MOVE", "/dav/work/.plan.odt.tmp", { destination: "/dav/work/plan.odt", overwrite: "F" }),
    412,
  );
  assert.equal(await statusOf("MOVE", "/dav/work/.plan.odt.tmp", { destination: "/dav/work/plan.odt" }), 204);
  const { folders } = (await node.call<FolderListing>("GET", "/api/folders")).body;
  const id = folders.find(({ name }) => name === "work")?.id ?? "";
  const [file, another] = (await node.call<FolderListing>("GET", `/api/folders?folder=${id}`)).body.files;
  assert.deepEqual([file?.name, file?.versions, file?.bytes, another], ["plan.odt", 1, 3, undefined]);
  assert.equal(await statusOf("DELETE", "/dav/work"), 204);
  const { entries } = (await node.call<TrashView>("GET", "/api/trash")).body;
  assert.ok(entries.some((entry) => entry.id === id));
  assert.equal(await statusOf("PROPFIND", "/dav/work/plan.odt", { depth: "0" }), 404);
});

test("nothing is moved into itself, onto what it lies in, or elsewhere; the library itself stays", async () => {
  await dav("MKCOL", "/dav/m");
  await dav("MKCOL", "/dav/m/n");
  for (const [path, destination] of [
    ["/dav/m", "/dav/m/n/m"],
    ["/dav/m/n", "/dav/m"],
    ["/dav/m", "/dav/m"],
  ] as const)
    for (const method of ["COPY", "MOVE"])
      assert.equal(await statusOf(method, path, { destination }), 403, `${method} ${path} ${destination}`);
  assert.equal(await statusOf("MOVE", "/dav/m", { destination: "http://evil.test/dav/m" }), 502);
  assert.equal(await statusOf("COPY", "/dav/m", { destination: "/dav/none/m" }), 409);
  assert.equal(await statusOf("DELETE", "/dav/"), 403);
  assert.equal(await statusOf("DELETE", "/dav/m/#frag"), 400);
  assert.equal(await statusOf("PUT", "/dav/m", {}, "x"), 405);
  assert.equal(await statusOf("MKCOL", "/dav/m"), 405);
  assert.equal(await statusOf("MKCOL", "/dav/a/b/c"), 409);
  assert.equal(await statusOf("MKCOL", "/dav/body", {}, "<a/>"), 415);
  assert.equal(await statusOf("PUT", "/dav/none/x", {}, "x"), 409);
  assert.equal(await statusOf("PUT", "/dav/bad%20", {}, "x"), 400);
  assert.equal(await statusOf("REPORT", "/dav/m", {}, "<a/>"), 405);
  for (const name of ["._x", ".DS_Store", "desktop.ini", "~%24plan.docx", "Zu%CC%88rich"])
    assert.equal(await statusOf("PUT", `/dav/m/${name}`, {}, "x"), 201);
  assert.equal((await dav("GET", "/dav/m/Z%C3%BCrich")).text, "x");
});

test("properties of other programs are kept, all or none, and not lost when the mount is off", async () => {
  await dav("PUT", "/dav/p.txt", {}, "x");
  const set = (inside: string): string =>
    `<D:propertyupdate xmlns:D="DAV:" xmlns:m="urn:schemas-microsoft-com:"><D:set><D:prop>${inside}</D:prop></D:set></D:propertyupdate>`;
  const attributes = "<m:Win32FileAttributes>00000020</m:Win32FileAttributes>";
  assert.match((await dav("PROPPATCH", "/dav/p.txt", {}, set(attributes))).text, /HTTP\/1\.1 200 OK/);
  const mixed = await dav("PROPPATCH", "/dav/p.txt", {}, set("<m:Other>1</m:Other><D:getetag>x</D:getetag>"));
  assert.match(mixed.text, /getetag.*403 Forbidden.*cannot-modify-protected-property.*Other.*424 Failed Dependency/s);
  await turnOn({ on: false });
  await turnOn();
  const all = (await dav("PROPFIND", "/dav/p.txt", { depth: "0" })).text;
  assert.match(all, /<m:Win32FileAttributes[^>]*>00000020</);
  assert.doesNotMatch(all, /Other/);
});

test("programs find out what it can do, by every spelling of its address", async () => {
  for (const path of ["/dav", "/dav/"]) {
    const { status, headers } = await dav("OPTIONS", path);
    assert.deepEqual([status, headers["dav"], headers["ms-author-via"]], [200, "1, 2", "DAV"]);
    assert.match(headers["allow"] ?? "", /PROPFIND.*LOCK/);
    assert.match((await dav("PROPFIND", path, { depth: "0" })).text, /<D:href>\/dav\/<\/D:href>.*<D:collection\/>/);
    assert.equal(await statusOf("PROPFIND", path, { depth: "0", host: `127.0.0.1:${node.port}` }), 207);
  }
});

test("listings: quotas on demand, one folder at a time, and all that is below only where it is little", async () => {
  const quota =
    '<D:propfind xmlns:D="DAV:"><D:prop><D:quota-available-bytes/><D:quota-used-bytes/><D:none/></D:prop></D:propfind>';
  const { status, text } = await dav("PROPFIND", "/dav/", { depth: "0" }, quota);
  assert.equal(status, 207);
  assert.match(text, /<D:quota-available-bytes>[1-9]\d+<.*<D:quota-used-bytes>[1-9]\d*<.*<D:none\/>.*404 Not Found/s);
  assert.doesNotMatch((await dav("PROPFIND", "/dav/", { depth: "0" })).text, /quota/);
  assert.match((await dav("PROPFIND", "/dav/", { depth: "infinity" })).text, /\/dav\/m\/n\//);
  const { files } = node.services;
  const { id } = files.makeFolder("many");
  files.tables.transaction(() => {
    for (let i = 0; i < DAV_LIMITS.deepEntries; i++) files.makeFolder(`${i}`, id);
  });
  const deep = await dav("PROPFIND", "/dav/", {});
  assert.deepEqual([deep.status, /<D:propfind-finite-depth>/.test(deep.text)], [403, true]);
  const listed = (await dav("PROPFIND", "/dav/many/", { depth: "1" })).text.match(/<D:response>/g) ?? [];
  assert.equal(listed.length, DAV_LIMITS.deepEntries + 1);
  assert.equal(await statusOf("PROPFIND", "/dav/", { depth: "2" }), 400);
  assert.equal(await statusOf("PROPFIND", "/dav/", { depth: "0" }, "<!DOCTYPE a []><a/>"), 400);
});

test("a lock on a name that is free takes it, and guards what is around it as far as it says", async () => {
  const token = await lock("/dav/new.txt");
  assert.equal((await dav("GET", "/dav/new.txt")).text, "");
  assert.equal(await statusOf("LOCK", "/dav/new.txt", {}, LOCK_BODY), 423);
  for (const [method, headers] of [
    ["PUT", {}],
    ["DELETE", {}],
    ["MOVE", { destination: "/dav/away" }],
    ["PROPPATCH", {}],
  ] as const)
    assert.equal(
      await statusOf(method, "/dav/new.txt", headers, method === "PROPPATCH" ? PATCH : undefined),
      423,
      method,
    );
  assert.equal(await statusOf("PUT", "/dav/new.txt", { if: `(${token})` }, "content"), 204);
  assert.equal(await statusOf("PUT", "/dav/new.txt", { if: `</dav/new.txt> (${token})` }, "content 2"), 204);
  assert.equal(await statusOf("PUT", "/dav/new.txt", { if: `(${token} ["no"])` }, "x"), 412);
  assert.equal(await statusOf("PUT", "/dav/new.txt", { if: "(<opaquelocktoken:no>) (Not <DAV:no-lock>)" }, "x"), 423);
  const { body } = await node.call<FileView[]>("GET", "/api/files");
  assert.equal(body.find(({ name }) => name === "new.txt")?.versions, 1, "the empty content is no version");
  assert.match((await dav("PROPFIND", "/dav/new.txt", { depth: "0" })).text, /<D:timeout>Second-(60|59)</);
  assert.equal(await statusOf("LOCK", "/dav/new.txt", { if: `(${token})`, timeout: "Infinite, Second-9" }), 200);
  assert.equal(await statusOf("UNLOCK", "/dav/new.txt", { "lock-token": "<opaquelocktoken:no>" }), 409);
  assert.equal(await statusOf("MOVE", "/dav/new.txt", { destination: "/dav/away", if: `(${token})` }), 201);
  assert.equal(await statusOf("PUT", "/dav/away", {}, "free"), 204);
});

const PATCH = '<D:propertyupdate xmlns:D="DAV:"><D:remove><D:prop><a/></D:prop></D:remove></D:propertyupdate>';
