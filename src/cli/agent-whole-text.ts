/**
 * The whole, and cases against operators, for a terminal.
 *
 *   sha256, equal wherever it is counted from equal logs
 *   tables: domains, gaps, conflicts, activity             domains are of others: they stand last, behind |
 *   newest synthesis                                       an entry of others
 */
import type { AwarenessView, CaseView, EvidenceView } from "../api/agent-contract.ts";
import { entryText } from "./agent-entry-text.ts";
import { markedCell, markedLines, momentText } from "./agent-marks.ts";
import { formatTable } from "./output.ts";

const SHORT = 12;

export function awarenessText(whole: AwarenessView): string {
  const { sha256, atMs, gaps, synthesis } = whole;
  return [
    `sha256 ${sha256}\nas of ${momentText(atMs)}`,
    section("What is known", domainTable(whole)),
    section("What is missing", gaps.map(({ reason, domain }) => `  ${reason}  ${markedCell(domain)}`).join("\n")),
    section("Where they disagree", whole.conflicts.map(conflictText).join("\n")),
    section("Who was busy in the last days", activityTable(whole)),
    section("The newest that somebody made of it", synthesis ? entryText(synthesis) : ""),
  ].join("\n\n");
}

export function caseText(one: CaseView): string {
  const { id, accused, action, detector, words, madeAtMs, by, evidence, evidenceState, level, state } = one;
  const shown = evidence.length === 0 ? "without evidence" : `the evidence ${EVIDENCE[evidenceState]}`;
  return [
    id,
    `  ${state}: ${action} ${accused}`,
    `  ${detector}, said by ${by.slice(0, SHORT)}, ${momentText(madeAtMs)}; ${shown}; votes: ${level}`,
    ...evidenceLines(evidence),
    ...markedLines(words),
  ].join("\n");
}

const EVIDENCE: Readonly<Record<CaseView["evidenceState"], string>> = {
  holds: "holds",
  fails: "does not show what is said",
  missing: "is not all here yet",
};

function section(title: string, text: string): string {
  return `${title}:\n${text === "" ? "  nothing" : text}`;
}

function domainTable({ domains }: AwarenessView): string {
  if (domains.length === 0) return "";
  const rows = domains.map(({ domain, entries, high, operators, newestMs }) => [
    `${entries}`,
    `${high}`,
    `${operators}`,
    momentText(newestMs),
    markedCell(domain),
  ]);
  return formatTable(["entries", "high", "operators", "newest", "domain"], rows);
}

function conflictText({ domain, entries, reason }: AwarenessView["conflicts"][number]): string {
  return [`  ${reason}  ${markedCell(domain)}`, ...entries.map((entry) => `    entry ${entry}`)].join("\n");
}

function activityTable({ activity }: AwarenessView): string {
  if (activity.length === 0) return "";
  const rows = activity.map(({ operator, entries, votes }) => [operator, `${entries}`, `${votes}`]);
  return formatTable(["operator", "entries", "votes"], rows);
}

/** One line for each log; a case names up to 64 statements. */
function evidenceLines(evidence: readonly EvidenceView[]): string[] {
  const byDevice = Map.groupBy(evidence, ({ device }) => device);
  return [...byDevice].map(([device, told]) => {
    return `  statements of ${device}: ${told.map(({ sequence }) => sequence).join(", ")}`;
  });
}
