/** Forty agents of twelve operators in eight processes on this machine: how soon all find what one says, and what it costs. */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AgentBooks } from "../src/agents/agent-books.ts";
import type { OperatorId } from "../src/agents/agent-ids.ts";
import { Journal } from "../src/agents/journal/journal.ts";
import { encodeKnowledgeEntry } from "../src/agents/knowledge/entry.ts";
import { certify, newNetwork } from "../src/agents/testing.ts";
import { systemClock } from "../src/core/clock.ts";
import { toHex } from "../src/core/bytes.ts";
import { ed25519, type SignatureKeyPair } from "../src/crypto/signing.ts";
import { AgentWorld, type HostedAgent } from "../test/support/agent-world.ts";
import { percentile, type Row, row } from "./report.ts";

const WINDOWS = { commitMs: 60_000, revealMs: 60_000 };
const VISIBLE_GOAL_MS = 2_000;
const PAUSE_MS = 400;
const AT_ONCE = 64;
const ENTRY_BYTES = 500;

export async function networkRows(quick: boolean): Promise<Row[]> {
  const [agents, findings] = quick ? [8, 5] : [40, 60];
  await using world = await AgentWorld.start({
    processes: quick ? 2 : 8,
    agents,
    operators: { genesis: 7, endorsed: 5 },
    windows: WINDOWS,
  });
  const took: number[] = [];
  for (let i = 0; i < findings; i++) {
    took.push(...(await world.spreadMs(world.agents[(i * 7) % agents] as HostedAgent, `quokka${i}x`)));
    await sleep(PAUSE_MS);
  }
  const memory = await Promise.all(world.alive.map((host) => host.call(0, "memory")));
  const bytes = memory.reduce((sum, one) => sum + one, 0) / agents;
  const informs = { peer: null, theirs: null, better: "lower" } as const;
  const goal = { peer: null, theirs: VISIBLE_GOAL_MS, better: "lower", goal: 1, unit: "ms" } as const;
  return [
    row({
      ...informs,
      metric: `said by one of ${agents} agents, found by all: p50`,
      unit: "ms",
      ours: percentile(took, 0.5),
    }),
    row({ ...goal, metric: `said by one of ${agents} agents, found by all: p95`, ours: percentile(took, 0.95) }),
    row({
      ...informs,
      metric: `memory an agent, ${agents} in ${world.alive.length} processes`,
      unit: "MB",
      ours: bytes / 1e6,
    }),
  ];
}

/** An agent that says entries as fast as its disk takes them; beside it, how often this disk syncs in the same folder. */
export async function sayRows(quick: boolean): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "nocturne-bench-"));
  try {
    const [alone, together] = await saidPerS(folder, quick ? 200 : 2_000);
    const syncs = syncsPerS(folder, quick ? 50 : 500);
    const peer = { peer: "fsync of as many bytes, one by one", theirs: syncs, unit: "entries/s" } as const;
    return [
      row({ ...peer, metric: "signed, kept and indexed, one by one", ours: alone }),
      row({ ...peer, metric: `signed, kept and indexed, ${AT_ONCE} at once`, ours: together }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function saidPerS(folder: string, count: number): Promise<[alone: number, together: number]> {
  const test = newNetwork(3, WINDOWS);
  const { genesis } = test;
  const [operator, key] = [test.operators[0] as SignatureKeyPair, ed25519.createKeyPair()];
  using journal = new Journal({ folder, key, network: genesis.network, clock: systemClock });
  const own = toHex(operator.publicKey) as OperatorId;
  using books = new AgentBooks({ folder, genesis, clock: systemClock, journal, own, heard: () => {} });
  journal.onNoted((noted) => books.hear(noted));
  await journal.say({ kind: "certificate", body: certify(test, operator, key) });
  const say = (i: number): Promise<unknown> => journal.say({ kind: "entry", body: bodyOf(own, i) });
  const aloneMs = await timed(async () => {
    for (let i = 0; i < count / 4; i++) await say(i);
  });
  const togetherMs = await timed(async () => {
    for (let i = 0; i < count; i += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => say(count + i + n)));
  });
  return [(count / 4 / aloneMs) * 1_000, (count / togetherMs) * 1_000];
}

function bodyOf(operator: OperatorId, i: number): Uint8Array {
  const content = `Finding ${i}: `.padEnd(ENTRY_BYTES, "words ");
  const usual = { type: "observation", confidence: 60, ttlS: 0, domain: "bench", tags: [] } as const;
  return encodeKnowledgeEntry({ ...usual, operator, content, sources: [], supersedes: [] });
}

function syncsPerS(folder: string, count: number): number {
  const file = openSync(join(folder, "syncs"), "a");
  const startedMs = performance.now();
  for (let i = 0; i < count; i++) {
    writeSync(file, Buffer.alloc(ENTRY_BYTES));
    fsyncSync(file);
  }
  closeSync(file);
  return (count / (performance.now() - startedMs)) * 1_000;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
