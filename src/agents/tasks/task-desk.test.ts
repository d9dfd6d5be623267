import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { NOW, operatorCalled } from "../knowledge/testing.ts";
import { showJob } from "./shown-job.ts";
import type { Task } from "./task.ts";
import { AWARENESS_DOMAIN } from "./task-about.ts";
import { TaskDesk } from "./task-desk.ts";
import { answerAll, TestBook } from "./testing.ts";

/** What "ada" does by hand. */
function desk(all: TestBook, name: string = "ada"): TaskDesk {
  const operator = operatorCalled(name);
  const say = async (...[kind, body]: Parameters<ConstructorParameters<typeof TaskDesk>[0]["say"]>): Promise<void> =>
    all.say(name, kind, body);
  return new TaskDesk({ book: all.book, operator, clock: { nowMs: () => NOW }, say });
}

function reflection(all: TestBook): Task {
  return all.tasks("reflect")[0] ?? assert.fail();
}

test("a task is taken on, done and checked by another", async () => {
  const all = new TestBook();
  const { id } = reflection(all);
  await desk(all).claim(id);
  assert.deepEqual([reflection(all).state, reflection(all).lease?.operator], ["leased", operatorCalled("ada")]);
  await assert.rejects(desk(all, "ben").check(id, true, ""), { code: "result_missing" });
  const entry = all.put();
  await desk(all).finish(id, entry, "");
  assert.deepEqual([reflection(all).state, reflection(all).result?.entry], ["done", entry]);
  await assert.rejects(desk(all).check(id, true, ""), { code: "own_result" });
  await desk(all, "ben").check(id, true, "I looked.");
  const { state, checks } = reflection(all);
  assert.deepEqual(
    [state, checks],
    ["checked", [{ operator: operatorCalled("ben"), isRight: true, note: "I looked." }]],
  );
});

test("the entry that does a task ends it, and the task can still be said to be done by whoever saw it", async () => {
  const all = new TestBook();
  const { id } = reflection(all);
  const entry = all.put({ type: "synthesis", domain: AWARENESS_DOMAIN });
  assert.deepEqual(all.tasks("reflect"), []);
  await desk(all).finish(id, entry, "");
  assert.deepEqual([reflection(all).id, reflection(all).state, reflection(all).result?.entry], [id, "done", entry]);
});

test("nothing is said of what is no task, of a question of one's own, or without words", async () => {
  const all = new TestBook();
  all.book.asked({ domain: null, words: "secret" }, false, NOW);
  const { id } = all.tasks("fill_gap")[0] ?? assert.fail();
  for (const does of [desk(all).claim(id), desk(all).finish(id, null, "done")])
    await assert.rejects(does, { code: "task_private" });
  await assert.rejects(desk(all).claim("ab".repeat(32)), { code: "task_missing" });
  await assert.rejects(desk(all).check("ab".repeat(32), true, ""), { code: "task_missing" });
  await assert.rejects(desk(all).finish(reflection(all).id, null, " "), { code: "task_result" });
  assert.equal(reflection(all).state, "open");
});

test("a program is posted, shown, and agreed upon", async () => {
  const all = new TestBook();
  const program = "export default (input) => input";
  const id = await desk(all).post({ program, input: { b: 1, a: "é" } });
  const show = () => showJob(all.book.jobs.standing(id, NOW + AGENT_LIMITS.leaseMs / 2) ?? assert.fail());
  assert.deepEqual([show().replicas, show().agree, show().state, show().output], [3, 2, "open", null]);
  assert.deepEqual(
    all.tasks("compute").map((task) => [task.id, task.state]),
    [[id, "open"]],
  );
  answerAll(
    all,
    id,
    ["ben", "cyd", "dee"].map((name) => ({ name, output: '{"a":1}' })),
  );
  assert.deepEqual([show().state, show().output, show().results.length], ["agreed", '{"a":1}', 3]);
  assert.deepEqual(all.tasks("compute", NOW + AGENT_LIMITS.leaseMs / 2), []);
});

test("what no job can be is refused, with the field", async () => {
  const post = (more: object) => desk(new TestBook()).post({ program: "1", input: 1, ...more });
  for (const [code, more] of [
    ["job_program", { program: "" }],
    ["job_program", { program: "x".repeat(AGENT_LIMITS.jobProgramBytes + 1) }],
    ["job_input", { input: undefined }],
    ["job_input", { input: "x".repeat(AGENT_LIMITS.jobInputBytes) }],
    ["job_replicas", { replicas: 1 }],
    ["job_agree", { replicas: 4, agree: 2 }],
    ["job_fuel", { fuel: 0 }],
  ] as const)
    await assert.rejects(post(more), { code });
});
