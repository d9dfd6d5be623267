/**
 * A tor that takes our commands: one that runs in the folder already, or one that is started.
 *
 *   folder/control, folder/data/control_auth_cookie -> answers? -> attached: somebody else of ours started it, and ends it
 *                                                      no       -> started here: it ends with this process
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { NetworkError } from "../../core/errors.ts";
import type { TOR_LIMITS } from "../../core/route-limits.ts";
import { type ControlClient, type ControlPlace, connectControl } from "./control-client.ts";
import { reachablePlugins } from "./plugin-path.ts";
import { controlListening, cookiePath, dataDirectory, socksListening, type TorrcParts, writeTorrc } from "./torrc.ts";

export type TorLimits = { readonly [name in keyof typeof TOR_LIMITS]: number };

export interface TorLink {
  readonly control: ControlClient;
  readonly socks: ControlPlace;
  /** Null when it was not started here: it is neither stopped nor killed. */
  readonly child: TorChild | null;
}

export interface TorChild {
  readonly pid: number;
  /** Resolves when it has ended. */
  readonly exited: Promise<void>;
  kill(): void;
}

/** Between two looks whether a started tor listens already. */
const POLL_MS = 50;
const KEPT_OUTPUT_CHARACTERS = 8_000;
/** As Tor writes it. */
const PORT_FILE = /^PORT=([\d.]+):(\d+)$/m;

/** A tor of ours that runs in this folder already, or null. */
export async function attachTor(folder: string, limits: TorLimits): Promise<TorLink | null> {
  const control = await tryControl(folder, limits);
  return control && toLink(folder, control, null);
}

/**
 * Starts tor, and waits until it takes commands. Throws NetworkError `tor_failed` with what it said when it ended,
 * `tor_folder_busy` when another tor has the folder, `tor_not_answering` when it took too long.
 */
export async function startTor(
  binary: string,
  parts: TorrcParts,
  limits: TorLimits,
  signal: AbortSignal,
): Promise<TorLink> {
  const { folder } = parts;
  prepareFolder(folder);
  const { child, output, failed } = launch(binary, parts);
  try {
    const endMs = performance.now() + limits.launchMs;
    for (;;) {
      const control = await Promise.race([tryControl(folder, limits), failed]);
      if (control) {
        if (await isOther(control, child)) throw folderBusy();
        // It ends by itself as soon as this connection does: nothing of ours stays when we are killed.
        await control.command("TAKEOWNERSHIP");
        return await toLink(folder, control, child);
      }
      if (performance.now() > endMs) throw tooSlow();
      signal.throwIfAborted();
      await Promise.race([sleep(POLL_MS), failed]);
    }
  } catch (error) {
    child.kill();
    await child.exited;
    throw explain(error, output());
  }
}

/** Somebody else of ours started one at the same time: it is his, and we attach to it at the next try. */
async function isOther(control: ControlClient, child: TorChild): Promise<boolean> {
  if (Number((await control.getInfo("process/pid")).get("process/pid")) === child.pid) return false;
  control.close();
  return true;
}

/** Tor insists that nobody else may enter. A port that an earlier tor wrote is not ours any more. */
function prepareFolder(folder: string): void {
  for (const path of [folder, dataDirectory(folder)]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700); // where it was there already
  }
  for (const place of [controlListening(folder), socksListening(folder)]) {
    if ("portFile" in place) rmSync(place.portFile, { force: true });
  }
}

interface Launched {
  readonly child: TorChild;
  output(): string;
  /** Rejects when the process ends or cannot be started; never resolves. */
  readonly failed: Promise<never>;
}

function launch(binary: string, parts: TorrcParts): Launched {
  const plugins = reachablePlugins(parts.folder, parts.plugins);
  const defaults = join(parts.folder, "defaults-torrc");
  writeFileSync(defaults, ""); // the machine's own would be taken else
  const started = spawn(binary, ["-f", "-", "--defaults-torrc", defaults], {
    cwd: parts.folder,
    stdio: ["pipe", "pipe", "pipe"],
    // Ctrl-C at the terminal is for us: we still need tor to say goodbye, and end it then.
    detached: process.platform !== "win32",
    windowsHide: true,
  });
  started.stdin.on("error", () => {}); // it ended before it read
  started.stdin.end(writeTorrc({ ...parts, plugins }));
  let said = "";
  for (const stream of [started.stdout, started.stderr]) {
    stream.on("data", (bytes) => {
      said = (said + String(bytes)).slice(-KEPT_OUTPUT_CHARACTERS);
    });
  }
  const exited = endOf(started);
  const failed = exited.then(() => {
    throw new NetworkError("tor_failed", "Tor ended.");
  });
  failed.catch(() => {}); // once it runs, its end is noticed by its control connection
  const child = { pid: started.pid ?? 0, exited, kill: () => void started.kill("SIGKILL") };
  return { child, output: () => said, failed };
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
}

async function tryControl(folder: string, limits: TorLimits): Promise<ControlClient | null> {
  try {
    const place = readPlace(folder);
    return place && (await connectControl(place, readFileSync(cookiePath(folder)), { limits }));
  } catch {
    return null;
  }
}

function readPlace(folder: string): ControlPlace | null {
  const place = controlListening(folder);
  if ("path" in place) return place;
  const [, host, port] = PORT_FILE.exec(readFileSync(place.portFile, "utf8")) ?? [];
  return host === undefined ? null : { host, port: Number(port) };
}

async function toLink(folder: string, control: ControlClient, child: TorChild | null): Promise<TorLink> {
  const place = socksListening(folder);
  if ("path" in place) return { control, socks: place, child };
  const listeners = (await control.getInfo("net/listeners/socks")).get("net/listeners/socks") ?? "";
  const [, host, port] = /"(127\.0\.0\.1):(\d+)"/.exec(listeners) ?? [];
  if (host === undefined) throw new NetworkError("tor_failed", "Tor listens nowhere for connections.");
  return { control, socks: { host, port: Number(port) }, child };
}

function tooSlow(): NetworkError {
  return new NetworkError("tor_not_answering", "Tor was started, and does not answer.", {
    hint: "Nocturne tries again by itself.",
  });
}

function folderBusy(): NetworkError {
  return new NetworkError("tor_folder_busy", "Another tor uses the folder of this node and does not answer.", {
    hint: "Nocturne tries again by itself; if it stays so, end that tor.",
  });
}

function explain(error: unknown, output: string): unknown {
  if (!(error instanceof NetworkError) || error.code !== "tor_failed") return error;
  if (/Tor process is running with the same data directory/.test(output)) {
    return folderBusy();
  }
  const said = output.match(/\[(?:warn|err)\] .*/g)?.filter((line) => !/see warnings above/.test(line)) ?? [];
  const last = said.at(-1);
  return new NetworkError(
    "tor_failed",
    `Tor ended at once${last === undefined ? "." : `: ${last.replace(/^\[\w+\] /, "")}`}`,
    {
      hint: "Check the bridges and the extra settings of Tor; Nocturne tries again by itself.",
      cause: error,
    },
  );
}
