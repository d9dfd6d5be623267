/** `mesh_vote`: for or against an entry. The agent commits to it and opens it by itself, in the windows of the network. */
import type { McpServer } from "@modelcontextprotocol/server";
import * as z from "zod";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { entryId, timeText, voteAnswer } from "../agent-answers.ts";
import type { AgentCalls } from "../agent-calls.ts";
import { FencedText } from "../fence.ts";
import { answering, answerOf, hexText, marks } from "../marks.ts";
import type { TakenTasks } from "../taken-tasks.ts";

const side = z.literal([1, -1]);

const inputSchema = z.strictObject({
  entry_id: entryId.describe("The entry's id, 64 hex digits"),
  vote: side.describe("1: it is right, -1: it is wrong"),
  reason: z
    .string()
    .min(1)
    .max(AGENT_LIMITS.noteBytes)
    .optional()
    .describe("Why, shown to others when the vote is opened"),
});

const outputSchema = z.object({
  ...marks,
  vote: z.object({
    entry_id: hexText,
    own: side.nullable(),
    state: z.enum(["waiting", "committed", "revealed"]),
    round: z.int(),
    window_ends_at: z.string(),
  }),
});

export function registerVote(server: McpServer, calls: AgentCalls, taken: TakenTasks): void {
  const title = "Vote on an entry";
  const description =
    "Votes for or against an entry of the agent mesh, in the name of this machine's operator. The vote is committed now and opened " +
    "later in the same round; a later vote on the same entry takes its place. Others see it, with its reason, once it is opened.";
  const annotations = { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true };
  const handle = answering(async ({ entry_id, ...said }: z.infer<typeof inputSchema>) => {
    const view = await calls.write("/local/knowledge/vote", { entry: entry_id, ...said }, voteAnswer);
    const { subject, own, state, round, windowEndsMs } = view;
    const window_ends_at = timeText(windowEndsMs);
    const text = new FencedText().say(
      `Vote ${own ?? "none"} on ${subject}: ${state}, round ${round}, until ${window_ends_at}.`,
    );
    for (const line of await taken.handIn(calls, { kind: "vote", entry: entry_id, vote: said.vote })) text.say(line);
    return answerOf(text, { vote: { entry_id: subject, own, state, round, window_ends_at } });
  });
  server.registerTool("mesh_vote", { title, description, inputSchema, outputSchema, annotations }, handle);
}
