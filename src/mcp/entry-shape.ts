/** An entry of the mesh as tools give it. */
import * as z from "zod";
import type { EntryView } from "../api/agent-contract.ts";
import { entryTypes, timeText } from "./agent-answers.ts";
import type { FencedText } from "./fence.ts";
import { cleanWords, hexText } from "./marks.ts";

export interface EntryShape {
  readonly provenance: {
    readonly entry_id: string;
    readonly operator: string;
    readonly type: EntryView["type"];
    /** What votes made of it. */
    readonly level: EntryView["level"];
    /** What the operator says of it himself. */
    readonly confidence: number;
    readonly made_at: string;
    readonly ends_at: string | null;
    readonly superseded_by: string | null;
  };
  readonly untrusted: {
    readonly domain: string;
    readonly content: string;
    readonly tags: readonly string[];
    readonly sources: readonly string[];
  };
}

export const entryShape: z.ZodType<EntryShape> = z.object({
  provenance: z.object({
    entry_id: hexText,
    operator: hexText,
    type: z.enum(entryTypes),
    level: z.enum(["rejected", "low", "medium", "high"]),
    confidence: z.number(),
    made_at: z.string(),
    ends_at: z.string().nullable(),
    superseded_by: hexText.nullable(),
  }),
  untrusted: z.object({
    domain: z.string(),
    content: z.string(),
    tags: z.array(z.string()),
    sources: z.array(z.string()),
  }),
});

export function shapeEntry(entry: EntryView): EntryShape {
  const { domain, content, tags, sources } = entry;
  return {
    provenance: {
      entry_id: entry.id,
      operator: entry.operator,
      type: entry.type,
      level: entry.level,
      confidence: entry.confidence,
      made_at: timeText(entry.madeAtMs),
      ends_at: entry.endsAtMs === null ? null : timeText(entry.endsAtMs),
      superseded_by: entry.supersededBy,
    },
    untrusted: cleanWords({ domain, content, tags, sources }),
  };
}

/** Writes it: a line of ours, and its words in a fence. */
export function sayEntry(text: FencedText, { provenance, untrusted }: EntryShape): void {
  const { entry_id, operator, type, level, confidence, made_at, superseded_by } = provenance;
  text.say(`${type} ${entry_id} of operator ${operator}, ${made_at}: level ${level}, says ${confidence} of itself`);
  if (superseded_by !== null) text.say(`superseded by ${superseded_by}`);
  const { domain, tags, sources, content } = untrusted;
  text.quote({ domain, tag: tags, source: sources, content });
}
