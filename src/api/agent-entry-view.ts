/** An entry as the local API says it. */
import { endOf } from "../agents/knowledge/entry.ts";
import type { IndexedEntry } from "../agents/knowledge/entry-index.ts";
import type { EntryView } from "./agent-contract.ts";

const WHOLE = 100;

/** `score`: of a query; null outside of one. */
export function entryView({ id, entry, level, madeAtMs, supersededBy }: IndexedEntry, score: number | null): EntryView {
  const { operator, type, domain, content, tags, sources, supersedes, confidence } = entry;
  return {
    id,
    operator,
    type,
    domain,
    content,
    tags,
    sources: sources.map((source) => ("entry" in source ? source.entry : source.words)),
    supersedes,
    supersededBy,
    confidence: confidence / WHOLE,
    level,
    madeAtMs,
    endsAtMs: endOf(entry, madeAtMs),
    score,
  };
}
