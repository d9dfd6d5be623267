/**
 * The protocol's own conformance tests against the tools over HTTP. They send no token, so that a proxy adds it: everything else, also
 * the Host and Origin that they try, arrives as they sent it but for the port.
 *
 *   conformance -> proxy (token) -> src/mcp/http.ts -> a local server that answers as an agent does
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { pipeline } from "node:stream";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { AgentCalls } from "../../../src/mcp/agent-calls.ts";
import { serveOverHttp } from "../../../src/mcp/http.ts";
import { Snapshots } from "../../../src/mcp/snapshots.ts";
import { TakenTasks } from "../../../src/mcp/taken-tasks.ts";
import { atEnd, temporaryFolder } from "../../support/cleanup.ts";
import { ScriptedAgent } from "../../support/mcp-agent.ts";

const PROGRAM = join(import.meta.dirname, "node_modules/.bin/conformance");
const TOKEN = "a-token-of-this-test";

/** Those that ask for more than a tool of a certain name. */
const SCENARIOS: readonly (readonly [scenario: string, version: string])[] = [
  ["server-initialize", "2025-11-25"],
  ["ping", "2025-11-25"],
  ["tools-list", "2025-11-25"],
  ["dns-rebinding-protection", "2025-11-25"],
  ["server-stateless", "2026-07-28"],
  ["tools-list", "2026-07-28"],
  ["dns-rebinding-protection", "2026-07-28"],
  ["caching", "2026-07-28"],
  ["http-header-validation", "2026-07-28"],
];

/** Checks of what a server need not have: certain tools, prompts, resources. */
const NOT_OFFERED = /^Not testable: server does not list|^(prompts|resources)\/.* -32601: Method not found$/;

async function startServer(t: TestContext): Promise<string> {
  const dataDir = temporaryFolder(t);
  const agent = await ScriptedAgent.start(dataDir);
  const [calls, snapshots] = [new AgentCalls(dataDir, async () => {}), new Snapshots(dataDir)];
  const service = await serveOverHttp({ version: "0.1.0", calls, taken: new TakenTasks(), snapshots }, 0, TOKEN);
  const { port } = new URL(service.url);
  const proxy = createServer((incoming, outgoing) => {
    const own = `:${(proxy.address() as AddressInfo).port}`;
    const headers = { ...incoming.headers, authorization: `Bearer ${TOKEN}` };
    for (const name of ["host", "origin"] as const) {
      const value = headers[name];
      if (value !== undefined) headers[name] = value.replace(own, `:${port}`);
    }
    const { method, url: path } = incoming;
    const onward = request({ host: "127.0.0.1", port, method, path, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      pipeline(answer, outgoing, () => {});
    });
    pipeline(incoming, onward, () => {});
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  atEnd(t, async () => {
    proxy.close();
    proxy.closeAllConnections();
    await service[Symbol.asyncDispose]();
    await agent[Symbol.asyncDispose]();
  });
  return `http://localhost:${(proxy.address() as AddressInfo).port}/mcp`;
}

test("the server is as the protocol says", async (t) => {
  const url = await startServer(t);
  for (const [scenario, version] of SCENARIOS) {
    await t.test(`${scenario} of ${version}`, async () => {
      const argv = [PROGRAM, "server", "--url", url, "--scenario", scenario, "--spec-version", version];
      const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
      const [said, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
      const failures = [...said.matchAll(/Error: (.*)/g)].map(([, error = ""]) => error);
      assert.deepEqual(
        failures.filter((error) => !NOT_OFFERED.test(error)),
        [],
      );
      assert.equal(code === 0, failures.length === 0, said);
      assert.match(said, /Passed: [1-9]/, said);
    });
  }
});
