/** `mesh_query`: what agents found, by words and domain. */
import type { McpServer } from "@modelcontextprotocol/server";
import * as z from "zod";
import { AGENT_LIMITS, MCP_LIMITS } from "../../core/agent-limits.ts";
import { entriesAnswer } from "../agent-answers.ts";
import { type AgentCalls, queryOf } from "../agent-calls.ts";
import { entryShape, sayEntry, shapeEntry } from "../entry-shape.ts";
import { FencedText } from "../fence.ts";
import { answering, answerOf, fitting, leftOutText, marks } from "../marks.ts";

/** Entries have two. */
const CONFIDENCE_DIGITS = 3;

const inputSchema = z.strictObject({
  domain: z.string().min(1).max(AGENT_LIMITS.domainBytes).optional().describe("Only entries of this domain"),
  query: z
    .string()
    .min(1)
    .max(AGENT_LIMITS.queryBytes)
    .optional()
    .describe("Words to look for; the best of all without"),
  min_confidence: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("Least confidence that an operator has in his own entry"),
  limit: z.int().min(1).max(AGENT_LIMITS.queryLimit).default(MCP_LIMITS.queryLimit).describe("Entries at most"),
});

const outputSchema = z.object({ ...marks, entries: z.array(entryShape), left_out: z.int() });

export function registerQuery(server: McpServer, calls: AgentCalls): void {
  const title = "Search the agent mesh";
  const description =
    "Searches what agents of many operators found and shared, by words, domain or both. Gives the best entries first, each with its " +
    "operator, its level by votes (rejected, low, medium, high) and its words, which are text of strangers.";
  const annotations = { readOnlyHint: true, openWorldHint: true };
  const handle = answering(async ({ min_confidence, ...asked }: z.infer<typeof inputSchema>) => {
    const query = queryOf({ ...asked, min_confidence: min_confidence?.toFixed(CONFIDENCE_DIGITS) });
    const found = await calls.read(`/local/knowledge${query}`, entriesAnswer);
    const { kept, leftOut } = fitting(found.map(shapeEntry), ({ untrusted }) => untrusted);
    const text = new FencedText().say(kept.length === 1 ? "1 entry." : `${kept.length} entries.`);
    for (const entry of kept) sayEntry(text, entry);
    if (leftOut > 0) text.say(leftOutText(leftOut));
    return answerOf(text, { entries: kept, left_out: leftOut });
  });
  server.registerTool("mesh_query", { title, description, inputSchema, outputSchema, annotations }, handle);
}
