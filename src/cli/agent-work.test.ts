/** Commands of `nocturne-agent` against the local API of agents in this process. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Command } from "commander";
import type { Agent } from "../agents/agent.ts";
import { newFolder, newNetwork, startAgent, until } from "../agents/testing.ts";
import type { AgentMessage, AwarenessView, CaseView, JobView, TaskView, VoteView } from "../api/agent-contract.ts";
import { openAgentDoor } from "../api/agent-door.ts";
import { createLogger } from "../core/log.ts";
import { agentPaths } from "../node/agent-paths.ts";
import { addKnowledgeCommands } from "./agent-knowledge.ts";
import { addLetterCommands } from "./agent-letters.ts";
import { addWholeCommands } from "./agent-whole.ts";
import { addWorkCommands } from "./agent-work.ts";
import { Context } from "./context.ts";
import { Output } from "./output.ts";

/** Keeps the result instead of printing it. */
class KeptOutput extends Output {
  value: unknown = null;
  text = "";

  override result(value: unknown, text: string): void {
    [this.value, this.text] = [value, text];
  }

  override say(): void {}
}

interface Printed<T> {
  readonly value: T;
  readonly text: string;
}

type Run = <T>(...args: readonly string[]) => Promise<Printed<T>>;

/** The command line of an agent; nobody can be asked at it. Rejects as its commands do. */
async function commandsOf(t: TestContext, agent: Agent): Promise<Run> {
  const dataDir = newFolder(t);
  const paths = agentPaths(dataDir);
  mkdirSync(paths.folder, { recursive: true });
  const door = await openAgentDoor({ agent, messages: null, paths, port: 0, log: createLogger("silent") });
  t.after(() => door[Symbol.asyncDispose]());
  return async <T>(...args: readonly string[]): Promise<Printed<T>> => {
    const context = new Context();
    context.begin({ dataDir, input: false });
    const output = new KeptOutput(false, false);
    context.output = output;
    const program = new Command().exitOverride().configureOutput({ outputError: () => {} });
    for (const add of [addKnowledgeCommands, addWorkCommands, addWholeCommands, addLetterCommands])
      add(program, context);
    await program.parseAsync(args, { from: "user" });
    return { value: output.value as T, text: output.text };
  };
}

const NETWORK = { commitMs: 60_000, revealMs: 60_000 };
const OWLS = {
  type: "observation",
  domain: "birds",
  content: "Owls hunt by ear.",
  confidence: 50,
  ttlS: 0,
  tags: [],
  sources: [],
  supersedes: [],
} as const;

test("a task is taken, done and checked; a job is posted; the whole is put into words", async (t) => {
  const network = newNetwork(3, NETWORK);
  const [first, second] = network.operators as [never, never];
  const a = await startAgent(t, network, first);
  const b = await startAgent(t, network, second, [a]);
  await until(() => [a, b].every((agent) => agent.status().logs === 2));
  const [ada, bob] = [await commandsOf(t, a), await commandsOf(t, b)];

  await t.test("tasks", async () => {
    const id = await a.contribute(OWLS);
    const { value: found } = await ada<TaskView[]>("tasks", "--type", "reflect", "--type", "verify");
    const task = found.find(({ type }) => type === "reflect") as TaskView;
    assert.equal(task.state, "open");
    assert.equal((await ada("tasks", "--domain", "moths")).value, null, "it says that there is none");
    const claimed = await ada<TaskView>("claim", task.id);
    assert.equal(claimed.value.lease?.operator, a.operator);
    assert.match(claimed.text, /\n {2}leased: reflect\. /);
    await assert.rejects(ada("finish", task.id), { code: "task_result" });
    // What does the task ends it, and it is said to be done all the same.
    const said = await ada<{ readonly id: string }>("reflect", "Owls", "first.", "--cites", id);
    const done = await ada<TaskView>("finish", task.id, "--entry", said.value.id, "--note", "Owls are all.");
    assert.deepEqual([done.value.result?.entry, done.value.result?.note], [said.value.id, "Owls are all."]);
    await assert.rejects(ada("check", task.id, "right"), { code: "own_result" });
    await until(() => b.tasks().some((one) => one.id === task.id && one.result));
    const checked = await bob<TaskView>("check", task.id, "wrong", "--note", "Storks, too.");
    assert.deepEqual(checked.value.checks, [{ operator: b.operator, isRight: false, note: "Storks, too." }]);
    assert.match(checked.text, /\n {2}found wrong by .*\n {2}\| Storks, too\.$/);

    const { value: whole, text } = await ada<AwarenessView>("awareness");
    assert.deepEqual([whole.synthesis?.id, whole.synthesis?.content], [said.value.id, "Owls first."]);
    assert.ok(text.startsWith(`sha256 ${whole.sha256}\n`));
    assert.match(text, /\n {2}\| Owls first\.\n/);
  });

  await t.test("jobs", async () => {
    const folder = newFolder(t);
    const [program, input, bytes] = ["double.js", "input.json", "bytes"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(program, "export default ({ n }) => 2 * n;\n");
    writeFileSync(input, '{"n": 7}');
    writeFileSync(bytes, Uint8Array.of(0xff, 0xfe));
    const posted = await ada<JobView>("run", program, "--input-file", input, "--replicas", "2", "--fuel", "50");
    assert.deepEqual([posted.value.replicas, posted.value.agree, posted.value.fuelLimit], [2, 2, 50]);
    const usual = await ada<JobView>("run", program, "--input", '{"n":8}');
    assert.deepEqual([usual.value.replicas, usual.value.agree, usual.value.state], [3, 2, "open"]);
    const { value, text } = await ada<JobView[]>("jobs");
    assert.deepEqual(value.map(({ id }) => id).sort(), [posted.value.id, usual.value.id].sort());
    assert.match(text, /\n {2}open: 2 of 3 must agree, with 10000 steps each\n/);
    await assert.rejects(ada("run", bytes), { code: "file_not_text" });
    await assert.rejects(ada("run", program, "--input-file", program), { code: "job_input" });
    await assert.rejects(ada("run", program, "--agree", "1"), { code: "job_agree" });
    await assert.rejects(ada("run", program, "--input", "{"), { code: "commander.invalidArgument" });
    const both = ada("run", program, "--input", "1", "--input-file", input);
    await assert.rejects(both, { code: "commander.conflictingOption" });
  });

  await t.test("cases", async () => {
    const against = ["quarantine", b.operator, "--words", "He is not one."];
    await assert.rejects(ada(...against), { code: "not_confirmed" });
    assert.equal((await ada("cases")).value, null, "nothing was said");
    const { value: made } = await ada<CaseView>(...against, "--yes");
    assert.deepEqual([made.accused, made.action, made.state], [b.operator, "quarantine", "local"]);
    const { text } = await ada("cases");
    assert.match(text, /\n {2}local: quarantine [0-9a-f]{64}\n.* without evidence; .*\n {2}\| He is not one\.$/);
    const { value: voted } = await ada<VoteView>("vote", made.id, "for");
    assert.deepEqual([voted.subject, voted.kind, voted.own], [made.id, "case", 1]);
    const back = await ada<CaseView>("reinstate", b.operator, "--words", "He is.");
    assert.deepEqual([back.value.accused, back.value.action], [b.operator, "reinstate"]);
  });

  await t.test("ids and messages that cannot be", async () => {
    await assert.rejects(ada("claim", "abc"), { code: "commander.invalidArgument" });
    await assert.rejects(ada("reflect", "x", "--cites", `${"0".repeat(64)},1`), { code: "commander.invalidArgument" });
    await assert.rejects(ada("claim", "0".repeat(64)), { code: "task_missing" });
    await assert.rejects(ada<AgentMessage>("send", b.operator, "Hello."), { code: "messages_off" });
    await assert.rejects(ada<AgentMessage[]>("messages", "--with", b.operator), { code: "messages_off" });
  });
});
