/**
 * `nocturne-mesh` as a host starts it: a process that speaks over stdin and stdout, with the official client in both eras. First before
 * a local server that ends and comes back at will, then before the real agent.
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { type CallToolResult, Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { atEnd, temporaryFolder } from "../support/cleanup.ts";
import { entryView, ScriptedAgent } from "../support/mcp-agent.ts";
import { INJECTIONS, MARK, markedOutside, outsideFences } from "../support/mcp-injections.ts";
import { hasHiddenSign } from "../../src/core/hidden-signs.ts";

const PROGRAMS = join(import.meta.dirname, "../../src/cli");
const PROGRAM = join(PROGRAMS, "nocturne-mesh.ts");
/** Sources of an entry, and characters of what is joined with others into one. */
const SOURCES = 16;
const LONG = 1_000;
const run = promisify(execFile);
const ERAS = [
  ["legacy", "2025-11-25"],
  ["auto", "2026-07-28"],
] as const;

async function startMesh(t: TestContext, dataDir: string, mode: "legacy" | "auto" = "auto"): Promise<Client> {
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
  const args = [...process.execArgv, PROGRAM, "--data-dir", dataDir];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: "inherit" }));
  atEnd(t, () => client.close());
  return client;
}

function call(client: Client, name: string, input: Record<string, unknown> = {}): Promise<CallToolResult> {
  return client.callTool({ name, arguments: input });
}

for (const [mode, version] of ERAS) {
  test(`a host of the era of ${version} lists, calls, and notices no restart of the agent`, async (t) => {
    const dataDir = temporaryFolder(t);
    await using first = await ScriptedAgent.start(dataDir);
    first.entries.push(entryView({ content: "Ice floats." }));
    const client = await startMesh(t, dataDir, mode);
    assert.equal(client.getNegotiatedProtocolVersion(), version);
    assert.equal((await client.listTools()).tools.length, 7);
    assert.match(JSON.stringify(await call(client, "mesh_query")), /Ice floats/);
    await first[Symbol.asyncDispose]();
    const waiting = call(client, "mesh_query");
    await using second = await ScriptedAgent.start(dataDir, first);
    assert.match(JSON.stringify(await waiting), /Ice floats/);
    assert.equal((await call(client, "mesh_contribute", { domain: "ice", content: "It melts." })).isError, undefined);
    assert.equal(second.entries.length, 2);
  });
}

test("nothing but the protocol is on stdout, and it ends when its host does", async (t) => {
  const dataDir = temporaryFolder(t);
  await using agent = await ScriptedAgent.start(dataDir);
  const child = spawn(process.execPath, [PROGRAM, "--data-dir", dataDir], { stdio: ["pipe", "pipe", "inherit"] });
  atEnd(t, () => child.kill());
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } };
  child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params })}\n`);
  await once(child.stdout, "readable");
  child.stdin.end("this is no JSON\n");
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  assert.equal(code, 0);
  for (const line of said.trimEnd().split("\n")) assert.equal(JSON.parse(line).jsonrpc, "2.0");
  assert.ok(
    agent.calls.some(({ path }) => path === "/local/health"),
    "the agent is looked for at once",
  );
});

/** Of a data directory with an agent in it. */
async function command(
  program: "nocturne-agent" | "nocturne-mesh",
  dataDir: string,
  ...words: string[]
): Promise<string> {
  const argv = [join(PROGRAMS, `${program}.ts`), ...words, "--data-dir", dataDir, "--json", "--no-input"];
  return (await run(process.execPath, argv)).stdout;
}

function pidOf(dataDir: string): number {
  return (JSON.parse(readFileSync(join(dataDir, "agent", "api.json"), "utf8")) as { pid: number }).pid;
}

test("with the real agent: set up, contributed, voted, killed, started again", async (t) => {
  const dataDir = temporaryFolder(t);
  const none = await call(await startMesh(t, dataDir), "mesh_peers");
  assert.equal(none.isError, true);
  assert.match(textOf(none), /nocturne-agent setup/);
  assert.deepEqual(JSON.parse(await command("nocturne-mesh", dataDir, "setup", "--label", "tests")), {
    dataDir,
    made: true,
  });
  assert.equal(JSON.parse(await command("nocturne-mesh", dataDir, "setup", "--label", "tests")).made, false);
  // What is said at a start holds for later ones, which are not ours.
  await command(
    "nocturne-agent",
    dataDir,
    "start",
    "--host",
    "127.0.0.1",
    "--port",
    "0",
    "--api-port",
    "0",
    "--no-lan",
  );
  atEnd(t, () => command("nocturne-agent", dataDir, "stop"));
  const client = await startMesh(t, dataDir);

  const { peers } = structured(await call(client, "mesh_peers")) as { peers: unknown[] };
  assert.equal(peers.length, 3, "a network of one's own has three operators");
  const input = { domain: "ice", content: "Ice floats.", confidence: 0.9, sources: ["a glass"], tags: ["water"] };
  const { entry_id } = structured(await call(client, "mesh_contribute", input)) as { entry_id: string };
  const found = await call(client, "mesh_query", { domain: "ice", min_confidence: 0.9 });
  assert.match(textOf(found), /\| content: Ice floats\./);
  const voted = structured(await call(client, "mesh_vote", { entry_id, vote: 1, reason: "seen" })) as {
    vote: { own: 1 };
  };
  assert.equal(voted.vote.own, 1);

  await checkInjections(client);

  process.kill(pidOf(dataDir), "SIGKILL");
  const again = await call(client, "mesh_query", { query: "floats" });
  assert.equal(
    (structured(again) as { entries: { provenance: { entry_id: string } }[] }).entries[0]?.provenance.entry_id,
    entry_id,
  );
});

/** What an agent takes of the corpus comes out in its place; what nobody would see of it, it does not take. */
async function checkInjections(client: Client): Promise<void> {
  const all = Object.values(INJECTIONS).filter((words) => words.length < LONG);
  const seen = all.filter((words) => !hasHiddenSign(words.replace(/[\n\t]/g, "")));
  assert.ok(seen.length >= 25 && seen.length < all.length);
  // Few entries, since an operator may write ten a minute.
  for (const part of [seen.slice(0, seen.length / 2), seen.slice(seen.length / 2)]) {
    const sources = part.map((words) => words.replaceAll("\n", " ")).slice(0, SOURCES);
    const said = await call(client, "mesh_contribute", { domain: "injections", content: part.join("\n"), sources });
    assert.equal(said.isError, undefined, textOf(said));
  }
  const hidden = all.find((words) => words.includes("\u202e")) ?? "";
  for (const refused of [
    { domain: "injections", content: hidden },
    { domain: `x ${MARK}`, content: "x" },
  ]) {
    assert.equal((await call(client, "mesh_contribute", refused)).isError, true);
  }
  for (const tool of ["mesh_query", "mesh_reflect"]) {
    const answer = await call(client, tool, tool === "mesh_query" ? { domain: "injections" } : {});
    const text = textOf(answer);
    assert.ok(!outsideFences(text).some((line) => line.includes(MARK)), text);
    assert.deepEqual(markedOutside(answer.structuredContent), []);
    if (tool === "mesh_query") assert.equal((structured(answer) as { entries: unknown[] }).entries.length, 2);
  }
}

function textOf({ content }: CallToolResult): string {
  return content[0]?.type === "text" ? content[0].text : assert.fail("no text");
}

function structured(answer: CallToolResult): unknown {
  return answer.structuredContent ?? assert.fail(textOf(answer));
}
