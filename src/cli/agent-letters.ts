/** `nocturne-agent send`, `messages`: words for one other agent, which nobody else reads. */
import type { Command } from "commander";
import type { AgentMessage } from "../api/agent-contract.ts";
import { agentMessageSchema, agentMessagesSchema } from "../api/schemas-agents.ts";
import { AgentClient } from "./agent-client.ts";
import { markedLines, momentText, parseId } from "./agent-marks.ts";
import type { Context } from "./context.ts";

export function addLetterCommands(program: Command, context: Context): void {
  program
    .command("send")
    .description("write to another operator's agent, end to end encrypted; both must have been started with --relay")
    .argument("<operator>", "64 hex digits, as peers shows them", parseId)
    .argument("<words...>")
    .action((operator: string, words: readonly string[]) => send(context, operator, words.join(" ")));
  program
    .command("messages")
    .description("what agents wrote to this one (lines with |), and it to them (lines with >)")
    .option("--with <operator>", "with this one alone", parseId)
    .action((options: { with?: string }) => messages(context, options.with));
}

async function send(context: Context, to: string, text: string): Promise<void> {
  const sent = await clientOf(context).call("POST", "/messages", agentMessageSchema, { to, text });
  context.output.result(sent, "It is on its way, and kept until a relay has it.");
}

async function messages(context: Context, operator: string | undefined): Promise<void> {
  const path = operator === undefined ? "/messages" : `/messages?with=${operator}`;
  const found = await clientOf(context).call("GET", path, agentMessagesSchema);
  if (found.length === 0 && !context.output.json) context.output.say("There are no messages.");
  else context.output.result(found, found.map(messageText).join("\n\n"));
}

/** Own words are marked, too: a program that acts for this agent may have taken them from others. */
export function messageText({ with: operator, isOwn, text, atMs, state }: AgentMessage): string {
  const head = isOwn ? `${momentText(atMs)} to ${operator}, ${state}` : `${momentText(atMs)} from ${operator}`;
  return [head, ...markedLines(text, isOwn ? ">" : "|")].join("\n");
}

function clientOf(context: Context): AgentClient {
  return new AgentClient(context.config().dataDir);
}
