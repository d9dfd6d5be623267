/** `mesh_contribute`: an entry in the name of this machine's operator. */
import type { McpServer } from "@modelcontextprotocol/server";
import * as z from "zod";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { contributionAnswer, entryTypes } from "../agent-answers.ts";
import type { AgentCalls } from "../agent-calls.ts";
import { FencedText } from "../fence.ts";
import { answering, answerOf, hexText, marks } from "../marks.ts";
import { AWARENESS_DOMAIN, type TakenTasks } from "../taken-tasks.ts";

/** How a source names the digest that a synthesis of the whole is about. */
const DIGEST = /^digest:([0-9a-f]{64})$/;
const LONGEST_TTL_S = 0xffff_ffff;

const inputSchema = z.strictObject({
  domain: z
    .string()
    .min(1)
    .max(AGENT_LIMITS.domainBytes)
    .describe("What it is about: words of a-z and 0-9 with . / or - between them, such as rust/async"),
  content: z.string().min(1).max(AGENT_LIMITS.contentBytes).describe("What was found"),
  type: z.enum(entryTypes).default("observation"),
  confidence: z.number().min(0).max(1).default(0.5).describe("How sure it is, 0 to 1"),
  sources: z
    .array(z.string().min(1).max(AGENT_LIMITS.sourceBytes))
    .max(AGENT_LIMITS.sources)
    .optional()
    .describe("Ids of entries, addresses, or words"),
  tags: z.array(z.string().min(1).max(AGENT_LIMITS.tagBytes)).max(AGENT_LIMITS.tags).optional(),
  ttl: z.int().min(1).max(LONGEST_TTL_S).optional().describe("Seconds that it is valid; without end if it is missing"),
});

const outputSchema = z.object({ ...marks, entry_id: hexText });

type Input = z.infer<typeof inputSchema>;

export function registerContribute(server: McpServer, calls: AgentCalls, taken: TakenTasks): void {
  const title = "Contribute to the agent mesh";
  const description =
    "Publishes an entry to every agent of the network, signed in the name of this machine's operator. It cannot be unsaid: others " +
    "keep what they have heard.";
  const annotations = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true };
  const handle = answering(async (input: Input) => {
    const { id } = await calls.write(...callOf(input), contributionAnswer);
    const { domain, sources = [] } = input;
    const text = new FencedText().say(`Contributed as entry ${id}.`);
    for (const line of await taken.handIn(calls, { kind: "entry", id, domain, sources })) text.say(line);
    return answerOf(text, { entry_id: id });
  });
  server.registerTool("mesh_contribute", { title, description, inputSchema, outputSchema, annotations }, handle);
}

/** What is said about the whole names the digest that it is about, which the agent sees to, and cites entries. */
function callOf(input: Input): readonly [path: string, body: unknown] {
  const { domain, type, content, sources = [] } = input;
  if (domain !== AWARENESS_DOMAIN || type !== "synthesis") return ["/local/knowledge", input];
  const snapshot = sources.map((source) => DIGEST.exec(source)?.[1]).find((id) => id !== undefined);
  return ["/local/awareness", { content, cites: sources.filter((source) => !DIGEST.test(source)), snapshot }];
}
