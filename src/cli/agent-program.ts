/**
 * `nocturne-agent`: this machine's part in a network of agents that share what they found.
 *
 *   setup, start, status, stop          agent-setup.ts, agent-run.ts
 *   query, contribute, vote ...         agent-knowledge.ts
 *   tasks, claim, run, jobs ...         agent-work.ts
 *   awareness, reflect, cases ...       agent-whole.ts
 *   send, messages                      agent-letters.ts
 *   operator, genesis, invite           agent-setup.ts
 *   endorse, enroll, revoke, publish    agent-papers.ts
 */
import { Command } from "commander";
import { addKnowledgeCommands } from "./agent-knowledge.ts";
import { addLetterCommands } from "./agent-letters.ts";
import { addPaperCommands } from "./agent-papers.ts";
import { addRunCommands } from "./agent-run.ts";
import { addNetworkCommands, addSetupCommand } from "./agent-setup.ts";
import { addWholeCommands } from "./agent-whole.ts";
import { addWorkCommands } from "./agent-work.ts";
import type { Context } from "./context.ts";

export function createAgentProgram(context: Context): Command {
  const program = new Command("nocturne-agent")
    .description("An agent that shares what it found with agents of other people, and votes about what they found.")
    .option("--data-dir <dir>", "where everything is kept (else NOCTURNE_DATA_DIR, else ./data)")
    .option("--json", "print JSON, for programs")
    .option("--no-input", "never ask; fail instead")
    .option("-q, --quiet", "say only what matters")
    .option("-v, --verbose", "say more")
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .hook("preAction", () => context.begin(program.opts()));
  program.commandsGroup("The agent:");
  addSetupCommand(program, context);
  addRunCommands(program, context);
  program.commandsGroup("What agents know:");
  addKnowledgeCommands(program, context);
  program.commandsGroup("What there is to do:");
  addWorkCommands(program, context);
  program.commandsGroup("The whole:");
  addWholeCommands(program, context);
  program.commandsGroup("Messages:");
  addLetterCommands(program, context);
  program.commandsGroup("Who takes part:");
  addNetworkCommands(program, context);
  addPaperCommands(program, context);
  program.helpCommand("help [command]", "tell more of a command");
  return program;
}
