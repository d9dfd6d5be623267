/**
 * Work under attack: mutations of every form, none of which throws or is read in two ways; attempts at a job in which
 * everybody does anything, where too few liars never agree; and programs of any bytes, of which each has one outcome.
 * `SEED=N` repeats a run.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import type { EntryId } from "../../src/agents/agent-ids.ts";
import { runInSandbox } from "../../src/agents/compute/sandbox.ts";
import { encodeAnswer, readAnswer } from "../../src/agents/tasks/answer.ts";
import { encodeCheck, readCheck } from "../../src/agents/tasks/check.ts";
import { encodeJob, readJob } from "../../src/agents/tasks/job.ts";
import { encodeLease, readLease } from "../../src/agents/tasks/lease.ts";
import type { AnswerCommitment, JobId, ResultId, TaskId } from "../../src/agents/tasks/task-ids.ts";
import { encodeTaskResult, readTaskResult } from "../../src/agents/tasks/task-result.ts";
import {
  answerOf,
  commit,
  type Found,
  jobWith,
  MINUTE_MS,
  open,
  post,
  TestBook,
} from "../../src/agents/tasks/testing.ts";
import { NOW } from "../../src/agents/knowledge/testing.ts";
import { toHex, utf8Decode, utf8Encode } from "../../src/core/bytes.ts";
import { randomBytes } from "../../src/core/random.ts";
import { mutated } from "../support/mutated.ts";
import { assertOneEncoding, type Form, recoded } from "../support/one-encoding.ts";
import { Xorshift } from "../support/xorshift.ts";

const MUTATIONS = 3_000;
const JOBS = 150;
const PROGRAMS = 40;
const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));

const newId = (): string => toHex(randomBytes(32));
const seen = Array.from({ length: 3 }, () => newId() as AnswerCommitment).sort();
const about = { type: "synthesize", domain: "rust/async", entry: newId() as EntryId } as const;
const job = newId() as JobId;

const forms: Readonly<Record<string, Form>> = {
  claim: {
    bytes: encodeLease({ kind: "claim", task: newId() as TaskId }),
    donor: encodeLease({ kind: "commitment", job, attempt: 0, commitment: seen[0] as AnswerCommitment }),
    again: (bytes) => recoded(readLease(bytes), encodeLease),
  },
  commitment: {
    bytes: encodeLease({ kind: "commitment", job, attempt: 1, commitment: seen[0] as AnswerCommitment }),
    donor: encodeLease({ kind: "claim", task: newId() as TaskId }),
    again: (bytes) => recoded(readLease(bytes), encodeLease),
  },
  result: {
    bytes: encodeTaskResult({ about, entry: newId() as EntryId, note: "It is done." }),
    donor: encodeTaskResult({ about: { type: "reflect", period: 7 }, entry: null, note: "Nothing is new." }),
    again: (bytes) => recoded(readTaskResult(bytes), encodeTaskResult),
  },
  check: {
    bytes: encodeCheck({ result: newId() as ResultId, isRight: true, note: "I looked." }),
    donor: encodeCheck({ result: newId() as ResultId, isRight: false, note: "" }),
    again: (bytes) => recoded(readCheck(bytes), encodeCheck),
  },
  job: {
    bytes: encodeJob(jobWith({ input: String.raw`{"a":[1.5,null,"\u00e9"],"b":{}}` })),
    donor: encodeJob(jobWith({ program: "export default () => 0", input: "[true]", replicas: 5, agree: 3 })),
    again: (bytes) => recoded(readJob(bytes), encodeJob),
  },
  answer: {
    bytes: encodeAnswer({ ...answerOf(job, { name: "ada", output: String.raw`{"a":[1.5,"\u00e9"]}` }), seen }),
    donor: encodeAnswer({ ...answerOf(job, { name: "ben", output: "", failure: "threw" }), seen: seen.slice(1) }),
    again: (bytes) => recoded(readAnswer(bytes), encodeAnswer),
  },
};

for (const [name, form] of Object.entries(forms)) {
  test(`whatever is read as a ${name} is written in that way alone`, () => assertOneEncoding(form, MUTATIONS, SEED));
}

const HONEST = ["a", "bb", "ccc", "dddd", "eeeee", "ffffff"];
const LIARS = ["v", "ww"].map((name) => `${name} lies`);
const TRUTH = "2";

/** Two liars of eight, who do anything at any time; of whom three would have to agree. */
function anyJob(random: Xorshift): { readonly output: string | null; readonly isAgreed: boolean } {
  const all = new TestBook();
  const id = post(all, "author", { replicas: 5, agree: 3 });
  const honest = HONEST.filter(() => random.below(3) > 0).map((name): Found => ({ name, output: TRUTH, open: 31 }));
  const lies = LIARS.flatMap((name) =>
    Array.from({ length: 1 + random.below(2) }, (): Found => {
      const commitAt = random.below(40);
      return { name, output: random.pick(["3", "3", "4", TRUTH]), commit: commitAt, open: commitAt + random.below(30) };
    }),
  );
  for (const found of [...honest, ...lies]) commit(all, id, found);
  for (const found of honest) open(all, id, found, [...honest, ...lies.filter(({ commit: at = 0 }) => at < 30)]);
  for (const found of lies) open(all, id, found, random.pick([[...honest, ...lies], lies, []]));
  const standing = all.book.jobs.standing(id, NOW + 59 * MINUTE_MS);
  return { output: standing?.outcome?.output ?? null, isAgreed: standing?.state === "agreed" };
}

test("two liars of eight, whatever they commit to, open and name, have no lie agreed upon", () => {
  const random = new Xorshift(SEED);
  let agreed = 0;
  for (let i = 0; i < JOBS; i++) {
    const { output, isAgreed } = anyJob(random);
    if (isAgreed) assert.equal(output, TRUTH, `SEED=${SEED}`);
    agreed += Number(isAgreed);
  }
  assert.ok(agreed > JOBS / 10, `${agreed} of ${JOBS}; SEED=${SEED}`);
});

const PROGRAM = `
export default function (input) {
  const m = new Map([[input, 1]]); let s = "";
  for (const [k, v] of m) s += k + v;
  for (let i = 0; i < 1e9; i++) { if (i % 3 === 0) s = s.slice(1) + i; if (i > 500) break; }
  try { JSON.parse(s); } catch (e) { s += e.message; }
  return { s, r: Math.random(), a: [...s].map((c) => c.charCodeAt(0) & 7).sort() };
}`;
const DONOR =
  "export default () => { const f = (n) => n ? f(n - 1) : []; for (;;) new Proxy(f(9), {}).x?.y(eval('1')); }";

test("a program of any bytes has one outcome", async () => {
  const random = new Xorshift(SEED);
  const failures = new Set<string | null>();
  const about = { input: '"x"', fuel: 50, seed: "ab".repeat(32) };
  assert.equal((await runInSandbox({ ...about, program: PROGRAM })).failure, null);
  for (let i = 0; i < PROGRAMS; i++) {
    const bytes = mutated(random, utf8Encode(PROGRAM), utf8Encode(DONOR));
    const program = [...bytes].every((byte) => byte > 0 && byte < 0x80) ? utf8Decode(bytes) : DONOR;
    const run = { ...about, program };
    const outcome = await runInSandbox(run);
    assert.deepEqual(await runInSandbox(run), outcome, `SEED=${SEED}`);
    failures.add(outcome.failure);
  }
  assert.ok(failures.has("threw"), `${[...failures].join()}; SEED=${SEED}`);
});
