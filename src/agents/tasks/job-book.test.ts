/** Jobs, and what liars and copiers try. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { NOW, operatorCalled } from "../knowledge/testing.ts";
import { agreedOutcome, answersIn } from "./agreement.ts";
import { attemptsAt } from "./attempts.ts";
import type { JobStanding } from "./job-book.ts";
import type { JobId } from "./task-ids.ts";
import { answerAll, commit, commitmentBy, type Found, HOUR_MS, MINUTE_MS, open, post, TestBook } from "./testing.ts";

const [TRUE, FALSE] = ["2", "3"];

function finds(output: string, ...names: string[]): Found[] {
  return names.map((name) => ({ name, output }));
}

function standing(test: TestBook, job: JobId, minutes: number = 50): JobStanding {
  return test.book.jobs.standing(job, NOW + minutes * MINUTE_MS) ?? assert.fail("no such job");
}

function namesIn(test: TestBook, job: JobId, ...names: string[]): boolean[] {
  const { answers } = standing(test, job);
  return names.map((name) => answers.some(({ operator }) => operator === operatorCalled(name)));
}

test("two of three agree, and the third is found wrong", () => {
  const all = new TestBook();
  const job = post(all);
  assert.equal(standing(all, job).state, "open");
  answerAll(all, job, [...finds(TRUE, "ada", "ben"), ...finds(FALSE, "eve")]);
  const { state, outcome, answers } = standing(all, job);
  assert.deepEqual([state, outcome?.output, answers.length], ["agreed", TRUE, 3]);
  const [ada, eve] = ["ada", "eve"].map(operatorCalled);
  assert.equal(all.book.backOffUntil(ada ?? assert.fail(), NOW + HOUR_MS), 0);
  assert.equal(all.book.backOffUntil(eve ?? assert.fail(), NOW + 5 * MINUTE_MS), NOW + 6 * MINUTE_MS);
  assert.deepEqual(all.reversed().jobs.standings(NOW + HOUR_MS), all.book.jobs.standings(NOW + HOUR_MS));
});

test("answers agree when output, fuel and failure are equal, byte for byte", () => {
  for (const other of [{ output: "2.0" }, { fuel: 8 }, { failure: "threw" as const }]) {
    const all = new TestBook();
    const job = post(all, "author", { replicas: 2 });
    answerAll(all, job, [
      ...finds(TRUE, "ada"),
      { name: "ben", output: TRUE, ...(other.output ? { output: "20" } : other) },
    ]);
    assert.equal(standing(all, job).state, "open");
    assert.equal(standing(all, job, 24 * 60).state, "disputed");
  }
  const all = new TestBook();
  const job = post(all, "author", { replicas: 2 });
  answerAll(
    all,
    job,
    ["ada", "ben"].map((name) => ({ name, output: "", failure: "fuel" as const, fuel: 100 })),
  );
  assert.deepEqual(standing(all, job).outcome, { failure: "fuel", output: "", fuel: 100 });
});

test("who has no standing, and the author himself, are nobody", () => {
  const all = new TestBook();
  const job = post(all, "ada");
  all.strangers.add(operatorCalled("nobody"));
  answerAll(all, job, finds(TRUE, "ada", "nobody", "ben"));
  assert.deepEqual(
    namesIn(all, job, "ada", "nobody", "ben"),
    [false, false, false],
    "one commitment is too few to open early",
  );
  assert.equal(standing(all, job).state, "open");
  all.strangers.clear();
  assert.equal(standing(all, job).state, "open", "the author is not one of three");
  answerAll(all, job, finds(TRUE, "cyd", "ben", "nobody"));
  assert.equal(standing(all, job).state, "agreed");
  const stranger = new TestBook();
  stranger.strangers.add(operatorCalled("author"));
  post(stranger);
  assert.deepEqual(stranger.book.jobs.standings(NOW), []);
});

test("liars who are too few agree on nothing, with copies of each other too", () => {
  const all = new TestBook();
  const job = post(all, "author", { replicas: 5, agree: 3 });
  const honest = finds(TRUE, "ada", "ben", "cyd");
  const liars = finds(FALSE, "eve1", "eve2");
  answerAll(all, job, [...liars, ...honest]);
  // Copiers who commit once the answers are read, and say that it was before.
  for (const copier of finds(FALSE, "late1", "late2", "late3").map((one) => ({ ...one, commit: 0 }))) {
    commit(all, job, copier);
    open(all, job, { ...copier, open: 6 }, [...liars, ...honest]);
  }
  const { state, outcome } = standing(all, job);
  assert.deepEqual([state, outcome?.output], ["agreed", TRUE]);
});

test("who commits in the past to what he has read is no second opinion; he would be if nobody asked what was seen", () => {
  const all = new TestBook();
  const job = post(all, "author", { replicas: 2, agree: 2 });
  const honest = finds(TRUE, "ada", "ben");
  commit(all, job, { ...(honest[0] as Found) });
  // Ada opens when nobody can commit any more; Eve reads it.
  open(all, job, { ...(honest[0] as Found), open: 31 }, []);
  const copier: Found = { name: "eve", output: TRUE, commit: 2, open: 32 };
  commit(all, job, copier);
  open(all, job, copier, honest.slice(0, 1));
  assert.deepEqual(namesIn(all, job, "ada", "eve"), [true, false]);
  assert.equal(standing(all, job).state, "open");
  // The protection off: everybody names everybody.
  const known = all.book.jobs.words;
  const seen = new Set([...honest, copier].map((one) => commitmentBy(job, one)));
  const words = {
    commitments: known.commitments.about(job),
    answers: known.answers.about(job).map((answer) => ({ ...answer, seen })),
  };
  const task = known.jobs.get(job) ?? assert.fail();
  const [attempt] = attemptsAt(task, NOW);
  assert.equal(agreedOutcome(task, answersIn(task, attempt ?? assert.fail(), words))?.output, TRUE);
});

test("a commitment that was copied opens to nothing under another name", () => {
  const all = new TestBook();
  const job = post(all);
  const [ada, ben, cyd] = finds(TRUE, "ada", "ben", "cyd") as [Found, Found, Found];
  for (const one of [ada, ben, cyd]) commit(all, job, one);
  const stolen = [...all.book.jobs.words.commitments.about(job)][0] ?? assert.fail();
  assert.notEqual(stolen.commitment, commitmentBy(job, { ...ada, name: "eve" }));
  open(all, job, { ...ada, name: "eve" }, [ada, ben, cyd]);
  assert.deepEqual(namesIn(all, job, "eve"), [false]);
});

test("an answer that is said before enough are committed counts for nothing, and keeps nobody from going on", () => {
  const all = new TestBook();
  const job = post(all);
  const eve: Found = { name: "eve", output: FALSE, commit: 1, open: 2 };
  commit(all, job, eve);
  open(all, job, eve, []);
  const before = standing(all, job, 3);
  assert.ok(all.book.jobs.isWanted(before, operatorCalled("ada"), NOW + 3 * MINUTE_MS));
  const honest = finds(TRUE, "ada", "ben");
  for (const one of honest) commit(all, job, one);
  for (const one of honest) open(all, job, one, [eve, ...honest]);
  assert.deepEqual([standing(all, job).outcome?.output, ...namesIn(all, job, "eve")], [TRUE, false]);
});

test("who commits to two things is in neither; to one thing twice, once", () => {
  const all = new TestBook();
  const job = post(all);
  commit(all, job, { name: "eve", output: TRUE });
  answerAll(all, job, [...finds(TRUE, "ada", "ben"), ...finds(FALSE, "eve")]);
  assert.deepEqual(namesIn(all, job, "eve"), [false]);
  const twice = new TestBook();
  const other = post(twice);
  for (let i = 0; i < 2; i++) answerAll(twice, other, finds(TRUE, "ada", "ben", "cyd"));
  assert.equal(standing(twice, other).answers.length, 3);
});

test("more than are wanted, and what comes too late, counts for nothing", () => {
  const all = new TestBook();
  const job = post(all);
  const first = finds(TRUE, "ada", "ben", "cyd");
  answerAll(all, job, [...first, ...finds(FALSE, "eve1", "eve2", "eve3").map((one) => ({ ...one, commit: 2 }))]);
  assert.deepEqual([standing(all, job).outcome?.output, standing(all, job).answers.length], [TRUE, 3]);
  const late = new TestBook();
  const other = post(late);
  answerAll(
    late,
    other,
    finds(TRUE, "ada", "ben", "cyd").map((one) => ({ ...one, commit: 30, open: 40 })),
  );
  assert.deepEqual(standing(late, other).answers, []);
  answerAll(
    late,
    other,
    finds(TRUE, "dee", "fay", "gil").map((one) => ({ ...one, open: 60 })),
  );
  assert.deepEqual(standing(late, other).answers, []);
});

test("who did not agree make place for others, a few times; then it is disputed", () => {
  const all = new TestBook();
  const job = post(all);
  answerAll(all, job, [
    { name: "ada", output: "1" },
    { name: "ben", output: "2" },
    { name: "cyd", output: "3" },
  ]);
  const second = standing(all, job, 61);
  assert.deepEqual([second.state, second.attempt?.number], ["open", 1]);
  const wants = (name: string): boolean => all.book.jobs.isWanted(second, operatorCalled(name), NOW + 61 * MINUTE_MS);
  assert.deepEqual(["ada", "author", "dee"].map(wants), [false, false, true]);
  answerAll(all, job, [
    { name: "ada", output: "2", attempt: 1 },
    ...finds(TRUE, "dee", "eli").map((one) => ({ ...one, attempt: 1 })),
  ]);
  assert.equal(standing(all, job, 70).state, "open", "ada had her word, and two are too few to open so early");
  answerAll(
    all,
    job,
    finds(TRUE, "fay").map((one) => ({ ...one, attempt: 1 })),
  );
  for (const one of finds(TRUE, "dee", "eli").map((found) => ({ ...found, attempt: 1, open: 95 })))
    open(
      all,
      job,
      one,
      finds(TRUE, "dee", "eli", "fay").map((found) => ({ ...found, attempt: 1 })),
    );
  assert.deepEqual([standing(all, job, 100).state, standing(all, job, 100).outcome?.output], ["agreed", TRUE]);
  const never = new TestBook();
  const other = post(never);
  assert.equal(standing(never, other, 60 * AGENT_LIMITS.jobAttempts - 1).state, "open");
  assert.equal(standing(never, other, 60 * AGENT_LIMITS.jobAttempts).state, "expired");
  const short = new TestBook();
  const ends = post(short, "author", { notAfterMs: NOW + 10 * MINUTE_MS });
  assert.equal(standing(short, ends, 10).state, "expired");
});

test("a flood of jobs, commitments and answers pushes out its author's own", () => {
  const all = new TestBook();
  const job = post(all);
  const honest = finds(TRUE, "ada", "ben", "cyd");
  answerAll(all, job, honest);
  for (let i = 0; i <= AGENT_LIMITS.jobsOfAnOperator; i++) post(all, "eve", { input: `${i}` });
  for (let i = 0; i <= AGENT_LIMITS.leasesOfAnOperator; i++) commit(all, job, { name: "eve", output: `${i}` });
  for (let i = 0; i <= AGENT_LIMITS.answersOfAnOperator; i++) open(all, job, { name: "eve", output: `${i}` }, honest);
  assert.equal(standing(all, job).state, "agreed");
  const jobs = all.book.jobs.standings(NOW);
  assert.equal(jobs.length, AGENT_LIMITS.jobsOfAnOperator + 1);
});
