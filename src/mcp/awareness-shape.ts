/** The digest of what the network knows, as tools give it. */
import * as z from "zod";
import type { AwarenessView } from "../api/agent-contract.ts";
import { MCP_LIMITS } from "../core/agent-limits.ts";
import { timeText } from "./agent-answers.ts";
import { type EntryShape, entryShape, sayEntry, shapeEntry } from "./entry-shape.ts";
import { type FencedText, plainLine } from "./fence.ts";
import { hexText } from "./marks.ts";

export interface AwarenessShape {
  readonly provenance: {
    /** Names the digest; equal wherever it is counted from equal logs. */
    readonly snapshot: string;
    readonly at: string;
    /** Of all; the lists hold the first ones. */
    readonly domains: number;
    readonly gaps: number;
    readonly conflicts: number;
    readonly activity: readonly { readonly operator: string; readonly entries: number; readonly votes: number }[];
  };
  readonly untrusted: {
    readonly domains: readonly {
      readonly domain: string;
      readonly entries: number;
      readonly high: number;
      readonly operators: number;
      readonly newest_at: string;
    }[];
    readonly gaps: readonly { readonly domain: string; readonly reason: string }[];
    readonly conflicts: readonly {
      readonly domain: string;
      readonly reason: string;
      readonly entries: readonly string[];
    }[];
  };
  readonly synthesis: EntryShape | null;
}

export const awarenessShape: z.ZodType<AwarenessShape> = z.object({
  provenance: z.object({
    snapshot: hexText,
    at: z.string(),
    domains: z.int(),
    gaps: z.int(),
    conflicts: z.int(),
    activity: z.array(z.object({ operator: hexText, entries: z.int(), votes: z.int() })),
  }),
  untrusted: z.object({
    domains: z.array(
      z.object({
        domain: z.string(),
        entries: z.int(),
        high: z.int(),
        operators: z.int(),
        newest_at: z.string(),
      }),
    ),
    gaps: z.array(z.object({ domain: z.string(), reason: z.string() })),
    conflicts: z.array(z.object({ domain: z.string(), reason: z.string(), entries: z.array(hexText) })),
  }),
  synthesis: entryShape.nullable(),
});

export function shapeAwareness(view: AwarenessView): AwarenessShape {
  const named = <T extends { readonly domain: string; readonly reason: string }>(one: T): T => ({
    ...one,
    domain: plainLine(one.domain),
    reason: plainLine(one.reason),
  });
  const { domains, gaps, conflicts, activity } = view;
  const first = <T>(all: readonly T[]): readonly T[] => all.slice(0, MCP_LIMITS.digestItems);
  return {
    provenance: {
      snapshot: view.sha256,
      at: timeText(view.atMs),
      domains: domains.length,
      gaps: gaps.length,
      conflicts: conflicts.length,
      activity: first(activity),
    },
    untrusted: {
      domains: first(domains).map(({ domain, newestMs, ...counts }) => ({
        domain: plainLine(domain),
        ...counts,
        newest_at: timeText(newestMs),
      })),
      gaps: first(gaps).map(named),
      conflicts: first(conflicts).map(named),
    },
    synthesis: view.synthesis && shapeEntry(view.synthesis),
  };
}

export function sayAwareness(text: FencedText, { provenance, untrusted, synthesis }: AwarenessShape): void {
  const { domains, gaps, conflicts } = untrusted;
  text.say(`Digest ${provenance.snapshot} of ${provenance.at}.`);
  text.say(`${provenance.domains} domains, ${provenance.gaps} gaps, ${provenance.conflicts} conflicts.`);
  text.quote({
    domain: domains.map(
      ({ domain, entries, high, operators, newest_at }) =>
        `${domain} (${entries} entries, ${high} high, ${operators} operators, newest ${newest_at})`,
    ),
    gap: gaps.map(({ domain, reason }) => `${domain}: ${reason}`),
    conflict: conflicts.map(({ domain, reason, entries }) => `${domain}: ${reason} (${entries.join(", ")})`),
  });
  for (const { operator, entries, votes } of provenance.activity) {
    text.say(`operator ${operator}: ${entries} entries, ${votes} votes`);
  }
  if (!synthesis) return void text.say("Nobody has summed it up yet.");
  text.say("The newest synthesis:");
  sayEntry(text, synthesis);
}
