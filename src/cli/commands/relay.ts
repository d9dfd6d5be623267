/** `nocturne relay`: only the relay, for a machine that serves others. */

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { type Command, InvalidArgumentError } from "commander";
import { systemClock } from "../../core/clock.ts";
import { InternalError, isSystemError, PolicyError, toNocturneError, UsageError } from "../../core/errors.ts";
import { createLogger } from "../../core/log.ts";
import type { RelayOptions, RunningRelay } from "../../relay/relay-server.ts";
import type { Context } from "../context.ts";
import { parsePort } from "../options.ts";

/** Of the command line and of the configuration file alike. */
interface Choices {
  readonly port?: number;
  readonly host?: string;
  readonly store?: string;
  readonly fanout?: string;
}

const DEFAULTS: Required<Choices> = { port: 7447, host: "127.0.0.1", store: "sqlite", fanout: "local" };

export function addRelayCommand(program: Command, context: Context): void {
  program
    .command("relay")
    .description("run only a Nostr relay")
    .option("--port <n>", `port (else ${DEFAULTS.port}; 0 for any)`, parsePort)
    .option("--host <address>", `address to listen at (else ${DEFAULTS.host})`)
    .option("--store <kind>", `where events are kept: ${DEFAULTS.store}`)
    .option("--fanout <kind>", `how events reach other relays of yours: ${DEFAULTS.fanout}`)
    .option("--config <file>", `a JSON object with any of ${Object.keys(DEFAULTS).join(", ")}`)
    .action((options: Choices & { config?: string }) => serve(context, options));
}

async function serve(context: Context, { config: path, ...flags }: Choices & { config?: string }): Promise<void> {
  const { port, host, store, fanout } = { ...DEFAULTS, ...(path ? await readChoices(path) : {}), ...flags };
  refuseOther("--store", store, DEFAULTS.store);
  refuseOther("--fanout", fanout, DEFAULTS.fanout);
  const { dataDir, logLevel } = context.config();
  const log = createLogger(logLevel);
  const relay = await startRelay({ host, port, dataDir, log, clock: systemClock, name: "Nocturne relay" });
  context.output.result({ event: "ready", url: relay.url }, `The relay is ready: ${relay.url}`);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  await relay.close();
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

async function readChoices(path: string): Promise<Choices> {
  const text = await readFile(path, "utf8");
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    const known = Object.entries(DEFAULTS).every(([key, usual]) => typeof (value[key] ?? usual) === typeof usual);
    if (!known || Object.keys(value).some((key) => !(key in DEFAULTS))) throw new InvalidArgumentError("");
    return "port" in value ? { ...value, port: parsePort(String(value["port"])) } : value;
  } catch (cause) {
    throw new UsageError("bad_config_file", "The file of --config cannot be used.", {
      hint: `Use one JSON object with any of ${Object.keys(DEFAULTS).join(", ")}.`,
      cause,
    });
  }
}

function refuseOther(option: string, value: string, only: string): void {
  if (value === only) return;
  throw new PolicyError("not_available", `The value of ${option} is not available in this version.`, {
    hint: `Use ${only}.`,
  });
}
