/**
 * A network of agents that is cut in two while both halves say more: after it all logs are equal everywhere, and a device that ran on
 * both sides, with two histories, is proven to and told of by everybody.
 *
 *   left: 6 agents, and the twin -----X----- right: 6 agents, and the same twin from a copy of its disk
 *
 * `npm run test:agents-partition`; NOCTURNE_PARTITION_S=60 without it. Needs root.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { toHex } from "../../src/core/bytes.ts";
import { fromHex } from "../../src/core/bytes.ts";
import { ed25519 } from "../../src/crypto/signing.ts";
import {
  AGENT_HOST,
  AgentHost,
  type AgentNetwork,
  type AgentPlan,
  type HostedAgent,
  makeAgentNetwork,
  planAgent,
} from "../support/agent-world.ts";
import { forkInside, makeWire } from "../support/lone-wire.ts";
import { type Machine, missingForNamespaces } from "../support/network-namespace.ts";
import { temporaryFolder } from "../support/nocturne-process.ts";
import { askUntil } from "../support/wait.ts";

const skip = missingForNamespaces() ?? false;
if (skip) console.error(`SKIPPED: a network of agents that is cut in two: ${skip}`);

const CUT_MS = 1_000 * Number(process.env["NOCTURNE_PARTITION_S"] ?? 60);
const EACH = 6;
const LEFT = Array.from({ length: EACH + 1 }, (_, i) => `10.80.${i + 1}.1`);
const RIGHT = Array.from({ length: EACH + 1 }, (_, i) => `10.80.${i + 101}.1`);
const WINDOWS = { commitMs: 10_000, revealMs: 10_000 } as const;
const HEAL_MS = 180_000;

async function startHost(
  t: TestContext,
  machine: Machine,
  network: AgentNetwork,
  agents: readonly AgentPlan[],
  bootstrap: readonly string[],
): Promise<AgentHost> {
  const plan = { genesis: network.genesis, agents, bootstrap };
  return AgentHost.start(forkInside(t, machine, AGENT_HOST, [JSON.stringify(plan)]), plan);
}

async function untilAll(
  what: string,
  agents: readonly HostedAgent[],
  holds: (agent: HostedAgent) => Promise<boolean>,
): Promise<void> {
  for (const agent of agents) await askUntil(what, () => holds(agent), Boolean, HEAL_MS);
}

test(`agents that are cut in two for ${CUT_MS / 1_000} s agree again, and a device with two histories is proven to`, {
  skip,
  timeout: 2 * CUT_MS + 900_000,
}, async (t) => {
  const wire = makeWire(t, LEFT, RIGHT);
  const network = makeAgentNetwork({ genesis: 7, endorsed: 5 }, WINDOWS);
  const folder = temporaryFolder(t);
  const plan = (n: number, host: string): AgentPlan => {
    const own = join(folder, host);
    mkdirSync(own, { mode: 0o700 });
    return planAgent(network, n % network.operators.length, own, host);
  };
  const twin = plan(0, LEFT[EACH] as string);
  const left = await startHost(
    t,
    wire.left,
    network,
    LEFT.slice(0, EACH).map((host, i) => plan(i, host)),
    [],
  );
  const right = await startHost(
    t,
    wire.right,
    network,
    RIGHT.slice(0, EACH).map((host, i) => plan(EACH + i, host)),
    left.addresses.slice(0, 2),
  );
  const twinDevice = toHex(ed25519.createKeyPair(fromHex(twin.device)).publicKey);
  const first = await startHost(t, wire.left, network, [twin], left.addresses.slice(0, 2));
  const honest = [...left.agents, ...right.agents];
  await first.call(0, "contribute", "Before the cut.");
  await untilAll(
    "everybody knows everybody",
    honest,
    async (agent) => (await agent.call("status")).logs === 2 * EACH + 1,
  );
  await untilAll("before the cut", honest, async (agent) => (await agent.call("query", "before")).length === 1);
  await first.kill();
  const copy = { ...twin, folder: join(folder, "copy"), host: RIGHT[EACH] as string };
  cpSync(twin.folder, copy.folder, { recursive: true });

  wire.cut();
  const here = await startHost(t, wire.left, network, [twin], left.addresses.slice(0, 2));
  const there = await startHost(t, wire.right, network, [copy], right.addresses.slice(0, 2));
  const untilMs = performance.now() + CUT_MS;
  let rounds = 0;
  for (; performance.now() < untilMs; rounds++) {
    await left.call(rounds % EACH, "contribute", `Said left ${rounds}.`);
    await right.call(rounds % EACH, "contribute", `Said right ${rounds}.`);
    if (rounds < 2) await here.call(0, "contribute", `One history ${rounds}.`);
    if (rounds < 2) await there.call(0, "contribute", `Another history ${rounds}.`);
    await sleep(2_000);
  }
  const apart = await left.call(0, "query", `right ${rounds - 1}`);
  const said = await right.call(0, "query", `right ${rounds - 1}`);
  assert.ok(!apart.includes(said[0] as string), "the wire is cut");
  wire.mend();
  const mendedMs = performance.now();

  await t.test("everybody knows what was said on both sides", async () => {
    for (const side of ["left", "right"]) {
      for (let i = 0; i < rounds; i++) {
        const [id] = await (side === "left" ? left : right).call(0, "query", `said ${side} ${i}`);
        assert.ok(id);
        await untilAll("it came over", honest, async (agent) =>
          (await agent.call("query", `said ${side} ${i}`)).includes(id),
        );
      }
    }
    t.diagnostic(
      `${2 * rounds} entries were known to all ${Math.round(performance.now() - mendedMs)} ms after the wire was mended`,
    );
  });

  await t.test(
    "the device with two histories is proven to, and everybody knows; nothing more of it is taken",
    async () => {
      await untilAll("the fork is known", honest, async (agent) =>
        (await agent.call("status")).forked.includes(twinDevice as never),
      );
      t.diagnostic(
        `the fork was known to all ${Math.round(performance.now() - mendedMs)} ms after the wire was mended`,
      );
      const forked = await Promise.all(honest.map((agent) => agent.call("status")));
      assert.ok(
        forked.every((status) => status.forked.length === 1),
        "and nobody else",
      );
    },
  );
});
