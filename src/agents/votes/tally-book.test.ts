import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "../../core/bytes.ts";
import type { Ballot, Vote } from "./ballot.ts";
import { type AuthoredEntry, TallyBook } from "./tally-book.ts";
import { encodeTally } from "./tally.ts";
import {
  after,
  bookOf,
  entryNamed,
  everybody,
  operatorNamed,
  ROUND,
  roundOfBallots,
  RULES,
  sidesIn,
  type Voter,
  voters,
} from "./testing.ts";
import { roundMs, windowsOf } from "./rounds.ts";

const subject = entryNamed("x");
const DAY_MS = 86_400_000;

/** Entry `name` of `author`, made in the round before this one. */
function entryBefore(round: number, name: number | string, author: string): AuthoredEntry {
  return { entry: entryNamed(name), operator: operatorNamed(author), madeAtMs: windowsOf(RULES, round).startMs - 1 };
}

function told(book: TallyBook, nowMs: number): string[] {
  return book.tallies(nowMs).map((tally) => toHex(encodeTally(tally)));
}

test("there is no tally before the reveal window ends, and afterwards none of a later round", () => {
  const book = bookOf(roundOfBallots(ROUND, subject, ...voters("for", "a", "b", "c")));
  const { startMs, revealMs, endMs } = windowsOf(RULES, ROUND);
  for (const atMs of [0, startMs, revealMs, endMs - 1]) {
    assert.equal(book.tally(subject, ROUND, atMs), null);
    assert.equal(book.latest(subject, atMs), null);
    assert.deepEqual(book.tallies(atMs), []);
  }
  assert.equal(book.tally(subject, ROUND, endMs)?.level, "high");
  assert.equal(book.tally(subject, ROUND + 1, endMs), null);
  assert.equal(book.tally(subject, ROUND, endMs - 1), null, "asked again for a time before the end");
  assert.equal(book.tally(entryNamed("y"), ROUND, endMs), null);
});

test("who is not enrolled when the round ends has no vote and names nobody", () => {
  const { endMs } = windowsOf(RULES, ROUND);
  const outsiders: Voter[] = ["o", "p", "q", "r"].map((name) => ({ name, vote: "against", names: [] }));
  const ballots = roundOfBallots(ROUND, subject, ...voters("for", "a", "b", "c"), ...outsiders);
  const isOld = new Set(["a", "b", "c"].map(operatorNamed));
  const fromThen = bookOf(ballots, [], (operator, atMs) => isOld.has(operator) || atMs > endMs);
  const tally = fromThen.tally(subject, ROUND, endMs);
  assert.deepEqual([tally?.level, sidesIn(tally, "a", "o")], ["high", ["for", undefined]]);
  const inTime = bookOf(ballots, [], (operator, atMs) => isOld.has(operator) || atMs >= endMs);
  assert.deepEqual(sidesIn(inTime.tally(subject, ROUND, endMs), "o"), ["against"]);
});

test("papers that come late have the rounds since then counted anew", () => {
  const enrolled = new Set(["a", "b"].map(operatorNamed));
  const ballots = roundOfBallots(ROUND, subject, ...voters("for", "a", "b", "c"));
  const book = bookOf(ballots, [], (operator) => enrolled.has(operator));
  assert.equal(book.latest(subject, after(ROUND))?.level, "medium");
  enrolled.add(operatorNamed("c"));
  book.recountFrom(windowsOf(RULES, ROUND).startMs);
  assert.equal(book.latest(subject, after(ROUND))?.level, "high");
  enrolled.clear();
  book.recountFrom(windowsOf(RULES, ROUND).startMs);
  assert.equal(book.latest(subject, after(ROUND)), null);
});

test("of each operator the latest round counts, and earlier tallies stay what they were", () => {
  const book = bookOf([
    ...roundOfBallots(ROUND, subject, ...voters("for", "a", "b", "c")),
    ...roundOfBallots(ROUND + 2, subject, ...voters("against", "b", "c", "d")),
  ]);
  const now = after(ROUND + 5);
  assert.equal(book.tally(subject, ROUND, now)?.level, "high");
  assert.equal(book.tally(subject, ROUND + 1, now)?.round, ROUND);
  const last = book.latest(subject, now);
  assert.deepEqual(sidesIn(last, "a", "b", "c", "d"), ["for", "against", "against", "against"]);
  assert.deepEqual([last?.level, last?.round], ["rejected", ROUND + 2]);
});

test("a vote weighs what stood when its round began: nothing of the same round, all of those before", () => {
  const entries = [0, 1, 2].map((n) => entryBefore(ROUND, n, "a"));
  const first = entries.flatMap(({ entry }) => roundOfBallots(ROUND, entry, ...voters("for", "b", "c", "d")));
  const book = bookOf(
    [...first, ...[ROUND, ROUND + 1].flatMap((round) => roundOfBallots(round, subject, ...voters("for", "a", "e")))],
    entries,
  );
  const now = after(ROUND + 1);
  assert.deepEqual(
    [ROUND, ROUND + 1].map((round) => book.tally(subject, round, now)?.for),
    [2_000, 4_000],
  );
  assert.deepEqual(book.reputation(operatorNamed("a"), after(ROUND)), {
    verified: 3,
    accuracy: 1_000,
    freshness: 1_000,
    reputation: 2_000,
    weight: 3_000,
  });
  assert.equal(book.reputation(operatorNamed("a"), after(ROUND) - 1).weight, 1_000);
  const laterMs = after(ROUND + 1) + Math.ceil((90 * DAY_MS) / roundMs(RULES)) * roundMs(RULES);
  assert.deepEqual(book.reputation(operatorNamed("a"), laterMs).freshness, 500);
});

test("the accuracy of votes follows what was decided, also when it is decided otherwise later", () => {
  const voting = roundOfBallots(ROUND, subject, ...voters("for", "a", "b"), ...voters("against", "w"));
  const turned = roundOfBallots(ROUND + 1, subject, ...voters("against", "c", "d", "e", "b"));
  const book = bookOf([...voting, ...turned]);
  const accuracies = (round: number) =>
    ["a", "b", "w", "z"].map((name) => book.reputation(operatorNamed(name), after(round)).accuracy);
  assert.deepEqual(accuracies(ROUND), [1_000, 1_000, 0, 1_000]);
  assert.deepEqual(accuracies(ROUND + 1), [0, 1_000, 1_000, 1_000]);
});

test("what comes late changes what it must, and nothing before it", () => {
  const entries = [0, 1].map((n) => entryBefore(ROUND, n, "a"));
  const first = entries.flatMap(({ entry }) => roundOfBallots(ROUND, entry, ...voters("for", "b", "c")));
  const second = roundOfBallots(ROUND + 1, subject, ...voters("for", "a", "b", "c"));
  const book = bookOf([...first, ...second]);
  const now = after(ROUND + 1);
  const before = told(book, now);
  assert.equal(book.latest(subject, now)?.for, 3_000);
  for (const entry of entries) book.addEntry(entry);
  assert.equal(book.latest(subject, now)?.for, 4_569, "whose entries they were, told after the count");
  const late = roundOfBallots(ROUND + 1, subject, ...voters("for", "a", "b", "c", "w")).slice(-2);
  for (const ballot of late) book.addBallot(ballot);
  assert.deepEqual(sidesIn(book.latest(subject, now), "w"), ["none"]);
  assert.deepEqual(told(book, now).slice(0, 2), before.slice(0, 2));
  assert.deepEqual(told(book, now), told(bookOf([...late, ...second, ...first], entries), now));
});

test("an entry that is told after it was counted, and is dated after its votes, still speaks for its author and keeps him fresh", () => {
  const away = 2 * Math.ceil((90 * DAY_MS) / roundMs(RULES));
  const voted = roundOfBallots(ROUND, subject, ...voters("for", "a", "b", "c"));
  const book = bookOf([...voted, ...roundOfBallots(ROUND + away, entryNamed("y"), ...voters("for", "a"))]);
  const now = after(ROUND + away);
  assert.equal(book.latest(entryNamed("y"), now)?.for, 1_000);
  book.addEntry(entryBefore(ROUND + 3, "x", "a"));
  const old = book.latest(entryNamed("y"), now)?.for ?? 0;
  assert.ok(old > 1_200 && old < 1_300, `${old}`);
  book.addEntry(entryBefore(ROUND + away, "z", "a"));
  assert.equal(book.latest(entryNamed("y"), now)?.for, 2_000);
});

test("rounds far in the future, and times that are none, are no burden", () => {
  const far = roundOfBallots(5e7, subject, ...voters("for", "a", "b", "c"));
  const book = bookOf(far, [{ entry: subject, operator: operatorNamed("a"), madeAtMs: 6e15 }]);
  assert.deepEqual(book.tallies(after(ROUND)), []);
  const nowhere = far.map((ballot) => ({ ...ballot, madeAtMs: Number.NaN }));
  assert.deepEqual(bookOf(nowhere).tallies(after(5e7)), []);
  assert.equal(book.tallies(after(5e7)).length, 1);
});

const NAMES = ["a", "b", "c", "d", "e"];

/** A voter with anything from honesty to lies. */
const anyVoter: fc.Arbitrary<Voter> = fc.record({
  name: fc.constantFrom(...NAMES),
  vote: fc.constantFrom<Vote>("for", "for", "against"),
  names: fc.oneof({ weight: 3, arbitrary: fc.constant("all" as const) }, fc.subarray(NAMES)),
  isLate: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  device: fc.constantFrom("1", "2"),
});

const anyBallots: fc.Arbitrary<Ballot[]> = fc
  .array(
    fc.record({
      round: fc.integer({ min: 0, max: 4 }),
      about: fc.integer({ min: 0, max: 3 }),
      all: fc.array(anyVoter, { minLength: 1, maxLength: 6 }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((rounds) => rounds.flatMap(({ round, about, all }) => roundOfBallots(ROUND + round, entryNamed(about), ...all)));

const anyEntries: fc.Arbitrary<AuthoredEntry[]> = fc
  .array(fc.nat({ max: 3 }), { minLength: 4, maxLength: 4 })
  .map((in_) => in_.map((round, n) => entryBefore(ROUND + round, n, NAMES[n % 3] as string)));

test("any order and repetition, asked in between or not, gives the same bytes", () => {
  const now = after(ROUND + 4);
  const order = fc.array(fc.nat(), { minLength: 60, maxLength: 60 });
  const levels = new Set<string>();
  fc.assert(
    fc.property(anyBallots, anyEntries, order, fc.integer({ min: 1, max: 9 }), (ballots, entries, order, asked) => {
      const expected = told(bookOf(ballots, entries), now);
      const book = new TallyBook(RULES, everybody);
      const puts = [
        ...ballots.map((ballot) => () => book.addBallot(ballot)),
        ...entries.map((entry) => () => book.addEntry(entry)),
      ];
      const shuffled = puts
        .map((put, i) => ({ put, at: order[i % order.length] as number }))
        .sort((a, b) => a.at - b.at);
      [...shuffled, ...shuffled.slice(0, 5)].forEach(({ put }, i) => {
        put();
        if (i % asked === 0) for (const { level } of book.tallies(after(ROUND + (i % 5)))) levels.add(level);
      });
      assert.deepEqual(told(book, now), expected);
    }),
    { numRuns: 60 },
  );
  assert.deepEqual([...levels].sort(), ["high", "low", "medium", "rejected"]);
});
