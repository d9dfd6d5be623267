/** Tasks and jobs for a terminal. Notes, domains and outputs are of others, and marked. */
import type { JobView, TaskView } from "../api/agent-contract.ts";
import { markedLines, momentText } from "./agent-marks.ts";
import { plainLine } from "./plain-text.ts";

const SHORT = 12;

export function taskText({ id, type, domain, reason, entries, state, lease, result, checks }: TaskView): string {
  const about = domain === null ? [] : markedLines(`in ${plainLine(domain)}`);
  const taken = lease ? [`  taken by ${nameOf(lease)} until ${momentText(lease.untilMs)}`] : [];
  return [
    id,
    `  ${state}: ${type}. ${plainLine(reason)}`,
    ...about,
    ...entries.map((entry) => `  entry ${entry}`),
    ...taken,
    ...(result ? resultLines(result) : []),
    ...checks.flatMap((one) => [`  found ${one.isRight ? "right" : "wrong"} by ${nameOf(one)}`, ...noteLines(one)]),
  ].join("\n");
}

export function jobText({
  id,
  operator,
  madeAtMs,
  replicas,
  agree,
  fuelLimit,
  state,
  output,
  results,
}: JobView): string {
  return [
    id,
    `  ${state}: ${agree} of ${replicas} must agree, with ${fuelLimit} steps each`,
    `  posted by ${nameOf({ operator })}, ${momentText(madeAtMs)}`,
    ...results.map((one) => `  run by ${nameOf(one)}: ${one.isFailure ? "it fails" : one.sha256}, ${one.fuel} steps`),
    ...(output === null ? [] : markedLines(output)),
  ].join("\n");
}

function resultLines(result: NonNullable<TaskView["result"]>): string[] {
  const by = result.entry === null ? "" : ` with entry ${result.entry}`;
  return [`  done by ${nameOf(result)}${by}`, ...noteLines(result)];
}

function noteLines({ note }: { readonly note: string }): string[] {
  return note === "" ? [] : markedLines(note);
}

function nameOf({ operator }: { readonly operator: string }): string {
  return operator.slice(0, SHORT);
}
