/** `vectors/agent-votes.json`, NEP-28. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromHex, toHex } from "../../core/bytes.ts";
import type { OperatorId } from "../agent-ids.ts";
import {
  type Ballot,
  commitmentOf,
  encodeCommitment,
  encodeReveal,
  opens,
  readCommitment,
  readReveal,
} from "./ballot.ts";
import { log2Thousandths } from "./fixed-log.ts";
import { reputationOf } from "./reputation.ts";
import { roundOf, type VoteRules, windowAt } from "./rounds.ts";
import { TallyBook } from "./tally-book.ts";
import { encodeTally, readTally, type Tally } from "./tally.ts";

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, "../../../vectors/agent-votes.json"), "utf8"));
const rules: VoteRules = vectors.rules;

interface SaidBallot {
  readonly operator: OperatorId;
  readonly madeAtMs: number;
  readonly kind: Ballot["kind"];
  readonly body: string;
}

function ballotOf({ operator, madeAtMs, kind, body }: SaidBallot): Ballot {
  const read = kind === "commitment" ? readCommitment(fromHex(body)) : readReveal(fromHex(body));
  return { kind, operator, madeAtMs, ...read } as Ballot;
}

test("commitments", () => {
  for (const { commitment, nonce, ...vote } of vectors.commitments.valid)
    assert.equal(commitmentOf({ ...vote, nonce: fromHex(nonce) }), commitment);
  for (const { why, commitment, network, operator, nonce, ...said } of vectors.commitments.invalid)
    assert.ok(!opens({ ...said, nonce: fromHex(nonce) }, operator, network, commitment), why);
});

test("bodies", () => {
  for (const { body, ...told } of vectors.commitmentBodies.valid) {
    assert.deepEqual(readCommitment(fromHex(body)), told);
    assert.equal(toHex(encodeCommitment(told)), body);
  }
  for (const { why, body } of vectors.commitmentBodies.invalid) assert.equal(readCommitment(fromHex(body)), null, why);
  for (const { body, nonce, ...told } of vectors.revealBodies.valid) {
    const reveal = { ...told, nonce: fromHex(nonce) };
    assert.deepEqual(readReveal(fromHex(body)), reveal);
    assert.equal(toHex(encodeReveal(reveal)), body);
  }
  for (const { why, body } of vectors.revealBodies.invalid) assert.equal(readReveal(fromHex(body)), null, why);
});

test("rounds", () => {
  for (const { commitMs, revealMs, atMs, round, window } of vectors.rounds) {
    const those = { ...rules, commitMs, revealMs };
    assert.deepEqual([roundOf(those, atMs), windowAt(those, atMs)], [round, window]);
  }
});

test("logarithms and reputations", () => {
  for (const [value, log] of vectors.logarithms) assert.equal(log2Thousandths(value), log, `${value}`);
  for (const { right, decided, idleMs, ...told } of vectors.reputations)
    assert.deepEqual(reputationOf({ verified: told.verified, right, decided, idleMs }), told);
});

test("tallies", () => {
  for (const { tally, ...told } of vectors.tallies.valid) {
    assert.deepEqual(readTally(fromHex(tally)), told);
    assert.equal(toHex(encodeTally(told as Tally)), tally);
  }
  for (const { why, tally } of vectors.tallies.invalid) assert.equal(readTally(fromHex(tally)), null, why);
});

test("counts", () => {
  for (const { about, nowMs, enrolled, entries, ballots, tallies, reputations } of vectors.counts) {
    const from = new Map<OperatorId, number>();
    for (const { operator, fromMs } of enrolled) from.set(operator, fromMs);
    const said = ballots.map(ballotOf);
    for (const order of [said, [...said, ...said].reverse()]) {
      const book = new TallyBook(rules, (operator, atMs) => atMs >= (from.get(operator) ?? Infinity));
      for (const entry of entries) book.addEntry(entry);
      for (const ballot of order) book.addBallot(ballot);
      const told = book.tallies(nowMs).map((tally) => toHex(encodeTally(tally)));
      assert.deepEqual(told, tallies, about);
      for (const { operator, ...reputation } of reputations)
        assert.deepEqual(book.reputation(operator, nowMs), reputation, about);
    }
  }
});
