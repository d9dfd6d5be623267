/** An entry for a terminal. Each line of its operator's words is marked, so that none can be taken for ours. */
import type { EntryView } from "../api/agent-contract.ts";
import { markedLines } from "./agent-marks.ts";
import { plainLine } from "./plain-text.ts";

const SHORT = 12;
const DAY_CHARACTERS = "2026-11-27".length;

/** The day of a time, UTC. */
export function dayText(ms: number): string {
  return new Date(ms).toISOString().slice(0, DAY_CHARACTERS);
}

export function entryText(entry: EntryView): string {
  const { id, operator, type, level, confidence, madeAtMs, supersededBy } = entry;
  const instead = supersededBy === null ? [] : [`  superseded by ${supersededBy}`];
  const by = `${operator.slice(0, SHORT)}, ${dayText(madeAtMs)}, who is ${Math.round(confidence * 100)} % sure`;
  return [id, `  ${level}: ${type} by ${by}`, ...instead, ...wordsOfOthers(entry)].join("\n");
}

function wordsOfOthers({ domain, content, tags, sources }: EntryView): string[] {
  const about = [
    `in ${domain}${tags.length === 0 ? "" : `, ${tags.join(", ")}`}`,
    ...sources.map((one) => `source: ${one}`),
  ];
  return [content, ...about.map(plainLine)].flatMap((text) => markedLines(text));
}
