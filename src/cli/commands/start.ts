/**
 * `nocturne start`, `stop` and `open`: the app itself.
 *
 *   start: configuration -> node -> one ready line on stdout -> runs until a signal or `stop`
 */

import { spawn } from "node:child_process";
import process from "node:process";
import { type Command, Option } from "commander";
import type { Launch } from "../../api/contract.ts";
import type { RunningNode } from "../../node/node.ts";
import type { Context } from "../context.ts";
import { collect } from "../options.ts";
import { untilFree, untilGone } from "../running-node.ts";
import { signalled } from "../signals.ts";
import { keepHeapSmall } from "../small-heap.ts";

interface StartOptions {
  readonly port?: string;
  readonly open: boolean;
  readonly relay?: string[];
  readonly embeddedRelay: boolean;
  readonly relayPort?: string;
  readonly cover?: string;
  readonly chaff?: string;
  readonly route?: string;
}

export function addStartCommands(program: Command, context: Context): void {
  program
    .command("start")
    .description("start the app (what `nocturne` alone does)")
    .option("--port <n>", "port of the app (else PORT, else 8080; 0 for any)")
    .option("--no-open", "do not open the browser")
    .option("--relay <url>", "also use this relay (may be repeated)", collect)
    .option("--no-embedded-relay", "run without a relay of your own")
    .option("--relay-port <n>", "port of the embedded relay")
    .addOption(new Option("--cover <profile>", "cover traffic").choices(["stealth", "balanced", "fast", "off"]))
    .option("--chaff <n>", "cells an hour that nobody can open, to each of your relays, as a crowd for others")
    .addOption(new Option("--route <way>", "how to reach relays").choices(["direct", "tor", "mix"]))
    .action((options: StartOptions) => start(context, options));

  program
    .command("stop")
    .description("stop the running node")
    .action(async () => {
      await context.node().call("POST", "/api/stop");
      await untilGone(context.config().dataDir);
      context.output.result({ stopped: true }, "Stopped.");
    });

  program
    .command("open")
    .description("print a fresh link into the running app and open it in the browser")
    .option("--no-open", "only print it")
    .action(async ({ open }: { open: boolean }) => {
      const { url } = await context.node().call<Launch>("POST", "/api/launch");
      context.output.result({ url }, url);
      if (open) openBrowser(url);
    });
}

async function start(context: Context, options: StartOptions): Promise<void> {
  keepHeapSmall();
  const ended = signalled();
  const { open, ...flags } = options;
  const config = context.config(flags);
  const [{ openApi }, { startNode }] = await Promise.all([import("../../api/server.ts"), import("../../node/node.ts")]);
  const isRunning = async () => (await context.findNode()) !== null;
  const node = await untilFree(() => startNode(config, openApi), isRunning);
  const { url, npub, relayUrl, warnings } = node;
  context.output.result({ event: "ready", url, npub, pid: process.pid, relay: relayUrl }, `Nocturne is ready: ${url}`);
  for (const warning of warnings) context.output.warn(warning);
  tellRoutes(node.services, context);
  if (open) openBrowser(url);
  await Promise.race([node.stopped, ended]);
  await node.close();
}

/** What a route does while it comes up, and why it does not: a person who waits for it sees nothing else. */
function tellRoutes({ network, bus }: RunningNode["services"], { output }: Context): void {
  const told = new Map<string, string>();
  const tell = (): void => {
    for (const { name, state, progress, doing, problem } of network.health()) {
      const words = problem
        ? `${problem.message} ${problem.hint}`
        : state === "starting"
          ? `${ROUTE_NAMES[name]}: ${progress ?? 0} %${doing ? `, ${doing}` : ""}`
          : `${ROUTE_NAMES[name]} is ${state}.`;
      const isNews = told.get(name) !== words && (told.has(name) || state !== "off");
      told.set(name, words);
      if (isNews && name !== "direct") output.say(words);
    }
  };
  tell();
  bus.listen(({ event }) => {
    if (event === "network") tell();
  });
}

const ROUTE_NAMES = { direct: "Direct", tor: "Tor", i2p: "I2P" } as const;

/** The token in the link is short-lived and single-use, which is why it may stand in an argument for a moment. */
function openBrowser(url: string): void {
  const [command, ...before] =
    process.platform === "darwin" ? ["open"] : process.platform === "win32" ? ["cmd", "/c", "start", ""] : ["xdg-open"];
  const child = spawn(command, [...before, url], { detached: true, stdio: "ignore" });
  child.on("error", () => {});
  child.unref();
}
