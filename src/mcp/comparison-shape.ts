/** The comparison of two digests as tools give it: all of it is words of others, names of domains and reasons. */
import * as z from "zod";
import { MCP_LIMITS } from "../core/agent-limits.ts";
import type { Comparison } from "./comparison.ts";
import { type FencedText, plainLine } from "./fence.ts";

export interface ComparisonShape {
  readonly untrusted: Readonly<Record<(typeof FIELDS)[number], readonly string[]>>;
}

const FIELDS = [
  "new_domains",
  "gone_domains",
  "moved_domains",
  "new_gaps",
  "closed_gaps",
  "new_conflicts",
  "ended_conflicts",
] as const;

export const comparisonShape: z.ZodType<ComparisonShape> = z.object({
  untrusted: z.record(z.enum(FIELDS), z.array(z.string())),
});

export function shapeComparison(comparison: Comparison): ComparisonShape {
  const gap = ({ domain, reason }: Comparison["newGaps"][number]): string => `${domain}: ${reason}`;
  const conflict = ({ domain, reason, entries }: Comparison["newConflicts"][number]): string =>
    `${domain}: ${reason} (${entries.join(", ")})`;
  const lines = (all: readonly string[]): readonly string[] => all.slice(0, MCP_LIMITS.digestItems).map(plainLine);
  return {
    untrusted: {
      new_domains: lines(comparison.newDomains),
      gone_domains: lines(comparison.goneDomains),
      moved_domains: lines(
        comparison.moved.map(
          ({ domain, entries, high }) => `${domain}: ${signed(entries)} entries, ${signed(high)} high`,
        ),
      ),
      new_gaps: lines(comparison.newGaps.map(gap)),
      closed_gaps: lines(comparison.closedGaps.map(gap)),
      new_conflicts: lines(comparison.newConflicts.map(conflict)),
      ended_conflicts: lines(comparison.endedConflicts.map(conflict)),
    },
  };
}

export function sayComparison(text: FencedText, snapshot: string, { untrusted }: ComparisonShape): void {
  const isSame = Object.values(untrusted).every((lines) => lines.length === 0);
  text.say(isSame ? `Nothing is different from digest ${snapshot}.` : `Different from digest ${snapshot}:`);
  text.quote(Object.fromEntries(Object.entries(untrusted).map(([name, lines]) => [name.replace("_", " "), lines])));
}

function signed(count: number): string {
  return count > 0 ? `+${count}` : `${count}`;
}
