import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { beginningOf, domainMark, matchOf, searchWords } from "./search-words.ts";

test("a question is its words, in small letters, each once", () => {
  assert.deepEqual(searchWords("Deadlock, deadlock in tokio-1.40?"), ["deadlock", "in", "tokio", "1", "40"]);
  assert.deepEqual(searchWords("Zu\u0308rich 東京 ***"), ["zürich", "東京"]);
  assert.deepEqual(searchWords(' "" * - ^ : ( ) {} '), []);
});

test("nothing of the language of FTS5 comes in", () => {
  const said = 'content:a* NEAR("b" c, 2) OR NOT -d ^e {tags} : f + "g';
  const words = searchWords(said);
  assert.deepEqual(words, ["content", "a", "near", "b", "c", "2", "or", "not", "d", "e", "tags", "f", "g"]);
  const match = matchOf(
    words.map((word) => [word]),
    "AND",
  );
  assert.match(match, /^(\("[a-z0-9]+"\)( AND )?)+$/);
  assert.equal(matchOf([['a"b']], "OR"), '("a""b")');
});

test("no word of a question is the mark of a domain", () => {
  assert.deepEqual(searchWords(domainMark(7)), ["7"]);
  assert.equal(matchOf([["a", "ab"], ["b"]], "OR", 7), `marks : "\u{e000}7" AND (("a" OR "ab") OR ("b"))`);
});

test("bounds: words and bytes", () => {
  const many = Array.from({ length: 40 }, (_, i) => `w${i}`);
  assert.deepEqual(searchWords(many.join(" ")), many.slice(0, AGENT_LIMITS.queryWords));
  assert.throws(() => searchWords("ü".repeat(AGENT_LIMITS.queryBytes / 2 + 1)), { code: "query_too_long" });
});

test("beginnings have three letters, without their marks", () => {
  assert.equal(beginningOf("Zür"), "zur");
  assert.equal(beginningOf("zu"), null);
});
