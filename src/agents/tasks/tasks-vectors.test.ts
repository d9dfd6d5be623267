/** `vectors/agent-tasks.json`, NEP-31. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromHex, toHex } from "../../core/bytes.ts";
import type { DeviceId, OperatorId } from "../agent-ids.ts";
import { canonicalText } from "../compute/canonical-json.ts";
import { runInSandbox } from "../compute/sandbox.ts";
import { answerCommitmentOf, encodeAnswer, readAnswer } from "./answer.ts";
import { backOffUntil } from "./back-off.ts";
import { encodeCheck, readCheck } from "./check.ts";
import { encodeJob, jobIdOf, readJob } from "./job.ts";
import { encodeLease, readLease } from "./lease.ts";
import { encodeAbout, taskIdOf } from "./task-about.ts";
import { TaskBook } from "./task-book.ts";
import { encodeTaskResult, readTaskResult, resultIdOf } from "./task-result.ts";

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, "../../../vectors/agent-tasks.json"), "utf8"));
const { network } = vectors;

interface Invalid {
  readonly why: string;
  readonly body: string;
}

function refusesAll(invalid: readonly Invalid[], read: (body: Uint8Array) => unknown): void {
  for (const { why, body } of invalid) assert.equal(read(fromHex(body)), null, why);
}

test("canonical JSON", () => {
  const { valid, invalid } = vectors.canonicalJson;
  for (const { text, canonical } of valid) assert.equal(canonicalText(text), canonical);
  for (const text of invalid) assert.equal(canonicalText(text), null);
});

test("tasks and their ids", () => {
  for (const { about, bytes, id } of vectors.tasks) {
    assert.equal(toHex(encodeAbout(about)), bytes);
    assert.equal(taskIdOf(network, about), id);
  }
});

test("leases and checks", () => {
  for (const { lease, body } of vectors.leases.valid) {
    assert.deepEqual(readLease(fromHex(body)), lease);
    assert.equal(toHex(encodeLease(lease)), body);
  }
  refusesAll(vectors.leases.invalid, readLease);
  for (const { check, body } of vectors.checks.valid) {
    assert.deepEqual(readCheck(fromHex(body)), check);
    assert.equal(toHex(encodeCheck(check)), body);
  }
  refusesAll(vectors.checks.invalid, readCheck);
});

test("results of tasks", () => {
  for (const { result, operator, body, id } of vectors.results.valid) {
    assert.deepEqual(readTaskResult(fromHex(body)), result);
    assert.equal(toHex(encodeTaskResult(result)), body);
    assert.equal(resultIdOf(network, operator, fromHex(body)), id);
    assert.equal(readAnswer(fromHex(body)), null);
  }
  refusesAll(vectors.results.invalid, readTaskResult);
});

test("jobs", () => {
  for (const { job, operator, body, id } of vectors.jobs.valid) {
    assert.deepEqual(readJob(fromHex(body)), job);
    assert.equal(toHex(encodeJob(job)), body);
    assert.equal(jobIdOf(network, operator, fromHex(body)), id);
  }
  refusesAll(vectors.jobs.invalid, readJob);
});

test("answers and their commitments", () => {
  for (const { answer, operator, body, commitment } of vectors.answers.valid) {
    const told = { ...answer, nonce: fromHex(answer.nonce) };
    assert.deepEqual(readAnswer(fromHex(body)), told);
    assert.equal(toHex(encodeAnswer(told)), body);
    assert.equal(answerCommitmentOf(told, network, operator), commitment);
    assert.equal(readTaskResult(fromHex(body)), null);
  }
  refusesAll(vectors.answers.invalid, readAnswer);
});

test("agreements", () => {
  for (const { about, author, madeAtMs, job, enrolled, said, nowMs, state, output, answers } of vectors.agreements) {
    const words = [{ operator: author, kind: "job", madeAtMs, body: job }, ...said];
    for (const order of [words, [...words, ...words].reverse()]) {
      const isEnrolled = (operator: OperatorId): boolean => enrolled.includes(operator);
      const book = new TaskBook(network, { entry: () => null, votes: () => 0, isEnrolled });
      for (const { operator, kind, madeAtMs: atMs, body } of order) {
        const statement = { kind, network, body: fromHex(body) };
        const sequence = words.findIndex((word) => word.body === body);
        book.hear({ device: operator as DeviceId, sequence, madeAtMs: atMs, statement }, operator);
      }
      const standing = book.jobs.standing(jobIdOf(network, author, fromHex(job)), nowMs);
      assert.deepEqual([standing?.state, standing?.outcome?.output ?? null], [state, output], about);
      assert.deepEqual(
        standing?.answers.map(({ operator }) => operator),
        answers,
        about,
      );
    }
  }
});

test("how long one waits", () => {
  for (const { verdicts, nowMs, untilMs } of vectors.backOff) assert.equal(backOffUntil(verdicts, nowMs), untilMs);
});

test("outcomes of programs", async () => {
  for (const { outcome, ...run } of vectors.outcomes) assert.deepEqual(await runInSandbox(run), outcome, run.program);
});
