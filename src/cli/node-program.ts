/**
 * `nocturne-node`: a share of this machine's disk for the mesh, as a process of its own.
 *
 *   connect       starts it in the background, or here with --foreground (as service managers want it)
 *   status        what it holds, and how it is doing
 *   ledger        what it signed, as files that anybody can check
 *   voucher       promises an owner more room than strangers get
 *   disconnect    it says that it leaves, waits until others hold what it holds, and ends
 */
import { createInterface } from "node:readline";
import { join } from "node:path";
import process from "node:process";
import { type Command, InvalidArgumentError } from "commander";
import type { LeaveProgress, OperatorStatus } from "../api/contract.ts";
import { InternalError, NetworkError, NoNodeError } from "../core/errors.ts";
import { MESH_LIMITS } from "../core/mesh-limits.ts";
import { meshNodeFolder, meshNodeLog, meshNodeSocket } from "../node/mesh-node-paths.ts";
import { startInBackground, untilOver } from "./background.ts";
import type { Context } from "./context.ts";
import { newProgram } from "./global-options.ts";
import { NodeClient } from "./node-client.ts";
import { operatorTable } from "./operator-table.ts";
import { collect, parseCount, parsePort } from "./options.ts";
import { formatBytes } from "./output.ts";
import { parseBytes } from "./sizes.ts";
import { signalled } from "./signals.ts";
import { keepHeapSmall } from "./small-heap.ts";

interface ConnectOptions {
  readonly maxStorage: number;
  readonly tracker?: string;
  readonly bootstrap?: string[];
  readonly host: string;
  readonly port: number;
  readonly lan: boolean;
  readonly care: boolean;
  readonly relay?: boolean;
  readonly networkKey?: string;
  readonly foreground?: boolean;
}

const DEFAULT_STORAGE = 10_000_000_000;
const DEFAULT_PORT = 4_001;
const DAY_MS = 86_400_000;

export function createNodeProgram(context: Context): Command {
  const program = newProgram("nocturne-node", "Gives the storage mesh a share of this machine's disk.", context);
  addConnect(program, context);
  program
    .command("status")
    .description("what this node holds, and how it is doing")
    .action(() => showStatus(context));
  program
    .command("ledger")
    .description("what this node signed, and who cosigned it")
    .command("export <folder>")
    .description("write it into a folder, as files that nocturne verify checks offline; the node may run meanwhile")
    .action((folder: string) => exportTo(context, folder));
  program
    .command("disconnect")
    .description("leave the mesh: others first get what this node holds, then it ends")
    .option("--now", "do not wait: what it holds is repaired from other nodes later")
    .action(({ now = false }: { now?: boolean }) => disconnect(context, now));
  program
    .command("voucher <owner> <size>")
    .description("promise an owner more room than strangers get; his nocturne mesh status tells his name")
    .option("--days <n>", "for so long", parseCount, 90)
    .action((owner: string, size: string, { days }: { days: number }) => makeVoucher(context, owner, size, days));
  program.helpCommand("help [command]", "tell more of a command");
  return program;
}

function addConnect(program: Command, context: Context): void {
  program
    .command("connect")
    .description("join the mesh and keep fragments for others")
    .option("--max-storage <size>", "real bytes of the disk that it may take", parseStorage, DEFAULT_STORAGE)
    .option("--tracker <url>", "ask this tracker who is there (else NOCTURNE_TRACKER); it only speeds discovery")
    .option("--bootstrap <address>", "a node to begin with, as its status shows it (may be repeated)", collect)
    .option("--host <address>", "address to listen at", "0.0.0.0")
    .option("--port <n>", `port for the mesh, and the next one for fragments (0 for any)`, parsePort, DEFAULT_PORT)
    .option("--no-lan", "do not look for nodes in the local network")
    .option("--no-care", "do not repair files of others that are given into its care")
    .option("--relay", "be reached through other nodes, and relay for them, where a router is in the way")
    .option("--network-key <file>", "only for nodes that have this file: a mesh of your own")
    .option("--foreground", "stay in this terminal; as service managers want it")
    .action((options: ConnectOptions) => (options.foreground ? serve(context, options) : connectInBackground(context)));
}

/** Runs until a signal or `disconnect`. */
async function serve(context: Context, options: ConnectOptions): Promise<void> {
  keepHeapSmall();
  const ended = signalled();
  const { dataDir, logLevel, tracker } = context.config();
  const [{ startMeshDaemon }, { openMeshDoor }, { createLogger }] = await Promise.all([
    import("../node/mesh-daemon.ts"),
    import("../api/mesh-door.ts"),
    import("../core/log.ts"),
  ]);
  const { maxStorage: maxBytes, bootstrap = [], host, port, lan, care, relay = false, networkKey = null } = options;
  await using opened = new AsyncDisposableStack();
  const running = await startMeshDaemon({
    folder: meshNodeFolder(dataDir),
    maxBytes,
    bootstrap,
    listen: { host, port },
    tracker: options.tracker ?? tracker,
    lan,
    care,
    relay,
    networkKey,
    log: createLogger(logLevel),
  });
  const daemon = opened.use(running);
  opened.use(await openMeshDoor(daemon, meshNodeSocket(dataDir)));
  const status = daemon.status();
  const line = { event: "ready", peerId: status.peerId, pid: process.pid, addresses: status.addresses };
  context.output.result(line, readyText(status, maxBytes));
  await Promise.race([daemon.left, ended]);
}

function readyText({ peerId, addresses }: OperatorStatus, maxBytes: number): string {
  const where = addresses.map((address) => `  ${address}`).join("\n");
  return `In the mesh as ${peerId}, with up to ${formatBytes(maxBytes)} for others.\nOthers can begin with:\n${where}`;
}

async function connectInBackground(context: Context): Promise<void> {
  const { dataDir } = context.config();
  if (await findStatus(dataDir))
    throw new InternalError("node_in_use", "A node is running in this data directory.", IN_USE);
  const log = meshNodeLog(dataDir);
  const find = (): Promise<OperatorStatus | null> => findStatus(dataDir);
  const { pid, found } = await startInBackground({ log, find, notStarted: (cause) => notStarted(log, cause) });
  const { peerId, addresses, maxBytes } = found;
  context.output.result({ event: "ready", peerId, pid, addresses }, readyText(found, maxBytes));
}

const IN_USE = { hint: "Look with: nocturne-node status - or choose another folder with --data-dir." };

function notStarted(log: string, cause?: unknown): InternalError {
  return new InternalError("node_not_started", "The node did not start.", {
    hint: `Read the end of ${log}, or try with --foreground.`,
    cause,
  });
}

async function findStatus(dataDir: string): Promise<OperatorStatus | null> {
  try {
    return await clientOf(dataDir).call<OperatorStatus>("GET", "/status");
  } catch (error) {
    if (error instanceof NoNodeError) return null;
    throw error;
  }
}

function clientOf(dataDir: string): NodeClient {
  return new NodeClient(meshNodeSocket(dataDir));
}

async function showStatus(context: Context): Promise<void> {
  const status = await findStatus(context.config().dataDir);
  if (!status) throw noNode();
  context.output.result(status, operatorTable(status));
}

async function exportTo(context: Context, folder: string): Promise<void> {
  const { exportNodeLedger } = await import("../node/mesh-daemon.ts");
  const files = await exportNodeLedger(meshNodeFolder(context.config().dataDir), folder);
  const text = `Wrote ${files.length} files. Check them anywhere with: nocturne verify ${join(folder, "*")}`;
  context.output.result({ folder, files }, text);
}

async function disconnect(context: Context, now: boolean): Promise<void> {
  const { dataDir } = context.config();
  if (!(await findStatus(dataDir))) throw noNode();
  const answer = await clientOf(dataDir).open("POST", "/disconnect", { json: { now } });
  let last: LeaveProgress | null = null;
  for await (const line of createInterface({ input: answer })) {
    last = JSON.parse(line) as LeaveProgress;
    if (!context.output.json) context.output.say(leaveText(last));
  }
  const late = (): InternalError => new InternalError("still_stopping", "The node has not ended yet.");
  await untilOver(async () => !(await isRunning(dataDir)), late);
  const left = last?.left ?? 0;
  const text = left === 0 ? "Left the mesh." : `Left the mesh. ${left} fragments are repaired from other nodes.`;
  context.output.result({ disconnected: true, left }, text);
}

/** A node that ends in the middle of an answer has not ended yet. */
async function isRunning(dataDir: string): Promise<boolean> {
  try {
    return (await findStatus(dataDir)) !== null;
  } catch (error) {
    if (error instanceof NetworkError && error.code === "node_gone") return true;
    throw error;
  }
}

/** The running node signs it, so that it stands in its ledger. */
async function makeVoucher(context: Context, owner: string, size: string, days: number): Promise<void> {
  const [bytes, untilMs] = [parseBytes(size), Date.now() + days * DAY_MS];
  const client = clientOf(context.config().dataDir);
  if (!(await findStatus(context.config().dataDir))) throw noNode();
  const { voucher } = await client.call<{ voucher: string }>("POST", "/voucher", { json: { owner, bytes, untilMs } });
  const until = new Date(untilMs).toISOString();
  context.output.result({ voucher, bytes, until }, voucher);
  context.output.say(`He takes it with: nocturne mesh voucher add`);
}

function leaveText({ left, total }: LeaveProgress): string {
  return total === 0 ? "It holds nothing." : `${total - left} of ${total} fragments are held by others.`;
}

function noNode(): NoNodeError {
  return new NoNodeError("no_node", "No node is running in this data directory.", {
    hint: "Start one with: nocturne-node connect",
  });
}

/** Less cannot hold its part of a common file. */
function parseStorage(text: string): number {
  const bytes = parseBytes(text);
  if (bytes >= MESH_LIMITS.leastStorageBytes) return bytes;
  throw new InvalidArgumentError(`Give at least ${formatBytes(MESH_LIMITS.leastStorageBytes)}.`);
}
