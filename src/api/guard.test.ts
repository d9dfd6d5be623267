import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ApiNode, exchange, sendLines, startApiNode } from "../../test/support/api-node.ts";

let node: ApiNode;
before(async () => {
  node = await startApiNode();
});
after(() => node.close());

const host = (): string => `Host: localhost:${node.port}`;
const session = (): string => `X-Nocturne-Session: ${node.session}`;
const STATUS = "GET /api/status HTTP/1.1";

test("DNS rebinding: any name but ours is refused, on every path and both addresses", async () => {
  const names = [
    "evil.test",
    `evil.test:${node.port}`,
    "localhost",
    `localhost:${node.port + 1}`,
    `localhost.evil.test:${node.port}`,
  ];
  for (const name of [...names, `127.0.0.1.nip.io:${node.port}`, `user@localhost:${node.port}`]) {
    for (const target of ["/", "/api/status", "/s/abc/info", "/api/session"]) {
      const { status } = await sendLines(node.port, `GET ${target} HTTP/1.1`, `Host: ${name}`, session());
      assert.ok(status === 421 || status === 400, `${name} ${target}: ${status}`);
    }
  }
  assert.equal((await sendLines(node.port, STATUS, "Host: evil.test", session())).status, 421);
  assert.equal((await sendLines(node.port, STATUS, session())).status, 400);
});

test("a request for another server's address is not ours", async () => {
  const foreign = `GET http://evil.test/api/status HTTP/1.1`;
  assert.equal((await sendLines(node.port, foreign, host(), session())).status, 421);
});

test("our own names are let in, whatever their case", async () => {
  for (const name of ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"]) {
    const { status } = await sendLines(node.port, STATUS, `Host: ${name}:${node.port}`, session());
    assert.equal(status, 200, name);
  }
});

test("a page of another origin is refused even with a session", async () => {
  const foreign = ["https://evil.test", `http://localhost:${node.port + 1}`, `https://localhost:${node.port}`, "null"];
  for (const origin of [...foreign, `http://127.0.0.1:${node.port}`, "http://localhost", ""]) {
    const { status, text } = await sendLines(node.port, STATUS, host(), session(), `Origin: ${origin}`);
    assert.equal(status, 403, origin);
    assert.doesNotMatch(text, /access-control/i);
  }
  const own = await sendLines(node.port, STATUS, host(), session(), `Origin: http://localhost:${node.port}`);
  assert.equal(own.status, 200);
});

test("every Sec-Fetch-Site but same-origin is refused, navigation or not", async () => {
  for (const site of ["cross-site", "same-site", "none", "anything"]) {
    for (const mode of ["cors", "no-cors", "navigate"]) {
      const facts = [`Sec-Fetch-Site: ${site}`, `Sec-Fetch-Mode: ${mode}`];
      const { status } = await sendLines(node.port, STATUS, host(), session(), ...facts);
      assert.equal(status, 403, `${site} ${mode}`);
    }
  }
  const own = await sendLines(
    node.port,
    STATUS,
    host(),
    session(),
    "Sec-Fetch-Site: same-origin",
    "Sec-Fetch-Mode: cors",
  );
  assert.equal(own.status, 200);
});

test("a preflight gets no permission", async () => {
  const asked = ["Origin: https://evil.test", "Access-Control-Request-Method: POST"];
  const { status, text } = await sendLines(node.port, "OPTIONS /api/messages HTTP/1.1", host(), ...asked);
  assert.equal(status, 403);
  assert.doesNotMatch(text, /access-control/i);
});

test("pages may be visited from anywhere, but not embedded or read by others", async () => {
  const visit = (...facts: string[]) => sendLines(node.port, "GET / HTTP/1.1", host(), ...facts);
  for (const site of ["cross-site", "same-site", "none"]) {
    assert.notEqual((await visit(`Sec-Fetch-Site: ${site}`, "Sec-Fetch-Mode: navigate")).status, 403, site);
    assert.equal((await visit(`Sec-Fetch-Site: ${site}`, "Sec-Fetch-Mode: no-cors")).status, 403, site);
  }
  const framed = await visit("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe");
  assert.match(framed.text, /frame-ancestors 'none'/);
});

test("without the session header nothing under /api answers, however it is spelled", async () => {
  const targets = ["/api/status", "/api/", "/api", "/api/files", "/api/openapi.json", "/api/nothing", "//api/status"];
  for (const target of [
    ...targets,
    "/%61pi/status",
    "/api/../api/status",
    "/API/status",
    "/s/../api/status",
    "/api%2Fstatus",
  ]) {
    const { status, text } = await sendLines(node.port, `GET ${target} HTTP/1.1`, host());
    assert.doesNotMatch(text, /"running"/, target);
    if (/^\/api(\/|$)/.test(target)) assert.equal(status, 401, target);
  }
  for (const wrong of ["", "x", node.session.slice(1), `${node.session}x`, `${node.session}, ${node.session}`]) {
    const { status } = await sendLines(node.port, STATUS, host(), `X-Nocturne-Session: ${wrong}`);
    assert.equal(status, 401);
  }
});

test("a session in a cookie, a query or an Authorization header counts for nothing", async () => {
  const { session: secret } = node;
  const tries = [
    ["GET /api/status HTTP/1.1", `Cookie: x-nocturne-session=${secret}`],
    [`GET /api/status?x-nocturne-session=${secret} HTTP/1.1`],
    ["GET /api/status HTTP/1.1", `Authorization: Bearer ${secret}`],
  ];
  for (const lines of tries) assert.equal((await sendLines(node.port, ...lines, host())).status, 401);
});

test("127.0.0.1 and [::1] lead pages to localhost, and only there", async () => {
  for (const name of ["127.0.0.1", "[::1]"]) {
    for (const target of ["/", "/chats/npub1?x=1", "//evil.test/", "/s/slug"]) {
      const { status, text } = await sendLines(node.port, `GET ${target} HTTP/1.1`, `Host: ${name}:${node.port}`);
      assert.equal(status, 308, target);
      const location = /location: (.*)\r\n/i.exec(text)?.[1] ?? "";
      assert.equal(location, `http://localhost:${node.port}${target}`);
      assert.equal(new URL(location).host, `localhost:${node.port}`);
    }
  }
  const post = await sendLines(node.port, "POST / HTTP/1.1", `Host: 127.0.0.1:${node.port}`, "Content-Length: 0");
  assert.notEqual(post.status, 308);
});

test("the launch token works once, and a session comes of no other text", async () => {
  const { url } = (await node.call<{ url: string }>("POST", "/api/launch")).body;
  const token = new URL(url).hash.slice("#token=".length);
  const trade = (text: string) => node.call("POST", "/api/session", { token: text }, { "x-nocturne-session": "" });
  assert.equal((await trade(`${token}x`)).status, 401);
  assert.equal((await trade(token)).status, 200);
  assert.equal((await trade(token)).status, 401);
  assert.equal((await trade("")).status, 401);
});

test("answers carry the protecting headers of their area, and never a CORS header", async () => {
  const common = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
  };
  const areas = {
    "/": "require-trusted-types-for 'script'",
    "/s/abc": "nocturne-download",
    "/api/status": "sandbox",
    "/s/abc/info": "sandbox",
  };
  for (const [path, mark] of Object.entries(areas)) {
    const { headers } = await node.call("GET", path, undefined, { origin: `http://localhost:${node.port}` });
    for (const [name, value] of Object.entries(common)) assert.equal(headers.get(name), value, `${path} ${name}`);
    const policy = headers.get("content-security-policy") ?? "";
    assert.match(policy, /^default-src 'none'/);
    assert.ok(policy.includes(mark), policy);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    for (const name of headers.keys()) assert.doesNotMatch(name, /^access-control|^set-cookie/);
  }
  const refused = await sendLines(node.port, STATUS, "Host: evil.test");
  assert.match(refused.text, /nosniff/);
});

test("what a form without session may send is bound to its ticket", async () => {
  const form = (path: string, origin: string, site: string) => {
    const head = [
      `POST ${path} HTTP/1.1`,
      host(),
      `Origin: ${origin}`,
      `Sec-Fetch-Site: ${site}`,
      "Sec-Fetch-Mode: navigate",
    ];
    const type = "Content-Type: application/x-www-form-urlencoded";
    const lines = [...head, type, "Content-Length: 12", "Connection: close", "", "ticket=guess"];
    return exchange(node.port, lines.join("\r\n"));
  };
  // Our own policy makes browsers name a form's origin "null".
  assert.match(await form("/api/files/download", "null", "same-origin"), /^HTTP\/1.1 404/);
  assert.match(await form("/api/files/download", "null", "cross-site"), /^HTTP\/1.1 403/);
  assert.match(await form("/api/files/download", "https://evil.test", "cross-site"), /^HTTP\/1.1 403/);
  assert.match(await form("/api/stop", "null", "same-origin"), /^HTTP\/1.1 403/);
});
