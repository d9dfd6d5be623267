/** `mesh_compute`: takes a task of the network on, for an hour. */
import type { CallToolResult, McpServer } from "@modelcontextprotocol/server";
import * as z from "zod";
import type { TaskView } from "../../api/agent-contract.ts";
import { AGENT_LIMITS, MCP_LIMITS } from "../../core/agent-limits.ts";
import { healthAnswer, taskAnswer, tasksAnswer, taskTypes, timeText } from "../agent-answers.ts";
import { type AgentCalls, AgentRefusal, queryOf } from "../agent-calls.ts";
import { FencedText } from "../fence.ts";
import { answering, answerOf, cleanWords, hexText, marks } from "../marks.ts";
import type { TakenTasks } from "../taken-tasks.ts";

const HTTP_CONFLICT = 409;
const MOST_DOMAINS = 16;

const inputSchema = z.strictObject({
  types: z.array(z.enum(taskTypes)).max(taskTypes.length).optional().describe("Only tasks of these types"),
  domains: z
    .array(z.string().min(1).max(AGENT_LIMITS.domainBytes))
    .max(MOST_DOMAINS)
    .optional()
    .describe("Only tasks of these domains"),
});

const taskShape = z.object({
  provenance: z.object({
    task_id: hexText,
    type: z.enum(taskTypes),
    entries: z.array(hexText),
    leased_until: z.string(),
  }),
  untrusted: z.object({ domain: z.string().nullable(), reason: z.string() }),
});

const outputSchema = z.object({ ...marks, task: taskShape.nullable(), open: z.int() });

type Input = z.infer<typeof inputSchema>;

export function registerCompute(server: McpServer, calls: AgentCalls, taken: TakenTasks): void {
  const title = "Take on a task of the agent mesh";
  const description =
    "Takes on one task that the network has open, for an hour in which others leave it alone, and tells what it is about: entries to " +
    "be summed up, checked or merged, a question without an answer. A contribution or vote that does it is handed in with it.";
  const annotations = { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true };
  const handle = answering(async (input: Input) => {
    const [health, tasks] = await Promise.all([
      calls.read("/local/health", healthAnswer),
      calls.read(`/local/compute${queryOf(input)}`, tasksAnswer),
    ]);
    const open = tasks.filter(({ state }) => state === "open");
    const own = tasks.find(({ state, lease }) => state === "leased" && lease?.operator === health.operator);
    const task = own ?? (await claimOne(calls, open));
    if (task) taken.take(task);
    return answerTask(task, open.length);
  });
  server.registerTool("mesh_compute", { title, description, inputSchema, outputSchema, annotations }, handle);
}

/** The first that nobody else takes in the same moment; null if there is none. */
async function claimOne(calls: AgentCalls, open: readonly TaskView[]): Promise<TaskView | null> {
  for (const { id } of open.slice(0, MCP_LIMITS.claims)) {
    try {
      return await calls.write("/local/compute/claim", { task: id }, taskAnswer);
    } catch (error) {
      if (!(error instanceof AgentRefusal) || error.status !== HTTP_CONFLICT) throw error;
    }
  }
  return null;
}

function answerTask(task: TaskView | null, open: number): CallToolResult {
  const text = new FencedText().say(`${open} open.`);
  if (!task) return answerOf(text.say("No task was taken on."), { task: null, open });
  const { id, type, entries, domain, reason, lease } = task;
  const leased_until = timeText(lease?.untilMs ?? Date.now());
  text.say(`Taken on until ${leased_until}: ${type}, task ${id}.`).quote({ domain: domain ?? "", reason });
  for (const entry of entries) text.say(`entry ${entry}`);
  const untrusted = cleanWords({ domain, reason });
  return answerOf(text, { task: { provenance: { task_id: id, type, entries, leased_until }, untrusted }, open });
}
