/**
 * Cases under attack: mutations, none of which throws or is read in two ways; and networks in which a third of all operators accuse and
 * vote as they like, and put out nobody. `SEED=N` repeats a run.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { caseIdOf, compareReferences, encodeCase, readCase } from "../../src/agents/anomaly/case.ts";
import { CaseBook } from "../../src/agents/anomaly/case-book.ts";
import {
  caseAbout,
  deviceNamed,
  hashNamed,
  NOON,
  type SaidCase,
  saidCase,
  TestLogs,
} from "../../src/agents/anomaly/testing.ts";
import type { Ballot } from "../../src/agents/votes/ballot.ts";
import {
  after,
  bookOf,
  operatorNamed,
  ROUND,
  roundOfBallots,
  RULES,
  type Voter,
} from "../../src/agents/votes/testing.ts";
import { mutated } from "../support/mutated.ts";
import { Xorshift } from "../support/xorshift.ts";

const MUTATIONS = 3_000;
const NETWORKS = 60;
const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));

const references = Array.from({ length: 4 }, (_, n) => ({
  device: deviceNamed(`${n % 2}`),
  sequence: n + 1,
  hash: hashNamed(`${n}`),
})).sort(compareReferences);

test("whatever is read as a case is written in that way alone, and has an id of its own", () => {
  console.log(`SEED=${SEED}`);
  const random = new Xorshift(SEED);
  const bytes = encodeCase(caseAbout("w", { detector: "mirroring", evidence: references }));
  const donor = encodeCase(caseAbout("x", { action: "reinstate", words: "Taken back." }));
  const ids = new Map<string, string>();
  let read = 0;
  for (let i = 0; i < MUTATIONS; i++) {
    const altered = mutated(random, bytes, donor);
    const told = readCase(altered);
    if (!told) continue;
    read++;
    assert.deepEqual(encodeCase(told), altered, `SEED=${SEED}`);
    const id = caseIdOf(RULES.network, operatorNamed("a"), NOON, altered);
    const known = ids.get(id) ?? JSON.stringify(told);
    assert.equal(JSON.stringify(told), known, `SEED=${SEED}`);
    ids.set(id, known);
  }
  assert.ok(read > MUTATIONS * 0.01 && read < MUTATIONS * 0.9, `${read} were read; SEED=${SEED}`);
});

const OPERATORS = 9;
const NAMES = Array.from({ length: OPERATORS }, (_, n) => `${n}`);
const LIARS = NAMES.slice(0, OPERATORS / 3);
const HONEST = NAMES.slice(OPERATORS / 3);
const ROUNDS = 3;

/** Liars say any cases, about anybody, at any time, and more than there is room for. */
function anyCases(random: Xorshift): SaidCase[] {
  return Array.from({ length: 1 + random.below(12) }, () => {
    const action = random.pick(["quarantine", "quarantine", "reinstate"] as const);
    const told = caseAbout(random.pick(NAMES), { action, words: `${random.below(3)}` });
    return saidCase(random.pick(LIARS), NOON + random.below(3) * 3_600_000, told);
  });
}

/** Liars vote in any way, in any round; honest ones against quarantine, if they look at all. */
function anyVotes(random: Xorshift, { id, noted }: SaidCase): Ballot[] {
  const action = readCase(noted.said.statement.body)?.action;
  return Array.from({ length: ROUNDS }, (_, n) => {
    const lying = LIARS.filter(() => random.below(4) > 0).map((name): Voter => {
      const names = random.below(2) ? "all" : LIARS;
      return { name, vote: random.pick(["for", "for", "against"] as const), names, isLate: random.below(5) === 0 };
    });
    const awake = random.below(2) ? HONEST.filter(() => random.below(3) === 0) : [];
    const vote = action === "quarantine" ? "against" : "for";
    return roundOfBallots(ROUND + n, id, ...lying, ...awake.map((name): Voter => ({ name, vote })));
  }).flat();
}

test("a third of all operators, accusing and voting as they like, put out nobody, however few others look", () => {
  const random = new Xorshift(SEED);
  let decided = 0;
  for (let i = 0; i < NETWORKS; i++) {
    const cases = anyCases(random);
    const tallies = bookOf(cases.flatMap((one) => anyVotes(random, one)));
    const book = new CaseBook({ rules: RULES, logs: new TestLogs(), enrolled: () => OPERATORS });
    for (const { noted, by } of cases) book.hear(noted, by);
    const now = after(ROUND + ROUNDS);
    for (let round = ROUND; round <= ROUND + ROUNDS; round++) {
      const tallyBefore = (subject: Parameters<typeof tallies.tally>[0], before: number) =>
        tallies.tally(subject, before - 1, now);
      for (const name of NAMES)
        assert.ok(!book.isQuarantined(operatorNamed(name), round, tallyBefore), `${name} in ${round}; SEED=${SEED}`);
      decided += book.all().filter((one) => tallyBefore(one.id, round)?.level === "high").length;
    }
  }
  assert.ok(decided > 0, `some would be decided by votes alone; SEED=${SEED}`);
});
