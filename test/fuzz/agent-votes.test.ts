/**
 * Votes under attack: mutations of every form, none of which throws or is read in two ways; and rounds in which everybody does anything,
 * where naming others or nobody never gives a side more than plain counting would. `SEED=N` repeats a run.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import type { OperatorId } from "../../src/agents/agent-ids.ts";
import {
  type Ballot,
  type Commitment,
  encodeCommitment,
  encodeReveal,
  readCommitment,
  readReveal,
} from "../../src/agents/votes/ballot.ts";
import { type CountedVote, encodeTally, levelOf, readTally, tallyOf } from "../../src/agents/votes/tally.ts";
import { after, bookOf, entryNamed, operatorNamed, ROUND, roundOfBallots } from "../../src/agents/votes/testing.ts";
import { toHex } from "../../src/core/bytes.ts";
import { randomBytes } from "../../src/core/random.ts";
import { assertOneEncoding, type Form, recoded } from "../support/one-encoding.ts";
import { Xorshift } from "../support/xorshift.ts";

const MUTATIONS = 3_000;
const ROUNDS = 150;
const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));

const subject = entryNamed("x");
const seen = Array.from({ length: 3 }, () => toHex(randomBytes(32)) as Commitment).sort();
const place = { network: toHex(randomBytes(32)), subject, round: ROUND } as Parameters<typeof tallyOf>[0];

function votesOf(...sides: CountedVote["side"][]): CountedVote[] {
  return sides.map((side, i) => ({ operator: operatorNamed(i), side, weight: 1_000 + 256 * i }));
}

const forms: Readonly<Record<string, Form>> = {
  commitment: {
    bytes: encodeCommitment({ subject, commitment: seen[0] as Commitment }),
    donor: encodeCommitment({ subject, commitment: seen[1] as Commitment }),
    again: (bytes) => recoded(readCommitment(bytes), encodeCommitment),
  },
  reveal: {
    bytes: encodeReveal({ subject, vote: "for", nonce: randomBytes(32), reason: "because", seen }),
    donor: encodeReveal({ subject, vote: "against", nonce: randomBytes(32), reason: "", seen: seen.slice(1) }),
    again: (bytes) => recoded(readReveal(bytes), encodeReveal),
  },
  tally: {
    bytes: encodeTally(tallyOf(place, votesOf("for", "for", "none", "against"))),
    donor: encodeTally(tallyOf(place, votesOf("against", "against", "for"))),
    again: (bytes) => recoded(readTally(bytes), encodeTally),
  },
};

for (const [name, form] of Object.entries(forms)) {
  test(`whatever is read as a ${name} is written in that way alone`, () => assertOneEncoding(form, MUTATIONS, SEED));
}

const NAMES = ["a", "b", "c", "d", "e", "f", "g"];

/** Everybody does anything: votes twice, names some or all, is late, leaves a commitment closed. */
function anyRound(random: Xorshift): Ballot[] {
  const all = NAMES.filter(() => random.below(4) > 0).flatMap((name) =>
    Array.from({ length: random.below(5) === 0 ? 2 : 1 }, (_, device) => ({
      name,
      vote: random.pick(["for", "for", "against"] as const),
      names: random.below(2) ? ("all" as const) : NAMES.filter(() => random.below(2)),
      isLate: random.below(6) === 0,
      device: `${device}`,
    })),
  );
  return roundOfBallots(ROUND, subject, ...all).filter(({ kind }) => kind === "commitment" || random.below(12) > 0);
}

/** Of everybody who opened a commitment any one vote, so that it is the one with the most for a side. */
function plainVotes(ballots: readonly Ballot[], side: "for" | "against"): CountedVote[] {
  const votes = new Map<OperatorId, CountedVote>();
  for (const ballot of ballots) {
    if (ballot.kind !== "reveal" || (ballot.vote !== side && votes.has(ballot.operator))) continue;
    votes.set(ballot.operator, { operator: ballot.operator, side: ballot.vote, weight: 1_000 });
  }
  return [...votes.values()];
}

test("no side gets more by whom anybody names than plain counting would give it", () => {
  const random = new Xorshift(SEED);
  const levels = new Set<string>();
  for (let i = 0; i < ROUNDS; i++) {
    const ballots = anyRound(random);
    const tally = bookOf(ballots).tally(subject, ROUND, after(ROUND));
    if (!tally) continue;
    levels.add(tally.level);
    const [inFavour, against] = [plainVotes(ballots, "for"), plainVotes(ballots, "against")];
    assert.equal(tally.votes.length, inFavour.length, `SEED=${SEED}`);
    if (tally.level === "high") assert.equal(levelOf(inFavour), "high", `SEED=${SEED}`);
    if (tally.level === "medium") assert.ok(["medium", "high"].includes(levelOf(inFavour)), `SEED=${SEED}`);
    if (tally.level === "rejected") assert.equal(levelOf(against), "rejected", `SEED=${SEED}`);
  }
  assert.ok(levels.has("high") && levels.has("low"), `${[...levels].join()}; SEED=${SEED}`);
});
