/**
 * `npm run privacy [-- NAME...] [--quick] [--json]`: attacks on what a relay sees. Each experiment runs its attack on
 * the product and on a control in which the protection is off; prints what the attacker achieved, and writes
 * bench/results/privacy-NAME.json. Exit 1 if a protection did not hold, or an attack on a control failed.
 */

import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type Bench, type Row, writeResult } from "../report.ts";
import { cellsExperiment } from "./cells.ts";
import { coverExperiment } from "./cover.ts";
import { disclosureExperiment } from "./disclosure.ts";
import { pirExperiment } from "./pir.ts";
import { unlinkabilityExperiment } from "./unlinkability.ts";
import { unlinkabilityDayExperiment } from "./unlinkability-day.ts";

const EXPERIMENTS: readonly Bench[] = [
  coverExperiment,
  cellsExperiment,
  disclosureExperiment,
  unlinkabilityExperiment,
  pirExperiment,
  unlinkabilityDayExperiment,
];
/** Runs only when it is named. */
const LONG: Bench = unlinkabilityDayExperiment;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
});
const unknown = positionals.filter((name) => !EXPERIMENTS.some((experiment) => experiment.name === name));
if (unknown.length > 0) {
  const known = EXPERIMENTS.map(({ name, about }) => `  ${name.padEnd(18)} ${about}`).join("\n");
  console.error(`There is no experiment "${unknown.join('", "')}". There are:\n${known}`);
  process.exit(2);
}
for (const experiment of EXPERIMENTS) {
  if (positionals.length > 0 ? !positionals.includes(experiment.name) : experiment === LONG) continue;
  if (!values.json) console.error(`privacy ${experiment.name}: ${experiment.about} ...`);
  const rows = await experiment.run({ quick: values.quick });
  const name = `privacy-${experiment.name}`;
  const result = writeResult(join(import.meta.dirname, "..", "results"), name, rows);
  if (values.json) console.log(JSON.stringify(result));
  else for (const found of rows) console.log(describe(found));
  if (rows.some(isFailure)) process.exitCode = 1;
}

function isFailure({ ratio, goal }: Row): boolean {
  return goal !== null && (ratio ?? 0) < goal;
}

/** `ok`, what was found, and on a second line the figure beside what it has to stay below or exceed. */
function describe(found: Row): string {
  const { metric, unit, ours, theirs, goal, better } = found;
  const verdict = goal === null ? "" : isFailure(found) ? "FAILED" : "ok";
  const figure = (value: number) => `${value} ${unit}`.trimEnd();
  const bound = theirs === null ? "" : `, has to be ${better === "lower" ? "below" : "above"} ${figure(theirs)}`;
  return `${verdict.padEnd(8)}${metric}\n        ${figure(ours)}${bound}`;
}
