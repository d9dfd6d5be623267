/**
 * A question in words as an expression of SQLite's full text search (FTS5), of nothing but words.
 *
 *   "Deadlock NEAR(tokio"  ->  ("deadlock") AND ("near") AND ("tokio" OR "tokioconsole")
 *
 * FTS5 has a language of its own. Nothing of it comes in from outside: words are runs of letters and digits, everything between them is
 * dropped, and each is quoted, so that AND, NEAR or a column's name is a word like any other.
 */
import { utf8Encode } from "../../core/bytes.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { UsageError } from "../../core/errors.ts";

const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu;

/** What marks an entry as one of a domain in the full text, in a column of its own: a private character, which no word of a question has. */
export function domainMark(domain: number): string {
  return `\u{e000}${domain}`;
}

/** The first `queryWords` words, each once. Throws UsageError `query_too_long`. */
export function searchWords(text: string): string[] {
  if (utf8Encode(text).length > AGENT_LIMITS.queryBytes) {
    throw new UsageError("query_too_long", `A query has ${AGENT_LIMITS.queryBytes} bytes at most.`);
  }
  const words = text.normalize("NFC").toLowerCase().match(WORD) ?? [];
  return [...new Set(words)].slice(0, AGENT_LIMITS.queryWords);
}

/** As FTS5 keeps the beginning of this word, without its diacritics; null for one too short to be a beginning. */
export function beginningOf(word: string): string | null {
  const plain = word.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  return [...plain].length >= AGENT_LIMITS.queryEndingLeast ? plain : null;
}

/** What matches `words`, all or any of them; of each the alternatives, at least one. `domain`: see `domainMark`. */
export function matchOf(
  words: readonly (readonly string[])[],
  joined: "AND" | "OR",
  domain: number | null = null,
): string {
  const said = words.map((alternatives) => `(${alternatives.map(quoted).join(" OR ")})`).join(` ${joined} `);
  return domain === null ? said : `marks : ${quoted(domainMark(domain))} AND (${said})`;
}

function quoted(word: string): string {
  return `"${word.replaceAll('"', '""')}"`;
}
