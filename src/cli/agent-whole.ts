/** `nocturne-agent awareness`, `reflect`, `cases`, `quarantine`, `reinstate`: the whole, and who is not listened to. */
import type { Command } from "commander";
import * as v from "valibot";
import type { QuarantineInput, SynthesisInput } from "../api/agent-contract.ts";
import { awarenessSchema, caseViewSchema, caseViewsSchema } from "../api/schemas-agents.ts";
import { PolicyError } from "../core/errors.ts";
import { AgentClient } from "./agent-client.ts";
import { parseId, parseIds } from "./agent-marks.ts";
import { awarenessText, caseText } from "./agent-whole-text.ts";
import type { Context } from "./context.ts";

interface QuarantineOptions {
  readonly words: string;
  readonly yes?: boolean;
}

export function addWholeCommands(program: Command, context: Context): void {
  program
    .command("awareness")
    .description("what is known, what is missing, where agents disagree; the same for all who have equal logs")
    .action(() => awareness(context));
  program
    .command("reflect <words...>")
    .description("say something about the whole as it is now")
    .requiredOption("--cites <ids>", "entries that it follows from: A,B", parseIds)
    .action((words: readonly string[], { cites }: { cites: readonly string[] }) =>
      reflect(context, { content: words.join(" "), cites }),
    );
  addCaseCommands(program, context);
}

function addCaseCommands(program: Command, context: Context): void {
  program
    .command("cases")
    .description("who is accused, by whom, of what; vote about a case with its id, as about an entry")
    .action(() => cases(context));
  program
    .command("quarantine")
    .description("listen to an operator no more, and ask all others to do the same")
    .argument("<operator>", "64 hex digits", parseId)
    .requiredOption("--words <words>", "why, for all to read")
    .option("--yes", "really")
    .action((operator: string, options: QuarantineOptions) => quarantine(context, operator, options));
  program
    .command("reinstate")
    .description("listen to an operator again, and ask all others to do the same")
    .argument("<operator>", "64 hex digits", parseId)
    .requiredOption("--words <words>", "why, for all to read")
    .action((operator: string, { words }: QuarantineOptions) =>
      accuse(context, { operator, action: "reinstate", words }),
    );
}

async function awareness(context: Context): Promise<void> {
  const whole = await clientOf(context).call("GET", "/awareness", awarenessSchema);
  context.output.result(whole, awarenessText(whole));
}

async function reflect(context: Context, body: SynthesisInput): Promise<void> {
  const { id } = await clientOf(context).call("POST", "/awareness", v.object({ id: v.string() }), body);
  context.output.result({ id }, id);
}

async function cases(context: Context): Promise<void> {
  const found = await clientOf(context).call("GET", "/quarantine", caseViewsSchema);
  if (found.length === 0 && !context.output.json) context.output.say("Nobody is accused of anything.");
  else context.output.result(found, found.map(caseText).join("\n\n"));
}

async function quarantine(
  context: Context,
  operator: string,
  { words, yes = false }: QuarantineOptions,
): Promise<void> {
  const question = "Accuse this operator before everybody, and hide what he says on this machine at once?";
  if (!yes && !(await context.prompt.confirm(question))) throw notSure();
  await accuse(context, { operator, action: "quarantine", words });
}

async function accuse(context: Context, body: QuarantineInput): Promise<void> {
  const made = await clientOf(context).call("POST", "/quarantine", caseViewSchema, body);
  context.output.result(made, caseText(made));
}

function clientOf(context: Context): AgentClient {
  return new AgentClient(context.config().dataDir);
}

function notSure(): PolicyError {
  return new PolicyError("not_confirmed", "All would read that you accuse this operator; nothing was said.", {
    hint: "If you mean it, add --yes.",
  });
}
