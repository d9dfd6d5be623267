/** Everything that can be checked without running the program. Prints the output of what failed, exits 1 then. */
import process from "node:process";
import { type Finished, formatDuration, run } from "./processes.ts";
import { installInterop } from "./setup.ts";

/** Two run at a time: the type checkers use more than one core themselves. */
const AT_ONCE = 2;

/** Each runs on another platform: Node, the app's browser page, the download page, its worker. */
const TYPED = [".", "web", "web/download", "web/download/worker"];

const CHECKS: readonly { readonly name: string; readonly program: string; readonly args: readonly string[] }[] = [
  ...TYPED.map((folder) => ({ name: `types of ${folder}`, program: "tsc", args: ["--noEmit", "-p", folder] })),
  { name: "lint", program: "oxlint", args: ["--type-aware", "--deny-warnings"] },
  { name: "format", program: "biome", args: ["format"] },
  { name: "unused code and packages", program: "knip", args: ["--no-progress"] },
  { name: "generated docs", program: "node", args: ["scripts/limits.ts", "--check"] },
  { name: "kernels", program: "node", args: ["scripts/kernels.mjs", "--check"] },
];

/** Runs all checks; true when every one passed. */
export async function verify(): Promise<boolean> {
  let good = await installInterop();
  const waiting = [...CHECKS];
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const result = await run(check.program, check.args);
      report(check.name, result);
      good &&= result.ok;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return good;
}

function report(name: string, result: Finished): void {
  console.log(`${result.ok ? "ok    " : "FAILED"} ${name} (${formatDuration(result.elapsedMs)})`);
  if (!result.ok) console.log(result.output);
}

if (import.meta.main && !(await verify())) process.exitCode = 1;
