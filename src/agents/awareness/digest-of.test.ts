/** Digests: what they name, and that nothing but what was said until then makes them. `SEED=N` repeats a run. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { Xorshift } from "../../../test/support/xorshift.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { EntryId, OperatorId } from "../agent-ids.ts";
import { ENTRY_TYPES, type EntryType } from "../knowledge/entry.ts";
import { ENTRY_LEVELS, levelNumber } from "../knowledge/entry-level.ts";
import { operatorCalled } from "../knowledge/testing.ts";
import type { Side } from "../votes/sides.ts";
import type { Tally } from "../votes/tally.ts";
import { digestIdOf, encodeDigest } from "./digest.ts";
import { digestOf } from "./digest-of.ts";
import type { DigestView, KnownEntry } from "./standing-entries.ts";
import { AT, DAY_MS, idCalled, known, tallied, viewOf } from "./testing.ts";

const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const [ada, ben, cyd, dee] = ["ada", "ben", "cyd", "dee"].map(operatorCalled) as [
  OperatorId,
  OperatorId,
  OperatorId,
  OperatorId,
];
const everybody = [ada, ben, cyd, dee];

function votes(all: Readonly<Record<string, readonly Side[]>>): Pick<DigestView, "tallyOf"> {
  const tallies = new Map(
    Object.entries(all).map(([name, sides]) => {
      const id = idCalled(name);
      const those = sides.map((side, i) => [everybody[i] as OperatorId, side] as const);
      return [id, tallied(id, those)];
    }),
  );
  return { tallyOf: (subject) => tallies.get(subject) ?? null };
}

const HIGH: readonly Side[] = ["for", "for", "for"];
const MEDIUM: readonly Side[] = ["for", "for"];
const REJECTED: readonly Side[] = ["against", "against", "against"];

test("domains count what stands, by reach", () => {
  const entries = [
    known("a", ada),
    known("b", ben, { madeAtMs: AT }),
    known("c", ada, { domain: "web" }),
    known("d", ada, { domain: "web" }),
    known("rejected", ada, { domain: "web" }),
    known("withdrawn", ada, { withdrawnAtMs: AT }),
    known("over", ada, { endsAtMs: AT }),
    known("later", ada, { madeAtMs: AT + 1 }),
    known("word about the whole", ada, { domain: "awareness" }),
  ];
  const { domains } = digestOf(viewOf(entries, votes({ a: HIGH, rejected: REJECTED })), AT);
  assert.deepEqual(domains, [
    { domain: "rust", entries: 2, high: 1, operators: 2, newestMs: AT },
    { domain: "web", entries: 2, high: 0, operators: 1, newestMs: AT - DAY_MS / 2 },
  ]);
});

test("what happens later is not in it: a withdrawal, an end, an entry", () => {
  const entries = [known("a", ada, { withdrawnAtMs: AT + 1 }), known("b", ben, { endsAtMs: AT + 1 })];
  const before = digestOf(viewOf(entries), AT);
  const later = [...entries, known("c", cyd, { madeAtMs: AT + 1 })];
  assert.equal(digestIdOf(digestOf(viewOf(later), AT)), digestIdOf(before));
  assert.equal(before.domains[0]?.entries, 2);
});

test("what is superseded by the rules is not counted, and who takes no part says nothing", () => {
  const entries = [
    known("old", ada),
    known("new", ada, { supersedes: [idCalled("old")] }),
    known("foreign", ben, { supersedes: [idCalled("new")] }),
    known("out", cyd, { domain: "web" }),
  ];
  const view = viewOf(entries, { takesPart: (operator) => operator !== cyd });
  const { domains, activity } = digestOf(view, AT);
  assert.deepEqual(
    domains.map(({ domain, entries: count }) => [domain, count]),
    [["rust", 2]],
  );
  assert.deepEqual(
    activity.map(({ operator }) => operator),
    [ada, ben],
  );
});

test("gaps: nothing new, one operator alone, predictions of which nobody said how they ended", () => {
  const old = AT - AGENT_LIMITS.digestOldMs - DAY_MS;
  const prediction = { type: "prediction", domain: "future", endsAtMs: AT - DAY_MS } as const;
  const entries = [
    known("o1", ada, { domain: "old", madeAtMs: old }),
    known("o2", ben, { domain: "old", madeAtMs: old - DAY_MS }),
    ...["s1", "s2", "s3"].map((name) => known(name, ada, { domain: "solo" })),
    known("p1", ada, prediction),
    known("p2", ben, prediction),
    known("verified", ben, prediction),
    known("forgotten", ben, { ...prediction, endsAtMs: old }),
  ];
  assert.deepEqual(digestOf(viewOf(entries, votes({ verified: MEDIUM })), AT).gaps, [
    { domain: "old", reason: "old", count: 31 },
    { domain: "solo", reason: "one_operator", count: 3 },
    { domain: "future", reason: "unverified", count: 2 },
  ]);
});

test("conflicts: a correction that does not count, one of two found false, votes on both sides", () => {
  const entries = [
    known("x", ada),
    known("y", ben, { type: "correction", supersedes: [idCalled("x")] }),
    known("false", ada, { domain: "sea" }),
    known("true", ben, { type: "correction", domain: "sea", supersedes: [idCalled("false")] }),
    known("split", cyd, { domain: "web" }),
    known("settled", cyd, { domain: "web" }),
  ];
  const cast = {
    x: HIGH,
    true: HIGH,
    false: REJECTED,
    split: ["for", "against"],
    settled: [...HIGH, "against"],
  } as const;
  const { conflicts } = digestOf(viewOf(entries, votes(cast)), AT);
  const found = conflicts.map(({ reason, entries: ids }) => [reason, ids]);
  assert.equal(found.length, 3);
  for (const [reason, ...names] of [
    ["correction", "y", "x"],
    ["decided", "true", "false"],
    ["split", "split"],
  ])
    assert.ok(
      found.some((one) => JSON.stringify(one) === JSON.stringify([reason, names.map(idCalled)])),
      reason,
    );
});

test("a correction that was voted for ends the conflict, and so does its rejection", () => {
  const entries = [known("x", ada), known("y", ben, { type: "correction", supersedes: [idCalled("x")] })];
  assert.equal(digestOf(viewOf(entries), AT).conflicts.length, 1);
  assert.deepEqual(digestOf(viewOf(entries, votes({ y: MEDIUM })), AT).conflicts, []);
  assert.deepEqual(digestOf(viewOf(entries, votes({ y: REJECTED })), AT).conflicts, []);
});

test("activity is what was done in the days before, by who takes part", () => {
  const entries = [known("a", ada), known("b", ada, { madeAtMs: AT - AGENT_LIMITS.digestActiveMs }), known("c", ben)];
  const { activity } = digestOf(viewOf(entries, votes({ a: ["for", "none", "against"] })), AT);
  assert.deepEqual(
    activity.map(({ operator, entries: made, votes: cast }) => [operator, made, cast]),
    [ada, ben, cyd].map((operator) => [operator, operator === cyd ? 0 : 1, operator === ben ? 0 : 1]).sort(byDoing),
  );
});

function byDoing(a: readonly unknown[], b: readonly unknown[]): number {
  const done = (one: readonly unknown[]): number => (one[1] as number) + (one[2] as number);
  return done(b) - done(a) || ((a[0] as string) < (b[0] as string) ? -1 : 1);
}

test("a flood of one operator's corrections leaves the others their conflicts; alone he fills the list", () => {
  const most = AGENT_LIMITS.digestConflicts;
  const flood = Array.from({ length: 2 * most }, (_, n) => [
    known(`x${n}`, ada, { domain: `d${n}` }),
    known(`y${n}`, ben, { domain: `d${n}`, type: "correction", supersedes: [idCalled(`x${n}`)], madeAtMs: AT - n }),
  ]).flat();
  const one = [
    known("x", ada, { domain: "calm" }),
    known("y", cyd, { domain: "calm", type: "correction", supersedes: [idCalled("x")], madeAtMs: AT - DAY_MS }),
  ];
  assert.equal(digestOf(viewOf(flood), AT).conflicts.length, most);
  const { conflicts } = digestOf(viewOf([...flood, ...one]), AT);
  assert.ok(conflicts.some(({ domain }) => domain === "calm"));
  assert.equal(conflicts.length, most);
});

test("domains made up by one operator push out none that several know", () => {
  const made = Array.from({ length: 2 * AGENT_LIMITS.digestDomains }, (_, n) =>
    known(`${n}`, ada, { domain: `d${n}`, madeAtMs: AT }),
  );
  const { domains } = digestOf(viewOf([...made, known("a", ben), known("b", cyd)]), AT);
  assert.equal(domains[0]?.domain, "rust");
  assert.equal(domains.length, AGENT_LIMITS.digestDomains);
});

/** Anything that can stand in logs: `count` entries of forty operators, about each other. */
function anyWorld(random: Xorshift, count: number): DigestView & { readonly entries: readonly KnownEntry[] } {
  const operators = Array.from({ length: 40 }, (_, n) => operatorCalled(`${n}`));
  const types = Object.keys(ENTRY_TYPES) as EntryType[];
  const entries = Array.from({ length: count }, (_, n): KnownEntry => {
    const madeAtMs = AT + DAY_MS - random.below(70) * DAY_MS - random.below(1_000);
    const old = random.below(3) === 0 ? [...new Set([idCalled(`${random.below(count)}`), idCalled(`${n - 1}`)])] : [];
    return known(`${n}`, random.pick(operators), {
      type: random.pick(types),
      domain: random.below(30) === 0 ? "awareness" : `d${random.below(Math.ceil(count / 40))}`,
      madeAtMs,
      endsAtMs: random.below(4) === 0 ? madeAtMs + random.below(60) * DAY_MS : null,
      withdrawnAtMs: random.below(10) === 0 ? madeAtMs + random.below(60) * DAY_MS : null,
      supersedes: old.sort(),
    });
  });
  const tallies = new Map<EntryId, Tally>();
  for (const { id } of entries) {
    if (random.below(2) === 0) continue;
    const sides = operators.slice(0, 2 + random.below(4)).map((operator) => {
      return [operator, random.pick(["for", "for", "against", "none"] as const)] as const;
    });
    tallies.set(id, tallied(id, sides, AT - random.below(9) * DAY_MS));
  }
  const out = new Set(operators.slice(0, 3));
  return {
    ...viewOf(entries, {
      tallyOf: (subject) => tallies.get(subject) ?? null,
      takesPart: (operator) => !out.has(operator),
    }),
    entries,
  };
}

/** From nothing but the rules, each entry beside each other one: how many stand in each domain, and which claims are open. */
function oracle(
  { entries, tallyOf, takesPart }: DigestView & { readonly entries: readonly KnownEntry[] },
  atMs: number,
) {
  const level = (one: KnownEntry) => tallyOf(one.id, atMs)?.level ?? "low";
  const present = entries.filter(
    (one) =>
      takesPart(one.operator, atMs) &&
      one.madeAtMs <= atMs &&
      !(one.withdrawnAtMs !== null && one.withdrawnAtMs <= atMs) &&
      !(one.endsAtMs !== null && one.endsAtMs <= atMs),
  );
  const replaces = (y: KnownEntry, x: KnownEntry): boolean =>
    y.supersedes.includes(x.id) &&
    level(y) !== "rejected" &&
    ENTRY_LEVELS.indexOf(level(y)) >= levelNumber(level(x)) &&
    (y.operator === x.operator ||
      (["medium", "high"].includes(level(y)) && ["correction", "synthesis"].includes(y.type)));
  const isOld = (x: KnownEntry): boolean => present.some((y) => replaces(y, x));
  const standing = present.filter((x) => level(x) !== "rejected" && !isOld(x) && x.domain !== "awareness");
  const counts: Record<string, number> = {};
  for (const { domain } of standing) counts[domain] = (counts[domain] ?? 0) + 1;
  const isOpen = (y: KnownEntry, x: KnownEntry): boolean =>
    y.type === "correction" && y.supersedes.includes(x.id) && !replaces(y, x) && !isOld(x) && !isOld(y);
  const corrections = present.flatMap((y) =>
    present
      .filter((x) => isOpen(y, x) && [x, y].every((one) => level(one) !== "rejected" && one.domain !== "awareness"))
      .map((x) => `${y.id}${x.id}`),
  );
  return { counts, corrections };
}

test("the same as a slow count, and the same bytes in any order", () => {
  const random = new Xorshift(SEED);
  for (let run = 0; run < 12; run++) {
    const world = anyWorld(random, 120);
    const digest = digestOf(world, AT);
    const { counts, corrections } = oracle(world, AT);
    const told = Object.fromEntries(digest.domains.map(({ domain, entries }) => [domain, entries]));
    assert.deepEqual(told, counts, `SEED=${SEED}`);
    const found = digest.conflicts.filter(({ reason }) => reason === "correction");
    assert.deepEqual(found.map(({ entries }) => entries.join("")).sort(), corrections.sort(), `SEED=${SEED}`);
    const shuffled = world.entries
      .map((one) => [random.below(1_000_000), one] as const)
      .sort(([a], [b]) => a - b)
      .map(([, one]) => one);
    assert.deepEqual(encodeDigest(digestOf({ ...world, entries: shuffled }, AT)), encodeDigest(digest), `SEED=${SEED}`);
  }
});

test("twenty thousand entries are counted in a moment", () => {
  const world = anyWorld(new Xorshift(7), 20_000);
  digestOf(world, AT);
  const start = performance.now();
  const bytes = encodeDigest(digestOf(world, AT));
  const ms = performance.now() - start;
  console.log(`20,000 entries: ${ms.toFixed(0)} ms, ${bytes.length} bytes`);
  // Ten times of what it takes, for a machine that is busy.
  assert.ok(ms < 1_000, `${ms}`);
});
