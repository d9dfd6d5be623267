/** Sizes as people type them: `10GB`, `512 MiB`, `1.5tb`. */
import { InvalidArgumentError } from "commander";

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 1_024,
  mib: 1_048_576,
  gib: 1_073_741_824,
  tib: 1_099_511_627_776,
};

const SIZE = /^(\d{1,12}(?:\.\d{1,3})?)\s*([a-z]*)$/i;

/** Whole bytes above 0, for options. Throws commander's InvalidArgumentError. */
export function parseBytes(text: string): number {
  const [, number = "", unit = ""] = SIZE.exec(text.trim()) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  const bytes = Math.floor(Number(number) * (factor ?? 0));
  if (factor !== undefined && number !== "" && Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new InvalidArgumentError("Use a size such as 10GB, 500MB or 2TiB.");
}
