import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { type ApiNode, startApiNode } from "../../test/support/api-node.ts";
import { openSampleAgent, refuse, UNCOUNTED } from "../../test/support/sample-agent.ts";
import { sampleKey } from "../../test/support/sample-agents.ts";
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import type { SignatureKeyPair } from "../crypto/signing.ts";
import { createLogger } from "../core/log.ts";
import { newNetwork, startAgent, until } from "../agents/testing.ts";
import { agentPaths } from "../node/agent-paths.ts";
import { openAgentDoor } from "./agent-door.ts";
import type { AgentHealth, AgentPeer, ApiError, EntryView, VoteView } from "./contract.ts";

let node: ApiNode;
before(async () => {
  node = await startApiNode({ logLevel: "silent" });
});
after(() => node.close());

const READS = ["health", "peers", "knowledge", "votes", "compute", "awareness", "quarantine"];

async function codeOf(method: string, path: string, body?: unknown): Promise<string> {
  const answer = await node.call<ApiError>(method, `/api/agents/${path}`, body);
  return `${answer.status} ${answer.body.error.code}`;
}

test("without an agent, every call says so, and what to start", async () => {
  for (const path of READS) assert.equal(await codeOf("GET", path), "503 agent_not_running");
  const { body } = await node.call<ApiError>("GET", "/api/agents/health");
  assert.equal(body.error.hint, "Start it with: nocturne-agent start");
});

test("what a running agent tells comes through, what it is asked goes there, and nothing else", async (t) => {
  const agent = await openSampleAgent(t, node.config.dataDir);
  for (const path of READS) {
    const query = path === "knowledge" ? "?level=rejected" : "";
    const { status, body } = await node.call("GET", `/api/agents/${path}${query}`);
    assert.equal(status, 200, path);
    assert.deepEqual(body, agent.told[path as keyof typeof agent.told]);
  }
  const id = sampleKey(2_000);
  assert.equal((await node.call<EntryView>("GET", `/api/agents/knowledge/${id}`)).body.id, id);
  assert.equal((await node.call("GET", `/api/agents/knowledge/tally?entry=${id}`)).status, 200);
  assert.equal((await node.call("GET", `/api/agents/knowledge/tally?entry=${UNCOUNTED}`)).body, null);
  const asked = "domain=networks%2Ftor&query=a+%26+b%3F&level=medium&limit=5";
  await node.call("GET", `/api/agents/knowledge?${asked}`);
  assert.ok(agent.calls.includes(`GET /local/knowledge?${asked}`));
  const { body: vote } = await node.call<VoteView>("POST", "/api/agents/knowledge/vote", { entry: id, vote: -1 });
  assert.deepEqual([vote.subject, vote.own], [id, -1]);
  assert.deepEqual(agent.given, [{ entry: id, vote: -1 }]);

  const before = agent.calls.length;
  for (const [method, path, body] of [
    ["POST", "knowledge", { domain: "a", content: "b" }],
    ["DELETE", `knowledge/${id}`],
    ["POST", "quarantine", { operator: id, action: "quarantine", words: "" }],
    ["POST", "compute/claim", { task: id }],
    ["GET", "messages"],
    ["GET", "knowledge/..%2Fmessages"],
    ["GET", `knowledge/${id}%2F..%2F..%2Fmessages`],
    ["GET", `knowledge/${id.toUpperCase()}`],
    ["GET", "knowledge?min_confidence=1"],
    ["GET", "knowledge/tally?entry=1%26x"],
    ["POST", "knowledge/vote", { entry: id, vote: 2 }],
    ["POST", "knowledge/vote", { entry: `${id}/`, vote: 1 }],
  ] as const) {
    assert.ok((await node.call(method, `/api/agents/${path}`, body)).status >= 400, path);
  }
  assert.equal(agent.calls.length, before, "none of it reached the agent");
});

test("the agent's refusals come with its words, and never end the page's own session or lock it", async (t) => {
  const agent = await openSampleAgent(t, node.config.dataDir);
  for (const [status, code, fault, wanted] of [
    [403, "too_often", "policy", "429 too_often"],
    [404, "entry_missing", "input", "404 entry_missing"],
    [423, "locked", "locked", "400 locked"],
    [401, "no_token", "usage", "503 agent_not_running"],
    [500, "internal", "internal", "500 internal"],
  ] as const) {
    agent.answer = (response) => refuse(response, status, code, fault);
    assert.equal(await codeOf("GET", "health"), wanted);
  }
});

test("what the contract does not know is not passed on: rubbish, other shapes, too much, and nothing at all", async (t) => {
  const agent = await openSampleAgent(t, node.config.dataDir);
  const bad: readonly [string, string][] = [
    ["not JSON", "500 agent_answer"],
    [JSON.stringify({ ...(agent.told.health as object), neighbours: "many" }), "500 agent_answer"],
    [JSON.stringify(" ".repeat(AGENT_LIMITS.localAnswerBytes)), "503 agent_not_running"],
  ];
  for (const [text, wanted] of bad) {
    agent.answer = (response) => void response.end(text);
    assert.equal(await codeOf("GET", "health"), wanted);
  }
  agent.answer = (response) => void response.destroy();
  assert.equal(await codeOf("GET", "health"), "503 agent_not_running");
  agent.answer = (response) => void response.writeHead(307, { location: "http://127.0.0.1:1/" }).end("{}");
  assert.equal(await codeOf("GET", "health"), "500 agent_answer", "it leads nowhere else");
});

test("damaged files of the agent, and those of one that is gone, mean that none runs", async (t) => {
  const agent = await openSampleAgent(t, node.config.dataDir);
  const file = (name: string): string => join(node.config.dataDir, "agent", name);
  const [door, token] = [readFileSync(file("api.json"), "utf8"), readFileSync(file("token"), "utf8")];
  const { port } = JSON.parse(door) as { readonly port: number };
  const { pid } = process;
  const gone = await pidOfNobody();
  const wrong = [
    {},
    [1],
    { port },
    { port: `${port}`, pid },
    { port: 0, pid },
    { port: 65_536, pid },
    { port, pid: gone },
  ];
  for (const damaged of ["", ...wrong.map((one) => JSON.stringify(one))]) {
    writeFileSync(file("api.json"), damaged);
    assert.equal(await codeOf("GET", "health"), "503 agent_not_running");
  }
  writeFileSync(file("api.json"), door);
  for (const damaged of ["", "short", `${"a".repeat(40)}\r\nx-more: 1`]) {
    writeFileSync(file("token"), damaged);
    assert.equal(await codeOf("GET", "health"), "503 agent_not_running");
  }
  writeFileSync(file("token"), token);
  assert.equal((await node.call("GET", "/api/agents/health")).status, 200);
  await agent.close();
  writeFileSync(file("api.json"), door);
  assert.equal(await codeOf("GET", "health"), "503 agent_not_running", "nobody listens where it was");
});

test("a real agent answers as the page is told", async (t) => {
  const network = newNetwork(3, { commitMs: 3_600_000, revealMs: 3_600_000 });
  const [first, second] = network.operators as [SignatureKeyPair, SignatureKeyPair];
  const other = await startAgent(t, network, first);
  const real = await startAgent(t, network, second, [other]);
  const log = createLogger("silent");
  const door = await openAgentDoor({
    agent: real,
    messages: null,
    paths: agentPaths(node.config.dataDir),
    port: 0,
    log,
  });
  t.after(() => door[Symbol.asyncDispose]());
  await until(() => real.status().isEnrolled);
  const about = { type: "observation", confidence: 50, ttlS: 0, tags: [], sources: [], supersedes: [] } as const;
  const id = await real.contribute({ ...about, domain: "moths", content: "They fly at night." });
  const told = async <T>(path: string): Promise<T> => {
    const { status, body } = await node.call<T>("GET", `/api/agents/${path}`);
    assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
    return body;
  };
  assert.equal((await told<AgentHealth>("health")).operator, real.operator);
  assert.equal((await told<AgentPeer[]>("peers")).length, 3);
  assert.deepEqual(
    (await told<EntryView[]>("knowledge?query=night&domain=moths&level=low")).map((one) => one.id),
    [id],
  );
  assert.equal((await told<EntryView>(`knowledge/${id}`)).content, "They fly at night.");
  assert.equal(await told(`knowledge/tally?entry=${id}`), null);
  const { body: vote } = await node.call<VoteView>("POST", "/api/agents/knowledge/vote", { entry: id, vote: 1 });
  assert.deepEqual([vote.subject, vote.own], [id, 1]);
  assert.deepEqual(
    (await told<VoteView[]>("votes")).map(({ subject }) => subject),
    [id],
  );
});

test("a locked vault hides the agent from the page, and a persona has none", async (t) => {
  await openSampleAgent(t, node.config.dataDir);
  const asPersona = await node.call<ApiError>("GET", "/api/agents/health", undefined, { "x-nocturne-persona": "one" });
  assert.equal(asPersona.body.error.code, "persona_not_here");
  const passphrase = "six words that nobody would guess";
  await node.call("POST", "/api/vault/passphrase", { next: passphrase });
  await node.call("POST", "/api/vault/lock");
  assert.equal(await codeOf("GET", "health"), "423 locked");
  await node.call("POST", "/api/vault/unlock", { passphrase });
  assert.equal((await node.call("GET", "/api/agents/health")).status, 200);
});

/** Of a process that has ended. */
async function pidOfNobody(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid as number;
}
