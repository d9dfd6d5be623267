/** What detectors find, and above all whom they leave in peace. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { operatorNamed, ROUND, RULES } from "../votes/testing.ts";
import { windowsOf } from "../votes/rounds.ts";
import type { Deed } from "./deed.ts";
import { type DetectorName, detect, DETECTOR_NAMES } from "./detectors.ts";
import type { Ground } from "./ground.ts";
import { HOUR_MS, MINUTE_MS, namesOf, NOON, TestLogs, TestVotes } from "./testing.ts";

const OTHERS = "o1 o2 o3 o4 o5";

/** Whom this detector finds, of these names. */
function found(name: DetectorName, logs: TestLogs, votes: TestVotes, ...names: string[]): string[] {
  return namesOf(detect(name, logs.all(), votes.ground()), ...names);
}

function foundByAny(logs: TestLogs, votes: TestVotes, ...names: string[]): string[] {
  return DETECTOR_NAMES.flatMap((name) => found(name, logs, votes, ...names).map((one) => `${name} ${one}`));
}

test("a burst of votes: one ballot more in a minute of a log than counts", () => {
  const most = 2 * AGENT_LIMITS.votesAMinute;
  const [logs, votes] = [new TestLogs(), new TestVotes()];
  for (let n = 0; n <= most; n++) logs.commit("fast", NOON + n, `${n}`);
  for (let n = 0; n < most; n++) logs.commit("busy", NOON + n, `${n}`);
  for (let n = 0; n < most; n++) logs.commit("busy", NOON + MINUTE_MS + n, `x${n}`);
  for (let n = 0; n <= most; n++) logs.commit("two machines", NOON + n, `${n}`, n % 2 ? "m1" : "m2");
  assert.deepEqual(found("vote_burst", logs, votes, "fast", "busy", "two machines"), ["fast"]);
  const [finding] = detect("vote_burst", logs.all(), votes.ground());
  assert.equal(finding?.evidence.length, most + 1);
});

test("a flood of entries: more in one domain within an hour than anybody can read", () => {
  const [logs, votes] = [new TestLogs(), new TestVotes()];
  for (let n = 0; n <= AGENT_LIMITS.floodEntries; n++) {
    logs.entry("flood", NOON + n * MINUTE_MS, `f${n}`);
    logs.entry("slow", NOON + n * 1.2 * MINUTE_MS, `s${n}`);
    logs.entry("wide", NOON + n * MINUTE_MS, `w${n}`, `d${n % 2}`);
    logs.entry("again", NOON + n * MINUTE_MS, `a${n % 30}`, "rust", n % 2 ? "m1" : "m2");
  }
  assert.deepEqual(found("domain_flood", logs, votes, "flood", "slow", "wide", "again"), ["flood"]);
});

test("an import of forty entries an hour, for a day, is no flood", () => {
  const [logs, votes] = [new TestLogs(), new TestVotes()];
  for (let n = 0; n < 24 * 40; n++) logs.entry("import", NOON + (n * HOUR_MS) / 40, `${n}`);
  assert.deepEqual(foundByAny(logs, votes, "import"), []);
});

test("forty entries at once, and forty in the hour after, are no flood either; fifty-one are", () => {
  const [logs, votes] = [new TestLogs(), new TestVotes()];
  for (let n = 0; n < 40; n++) logs.entry("import", NOON + n * 6_000, `${n}`);
  for (let n = 0; n < 40; n++) logs.entry("import", NOON + HOUR_MS + n * 6_000, `x${n}`);
  assert.deepEqual(found("domain_flood", logs, votes, "import"), []);
  for (let n = 0; n < 11; n++) logs.entry("import", NOON + HOUR_MS + (40 + n) * 6_000, `y${n}`);
  assert.deepEqual(found("domain_flood", logs, votes, "import"), ["import"]);
});

/** `a` and `b` commit about so many subjects, so long apart, for, and the others vote as they are told. */
function together(subjects: number, apartMs: number, others: "for" | "against", startMs = NOON) {
  const [logs, votes] = [new TestLogs(), new TestVotes()];
  for (let n = 0; n < subjects; n++) {
    const atMs = startMs + n * MINUTE_MS;
    const [first, second] = n % 2 ? ["a", "b"] : ["b", "a"];
    logs.commit(first, atMs, `${n}`);
    logs.commit(second, atMs + apartMs, `${n}`);
    for (const name of OTHERS.split(" ")) logs.commit(name, atMs + 30_000, `${n}`);
    votes.cast(`${n}`, others === "for" ? { for: `a b ${OTHERS}` } : { for: "a b", against: OTHERS });
  }
  return [logs, votes] as const;
}

test("two who move together, again and again, against everybody else", () => {
  const most = AGENT_LIMITS.togetherSubjects;
  const names = ["a", "b", ...OTHERS.split(" ")];
  const find = ([logs, votes]: readonly [TestLogs, TestVotes]) => found("coordinated_timing", logs, votes, ...names);
  assert.deepEqual(find(together(most, 1_999, "against")), ["a", "b"]);
  assert.deepEqual(find(together(most - 1, 1_999, "against")), []);
  assert.deepEqual(find(together(most, 2_000, "against")), []);
  assert.deepEqual(find(together(5 * most, 5, "for")), [], "who votes as everybody does may do so at any time");
  const [logs, votes] = together(most, 5, "against");
  for (let n = 0; n < most; n++) votes.cast(`${n}`, { against: n % 2 ? "b" : "a" }, ROUND + 1);
  assert.deepEqual(find([logs, votes]), [], "nor do two move together who are on different sides");
});

test("one who follows an honest operator's commitments at once brings him into no disrepute", () => {
  const [logs, votes] = together(40, 5, "for");
  const near = logs.all().filter((one) => one.operator === operatorNamed("a"));
  const isFollowed = (own: Deed): boolean =>
    logs.all().some((one) => one.operator === operatorNamed("b") && Math.abs(one.madeAtMs - own.madeAtMs) < 2_000);
  assert.ok(near.filter(isFollowed).length > AGENT_LIMITS.togetherSubjects, "by their times alone he would be found");
  assert.deepEqual(foundByAny(logs, votes, "a", "b"), []);
});

test("agents commit together when a window opens, whatever they vote", () => {
  const { startMs } = windowsOf(RULES, ROUND);
  const [logs, votes] = together(20, 5, "against", startMs);
  assert.deepEqual(found("coordinated_timing", logs, votes, "a", "b"), []);
});

test("ten people of one time zone, at the same hours, about the same subjects, are in peace", () => {
  const [logs, votes] = [new TestLogs(), new TestVotes()];
  const names = Array.from({ length: 10 }, (_, n) => `z${n}`);
  for (let n = 0; n < 60; n++) {
    const atMs = NOON + (n % 20) * MINUTE_MS;
    for (const [i, name] of names.entries()) logs.commit(name, atMs + ((i * 13 + n) % 20) * 300, `${n}`);
    // One of ten errs, each time another one.
    const wrong = names[n % 10] as string;
    votes.cast(`${n}`, { for: names.filter((name) => name !== wrong).join(" "), against: wrong });
  }
  assert.deepEqual(foundByAny(logs, votes, ...names), []);
});

/** So many entries of `bad`, with so many votes each. */
function judged(entries: number, against: string, inFavour: string): readonly [TestLogs, TestVotes] {
  const [logs, votes] = [new TestLogs(), new TestVotes()];
  for (let n = 0; n < entries; n++) {
    logs.entry("bad", NOON + n * HOUR_MS, `${n}`);
    votes.cast(`${n}`, { ...(against && { against }), ...(inFavour && { for: inFavour }) });
  }
  return [logs, votes];
}

test("most votes about an operator's entries are against them: many, about several, by several others", () => {
  const find = ([logs, votes]: readonly [TestLogs, TestVotes]) => found("accuracy_drop", logs, votes, "bad");
  assert.deepEqual(find(judged(4, "a b c d", "e")), ["bad"]);
  assert.deepEqual(find(judged(5, "a b c", "d e")), [], "three of five are sixty percent, not more, and three are few");
  assert.deepEqual(find(judged(50, "a b c", "")), [], "three enemies, however often");
  assert.deepEqual(find(judged(3, "a b c d", "")), [], "one unlucky day");
  assert.deepEqual(find(judged(4, "a b", "")), [], "few votes");
  assert.deepEqual(find(judged(40, "a b c d", "e f g h")), []);
});

test("his own votes for his own entries speak for nobody", () => {
  const [logs, votes] = judged(4, "a b c d", "e f bad");
  assert.deepEqual(found("accuracy_drop", logs, votes, "bad"), ["bad"]);
});

/** `a` votes about `count` subjects, as `b` did in the round before; the others are on the side that is said. */
function following(count: number, unlike: number, others: "for" | "against"): readonly [TestLogs, TestVotes] {
  const [logs, votes] = [new TestLogs(), new TestVotes()];
  const { revealMs } = windowsOf(RULES, ROUND + 1);
  for (let n = 0; n < count; n++) {
    const vote = n < unlike ? "against" : "for";
    logs.reveal("b", windowsOf(RULES, ROUND).revealMs + n * 2_000, `${n}`, "for");
    logs.reveal("a", revealMs + n * 2_000, `${n}`, vote);
    votes.cast(`${n}`, { for: "b" }).cast(`${n}`, { [vote]: "a" }, ROUND + 1);
    votes.cast(`${n}`, { [others]: OTHERS }, ROUND + 1);
  }
  return [logs, votes];
}

test("a mirror: the votes of one who stood against everybody else, again, a round later", () => {
  const names = ["a", "b", ...OTHERS.split(" ")];
  const find = ([logs, votes]: readonly [TestLogs, TestVotes]) => found("mirroring", logs, votes, ...names);
  const { mirrorVotes } = AGENT_LIMITS;
  assert.deepEqual(find(following(mirrorVotes, 0, "against")), ["a"]);
  assert.deepEqual(find(following(mirrorVotes - 1, 0, "against")), []);
  assert.deepEqual(find(following(20, 2, "against")), [], "ninety percent are not more than ninety");
  assert.deepEqual(find(following(21, 2, "against")), ["a"]);
});

test("two honest operators who agree on what is true, one always after the other, are no mirror", () => {
  const [logs, votes] = following(200, 0, "for");
  assert.deepEqual(foundByAny(logs, votes, "a", "b"), []);
});

test("nor are they where nobody else voted, or one other alone", () => {
  for (const others of ["", "o1"]) {
    const [logs, votes] = [new TestLogs(), new TestVotes()];
    for (let n = 0; n < 30; n++) {
      logs.reveal("a", windowsOf(RULES, ROUND + 1).revealMs + n, `${n}`);
      votes.cast(`${n}`, { for: "b", ...(others && { against: others }) }).cast(`${n}`, { for: "a" }, ROUND + 1);
    }
    assert.deepEqual(found("mirroring", logs, votes, "a", "b"), []);
  }
});

test("who voted first himself, and votes again, follows nobody; nor does who votes in the same round", () => {
  const [logs, votes] = [new TestLogs(), new TestVotes()];
  for (let n = 0; n < 30; n++) {
    logs.reveal("early", windowsOf(RULES, ROUND + 1).revealMs + n, `${n}`);
    logs.reveal("same", windowsOf(RULES, ROUND).revealMs + n, `${n}`);
    votes.cast(`${n}`, { for: "b early same" }).cast(`${n}`, { for: "early", against: OTHERS }, ROUND + 1);
  }
  assert.deepEqual(found("mirroring", logs, votes, "early", "same"), []);
});

test("a fast honest newcomer, all day long, is in peace", () => {
  const [logs, votes] = [new TestLogs(), new TestVotes()];
  const { startMs, revealMs } = windowsOf(RULES, ROUND);
  for (let n = 0; n < 9 * 38; n++) {
    // As the measure lets him: ten entries and twenty votes in a minute, and what waited when the window opens.
    const minute = Math.floor(n / 38) * MINUTE_MS;
    logs.commit("new", startMs + minute + (n % 38), `${n}`);
    logs.reveal("new", revealMs + minute + (n % 38), `${n}`);
    votes.cast(`${n}`, { for: n % 3 ? `new ${OTHERS}` : "new o1" });
  }
  for (let n = 0; n < 45; n++) {
    logs.entry("new", NOON + Math.floor(n / 10) * MINUTE_MS + n, `e${n}`, `d${n % 3}`);
    votes.cast(`e${n}`, n % 3 ? { for: "o1 o2", against: "o3" } : { against: "o4", for: "o5" });
  }
  assert.deepEqual(foundByAny(logs, votes, "new"), []);
});

test("the same in any order, and nothing of nothing", () => {
  const [logs, votes] = together(12, 100, "against");
  const ground: Ground = votes.ground();
  const evidence = (deeds = logs.all()) => detect("coordinated_timing", deeds, ground).map((one) => one.evidence);
  assert.deepEqual(evidence(logs.all().toReversed()), evidence());
  for (const name of DETECTOR_NAMES) assert.deepEqual(detect(name, [], ground), []);
  assert.equal(evidence()[0]?.length, 2 * AGENT_LIMITS.togetherSubjects);
  assert.ok(evidence()[0]?.every(({ operator }) => ["a", "b"].map(operatorNamed).includes(operator)));
});
