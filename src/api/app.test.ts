import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ApiNode, startApiNode } from "../../test/support/api-node.ts";
import { API_LIMITS } from "../core/limits.ts";
import { createApp } from "./app.ts";
import { Previews } from "./previews.ts";
import { Sessions } from "./sessions.ts";
import { StaticFolder } from "./static.ts";
import { Tickets } from "./tickets.ts";

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { summary?: string; responses: Record<string, object> }>>;
}

/** Pages and their parts are no calls. */
const isCall = (path: string): boolean => /^\/api\/|^\/s\/:slug\/./.test(path);

let node: ApiNode;
before(async () => {
  node = await startApiNode();
});
after(() => node.close());

test("the OpenAPI document lists every call, with what it does", async () => {
  const { body } = await node.call<Document>("GET", "/api/openapi.json");
  assert.match(body.openapi, /^3\.1/);
  const { services } = node;
  const api = {
    services,
    sessions: new Sessions(services.clock),
    tickets: new Tickets(services.clock),
    previews: new Previews(services.clock),
    launchUrl: () => "",
  };
  const pages = { app: new StaticFolder("none"), download: new StaticFolder("none") };
  const called = createApp(api, pages, () => 0).routes.filter(({ method, path }) => method !== "ALL" && isCall(path));
  const routes = new Set(
    called.map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`),
  );
  const listed = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary, responses }]) => {
      assert.ok(summary && responses["200"] && responses["default"], `${method} ${path} is not described`);
      return `${method} ${path}`;
    }),
  );
  assert.deepEqual(new Set(listed), routes);
  assert.ok(routes.size > 40);
});

test("what is no call is told so, in JSON", async () => {
  for (const [method, path] of [
    ["GET", "/api/nothing"],
    ["DELETE", "/api/status"],
    ["POST", "/api/files"],
  ] as const) {
    const { status, body } = await node.call<{ error: { code: string } }>(method, path);
    assert.equal(status, 404);
    assert.equal(body.error.code, "unknown_path");
  }
});

test("a body that is no JSON, has the wrong shape or is too large is refused without repeating it", async () => {
  const secret = "hunter2hunter2";
  const json = { "content-type": "application/json" };
  const tries: readonly (readonly [unknown, Record<string, string>?])[] = [
    [`{"next":"${secret}`, json],
    [JSON.stringify({ next: [secret] }), json],
    [JSON.stringify(secret), json],
    [JSON.stringify({ next: secret }), { "content-type": "text/plain" }],
    [new Uint8Array([0x22, 0xff, 0x22]), json],
    ["", json],
    [undefined],
  ];
  for (const [body, headers] of tries) {
    const answer = await node.call<object>("POST", "/api/vault/passphrase", body, headers);
    assert.equal(answer.status, 400);
    assert.doesNotMatch(JSON.stringify(answer.body), new RegExp(secret));
  }
  const large = await node.call("POST", "/api/vault/passphrase", { next: "x".repeat(API_LIMITS.bodyBytes) });
  assert.equal(large.status, 413);
  assert.equal((await node.call<{ protection: string }>("GET", "/api/status")).body.protection, "key-file");
});

test("a body without a length is bounded all the same", async () => {
  const piece = new Uint8Array(65_536).fill(0x20);
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(piece) });
  const sending = fetch(`http://localhost:${node.port}/api/messages`, {
    method: "POST",
    headers: { "x-nocturne-session": node.session, "content-type": "application/json" },
    body: endless,
    duplex: "half",
  });
  // The answer may be lost to the broken pipe, as long as there is an end.
  const status = await sending.then(
    (answer) => answer.status,
    () => 413,
  );
  assert.equal(status, 413);
});
