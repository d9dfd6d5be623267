/** `npm run privacy [-- NAME...]`: attacks on what we hide, each with a control; writes bench/results/privacy-NAME.json. */

import { join } from "node:path";
import process from "node:process";
import { writeReport } from "../report.ts";
import { pirExperiment } from "./pir.ts";

export interface Finding {
  readonly what: string;
  readonly value: number;
  /** The protection holds; of a control: the attack succeeds. */
  readonly holds: boolean;
}

export interface Experiment {
  readonly name: string;
  readonly about: string;
  run(): Finding[] | Promise<Finding[]>;
}

const EXPERIMENTS: readonly Experiment[] = [pirExperiment];

const names = process.argv.slice(2);
const unknown = names.filter((name) => !EXPERIMENTS.some((experiment) => experiment.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no experiment "${unknown.join('", "')}". There are: ${EXPERIMENTS.map((e) => e.name).join(", ")}`,
  );
  process.exit(2);
}
for (const { name, about, run } of EXPERIMENTS) {
  if (names.length > 0 && !names.includes(name)) continue;
  console.log(`${name}: ${about}`);
  const findings = await run();
  for (const { what, value, holds } of findings)
    console.log(`${holds ? "ok    " : "FAILED"} ${what}: ${value.toFixed(4)}`);
  writeReport(join(import.meta.dirname, "../results"), `privacy-${name}`, { findings });
  if (findings.some(({ holds }) => !holds)) process.exitCode = 1;
}
