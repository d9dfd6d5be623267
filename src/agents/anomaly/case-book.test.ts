/** Who puts whom in quarantine by votes, and who cannot. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { Ballot } from "../votes/ballot.ts";
import { levelOf } from "../votes/tally.ts";
import { after, bookOf, operatorNamed, ROUND, roundOfBallots, RULES, voters } from "../votes/testing.ts";
import { windowsOf } from "../votes/rounds.ts";
import { CaseBook } from "./case-book.ts";
import { detect } from "./detectors.ts";
import type { TallyBefore } from "../votes/tally-book.ts";
import { caseAbout, HOUR_MS, NOON, referencesTo, type SaidCase, saidCase, TestLogs, TestVotes } from "./testing.ts";

const honest = ["a", "b", "c", "d", "e", "f", "g", "h"];
const liars = ["w", "x", "y", "z"];
const NEVER: TallyBefore = () => null;

function newBook(logs: TestLogs = new TestLogs(), enrolled = honest.length + liars.length): CaseBook {
  return new CaseBook({ rules: RULES, logs, enrolled: () => enrolled });
}

function bookWith(cases: readonly SaidCase[], logs?: TestLogs, enrolled?: number): CaseBook {
  const book = newBook(logs, enrolled);
  for (const { noted, by } of cases) book.hear(noted, by);
  return book;
}

/** Tallies of these ballots, as a network counts them. */
function counted(...ballots: readonly Ballot[]): TallyBefore {
  const book = bookOf(ballots);
  return (subject, round) => book.tally(subject, round - 1, after(round - 1));
}

function votes(about: SaidCase, inFavour: readonly string[], against: readonly string[], round = ROUND): Ballot[] {
  return roundOfBallots(round, about.id, ...voters("for", ...inFavour), ...voters("against", ...against));
}

function isOut(book: CaseBook, name: string, tallyBefore: TallyBefore, round = ROUND + 1): boolean {
  return book.isQuarantined(operatorNamed(name), round, tallyBefore);
}

test("two thirds put one in quarantine from the next round on; no case, nobody", () => {
  const about = saidCase("a", NOON, caseAbout("w"));
  const book = bookWith([about]);
  const tallies = counted(...votes(about, honest, liars));
  assert.ok(isOut(book, "w", tallies));
  assert.ok(isOut(book, "w", tallies, ROUND + 1_000), "until it is lifted");
  assert.ok(!isOut(book, "w", tallies, ROUND), "nothing of the round itself");
  for (const name of [...honest, "x", "y", "z"]) assert.ok(!isOut(book, name, tallies));
  assert.ok(!isOut(newBook(), "w", tallies), "votes about what is no case");
});

test("a third of all operators lie: against those who vote, and where nobody else does, they put out nobody", () => {
  const about = saidCase("w", NOON, caseAbout("a"));
  const book = bookWith([about]);
  assert.ok(!isOut(book, "a", counted(...votes(about, liars, honest))));
  assert.ok(!isOut(book, "a", counted(...votes(about, liars, ["b"]))));
  const silent = counted(...votes(about, liars, []));
  assert.ok(!isOut(book, "a", silent));
  assert.equal(levelOf(silent(about.id, ROUND + 1)?.votes ?? []), "high", "by the votes alone they would");
});

test("one more than a third: not against those who vote, but where nobody else does; the others take him back", () => {
  const [, ...rest] = honest;
  const [more] = rest;
  const five = [...liars, more as string];
  const about = saidCase("w", NOON, caseAbout("a"));
  const others = rest.slice(1);
  assert.ok(!isOut(bookWith([about]), "a", counted(...votes(about, five, others))));
  const silent = votes(about, five, []);
  assert.ok(isOut(bookWith([about]), "a", counted(...silent)));
  const back = saidCase("b", windowsOf(RULES, ROUND + 1).startMs, caseAbout("a", { action: "reinstate" }));
  const book = bookWith([about, back]);
  const tallies = counted(...silent, ...votes(back, [...others, "b", "x"], ["w"], ROUND + 1));
  assert.ok(isOut(book, "a", tallies, ROUND + 1));
  assert.ok(!isOut(book, "a", tallies, ROUND + 2));
});

test("three who wait for a round in which nobody looks put out nobody, of many and of few", () => {
  const cases = honest.map((name) => saidCase("x", NOON + name.charCodeAt(0), caseAbout(name)));
  const quiet = counted(...cases.flatMap((about) => votes(about, ["x", "y", "z"], [])));
  for (const name of honest) assert.ok(!isOut(bookWith(cases), name, quiet));
  const [first] = cases;
  assert.ok(isOut(bookWith(cases, undefined, 8), first ? "a" : "", quiet), "three of eight are more than a third");
});

test("fewer than three never do it, whatever the share", () => {
  const about = saidCase("a", NOON, caseAbout("w"));
  for (const [inFavour, against] of [
    [["a", "b"], []],
    [["a", "b"], ["c"]],
    [["a"], []],
  ] as const)
    assert.ok(!isOut(bookWith([about], undefined, 4), "w", counted(...votes(about, inFavour, against))));
  assert.ok(isOut(bookWith([about], undefined, 4), "w", counted(...votes(about, ["a", "b", "c"], []))));
});

test("less than two thirds never do it", () => {
  const about = saidCase("a", NOON, caseAbout("w"));
  const book = bookWith([about]);
  assert.ok(!isOut(book, "w", counted(...votes(about, ["a", "b", "c", "d", "e"], ["f", "g", "h"]))));
  assert.ok(isOut(book, "w", counted(...votes(about, ["a", "b", "c", "d", "e", "f"], ["f2", "g", "h"]))));
});

test("in a large network sixteen are enough, fifteen are not", () => {
  const about = saidCase("a", NOON, caseAbout("w"));
  const names = Array.from({ length: AGENT_LIMITS.caseQuorum }, (_, n) => `n${n}`);
  assert.ok(isOut(bookWith([about], undefined, 4_000), "w", counted(...votes(about, names, []))));
  assert.ok(!isOut(bookWith([about], undefined, 4_000), "w", counted(...votes(about, names.slice(1), []))));
});

test("nobody judges his own case", () => {
  const about = saidCase("a", NOON, caseAbout("w"));
  const tallies = counted(...votes(about, honest.slice(0, 6), ["x", "y", "z", "w"]));
  assert.equal(tallies(about.id, ROUND + 1)?.level, "medium", "with his vote it is not decided");
  assert.ok(isOut(bookWith([about]), "w", tallies));
  const back = saidCase("w", NOON + 1, caseAbout("w", { action: "reinstate" }));
  const own = counted(...votes(about, honest, []), ...votes(back, ["w", "x", "y", "z"], []));
  assert.ok(isOut(bookWith([about, back]), "w", own));
});

test("of two that were decided the newer one holds, whichever was decided later", () => {
  const back = saidCase("a", NOON, caseAbout("w", { action: "reinstate" }));
  const about = saidCase("a", NOON + 1, caseAbout("w"));
  const tallies = counted(...votes(about, honest, []), ...votes(back, honest, [], ROUND + 1));
  for (const order of [
    [about, back],
    [back, about],
  ])
    assert.ok(isOut(bookWith(order), "w", tallies, ROUND + 2));
});

test("votes about what is no case yet put out nobody before it is one", () => {
  const about = saidCase("a", windowsOf(RULES, ROUND + 2).startMs, caseAbout("w"));
  const tallies = counted(...votes(about, honest, []));
  const out = [1, 2, 3].map((n) => isOut(bookWith([about]), "w", tallies, ROUND + n));
  assert.deepEqual(out, [false, false, true]);
});

test("the same words said again are another case: old votes do not come back with them", () => {
  const about = saidCase("a", NOON, caseAbout("w"));
  const back = saidCase("a", NOON + 1, caseAbout("w", { action: "reinstate" }));
  const again = saidCase("a", NOON + 2, caseAbout("w"));
  assert.notEqual(again.id, about.id);
  const tallies = counted(...votes(about, honest, []), ...votes(back, honest, []));
  assert.ok(!isOut(bookWith([about, back, again]), "w", tallies));
});

test("votes count for so many rounds, then a case stays as it is", () => {
  const about = saidCase("a", NOON, caseAbout("w"));
  const last = ROUND + AGENT_LIMITS.caseRounds - 1;
  assert.ok(isOut(bookWith([about]), "w", counted(...votes(about, honest, [], last)), last + 1));
  assert.ok(!isOut(bookWith([about]), "w", counted(...votes(about, honest, [], last + 1)), last + 5));
  const turned = counted(...votes(about, honest, []), ...votes(about, [], honest, last + 1));
  assert.ok(isOut(bookWith([about]), "w", turned, last + 5));
});

function floodCase(): { readonly logs: TestLogs; readonly about: SaidCase; readonly said: readonly number[] } {
  const logs = new TestLogs();
  const said = Array.from({ length: 51 }, (_, n) => NOON + n * 1_000);
  for (const [n, atMs] of said.entries()) logs.entry("w", atMs, `${n}`);
  const [finding] = detect("domain_flood", logs.all(), new TestVotes().ground());
  assert.ok(finding);
  const evidence = referencesTo(finding.evidence);
  return { logs, said, about: saidCase("a", NOON + HOUR_MS, caseAbout("w", { detector: "domain_flood", evidence })) };
}

test("a case whose evidence fails gives no state, whoever votes for it", () => {
  const { logs, about } = floodCase();
  const tallies = counted(...votes(about, honest, []));
  assert.ok(isOut(bookWith([about], logs), "w", tallies));
  const other = new TestLogs();
  for (let n = 0; n < 51; n++) other.entry("w", NOON + n * HOUR_MS, `${n}`);
  const calm = bookWith([about], other);
  assert.ok(!isOut(calm, "w", tallies));
  assert.equal(calm.standing(calm.all()[0] as never, ROUND + 1, tallies).isDecided, true);
  assert.equal(calm.evidence(calm.all()[0] as never, tallies), "fails");
});

test("evidence that comes late is taken then, and it is said from when on that matters", () => {
  const { about, said } = floodCase();
  const logs = new TestLogs();
  const book = bookWith([about], logs);
  const tallies = counted(...votes(about, honest, []));
  assert.ok(!isOut(book, "w", tallies));
  const told = saidCase("w", NOON, caseAbout("a")).noted;
  const hear = () =>
    book.hear(
      { ...told, said: { ...told.said, statement: { ...told.said.statement, kind: "entry" } } },
      operatorNamed("w"),
    );
  for (const [n, atMs] of said.entries()) {
    assert.equal(hear(), null);
    logs.entry("w", atMs, `${n}`);
  }
  assert.equal(hear(), windowsOf(RULES, ROUND).startMs);
  assert.ok(isOut(book, "w", tallies));
  assert.equal(hear(), null);
});

test("hearing says from when on quarantine may be another; void ones and the same again say nothing", () => {
  const book = newBook();
  const about = saidCase("a", NOON, caseAbout("w"));
  assert.equal(book.hear({ ...about.noted, isVoid: true }, about.by), null);
  assert.equal(book.hear(about.noted, about.by), windowsOf(RULES, ROUND).startMs);
  assert.equal(book.hear(about.noted, about.by), null);
  assert.ok(book.has(about.id));
  assert.equal(book.all().length, 1);
});

test("a log has room for so many cases in so many rounds: more count nowhere, and those before stay", () => {
  const all = Array.from({ length: AGENT_LIMITS.casesOfALog + 3 }, (_, n) =>
    saidCase("x", NOON + n, caseAbout(`n${n}`)),
  );
  const book = bookWith(all);
  assert.deepEqual(
    all.map(({ id }) => book.has(id)),
    all.map((_, n) => n < AGENT_LIMITS.casesOfALog),
  );
  const later = saidCase("x", windowsOf(RULES, ROUND + AGENT_LIMITS.caseRounds).startMs, caseAbout("w"));
  book.hear(later.noted, later.by);
  const other = saidCase("y", NOON, caseAbout("w"));
  book.hear(other.noted, other.by);
  assert.ok(book.has(later.id) && book.has(other.id));
});

test("old cases that were never decided are forgotten, but not that they were cases", () => {
  const [open, decided] = [saidCase("a", NOON, caseAbout("w")), saidCase("b", NOON, caseAbout("x"))];
  const book = bookWith([open, decided]);
  const tallies = counted(...votes(decided, honest, []));
  book.sweep(ROUND + 2 * AGENT_LIMITS.caseRounds - 1, tallies);
  assert.equal(book.all().length, 2);
  book.sweep(ROUND + 2 * AGENT_LIMITS.caseRounds, tallies);
  assert.deepEqual(
    book.all().map(({ id }) => id),
    [decided.id],
  );
  assert.ok(book.has(open.id));
  assert.ok(isOut(book, "x", tallies, ROUND + 1_000));
  assert.deepEqual(book.about(operatorNamed("w")), []);
});

test("equal logs, told in any order, put the same in quarantine", () => {
  const cases = ["w", "x", "a"].flatMap((accused, n) => [
    saidCase("b", NOON + n, caseAbout(accused)),
    saidCase("c", NOON + n, caseAbout(accused, { action: "reinstate" })),
    saidCase("d", NOON + 9 - n, caseAbout(accused)),
  ]);
  const tallies = counted(...cases.flatMap((about, n) => votes(about, n % 4 ? honest : liars, n % 4 ? liars : honest)));
  const out = (order: readonly SaidCase[]) => ["w", "x", "a"].map((name) => isOut(bookWith(order), name, tallies));
  assert.deepEqual(out(cases.toReversed()), out(cases));
  assert.ok(out(cases).includes(true));
});

test("without votes there is nothing", () => {
  const about = saidCase("a", NOON, caseAbout("w"));
  const book = bookWith([about]);
  const [one] = book.all();
  assert.ok(one && one.by === operatorNamed("a"));
  assert.deepEqual(book.standing(one, ROUND + 1, NEVER), { level: "low", isDecided: false, isOver: false });
  assert.ok(!isOut(book, "w", NEVER));
});
