#!/usr/bin/env node
/** Entry of the command `nocturne`. The compile cache makes every command after the first start faster. */
import { enableCompileCache } from "node:module";
import process from "node:process";

enableCompileCache();
// `nocturne inbox | head -1` closes our stdout early; that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
const [{ runProgram }, { EXIT }] = await Promise.all([import("./program.ts"), import("./exit-codes.ts")]);
process.exitCode = await runProgram(process.argv.slice(2));
// What was interrupted has tidied up. A read that never ends, of a pipe, would still keep the process.
if (process.exitCode === EXIT.interrupted) setTimeout(() => process.kill(process.pid, "SIGINT"), 1_000).unref();
