/**
 * `npm run bench [-- NAME...] [--quick] [--json]`: measures here and now, prints a table of ratios, and
 * writes bench/results/NAME.json.
 */

import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { agentsBench } from "./agents.ts";
import { conversationsBench } from "./conversations.ts";
import { envelopeBench } from "./envelope.ts";
import { filesBench } from "./files.ts";
import { headersBench } from "./headers.ts";
import { hiddenBench } from "./hidden.ts";
import { meshBench } from "./mesh.ts";
import { messagesBench } from "./messages.ts";
import { pirBench } from "./pir.ts";
import { routesBench } from "./routes.ts";
import { type Bench, printTable, writeResult } from "./report.ts";
import { startBench } from "./start.ts";

const BENCHES: readonly Bench[] = [
  agentsBench,
  filesBench,
  envelopeBench,
  meshBench,
  messagesBench,
  conversationsBench,
  headersBench,
  hiddenBench,
  pirBench,
  routesBench,
  startBench,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
});
const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name));
if (unknown.length > 0) {
  const known = BENCHES.map((bench) => `  ${bench.name.padEnd(13)} ${bench.about}`).join("\n");
  console.error(`There is no bench "${unknown.join('", "')}". There are:\n${known}`);
  process.exit(2);
}
const chosen = BENCHES.filter((bench) => positionals.length === 0 || positionals.includes(bench.name));
const folder = join(import.meta.dirname, "results");
for (const bench of chosen) {
  if (!values.json) console.error(`bench ${bench.name}: ${bench.about} ...`);
  const rows = await bench.run({ quick: values.quick });
  const result = writeResult(folder, bench.name, rows);
  if (values.json) console.log(JSON.stringify(result));
  else printTable(bench.name, rows);
}
