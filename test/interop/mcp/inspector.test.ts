/**
 * A host that is not ours: the command line of the protocol's inspector, which starts `nocturne-mesh` as its own `config` says, lists
 * the tools and calls each of them.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { atEnd, temporaryFolder } from "../../support/cleanup.ts";
import { entryView, ScriptedAgent, taskView } from "../../support/mcp-agent.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../../..");
const INSPECTOR = join(import.meta.dirname, "node_modules/.bin/mcp-inspector");
const ID = "ee".repeat(32);

const CALLS: readonly (readonly [tool: string, ...args: string[]])[] = [
  ["mesh_query", "query=water", "limit=3"],
  ["mesh_contribute", "domain=tests", "content=Ice floats.", 'tags=["ice","water"]', "confidence=0.9"],
  ["mesh_compute", 'types=["synthesize"]'],
  ["mesh_awareness"],
  ["mesh_vote", `entry_id=${ID}`, "vote=-1"],
  ["mesh_reflect", `snapshot=${ID}`],
  ["mesh_peers"],
];

interface Host {
  readonly agent: ScriptedAgent;
  ask(...words: readonly string[]): Promise<Record<string, unknown>>;
}

async function makeHost(t: TestContext): Promise<Host> {
  const dataDir = temporaryFolder(t);
  const agent = await ScriptedAgent.start(dataDir);
  atEnd(t, () => agent[Symbol.asyncDispose]());
  agent.entries.push(entryView());
  agent.tasks.push(taskView());
  const program = join(ROOT, "src/cli/nocturne-mesh.ts");
  const told = await run(process.execPath, [program, "config", "claude-code", "--data-dir", dataDir]);
  const config = join(dataDir, "host.json");
  writeFileSync(config, told.stdout);
  const own = ["--config", config, "--server", "nocturne"];
  const ask: Host["ask"] = async (...words) => {
    const { stdout } = await run(process.execPath, [INSPECTOR, "--cli", ...own, ...words]);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  return { agent, ask };
}

test("the inspector lists the tools as documented, and finds no fault in their schemas", async (t) => {
  const { ask } = await makeHost(t);
  const { tools } = await ask("--method", "tools/list", "--strict");
  const names = (list: unknown): string[] => (list as { name: string }[]).map(({ name }) => name);
  assert.deepEqual(names(tools), names(JSON.parse(readFileSync(join(ROOT, "docs/mcp-tools.json"), "utf8"))));
});

test("the inspector calls each tool", async (t) => {
  const { agent, ask } = await makeHost(t);
  for (const [tool, ...args] of CALLS) {
    const pairs = args.flatMap((pair) => ["--tool-arg", pair]);
    const answer = await ask("--method", "tools/call", "--tool-name", tool, ...pairs);
    assert.equal(answer["isError"], undefined, JSON.stringify(answer));
    assert.equal((answer["structuredContent"] as { untrusted: true }).untrusted, true, tool);
  }
  const said = {
    domain: "tests",
    content: "Ice floats.",
    type: "observation",
    confidence: 0.9,
    tags: ["ice", "water"],
  };
  assert.deepEqual(
    agent.calls.find(({ path, method }) => path === "/local/knowledge" && method === "POST")?.body,
    said,
  );
});
