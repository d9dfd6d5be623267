/** The index of what agents found: how fast it is filled and asked, at 20,000 entries and at 200,000. */

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EntryId, OperatorId } from "../src/agents/agent-ids.ts";
import type { KnowledgeEntry } from "../src/agents/knowledge/entry.ts";
import { EntryIndex } from "../src/agents/knowledge/entry-index.ts";
import type { EntryLevel } from "../src/agents/knowledge/entry-level.ts";
import { toHex, utf8Encode } from "../src/core/bytes.ts";
import { sha256 } from "../src/crypto/key-derivation.ts";
import { Xorshift } from "../test/support/xorshift.ts";
import { networkRows, sayRows } from "./agents-network.ts";
import { type Bench, type BenchOptions, percentile, type Row, row } from "./report.ts";

const QUERY_GOAL_MS = 5;
const WORDS = 20_000;
const WORDS_PER_ENTRY = 60;
const OPERATORS = 40;
const DOMAINS = 200;
const AT_ONCE = 500;
const NOW = Date.UTC(2026, 10, 27);
const YEAR_MS = 365 * 86_400_000;
const SYLLABLES = ["ba", "con", "de", "for", "in", "lo", "mi", "no", "pre", "re", "sta", "ti", "un", "ver"];

/** Words of three or four syllables, the n-th a n-th part as frequent as the first, as in a language. */
class Language {
  readonly #random: Xorshift;
  readonly #sums: number[] = [];

  constructor(random: Xorshift) {
    this.#random = random;
    for (let n = 1, sum = 0; n <= WORDS; n++) this.#sums.push((sum += 1 / n));
  }

  word(n: number): string {
    let [left, text] = [n + SYLLABLES.length ** 2, ""];
    for (; left > 0; left = Math.floor(left / SYLLABLES.length)) text += SYLLABLES[left % SYLLABLES.length];
    return text;
  }

  anyWord(): string {
    const wanted = (this.#random.below(2 ** 30) / 2 ** 30) * (this.#sums.at(-1) as number);
    let [low, high] = [0, WORDS - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sums[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return this.word(low);
  }

  text(words: number): string {
    return Array.from({ length: words }, () => this.anyWord()).join(" ");
  }
}

const idOf = (name: string): string => toHex(sha256(utf8Encode(name)));
const operators = Array.from({ length: OPERATORS }, (_, i) => idOf(`operator ${i}`) as OperatorId);
const weights = new Map(operators.map((operator, i) => [operator, 1_000 + 75 * i]));

function entryOf(language: Language, random: Xorshift): KnowledgeEntry {
  return {
    operator: random.pick(operators),
    type: random.below(10) === 0 ? "synthesis" : "observation",
    confidence: random.below(101),
    ttlS: 0,
    domain: `domain/${Math.min(random.below(DOMAINS), random.below(DOMAINS))}`,
    content: `everywhere ${language.text(WORDS_PER_ENTRY)}`,
    tags: [`tag-${random.below(50)}`],
    sources: [],
    supersedes: [],
  };
}

function levelOf(random: Xorshift): EntryLevel {
  const of100 = random.below(100);
  if (of100 < 2) return "rejected";
  return of100 < 85 ? "low" : of100 < 95 ? "medium" : "high";
}

/** Entries a second. */
function fill(index: EntryIndex, count: number, language: Language, random: Xorshift): number {
  let spentMs = 0;
  for (let at = 0; at < count; at += AT_ONCE) {
    const news = Array.from({ length: AT_ONCE }, (_, i) => {
      const about = { id: idOf(`entry ${at + i}`) as EntryId, madeAtMs: NOW - random.below(YEAR_MS) };
      return [entryOf(language, random), { ...about, level: levelOf(random) }] as const;
    });
    const startedMs = performance.now();
    index.batch(() => news.forEach(([entry, about]) => index.put(entry, about)));
    spentMs += performance.now() - startedMs;
  }
  return (count / spentMs) * 1_000;
}

type Question = { readonly domain?: string; readonly text?: string; readonly minConfidence?: number };

/** One kind of question each; together what is asked. */
function questionsOf(language: Language, random: Xorshift): Readonly<Record<string, () => Question>> {
  const rare = (): string => language.word(1_000 + random.below(WORDS - 1_000));
  const domain = (): string => `domain/${random.below(DOMAINS)}`;
  return {
    "a rare word": () => ({ text: rare() }),
    "three words": () => ({ text: `${language.text(2)} ${rare()}` }),
    "a sentence of twelve": () => ({ text: language.text(12) }),
    "a word that is everywhere": () => ({ text: "everywhere" }),
    "the beginning of a word": () => ({ text: language.anyWord().slice(0, 4) }),
    "a domain": () => ({ domain: domain() }),
    "a domain and two words": () => ({ domain: domain(), text: `everywhere ${language.anyWord()}` }),
    "the best of all": () => ({}),
    "what is said for sure": () => ({ text: "everywhere", minConfidence: 95 }),
  };
}

function askMs(index: EntryIndex, question: Question): number {
  const startedMs = performance.now();
  index.query({ ...question, limit: 20, nowMs: NOW, weightOf: (operator) => weights.get(operator) ?? 0 });
  return performance.now() - startedMs;
}

function rowsAt(count: number, rounds: number): Row[] {
  const folder = mkdtempSync(join(tmpdir(), "nocturne-bench-"));
  const path = join(folder, "entries.db");
  const random = new Xorshift(7);
  const language = new Language(random);
  const index = new EntryIndex(path);
  try {
    const perS = fill(index, count, language, random);
    const informs = { peer: null, theirs: null } as const;
    const rows = [row({ ...informs, metric: `indexed, ${count} entries`, unit: "entries/s", ours: perS })];
    const all: number[] = [];
    for (const [kind, questionOf] of Object.entries(questionsOf(language, random))) {
      askMs(index, questionOf());
      const times = Array.from({ length: rounds }, () => askMs(index, questionOf()));
      all.push(...times);
      const metric = `query p95, ${count}: ${kind}`;
      rows.push(row({ ...informs, metric, unit: "ms", ours: percentile(times, 0.95), better: "lower" }));
    }
    const goal = { peer: null, theirs: QUERY_GOAL_MS, unit: "ms", better: "lower" } as const;
    rows.push(row({ ...goal, metric: `query p50, ${count}: all kinds`, ours: percentile(all, 0.5) }));
    const reached = count <= 20_000 ? { goal: 1 } : {};
    rows.push(row({ ...goal, ...reached, metric: `query p95, ${count}: all kinds`, ours: percentile(all, 0.95) }));
    rows.push(row({ ...informs, metric: `disk, ${count}`, unit: "bytes/entry", ours: statSync(path).size / count }));
    return rows;
  } finally {
    index.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const agentsBench: Bench = {
  name: "agents",
  about: "what agents found: filling the index and asking it, saying something, and until all know it",
  run: async ({ quick }: BenchOptions) => {
    const queries = quick ? rowsAt(5_000, 20) : [...rowsAt(20_000, 100), ...rowsAt(200_000, 100)];
    return [...queries, ...(await sayRows(quick)), ...(await networkRows(quick))];
  },
};
