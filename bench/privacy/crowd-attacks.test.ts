/** Small crowds: the attacks find what is there to find without protection, and under `stealth` not what is not there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Pace, watchCrowd } from "./crowd-model.ts";
import { CrowdTime } from "./crowd-time.ts";
import { collectEvidence, learnFrom, rankOf } from "./disclosure-attack.ts";
import { play, type Question } from "./guessing-game.ts";
import { LinkingAttack } from "./linking-attack.ts";
import { aroundOf } from "./neighbours.ts";
import { watchRelays } from "./relay-world.ts";
import type { SocialWorld } from "./social-world.ts";
import { countMinutes, type Trace } from "./trace.ts";

const PEOPLE = 12;

/** Several crowds, ten days: one crowd of a few days is a matter of luck. */
const CROWDS = 4;
const DAYS = 10;

/** Each crowd is attacked with what the next one taught. */
async function meanRank(pace: Pace): Promise<number> {
  const crowds: { readonly evidence: ReturnType<typeof collectEvidence>; readonly world: SocialWorld }[] = [];
  for (let i = 0; i < CROWDS; i++) {
    const { trace, world } = await watchCrowd({ people: PEOPLE, days: DAYS, pace, notified: 0.5 });
    crowds.push({ evidence: collectEvidence(countMinutes(trace)), world });
  }
  const ranks = crowds.flatMap(({ evidence, world }, i) => {
    const teacher = crowds[(i + 1) % CROWDS] as (typeof crowds)[number];
    const scorer = learnFrom(teacher.evidence, (person) => teacher.world.closest(person));
    return evidence.map((found, target) => rankOf(world.closest(target), found, scorer));
  });
  return ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length;
}

test("statistical disclosure finds partners under fast and by a pace that follows the app, and not under stealth", async () => {
  assert.ok((await meanRank("fast")) < 3);
  assert.ok((await meanRank("app")) < 3.5, "a pace that follows the app");
  // Of 11 by chance 6, with a deviation of 0.5 or less.
  assert.ok((await meanRank("stealth")) > 2);
});

function askRecipients(trace: Trace): Question[] {
  const attack = new LinkingAttack(trace);
  return trace.real.map(({ from, to, atMs, address }) => {
    return { asked: from, answer: to, evidence: () => attack.aboutCell(from, atMs, address) };
  });
}

test("recipients of cells are named under fast, and not under stealth", async () => {
  const scoreOf = async (pace: Pace) => {
    const { trace } = await watchCrowd({ people: PEOPLE, days: 1, pace, notified: 0.5 });
    return play(askRecipients(trace), PEOPLE);
  };
  const [fast, stealth] = [await scoreOf("fast"), await scoreOf("stealth")];
  assert.ok(fast.right > 0.8 && fast.low > fast.blind, `${fast.right}`);
  assert.ok(stealth.right < 0.4, `${stealth.right}`);
});

test("over real relays letters reach whom they are for, and recipients are named under fast", async () => {
  const trace = await watchRelays({ profile: "fast", people: PEOPLE, hours: 0.2, notified: 1, busy: 60 });
  assert.ok(trace.deliveries.length > 40, `${trace.deliveries.length} letters`);
  assert.equal(
    trace.sent.reduce((sum, { atMs }) => sum + atMs.length, 0),
    trace.real.length,
    "without cover, real cells alone",
  );
  for (const { from, to, atMs } of trace.deliveries) {
    assert.ok(trace.real.some((cell) => cell.from === from && cell.to === to && cell.atMs <= atMs));
  }
  const { right, blind } = play(askRecipients(trace), PEOPLE);
  assert.ok(right > 2 * blind, `${right}, blind ${blind}`);
});

test("a game without evidence is won as often as blind, one with evidence always", () => {
  const ask = (told: boolean): Question[] =>
    Array.from({ length: 2_000 }, (_, i) => {
      const answer = 1 + Math.floor(Math.random() * 9);
      const evidence = () =>
        Array.from({ length: 10 }, (__, person) =>
          person === 0 ? [] : [Math.random() + (told && person === answer ? 5 : 0)],
        );
      return { asked: i % 40, answer, evidence };
    });
  const [untold, told] = [play(ask(false), 10), play(ask(true), 10)];
  assert.ok(Math.abs(untold.right - 1 / 9) < 0.04, `${untold.right}`); // five deviations
  // One interval of twenty lies beside the truth: three more deviations of slack.
  assert.ok(untold.low < untold.blind + 0.02 && untold.high > 0.09, `${untold.low} to ${untold.high}`);
  assert.ok(told.right > 0.99);
});

test("a crowd's timers run in their order, and not those that were cancelled", async () => {
  const time = new CrowdTime(1_000);
  const seen: number[] = [];
  for (const delay of [5, 1, 4, 2, 3, 9]) time.schedule(() => seen.push(time.nowMs()), delay);
  time.schedule(() => seen.push(-1), 2)();
  time.schedule(() => time.schedule(() => seen.push(time.nowMs()), 4), 2);
  await time.advance(7);
  assert.deepEqual(seen, [1_001, 1_002, 1_003, 1_004, 1_005, 1_006]);
  assert.equal(time.nowMs(), 1_007);
});

test("what lies around a moment, counted by hand", () => {
  const times = [0, 30_000, 50_000, 70_000, 200_000];
  assert.deepEqual(aroundOf(times, 50_000), {
    beforeMs: 20_000,
    afterMs: 20_000,
    inMinuteBefore: 2,
    inMinuteAfter: 1,
  });
  assert.equal(aroundOf(times, 300_000).afterMs, 600_000);
});
