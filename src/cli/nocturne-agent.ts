#!/usr/bin/env node
/** Entry of the command `nocturne-agent`. */
import { enableCompileCache } from "node:module";
import process from "node:process";

enableCompileCache();
const [{ runCommands }, { createAgentProgram }] = await Promise.all([
  import("./program.ts"),
  import("./agent-program.ts"),
]);
process.exitCode = await runCommands(createAgentProgram, () => process.argv.slice(2));
