#!/usr/bin/env node
/** Entry of the command `nocturne-node`. */
import { enableCompileCache } from "node:module";
import process from "node:process";

enableCompileCache();
const [{ runCommands }, { createNodeProgram }] = await Promise.all([
  import("./program.ts"),
  import("./node-program.ts"),
]);
process.exitCode = await runCommands(createNodeProgram, () => process.argv.slice(2));
