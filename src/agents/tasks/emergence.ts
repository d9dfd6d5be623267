/**
 * Which tasks there are, from what stands: nobody hands them out, and from equal logs follow equal ones.
 *
 *   synthesize    more than `unmerged` observations of a domain that no synthesis brings together
 *   verify        an entry that was made `verifyAfterMs` ago, and fewer than `verifyVotes` operators voted on it
 *   consolidate   more than `overlapping` entries under one heading that no synthesis brings together
 *   reflect       no synthesis about the whole for `reflectMs`
 *
 * Entries overlap if they have the same domain and the same tags, which is where their own authors filed them. That is
 * found by one look at each; words in common would have every pair compared, and all entries of a domain have some.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { EntryId } from "../agent-ids.ts";
import type { RecentEntry } from "./recent-entries.ts";
import type { Survey } from "./survey.ts";
import { AWARENESS_DOMAIN, periodAt, type TaskAbout } from "./task-about.ts";

export interface EmergentTask {
  readonly about: TaskAbout;
  readonly reason: string;
  readonly entries: readonly EntryId[];
}

/** At most `tasksOfAType` of each. */
export function emergentTasks(survey: Survey): EmergentTask[] {
  return [...synthesize(survey), ...verify(survey), ...consolidate(survey), ...reflect(survey)];
}

function synthesize(survey: Survey): EmergentTask[] {
  const observations = survey.entries.filter(({ type }) => type === "observation");
  const groups = Map.groupBy(observations, ({ domain }) => domain);
  return tasksOf(groups.entries(), ([domain, group]) => {
    const entries = waiting(survey, group, AGENT_LIMITS.unmerged);
    const [entry] = entries;
    if (!entry) return null;
    const reason = `More than ${AGENT_LIMITS.unmerged} observations in ${domain} that no synthesis brings together.`;
    return { about: { type: "synthesize", domain, entry }, reason, entries };
  });
}

/** The newest first: the older ones had their time, and nobody came. */
function verify(survey: Survey): EmergentTask[] {
  const { entries, nowMs, source } = survey;
  const { verifyAfterMs, verifyVotes } = AGENT_LIMITS;
  const grown = entries.filter(({ madeAtMs }) => madeAtMs <= nowMs - verifyAfterMs).reverse();
  return tasksOf(grown, ({ id, domain }) => {
    if (source.votes(id, nowMs) >= verifyVotes || !survey.stands(id)) return null;
    const reason = `Fewer than ${verifyVotes} operators voted on it in ${verifyAfterMs / 3_600_000} hours.`;
    return { about: { type: "verify", domain, entry: id }, reason, entries: [id] };
  });
}

function consolidate(survey: Survey): EmergentTask[] {
  const filed = survey.entries.filter(({ type, heading }) => type !== "synthesis" && heading !== null);
  const groups = Map.groupBy(filed, ({ heading }) => heading);
  return tasksOf(groups.values(), (group) => {
    const entries = waiting(survey, group, AGENT_LIMITS.overlapping);
    const [[first], [entry]] = [group, entries];
    if (!first || !entry) return null;
    const { domain, heading } = first;
    const reason = `More than ${AGENT_LIMITS.overlapping} entries have this domain and these tags: ${heading}.`;
    return { about: { type: "consolidate", domain, entry }, reason, entries };
  });
}

function reflect(survey: Survey): EmergentTask[] {
  const { entries, nowMs } = survey;
  const { reflectMs } = AGENT_LIMITS;
  const isReflection = ({ type, domain, id, madeAtMs }: RecentEntry): boolean =>
    type === "synthesis" && domain === AWARENESS_DOMAIN && madeAtMs > nowMs - reflectMs && survey.stands(id);
  if (entries.some(isReflection)) return [];
  const reason = `Nobody said anything about the whole for ${reflectMs / 3_600_000} hours.`;
  return [{ about: { type: "reflect", period: periodAt(nowMs) }, reason, entries: [] }];
}

/**
 * Those of the group that stand and are not merged, the oldest first and not all of many; none unless they are more than
 * `bound`.
 */
function waiting(survey: Survey, group: readonly RecentEntry[], bound: number): EntryId[] {
  if (group.length <= bound) return [];
  const entries: EntryId[] = [];
  for (const { id } of group) {
    if (!survey.isMerged(id) && survey.stands(id)) entries.push(id);
    if (entries.length === AGENT_LIMITS.taskEntries) break;
  }
  return entries.length > bound ? entries : [];
}

function tasksOf<T>(all: Iterable<T>, taskOf: (one: T) => EmergentTask | null): EmergentTask[] {
  const tasks: EmergentTask[] = [];
  for (const one of all) {
    const task = taskOf(one);
    if (task) tasks.push(task);
    if (tasks.length === AGENT_LIMITS.tasksOfAType) break;
  }
  return tasks;
}
