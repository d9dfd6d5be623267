/**
 * What the local API answers, checked: the agent may be of another version. Ids and keys are hex here and nothing else, so that
 * no words of others can come along in them to where only our own stand.
 */
import * as z from "zod";
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import type {
  AgentHealth,
  AgentPeer,
  AwarenessView,
  EntryView,
  TaskTypeName,
  TaskView,
  VoteView,
} from "../api/agent-contract.ts";

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const hexes = z.array(hex32);
const time = z.int().min(0).max(8.64e15);
const count = z.int().min(0);
const part = z.number().min(0).max(1);

/** A time as people and programs read it. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

export const entryId: z.ZodType<string> = hex32;

export const entryTypes: readonly EntryView["type"][] = ["observation", "synthesis", "correction", "prediction"];

export const taskTypes: readonly TaskTypeName[] = [
  "synthesize",
  "verify",
  "consolidate",
  "reflect",
  "fill_gap",
  "compute",
];

export const healthAnswer: z.ZodType<
  Pick<AgentHealth, "network" | "operator" | "isEnrolled" | "isBehind" | "neighbours">
> = z.object({ network: hex32, operator: hex32, isEnrolled: z.boolean(), isBehind: z.boolean(), neighbours: count });

export const peersAnswer: z.ZodType<AgentPeer[]> = z.array(
  z.object({
    operator: hex32,
    label: z.string().nullable(),
    devices: hexes,
    depth: count,
    endorsers: hexes,
    weight: z.number(),
    verified: count,
    accuracy: part,
    quarantine: z.enum(["none", "local", "network"]),
    isSelf: z.boolean(),
  }),
);

const entryView: z.ZodType<EntryView> = z.object({
  id: hex32,
  operator: hex32,
  type: z.enum(entryTypes),
  domain: z.string(),
  content: z.string(),
  tags: z.array(z.string()),
  sources: z.array(z.string()),
  supersedes: hexes,
  supersededBy: hex32.nullable(),
  confidence: part,
  level: z.enum(["rejected", "low", "medium", "high"]),
  madeAtMs: time,
  endsAtMs: time.nullable(),
  score: z.number().nullable(),
});

export const entriesAnswer: z.ZodType<EntryView[]> = z.array(entryView).max(AGENT_LIMITS.queryLimit);

export const contributionAnswer: z.ZodType<{ id: string }> = z.object({ id: hex32 });

export const voteAnswer: z.ZodType<VoteView> = z.object({
  subject: hex32,
  kind: z.enum(["entry", "case"]),
  own: z.union([z.literal(1), z.literal(-1)]).nullable(),
  state: z.enum(["waiting", "committed", "revealed"]),
  round: count,
  windowEndsMs: time,
});

export const taskAnswer: z.ZodType<TaskView> = z.object({
  id: hex32,
  type: z.enum(taskTypes),
  domain: z.string().nullable(),
  reason: z.string(),
  entries: hexes,
  state: z.enum(["open", "leased", "done", "checked", "disputed"]),
  lease: z.object({ operator: hex32, untilMs: time }).nullable(),
  result: z.object({ id: hex32, operator: hex32, entry: hex32.nullable(), note: z.string() }).nullable(),
  checks: z.array(z.object({ operator: hex32, isRight: z.boolean(), note: z.string() })),
});

export const tasksAnswer: z.ZodType<TaskView[]> = z.array(taskAnswer);

export const awarenessAnswer: z.ZodType<AwarenessView> = z.object({
  sha256: hex32,
  atMs: time,
  domains: z.array(z.object({ domain: z.string(), entries: count, high: count, operators: count, newestMs: time })),
  gaps: z.array(z.object({ domain: z.string(), reason: z.string() })),
  conflicts: z.array(z.object({ domain: z.string(), entries: hexes, reason: z.string() })),
  activity: z.array(z.object({ operator: hex32, entries: count, votes: count })),
  synthesis: entryView.nullable(),
});
