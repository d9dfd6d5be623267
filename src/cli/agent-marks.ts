/**
 * Words of others in what a command prints, and ids that people type.
 *
 *   "Fine.\n  done by you"  ->  "  | Fine."            no line of others can be taken for ours
 *                               "  |   done by you"
 */
import { InvalidArgumentError } from "commander";
import { plainLine, plainText } from "./plain-text.ts";

const LINE_BREAKS = /[\n\u2028\u2029]/;

/** One line or several, each with the mark before it. */
export function markedLines(text: string, mark: "|" | ">" = "|"): string[] {
  return plainText(text)
    .split(LINE_BREAKS)
    .map((line) => `  ${mark} ${line}`);
}

/** In the last column of a table, where nothing of ours follows. */
export function markedCell(text: string): string {
  return `| ${plainLine(text)}`;
}

/** A moment, UTC, to the second. */
export function momentText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, "2026-11-27T18:14:11".length)}Z`;
}

/** Of an operator, an entry, a task, a job or a case. */
export function parseId(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError("Use 64 hex digits, as they were shown.");
}

export function parseIds(text: string): readonly string[] {
  return text.split(",").map(parseId);
}
