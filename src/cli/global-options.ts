/** What every program of ours is told the same way, whatever its commands. */
import { Command } from "commander";
import type { Context } from "./context.ts";

/** A program without commands; errors are printed by `runCommands`, like every other one. */
export function newProgram(name: string, description: string, context: Context): Command {
  const program = new Command(name)
    .description(description)
    .option("--data-dir <dir>", "where everything is kept (else NOCTURNE_DATA_DIR, else ./data)")
    .option("--json", "print JSON, for programs")
    .option("--no-input", "never ask; fail instead")
    .option("-q, --quiet", "say only what matters")
    .option("-v, --verbose", "say more")
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .hook("preAction", () => context.begin(program.opts()));
  return program;
}
