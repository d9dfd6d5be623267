/**
 * Entries as bytes, and questions as text, from somebody who wants to do harm: nothing throws, nothing is read in two ways, and no
 * question finds what has none of its words. `SEED=N` repeats a run.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { toHex, utf8Encode } from "../../src/core/bytes.ts";
import { AGENT_LIMITS } from "../../src/core/agent-limits.ts";
import { randomBytes } from "../../src/core/random.ts";
import type { EntryId, OperatorId } from "../../src/agents/agent-ids.ts";
import { encodeKnowledgeEntry, type KnowledgeEntry, readKnowledgeEntry } from "../../src/agents/knowledge/entry.ts";
import { EntryIndex } from "../../src/agents/knowledge/entry-index.ts";
import { mutated } from "../support/mutated.ts";
import { Xorshift } from "../support/xorshift.ts";

const MUTATIONS = 5_000;
const QUESTIONS = 500;
const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const NOW = Date.UTC(2026, 10, 27);

const anyId = (): EntryId => toHex(randomBytes(32)) as EntryId;
const entry: KnowledgeEntry = {
  operator: anyId() as string as OperatorId,
  type: "synthesis",
  confidence: 70,
  ttlS: 3_600,
  domain: "rust/async",
  content: "Zürich 東京 🦀, in two\nlines.",
  tags: ["a", "b", "tokio-1.40"],
  sources: [{ words: "https://example.org" }, { entry: anyId() }, { words: "by hand" }],
  supersedes: [anyId(), anyId()].sort(),
};
const donor: KnowledgeEntry = {
  ...entry,
  content: "Other words",
  tags: ["b"],
  sources: [{ entry: anyId() }],
  supersedes: [],
};

test("whatever is read as an entry is written in that way alone, and is within its bounds", () => {
  console.log(`SEED=${SEED}`);
  const random = new Xorshift(SEED);
  const [one, other] = [entry, donor].map(encodeKnowledgeEntry) as [Uint8Array, Uint8Array];
  let read = 0;
  for (let i = 0; i < MUTATIONS; i++) {
    let bytes = one;
    for (let n = 0; n <= random.below(3) && bytes.length > 0; n++) bytes = mutated(random, bytes, other);
    const found = readKnowledgeEntry(bytes);
    if (!found) continue;
    read++;
    assert.equal(toHex(encodeKnowledgeEntry(found)), toHex(bytes), `SEED=${SEED}`);
    assert.ok(found.confidence <= 100 && found.tags.length <= AGENT_LIMITS.tags);
  }
  assert.ok(read > MUTATIONS * 0.05, `${read} of them were entries`);
});

/** Pieces of the language of FTS5, of SQL, and words that are there and that are not. */
const PIECES = [
  "zurich",
  "tokio",
  "rust",
  "nothing",
  "to",
  "AND",
  "OR",
  "NOT",
  "NEAR(",
  "*",
  '"',
  "'",
  ":",
  "{",
  "}",
  "(",
  ")",
].concat([
  "-",
  "^",
  "+",
  ";",
  "--",
  "\0",
  "\\",
  "%",
  "content",
  "marks :",
  "rowid",
  "\u{e000}1",
  "\u{1F980}",
  "東",
  "\u{301}",
  " ",
  "\n",
]);

const THERE = "zurich 東京 in two lines a b tokio 1 40 rust async".split(" ");

/** Without the marks of letters, which the index leaves out. */
function wordsOf(text: string): string[] {
  const plain = text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
}

function isThere(word: string): boolean {
  return THERE.includes(word) || (word.length >= 3 && THERE.some((other) => other.startsWith(word)));
}

test("whatever is asked is words: it never fails, and finds what has one of them", () => {
  const random = new Xorshift(SEED);
  const folder = mkdtempSync(join(tmpdir(), "nocturne-fuzz-"));
  const index = new EntryIndex(join(folder, "entries.db"));
  try {
    index.put(entry, { id: anyId(), madeAtMs: NOW, level: "low" });
    let found = 0;
    for (let i = 0; i < QUESTIONS; i++) {
      const text = Array.from({ length: 1 + random.below(8) }, () => random.pick(PIECES)).join(
        random.below(2) ? " " : "",
      );
      if (text.trim() === "" || utf8Encode(text).length > AGENT_LIMITS.queryBytes) continue;
      const answers = index.query({ text, limit: 5, nowMs: NOW, weightOf: () => 1_000 });
      found += answers.length;
      if (answers.length > 0) assert.ok(wordsOf(text).some(isThere), `${JSON.stringify(text)} SEED=${SEED}`);
    }
    assert.ok(found > QUESTIONS * 0.1, `${found} found something`);
  } finally {
    index.close();
    rmSync(folder, { recursive: true });
  }
});
