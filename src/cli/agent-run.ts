/** `nocturne-agent start`, `status`, `stop`. */
import { readFileSync } from "node:fs";
import process from "node:process";
import type { Command } from "commander";
import * as v from "valibot";
import { InternalError } from "../core/errors.ts";
import type { AgentHealth } from "../api/agent-contract.ts";
import type { Agent } from "../agents/agent.ts";
import type { Logger } from "../core/log.ts";
import type { AgentMessages } from "../node/agent-messages.ts";
import { endsSoon, openCertificate } from "../node/agent-certificate.ts";
import { agentInUse, isAgentLocked, lockAgent } from "../node/agent-lock.ts";
import { agentPaths } from "../node/agent-paths.ts";
import { type AgentSettings, genesisIn, readAgentSettings, writeAgentSettings } from "../node/agent-settings.ts";
import { readSeed } from "../node/seed-file.ts";
import { AgentClient, noAgent } from "./agent-client.ts";
import { dayText } from "./agent-entry-text.ts";
import { startInBackground, untilOver } from "./background.ts";
import type { Context } from "./context.ts";
import { collect, parseList, parsePort } from "./options.ts";
import { plainLine } from "./plain-text.ts";
import { signalled } from "./signals.ts";

interface StartOptions {
  readonly host?: string;
  readonly port?: number;
  readonly apiPort?: number;
  readonly bootstrap?: readonly string[];
  readonly lan?: boolean;
  readonly compute?: boolean;
  readonly relay?: readonly string[] | false;
  readonly networkKey?: string;
  readonly foreground?: boolean;
}

export function addRunCommands(program: Command, context: Context): void {
  program
    .command("start")
    .description("take part; what is said here holds for later starts, too")
    .option("--host <address>", "address to listen at for other agents (at first 0.0.0.0)")
    .option("--port <n>", "port for other agents, 0 for any (at first 9090)", parsePort)
    .option("--api-port <n>", "port of this machine for programs of yours, 0 for any (at first 9091)", parsePort)
    .option("--bootstrap <addresses>", "agents to begin with, as their status shows them: A,B", parseList)
    .option("--lan", "look for agents in the local network, and be found there (at first so)")
    .option("--no-lan", "do not")
    .option("--compute", "run jobs of others, one at a time, in a sandbox")
    .option("--no-compute", "do not (at first so)")
    .option("--relay <url>", "a relay at which it collects messages of other agents (may be repeated)", collect)
    .option("--no-relay", "send and take no messages (at first so)")
    .option("--network-key <file>", "only for agents that have this file: a private network")
    .option("--foreground", "stay in this terminal; as service managers want it")
    .action((options: StartOptions) => (options.foreground ? serve(context, options) : startAgent(context)));
  program
    .command("status")
    .description("how the agent is, and who it is")
    .action(() => showStatus(context));
  program
    .command("stop")
    .description("end the agent")
    .action(() => stop(context));
}

/** Until a signal or `stop`. */
async function serve(context: Context, options: StartOptions): Promise<void> {
  const ended = signalled();
  const { dataDir, logLevel } = context.config();
  const paths = agentPaths(dataDir);
  const settings = changed(readAgentSettings(paths.settings), options);
  const [{ startAgentDaemon }, { openAgentDoor }, { createLogger }] = await Promise.all([
    import("../node/agent-daemon.ts"),
    import("../api/agent-door.ts"),
    import("../core/log.ts"),
  ]);
  const log = createLogger(logLevel);
  await using opened = new AsyncDisposableStack();
  opened.use(lockAgent(paths.lock));
  const agent = opened.use(await startAgentDaemon(paths, settings, log));
  const messages =
    settings.relays.length === 0 ? null : await openMessages(context, opened, agent, settings.relays, log);
  const door = opened.use(await openAgentDoor({ agent, messages, paths, port: settings.apiPort, log }));
  writeAgentSettings(paths.settings, settings);
  const { addresses } = agent.status();
  context.output.result(readyLine(process.pid, door.port, addresses), readyText(door.port, addresses));
  await Promise.race([door.stopped, ended]);
}

/** Over the route that the environment or the flags say; straight without, as the agent itself talks to others. */
async function openMessages(
  context: Context,
  opened: AsyncDisposableStack,
  agent: Agent,
  relays: readonly string[],
  log: Logger,
): Promise<AgentMessages> {
  const [{ openLoneRoutes }, { openAgentCorrespondence }] = await Promise.all([
    import("../node/lone-routes.ts"),
    import("../node/agent-correspondence.ts"),
  ]);
  const config = context.config();
  const folder = agentPaths(config.dataDir).messages;
  const { routes } = opened.use(openLoneRoutes({ config, folder, usual: "direct", log }));
  return opened.use(await openAgentCorrespondence({ agent, folder, relays, routes, log })).messages;
}

/** What was not said stays as it was. */
function changed(settings: AgentSettings, options: StartOptions): AgentSettings {
  const { host, port, apiPort, bootstrap, lan, compute, relay, networkKey } = options;
  const key = networkKey === undefined ? settings.networkKey : readNetworkKey(networkKey);
  return {
    ...settings,
    host: host ?? settings.host,
    port: port ?? settings.port,
    apiPort: apiPort ?? settings.apiPort,
    bootstrap: bootstrap ?? settings.bootstrap,
    lan: lan ?? settings.lan,
    computes: compute ?? settings.computes,
    relays: relay === undefined ? settings.relays : relay || [],
    networkKey: key,
  };
}

function readNetworkKey(path: string): Uint8Array {
  return readSeed(path, "network_key_corrupt", "Every agent of a private network has the same file of 64 hex digits.");
}

async function startAgent(context: Context): Promise<void> {
  const { dataDir } = context.config();
  const { api, settings, lock, log } = agentPaths(dataDir);
  readAgentSettings(settings);
  if (isAgentLocked(lock)) throw agentInUse();
  const client = new AgentClient(dataDir);
  const find = (): Promise<AgentHealth | null> => client.health();
  const { pid, found } = await startInBackground({ log, find, notStarted: (cause) => notStarted(log, lock, cause) });
  const { port } = JSON.parse(readFileSync(api, "utf8")) as { readonly port: number };
  context.output.result(readyLine(pid, port, found.addresses), readyText(port, found.addresses));
}

function notStarted(log: string, lock: string, cause?: unknown): Error {
  // Two that were started at once: the other one was quicker.
  if (isAgentLocked(lock)) return agentInUse(cause);
  return new InternalError("agent_not_started", "The agent did not start.", {
    hint: `Read the end of ${log}, or try with --foreground.`,
    cause,
  });
}

function readyLine(pid: number | undefined, apiPort: number, addresses: readonly string[]): unknown {
  return { event: "ready", pid, apiPort, addresses };
}

function readyText(apiPort: number, addresses: readonly string[]): string {
  const where = addresses.map((address) => `  ${address}`).join("\n");
  return `The agent runs; programs of yours reach it at port ${apiPort} of this machine. Others can begin with:\n${where}`;
}

async function showStatus(context: Context): Promise<void> {
  const { dataDir } = context.config();
  const paths = agentPaths(dataDir);
  const settings = readAgentSettings(paths.settings);
  const health = await new AgentClient(dataDir).health();
  if (!health) throw noAgent();
  const certificate = openCertificate(paths, genesisIn(settings, paths.settings));
  const { notAfterMs: certifiedUntilMs } = certificate;
  context.output.result({ ...health, certifiedUntilMs }, statusText(health, certifiedUntilMs));
  if (endsSoon(certificate, Date.now()))
    context.output.warn("The certificate of this agent ends soon: see docs/agents.md.");
}

function statusText(health: AgentHealth, certifiedUntilMs: number): string {
  const rows: readonly (readonly [name: string, value: string])[] = [
    ["network", `${plainLine(health.networkName)}  ${health.network}`],
    ["operator", health.operator],
    ["device", health.device],
    ["takes part", takesPartText(health)],
    ["certified", `until ${dayText(certifiedUntilMs)}`],
    ["neighbours", `${health.neighbours}`],
    [
      "logs",
      `${health.logs}${health.forked.length === 0 ? "" : `; ${health.forked.length} devices with two histories`}`,
    ],
    ["votes", `round ${health.round}: ${windowText(health)}`],
    ["jobs", jobsText(health)],
    ["messages", messagesText(health)],
    ["addresses", health.addresses.join("\n            ") || "none"],
  ];
  const behind = health.isBehind
    ? ["! Others know more of this agent's log than its disk: it says nothing any more."]
    : [];
  return [...rows.map(([name, value]) => `${name.padEnd(10)}  ${value}`), ...behind].join("\n");
}

function jobsText({ spent }: AgentHealth): string {
  if (!spent) return "runs none of others: start it with --compute";
  return `ran ${spent.jobs} for others, with ${spent.fuel} of fuel in ${(spent.ms / 1_000).toFixed(1)} s`;
}

function messagesText({ messages }: AgentHealth): string {
  if (!messages) return "sends and takes none: start it with --relay URL";
  return messages.refused === 0 ? "sends and takes them" : `${messages.refused} refused from whom nobody vouches for`;
}

function takesPartText({ isEnrolled, logs }: AgentHealth): string {
  if (isEnrolled) return "yes";
  return logs === 0 ? "not yet: it looks for others first" : "no: three operators who do must endorse its operator";
}

function windowText({ window, windowEndsMs }: AgentHealth): string {
  const what = window === "commit" ? "votes are committed to" : "votes are opened";
  return `${what} until ${new Date(windowEndsMs).toISOString()}`;
}

async function stop(context: Context): Promise<void> {
  const { dataDir } = context.config();
  await new AgentClient(dataDir).call("POST", "/stop", v.object({}));
  const late = (): InternalError =>
    new InternalError("still_stopping", "The agent has not ended yet.", {
      hint: "Look in a moment: nocturne-agent status",
    });
  await untilOver(() => !isAgentLocked(agentPaths(dataDir).lock), late);
  context.output.result({ stopped: true }, "The agent has ended.");
}
