/** What agents found: GET, POST /local/knowledge; GET, DELETE /local/knowledge/{id}. */
import { Hono } from "hono";
import * as v from "valibot";
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import { PolicyError, ValidationError } from "../core/errors.ts";
import type { Contribution } from "../agents/agent.ts";
import type { EntryId } from "../agents/agent-ids.ts";
import { type EntrySource, ENTRY_TYPES, type EntryType } from "../agents/knowledge/entry.ts";
import { ENTRY_LEVELS } from "../agents/knowledge/entry-level.ts";
import { TokenBucket } from "../relay/token-bucket.ts";
import type { ContributionInput, EntryView } from "./agent-contract.ts";
import type { AgentRoom } from "./agent-door.ts";
import { bodyOf, idField, idOf, numberField, queryOf } from "./agent-door-input.ts";
import { entryView } from "./agent-entry-view.ts";
import type { ApiEnvironment, Routes } from "./environment.ts";

const WHOLE = 100;
const DEFAULT_CONFIDENCE = 0.5;
const ID = /^[0-9a-f]{64}$/;
const MINUTE_S = 60;

const texts = v.array(v.string());
const part = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const contribution = v.object({
  domain: v.string(),
  content: v.string(),
  type: v.optional(v.picklist(Object.keys(ENTRY_TYPES) as EntryType[])),
  confidence: v.optional(part),
  sources: v.optional(texts),
  tags: v.optional(texts),
  supersedes: v.optional(v.array(idField)),
  ttl: v.optional(v.number()),
});
const question = v.object({
  domain: v.optional(v.string()),
  query: v.optional(v.string()),
  min_confidence: v.optional(v.pipe(numberField, v.maxValue(1))),
  level: v.optional(v.picklist(ENTRY_LEVELS)),
  limit: v.optional(numberField),
});

export function knowledgeRoutes({ agent }: AgentRoom): Routes {
  const [queries, finds] = [perMinute(AGENT_LIMITS.queriesAMinute), perMinute(AGENT_LIMITS.findsAMinute)];
  return new Hono<ApiEnvironment>()
    .get("/knowledge", (c) => {
      const { domain, query, min_confidence: least = 0, level, limit } = queryOf(c, question);
      queries();
      const asked = { domain, text: query, minConfidence: Math.ceil(least * WHOLE), level };
      const answers = agent.query({ ...asked, limit: limit ?? AGENT_LIMITS.queryLimit });
      return c.json<readonly EntryView[]>(answers.map((answer) => entryView(answer, answer.score)));
    })
    .post("/knowledge", async (c) =>
      c.json<{ readonly id: EntryId }>({ id: await agent.contribute(contributionOf(await bodyOf(c, contribution))) }),
    )
    .get("/knowledge/:id{[0-9a-f]+}", (c) => {
      finds();
      const entry = agent.entry(idOf(c));
      if (!entry) throw entryMissing();
      return c.json<EntryView>(entryView(entry, null));
    })
    .delete("/knowledge/:id{[0-9a-f]+}", async (c) => {
      await agent.withdraw(idOf(c));
      return c.json({});
    });
}

/** Throws PolicyError `too_many_requests` when called more often. */
function perMinute(most: number): () => void {
  const bucket = new TokenBucket(most / MINUTE_S, most, performance.now());
  return () => {
    if (bucket.take(performance.now()) === 0) return;
    throw new PolicyError("too_many_requests", `The agent is asked more than ${most} times a minute.`, {
      hint: "Wait a moment, and ask for more at once.",
    });
  };
}

/** In the one form that an entry has: NFC; tags and what is superseded rise; each once. */
function contributionOf(
  input: ContributionInput & { readonly supersedes?: readonly EntryId[] | undefined },
): Contribution {
  const { domain, content, type = "observation", confidence = DEFAULT_CONFIDENCE, ttl = 0 } = input;
  return {
    domain,
    content: content.normalize("NFC"),
    type,
    confidence: Math.round(confidence * WHOLE),
    ttlS: ttl,
    tags: eachOnce(input.tags).sort(),
    sources: eachOnce(input.sources?.map((source) => source.normalize("NFC"))).map(sourceOf),
    supersedes: eachOnce(input.supersedes).sort(),
  };
}

function eachOnce<T>(all: readonly T[] = []): T[] {
  return [...new Set(all)];
}

function sourceOf(text: string): EntrySource {
  return ID.test(text) ? { entry: text as EntryId } : { words: text };
}

function entryMissing(): ValidationError {
  return new ValidationError("entry_missing", "There is no such entry here.", { hint: "Look for it with a query." });
}
