import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import { API_LIMITS } from "../core/limits.ts";
import { createLogger } from "../core/log.ts";
import type { Agent } from "../agents/agent.ts";
import { newFolder, newNetwork, startAgent, until } from "../agents/testing.ts";
import { agentPaths } from "../node/agent-paths.ts";
import type { AgentHealth, AgentPeer, EntryView, VoteView } from "./agent-contract.ts";
import { type Answer, type Call, callAgent, type Refusal } from "../../test/support/agent-call.ts";
import { type AgentDoor, openAgentDoor } from "./agent-door.ts";

type Ask = <T>(call: Call) => Promise<Answer<T>>;

interface Opened {
  readonly door: AgentDoor;
  readonly paths: ReturnType<typeof agentPaths>;
  readonly token: string;
  /** With the token. */
  readonly ask: Ask;
}

async function open(t: TestContext, agent: Agent, dataDir: string = newFolder(t)): Promise<Opened> {
  const paths = agentPaths(dataDir);
  mkdirSync(paths.folder, { recursive: true });
  const door = await openAgentDoor({ agent, messages: null, paths, port: 0, log: createLogger("silent") });
  t.after(() => door[Symbol.asyncDispose]());
  const token = readFileSync(paths.token, "utf8").trim();
  const ask: Ask = (call) => {
    return callAgent(door.port, { ...call, headers: { authorization: `Bearer ${token}`, ...call.headers } });
  };
  return { door, paths, token, ask };
}

test("only programs that have the token get in, by the right name, and by no page", async (t) => {
  const network = newNetwork(3, { commitMs: 60_000, revealMs: 60_000 });
  const agent = await startAgent(t, network, network.operators[0] as never);
  const { door, token, ask } = await open(t, agent);
  const { port } = door;
  const authorization = `Bearer ${token}`;
  const path = "/local/health";
  const right = await ask<AgentHealth>({ path });
  assert.deepEqual([right.status, right.body.operator], [200, agent.operator]);
  const named = await ask<AgentHealth>({ path, headers: { host: `localhost:${port}` } });
  assert.equal(named.status, 200);

  const attacks: readonly (readonly [status: number, code: string, headers: Record<string, string>])[] = [
    [401, "wrong_token", {}],
    [401, "wrong_token", { authorization: "Bearer " }],
    [401, "wrong_token", { authorization: `Bearer ${token.slice(0, -1)}` }],
    [401, "wrong_token", { authorization: `Bearer ${token}A` }],
    [401, "wrong_token", { authorization: `Basic ${token}` }],
    [421, "wrong_host", { authorization, host: `evil.test:${port}` }],
    [421, "wrong_host", { authorization, host: `127.0.0.1:${port + 1}` }],
    [421, "wrong_host", { authorization, host: "127.0.0.1" }],
    [403, "foreign_page", { authorization, origin: "https://evil.test" }],
    [403, "foreign_page", { authorization, origin: "null" }],
    [403, "foreign_page", { authorization, origin: `http://127.0.0.1:${port}` }],
    [403, "foreign_page", { authorization, "sec-fetch-site": "cross-site" }],
  ];
  for (const [status, code, headers] of attacks) {
    const { status: got, body } = await callAgent<Refusal>(port, { path, headers });
    assert.deepEqual([got, body.error.code], [status, code], JSON.stringify(headers));
    assert.ok(!JSON.stringify(body).includes(token.slice(0, 8)));
  }
  const stop = await callAgent<Refusal>(port, { method: "POST", path: "/local/stop" });
  assert.equal(stop.status, 401);
  assert.equal(await Promise.race([door.stopped.then(() => "stopped"), Promise.resolve("runs")]), "runs");
});

test("what is no call is refused with what is wrong in it, and never kept", async (t) => {
  const network = newNetwork(3, { commitMs: 60_000, revealMs: 60_000 });
  const agent = await startAgent(t, network, network.operators[0] as never);
  const { ask } = await open(t, agent);
  const refused = async (call: Call): Promise<readonly [number, string]> => {
    const { status, body } = await ask<Refusal>(call);
    return [status, body.error.code];
  };
  const [method, path] = ["POST", "/local/knowledge"];
  const content = "x".repeat(API_LIMITS.bodyBytes + 1);
  assert.deepEqual(await refused({ method, path, json: { domain: "a", content } }), [413, "body_too_large"]);
  assert.deepEqual(await refused({ method, path, text: "{" }), [400, "bad_request"]);
  assert.deepEqual(await refused({ method, path, text: "" }), [400, "bad_request"]);
  assert.deepEqual(await refused({ method, path, json: { content: "x" } }), [400, "bad_request"]);
  assert.deepEqual(await refused({ method, path, json: { domain: "No", content: "x" } }), [400, "entry_domain"]);
  const hidden = { domain: "a", content: "left\u202eright" };
  assert.deepEqual(await refused({ method, path, json: hidden }), [400, "entry_content"]);
  const { body } = await ask<Refusal>({ method, path, json: { domain: "a", content: 7 } });
  assert.match(body.error.message, /"content"/);
  assert.deepEqual(await refused({ path: "/local/knowledge?limit=many" }), [400, "bad_request"]);
  assert.deepEqual(await refused({ path: `/local/knowledge?query=${"x".repeat(1_000)}` }), [400, "query_too_long"]);
  assert.deepEqual(await refused({ path: "/local/knowledge/abc" }), [404, "unknown_call"]);
  assert.deepEqual(await refused({ path: `/local/knowledge/${"0".repeat(64)}` }), [404, "entry_missing"]);
  assert.deepEqual(await refused({ path: "/local/everything" }), [404, "unknown_call"]);
  assert.deepEqual(await refused({ path: "/" }), [404, "unknown_call"]);
  const paper = { kind: "revocation", paper: "00" };
  assert.deepEqual(await refused({ method, path: "/local/papers", json: paper }), [400, "agent_revocation"]);
});

test("knowledge goes in and is found, in its one form; votes and peers are told", async (t) => {
  const network = newNetwork(3, { commitMs: 60_000, revealMs: 60_000 });
  const [first, second] = network.operators as [never, never];
  const a = await startAgent(t, network, first);
  const b = await startAgent(t, network, second, [a]);
  await until(() => [a, b].every((agent) => agent.status().logs === 2));
  const [{ ask }, { ask: askB }] = [await open(t, a), await open(t, b)];
  const [method, path] = ["POST", "/local/knowledge"];
  const json = {
    domain: "birds",
    content: "Cafe\u0301 owls hunt by ear.",
    confidence: 0.815,
    tags: ["owls", "night", "owls"],
    sources: ["https://example.org", "f".repeat(64), "https://example.org"],
    ttl: 60,
  };
  const { body: made } = await ask<{ readonly id: string }>({ method, path, json });
  const entry = (await ask<EntryView>({ path: `${path}/${made.id}` })).body;
  assert.equal(entry.content, "Caf\u00e9 owls hunt by ear.");
  assert.deepEqual([entry.type, entry.confidence, entry.level, entry.score], ["observation", 0.82, "low", null]);
  assert.deepEqual(entry.tags, ["night", "owls"]);
  assert.deepEqual(entry.sources, ["https://example.org", "f".repeat(64)]);
  assert.equal(entry.endsAtMs, entry.madeAtMs + 60_000);
  await until(() => b.entry(made.id as never));
  const found = (await askB<EntryView[]>({ path: `${path}?query=owls&domain=birds&min_confidence=0.8&limit=5` })).body;
  assert.deepEqual(
    found.map(({ id, operator, score }) => [id, operator, score !== null]),
    [[made.id, a.operator, true]],
  );
  assert.deepEqual((await askB<EntryView[]>({ path: `${path}?query=owls&min_confidence=0.83` })).body, []);
  assert.deepEqual((await askB<EntryView[]>({ path: `${path}?query=owls&level=medium` })).body, []);

  const ballot = { entry: made.id, vote: -1, reason: "They hunt by smell." };
  const voted = (await askB<VoteView>({ method, path: `${path}/vote`, json: ballot })).body;
  assert.deepEqual([voted.subject, voted.own, voted.state], [made.id, -1, "waiting"]);
  const later = { entry: made.id, vote: 1, reason: "x".repeat(AGENT_LIMITS.noteBytes + 1) };
  const tooLong = await askB<Refusal>({ method, path: `${path}/vote`, json: later });
  assert.deepEqual([tooLong.status, tooLong.body.error.code], [400, "vote_reason"]);
  const under = (await askB<VoteView[]>({ path: "/local/votes" })).body;
  assert.deepEqual(
    under.map(({ subject, own }) => [subject, own]),
    [[made.id, -1]],
  );
  const none = await askB<Refusal>({ path: `${path}/tally?entry=${made.id}` });
  assert.deepEqual([none.status, none.body.error.code], [404, "unknown_tally"]);

  const peers = (await ask<AgentPeer[]>({ path: "/local/peers" })).body;
  assert.deepEqual(peers.map(({ operator }) => operator).sort(), network.genesis.operators);
  const self = peers.find(({ isSelf }) => isSelf);
  assert.deepEqual([self?.operator, self?.label, self?.devices.length, self?.weight], [a.operator, null, 1, 1]);

  const theirs = await askB<Refusal>({ method: "DELETE", path: `${path}/${made.id}` });
  assert.deepEqual([theirs.status, theirs.body.error.code], [403, "not_yours"]);
  assert.equal((await ask({ method: "DELETE", path: `${path}/${made.id}` })).status, 200);
  assert.equal((await ask({ path: `${path}/${made.id}` })).status, 404);
});

test("a program that asks on and on is told to wait, and others' calls go on", async (t) => {
  const network = newNetwork(3, { commitMs: 60_000, revealMs: 60_000 });
  const { ask } = await open(t, await startAgent(t, network, network.operators[0] as never));
  const { queriesAMinute, findsAMinute } = AGENT_LIMITS;
  const statuses = async (path: string, times: number): Promise<number[]> => {
    const answers = await Promise.all(Array.from({ length: times }, () => ask<Refusal>({ path })));
    return answers.map(({ status }) => status).sort();
  };
  const queries = await statuses("/local/knowledge?query=owls", queriesAMinute + 5);
  assert.deepEqual([queries[0], queries[queriesAMinute - 1], queries.at(-1)], [200, 200, 429]);
  const finds = await statuses(`/local/knowledge/${"0".repeat(64)}`, findsAMinute + 5);
  assert.deepEqual([finds[0], finds[findsAMinute - 1], finds.at(-1)], [404, 404, 429]);
  assert.equal((await ask({ path: "/local/health" })).status, 200);
});

test("the token is another one at each start, both files are the user's alone, and the end is told", async (t) => {
  const network = newNetwork(3, { commitMs: 60_000, revealMs: 60_000 });
  const agent = await startAgent(t, network, network.operators[0] as never);
  const dataDir = newFolder(t);
  const { door, paths, token, ask } = await open(t, agent, dataDir);
  for (const path of [paths.api, paths.token]) assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(JSON.parse(readFileSync(paths.api, "utf8")), { port: door.port, pid: process.pid });
  const taken = openAgentDoor({ agent, messages: null, paths, port: door.port, log: createLogger("silent") });
  await assert.rejects(taken, { code: "port_in_use" });
  assert.equal(readFileSync(paths.token, "utf8").trim(), token, "who does not get in changes nothing");
  await ask({ method: "POST", path: "/local/stop" });
  await door.stopped;
  await door[Symbol.asyncDispose]();
  assert.ok(!existsSync(paths.api));
  const again = await open(t, agent, dataDir);
  assert.notEqual(again.token, token);
  const old = await callAgent(again.door.port, {
    path: "/local/health",
    headers: { authorization: `Bearer ${token}` },
  });
  assert.equal(old.status, 401);
});
