/** What liars try against votes, and what the first Nocturne let them do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../core/bytes.ts";
import type { NetworkId, OperatorId } from "../agent-ids.ts";
import { type Ballot, type Commitment, commitmentOf, opens, type Vote } from "./ballot.ts";
import { windowsOf } from "./rounds.ts";
import { type CountedVote, levelOf, type Tally } from "./tally.ts";
import {
  after,
  bookOf,
  entryNamed,
  operatorNamed,
  ROUND,
  roundOfBallots,
  RULES,
  sidesIn,
  type Voter,
  voters,
} from "./testing.ts";

const subject = entryNamed("x");
const windows = windowsOf(RULES, ROUND);
const honest = ["a", "b", "c", "d", "e", "f", "g", "h"];
const liars = ["w", "x", "y", "z"];

function tallied(ballots: readonly Ballot[], round = ROUND): Tally | null {
  return bookOf(ballots).tally(subject, round, after(round));
}

function inRound(...all: readonly Voter[]): Ballot[] {
  return roundOfBallots(ROUND, subject, ...all);
}

function by(name: string, ballots: readonly Ballot[]): Ballot[] {
  return ballots.filter(({ operator }) => operator === operatorNamed(name));
}

function commitment(name: string, vote: Vote, network: NetworkId = RULES.network, about = subject): Commitment {
  return commitmentOf({ network, subject: about, operator: operatorNamed(name), vote, nonce: new Uint8Array(32) });
}

function commits(name: string, made: Commitment, madeAtMs = windows.startMs): Ballot {
  return { kind: "commitment", operator: operatorNamed(name), madeAtMs, subject, commitment: made };
}

function reveals(name: string, vote: Vote, madeAtMs = windows.revealMs, seen: Commitment[] = []): Ballot {
  return { kind: "reveal", operator: operatorNamed(name), madeAtMs, subject, vote, nonce: new Uint8Array(32), seen };
}

test("a vote whose commitment was copied from another operator counts for nobody but him", () => {
  const stolen = [commits("w", commitment("a", "for")), reveals("w", "for")];
  const tally = tallied([commits("a", commitment("a", "for")), reveals("a", "for"), ...stolen]);
  assert.deepEqual(sidesIn(tally, "a", "w"), ["for", undefined]);
});

test("a commitment about another entry or of another network opens nothing here", () => {
  assert.ok(tallied([commits("a", commitment("a", "for")), reveals("a", "for")]));
  const elsewhere = commitment("a", "for", toHex(new Uint8Array(32)) as NetworkId);
  const another = commitment("a", "for", RULES.network, entryNamed("y"));
  for (const made of [elsewhere, another]) assert.equal(tallied([commits("a", made), reveals("a", "for")]), null);
});

test("a reveal without a commitment, or either in the wrong window, is nothing", () => {
  const made = commitment("a", "for");
  const { startMs, revealMs, endMs } = windows;
  assert.ok(tallied([commits("a", made, revealMs - 1), reveals("a", "for", endMs - 1)]));
  assert.equal(tallied([reveals("a", "for")]), null);
  assert.equal(tallied([commits("a", made)]), null);
  assert.equal(tallied([commits("a", made, startMs - 1), reveals("a", "for")]), null);
  assert.equal(tallied([commits("a", made, revealMs), reveals("a", "for", revealMs + 1)]), null);
  assert.equal(tallied([commits("a", made), reveals("a", "for", revealMs - 1)]), null);
  assert.equal(tallied([commits("a", made), reveals("a", "for", endMs)]), null);
});

test("who commits after the reveals were read and says that it was before is on no side; named as seen, the same vote counts", () => {
  const late = tallied(inRound(...voters("against", "a", "b", "c"), { name: "w", vote: "against", isLate: true }));
  assert.deepEqual(sidesIn(late, "a", "b", "c", "w"), ["against", "against", "against", "none"]);
  const named = tallied(inRound(...voters("against", "a", "b", "c", "w")));
  assert.deepEqual(sidesIn(named, "w"), ["against"]);
  const halfNames = (isLate: boolean): Voter[] => [
    ...voters("for", "a", "b"),
    { name: "c", vote: "for", names: ["a", "b", "w"] },
    { name: "w", vote: "for", isLate },
    { name: "d", vote: "for", names: ["a", "b", "c", "w"] },
  ];
  assert.deepEqual(sidesIn(tallied(inRound(...halfNames(true))), "w"), ["for"], "two of four others are half");
  const [, ...fewer] = halfNames(true).toReversed();
  assert.deepEqual(sidesIn(tallied(inRound(...fewer)), "w"), ["none"], "one of three is not");
});

test("a reveal that opens nothing names nothing, whatever else its operator opened", () => {
  const ballots = inRound(...voters("for", "a", "b"), { name: "w", vote: "for", isLate: true });
  const names = ballots
    .filter(({ kind }) => kind === "commitment")
    .map((one) => (one as { commitment: Commitment }).commitment);
  const nothing = ["a", "b"].map((name) => reveals(name, "for", windows.revealMs, names));
  assert.deepEqual(sidesIn(tallied([...ballots, ...nothing]), "a", "b", "w"), ["for", "for", "none"]);
});

/** The rule without condition 3: whatever was opened counts. */
function countWithoutSeen(ballots: readonly Ballot[]): CountedVote[] {
  const votes = new Map<OperatorId, CountedVote>();
  for (const ballot of ballots) {
    if (ballot.kind !== "reveal") continue;
    const isOpened = ballots.some(
      (one) =>
        one.kind === "commitment" &&
        one.operator === ballot.operator &&
        opens(ballot, one.operator, RULES.network, one.commitment),
    );
    const vote = { operator: ballot.operator, side: ballot.vote, weight: 1_000 };
    if (isOpened) votes.set(ballot.operator, vote);
  }
  return [...votes.values()];
}

test("two who read a close result and vote in the past make it high where nobody asks what was seen; here they do not", () => {
  const close = [...voters("for", "a", "b", "c", "d"), ...voters("against", "e", "f", "g")];
  assert.equal(levelOf(countWithoutSeen(inRound(...close))), "medium");
  assert.equal(tallied(inRound(...close))?.level, "medium");
  const late: Voter[] = ["w", "x"].map((name) => ({ name, vote: "for", names: ["w", "x"], isLate: true }));
  const attacked = inRound(...close, ...late);
  assert.equal(levelOf(countWithoutSeen(attacked)), "high");
  const tally = tallied(attacked);
  assert.deepEqual(sidesIn(tally, "w", "x"), ["none", "none"]);
  assert.deepEqual([tally?.level, tally?.for, tally?.against], ["low", 4_000, 3_000]);
});

/** Everything that liars do in one round, given what they want. */
const LIES: Readonly<Record<string, (names: readonly string[], vote: Vote) => Voter[]>> = {
  silent: () => [],
  "in time": (names, vote) => voters(vote, ...names),
  "naming nobody": (names, vote) => names.map((name) => ({ name, vote, names: [] })),
  "naming only each other": (names, vote) => names.map((name) => ({ name, vote, names })),
  late: (names, vote) => names.map((name) => ({ name, vote, names, isLate: true })),
  "both ways": (names) => names.flatMap((name) => [...voters("for", name), ...voters("against", name)]),
};

for (const [lie, lying] of Object.entries(LIES)) {
  test(`a third of twelve operators, ${lie}: true is high and false is rejected`, () => {
    assert.equal(tallied(inRound(...voters("for", ...honest), ...lying(liars, "against")))?.level, "high");
    assert.equal(tallied(inRound(...voters("against", ...honest), ...lying(liars, "for")))?.level, "rejected");
  });

  test(`one more of twelve, ${lie}: nothing false is promoted`, () => {
    const [convert, ...rest] = honest;
    const ballots = inRound(...voters("against", ...rest), ...lying([...liars, convert as string], "for"));
    assert.ok(["low", "rejected"].includes(tallied(ballots)?.level ?? ""), tallied(ballots)?.level);
  });
}

test("liars who are as many as the voters of each round put nobody out: they would win alone if who is not named had no weight", () => {
  const three = liars.slice(0, 3);
  const rounds = [0, 1, 2].map((n) => {
    const here = ["abc", "def", "ghi"][n]?.split("") ?? [];
    const lying: Voter[] = three.map((name) => ({ name, vote: "for", names: three }));
    return roundOfBallots(ROUND + n, subject, ...voters("against", ...here), ...lying);
  });
  const tally = tallied(rounds.flat(), ROUND + 2);
  assert.deepEqual(new Set(sidesIn(tally, ..."abcdefghi")), new Set(["none"]));
  assert.deepEqual(sidesIn(tally, ...three), ["for", "for", "for"]);
  assert.equal(levelOf(tally?.votes.filter(({ side }) => side !== "none") ?? []), "high");
  assert.equal(tally?.level, "low");
});

test("who commits to both votes in time and opens the one that suits, having read the others', is on no side", () => {
  const all = inRound(...voters("for", "a", "b", "c", "w"), { name: "w", vote: "against" });
  const opened = all.filter((ballot) => ballot.kind === "commitment" || ballot.vote === "for");
  assert.deepEqual(sidesIn(tallied(opened), "a", "b", "c", "w"), ["for", "for", "for", "none"]);
});

test("two of an operator's devices that vote differently count for neither; that vote alike, once", () => {
  const devices = (vote: Vote): Voter[] => [
    { name: "d", vote: "for", device: "1" },
    { name: "d", vote, device: "2" },
  ];
  const differing = tallied(inRound(...voters("for", "a", "b"), ...devices("against")));
  assert.deepEqual([sidesIn(differing, "d"), differing?.for, differing?.level], [["none"], 2_000, "medium"]);
  const alike = tallied(inRound(...voters("for", "a"), ...devices("for")));
  assert.deepEqual([sidesIn(alike, "d"), alike?.for, alike?.votes.length], [["for"], 2_000, 2]);
  assert.equal(alike?.level, "medium", "two operators, whatever the number of devices");
});

test("a second vote made up later does not take the first one back", () => {
  const first = inRound(...voters("for", "a", "b", "c"), { name: "d", vote: "for" });
  const second = by("d", inRound({ name: "d", vote: "against", isLate: true, names: [] }));
  assert.equal(second.length, 2);
  assert.deepEqual(sidesIn(tallied([...first, ...second]), "d"), ["for"]);
});

test("a whole round said over again in the next one counts for nothing, by those who said it and by others", () => {
  const round = inRound(...voters("for", "a", "b", "c"));
  const lengthMs = windows.endMs - windows.startMs;
  const again = round.map((ballot) => ({ ...ballot, madeAtMs: ballot.madeAtMs + lengthMs }));
  const byOthers = again.map((ballot) => ({ ...ballot, operator: operatorNamed("w") }));
  const book = bookOf([...again, ...byOthers, ...round]);
  assert.equal(book.tallies(after(ROUND + 1)).length, 1);
  assert.equal(book.tally(subject, ROUND + 1, after(ROUND + 1))?.round, ROUND);
});

test("a copy of somebody's commitment takes nothing from him, wherever it stands", () => {
  const round = inRound(...voters("for", "a", "b", "c"));
  const [copied] = by("a", round) as [Ballot];
  const copies = [0, -1].map((n) => ({ ...copied, operator: operatorNamed("w"), madeAtMs: windows.startMs + n }));
  assert.deepEqual(sidesIn(tallied([...copies, ...round]), "a", "b", "c", "w"), ["for", "for", "for", undefined]);
});

test("more voters than one reveal can name: several reveals name them, and all count", () => {
  const names = Array.from({ length: 140 }, (_, n) => n);
  const whole = inRound(...voters("for", ...names));
  const [first, last] = [(seen: Commitment[]) => seen.slice(0, 64), (seen: Commitment[]) => seen.slice(64, 128)];
  const said = (part: (seen: Commitment[]) => Commitment[]): Ballot[] =>
    whole.map((ballot) => (ballot.kind === "reveal" ? { ...ballot, seen: part([...ballot.seen]) } : ballot));
  const book = bookOf(said(first));
  assert.ok((book.latest(subject, after(ROUND))?.for ?? 0) < 70_000);
  for (const ballot of said(last)) book.addBallot(ballot);
  assert.ok((book.latest(subject, after(ROUND))?.for ?? 0) >= 128_000);
});
