import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { atEnd, temporaryFolder } from "../../test/support/cleanup.ts";
import { entryView, ScriptedAgent } from "../../test/support/mcp-agent.ts";
import { InternalError } from "../core/errors.ts";
import { contributionAnswer, entriesAnswer } from "./agent-answers.ts";
import { AgentCalls, AgentRefusal, queryOf } from "./agent-calls.ts";

const WAIT_MS = 5_000;
const code = (expected: string) => (error: unknown) => (error as InternalError).code === expected;
const never = async (): Promise<void> => assert.fail("it was started");

function folder(t: TestContext): string {
  return temporaryFolder(t);
}

async function startAgent(t: TestContext, dataDir: string, before?: ScriptedAgent): Promise<ScriptedAgent> {
  const agent = await ScriptedAgent.start(dataDir, before);
  atEnd(t, () => agent[Symbol.asyncDispose]());
  return agent;
}

test("where no agent runs one is started, once", async (t) => {
  const dataDir = folder(t);
  let starts = 0;
  const calls = new AgentCalls(dataDir, async () => {
    starts++;
    await sleep(20);
    await startAgent(t, dataDir);
  });
  const read = (): Promise<unknown> => calls.read("/local/knowledge?limit=1", entriesAnswer);
  await Promise.all([read(), read(), calls.write("/local/knowledge", { content: "a" }, contributionAnswer)]);
  assert.equal(starts, 1);
});

test("why none can be started is said", async (t) => {
  const calls = new AgentCalls(folder(t), async () => {
    throw new InternalError("no_agent", "There is no agent.");
  });
  await assert.rejects(calls.read("/local/knowledge", entriesAnswer), code("no_agent"));
});

test("one that cannot be reached is given up on after a time", async (t) => {
  const calls = new AgentCalls(folder(t), async () => {}, 50);
  await assert.rejects(calls.read("/local/knowledge", entriesAnswer), code("agent_not_running"));
});

test("a call outlives a restart on another port, with another token, and starts no second agent", async (t) => {
  const dataDir = folder(t);
  const first = await startAgent(t, dataDir);
  first.entries.push(entryView());
  const calls = new AgentCalls(dataDir, never, WAIT_MS);
  assert.equal((await calls.read("/local/knowledge?limit=9", entriesAnswer)).length, 1);
  await first[Symbol.asyncDispose]();
  const waiting = calls.read("/local/knowledge?limit=9", entriesAnswer);
  const writing = calls.write("/local/knowledge", { content: "b" }, contributionAnswer);
  await sleep(150);
  const second = await startAgent(t, dataDir, first);
  assert.ok((await waiting).length >= 1);
  await writing;
  assert.equal(second.calls.filter(({ method }) => method === "POST").length, 1);
});

test("a read that breaks off is repeated, a write is not", async (t) => {
  const dataDir = folder(t);
  const agent = await startAgent(t, dataDir);
  agent.faults.set("/local/knowledge", "break");
  const calls = new AgentCalls(dataDir, never, WAIT_MS);
  const writing = calls.write("/local/knowledge", { content: "a" }, contributionAnswer);
  await assert.rejects(writing, code("outcome_unknown"));
  assert.equal(agent.calls.length, 1);
  const reading = calls.read("/local/knowledge?limit=1", entriesAnswer);
  await sleep(150);
  agent.faults.clear();
  assert.deepEqual(await reading, []);
  assert.ok(agent.calls.length >= 3);
});

test("what the agent refuses is refused, once, with its code", async (t) => {
  const dataDir = folder(t);
  const agent = await startAgent(t, dataDir);
  const error = { code: "too_many_requests", message: "Too many.", hint: "Wait.", fault: "usage" };
  agent.faults.set("/local/knowledge", { status: 429, body: { error } });
  const reading = new AgentCalls(dataDir, never).read("/local/knowledge", entriesAnswer);
  await assert.rejects(
    reading,
    (thrown) => thrown instanceof AgentRefusal && thrown.status === 429 && thrown.code === error.code,
  );
  assert.equal(agent.calls.length, 1);
});

test("the port of a killed agent, which anybody may have by now, is told no token", async (t) => {
  const dataDir = folder(t);
  const stranger = await startAgent(t, dataDir);
  const { pid } = spawnSync(process.execPath, ["--version"]);
  const path = join(dataDir, "agent", "api.json");
  const whole = readFileSync(path, "utf8");
  const calls = new AgentCalls(dataDir, async () => {}, 50);
  writeFileSync(path, JSON.stringify({ ...JSON.parse(whole), pid }));
  await assert.rejects(calls.read("/local/knowledge", entriesAnswer), code("agent_not_running"));
  assert.deepEqual(stranger.calls, []);
  for (const text of ["", "{", "null", '{"port":0,"pid":1}', '{"port":"80","pid":1}']) {
    writeFileSync(path, text);
    await assert.rejects(calls.read("/local/knowledge", entriesAnswer), code("agent_not_running"), text);
  }
  writeFileSync(path, whole);
  assert.deepEqual(await calls.read("/local/knowledge?limit=1", entriesAnswer), []);
});

test("a query leaves out what was not said", () => {
  assert.equal(queryOf({}), "");
  assert.equal(queryOf({ a: undefined, b: 1, c: ["x", "y&z"], d: [] }), "?b=1&c=x&c=y%26z");
});
