import assert from "node:assert/strict";
import { chmodSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { EntryId } from "../agent-ids.ts";
import { EntryIndex } from "./entry-index.ts";
import { entryWith, idOf, NOW, operatorCalled, TestIndex } from "./testing.ts";

const [ada, ben, cyd] = ["ada", "ben", "cyd"].map(operatorCalled) as [never, never, never];
const DAY_MS = 86_400_000;

test("the faults of the original: a query without a domain, entries with sources, two of one domain", (t) => {
  const all = new TestIndex(t);
  const one = all.put({ content: "Locks across await." });
  const two = all.put({ content: "Channels instead.", sources: [{ words: "https://example.org" }, { entry: one }] });
  const other = all.put({ domain: "sqlite", content: "Write-ahead logs." });
  assert.deepEqual(new Set(all.ask()), new Set([one, two, other]));
  assert.deepEqual(new Set(all.ask({ domain: "rust/async" })), new Set([one, two]));
  assert.deepEqual(all.ask({ text: "channels" }), [two]);
  assert.deepEqual(all.index.get(two)?.entry.sources, [{ words: "https://example.org" }, { entry: one }]);
  assert.deepEqual(all.ask({ domain: "rust" }), []);
  assert.deepEqual(all.ask({ text: "channels", domain: "sqlite" }), []);
  assert.equal(all.index.get(idOf(entryWith({ content: "nowhere" }))), null);
});

test("words are found in content, tags and domain, whatever their case and marks, the last one by its beginning", (t) => {
  const all = new TestIndex(t);
  const id = all.put({ content: "Straßen in Zürich: 東京 ist weit.", tags: ["traffic-jam"], domain: "geo/europe" });
  all.put({ content: "Something else." });
  for (const text of ["zurich", "ZÜRICH", "straßen", "jam traffic", "europe", "東京", "weit zür", "\u{1F980} weit"]) {
    assert.deepEqual(all.ask({ text }), [id], text);
  }
  for (const text of ["zü", "richtung", "***", "-", "\u{1F980}"]) assert.deepEqual(all.ask({ text }), [], text);
});

test("the language of FTS5 in a question is words, and never fails", (t) => {
  const all = new TestIndex(t);
  const id = all.put({ content: "alpha beta" });
  all.put({ content: "gamma" });
  assert.deepEqual(all.ask({ text: "alpha NOT beta" }), [id], "NOT is a word that nobody has");
  assert.deepEqual(all.ask({ text: "alpha -beta" }), [id]);
  assert.deepEqual(all.ask({ text: "tags:alpha" }), [id]);
  assert.deepEqual(all.ask({ text: "marks : 1" }), [], "a domain is not found by its number");
  assert.deepEqual(all.ask({ text: "al*" }), []);
  const odd = [
    '"',
    '""',
    "'",
    "(",
    "alpha AND",
    "OR",
    "NEAR(alpha beta",
    "{content",
    "^alpha",
    "a:b:c",
    "\0",
    "\\",
    "*",
  ];
  for (const text of odd) assert.doesNotThrow(() => all.ask({ text }), text);
  for (const text of odd) assert.doesNotThrow(() => all.ask({ text, domain: text }), text);
  assert.throws(() => all.ask({ text: "a".repeat(AGENT_LIMITS.queryBytes + 1) }), { code: "query_too_long" });
});

test("what has all words comes before what has some, and the commonest say nothing", (t) => {
  const all = new TestIndex(t);
  const both = all.put({ content: "the crash of the vault" });
  const one = all.put({ content: "the crash of the door" });
  all.put({ content: "the weather" });
  assert.deepEqual(all.ask({ text: "crash vault" }), [both, one]);
  assert.deepEqual(all.ask({ text: "crash vault", limit: 1 }), [both]);
  assert.deepEqual(all.ask({ text: "why did the vault explode yesterday" }).slice(0, 1), [both]);
});

test("votes, weight and freshness make the order, and who weighs nothing is not shown", (t) => {
  const all = new TestIndex(t);
  const put = (content: string, operator: never, level: "low" | "medium" | "high", confidence = 50, days = 0) =>
    all.put({ content, operator, confidence }, level, NOW - days * DAY_MS);
  const proud = put("proud", ada, "low", 100);
  const voted = put("voted", ada, "medium", 0);
  const best = put("best", ada, "high", 0);
  const old = put("old", ada, "low", 100, 400);
  const known = put("known", ben, "low", 0);
  const rejected = all.put({ content: "rejected", operator: ada }, "rejected");
  all.put({ content: "nobody", operator: cyd }, "high");
  const weightOf = (operator: string) => (operator === cyd ? 0 : operator === ben ? 2_000 : 1_000);
  assert.deepEqual(all.ask({ weightOf }), [best, voted, known, proud, old]);
  assert.deepEqual(all.ask({ weightOf, limit: 2 }), [best, voted]);
  assert.deepEqual(all.ask({ weightOf, level: "medium" }), [best, voted]);
  assert.deepEqual(all.ask({ weightOf, level: "rejected" }), [best, voted, known, proud, old, rejected]);
  assert.deepEqual(all.ask({ weightOf, minConfidence: 100 }), [proud, old]);
  assert.ok(all.index.setLevel(known, "high"));
  assert.deepEqual(all.ask({ weightOf, limit: 1 }), [known]);
  assert.ok(!all.index.setLevel(idOf(entryWith({ content: "?" })), "high"));
});

test("what has ended is not shown, nor what is from later than clocks differ; a sweep takes it out", (t) => {
  const all = new TestIndex(t);
  const short = all.put({ content: "short", ttlS: 10 });
  const long = all.put({ content: "long" });
  const early = all.put({ content: "early" }, "low", NOW + AGENT_LIMITS.clockSkewMs + 1);
  assert.deepEqual(new Set(all.ask()), new Set([short, long]));
  assert.deepEqual(all.ask({ text: "early" }), []);
  assert.deepEqual(all.ask({ text: "early", nowMs: NOW + 1 }), [early]);
  assert.deepEqual(all.ask({ text: "short", nowMs: NOW + 9_999 }), [short]);
  assert.deepEqual(all.ask({ text: "short", nowMs: NOW + 10_000 }), []);
  assert.equal(all.index.sweep(NOW + 9_999), 0);
  assert.equal(all.index.sweep(NOW + 10_000), 1);
  assert.equal(all.index.get(short), null);
  assert.deepEqual(all.ask({ text: "short" }), []);
});

test("an operator withdraws its own entries, before or after they come, and nobody else's", (t) => {
  const all = new TestIndex(t);
  const id = all.put({ operator: ada });
  assert.ok(!all.index.withdraw(id, ben));
  assert.deepEqual(all.ask(), [id]);
  assert.ok(all.index.withdraw(id, ada));
  assert.deepEqual(all.ask(), []);
  assert.deepEqual(all.ask({ text: "runtime" }), []);
  assert.ok(!all.index.put(entryWith({ operator: ada }), { id, madeAtMs: NOW, level: "low" }), "it stays out");
  const later = entryWith({ content: "later" });
  assert.ok(!all.index.withdraw(idOf(later), ben) && !all.index.withdraw(idOf(later), ada));
  assert.ok(!all.index.put(later, { id: idOf(later), madeAtMs: NOW, level: "low" }));
});

test("an operator's own newer entry comes before the old one, until it goes", (t) => {
  const all = new TestIndex(t);
  const old = all.put({ content: "old", confidence: 100 });
  const newer = all.put({ content: "new", confidence: 0, supersedes: [old] }, "low", NOW - 400 * DAY_MS);
  assert.deepEqual(all.ask(), [newer, old]);
  assert.equal(all.index.get(old)?.supersededBy, newer);
  all.index.setLevel(old, "high");
  assert.deepEqual(all.ask(), [old, newer], "what others voted for is not put away by one who was not");
  all.index.setLevel(newer, "high");
  assert.deepEqual(all.ask(), [newer, old]);
  assert.deepEqual(all.ask({ level: "medium" }), [newer]);
  all.index.withdraw(newer, ada);
  assert.deepEqual(all.ask({ level: "medium" }), [old]);
});

test("the attack: anybody says that he supersedes what somebody else found", (t) => {
  const all = new TestIndex(t);
  const [low, high] = [all.put({ content: "low" }), all.put({ content: "high" }, "high")];
  const by = { operator: ben, supersedes: [low, high].sort() };
  const claim = all.put({ ...by, type: "correction", content: "claim" });
  const told = all.put({ ...by, type: "observation", content: "told" }, "high");
  const standing = () => [low, high].map((id) => all.index.get(id)?.supersededBy);
  assert.deepEqual(standing(), [null, null]);
  assert.deepEqual(
    [low, high].map((id) => all.index.get(id)?.claims),
    [2, 2],
  );
  all.index.setLevel(claim, "medium");
  assert.deepEqual(standing(), [claim, null], "others voted for it, but not as much as for the other");
  all.index.setLevel(claim, "high");
  assert.deepEqual(standing(), [claim, claim]);
  assert.deepEqual(all.ask({ level: "high" }).sort(), [claim, told].sort());
  all.index.setLevel(claim, "rejected");
  assert.deepEqual(standing(), [null, null]);
});

test("a claim that came first counts when the entry comes", (t) => {
  const all = new TestIndex(t);
  const old = entryWith({ content: "old" });
  const newer = all.put({ content: "new", supersedes: [idOf(old)] });
  all.index.put(old, { id: idOf(old), madeAtMs: NOW, level: "low" });
  assert.deepEqual(all.ask(), [newer, idOf(old)]);
});

test("the attack: a flood of a common word hides nothing that was voted for, and nothing that has a rare one", (t) => {
  const all = new TestIndex(t);
  const voted = all.put({ content: "flood of words" }, "medium", NOW - 1_000 * DAY_MS);
  const rare = all.put({ content: "flood and drought" }, "low", NOW - 1_000 * DAY_MS);
  const dry = all.put({ content: "drought alone" }, "low", NOW - 1_000 * DAY_MS);
  all.index.batch(() => {
    for (let i = 0; i < AGENT_LIMITS.queryMatches; i++) all.put({ content: `flood ${i}`, confidence: 100 });
  });
  assert.equal(all.ask({ text: "flood", limit: 1 })[0], voted);
  assert.equal(all.ask({ limit: 1 })[0], voted);
  assert.deepEqual(all.ask({ text: "flood drought" }), [rare, dry]);
  assert.deepEqual(new Set(all.ask({ text: "is there a flood or a drought" })), new Set([rare, dry]));
  assert.deepEqual(new Set(all.ask({ text: "flood flooding" })).size, AGENT_LIMITS.queryLimit);
  assert.equal(all.ask({ text: "flood", limit: 1_000_000 }).length, AGENT_LIMITS.queryLimit);
  assert.deepEqual(all.ask({ limit: -1 }), []);
});

test("the attack: who floods pushes out what he said himself, lowest and oldest first", (t) => {
  const all = new TestIndex(t, { entries: 6, withdrawals: 2 });
  const kept = [all.put({ operator: ada, content: "a" }), all.put({ operator: ben, content: "b" })];
  const own = [0, 1, 2, 3].map((i) => all.put({ operator: cyd, content: `c${i}` }, i === 0 ? "high" : "low", NOW + i));
  const more = [4, 5].map((i) => all.put({ operator: cyd, content: `c${i}` }, "low", NOW + 2_000 * i));
  assert.deepEqual(new Set(all.ask()).size, 6);
  for (const id of [...kept, own[0] as EntryId, ...more]) assert.ok(all.index.get(id), "stays");
  for (let i = 0; i < 5; i++) all.index.withdraw(idOf(entryWith({ content: `w${i}` })), ada);
  const forgotten = entryWith({ content: "w0" });
  assert.ok(all.index.put(forgotten, { id: idOf(forgotten), madeAtMs: NOW, level: "low" }));
});

test("many of one moment have places of their own", (t) => {
  const all = new TestIndex(t);
  const ids = Array.from({ length: 40 }, (_, i) => `${"ab".repeat(30)}${1_000 + i}` as EntryId);
  for (const [i, id] of ids.entries()) {
    assert.ok(all.index.put(entryWith({ content: `${i}` }), { id, madeAtMs: NOW, level: "low" }));
  }
  assert.deepEqual(new Set(all.ask()), new Set(ids));
  assert.ok(all.index.put(entryWith(), { id: idOf(entryWith()), madeAtMs: Number.MAX_SAFE_INTEGER, level: "high" }));
});

test("a batch is whole or nothing", (t) => {
  const all = new TestIndex(t);
  assert.throws(() =>
    all.index.batch(() => {
      all.put();
      all.index.position = 7;
      throw new Error("stopped");
    }),
  );
  assert.deepEqual([all.ask(), all.index.position], [[], 0]);
  assert.throws(() => all.put({ content: "" }), { code: "entry_content" });
});

test("opened again it says the same", (t) => {
  const all = new TestIndex(t);
  const old = all.put({ content: "old runtime" }, "high");
  all.put({ content: "new runtime", operator: ben, type: "correction", supersedes: [old] }, "high");
  all.put({ content: "third runtime" });
  const said = () =>
    all.index.query({ text: "runtime", limit: 9, nowMs: NOW, weightOf: () => 1_000 }).map(({ id, score, ...more }) => ({
      id,
      score,
      by: more.supersededBy,
    }));
  all.index.position = 3;
  const before = said();
  assert.equal(before.length, 3);
  all.reopen();
  assert.deepEqual([said(), all.index.position], [before, 3]);
});

/** Of every file there, in octal. */
function modesBeside(path: string): (string | undefined)[] {
  const folder = dirname(path);
  return readdirSync(folder).map((name) => (statSync(join(folder, name)).mode & 0o777).toString(8));
}

test("nobody else reads it, also where an earlier start made it readable", (t: TestContext) => {
  const umask = process.umask(0o022);
  t.after(() => process.umask(umask));
  const all = new TestIndex(t);
  all.put();
  assert.deepEqual(new Set(modesBeside(all.path)), new Set(["600"]));
  chmodSync(all.path, 0o644);
  all.reopen();
  assert.deepEqual(new Set(modesBeside(all.path)), new Set(["600"]));
});

test("a file that is something else, or of another version, is named", (t) => {
  const all = new TestIndex(t);
  const other = join(dirname(all.path), "other.db");
  writeFileSync(other, "This is a letter and no database at all, of some length.");
  assert.throws(() => new EntryIndex(other), { code: "knowledge_corrupt" });
  const later = join(dirname(all.path), "later.db");
  new EntryIndex(later).close();
  const db = new DatabaseSync(later);
  db.exec("PRAGMA user_version = 2");
  db.close();
  assert.throws(() => new EntryIndex(later), { code: "knowledge_corrupt" });
});
