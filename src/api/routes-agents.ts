/**
 * The agent of this data directory, for the app's page: what it knows and how it votes. An allow-list: everything else
 * that the agent's own door takes is for programs that have its token.
 *
 *     read   GET health, peers, knowledge, knowledge/:id, knowledge/tally, votes, compute, awareness, quarantine
 *     vote   POST knowledge/vote
 */
import { Hono } from "hono";
import * as v from "valibot";
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import { LockedError, NocturneError } from "../core/errors.ts";
import { askAgent, type AgentCall } from "./agent-forward.ts";
import type { AgentHealth, AgentPeer, AwarenessView, CaseView, EntryView, TallyView } from "./agent-contract.ts";
import type { TaskView, VoteView } from "./agent-contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import {
  agentHealthSchema,
  agentPeersSchema,
  awarenessSchema,
  caseViewsSchema,
  entryViewSchema,
  entryViewsSchema,
  tallyViewSchema,
  taskViewsSchema,
  voteViewSchema,
  voteViewsSchema,
} from "./schemas-agents.ts";

const id = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const line = (most: number) => v.pipe(v.string(), v.maxLength(most));
const knowledge = v.strictObject({
  domain: v.exactOptional(line(AGENT_LIMITS.domainBytes)),
  query: v.exactOptional(line(AGENT_LIMITS.queryBytes)),
  level: v.exactOptional(v.picklist(["rejected", "low", "medium", "high"])),
  limit: v.exactOptional(v.pipe(v.string(), v.regex(/^\d{1,3}$/))),
});
const tally = v.strictObject({ entry: id });
const vote = v.strictObject({
  entry: id,
  vote: v.picklist([1, -1]),
  reason: v.exactOptional(line(AGENT_LIMITS.noteBytes)),
});

export function agentRoutes({ services }: Api): Routes {
  const ask = <T>(call: AgentCall<T>): Promise<T> => {
    if (services.vault.locked) throw new LockedError();
    return askAgent(services.config.dataDir, call);
  };
  const get = <T>(path: string, answer: AgentCall<T>["answer"]): Promise<T> => ask({ method: "GET", path, answer });
  return new Hono<ApiEnvironment>()
    .get("/agents/health", answers("Tells how the agent of this data directory is", agentHealthSchema), async (c) =>
      c.json<AgentHealth>(await get("/local/health", agentHealthSchema)),
    )
    .get("/agents/peers", answers("Lists the operators of the agent's network", agentPeersSchema), async (c) =>
      c.json<readonly AgentPeer[]>(await get("/local/peers", agentPeersSchema)),
    )
    .get(
      "/agents/knowledge",
      answers("Searches what agents know", entryViewsSchema),
      takes("query", knowledge),
      async (c) =>
        c.json<readonly EntryView[]>(await get(`/local/knowledge${queryOf(c.req.valid("query"))}`, entryViewsSchema)),
    )
    .get(
      "/agents/knowledge/tally",
      answers("Counts the votes about an entry; null before there are any", v.nullable(tallyViewSchema)),
      takes("query", tally),
      async (c) =>
        c.json<TallyView | null>(
          await get(`/local/knowledge/tally${queryOf(c.req.valid("query"))}`, tallyViewSchema).catch(noneYet),
        ),
    )
    .get(
      "/agents/knowledge/:id",
      answers("Shows one entry", entryViewSchema),
      takes("param", v.object({ id })),
      async (c) => c.json<EntryView>(await get(`/local/knowledge/${c.req.valid("param").id}`, entryViewSchema)),
    )
    .post(
      "/agents/knowledge/vote",
      answers("Votes for or against an entry or a case", voteViewSchema),
      takes("json", vote),
      async (c) => {
        const body = c.req.valid("json");
        return c.json<VoteView>(
          await ask({ method: "POST", path: "/local/knowledge/vote", body, answer: voteViewSchema }),
        );
      },
    )
    .get("/agents/votes", answers("Lists votes under way", voteViewsSchema), async (c) =>
      c.json<readonly VoteView[]>(await get("/local/votes", voteViewsSchema)),
    )
    .get("/agents/compute", answers("Lists what is to be done in the network", taskViewsSchema), async (c) =>
      c.json<readonly TaskView[]>(await get("/local/compute", taskViewsSchema)),
    )
    .get("/agents/awareness", answers("Tells what the network knows, and what it lacks", awarenessSchema), async (c) =>
      c.json<AwarenessView>(await get("/local/awareness", awarenessSchema)),
    )
    .get("/agents/quarantine", answers("Lists cases against operators, with evidence", caseViewsSchema), async (c) =>
      c.json<readonly CaseView[]>(await get("/local/quarantine", caseViewsSchema)),
    );
}

/** A page that looks again and again is not refused because there is nothing yet. */
function noneYet(error: unknown): null {
  if (error instanceof NocturneError && error.code === "unknown_tally") return null;
  throw error;
}

function queryOf(values: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(values).toString();
  return query === "" ? "" : `?${query}`;
}
