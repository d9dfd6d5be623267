#!/usr/bin/env node
/** Entry of the command `nocturne-mesh`. */
import { enableCompileCache } from "node:module";
import process from "node:process";

enableCompileCache();
const [{ runCommands }, { createMeshProgram }] = await Promise.all([
  import("./program.ts"),
  import("./mesh-program.ts"),
]);
process.exitCode = await runCommands(createMeshProgram, () => process.argv.slice(2));
