/** Machines that run jobs by themselves, with real programs and logs. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { createLogger } from "../../core/log.ts";
import { newClock, newJournal, type TestClock } from "../journal/testing.ts";
import { NOW, operatorCalled } from "../knowledge/testing.ts";
import { readAnswer } from "./answer.ts";
import type { JobId } from "./task-ids.ts";
import { TaskWorker } from "./task-worker.ts";
import { answerAll, commitmentBy, MINUTE_MS, post, TestBook } from "./testing.ts";

interface Room {
  readonly clock: TestClock;
  readonly all: TestBook;
  readonly workers: readonly TaskWorker[];
  /** What the machines said, in order. */
  said(): string[];
  /** Every machine looks what there is to do, until `isDone`. */
  until(isDone: () => boolean): Promise<void>;
}

function room(t: TestContext, names: readonly string[]): Room {
  const [clock, all, kinds] = [newClock(), new TestBook(), [] as string[]];
  clock.atMs = NOW + MINUTE_MS;
  const workers = names.map((name, i) => {
    const journal = newJournal(t, { clock });
    journal.onNoted((noted) => {
      for (const { said } of noted) {
        kinds.push(said.statement.kind);
        all.say(name, said.statement.kind, said.statement.body, said.madeAtMs);
      }
    });
    const secret = new Uint8Array(32).fill(i);
    const options = { book: all.book, operator: operatorCalled(name), secret, journal, clock };
    const worker = new TaskWorker({ ...options, log: createLogger("silent") });
    t.after(() => worker[Symbol.asyncDispose]());
    return worker;
  });
  return {
    clock,
    all,
    workers,
    said: () => kinds,
    until: async (isDone) => {
      for (const endMs = performance.now() + 20_000; !isDone(); await sleep(10)) {
        if (performance.now() > endMs) assert.fail("it did not happen");
        for (const worker of workers) await worker.act();
      }
    },
  };
}

const stateOf = ({ all, clock }: Room, job: JobId) => all.book.jobs.standing(job, clock.atMs)?.state;

test("three machines run a job, commit, open and agree, and a fourth is not wanted", async (t) => {
  const here = room(t, ["ada", "ben", "cyd", "dee"]);
  const job = post(here.all, "author", { program: "export default (n) => n + Math.random()", fuel: 1_000 });
  await here.until(() => stateOf(here, job) === "agreed");
  assert.deepEqual(here.said().slice(0, 3), ["lease", "lease", "lease"], "nobody opens before three have committed");
  const { outcome, answers } = here.all.book.jobs.standing(job, here.clock.atMs) ?? assert.fail();
  assert.ok(Number(outcome?.output) > 1 && answers.length === 2, "the third need not say it any more");
  const spent = here.workers.map((worker) => worker.spent);
  assert.ok(spent.filter(({ jobs, ms }) => jobs === 1 && ms > 0).length >= 3);
  for (const worker of here.workers) await worker.act();
  assert.equal(here.said().length, 5);
});

test("with too few machines answers are opened in the second half; who started anew runs the job again", async (t) => {
  const here = room(t, ["ada"]);
  const job = post(here.all);
  await here.until(() => here.said().length === 1);
  const [worker] = here.workers;
  await worker?.[Symbol.asyncDispose]();
  here.clock.atMs = NOW + AGENT_LIMITS.leaseMs / 2;
  const journal = newJournal(t, { clock: here.clock });
  const secret = new Uint8Array(32);
  const options = { book: here.all.book, operator: operatorCalled("ada"), secret, journal, clock: here.clock };
  const restarted = new TaskWorker({ ...options, log: createLogger("silent") });
  t.after(() => restarted[Symbol.asyncDispose]());
  const answers = () => [...journal.all(["result"])].map(({ said }) => readAnswer(said.statement.body));
  for (let i = 0; i < 500 && answers().length === 0; i++) {
    await restarted.act();
    await sleep(10);
  }
  const [answer] = answers();
  const [own] = here.all.book.jobs.words.commitments.about(job);
  assert.deepEqual([answer?.outcome.output, answer?.seen], ["2", [own?.commitment]]);
});

test("of what has no outcome on this machine nothing is said; who has to wait takes no work", async (t) => {
  const here = room(t, ["ada"]);
  const first = post(here.all, "author", { replicas: 3 });
  const wrong = { name: "ada", output: "5" };
  answerAll(here.all, first, [wrong, { name: "ben", output: "2" }, { name: "cyd", output: "2" }]);
  here.clock.atMs = NOW + 5 * MINUTE_MS + 1;
  const job = post(here.all, "other");
  await here.workers[0]?.act();
  assert.deepEqual(here.workers[0]?.spent.jobs, 0);
  here.clock.atMs += MINUTE_MS;
  await here.until(() => here.said().length === 1);
  assert.notEqual(here.all.book.jobs.words.commitments.about(job)[0]?.commitment, commitmentBy(job, wrong));
});

test("a machine that is shut off ends what it runs", async (t) => {
  const here = room(t, ["ada"]);
  post(here.all, "author", { program: "export default () => { for (;;); }", fuel: AGENT_LIMITS.jobFuel });
  await here.workers[0]?.act();
  const startedMs = performance.now();
  await here.workers[0]?.[Symbol.asyncDispose]();
  assert.ok(performance.now() - startedMs < 2_000);
  assert.deepEqual(here.said(), []);
});
