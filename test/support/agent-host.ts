/**
 * A process with several agents, for tests and benches that need many: each has its own folder, device and address. It talks to
 * `agent-world.ts` over the channel of `fork`.
 *
 *   argv[2]   JSON of AgentHostPlan
 *   ->        {ready: string[][]}, the addresses of each              it ends by itself when its parent has gone
 *   <-        ChildQuestion, whose first argument says which agent        -> ChildAnswer
 */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, type Contribution } from "../../src/agents/agent.ts";
import type { EntryId } from "../../src/agents/agent-ids.ts";
import { readGenesis } from "../../src/agents/trust/genesis.ts";
import { encodeTally } from "../../src/agents/votes/tally.ts";
import { fromHex, toHex } from "../../src/core/bytes.ts";
import { createLogger } from "../../src/core/log.ts";
import { ed25519 } from "../../src/crypto/signing.ts";
import type { AgentCalls, AgentHostPlan } from "./agent-world.ts";
import { answerTo, type ChildQuestion } from "./child-calls.ts";

/** How often all agents of this process are asked whether they see something. */
const LOOK_MS = 50;

const plan = JSON.parse(process.argv[2] as string) as AgentHostPlan;
const genesis = readGenesis(fromHex(plan.genesis));
if (!genesis) throw new Error("no genesis");
const agents: Agent[] = [];

for (const { folder, host, device, certificate, enrolment } of plan.agents) {
  agents.push(
    await Agent.start({
      folder,
      genesis,
      device: ed25519.createKeyPair(fromHex(device)),
      certificate: fromHex(certificate),
      enrolment: enrolment === null ? null : fromHex(enrolment),
      listen: { host, port: 0 },
      bootstrap: [...plan.bootstrap, ...agents.slice(0, 1).flatMap((one) => one.status().addresses.slice(0, 1))],
      lan: false,
      networkKey: null,
      computes: false,
      log: createLogger("error"),
    }),
  );
}

function entryOf(content: string): Contribution {
  const usual = { type: "observation", confidence: 60, ttlS: 0, domain: "soak", tags: [] } as const;
  return { ...usual, content, sources: [], supersedes: [] };
}

const calls: { readonly [K in keyof AgentCalls]: (agent: Agent, ...args: Parameters<AgentCalls[K]>) => unknown } = {
  contribute: (agent, content) => agent.contribute(entryOf(content)),
  vote: (agent, id, vote) => agent.vote(id as EntryId, vote, ""),
  query: (agent, text) => agent.query({ text, limit: 20 }).map(({ id }) => id),
  tally: (agent, id) => {
    const tally = agent.tally(id as EntryId);
    return tally && { level: tally.level, votes: tally.votes.length, bytes: toHex(encodeTally(tally)) };
  },
  status: (agent) => agent.status(),
  seenAt: async (_, text, limitMs) => {
    const seen = new Map<Agent, number>();
    for (const endMs = Date.now() + limitMs; seen.size < agents.length && Date.now() < endMs; await sleep(LOOK_MS)) {
      const missing = agents.filter((agent) => !seen.has(agent));
      for (const agent of missing) if (agent.query({ text, limit: 1 }).length > 0) seen.set(agent, Date.now());
    }
    return agents.map((agent) => seen.get(agent) ?? null);
  },
  memory: () => process.memoryUsage.rss(),
};

process.on("disconnect", () => process.exit());
process.on("message", (question: ChildQuestion) => {
  const [agent, ...args] = question.args;
  const call = calls[question.name as keyof AgentCalls] as (agent: Agent, ...args: readonly unknown[]) => unknown;
  void answerTo(question, () => call(agents[agent as number] as Agent, ...args)).then((told) => process.send?.(told));
});
process.send?.({ ready: agents.map((agent) => agent.status().addresses) });
