/**
 * Writes docs/limits.md from src/core/limits.ts, cell-limits.ts, route-limits.ts, mesh-limits.ts, agent-limits.ts and bucket-limits.ts, so that the page cannot say something else than the code.
 * `--check` writes nothing and exits 1 when the page is not current.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import * as agentLimits from "../src/core/agent-limits.ts";
import * as bucketLimits from "../src/core/bucket-limits.ts";
import * as cellLimits from "../src/core/cell-limits.ts";
import * as limits from "../src/core/limits.ts";
import * as meshLimits from "../src/core/mesh-limits.ts";
import * as routeLimits from "../src/core/route-limits.ts";

const PAGE = "docs/limits.md";
const SOURCES = [
  "src/core/limits.ts",
  "src/core/cell-limits.ts",
  "src/core/route-limits.ts",
  "src/core/mesh-limits.ts",
  "src/core/agent-limits.ts",
  "src/core/bucket-limits.ts",
];

/** Reasons stand in the comments of the source: `GROUP` -> text above it, `GROUP.field` -> text above the field. */
function readReasons(source: string): Map<string, string> {
  const reasons = new Map<string, string>();
  let group = "";
  let comment = "";
  for (const line of source.split("\n")) {
    const opening = /^export const (\w+)/.exec(line)?.[1];
    const field = /^ {2}(\w+):/.exec(line)?.[1];
    const text = /^\s*(?:\/\*\*|\*(?!\/))?\s*(.*?)\s*(?:\*\/)?$/.exec(line)?.[1] ?? "";
    if (opening !== undefined) {
      group = opening;
      reasons.set(group, comment);
    } else if (field !== undefined) {
      reasons.set(`${group}.${field}`, comment);
    }
    if (/^\s*\/\*\*/.test(line)) comment = text;
    else if (/^\s*\*(?!\/)/.test(line)) comment = `${comment} ${text}`.trim();
    else if (!/^\s*\*\//.test(line)) comment = "";
  }
  return reasons;
}

const UNITS: Readonly<Record<string, readonly (readonly [name: string, size: number])[]>> = {
  Bytes: [
    ["MiB", 2 ** 20],
    ["KiB", 2 ** 10],
  ],
  KiB: [
    ["GiB", 2 ** 20],
    ["MiB", 2 ** 10],
  ],
  Ms: [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1000],
  ],
};

/** `65,536 bytes (64 KiB)`: the unit is the end of the field's name. */
function formatValue(field: string, value: number): string {
  const unit = Object.keys(UNITS).find((suffix) => field.endsWith(suffix));
  const plain = value.toLocaleString("en-US");
  if (unit === undefined) return plain;
  const larger = UNITS[unit]?.find(([, size]) => value >= size && value % size === 0);
  const rounded = larger === undefined ? "" : ` (${(value / larger[1]).toLocaleString("en-US")} ${larger[0]})`;
  return `${plain} ${unit === "KiB" ? unit : unit.toLowerCase()}${rounded}`;
}

function renderPage(): string {
  const reasons = readReasons(SOURCES.map((path) => readFileSync(path, "utf8")).join("\n"));
  const sources = SOURCES.map((path) => `\`${path}\``).join(" and ");
  const lines = ["# Limits", "", `Generated from ${sources} by \`npm run limits\`; change it there.`, ""];
  for (const [group, fields] of Object.entries({
    ...limits,
    ...cellLimits,
    ...routeLimits,
    ...meshLimits,
    ...agentLimits,
    ...bucketLimits,
  })) {
    lines.push(`## ${group}`, "", reasons.get(group) ?? "", "", "| limit | value | reason |", "|---|---|---|");
    for (const [field, value] of Object.entries(fields)) {
      lines.push(`| \`${field}\` | ${formatValue(field, value)} | ${reasons.get(`${group}.${field}`) ?? ""} |`);
    }
    lines.push("");
  }
  return lines.join("\n");
}

const page = renderPage();
if (!process.argv.includes("--check")) {
  writeFileSync(PAGE, page);
} else if (!existsSync(PAGE) || readFileSync(PAGE, "utf8") !== page) {
  console.error(`${PAGE} is not current. Run: npm run limits`);
  process.exitCode = 1;
}
