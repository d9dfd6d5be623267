/**
 * `nocturne relay`: only the relay, for a machine that serves others. It has no vault and no identity.
 *
 *   flag  >  --config FILE  >  default   ->   <data directory>/relay/
 */

import { readFile } from "node:fs/promises";
import { type Command, InvalidArgumentError } from "commander";
import * as v from "valibot";
import { systemClock } from "../../core/clock.ts";
import { InternalError, isSystemError, PolicyError, toNocturneError, UsageError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { CHAFF_HINT, chaffRate } from "../../node/config.ts";
import type { RelayOptions, RunningRelay } from "../../relay/relay-server.ts";
import type { RelayOnionOptions } from "../../node/relay-onion.ts";
import type { Routes } from "../../route/routes.ts";
import type { Context } from "../context.ts";
import { collect, parsePort } from "../options.ts";
import { signalled } from "../signals.ts";

/** Of the command line and of the configuration file alike. */
interface Choices {
  readonly port?: number;
  readonly host?: string;
  readonly store?: string;
  readonly fanout?: string;
  /** By which address clients elsewhere know it; they log in by that name. */
  readonly url?: string;
  /** Another operator's relay, whose cells this one follows, so that clients can read privately from both (NEP-14). */
  readonly mirror?: string;
  /** Cells an hour that nobody can open. */
  readonly chaff?: number;
}

type RelayCommand = Choices & {
  readonly config?: string;
  readonly route?: string;
  readonly onion?: boolean;
  readonly onionClient?: string[];
};

/** Of the configuration file; those without a default come last. */
const ADDRESSES = ["url", "mirror"] as const;

const DEFAULTS: Required<Omit<Choices, (typeof ADDRESSES)[number]>> = {
  port: 7447,
  host: "127.0.0.1",
  store: "sqlite",
  fanout: "local",
  chaff: 0,
};

const KEYS: readonly string[] = [...Object.keys(DEFAULTS), ...ADDRESSES];

export function addRelayCommand(program: Command, context: Context): void {
  program
    .command("relay")
    .description("run only a Nostr relay")
    .option("--port <n>", `port (else ${DEFAULTS.port}; 0 for any)`, parsePort)
    .option("--host <address>", `address to listen at (else ${DEFAULTS.host})`)
    .option("--store <kind>", `where events are kept: ${DEFAULTS.store}`)
    .option("--fanout <kind>", `how events reach other relays of yours: ${DEFAULTS.fanout}`)
    .option("--chaff <n>", "cells an hour of its own that nobody can open, as a crowd for its readers", parseChaff)
    .option("--url <url>", "its address for clients elsewhere, such as wss://relay.example", parseRelayUrl)
    .option("--mirror <url>", "another operator's relay, whose cells it follows", parseRelayUrl)
    .option("--onion", "also serve it as an onion service, to be reached by Tor without an open port")
    .option("--onion-client <line>", "only who holds this key reaches the onion service (may be repeated)", collect)
    .option("--route <way>", "how to reach it: direct or tor; an onion address is always reached by Tor")
    .option("--config <file>", `a JSON object with any of ${KEYS.join(", ")}`)
    .action((options: RelayCommand) => serve(context, options));
}

function needsOnion(): UsageError {
  return new UsageError("bad_option", "--onion-client says who reaches an onion service, and there is none.", {
    hint: "Add --onion.",
  });
}

/** Runs until SIGINT or SIGTERM; what was acknowledged is on the disk by then. */
async function serve(
  context: Context,
  { config: path, route, onion = false, onionClient: clients = [], ...flags }: RelayCommand,
): Promise<void> {
  const {
    port,
    host,
    store,
    fanout,
    chaff: perHour,
    url: publicUrl,
    mirror,
  } = { ...DEFAULTS, ...(path ? await readChoices(path) : {}), ...flags };
  refuseOther("--store", store, DEFAULTS.store);
  refuseOther("--fanout", fanout, DEFAULTS.fanout);
  if (clients.length > 0 && !onion) throw needsOnion();
  const ended = signalled();
  const settings = context.config(route === undefined ? {} : { route });
  const { dataDir, logLevel } = settings;
  const { createLogger } = await import("../../core/log.ts");
  const log = createLogger(logLevel);
  const { openLoneRoutes } = await import("../../node/lone-routes.ts");
  await using lone = openLoneRoutes({ config: settings, folder: dataDir, usual: "direct", log });
  await using mirrored = mirror === undefined ? null : await openMirror(mirror, lone.routes, log);
  const options = { host, port, publicUrl, dataDir, log, clock: systemClock, name: "Nocturne relay" };
  const relay = await startRelay({ ...options, mirror: mirrored ?? undefined });
  const address = onion ? await publish(context, { relay, tor: lone.tor, dataDir, clients, log }) : null;
  const ready = { event: "ready", url: relay.url, ...(address === null ? {} : { onion: address }) };
  context.output.result(ready, `The relay is ready: ${relay.url}${address === null ? "" : `, and soon ${address}`}`);
  const endChaff = await startChaff(perHour, relay, log);
  await ended;
  await endChaff();
  await relay.close();
}

/** Its ws:// URL inside Tor, which others can use once it was told to the network. */
async function publish(context: Context, parts: Omit<RelayOnionOptions, "tell">): Promise<string> {
  const { publishRelay } = await import("../../node/relay-onion.ts");
  const { host } = await publishRelay({ ...parts, tell: (text) => context.output.say(text) });
  return `ws://${host}`;
}

/** Connections to another relay, on which nothing is proven, closed with the command. */
async function openMirror(
  url: string,
  routes: Routes,
  log: Logger,
): Promise<AsyncDisposable & NonNullable<RelayOptions["mirror"]>> {
  const [{ RelayPool }, { routeCarrier }, { cellSource }] = await Promise.all([
    import("../../route/relay-pool.ts"),
    import("../../route/carrier.ts"),
    import("../../node/cell-source.ts"),
  ]);
  const pool = new RelayPool({ carrier: routeCarrier(routes, "mirror"), log, clock: systemClock });
  return { url, source: cellSource(pool, url), [Symbol.asyncDispose]: () => pool.close() };
}

/** The relay's own chaff comes as anybody's would; returns what ends it. */
async function startChaff(perHour: number, { url }: RunningRelay, log: Logger): Promise<() => Promise<void>> {
  if (perHour === 0) return async () => {};
  const [{ ChaffStreams }, { RelayPool }, { directCarrier }] = await Promise.all([
    import("../../node/chaff.ts"),
    import("../../route/relay-pool.ts"),
    import("../../route/carrier.ts"),
  ]);
  const pool = new RelayPool({ carrier: directCarrier, clock: systemClock, log });
  const chaff = new ChaffStreams({ perHour, pool, clock: systemClock });
  chaff.follow([url]);
  return async () => {
    chaff.close();
    await pool.close();
  };
}

async function startRelay(options: RelayOptions): Promise<RunningRelay> {
  const relay = await import("../../relay/relay-server.ts");
  try {
    return await relay.startRelay(options);
  } catch (error) {
    throw listenError(error, options);
  }
}

const NO_SUCH_ADDRESS: readonly string[] = ["EADDRNOTAVAIL", "ENOTFOUND", "EAI_AGAIN", "EINVAL"];

function listenError(error: unknown, { host, port }: RelayOptions): unknown {
  if (toNocturneError(error).code === "port_in_use") {
    const hint = "Stop the other program, or choose another port with --port.";
    return new InternalError("port_in_use", `Another program already uses port ${port}.`, { hint, cause: error });
  }
  if (isSystemError(error) && NO_SUCH_ADDRESS.includes(error.code)) {
    const hint = "Use one of its addresses, 127.0.0.1 for this machine alone, or 0.0.0.0 for all.";
    return new UsageError("bad_option", `This machine has no address ${host}.`, { hint, cause: error });
  }
  return error;
}

/** A misspelled key must not look as if it had been set. */
async function readChoices(path: string): Promise<Choices> {
  const text = await readFile(path, "utf8");
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    const known = Object.entries(DEFAULTS).every(([key, usual]) => typeof (value[key] ?? usual) === typeof usual);
    if (!known || Object.keys(value).some((key) => !KEYS.includes(key))) throw new InvalidArgumentError("");
    const given = ADDRESSES.filter((key) => value[key] !== undefined);
    return {
      ...value,
      ...("chaff" in value ? { chaff: parseChaff(String(value["chaff"])) } : {}),
      ...("port" in value ? { port: parsePort(String(value["port"])) } : {}),
      ...Object.fromEntries(given.map((key) => [key, parseRelayUrl(value[key])])),
    };
  } catch (cause) {
    throw new UsageError("bad_config_file", "The file of --config cannot be used.", {
      hint: `Use one JSON object with any of ${KEYS.join(", ")}.`,
      cause,
    });
  }
}

function parseChaff(text: string): number {
  const rate = v.safeParse(chaffRate, text);
  if (rate.success) return rate.output;
  throw new InvalidArgumentError(CHAFF_HINT);
}

function parseRelayUrl(text: unknown): string {
  if (typeof text === "string" && URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError("Use an address like wss://relay.example.");
}

/** Known values that this version cannot serve are refused, and never replaced by what it can. */
function refuseOther(option: string, value: string, only: string): void {
  if (value === only) return;
  throw new PolicyError("not_available", `The value of ${option} is not available in this version.`, {
    hint: `Use ${only}.`,
  });
}
