/**
 * The real program in a process of its own, on a data folder and ports that nobody else uses.
 *
 *   const alice = await startNocturne(t);
 *   const { code, json } = await alice.run<{ id: string }>(["send", npub, "hello", "--json"]);
 *
 * What a test starts ends with the test, whatever happens to it.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { atEnd, type Owner, temporaryFolder } from "./cleanup.ts";

export { temporaryFolder };

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

const PROGRAMS = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "src/cli");
/** Generous, because several browsers and nodes may share two cores. */
const READY_MS = 60_000;
const COMMAND_MS = 60_000;
const STOP_MS = 10_000;
const READY_POLL_MS = 20;
const KEPT_LOG_CHARACTERS = 100_000;
const PORT_RANGES = 4;
const PORTS = 5_000;

export interface CliResult<T = unknown> {
  /** Exit code; null when the process was killed, or when it took longer than allowed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as one JSON value, or as an array of values when there are several lines; undefined if it is no JSON. */
  readonly json: T;
}

export interface CliOptions {
  /** By default the app's. */
  readonly program?: "nocturne" | "nocturne-node" | "nocturne-agent" | "nocturne-mesh";
  readonly dataDir?: string;
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly wrap?: (command: readonly string[]) => readonly string[];
  readonly limitMs?: number;
}

export interface StartOptions {
  /** An existing data folder, for a second start; else a new one. */
  readonly dataDir?: string;
  /** Kept over a restart, so that others find the node again. */
  readonly ports?: { readonly app: number; readonly relay: number };
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Program and arguments before those of the node, such as what puts it into a network namespace. */
  readonly wrap?: (command: readonly string[]) => readonly string[];
  /** Cover as the settings say. Else there is none: tests that are not about it need not wait. */
  readonly covered?: boolean;
}

export interface NocturneProcess {
  readonly url: string;
  readonly npub: string;
  readonly pid: number;
  /** The embedded relay's ws:// URL. */
  readonly relay: string;
  readonly dataDir: string;
  readonly ports: { readonly app: number; readonly relay: number };
  /** What it wrote to stderr so far. */
  log(): string;
  /** Resolves to the exit code once it has ended by itself, or to null after a signal. */
  readonly exited: Promise<number | null>;
  /** A CLI command against this node. */
  run<T = unknown>(args: readonly string[], options?: CliOptions): Promise<CliResult<T>>;
  /** Sends a signal and waits for the end; `SIGTERM` is an orderly stop, `SIGKILL` a crash. Resolves to the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** A command that runs on, as `inbox --follow` does. */
export interface RunningCommand {
  readonly pid: number;
  /** Resolves to the exit code, or to null after a signal. */
  readonly exited: Promise<number | null>;
  isRunning(): boolean;
  /** What it wrote so far. */
  stdout(): string;
  log(): string;
  /** As of a node. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/**
 * A port of 127.0.0.1 that is free now, outside the range from which the system picks for outgoing connections. Files
 * that run at once pick from ranges of their own, because a port is free until its node has started, or starts again.
 */
export async function freePort(): Promise<number> {
  const first = 10_000 + (Number(process.env["NODE_TEST_WORKER_ID"] ?? 0) % PORT_RANGES) * PORTS;
  for (;;) {
    const port = first + Math.floor(Math.random() * PORTS);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Starts a node and waits until it is ready. Rejects with what the node said if it ends or hangs before. */
export async function startNocturne(t: Owner, options: StartOptions = {}): Promise<NocturneProcess> {
  const dataDir = options.dataDir ?? temporaryFolder(t);
  const ports = options.ports ?? { app: await freePort(), relay: await freePort() };
  const places = ["--port", `${ports.app}`, "--relay-port", `${ports.relay}`];
  const cover = options.covered ? [] : ["--cover", "fast"];
  const args = ["start", "--json", "--no-open", ...cover, ...places];
  const node = startCommand(t, [...args, ...(options.args ?? [])], { dataDir, ...options });
  const ready = await waitUntilReady(node);
  return {
    ...ready,
    dataDir,
    ports,
    log: node.log,
    exited: node.exited,
    run: (command, more = {}) => runCli(command, { dataDir, ...more }),
    end: node.end,
  };
}

/** Starts only a relay and waits until it is ready. */
export async function startRelayProcess(
  t: Owner,
  options: Pick<StartOptions, "args" | "wrap"> & { readonly dataDir: string; readonly port: number },
): Promise<RunningCommand & { readonly url: string }> {
  const { port, args = [] } = options;
  const relay = startCommand(t, ["relay", "--json", "--port", `${port}`, ...args], options);
  const { url } = await waitUntilReady(relay);
  return { ...relay, url };
}

/** A share of the disk for the mesh, in the foreground. */
export interface MeshDaemonProcess extends RunningCommand {
  /** `nocturne-node status` or another command. */
  run<T = unknown>(args: readonly string[]): Promise<CliResult<T>>;
}

/** Starts `nocturne-node connect` and waits until it is ready. */
export async function startMeshDaemonProcess(
  t: Owner,
  args: readonly string[],
  place: Pick<StartOptions, "wrap">,
): Promise<MeshDaemonProcess> {
  const options = { program: "nocturne-node", dataDir: temporaryFolder(t), ...place } as const;
  const node = startCommand(t, ["--json", "connect", "--foreground", ...args], options);
  await waitUntilReady(node);
  return { ...node, run: (command) => runCli(["--json", ...command], options) };
}

/** Starts a command that goes on by itself; its stdin is empty. */
export function startCommand(
  t: Owner,
  args: readonly string[],
  options: Pick<CliOptions, "program" | "dataDir" | "env" | "cwd" | "wrap">,
): RunningCommand {
  const child = spawnNocturne(args, options);
  child.stdin.end();
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const killed = () => child.kill("SIGKILL");
  process.once("exit", killed); // a test that breaks off leaves no process behind
  void exited.then(() => process.removeListener("exit", killed));
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const end = async (signal: NodeJS.Signals = "SIGTERM") => {
    if (isRunning()) child.kill(signal);
    const timer = setTimeout(killed, STOP_MS);
    const code = await exited;
    clearTimeout(timer);
    return code;
  };
  atEnd(t, () => end());
  return { pid: child.pid ?? 0, exited, isRunning, stdout, log: stderr, end };
}

/** The end of what came so far. */
function collect(stream: Readable): () => string {
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-KEPT_LOG_CHARACTERS);
  });
  return () => text;
}

/** Runs one command to its end. Never rejects because of how the command ended. */
export async function runCli<T = unknown>(args: readonly string[], options: CliOptions = {}): Promise<CliResult<T>> {
  const child = spawnNocturne(args, options);
  const whole = async (stream: Readable) => Buffer.concat(await stream.toArray()).toString();
  child.stdin.on("error", () => {}); // a command that does not read its stdin may end before it was written
  child.stdin.end(options.stdin ?? "");
  const timer = setTimeout(() => child.kill("SIGKILL"), options.limitMs ?? COMMAND_MS);
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [code, stdout, stderr] = await Promise.all([exited, whole(child.stdout), whole(child.stderr)]);
  clearTimeout(timer);
  return { code, stdout, stderr, json: parseJson(stdout) as T };
}

function spawnNocturne(
  args: readonly string[],
  options: Pick<CliOptions, "program" | "dataDir" | "env" | "cwd" | "wrap">,
): Child {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(NOCTURNE_|PORT$|NODE_TEST)/.test(name));
  const dataDir = options.dataDir === undefined ? {} : { NOCTURNE_DATA_DIR: options.dataDir };
  const { wrap = (command: readonly string[]) => command } = options;
  const entry = join(PROGRAMS, `${options.program ?? "nocturne"}.ts`);
  const [program = "", ...words] = wrap([process.execPath, entry, ...args]);
  return spawn(program, words, {
    cwd: options.cwd,
    env: { ...Object.fromEntries(inherited), ...dataDir, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
}

interface ReadyLine {
  readonly event: "ready";
  readonly url: string;
  readonly npub: string;
  readonly pid: number;
  readonly relay: string;
}

async function waitUntilReady({ stdout, log, isRunning, end }: RunningCommand): Promise<ReadyLine> {
  for (const deadline = Date.now() + READY_MS; isRunning() && Date.now() < deadline; await sleep(READY_POLL_MS)) {
    const lines = stdout().split("\n").slice(0, -1);
    const ready = lines.map((line) => parseJson(line) as Partial<ReadyLine> | undefined);
    const found = ready.find((value) => value?.event === "ready");
    if (found) return found as ReadyLine;
  }
  await end("SIGKILL");
  throw new Error(`It ended, or said nothing for ${READY_MS} ms, before it was ready:\n${log()}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    try {
      return text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown);
    } catch {
      return undefined;
    }
  }
}
