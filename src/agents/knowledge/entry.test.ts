import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, toHex } from "../../core/bytes.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { EntryId, NetworkId, OperatorId } from "../agent-ids.ts";
import { encodeStatement, readStatement } from "../statement.ts";
import {
  encodeKnowledgeEntry,
  endOf,
  entryIdOf,
  type EntrySource,
  type KnowledgeEntry,
  readKnowledgeEntry,
} from "./entry.ts";
import { entryWith, idOf, NETWORK, NOW, operatorCalled } from "./testing.ts";
import { encodeWithdrawal, readWithdrawal } from "./withdrawal.ts";

const [first, second] = [idOf(entryWith({ content: "1" })), idOf(entryWith({ content: "2" }))].sort() as [
  EntryId,
  EntryId,
];
const full = entryWith({
  type: "synthesis",
  confidence: 100,
  ttlS: 2 ** 32 - 1,
  content: "Two lines:\n\tthe second, Zürich 東京 🦀",
  tags: ["deadlock", "tokio-1.40"],
  sources: [{ words: "https://example.org/a b" }, { entry: first }, { entry: second }],
  supersedes: [first, second],
});

test("an entry is read as it was written", () => {
  for (const entry of [entryWith(), full]) assert.deepEqual(readKnowledgeEntry(encodeKnowledgeEntry(entry)), entry);
});

test("the fault of the original: two entries of one domain have different ids, and so has every change", () => {
  const changes: Partial<KnowledgeEntry>[] = [
    {},
    { operator: operatorCalled("ben") },
    { type: "correction" },
    { confidence: 51 },
    { ttlS: 1 },
    { domain: "rust" },
    { content: "Another." },
    { tags: ["a"] },
    { sources: [{ words: "a" }] },
    { supersedes: [first] },
  ];
  const ids = changes.map((change) => idOf(entryWith(change)));
  assert.equal(new Set(ids).size, changes.length);
  for (const id of ids) assert.match(id, /^[0-9a-f]{64}$/);
});

test("an id binds the network and the kind of statement", () => {
  const body = encodeKnowledgeEntry(entryWith());
  const elsewhere = idOf(entryWith(), toHex(new Uint8Array(32)) as NetworkId);
  assert.notEqual(idOf(entryWith()), elsewhere);
  assert.notEqual(idOf(entryWith()), entryIdOf(encodeStatement({ kind: "reveal", network: NETWORK, body })));
});

test("nothing can be cut off or put behind", () => {
  const body = encodeKnowledgeEntry(full);
  for (let length = 0; length < body.length; length++)
    assert.equal(readKnowledgeEntry(body.subarray(0, length)), null, `${length}`);
  assert.equal(readKnowledgeEntry(concatBytes(body, Uint8Array.of(0))), null);
});

const words = (count: number): EntrySource[] => Array.from({ length: count }, (_, i) => ({ words: `${i}` }));

const REFUSED: Readonly<Record<string, readonly Partial<KnowledgeEntry>[]>> = {
  entry_operator: [{ operator: "" as OperatorId }, { operator: operatorCalled("ada").toUpperCase() as OperatorId }],
  entry_type: [{ type: "rumour" as KnowledgeEntry["type"] }, { type: "toString" as KnowledgeEntry["type"] }],
  entry_confidence: [{ confidence: -1 }, { confidence: 101 }, { confidence: 0.5 }, { confidence: Number.NaN }],
  entry_ttl: [{ ttlS: -1 }, { ttlS: 2 ** 32 }, { ttlS: 1.5 }],
  entry_domain: ["", "Rust", "rust/", "/rust", "a//b", "a b", "ä", "a_b", "a".repeat(65)].map((domain) => ({ domain })),
  entry_content: [{ content: "" }, { content: " \n\t" }, { content: "é".repeat(4_097) }, { content: "e\u0301" }],
  entry_tags: [["b", "a"], ["a", "a"], ["A"], [""], ["a".repeat(33)], Array.from("abcdefghijklmnopq")].map((tags) => ({
    tags,
  })),
  entry_sources: [
    words(17),
    [{ words: "a" }, { words: "a" }],
    [{ entry: first }, { entry: first }],
    [{ words: " " }],
    [{ words: "two\nlines" }],
    [{ words: "a".repeat(513) }],
    [{ entry: "1" as EntryId }],
  ].map((sources) => ({ sources })),
  entry_supersedes: [[second, first], [first, first], ["1" as EntryId]].map((supersedes) => ({ supersedes })),
};

for (const [code, entries] of Object.entries(REFUSED)) {
  test(`refused by the writer: ${code}`, () => {
    for (const changes of entries) {
      assert.throws(() => encodeKnowledgeEntry(entryWith(changes)), { code }, JSON.stringify(changes));
    }
  });
}

test("hidden characters stand in no content and in no source", () => {
  const hidden = [
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{200d}",
    "\u{2060}",
    "\u{feff}",
    "\u{e0041}",
    "\u{0}",
    "\u{1b}",
    "\u{ad}",
    "\u{3164}",
    "\u{fe00}",
    "\u{e0101}",
  ];
  assert.ok(encodeKnowledgeEntry(entryWith({ content: "a heart: \u{2764}\u{fe0f}" })));
  for (const one of hidden) {
    assert.throws(() => encodeKnowledgeEntry(entryWith({ content: `a${one}b` })), { code: "entry_content" });
    assert.throws(() => encodeKnowledgeEntry(entryWith({ sources: [{ words: `a${one}b` }] })), {
      code: "entry_sources",
    });
  }
});

test("the longest content fits a statement, all bounds at once do not", () => {
  const longest = entryWith({ content: "a".repeat(AGENT_LIMITS.contentBytes) });
  const statement = encodeStatement({ kind: "entry", network: NETWORK, body: encodeKnowledgeEntry(longest) });
  assert.deepEqual(readKnowledgeEntry(readStatement(statement)?.body ?? new Uint8Array(0)), longest);
  const sources = words(16).map((_, i) => ({ words: `${i}`.padEnd(AGENT_LIMITS.sourceBytes, "x") }));
  assert.throws(() => encodeKnowledgeEntry({ ...longest, sources }), { code: "entry_too_long" });
  const fits = { ...longest, sources: sources.slice(0, 12) };
  const whole = encodeStatement({ kind: "entry", network: NETWORK, body: encodeKnowledgeEntry(fits) });
  assert.ok(readStatement(whole), `${whole.length} bytes are a statement`);
});

test("when it ends", () => {
  assert.equal(endOf({ ttlS: 0 }, NOW), null);
  assert.equal(endOf({ ttlS: 2 }, NOW), NOW + 2_000);
  assert.equal(endOf({ ttlS: 2 ** 32 - 1 }, Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
});

test("a withdrawal names one entry", () => {
  assert.equal(readWithdrawal(encodeWithdrawal(first)), first);
  assert.equal(readWithdrawal(encodeWithdrawal(first).subarray(1)), null);
  assert.throws(() => encodeWithdrawal("1" as EntryId), { code: "withdrawal" });
});
