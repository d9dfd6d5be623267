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
import type { Command } from "commander";
import { addKnowledgeCommands } from "./agent-knowledge.ts";
import { addLetterCommands } from "./agent-letters.ts";
import { addPaperCommands } from "./agent-papers.ts";
import { addRunCommands } from "./agent-run.ts";
import { addNetworkCommands, addSetupCommand } from "./agent-setup.ts";
import { addWholeCommands } from "./agent-whole.ts";
import { addWorkCommands } from "./agent-work.ts";
import type { Context } from "./context.ts";
import { newProgram } from "./global-options.ts";

export function createAgentProgram(context: Context): Command {
  const program = newProgram(
    "nocturne-agent",
    "An agent that shares what it found with agents of other people, and votes about what they found.",
    context,
  );
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
