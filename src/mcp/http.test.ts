import assert from "node:assert/strict";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { atEnd, temporaryFolder } from "../../test/support/cleanup.ts";
import { entryView, ScriptedAgent } from "../../test/support/mcp-agent.ts";
import { MCP_LIMITS } from "../core/agent-limits.ts";
import { AgentCalls } from "./agent-calls.ts";
import { serveOverHttp } from "./http.ts";
import { httpToken, httpTokenPath } from "./http-token.ts";
import { createMeshServer, type Mesh } from "./mesh-server.ts";
import { Snapshots } from "./snapshots.ts";
import { TakenTasks } from "./taken-tasks.ts";

const LIST = { jsonrpc: "2.0", id: 1, method: "tools/list", params: {} };
const PLAIN = { "content-type": "application/json", accept: "application/json, text/event-stream" };

interface Bench {
  readonly agent: ScriptedAgent;
  readonly mesh: Mesh;
  readonly url: string;
  readonly token: string;
}

async function makeBench(t: TestContext): Promise<Bench> {
  const dataDir = temporaryFolder(t);
  const agent = await ScriptedAgent.start(dataDir);
  const [calls, snapshots] = [new AgentCalls(dataDir, async () => {}), new Snapshots(dataDir)];
  const mesh = { version: "0.1.0", calls, taken: new TakenTasks(), snapshots };
  const token = await httpToken(dataDir);
  const service = await serveOverHttp(mesh, 0, token);
  atEnd(t, async () => {
    await service[Symbol.asyncDispose]();
    await agent[Symbol.asyncDispose]();
  });
  return { agent, mesh, url: service.url, token };
}

/** Status and text of one POST. By `node:http`, since `fetch` lets nobody choose the Host. */
async function post(url: string, headers: Record<string, string>, body: unknown = LIST): Promise<[number, string]> {
  const outgoing = request(url, { method: "POST", headers: { ...PLAIN, ...headers }, agent: false });
  outgoing.on("error", () => {}); // a body that nobody reads any more
  outgoing.end(typeof body === "string" ? body : JSON.stringify(body));
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  return [incoming.statusCode ?? 0, Buffer.concat(await incoming.toArray()).toString("utf8")];
}

for (const [mode, version] of [
  ["legacy", "2025-11-25"],
  ["auto", "2026-07-28"],
] as const) {
  test(`a client of the era of ${version} lists and calls`, async (t) => {
    const { agent, url, token } = await makeBench(t);
    agent.entries.push(entryView());
    const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
    const requestInit = { headers: { authorization: `Bearer ${token}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
    atEnd(t, () => client.close());
    assert.equal(client.getNegotiatedProtocolVersion(), version);
    assert.equal((await client.listTools()).tools.length, 7);
    const { structuredContent } = await client.callTool({ name: "mesh_query", arguments: { domain: "tests" } });
    assert.equal((structuredContent as { entries: unknown[] }).entries.length, 1);
  });
}

test("whoever does not show the token, the right host and no foreign page is refused", async (t) => {
  const { agent, url, token } = await makeBench(t);
  const { host, origin } = new URL(url);
  const good = { authorization: `Bearer ${token}` };
  const refused: readonly (readonly [number, Record<string, string>, string?])[] = [
    [401, {}],
    [401, { authorization: "Bearer" }],
    [401, { authorization: `Bearer ${token.slice(0, -1)}` }],
    [401, { authorization: `Bearer ${token}x` }],
    [401, { authorization: `Basic ${token}` }],
    [403, { ...good, host: "evil.test" }],
    [403, { ...good, host: `evil.test:${new URL(url).port}` }],
    [403, { ...good, host: "127.0.0.1" }],
    [403, { ...good, origin: "http://evil.test" }],
    [403, { ...good, origin: "null" }],
    [403, { ...good, origin: "http://localhost:1" }],
    [403, { ...good, origin: `${origin}.evil.test` }],
    [404, good, url.replace("/mcp", "/")],
    [404, good, `${url}/more`],
  ];
  for (const [status, headers, elsewhere] of refused) {
    const [got, text] = await post(elsewhere ?? url, headers);
    assert.equal(got, status, JSON.stringify(headers));
    assert.equal(text.includes("mesh_query"), false);
  }
  const [status, text] = await post(url, { ...good, host, origin });
  assert.equal(status, 200);
  assert.match(text, /mesh_query/);
  assert.deepEqual(agent.calls, []);
});

test("without its guard a page on another name would reach the tools", async (t) => {
  const { mesh } = await makeBench(t);
  const answer = toNodeHandler(createMcpHandler(() => createMeshServer(mesh)));
  const open = createServer((incoming, outgoing) => void answer(incoming as Parameters<typeof answer>[0], outgoing));
  open.listen(0, "127.0.0.1");
  await once(open, "listening");
  atEnd(t, () => open.close());
  const url = `http://127.0.0.1:${(open.address() as AddressInfo).port}/mcp`;
  const [status, text] = await post(url, { host: "evil.test", origin: "http://evil.test" });
  assert.equal(status, 200);
  assert.match(text, /mesh_query/);
});

test("a body that is too long is not read", async (t) => {
  const { url, token } = await makeBench(t);
  const headers = { authorization: `Bearer ${token}` };
  const [status] = await post(url, headers, JSON.stringify({ ...LIST, x: "x".repeat(MCP_LIMITS.requestBytes) }));
  assert.equal(status, 413);
  const [broken] = await post(url, headers, "{");
  assert.equal(broken, 400);
});

test("the token is made once, for this user alone", async (t) => {
  const dataDir = temporaryFolder(t);
  const tokens = await Promise.all([httpToken(dataDir), httpToken(dataDir)]);
  assert.equal(tokens[0], tokens[1]);
  assert.match(tokens[0], /^[\w-]{43}$/);
  if (process.platform !== "win32") assert.equal((await stat(httpTokenPath(dataDir))).mode & 0o777, 0o600);
});
