/**
 * What somebody says about the whole: an entry like any other, which names the digest that it is about and cites entries.
 *
 *   type synthesis, domain "awareness", sources: words "digest:<DigestId>" | EntryId ... , at least one
 *
 * That a digest is named and entries are cited makes it checkable, not true. Specified in NEP-32.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { UsageError } from "../../core/errors.ts";
import type { EntryId } from "../agent-ids.ts";
import type { KnowledgeEntry } from "../knowledge/entry.ts";
import type { DigestId } from "./digest.ts";

export const AWARENESS_DOMAIN = "awareness";

export interface Synthesis {
  readonly content: string;
  readonly digest: DigestId;
  /** At least one. */
  readonly cites: readonly EntryId[];
}

const NAMES_DIGEST = /^digest:([0-9a-f]{64})$/;
const ID = /^[0-9a-f]{64}$/;
/** What one says of it himself, %: nothing, either way. */
const CONFIDENCE = 50;
/** One source is the digest. */
const CITES_MOST: number = AGENT_LIMITS.sources - 1;

/** All of the entry but whose it is. Throws UsageError `synthesis_cites` for no, too many or wrong ids, `synthesis_digest` for none. */
export function writeSynthesis({ content, digest, cites }: Synthesis): Omit<KnowledgeEntry, "operator"> {
  if (!ID.test(digest)) throw new UsageError("synthesis_digest", "A digest is named by 64 hex digits.");
  const isCited = cites.length > 0 && cites.length <= CITES_MOST && cites.every((id) => ID.test(id));
  if (!isCited || new Set(cites).size !== cites.length) {
    throw new UsageError("synthesis_cites", `A synthesis cites 1 to ${CITES_MOST} entries, each once.`, {
      hint: "Name the entries that what you say follows from.",
    });
  }
  const sources = [{ words: `digest:${digest}` }, ...cites.map((entry) => ({ entry }))];
  const empty = { ttlS: 0, tags: [], supersedes: [] };
  return { type: "synthesis", confidence: CONFIDENCE, domain: AWARENESS_DOMAIN, content, sources, ...empty };
}

/** Null for an entry that is no synthesis of the whole: another type or domain, no digest first, nothing cited, or words between. */
export function readSynthesis({ type, domain, content, sources }: KnowledgeEntry): Synthesis | null {
  const [first, ...rest] = sources;
  const digest = first && "words" in first ? NAMES_DIGEST.exec(first.words)?.[1] : undefined;
  const cites = rest.flatMap((source) => ("entry" in source ? [source.entry] : []));
  if (type !== "synthesis" || domain !== AWARENESS_DOMAIN || digest === undefined) return null;
  return cites.length > 0 && cites.length === rest.length ? { content, digest: digest as DigestId, cites } : null;
}
