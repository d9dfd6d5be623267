/** What became different between two digests. Pure. */
import type { AwarenessView } from "../api/agent-contract.ts";

export interface Comparison {
  readonly newDomains: readonly string[];
  readonly goneDomains: readonly string[];
  /** Domains in both whose counts differ, with the differences. */
  readonly moved: readonly { readonly domain: string; readonly entries: number; readonly high: number }[];
  readonly newGaps: AwarenessView["gaps"];
  readonly closedGaps: AwarenessView["gaps"];
  readonly newConflicts: AwarenessView["conflicts"];
  readonly endedConflicts: AwarenessView["conflicts"];
}

type Conflict = AwarenessView["conflicts"][number];
type Gap = AwarenessView["gaps"][number];

export function compareAwareness(before: AwarenessView, now: AwarenessView): Comparison {
  const old = new Map(before.domains.map((one) => [one.domain, one]));
  const domainOf = ({ domain }: { readonly domain: string }): string => domain;
  const gapOf = ({ domain, reason }: Gap): string => JSON.stringify([domain, reason]);
  const conflictOf = ({ entries }: Conflict): string => [...entries].sort().join();
  return {
    newDomains: without(now.domains, before.domains, domainOf).map(domainOf),
    goneDomains: without(before.domains, now.domains, domainOf).map(domainOf),
    moved: now.domains.flatMap(({ domain, entries, high }) => {
      const was = old.get(domain);
      if (!was || (was.entries === entries && was.high === high)) return [];
      return [{ domain, entries: entries - was.entries, high: high - was.high }];
    }),
    newGaps: without(now.gaps, before.gaps, gapOf),
    closedGaps: without(before.gaps, now.gaps, gapOf),
    newConflicts: without(now.conflicts, before.conflicts, conflictOf),
    endedConflicts: without(before.conflicts, now.conflicts, conflictOf),
  };
}

function without<T>(all: readonly T[], known: readonly T[], nameOf: (one: T) => string): readonly T[] {
  const names = new Set(known.map(nameOf));
  return all.filter((one) => !names.has(nameOf(one)));
}
