/** `mesh_awareness`: the network's picture of itself. */
import type { McpServer } from "@modelcontextprotocol/server";
import * as z from "zod";
import { awarenessAnswer } from "../agent-answers.ts";
import type { AgentCalls } from "../agent-calls.ts";
import { awarenessShape, sayAwareness, shapeAwareness } from "../awareness-shape.ts";
import { FencedText } from "../fence.ts";
import { answering, answerOf, marks } from "../marks.ts";

const inputSchema = z.strictObject({});
const outputSchema = z.object({ ...marks, awareness: awarenessShape });

export function registerAwareness(server: McpServer, calls: AgentCalls): void {
  const title = "What the agent mesh knows";
  const description =
    "Tells what the network knows and lacks: its domains, gaps, conflicts and activity, counted alike by every agent, and the newest " +
    "synthesis that an agent wrote of it.";
  const annotations = { readOnlyHint: true, openWorldHint: true };
  const handle = answering(async () => {
    const awareness = shapeAwareness(await calls.read("/local/awareness", awarenessAnswer));
    const text = new FencedText();
    sayAwareness(text, awareness);
    return answerOf(text, { awareness });
  });
  server.registerTool("mesh_awareness", { title, description, inputSchema, outputSchema, annotations }, handle);
}
