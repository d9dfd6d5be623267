/** `nocturne tracker`: helps nodes of the mesh that know nobody yet to find some. It has no vault and keeps nothing. */
import type { Command } from "commander";
import { systemClock } from "../../core/clock.ts";
import type { Context } from "../context.ts";
import { parsePort } from "../options.ts";
import { signalled } from "../signals.ts";

const DEFAULT_PORT = 4_000;

export function addTrackerCommand(program: Command, context: Context): void {
  program
    .command("tracker")
    .description("tell nodes of the storage mesh who else is there; it only makes their start quicker")
    .option("--port <n>", "port (0 for any)", parsePort, DEFAULT_PORT)
    .option("--host <address>", "address to listen at", "127.0.0.1")
    .action((options: { port: number; host: string }) => serve(context, options));
}

/** Runs until SIGINT or SIGTERM. */
async function serve(
  context: Context,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  const ended = signalled();
  const { startTracker } = await import("../../api/tracker-door.ts");
  await using tracker = await startTracker(host, port, systemClock);
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${tracker.port}/`;
  context.output.result({ event: "ready", url }, `The tracker is ready: ${url}`);
  await ended;
}
