/** Which tasks there are, and what is done about them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { EntryId } from "../agent-ids.ts";
import { NETWORK, NOW, operatorCalled } from "../knowledge/testing.ts";
import { encodeCheck } from "./check.ts";
import { encodeLease } from "./lease.ts";
import { type TaskAbout, taskIdOf } from "./task-about.ts";
import type { ResultId, TaskId } from "./task-ids.ts";
import { encodeTaskResult, resultIdOf } from "./task-result.ts";
import { HOUR_MS, MINUTE_MS, TestBook } from "./testing.ts";

const { leaseMs, overlapping, reflectMs, unmerged, verifyAfterMs, verifyVotes } = AGENT_LIMITS;
const ABOUT: TaskAbout = { type: "verify", domain: "rust/async", entry: "ab".repeat(32) as EntryId };
const TASK = taskIdOf(NETWORK, ABOUT);

/** Entries, the oldest first, a minute apart. */
function several(test: TestBook, count: number, changes: Parameters<TestBook["put"]>[0] = {}): EntryId[] {
  return Array.from({ length: count }, (_, i) =>
    test.put({ content: `${i}`, ...changes }, NOW - HOUR_MS + i * MINUTE_MS),
  );
}

function result(test: TestBook, name: string, note: string, madeAtMs: number = NOW): ResultId {
  const body = encodeTaskResult({ about: ABOUT, entry: null, note });
  test.say(name, "result", body, madeAtMs);
  return resultIdOf(NETWORK, operatorCalled(name), body);
}

function check(test: TestBook, name: string, about: ResultId, isRight: boolean, madeAtMs: number = NOW): void {
  test.say(name, "check", encodeCheck({ result: about, isRight, note: "" }), madeAtMs);
}

function claim(test: TestBook, name: string, madeAtMs: number, task: TaskId = TASK): void {
  test.say(name, "lease", encodeLease({ kind: "claim", task }), madeAtMs);
}

/** An entry that waits for votes, and its task. */
function verifyTask(test: TestBook): TaskId {
  const entry = test.put({ content: "old" }, NOW - verifyAfterMs);
  return taskIdOf(NETWORK, { type: "verify", domain: "rust/async", entry });
}

function stateOf(test: TestBook, nowMs: number = NOW) {
  const task = test.book.tasks(nowMs).find(({ id }) => id === TASK);
  return [task?.state, task?.result?.note];
}

test("synthesize: more than ten observations that nobody brought together, and another task once the oldest was", () => {
  const all = new TestBook();
  const ids = several(all, unmerged);
  assert.deepEqual(all.tasks("synthesize"), []);
  ids.push(all.put({ content: "one more" }, NOW - 1));
  const [task] = all.tasks("synthesize");
  assert.deepEqual([task?.domain, task?.state, task?.entries.length], ["rust/async", "open", unmerged + 1]);
  assert.equal(task?.id, taskIdOf(NETWORK, { type: "synthesize", domain: "rust/async", entry: ids[0] as EntryId }));
  const synthesis = all.put({ type: "synthesis", sources: [{ entry: ids[0] as EntryId }], content: "first" });
  assert.deepEqual(all.tasks("synthesize"), []);
  all.put({ content: "and another" }, NOW);
  const [next] = all.tasks("synthesize");
  assert.notEqual(next?.id, task?.id);
  const known = all.entries.get(synthesis);
  if (known) known.level = "rejected";
  assert.equal(all.tasks("synthesize")[0]?.id, task?.id, "a synthesis that was rejected brings nothing together");
});

test("what does not stand makes no task", () => {
  const all = new TestBook();
  const [one, two] = several(all, unmerged + 1);
  assert.equal(all.tasks("synthesize").length, 1);
  const known = all.entries.get(one as EntryId);
  if (known) known.level = "rejected";
  assert.equal(all.tasks("synthesize").length, 0);
  if (known) known.level = "low";
  all.entries.delete(two as EntryId);
  assert.equal(all.tasks("synthesize").length, 0, "withdrawn");
  several(all, 2, { operator: operatorCalled("nobody"), content: "of a stranger" });
  assert.equal(all.tasks("synthesize").length, 1);
  all.strangers.add(operatorCalled("nobody"));
  assert.equal(all.tasks("synthesize").length, 0);
});

test("verify: two days old, fewer than three votes", () => {
  const all = new TestBook();
  const id = verifyTask(all);
  all.put({ content: "younger" }, NOW - verifyAfterMs + 1);
  const [task, ...others] = all.tasks("verify");
  assert.deepEqual([task?.id, others], [id, []]);
  assert.deepEqual(all.tasks("verify", NOW - 1), []);
  for (const shown of all.entries.values()) shown.votes = verifyVotes;
  assert.deepEqual(all.tasks("verify"), []);
});

test("consolidate: more than five entries with the same domain and tags", () => {
  const all = new TestBook();
  const ids = several(all, overlapping, { tags: ["tokio"] });
  several(all, overlapping + 1, { content: "no tags" });
  all.put({ tags: ["tokio"], domain: "web" });
  all.put({ tags: ["async", "tokio"] });
  all.put({ tags: ["tokio"], type: "synthesis" });
  assert.deepEqual(all.tasks("consolidate"), []);
  ids.push(all.put({ tags: ["tokio"], type: "correction" }));
  const [task] = all.tasks("consolidate");
  assert.deepEqual([...(task?.entries ?? [])].sort(), ids.sort());
  const known = all.entries.get(ids[0] as EntryId);
  if (known) known.supersededBy = ids[1] as EntryId;
  assert.deepEqual(all.tasks("consolidate"), []);
});

test("reflect: six hours without a synthesis about the whole, and again in the next six", () => {
  const all = new TestBook();
  const [task] = all.tasks("reflect");
  assert.equal(task?.state, "open");
  assert.notEqual(all.tasks("reflect", NOW + reflectMs)[0]?.id, task?.id);
  all.put({ domain: "awareness", type: "observation" }, NOW);
  assert.equal(all.tasks("reflect").length, 1);
  all.put({ domain: "awareness", type: "synthesis" }, NOW - reflectMs + 1);
  assert.deepEqual(all.tasks("reflect"), []);
  assert.equal(all.tasks("reflect", NOW + 1).length, 1);
});

test("the same was said, so the same is to be done: in any order and said twice", () => {
  const all = new TestBook();
  several(all, 14, { tags: ["a"] });
  const id = verifyTask(all);
  claim(all, "ben", NOW - 2, id);
  claim(all, "ada", NOW - 1, id);
  const first = result(all, "cyd", "nothing is to be done");
  for (const name of ["ada", "ben"]) check(all, name, first, name === "ada", NOW - 1);
  check(all, "ben", first, true);
  assert.deepEqual(all.reversed().tasks(NOW), all.book.tasks(NOW));
  assert.ok(all.book.tasks(NOW).length >= 5);
});

test("a lease lasts an hour, the first counts, and then another's does for the rest of his", () => {
  const all = new TestBook();
  const id = verifyTask(all);
  const leaseAt = (nowMs: number) => all.tasks("verify", nowMs).find((task) => task.id === id)?.lease;
  claim(all, "ben", NOW, id);
  claim(all, "cyd", NOW + 30 * MINUTE_MS, id);
  const [ben, cyd] = ["ben", "cyd"].map(operatorCalled);
  assert.deepEqual(leaseAt(NOW + 40 * MINUTE_MS), { operator: ben, untilMs: NOW + leaseMs });
  assert.deepEqual(leaseAt(NOW + leaseMs), { operator: cyd, untilMs: NOW + leaseMs + 30 * MINUTE_MS });
  assert.equal(leaseAt(NOW + 2 * leaseMs), null);
  assert.equal(all.tasks("verify", NOW + 2 * leaseMs)[0]?.state, "open");
});

test("whoever has no standing has no lease, no result and no check", () => {
  const all = new TestBook();
  const id = verifyTask(all);
  all.strangers.add(operatorCalled("nobody"));
  claim(all, "nobody", NOW, id);
  assert.equal(all.tasks("verify")[0]?.state, "open");
  result(all, "nobody", "done");
  assert.deepEqual(stateOf(all), [undefined, undefined]);
  const real = result(all, "ada", "really");
  check(all, "nobody", real, true);
  assert.deepEqual(stateOf(all), ["done", "really"]);
  all.strangers.clear();
  assert.deepEqual(stateOf(all)[0], "checked", "with standing the same words count");
});

test("a result is checked by others: one's own word counts for nothing, the last of each operator, a tie is a dispute", () => {
  const all = new TestBook();
  const id = result(all, "ada", "done");
  check(all, "ada", id, true);
  assert.deepEqual(stateOf(all), ["done", "done"]);
  check(all, "ben", id, true);
  assert.equal(stateOf(all)[0], "checked");
  check(all, "cyd", id, false);
  assert.equal(stateOf(all)[0], "disputed");
  for (let i = 0; i < 5; i++) check(all, "ben", id, true, NOW + i);
  assert.equal(stateOf(all)[0], "disputed", "one operator is one voice");
  check(all, "cyd", id, true, NOW + 10);
  assert.equal(stateOf(all)[0], "checked");
});

test("of several results the one that was checked is shown, else one that is not disputed", () => {
  const all = new TestBook();
  const [first, , third] = [
    result(all, "ada", "1"),
    result(all, "ben", "2", NOW + 1),
    result(all, "cyd", "3", NOW + 2),
  ];
  assert.deepEqual(stateOf(all), ["done", "1"]);
  check(all, "dee", first, false);
  assert.deepEqual(stateOf(all), ["done", "2"]);
  check(all, "dee", third, true);
  assert.deepEqual(stateOf(all), ["checked", "3"]);
});

test("what was done is shown for a week after the task is gone", () => {
  const all = new TestBook();
  result(all, "ada", "done");
  assert.equal(stateOf(all, NOW + AGENT_LIMITS.taskShownMs)[0], "done");
  assert.equal(stateOf(all, NOW + AGENT_LIMITS.taskShownMs + 1)[0], undefined);
  assert.deepEqual(all.book.about(TASK, NOW), ABOUT);
});

test("a flood of leases and results pushes out the words of its author and of nobody else", () => {
  const all = new TestBook();
  const id = verifyTask(all);
  claim(all, "ada", NOW, id);
  claim(all, "eve", NOW - 1, id);
  for (let i = 0; i < AGENT_LIMITS.leasesOfAnOperator; i++) claim(all, "eve", NOW + i, TASK);
  assert.equal(all.tasks("verify", NOW + 1000)[0]?.lease?.operator, operatorCalled("ada"));
  result(all, "ada", "done");
  for (let i = 0; i <= AGENT_LIMITS.resultsOfAnOperator; i++) result(all, "eve", `${i}`, NOW + i);
  assert.equal(stateOf(all)[1], "done");
});

test("who is found wrong by two others waits, longer each time, and his leases of then count for nothing", () => {
  const all = new TestBook();
  const id = verifyTask(all);
  const eve = operatorCalled("eve");
  const wrong = (note: string, atMs: number, ...names: string[]): void => {
    const one = result(all, "eve", note, atMs);
    for (const name of names) check(all, name, one, false, atMs);
  };
  wrong("0", NOW, "ada");
  assert.equal(all.book.backOffUntil(eve, NOW), 0, "one could be an enemy");
  wrong("1", NOW, "ada", "ben");
  assert.equal(all.book.backOffUntil(eve, NOW), NOW + MINUTE_MS);
  claim(all, "eve", NOW + 1, id);
  assert.equal(all.tasks("verify", NOW + 2)[0]?.lease, null);
  claim(all, "eve", NOW + MINUTE_MS, id);
  assert.equal(all.tasks("verify", NOW + MINUTE_MS)[0]?.lease?.operator, eve);
  const waits = [2, 3, 4, 5].map((n) => {
    const atMs = NOW + n * HOUR_MS;
    wrong(`${n}`, atMs, "ada", "ben");
    return (all.book.backOffUntil(eve, atMs) - atMs) / MINUTE_MS;
  });
  assert.deepEqual(waits, [5, 30, 24 * 60, 24 * 60]);
  const right = result(all, "eve", "right", NOW + 6 * HOUR_MS);
  check(all, "ada", right, true, NOW + 6 * HOUR_MS);
  assert.equal(all.book.backOffUntil(eve, NOW + 6 * HOUR_MS), 0);
});

test("a question that nothing was found for is a task here alone, by an id that nobody can guess", () => {
  const all = new TestBook();
  const question = { domain: "rust", words: "why" };
  all.book.asked(question, false, NOW);
  all.book.asked(question, false, NOW);
  const [gap, ...others] = all.tasks("fill_gap");
  assert.ok(gap && others.length === 0 && all.book.isPrivate(gap.id));
  const elsewhere = new TestBook();
  elsewhere.book.asked(question, false, NOW);
  assert.notEqual(elsewhere.tasks("fill_gap")[0]?.id, gap.id);
  all.book.asked(question, true, NOW);
  assert.deepEqual(all.tasks("fill_gap"), []);
  for (let i = 0; i <= AGENT_LIMITS.gaps; i++) all.book.asked({ domain: null, words: `${i}` }, false, NOW);
  assert.equal(all.tasks("fill_gap").length, AGENT_LIMITS.gaps);
  assert.deepEqual(all.tasks("fill_gap", NOW + AGENT_LIMITS.gapMs), []);
});
