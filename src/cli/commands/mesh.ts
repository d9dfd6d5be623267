/**
 * `nocturne mesh`: files on machines of other people, and what this machine keeps for them; `nocturne files mesh, free, keep`.
 *
 *   join [ADDRESS...], leave     status     receipts FOLDER     voucher add      files: into the mesh, off this disk, back onto it
 */
import { type Command, InvalidArgumentError } from "commander";
import type { FileView, JoinMesh, MeshView, MeshVoucherView } from "../../api/contract.ts";
import { toHex } from "../../core/bytes.ts";
import type { Context } from "../context.ts";
import { interruptible } from "../interruption.ts";
import { keptWords, requireMesh, untilKept } from "../kept-file.ts";
import { parsePort } from "../options.ts";
import { formatBytes, formatTable } from "../output.ts";
import { plainLine } from "../plain-text.ts";
import { Progress } from "../progress.ts";
import { parseBytes } from "../sizes.ts";
import { findFile } from "./files.ts";
import { writeReceipts } from "./mesh-receipts.ts";

interface JoinOptions {
  readonly lan?: boolean;
  readonly share?: number;
  readonly host: string;
  readonly port: number;
  readonly care: boolean;
  readonly networkKey?: string;
}

const DEFAULT_PORT = 4_001;
const NODES_SHOWN = 40;

export function addMeshCommands(program: Command, context: Context): void {
  const mesh = program.command("mesh").description("keep files on machines of other people, sealed and in pieces");

  mesh
    .command("join [addresses...]")
    .description(
      "join, beginning with these nodes (as nocturne-node status tells them), or with those in the local network",
    )
    .option("--lan", "look for nodes in the local network, and be found there (usual)")
    .option("--no-lan", "neither")
    .option("--share <size>", "keep so much for others, such as 10GB; `none`: nothing (usual)", parseShare)
    .option("--host <address>", "with --share: address to listen at", "0.0.0.0")
    .option("--port <n>", "with --share: port, and the next one for fragments (0 for any)", parsePort, DEFAULT_PORT)
    .option("--no-care", "with --share: do not repair files of others")
    .option("--network-key <file>", "a mesh of your own: only nodes that have this file")
    .action((addresses: string[], options: JoinOptions) => join(context, addresses, options));

  mesh
    .command("leave")
    .description("give up what you keep there, and leave")
    .action(async () => show(context, await context.node().call<MeshView>("POST", "/api/mesh/leave")));

  mesh
    .command("status")
    .description("nodes, what you keep there and how safe it is, what this machine does for others")
    .action(async () => show(context, await context.node().call<MeshView>("GET", "/api/mesh")));

  mesh
    .command("receipts <folder>")
    .description("write what nodes signed that they keep for you into files, which `nocturne verify` checks")
    .action((folder: string) => writeReceipts(context, folder));

  mesh
    .command("voucher")
    .description("promises of room")
    .command("add")
    .description("take a voucher that a node's operator made for you, from stdin")
    .action(async () => {
      const voucher = (await context.prompt.stdin("the voucher")).trim();
      const added = await context.node().call<MeshVoucherView>("POST", "/api/mesh/vouchers", { json: { voucher } });
      context.output.result(
        added,
        `Node ${added.node} keeps ${formatBytes(added.bytes)} for you until ${added.until}.`,
      );
    });

  addFileCommands(program, context);
}

function addFileCommands(program: Command, context: Context): void {
  const files = program.commands.find((command) => command.name() === "files") as Command;
  files
    .command("mesh <id>")
    .description("keep a file in the storage mesh, and wait until it is there")
    .option("--off", "only on this machine again")
    .action((id: string, { off = false }: { off?: boolean }) =>
      off ? change(context, "DELETE", id, "mesh") : keep(context, id),
    );

  files
    .command("free <id>")
    .description("take a file's bytes off this disk; they are read from the mesh then")
    .action((id: string) => change(context, "DELETE", id, "local"));

  files
    .command("keep <id>")
    .description("bring a file's bytes back from the mesh onto this disk")
    .action((id: string) => change(context, "POST", id, "local"));
}

async function join(context: Context, addresses: readonly string[], options: JoinOptions): Promise<void> {
  const { lan, share, host, port, care, networkKey } = options;
  const json: JoinMesh = {
    ...(addresses.length > 0 ? { bootstrap: addresses } : {}),
    ...(lan === undefined ? {} : { lan }),
    ...(share === undefined ? {} : { share: share === 0 ? null : { maxBytes: share, host, port, care } }),
    ...(networkKey === undefined ? {} : { networkKey: toHex(await readNetworkKey(networkKey)) }),
  };
  show(context, await context.node().call<MeshView>("POST", "/api/mesh/join", { json }));
}

/** 32 bytes of a file of 64 hex digits. Throws CodecError `network_key_corrupt`. */
export async function readNetworkKey(path: string): Promise<Uint8Array> {
  const { readSeed } = await import("../../node/seed-file.ts");
  return readSeed(path, "network_key_corrupt", "Every node of a private network has the same file of 64 hex digits.");
}

async function keep(context: Context, id: string): Promise<void> {
  const client = context.node();
  await requireMesh(client);
  const { id: whole } = await findFile(client, id);
  const asked = await client.call<FileView>("POST", `/api/files/${whole}/mesh`);
  const progress = new Progress(!context.output.json && !context.output.quiet);
  const say = (text: string): void => {
    progress.clear();
    context.output.say(text);
  };
  const wait = (signal: AbortSignal): Promise<FileView> => untilKept(client, asked, { progress, say, signal });
  showFile(context, await interruptible(wait, () => "Interrupted. The node goes on; see: nocturne mesh status"));
}

async function change(context: Context, method: "POST" | "DELETE", id: string, what: "mesh" | "local"): Promise<void> {
  const client = await context.anyNode();
  const { id: whole } = await findFile(client, id);
  showFile(context, await client.call<FileView>(method, `/api/files/${whole}/${what}`));
}

function showFile({ output }: Context, file: FileView): void {
  const where = file.mesh?.here === false ? "  not on this disk" : "";
  output.result(file, `${file.id}  ${formatBytes(file.bytes)}  ${plainLine(file.path)}${keptWords(file)}${where}`);
}

function show({ output }: Context, view: MeshView): void {
  output.result(view, describe(view));
  for (const problem of [view.problem, view.kept.problem, view.account.problem]) {
    if (problem) output.warn(plainLine(`${problem.message} ${problem.hint ?? ""}`.trim()));
  }
}

function describe(view: MeshView): string {
  if (!view.on) return "No storage mesh is joined.";
  const { state, nodes, coding, kept, account, own } = view;
  const up = nodes.filter((node) => node.state === "up").length;
  const rows = nodes
    .slice(0, NODES_SHOWN)
    .map(({ id, domain, state: is, uptime, roomBytes, fragments }) => [
      id,
      plainLine(domain),
      is,
      `${Math.round(100 * uptime)} %`,
      formatBytes(roomBytes),
      String(fragments),
    ]);
  return [
    `The mesh is ${state}: ${up} of ${nodes.length} known nodes are there.`,
    ...(coding
      ? [`A file is cut so that any ${coding.needed} of ${coding.total} pieces give it back${holds(coding.holds)}`]
      : []),
    `You keep ${kept.files} files there (${formatBytes(kept.bytes)})${countsOf(kept)}.`,
    account.copiedAt === null
      ? "Your account has no copy there yet."
      : `Your account's copy there is of ${account.copiedAt}${account.isCurrent ? "" : "; a newer one is on its way"}.`,
    ...(own
      ? [`For others: ${own.fragments} fragments, ${formatBytes(own.usedBytes)} of ${formatBytes(own.maxBytes)}.`]
      : []),
    ...(rows.length > 0 ? ["", formatTable(["NODE", "WHERE", "STATE", "THERE", "ROOM", "YOURS"], rows)] : []),
  ].join("\n");
}

function holds(isKept: boolean): string {
  return isKept ? "." : "; with so few nodes it may be out of reach now and then.";
}

function countsOf({ waiting, due, unreadable }: MeshView["kept"]): string {
  const counts = [
    [waiting, "wait"],
    [due, "are to be repaired"],
    [unreadable, "cannot be read now"],
  ] as const;
  return counts.flatMap(([count, words]) => (count > 0 ? [`, ${count} ${words}`] : [])).join("");
}

/** 0 for none. */
function parseShare(text: string): number {
  if (text === "none") return 0;
  try {
    return parseBytes(text);
  } catch {
    throw new InvalidArgumentError("Use a size such as 10GB, or none.");
  }
}
