/**
 * `mesh_reflect`: what a synthesis of the network's state needs, and posts nothing: the digest, what is different from an earlier one,
 * and entries that it should cite. Who writes one contributes it in the domain of awareness.
 */
import type { McpServer } from "@modelcontextprotocol/server";
import * as z from "zod";
import type { AwarenessView } from "../../api/agent-contract.ts";
import { MCP_LIMITS } from "../../core/agent-limits.ts";
import { awarenessAnswer, entriesAnswer } from "../agent-answers.ts";
import { type AgentCalls, queryOf } from "../agent-calls.ts";
import { awarenessShape, sayAwareness, shapeAwareness } from "../awareness-shape.ts";
import { compareAwareness } from "../comparison.ts";
import { type ComparisonShape, comparisonShape, sayComparison, shapeComparison } from "../comparison-shape.ts";
import { type EntryShape, entryShape, sayEntry, shapeEntry } from "../entry-shape.ts";
import { FencedText } from "../fence.ts";
import { answering, answerOf, fitting, hexText, marks } from "../marks.ts";
import type { Snapshots } from "../snapshots.ts";
import { AWARENESS_DOMAIN } from "../taken-tasks.ts";

const inputSchema = z.strictObject({
  snapshot: hexText.optional().describe("Name of an earlier digest to compare with, 64 hex digits"),
});

const outputSchema = z.object({
  ...marks,
  awareness: awarenessShape,
  /** Null where no snapshot was named, or none of that name was looked at here. */
  comparison: comparisonShape.nullable(),
  cite: z.array(entryShape),
});

export function registerReflect(server: McpServer, calls: AgentCalls, snapshots: Snapshots): void {
  const title = "Reflect on the agent mesh";
  const description =
    "Gives what a synthesis of the network's state is made of: the present digest, what is different from an earlier one that is " +
    `named, and the best entries of the largest domains, to be cited. Posts nothing; a synthesis is a contribution of that type in the ` +
    `domain ${AWARENESS_DOMAIN}, with the ids of entries as its sources.`;
  const annotations = { readOnlyHint: true, openWorldHint: true };
  const handle = answering(async ({ snapshot }: z.infer<typeof inputSchema>) => {
    const now = await calls.read("/local/awareness", awarenessAnswer);
    await snapshots.keep(now);
    const comparison = snapshot === undefined ? null : await compareWith(snapshots, snapshot, now);
    const cite = await citesOf(calls, now);
    const awareness = shapeAwareness(now);
    const text = new FencedText();
    sayAwareness(text, awareness);
    if (snapshot !== undefined && comparison) sayComparison(text, snapshot, comparison);
    else if (snapshot !== undefined)
      text.say(`No digest ${snapshot} was looked at here: there is nothing to compare with.`);
    text.say(`Entries that a synthesis should cite: ${cite.length}.`);
    for (const entry of cite) sayEntry(text, entry);
    return answerOf(text, { awareness, comparison, cite });
  });
  server.registerTool("mesh_reflect", { title, description, inputSchema, outputSchema, annotations }, handle);
}

async function compareWith(
  snapshots: Snapshots,
  snapshot: string,
  now: AwarenessView,
): Promise<ComparisonShape | null> {
  const before = await snapshots.find(snapshot);
  return before && shapeComparison(compareAwareness(before, now));
}

/** What stands best in the largest domains. */
async function citesOf(calls: AgentCalls, { domains }: AwarenessView): Promise<readonly EntryShape[]> {
  const largest = [...domains].sort((a, b) => b.entries - a.entries).slice(0, MCP_LIMITS.citedDomains);
  const limit = MCP_LIMITS.citesOfADomain;
  const found = await Promise.all(
    largest.map(({ domain }) => calls.read(`/local/knowledge${queryOf({ domain, limit })}`, entriesAnswer)),
  );
  return fitting(found.flat().map(shapeEntry), ({ untrusted }) => untrusted).kept;
}
