/** Many agents of several operators, in processes of their own. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentStatus } from "../../src/agents/agent.ts";
import { certify, enrol, newNetwork, type TestNetwork } from "../../src/agents/testing.ts";
import { encodeGenesis } from "../../src/agents/trust/genesis.ts";
import type { Vote } from "../../src/agents/votes/ballot.ts";
import type { Level } from "../../src/agents/votes/tally.ts";
import { toHex } from "../../src/core/bytes.ts";
import { ed25519, type SignatureKeyPair } from "../../src/crypto/signing.ts";
import { ChildCalls } from "./child-calls.ts";
import { askUntil } from "./wait.ts";

export interface AgentPlan {
  readonly folder: string;
  readonly host: string;
  /** Secret key, hex, as all bytes here. */
  readonly device: string;
  readonly certificate: string;
  readonly enrolment: string | null;
}

export interface AgentHostPlan {
  readonly genesis: string;
  readonly agents: readonly AgentPlan[];
  readonly bootstrap: readonly string[];
}

export interface SeenTally {
  readonly level: Level;
  /** How many. */
  readonly votes: number;
  readonly bytes: string;
}

export interface AgentCalls {
  contribute(content: string): Promise<string>;
  vote(id: string, vote: Vote): Promise<void>;
  /** Ids. */
  query(text: string): Promise<string[]>;
  tally(id: string): Promise<SeenTally | null>;
  status(): Promise<AgentStatus>;
  /** When each agent of the process found something by these words; null for one that did not within the limit. */
  seenAt(text: string, limitMs: number): Promise<(number | null)[]>;
  /** Bytes of the process. */
  memory(): Promise<number>;
}

const VISIBLE_LIMIT_MS = 20_000;
const MEET_MS = 120_000;

export const AGENT_HOST: string = join(import.meta.dirname, "agent-host.ts");

/** One process of agents. */
export class AgentHost {
  readonly child: ChildProcess;
  readonly plan: AgentHostPlan;
  #calls: ChildCalls | null = null;
  #addresses: readonly string[] = [];

  private constructor(child: ChildProcess, plan: AgentHostPlan) {
    this.child = child;
    this.plan = plan;
  }

  /** Resolves when its agents listen. */
  static async start(child: ChildProcess, plan: AgentHostPlan): Promise<AgentHost> {
    const host = new AgentHost(child, plan);
    const failed = once(child, "exit").then(() => Promise.reject(new Error("a process of agents ended")));
    failed.catch(() => {});
    const [{ ready }] = (await Promise.race([once(child, "message"), failed])) as [{ readonly ready: string[][] }];
    host.#addresses = ready.flatMap((addresses) => addresses.slice(0, 1));
    host.#calls = new ChildCalls(child);
    return host;
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** One of each agent. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  get agents(): readonly HostedAgent[] {
    return this.plan.agents.map((_, at) => new HostedAgent(this, at));
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    if (!this.isAlive) return;
    const gone = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await gone;
  }

  /** What one of its agents answers. Rejects as `ChildCalls.call`. */
  async call<K extends keyof AgentCalls>(
    agent: number,
    name: K,
    ...args: Parameters<AgentCalls[K]>
  ): Promise<Awaited<ReturnType<AgentCalls[K]>>> {
    return (await this.#calls?.call(name, [agent, ...args])) as Awaited<ReturnType<AgentCalls[K]>>;
  }
}

export class HostedAgent {
  readonly host: AgentHost;
  readonly #at: number;

  constructor(host: AgentHost, at: number) {
    this.host = host;
    this.#at = at;
  }

  call<K extends keyof AgentCalls>(
    name: K,
    ...args: Parameters<AgentCalls[K]>
  ): Promise<Awaited<ReturnType<AgentCalls[K]>>> {
    return this.host.call(this.#at, name, ...args);
  }
}

export interface AgentNetwork {
  readonly network: TestNetwork;
  /** Those of the genesis, then those whom three of these endorsed. */
  readonly operators: readonly SignatureKeyPair[];
  readonly genesis: string;
}

export function makeAgentNetwork(
  operators: { readonly genesis: number; readonly endorsed: number },
  windows: { readonly commitMs: number; readonly revealMs: number },
): AgentNetwork {
  const network = newNetwork(operators.genesis, windows);
  const endorsed = Array.from({ length: operators.endorsed }, () => ed25519.createKeyPair());
  return {
    network,
    operators: [...network.operators, ...endorsed],
    genesis: toHex(encodeGenesis(network.genesis)),
  };
}

/** A new device of the n-th operator. */
export function planAgent({ network, operators }: AgentNetwork, n: number, folder: string, host: string): AgentPlan {
  const operator = operators[n] as SignatureKeyPair;
  const device = ed25519.createKeyPair();
  const isInGenesis = n < network.operators.length;
  return {
    folder,
    host,
    device: toHex(device.secretKey),
    certificate: toHex(certify(network, operator, device)),
    enrolment: isInGenesis ? null : toHex(enrol(network, operator, network.operators.slice(0, 3))),
  };
}

export interface AgentWorldOptions {
  readonly processes: number;
  readonly agents: number;
  readonly operators: { readonly genesis: number; readonly endorsed: number };
  readonly windows: { readonly commitMs: number; readonly revealMs: number };
}

/** On loopback: agent i is of operator i modulo their number, and in process i modulo theirs. */
export class AgentWorld implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "nocturne-agents-"));
  readonly network: AgentNetwork;
  readonly hosts: AgentHost[] = [];

  private constructor(network: AgentNetwork) {
    this.network = network;
  }

  static async start({ processes, agents, operators, windows }: AgentWorldOptions): Promise<AgentWorld> {
    const world = new AgentWorld(makeAgentNetwork(operators, windows));
    const plans = Array.from({ length: agents }, (_, i) => {
      const folder = join(world.folder, `agent-${i}`);
      mkdirSync(folder, { mode: 0o700 });
      return planAgent(world.network, i % world.network.operators.length, folder, `127.${2 + (i >> 8)}.${i & 255}.1`);
    });
    try {
      for (let i = 0; i < processes; i++)
        await world.start(
          i,
          plans.filter((_, at) => at % processes === i),
        );
      await world.#meet();
      return world;
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  get alive(): readonly AgentHost[] {
    return this.hosts.filter(({ isAlive }) => isAlive);
  }

  get agents(): readonly HostedAgent[] {
    return this.alive.flatMap(({ agents }) => agents);
  }

  /** With one device of each operator, if one is alive. */
  agentOf(operator: number): HostedAgent | null {
    const certified = toHex(this.network.operators[operator]?.publicKey ?? new Uint8Array());
    for (const host of this.alive) {
      const at = host.plan.agents.findIndex(({ certificate }) => certificate.includes(certified));
      if (at >= 0) return host.agents[at] ?? null;
    }
    return null;
  }

  /**
   * Milliseconds from when an agent has contributed something with this word until each of those alive, also in its own process, finds it.
   * Rejects if one does not.
   */
  async spreadMs(by: HostedAgent, word: string): Promise<number[]> {
    const looking = this.alive.map((host) => host.call(0, "seenAt", word, VISIBLE_LIMIT_MS));
    await by.call("contribute", `A finding about ${word}.`);
    const madeMs = Date.now();
    const seen = (await Promise.all(looking)).flat();
    const missing = seen.filter((at) => at === null).length;
    if (missing > 0) throw new Error(`${missing} agents did not find ${word}`);
    return seen.map((at) => Math.max(0, (at as number) - madeMs));
  }

  /** Again, from its folders. */
  async restart(host: AgentHost): Promise<void> {
    await this.start(this.hosts.indexOf(host), host.plan.agents);
  }

  async start(at: number, agents: readonly AgentPlan[]): Promise<void> {
    const bootstrap = this.alive.flatMap(({ addresses }) => addresses.slice(0, 1)).slice(0, 2);
    const plan: AgentHostPlan = { genesis: this.network.genesis, agents, bootstrap };
    const child = fork(AGENT_HOST, [JSON.stringify(plan)], { execArgv: ["--disable-warning=ExperimentalWarning"] });
    this.hosts[at] = await AgentHost.start(child, plan);
  }

  /** Everybody knows everybody, and that he takes part. */
  async #meet(): Promise<void> {
    const { agents } = this;
    const isMet = ({ logs, isEnrolled }: AgentStatus): boolean => isEnrolled && logs === agents.length;
    for (const agent of agents) await askUntil("an agent knows all logs", () => agent.call("status"), isMet, MEET_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.kill()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
