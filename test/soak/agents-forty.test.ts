/**
 * Forty agents of twelve operators in eight processes: what one finds all find by a query; votes come to the same bytes everywhere, and
 * a third of the operators that lie or say nothing change no outcome; with a third of the processes killed, queries go on, and
 * who comes back knows everything.
 *
 *   npm run test:agents
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Vote } from "../../src/agents/votes/ballot.ts";
import type { Level } from "../../src/agents/votes/tally.ts";
import { percentile } from "../../bench/report.ts";
import { AgentWorld, type HostedAgent, type SeenTally } from "../support/agent-world.ts";
import { askUntil } from "../support/wait.ts";

const AGENTS = 40;
const OPERATORS = { genesis: 7, endorsed: 5 } as const;
const TWELVE = OPERATORS.genesis + OPERATORS.endorsed;
const WINDOWS = { commitMs: 16_000, revealMs: 12_000 } as const;
const FINDINGS = 60;
const PAUSE_MS = 400;
const VISIBLE_P95_MS = 2_000;
const MEET_MS = 120_000;

interface Trial {
  readonly what: string;
  readonly isTrue: boolean;
  /** The last ones of the twelve. */
  readonly liars: number;
  readonly lie: "silent" | "opposite";
}

/** One third are four of twelve. */
const TRIALS: readonly Trial[] = [
  { what: "true, a third against it", isTrue: true, liars: 4, lie: "opposite" },
  { what: "false, a third for it", isTrue: false, liars: 4, lie: "opposite" },
  { what: "true, a third silent", isTrue: true, liars: 4, lie: "silent" },
  { what: "false, a third silent", isTrue: false, liars: 4, lie: "silent" },
  { what: "false, one more than a third for it", isTrue: false, liars: 5, lie: "opposite" },
];

function assertOutcome({ what, isTrue, liars }: Trial, level: Level): void {
  if (liars > TWELVE / 3) assert.ok(["low", "rejected"].includes(level), `${what}: ${level}`);
  else assert.equal(level, isTrue ? "high" : "rejected", what);
}

async function findings(t: TestContext, world: AgentWorld, prefix: string, count: number): Promise<void> {
  const took: number[] = [];
  for (let i = 0; i < count; i++) {
    const agents = world.agents;
    took.push(...(await world.spreadMs(agents[(i * 7) % agents.length] as HostedAgent, `${prefix}${i}x`)));
    await sleep(PAUSE_MS);
  }
  const [p50, p95, most] = [percentile(took, 0.5), percentile(took, 0.95), Math.max(...took)];
  t.diagnostic(
    `${count} findings, each found by ${world.agents.length} agents: p50 ${p50} ms, p95 ${p95} ms, all within ${most} ms`,
  );
  assert.ok(p95 < VISIBLE_P95_MS, `p95 is ${p95} ms`);
}

async function voteOn(world: AgentWorld, id: string, { isTrue, liars, lie }: Trial): Promise<void> {
  const [right, wrong]: readonly [Vote, Vote] = isTrue ? ["for", "against"] : ["against", "for"];
  for (let operator = 0; operator < TWELVE; operator++) {
    const isLiar = operator >= TWELVE - liars;
    if (isLiar && lie === "silent") continue;
    await world.agentOf(operator)?.call("vote", id, isLiar ? wrong : right);
  }
}

/** What everybody counted, once the round is over: the same everywhere. */
async function countedByAll(world: AgentWorld, id: string, votes: number): Promise<SeenTally> {
  const tallies = await Promise.all(
    world.agents.map((agent) =>
      askUntil(
        "a tally",
        () => agent.call("tally", id),
        (tally) => tally?.votes === votes,
        4 * (WINDOWS.commitMs + WINDOWS.revealMs),
      ),
    ),
  );
  assert.equal(new Set(tallies.map((tally) => tally?.bytes)).size, 1, "byte for byte");
  return tallies[0] as SeenTally;
}

test("forty agents of twelve operators in eight processes", { timeout: 1_500_000 }, async (t) => {
  await using world = await AgentWorld.start({ processes: 8, agents: AGENTS, operators: OPERATORS, windows: WINDOWS });

  await t.test("what one contributes all find by a query", () => findings(t, world, "quokka", FINDINGS));

  await t.test("votes are counted alike by all, and a third of liars change nothing", async () => {
    const by = world.agentOf(0) as HostedAgent;
    const subjects: (Trial & { readonly id: string })[] = [];
    for (const trial of TRIALS) subjects.push({ ...trial, id: await by.call("contribute", `Claim: ${trial.what}.`) });
    for (const { id } of subjects)
      for (let operator = 0; operator < TWELVE; operator++)
        await askUntil(
          "it is there",
          async () => (await world.agentOf(operator)?.call("query", "claim")) ?? [],
          (ids) => ids.includes(id),
        );
    for (const subject of subjects) await voteOn(world, subject.id, subject);
    for (const subject of subjects) {
      const voters = subject.lie === "silent" ? TWELVE - subject.liars : TWELVE;
      const { level, bytes } = await countedByAll(world, subject.id, voters);
      t.diagnostic(`${subject.what}: ${level}, ${AGENTS} equal tallies of ${bytes.length / 2} bytes`);
      assertOutcome(subject, level);
    }
  });

  await t.test("a third of the processes is killed: queries go on, and who comes back catches up", async () => {
    const dying = world.hosts.slice(0, 3);
    await Promise.all(dying.map((host) => host.kill()));
    for (const agent of world.agents) assert.ok((await agent.call("query", "quokka0x")).length > 0);
    await findings(t, world, "numbat", 10);
    for (const host of dying) await world.restart(host);
    for (const agent of world.agents)
      for (const word of ["quokka3x", "numbat9x"])
        await askUntil(
          "who came back knows it",
          () => agent.call("query", word),
          (ids) => ids.length > 0,
          MEET_MS,
        );
  });

  const memory = await Promise.all(world.alive.map((host) => host.call(0, "memory")));
  const each = Math.round(memory.reduce((sum, bytes) => sum + bytes, 0) / AGENTS / 1e6);
  t.diagnostic(`${each} MB of memory for each agent, five in a process`);
});
