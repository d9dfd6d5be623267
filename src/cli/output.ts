/** What a command prints: data to stdout, as JSON or for people; talk and errors to stderr. */

import process from "node:process";
import { styleText } from "node:util";
import type { NocturneError } from "../core/errors.ts";
import { plainJson, plainText } from "./plain-text.ts";

export class Output {
  readonly json: boolean;
  readonly quiet: boolean;

  constructor(json: boolean, quiet: boolean) {
    this.json = json;
    this.quiet = quiet;
  }

  /** The command's result: the value with --json, else its text for people. */
  result(value: unknown, text: string): void {
    process.stdout.write(`${this.json ? plainJson(value) : text}\n`);
  }

  /** A table for people, or the rows as one JSON array. */
  table(value: readonly unknown[], head: readonly string[], rows: readonly (readonly string[])[], empty: string): void {
    if (this.json) this.result(value, "");
    else if (rows.length === 0) this.say(empty);
    else process.stdout.write(`${formatTable(head, rows)}\n`);
  }

  /** Talk: not part of the result. */
  say(text: string): void {
    if (!this.quiet) process.stderr.write(`${text}\n`);
  }

  warn(text: string): void {
    process.stderr.write(`${styleText("yellow", "!", { stream: process.stderr })} ${text}\n`);
  }
}

/** One line on stderr; the stack only for -v, because it means nothing to most people. */
export function printError(error: NocturneError, json: boolean, verbose: boolean): void {
  const { code, message, hint } = error;
  const body = { error: hint === undefined ? { code, message } : { code, message, hint } };
  const text = `nocturne: ${message}${hint === undefined ? "" : ` ${hint}`}`;
  process.stderr.write(`${json ? plainJson(body) : plainText(text)}\n`);
  if (verbose && error.stack) process.stderr.write(`${error.stack}\n`);
}

/** Columns as wide as what stands in them. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  const format = (line: readonly string[]) =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  return [styleText("bold", format(head)), ...rows.map(format)].join("\n");
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A size as people read it: "1.5 MiB". */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${UNITS[power]}`;
}
