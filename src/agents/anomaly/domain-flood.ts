/** More entries of one operator in one domain within an hour than anybody can read: what was said there before goes under. */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { type Deed, groupedBy } from "./deed.ts";
import type { Finding } from "./ground.ts";

const HOUR_MS = 3_600_000;
const MOST = AGENT_LIMITS.floodEntries;

export function findDomainFloods(deeds: readonly Deed[]): Finding[] {
  const entries = deeds.filter(({ act }) => act.kind === "entry");
  const inDomain = ({ operator, act }: Deed): string => operator + (act.kind === "entry" ? act.domain : "");
  return groupedBy(entries, inDomain).flatMap((all) => newestFlood(eachOnce(all)));
}

/** An entry that two devices say is one entry. */
function eachOnce(entries: readonly Deed[]): Deed[] {
  return groupedBy(entries, ({ act }) => (act.kind === "entry" ? act.entry : "")).flatMap(([first]) => first ?? []);
}

function newestFlood(entries: readonly Deed[]): Finding[] {
  const isFlood = (last: Deed, i: number): boolean => {
    const first = entries[i - MOST];
    return first !== undefined && last.madeAtMs - first.madeAtMs < HOUR_MS;
  };
  const at = entries.findLastIndex(isFlood);
  const evidence = entries.slice(at - MOST, at + 1);
  return at === -1 ? [] : [{ accused: (evidence[0] as Deed).operator, evidence }];
}
