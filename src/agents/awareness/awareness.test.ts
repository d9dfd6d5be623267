/** What stands in logs becomes a digest and a word about the whole. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { UsageError, ValidationError } from "../../core/errors.ts";
import type { EntryId, OperatorId } from "../agent-ids.ts";
import type { KnowledgeEntry } from "../knowledge/entry.ts";
import { entryWith, operatorCalled } from "../knowledge/testing.ts";
import { windowsOf } from "../votes/rounds.ts";
import { Awareness, type AwarenessOptions } from "./awareness.ts";
import { AwarenessBook } from "./awareness-book.ts";
import type { DigestId } from "./digest.ts";
import { conflictWords, gapWords } from "./digest-words.ts";
import { readSynthesis, writeSynthesis } from "./synthesis.ts";
import { AT, DAY_MS, heardEntry, heardWithdrawal, idCalled, idHeard, RULES, tallied } from "./testing.ts";

const [ada, ben] = ["ada", "ben"].map(operatorCalled) as [OperatorId, OperatorId];
const NOW = AT + 3_600_000;
const NOWHERE = "ab".repeat(32) as DigestId;

class World {
  readonly awareness: Awareness;

  constructor(changes: Partial<AwarenessOptions> = {}) {
    this.awareness = new Awareness({ rules: RULES, tallyOf: () => null, takesPart: () => true, ...changes });
  }

  say(changes: Partial<KnowledgeEntry>, madeAtMs: number = AT - DAY_MS): EntryId {
    const noted = heardEntry({ operator: ada, ...changes }, madeAtMs);
    this.awareness.hear(noted, changes.operator ?? ada);
    return idHeard(noted);
  }

  /** A word about the whole, as somebody else's program may write it. */
  sum(cites: readonly EntryId[], digest: DigestId, changes: Partial<KnowledgeEntry> = {}, madeAtMs = NOW): EntryId {
    return this.say(
      { ...writeSynthesis({ content: "All is well.", digest, cites }), operator: ben, ...changes },
      madeAtMs,
    );
  }

  present(nowMs: number = NOW): DigestId {
    return this.awareness.digest(nowMs).id;
  }
}

test("two who heard the same in another order have the same digest", () => {
  const said = ["one", "two", "three"].map((content) => heardEntry({ operator: ada, content }, AT - DAY_MS));
  const withdrawal = heardWithdrawal(idHeard(said[0] as (typeof said)[0]), AT - 1);
  const [one, other] = [new World(), new World()];
  for (const noted of [...said, withdrawal]) one.awareness.hear(noted, ada);
  for (const noted of [withdrawal, ...said.toReversed(), ...said]) other.awareness.hear(noted, ada);
  assert.equal(one.present(), other.present());
  assert.equal(one.awareness.digest(NOW).digest.domains[0]?.entries, 2);
  assert.equal(one.awareness.digest(NOW).digest.atMs, AT);
});

test("an entry that names another operator, or is withdrawn by another, is as it was", () => {
  const world = new World();
  const id = world.say({});
  world.awareness.hear(heardEntry({ operator: ada, content: "in the log of ben" }, AT - 1), ben);
  world.awareness.hear(heardWithdrawal(id, AT - 1), ben);
  assert.deepEqual(world.awareness.digest(NOW).digest.domains[0]?.entries, 1);
});

test("said again, an entry counts from when it was said first", () => {
  const book = new AwarenessBook();
  for (const atMs of [AT - 5, AT - 9, AT - 7]) book.hear(heardEntry({ operator: ada }, atMs), ada);
  assert.deepEqual(
    [...book.entries()].map(({ madeAtMs }) => madeAtMs),
    [AT - 9],
  );
});

test("of a flood the newest are kept, whatever the order, and others lose nothing", () => {
  const contents = Array.from({ length: 50 }, (_, n) => n);
  const kept = [contents, contents.toReversed()].map((order) => {
    const book = new AwarenessBook(10);
    book.hear(heardEntry({ operator: ben }, AT - DAY_MS), ben);
    for (const n of order) book.hear(heardEntry({ operator: ada, content: `${n}` }, AT + n), ada);
    return [...book.entries()].map(({ madeAtMs }) => madeAtMs).sort();
  });
  assert.equal(kept[0]?.length, 11);
  assert.deepEqual(kept[0], [AT - DAY_MS, ...contents.slice(40).map((n) => AT + n)]);
  assert.deepEqual(kept[1], kept[0]);
});

test("a word about the whole is written for the present digest, and shown", () => {
  const world = new World();
  const id = world.say({});
  const written = world.awareness.write({ content: "All is well.", cites: [id] }, null, NOW);
  const read = readSynthesis({ ...written, operator: ben });
  assert.deepEqual(read, { content: "All is well.", digest: world.present(), cites: [id] });
  assert.equal(world.awareness.synthesis(NOW), null);
  const about = world.say({ ...written, operator: ben }, NOW);
  assert.equal(world.awareness.synthesis(NOW), about);
});

test("what cites nothing, what is not here, or names a digest that nobody counted, is not written", () => {
  const world = new World();
  const id = world.say({});
  const gone = world.say({ content: "gone" });
  world.awareness.hear(heardWithdrawal(gone, NOW), ada);
  const write = (cites: EntryId[], digest: DigestId | null = null) =>
    world.awareness.write({ content: "x", cites }, digest, NOW);
  const many = Array.from({ length: AGENT_LIMITS.sources }, (_, n) => idCalled(`${n}`));
  for (const cites of [[], many, [id, id], ["x" as EntryId]])
    assert.throws(
      () => write(cites),
      (error) => error instanceof UsageError && error.code === "synthesis_cites",
    );
  for (const cites of [[idCalled("nowhere")], [gone]])
    assert.throws(
      () => write(cites),
      (error) => error instanceof ValidationError && error.code === "entry_missing",
    );
  assert.throws(() => write([id], NOWHERE), { code: "digest_unknown" });
  assert.throws(() => write([id], "x" as DigestId), { code: "synthesis_digest" });
});

test("others' words are not shown that cite nothing, what is not here, or a digest that cannot be counted", () => {
  const world = new World();
  const id = world.say({});
  const digest = world.present();
  const named = { words: `digest:${digest}` };
  world.sum([id], NOWHERE);
  world.sum([idCalled("nowhere")], digest);
  world.sum([id], digest, { content: "cites nothing", sources: [named] });
  world.sum([id], digest, { content: "names none", sources: [{ entry: id }] });
  world.sum([id], digest, { content: "words", sources: [named, { entry: id }, { words: "and more" }] });
  world.sum([id], digest, { content: "elsewhere", domain: "rust" });
  world.sum([id], digest, { content: "another type", type: "observation" });
  assert.equal(world.awareness.synthesis(NOW), null);
  const right = world.sum([id], digest, { content: "right" });
  assert.equal(world.awareness.synthesis(NOW), right);
});

test("nor those that were rejected, taken back, are over, or of somebody who takes no part; the newest of the others is", () => {
  const out = operatorCalled("out");
  let rejected: EntryId | null = null;
  const world = new World({
    takesPart: (operator) => operator !== out,
    tallyOf: (id) =>
      id === rejected
        ? tallied(
            id,
            ["x", "y", "z"].map((name) => [operatorCalled(name), "against"]),
          )
        : null,
  });
  const id = world.say({});
  const digest = world.present();
  const right = world.sum([id], digest, { content: "right" }, NOW - 9);
  rejected = world.sum([id], digest, { content: "rejected" });
  world.sum([id], digest, { content: "of one who is out", operator: out });
  world.sum([id], digest, { content: "over", ttlS: 1 }, NOW - 1_000);
  world.awareness.hear(heardWithdrawal(world.sum([id], digest, { content: "taken back" }), NOW), ben);
  assert.equal(world.awareness.synthesis(NOW), right);
});

test("a digest of the round before is known by counting, one that was looked at by its name", () => {
  const world = new World();
  const id = world.say({}, AT - 5 * DAY_MS);
  const [, , { endMs }] = [-2, -1, 0].map((n) => windowsOf(RULES, 13_856 + n)) as [unknown, unknown, { endMs: number }];
  const elsewhere = new World();
  elsewhere.say({}, AT - 5 * DAY_MS);
  const before = elsewhere.present(AT - 1);
  const about = world.sum([id], before, {}, NOW);
  assert.equal(world.awareness.synthesis(NOW), about);
  const old = elsewhere.present(AT - 4 * DAY_MS);
  world.sum([id], old, { content: "too old to be counted" }, endMs);
  assert.equal(world.awareness.synthesis(endMs), about);
});

test("what comes late is in the digest of the same round a moment later, and the one before stays known", () => {
  const world = new World();
  const id = world.say({});
  const before = world.present();
  const about = world.sum([id], before);
  world.say({ content: "came late" }, AT - 1);
  assert.equal(world.present(NOW + 1), before);
  assert.notEqual(world.present(NOW + AGENT_LIMITS.digestFreshMs), before);
  assert.equal(world.awareness.synthesis(NOW + AGENT_LIMITS.digestFreshMs), about);
});

test("words of reasons", () => {
  assert.equal(gapWords({ reason: "old", count: 31 }), "nothing new for 31 days");
  assert.match(gapWords({ reason: "one_operator", count: 3 }), /3 entries/);
  assert.match(gapWords({ reason: "unverified", count: 1 }), /nobody verified/);
  assert.match(gapWords({ reason: "unverified", count: 2 }), /2 predictions/);
  assert.match(conflictWords({ reason: "split" }), /both sides/);
  assert.equal(readSynthesis(entryWith({})), null);
});
