/** Values of options, checked while the command line is parsed: what is refused here is wrong usage, exit 2. */

import { InvalidArgumentError } from "commander";

/** A whole number above 0. */
export function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Use a whole number above 0.");
}

/** Seconds, fractions allowed. */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds > 0 && seconds <= 1e9) return seconds;
  throw new InvalidArgumentError("Use a number of seconds above 0.");
}

/** The port of a server; 0 stands for any free one. */
export function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError("Use a whole number from 0 to 65535.");
}

/** For an option that may be repeated. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** Words with commas between them. */
export function parseList(text: string): readonly string[] {
  return text.split(",").filter((part) => part !== "");
}
