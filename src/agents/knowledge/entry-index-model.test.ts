/** The index beside an array that is gone through: 200 entries, and whatever happens to them, in any order. `SEED=N` repeats a run. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { Xorshift } from "../../../test/support/xorshift.ts";
import type { EntryId, OperatorId } from "../agent-ids.ts";
import { endOf, ENTRY_TYPES, type EntryType, type KnowledgeEntry } from "./entry.ts";
import type { EntryQuery } from "./entry-search.ts";
import { ENTRY_LEVELS, type EntryLevel, levelNumber } from "./entry-level.ts";
import { scoreOf } from "./rank.ts";
import { entryWith, idOf, NOW, operatorCalled, TestIndex } from "./testing.ts";

const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const ENTRIES = 200;
const QUERIES = 60;
const HOUR_MS = 3_600_000;
const OPERATORS = ["ada", "ben", "cyd", "dee"].map(operatorCalled);
const DOMAINS = ["rust", "rust/async", "sqlite", "web"];
/** None begins another: what is found by a beginning has a test of its own. */
const WORDS = ["apple", "brick", "cloud", "delta", "ember", "fjord", "grape", "house"];
const TYPES = Object.keys(ENTRY_TYPES) as EntryType[];

interface Known {
  readonly id: EntryId;
  readonly entry: KnowledgeEntry;
  readonly madeAtMs: number;
  level: EntryLevel;
}

/** What the index has to say, from nothing but the rules. */
class Model {
  readonly all: Known[] = [];

  supersededBy(old: Known): Known[] {
    return this.all.filter(({ entry, level }) => {
      const isOwn = entry.operator === old.entry.operator;
      const isVoted = levelNumber(level) >= 2 && (entry.type === "correction" || entry.type === "synthesis");
      const isAsHigh = level !== "rejected" && levelNumber(level) >= levelNumber(old.level);
      return entry.supersedes.includes(old.id) && isAsHigh && (isOwn || isVoted);
    });
  }

  matching({ domain, minConfidence = 0, level = "low", nowMs, weightOf }: EntryQuery): Known[] {
    return this.all.filter((one) => {
      const { entry, madeAtMs } = one;
      const endMs = endOf(entry, madeAtMs) ?? Number.POSITIVE_INFINITY;
      const isOld = one.level !== "rejected" && this.supersededBy(one).length > 0;
      return (
        (domain === undefined || entry.domain === domain) &&
        entry.confidence >= minConfidence &&
        levelNumber(one.level) >= levelNumber(level) &&
        !(isOld && levelNumber(level) > 1) &&
        endMs > nowMs &&
        weightOf(entry.operator) > 0
      );
    });
  }

  score({ entry, level, madeAtMs }: Known, { nowMs, weightOf }: EntryQuery): number {
    const { type, confidence, operator } = entry;
    return scoreOf({ type, confidence, level, weight: weightOf(operator), ageMs: nowMs - madeAtMs, relevance: 1 });
  }
}

class Life {
  readonly model = new Model();
  readonly withdrawn: [EntryId, OperatorId][] = [];
  readonly #random: Xorshift;
  readonly #test: TestIndex;

  constructor(random: Xorshift, test: TestIndex) {
    [this.#random, this.#test] = [random, test];
  }

  step(): void {
    const { all } = this.model;
    const kind = this.#random.below(10);
    if (kind < 7 || all.length === 0) this.#put();
    else if (kind < 9) {
      const known = this.#random.pick(all);
      known.level = this.#random.pick(ENTRY_LEVELS);
      assert.ok(this.#test.index.setLevel(known.id, known.level));
    } else if (this.#random.below(3) === 0) {
      const { id, entry } = this.#random.pick(all);
      const by = this.#random.pick(OPERATORS);
      this.withdrawn.push([id, by]);
      assert.equal(this.#test.index.withdraw(id, by), by === entry.operator);
      if (by === entry.operator)
        all.splice(
          all.findIndex((known) => known.id === id),
          1,
        );
    }
  }

  #put(): void {
    const random = this.#random;
    const { all } = this.model;
    const some = (most: number) =>
      new Set(Array.from({ length: all.length > 0 ? random.below(most) : 0 }, () => random.pick(all).id));
    const entry = entryWith({
      operator: random.pick(OPERATORS),
      type: random.pick(TYPES),
      confidence: random.below(101),
      ttlS: random.below(3) === 0 ? random.below(20_000) : 0,
      domain: random.pick(DOMAINS),
      content: `${all.length} ${Array.from({ length: 1 + random.below(4) }, () => random.pick(WORDS)).join(" ")}`,
      sources: [...some(3)].map((id) => ({ entry: id })),
      supersedes: [...some(3)].sort(),
    });
    const known = {
      id: idOf(entry),
      entry,
      madeAtMs: NOW - random.below(24) * HOUR_MS,
      level: random.pick(ENTRY_LEVELS),
    };
    const isNew =
      !all.some(({ id }) => id === known.id) &&
      !this.withdrawn.some(([id, by]) => id === known.id && by === entry.operator);
    assert.equal(this.#test.index.put(entry, known), isNew);
    if (isNew) all.push(known);
  }
}

function anyQuery(random: Xorshift): EntryQuery {
  const none = random.pick(OPERATORS);
  return {
    domain: random.below(2) ? random.pick(DOMAINS) : undefined,
    minConfidence: random.below(2) ? random.below(101) : undefined,
    level: random.below(2) ? random.pick(ENTRY_LEVELS) : undefined,
    limit: 1 + random.below(100),
    nowMs: NOW + random.below(10) * HOUR_MS,
    weightOf: (operator) => (operator === none ? 0 : 1_000 + 10 * OPERATORS.indexOf(operator)),
  };
}

test("the index gives what going through an array gives, filtered and in order", (t) => {
  console.log(`SEED=${SEED}`);
  const random = new Xorshift(SEED);
  const all = new TestIndex(t);
  const { model, life } = lived(random, all);
  assert.ok(model.all.length > 100 && life.withdrawn.length > 0);
  let found = 0;
  for (let i = 0; i < QUERIES; i++) {
    const query = anyQuery(random);
    const expected = model.matching(query);
    const answers = all.index.query(query);
    found += answers.length;
    assert.equal(answers.length, Math.min(query.limit, expected.length), `SEED=${SEED}`);
    const byId = new Map(expected.map((known) => [known.id, known]));
    for (const { id, score, supersededBy, level } of answers) {
      const known = byId.get(id) as Known;
      assert.ok(known, `SEED=${SEED}`);
      const by = model.supersededBy(known).map((one) => one.id);
      assert.ok(supersededBy === null ? by.length === 0 : by.includes(supersededBy), `SEED=${SEED}`);
      assert.deepEqual([level, score], [known.level, model.score(known, query)]);
    }
    const standing = expected.filter((known) => model.supersededBy(known).length === 0);
    const best = standing.map((known) => model.score(known, query)).sort((x, y) => y - x);
    const first = answers.filter(({ supersededBy }) => supersededBy === null);
    assert.deepEqual(
      first.map(({ score }) => score),
      best.slice(0, query.limit),
    );
    assert.deepEqual(answers.slice(0, first.length), first, "what was superseded comes last");
    const behind = answers.slice(first.length).map(({ madeAtMs }) => madeAtMs);
    assert.deepEqual(
      behind,
      behind.toSorted((x, y) => y - x),
    );
  }
  assert.ok(found > QUERIES, `${found} answers`);
});

test("by words: all that have every word, and nothing that has none", (t) => {
  const random = new Xorshift(SEED);
  const all = new TestIndex(t);
  const { model } = lived(random, all);
  for (let i = 0; i < QUERIES; i++) {
    const words = [...new Set([random.pick(WORDS), random.pick(WORDS)])];
    const query = { ...anyQuery(random), limit: 100, text: words.join(" ") };
    const counts = new Map(
      model.matching(query).map(({ id, entry }) => {
        const said = entry.content.split(" ");
        return [id, words.filter((word) => said.includes(word)).length];
      }),
    );
    const ids = all.index.query(query).map(({ id }) => id);
    for (const id of ids) assert.ok((counts.get(id) ?? 0) > 0, `SEED=${SEED}`);
    const whole = [...counts].filter(([, count]) => count === words.length).map(([id]) => id);
    if (whole.length <= 100) for (const id of whole) assert.ok(ids.includes(id), `SEED=${SEED}`);
  }
});

test("whatever the order in which it came, the index is the same", (t) => {
  const random = new Xorshift(SEED);
  const one = new TestIndex(t);
  const { model, life } = lived(random, one);
  const other = new TestIndex(t);
  other.index.batch(() => {
    for (const [id, by] of life.withdrawn) other.index.withdraw(id, by);
    for (const { id, entry, madeAtMs, level } of [...model.all].sort(() => random.below(3) - 1))
      assert.ok(other.index.put(entry, { id, madeAtMs, level }));
  });
  for (let i = 0; i < QUERIES; i++) {
    const query = { ...anyQuery(random), text: random.below(2) ? random.pick(WORDS) : undefined };
    const [a, b] = [one, other].map(({ index }) => index.query(query));
    assert.deepEqual(a, b, `SEED=${SEED}`);
  }
  for (const domain of DOMAINS) {
    const query = { domain, limit: ENTRIES, nowMs: NOW, weightOf: () => 1_000 };
    assert.deepEqual(one.index.query(query), other.index.query(query), `SEED=${SEED}`);
  }
});

function lived(random: Xorshift, all: TestIndex): { readonly model: Model; readonly life: Life } {
  const life = new Life(random, all);
  all.index.batch(() => {
    for (let i = 0; i < ENTRIES; i++) life.step();
  });
  return { model: life.model, life };
}
