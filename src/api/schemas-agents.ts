/** The shapes of `agent-contract.ts` that the app's page reads, as values: an agent's answers are checked by them; see `schemas.ts`. */
import * as v from "valibot";
import type * as contract from "./agent-contract.ts";

/** A schema of answers of type T. */
type Shape<T> = v.GenericSchema<unknown, T>;

const text = v.string();
const hex = v.pipe(text, v.regex(/^[0-9a-f]{64}$/));
const count = v.pipe(v.number(), v.integer());
const level = v.picklist(["rejected", "low", "medium", "high"]);
const vote = v.nullable(v.picklist([1, -1]));

export const agentHealthSchema: Shape<contract.AgentHealth> = v.object({
  version: text,
  network: hex,
  networkName: text,
  operator: hex,
  device: hex,
  isEnrolled: v.boolean(),
  isBehind: v.boolean(),
  neighbours: count,
  logs: count,
  forked: v.array(hex),
  addresses: v.array(text),
  round: count,
  window: v.picklist(["commit", "reveal"]),
  windowEndsMs: count,
  spent: v.nullable(v.object({ jobs: count, fuel: count, ms: v.number() })),
  messages: v.nullable(v.object({ refused: count })),
});

export const agentPeersSchema: Shape<readonly contract.AgentPeer[]> = v.array(
  v.object({
    operator: hex,
    label: v.nullable(text),
    devices: v.array(hex),
    depth: count,
    endorsers: v.array(hex),
    weight: v.number(),
    verified: count,
    accuracy: v.number(),
    quarantine: v.picklist(["none", "local", "network"]),
    isSelf: v.boolean(),
  }),
);

export const entryViewSchema: Shape<contract.EntryView> = v.object({
  id: hex,
  operator: hex,
  type: v.picklist(["observation", "synthesis", "correction", "prediction"]),
  domain: text,
  content: text,
  tags: v.array(text),
  sources: v.array(text),
  supersedes: v.array(hex),
  supersededBy: v.nullable(hex),
  confidence: v.number(),
  level,
  madeAtMs: count,
  endsAtMs: v.nullable(count),
  score: v.nullable(v.number()),
});
export const entryViewsSchema: Shape<readonly contract.EntryView[]> = v.array(entryViewSchema);

export const voteViewSchema: Shape<contract.VoteView> = v.object({
  subject: hex,
  kind: v.picklist(["entry", "case"]),
  own: vote,
  state: v.picklist(["waiting", "committed", "revealed"]),
  round: count,
  windowEndsMs: count,
});
export const voteViewsSchema: Shape<readonly contract.VoteView[]> = v.array(voteViewSchema);

export const tallyViewSchema: Shape<contract.TallyView> = v.object({
  subject: hex,
  round: count,
  level,
  for: count,
  against: count,
  votes: v.array(v.object({ operator: hex, side: v.picklist(["none", "for", "against"]), weight: count })),
  sha256: hex,
});

export const taskViewSchema: Shape<contract.TaskView> = v.object({
  id: hex,
  type: v.picklist(["synthesize", "verify", "consolidate", "reflect", "fill_gap", "compute"]),
  domain: v.nullable(text),
  reason: text,
  entries: v.array(hex),
  state: v.picklist(["open", "leased", "done", "checked", "disputed"]),
  lease: v.nullable(v.object({ operator: hex, untilMs: count })),
  result: v.nullable(v.object({ id: hex, operator: hex, entry: v.nullable(hex), note: text })),
  checks: v.array(v.object({ operator: hex, isRight: v.boolean(), note: text })),
});
export const taskViewsSchema: Shape<readonly contract.TaskView[]> = v.array(taskViewSchema);

export const jobViewSchema: Shape<contract.JobView> = v.object({
  id: hex,
  operator: hex,
  madeAtMs: count,
  replicas: count,
  agree: count,
  fuelLimit: count,
  state: v.picklist(["open", "agreed", "disputed", "expired"]),
  output: v.nullable(text),
  results: v.array(v.object({ operator: hex, sha256: hex, fuel: count, isFailure: v.boolean() })),
});
export const jobViewsSchema: Shape<readonly contract.JobView[]> = v.array(jobViewSchema);

export const awarenessSchema: Shape<contract.AwarenessView> = v.object({
  sha256: hex,
  atMs: count,
  domains: v.array(v.object({ domain: text, entries: count, high: count, operators: count, newestMs: count })),
  gaps: v.array(v.object({ domain: text, reason: text })),
  conflicts: v.array(v.object({ domain: text, entries: v.array(hex), reason: text })),
  activity: v.array(v.object({ operator: hex, entries: count, votes: count })),
  synthesis: v.nullable(entryViewSchema),
});

export const caseViewSchema: Shape<contract.CaseView> = v.object({
  id: hex,
  accused: hex,
  action: v.picklist(["quarantine", "reinstate"]),
  detector: v.picklist(["vote_burst", "domain_flood", "coordinated_timing", "accuracy_drop", "mirroring", "operator"]),
  words: text,
  madeAtMs: count,
  by: hex,
  evidence: v.array(v.object({ device: hex, sequence: count, madeAtMs: v.nullable(count), kind: v.nullable(text) })),
  evidenceState: v.picklist(["holds", "fails", "missing"]),
  level,
  state: v.picklist(["local", "voting", "network", "rejected", "lifted"]),
});
export const caseViewsSchema: Shape<readonly contract.CaseView[]> = v.array(caseViewSchema);

export const agentMessageSchema: Shape<contract.AgentMessage> = v.object({
  id: text,
  with: hex,
  isOwn: v.boolean(),
  text,
  atMs: count,
  state: v.picklist(["waiting", "sent", "received"]),
});
export const agentMessagesSchema: Shape<readonly contract.AgentMessage[]> = v.array(agentMessageSchema);
