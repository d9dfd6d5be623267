/**
 * `node scripts/run-files.ts OUTCOMES AT_ONCE FILE...`: runs test files, each in a process of its own, and begins them in
 * the order given, which `node --test` sorts. Prints what a person reads and writes one JSON line for each test.
 */
import { createWriteStream } from "node:fs";
import process from "node:process";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import reportOutcomes from "./test-outcomes.ts";

const [outcomesPath = "", atOnce = "", ...files] = process.argv.slice(2);
// Not forceExit: a file's process then ends before all of its results have gone through the pipe, and they are missing
// without a word (nodejs/node#64833). What a broken test leaves running ends with the group's limit instead.
const events = run({ files, concurrency: Number(atOnce), execArgv: ["--disable-warning=ExperimentalWarning"] });
events.on("test:fail", ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode = 1;
});
events.compose(spec).pipe(process.stdout);
events.compose(reportOutcomes).pipe(createWriteStream(outcomesPath));
