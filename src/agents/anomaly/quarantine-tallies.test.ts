/** What a quarantine does to votes: it is counted from logs alone, so all count the same, whatever came first. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../core/bytes.ts";
import { windowsOf } from "../votes/rounds.ts";
import { encodeTally } from "../votes/tally.ts";
import { TallyBook } from "../votes/tally-book.ts";
import {
  after,
  entryNamed,
  everybody,
  operatorNamed,
  ROUND,
  roundOfBallots,
  RULES,
  sidesIn,
  voters,
} from "../votes/testing.ts";
import { Quarantines } from "./quarantine.ts";
import { caseAbout, NOON, saidCase, TestLogs } from "./testing.ts";

const honest = ["a", "b", "c", "d", "e", "f", "g", "h"];
const liars = ["w", "x", "y", "z"];
const entry = entryNamed("x");
const inRound = (round: number): number => windowsOf(RULES, round).startMs + 5;

const accused = saidCase("a", NOON, caseAbout("w"));
const takenBack = saidCase("a", inRound(ROUND + 2), caseAbout("w", { action: "reinstate" }));
const another = saidCase("a", inRound(ROUND + 1), caseAbout("x"));

function world(): { readonly tallies: TallyBook; readonly quarantines: Quarantines } {
  let tallies: TallyBook | null = null;
  const quarantines = new Quarantines({
    own: operatorNamed("me"),
    rules: RULES,
    logs: new TestLogs(),
    enrolled: () => honest.length + liars.length,
    tallyBefore: (subject, round) => tallies?.tally(subject, round - 1, after(ROUND + 6)) ?? null,
  });
  tallies = new TallyBook(RULES, everybody, (...vote) => quarantines.isBarred(...vote));
  return { tallies, quarantines };
}

type World = ReturnType<typeof world>;

function hear({ tallies, quarantines }: World, { noted, by }: typeof accused): void {
  const fromMs = quarantines.hear(noted, by);
  if (fromMs !== null) tallies.recountFrom(fromMs);
}

const ballots = [
  ...roundOfBallots(ROUND, accused.id, ...voters("for", ...honest), ...voters("against", ...liars)),
  ...roundOfBallots(ROUND, entry, ...voters("for", "a", "b"), ...voters("against", "w")),
  ...roundOfBallots(ROUND + 1, entry, ...voters("for", "c"), ...voters("against", "w", "x")),
  ...roundOfBallots(ROUND + 1, another.id, ...voters("for", "c", "w")),
  ...roundOfBallots(ROUND + 2, takenBack.id, ...voters("for", ...honest)),
  ...roundOfBallots(ROUND + 3, entry, ...voters("for", "w", "d")),
];

const steps: readonly ((here: World) => void)[] = [
  ...ballots.map((ballot) => (here: World) => here.tallies.addBallot(ballot)),
  ...[accused, takenBack, another].map((told) => (here: World) => hear(here, told)),
];

/** In this order, with counting in between. */
function bytesAfter(order: readonly ((here: World) => void)[]): string[] {
  const here = world();
  order.forEach((step, i) => {
    step(here);
    if (i % 7 === 0) here.tallies.tallies(after(ROUND + (i % 5)));
  });
  const { tallies } = here;
  const sidesAt = (round: number, ...names: string[]): unknown =>
    sidesIn(tallies.tally(entry, round, after(round)), ...names);
  assert.deepEqual(sidesAt(ROUND, "w"), ["against"], "in the round of the case he voted still");
  assert.equal(tallies.tally(entry, ROUND + 1, after(ROUND + 1))?.votes.length, 5);
  assert.deepEqual(
    sidesIn(tallies.tally(another.id, ROUND + 1, after(ROUND + 1)), "w"),
    ["for"],
    "about other cases he votes",
  );
  assert.deepEqual(sidesAt(ROUND + 3, "w"), ["for"], "he was taken back");
  return tallies.tallies(after(ROUND + 5)).map((tally) => toHex(encodeTally(tally)));
}

test("who is in quarantine votes about cases alone, until he is taken back, and all count the same in any order", () => {
  const told = bytesAfter(steps);
  assert.deepEqual(bytesAfter(steps.toReversed()), told);
  assert.deepEqual(bytesAfter([...steps.slice(40), ...steps.slice(0, 40), ...steps]), told);
});

test("a vote that was counted before its round's case was known is not counted any more", () => {
  const here = world();
  const said = [
    ...roundOfBallots(ROUND, accused.id, ...voters("for", ...honest)),
    ...roundOfBallots(ROUND, entry, ...voters("for", "w", "a")),
    ...roundOfBallots(ROUND + 1, entry, ...voters("for", "a"), ...voters("against", "w")),
  ];
  for (const ballot of said) here.tallies.addBallot(ballot);
  assert.deepEqual(sidesIn(here.tallies.latest(entry, after(ROUND + 1)), "w"), ["against"]);
  hear(here, accused);
  assert.deepEqual(sidesIn(here.tallies.latest(entry, after(ROUND + 1)), "w"), ["for"], "his vote of the round before");
  assert.equal(here.quarantines.of(operatorNamed("w"), after(ROUND + 6)), "network");
});
