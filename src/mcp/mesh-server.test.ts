import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { type CallToolResult, Client } from "@modelcontextprotocol/client";
import { InMemoryTransport } from "@modelcontextprotocol/server";
import { atEnd, temporaryFolder } from "../../test/support/cleanup.ts";
import { entryView, OPERATOR, ScriptedAgent, taskView } from "../../test/support/mcp-agent.ts";
import { INJECTIONS, MARK, markedOutside, outsideFences, stringsOf } from "../../test/support/mcp-injections.ts";
import { MCP_LIMITS } from "../core/agent-limits.ts";
import { hasHiddenSign } from "../core/hidden-signs.ts";
import { AgentCalls } from "./agent-calls.ts";
import { createMeshServer } from "./mesh-server.ts";
import { Snapshots } from "./snapshots.ts";
import { TakenTasks } from "./taken-tasks.ts";

const GOLDEN = "docs/mcp-tools.json";
const NOBODY = async (): Promise<void> => {
  throw new Error("the agent was started");
};

interface Bench {
  readonly agent: ScriptedAgent;
  readonly client: Client;
  call(name: string, input?: Record<string, unknown>): Promise<CallToolResult>;
}

async function makeBench(t: TestContext): Promise<Bench> {
  const dataDir = temporaryFolder(t);
  const agent = await ScriptedAgent.start(dataDir);
  atEnd(t, () => agent[Symbol.asyncDispose]());
  const calls = new AgentCalls(dataDir, NOBODY);
  const snapshots = new Snapshots(dataDir);
  const server = createMeshServer({ version: "0.1.0", calls, taken: new TakenTasks(), snapshots });
  const client = new Client({ name: "test", version: "1" });
  const [here, there] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(there), client.connect(here)]);
  atEnd(t, () => client.close());
  await client.listTools(); // from then on the client checks answers against the schemas
  const call: Bench["call"] = async (name, input = {}) => client.callTool({ name, arguments: input });
  return { agent, client, call };
}

function textOf({ content }: CallToolResult): string {
  assert.equal(content.length, 1);
  return content[0]?.type === "text" ? content[0].text : assert.fail("no text");
}

test("the tools are as the document says", async (t) => {
  const { client } = await makeBench(t);
  const { tools } = await client.listTools();
  assert.deepEqual(JSON.parse(JSON.stringify(tools)), JSON.parse(readFileSync(GOLDEN, "utf8")));
});

test("a query asks for what was asked", async (t) => {
  const { agent, call } = await makeBench(t);
  agent.entries.push(entryView({ domain: "water", tags: ["heat"], sources: ["a book"] }));
  const input = { domain: "water", query: "boils at", min_confidence: 0.1 + 0.2, limit: 3 };
  const { structuredContent, ...answer } = await call("mesh_query", input);
  assert.equal(`${agent.calls.at(-1)?.query}`, "domain=water&query=boils+at&limit=3&min_confidence=0.300");
  const { untrusted, entries } = structuredContent as { untrusted: true; entries: { untrusted: unknown }[] };
  assert.equal(untrusted, true);
  const words = { domain: "water", content: "Water boils at 100 degrees.", tags: ["heat"], sources: ["a book"] };
  assert.deepEqual(entries[0]?.untrusted, words);
  assert.match(textOf(answer), /\| content: Water boils at 100 degrees\./);
  await call("mesh_query");
  assert.equal(`${agent.calls.at(-1)?.query}`, `limit=${MCP_LIMITS.queryLimit}`);
});

test("what does not fit into one answer is left out, and said to be", async (t) => {
  const { agent, call } = await makeBench(t);
  agent.entries.push(...Array.from({ length: 20 }, () => entryView({ content: "x".repeat(8_000) })));
  const { structuredContent, content } = await call("mesh_query");
  const { entries, left_out } = structuredContent as { entries: unknown[]; left_out: number };
  assert.equal(entries.length + left_out, 20);
  assert.ok(entries.length >= 7 && entries.length < 9);
  assert.match(content[0]?.type === "text" ? content[0].text : "", /\n12 more did not fit into one answer\.$/);
});

test("a contribution arrives whole", async (t) => {
  const { agent, call } = await makeBench(t);
  const said = { domain: "a", content: "b", type: "correction", confidence: 0.9, sources: ["c"], tags: ["d"], ttl: 60 };
  const { structuredContent } = await call("mesh_contribute", said);
  assert.deepEqual(agent.calls.at(-1)?.body, said);
  assert.equal((structuredContent as { entry_id: string }).entry_id, agent.entries[0]?.id);
  await call("mesh_contribute", { domain: "a", content: "b" });
  assert.deepEqual(agent.calls.at(-1)?.body, { domain: "a", content: "b", type: "observation", confidence: 0.5 });
});

test("a vote names its entry", async (t) => {
  const { agent, call } = await makeBench(t);
  const entry = "ee".repeat(32);
  const { structuredContent } = await call("mesh_vote", { entry_id: entry, vote: -1, reason: "it does not" });
  assert.deepEqual(agent.calls.at(-1)?.body, { entry, vote: -1, reason: "it does not" });
  assert.equal((structuredContent as { vote: { own: number } }).vote.own, -1);
});

test("a task is taken on, and handed in with what does it", async (t) => {
  const { agent, call } = await makeBench(t);
  const cited = "11".repeat(32);
  agent.tasks.push(taskView({ entries: [cited] }));
  const id = agent.tasks[0]?.id;
  const { structuredContent } = await call("mesh_compute", { types: ["synthesize"], domains: ["tests", "a, b"] });
  const asked = agent.calls.find(({ path }) => path === "/local/compute");
  assert.equal(`${asked?.query}`, "types=synthesize&domains=tests&domains=a%2C+b");
  assert.equal((structuredContent as { task: { provenance: { task_id: string } } }).task.provenance.task_id, id);
  await call("mesh_compute");
  assert.equal(
    agent.calls.filter(({ path }) => path.endsWith("/claim")).length,
    1,
    "an own lease is not claimed again",
  );
  await call("mesh_contribute", { domain: "tests", content: "unrelated" });
  assert.equal(agent.calls.at(-1)?.path, "/local/knowledge");
  const done = await call("mesh_contribute", { domain: "tests", content: "all of it", sources: [cited] });
  assert.equal(agent.calls.at(-1)?.path, `/local/compute/${id}/result`);
  assert.match(textOf(done), /was handed in with it/);
  await call("mesh_contribute", { domain: "tests", content: "more of it", sources: [cited] });
  assert.equal(agent.calls.at(-1)?.path, "/local/knowledge", "only once");
});

test("of two who take a task at once the later one gets the next", async (t) => {
  const { agent, call } = await makeBench(t);
  agent.tasks.push(taskView(), taskView());
  const error = { code: "task_taken", message: "Somebody has it.", fault: "input" };
  agent.faults.set("/local/compute/claim", { status: 409, body: { error } });
  const none = await call("mesh_compute");
  assert.equal(agent.calls.filter(({ path }) => path.endsWith("/claim")).length, 2);
  assert.equal((none.structuredContent as { task: unknown }).task, null);
});

test("a reflection compares with a digest that was looked at", async (t) => {
  const { agent, call } = await makeBench(t);
  const domain = (name: string, entries: number) => ({ domain: name, entries, high: 0, operators: 1, newestMs: 1 });
  agent.awareness = { ...agent.awareness, domains: [domain("water", 2)], gaps: [{ domain: "ice", reason: "asked" }] };
  const before = agent.awareness.sha256;
  await call("mesh_reflect");
  agent.entries.push(entryView({ domain: "fire" }), entryView({ domain: "water" }));
  const domains = [domain("water", 5), domain("fire", 1)];
  agent.awareness = { ...agent.awareness, sha256: "01".repeat(32), domains, gaps: [] };
  const { structuredContent } = await call("mesh_reflect", { snapshot: before });
  const { comparison, cite } = structuredContent as {
    comparison: { untrusted: Record<string, string[]> };
    cite: { untrusted: { domain: string } }[];
  };
  assert.deepEqual(comparison.untrusted["new_domains"], ["fire"]);
  assert.deepEqual(comparison.untrusted["moved_domains"], ["water: +3 entries, 0 high"]);
  assert.deepEqual(comparison.untrusted["closed_gaps"], ["ice: asked"]);
  assert.deepEqual(
    cite.map(({ untrusted }) => untrusted.domain),
    ["water", "fire"],
  );
  const unknown = await call("mesh_reflect", { snapshot: "ff".repeat(32) });
  assert.match(textOf(unknown), /nothing to compare with/);
  assert.ok(
    agent.calls.every(({ method }) => method === "GET"),
    "it posts nothing",
  );
});

test("peers come with their standing", async (t) => {
  const { agent, call } = await makeBench(t);
  agent.peers.push(peer("Alice"));
  const { structuredContent, ...answer } = await call("mesh_peers");
  const { agent: own, peers } = structuredContent as { agent: { neighbours: number }; peers: { untrusted: unknown }[] };
  assert.equal(own.neighbours, 2);
  assert.deepEqual(peers[0]?.untrusted, { label: "Alice" });
  assert.match(textOf(answer), /\| label: Alice/);
});

test("words of others stay in their place, whatever they are", async (t) => {
  const { agent, call } = await makeBench(t);
  for (const [name, words] of Object.entries(INJECTIONS)) {
    fill(agent, [words]);
    checkAnswer(await call("mesh_query"), name);
    const error = { code: "bad_domain", message: `Not ${words}`, hint: words, fault: "input" };
    agent.faults.set("/local/knowledge", { status: 400, body: { error } });
    const refused = await call("mesh_contribute", { domain: "a", content: "b" });
    assert.ok(refused.isError);
    checkAnswer(refused, `an error: ${name}`);
    agent.faults.clear();
  }
  fill(agent, Object.values(INJECTIONS));
  for (const tool of ["mesh_awareness", "mesh_compute", "mesh_peers", "mesh_reflect"])
    checkAnswer(await call(tool), tool);
  const snapshot = agent.awareness.sha256;
  agent.awareness = { ...agent.awareness, domains: [], gaps: [], conflicts: [] };
  checkAnswer(await call("mesh_reflect", { snapshot }), "a comparison");
});

test("an agent that puts words into ids and codes is not believed", async (t) => {
  const { agent, call } = await makeBench(t);
  agent.entries.push(entryView({ id: `${MARK}\nobey` }));
  const answer = await call("mesh_query");
  assert.ok(answer.isError);
  assert.equal(textOf(answer).includes(MARK), false);
  const error = { code: `${MARK} obey`, message: "x", fault: "input" };
  agent.faults.set("/local/peers", { status: 400, body: { error } });
  const refused = await call("mesh_peers");
  assert.equal(textOf(refused).includes(MARK), false);
});

test("a call that the agent does not know is answered in plain words", async (t) => {
  const { agent, call } = await makeBench(t);
  const error = { code: "unknown_call", message: "There is no such call.", fault: "usage" };
  for (const body of ["404 Not Found", null, {}, { error }]) {
    agent.faults.set("/local/awareness", { status: 404, body });
    const answer = await call("mesh_awareness");
    assert.equal(answer.isError, true);
    assert.match(textOf(answer), /does not know this call|refused this \(unknown_call\)/);
  }
  agent.faults.set("/local/awareness", { status: 200, body: { sha256: 7 } });
  assert.match(textOf(await call("mesh_awareness")), /cannot be read/);
});

test("input that does not fit reaches no agent", async (t) => {
  const { agent, call } = await makeBench(t);
  const wrong: readonly (readonly [string, Record<string, unknown>])[] = [
    ["mesh_vote", { entry_id: "short", vote: 1 }],
    ["mesh_vote", { entry_id: "aa".repeat(32), vote: 0 }],
    ["mesh_contribute", { domain: "a" }],
    ["mesh_contribute", { domain: "a", content: "x".repeat(9_000) }],
    ["mesh_contribute", { domain: "a", content: "b", type: "rumour" }],
    ["mesh_query", { limit: 1_000 }],
    ["mesh_query", { order: "newest" }],
    ["mesh_reflect", { snapshot: "../../etc/passwd" }],
  ];
  for (const [name, input] of wrong) assert.equal((await call(name, input)).isError, true, JSON.stringify(input));
  assert.deepEqual(agent.calls, []);
});

function peer(label: string): ScriptedAgent["peers"][number] {
  const standing = { depth: 0, endorsers: [], weight: 1, verified: 0, accuracy: 1, quarantine: "none" } as const;
  return { operator: OPERATOR, label, devices: [], ...standing, isSelf: true };
}

/** The words in every field in which others can write. */
function fill(agent: ScriptedAgent, all: readonly string[]): void {
  agent.entries = all.map((words) =>
    entryView({ domain: words, content: words, tags: [words], sources: [words, words] }),
  );
  agent.peers = all.map(peer);
  agent.tasks = [taskView({ domain: all.join("\n"), reason: all.join("\n") })];
  const domains = all.map((domain) => ({ domain, entries: 2, high: 1, operators: 1, newestMs: 1 }));
  const gaps = all.map((words) => ({ domain: words, reason: words }));
  const conflicts = gaps.map((gap) => ({ ...gap, entries: [] }));
  agent.awareness = { ...agent.awareness, domains, gaps, conflicts, synthesis: agent.entries[0] ?? null };
}

function checkAnswer(answer: CallToolResult, name: string): void {
  const text = textOf(answer);
  assert.ok(text.includes(MARK), name);
  assert.equal(
    outsideFences(text).some((line) => line.includes(MARK)),
    false,
    name,
  );
  assert.deepEqual(markedOutside(answer.structuredContent), [], name);
  const shown = [text, ...stringsOf(answer.structuredContent)];
  assert.ok(!shown.some((one) => hasHiddenSign(one.replace(/[\n\t]/g, ""))), name);
}
