/**
 * `nocturne recovery`: the one key that brings everything back.
 *
 *   restore, no node    empty folder: the account is made anew, from what relays have of it; a vault: opened, its passphrase forgotten
 *   restore, a node     its locked vault is opened where it is
 *   update              leaves at relays what a restore is made from; happens by itself, too
 */

import type { Command } from "commander";
import type {
  Contact,
  FileView,
  IdentityView,
  RecoveryView,
  RestoreResult,
  Status,
  SummaryView,
} from "../../api/contract.ts";
import { ValidationError } from "../../core/errors.ts";
import { toHex } from "../../core/bytes.ts";
import type { Context } from "../context.ts";
import type { NodeClient } from "../node-client.ts";
import { collect } from "../options.ts";
import { readNetworkKey } from "./mesh.ts";
import { wordSheet } from "../word-sheet.ts";
import { addShareCommands } from "./shares.ts";

const RELAYS_TOO = "Write the relays down, too: with them the key brings back your contacts, groups and channels.";
const NO_RELAY =
  "You use no relay but your own, so there is no summary anywhere. Choose a relay in the settings, or keep a backup.";
const WHAT_COMES =
  "Messages and files are in backups only. When you start, contacts are told and groups asked to let you in again.";

export function addRecoveryCommands(program: Command, context: Context): void {
  const recovery = program.command("recovery").description("your recovery key");

  recovery
    .command("show")
    .description("print the recovery key, as hex and as 24 words, and the relays that belong on the same paper")
    .option("--qr", "also as a QR code")
    .action(({ qr = false }: { qr?: boolean }) => show(context, qr));

  recovery
    .command("confirm")
    .description("type the recovery key from your paper (or on stdin), so that nobody reminds you any more")
    .action(() => confirm(context));

  recovery
    .command("status")
    .description("where the summary of your account lies that the recovery key finds")
    .action(async () => printSummary(context, await (await context.anyNode()).call("GET", "/api/recovery/summary")));

  recovery
    .command("update")
    .description("leave a summary of your account at your relays now; else it follows each change by itself")
    .action(async () => printSummary(context, await context.node().call("POST", "/api/recovery/summary")));

  recovery
    .command("restore")
    .description(
      "get back in with the recovery key (hex or words) on stdin: onto an empty machine, or past a forgotten passphrase",
    )
    .option("--relay <url>", "a relay that you used: it has a summary of your account (may be repeated)", collect)
    .option("--mesh", "from the copy of your account in the storage mesh, with its files")
    .option(
      "--node <address>",
      "with --mesh: a node to begin with, beside those in the local network (may be repeated)",
      collect,
    )
    .option("--network-key <file>", "with --mesh: of a mesh of your own")
    .option("--shares", "from shares of the key instead, one a line on stdin")
    .action((options: RestoreOptions) => restore(context, options));

  addShareCommands(recovery, context);
}

interface RestoreOptions {
  readonly relay?: string[];
  readonly shares?: boolean;
  readonly mesh?: boolean;
  readonly node?: string[];
  readonly networkKey?: string;
}

async function show(context: Context, asQr: boolean): Promise<void> {
  const key = await (await context.anyNode()).call<RecoveryView>("GET", "/api/recovery");
  const qr = asQr ? `\n\n${(await import("uqr")).renderUnicodeCompact(key.words, { ecc: "L" })}` : "";
  const relays = key.relays.length > 0 ? `\n\nRelays: ${key.relays.join(" ")}` : "";
  context.output.result(key, `${key.hex} ${key.checksum}\n\n${wordSheet(key.words)}${relays}${qr}`);
  if (key.relays.length > 0) context.output.say(RELAYS_TOO);
  context.output.say("Whoever has this key has everything. Write it on paper, not into a file.");
}

async function confirm(context: Context): Promise<void> {
  const client = await context.anyNode();
  const typed = await context.prompt.secretOrStdin(
    "Recovery key from your paper (hex or 24 words)",
    "the recovery key",
  );
  const { parseRecoveryKey } = await import("../../crypto/recovery-key.ts");
  const { hex } = await client.call<RecoveryView>("GET", "/api/recovery");
  if (hex !== toHex(parseRecoveryKey(typed))) throw anotherVault();
  await client.call("POST", "/api/recovery/confirm");
  context.output.result({ confirmed: true }, "Your paper is right.");
}

function printSummary(context: Context, summary: SummaryView): void {
  const { madeAt, relays, possible, leftOut } = summary;
  const where = relays.length > 0 ? `It lies at ${relays.join(", ")}.` : "It is on its way to your relays.";
  const words = madeAt === null ? "No summary of your account was made yet." : `Summary of ${madeAt}. ${where}`;
  context.output.result(summary, possible || madeAt !== null ? words : NO_RELAY);
  if (leftOut > 0) context.output.warn(`${leftOut} people did not fit. Keep a backup file, too.`);
}

async function restore(context: Context, options: RestoreOptions): Promise<void> {
  const { relay, shares = false, mesh = false } = options;
  const text = shares
    ? await collectShares(context)
    : await context.prompt.secretOrStdin("Recovery key (hex or 24 words)", "the recovery key");
  const client = await context.findNode();
  if (client && (relay || mesh)) throw nodeIsRunning();
  const result = client ? await restoreInNode(client, text, shares) : await restoreHere(context, text, shares, options);
  printRestored(context, result);
  // The old passphrase is gone with the vault's old lock; a key file lies beside the vault until there is a new one.
  const status = client && (await client.call<Status>("GET", "/api/status"));
  if (status?.protection === "passphrase" || context.config().secret !== null) return;
  context.output.say("The vault has no passphrase now. Set one with: nocturne passphrase");
}

/** At a terminal one after the other, until there are enough; else all of stdin. */
async function collectShares(context: Context): Promise<string> {
  const { parseShare } = await import("../../crypto/recovery-share.ts");
  const first = await context.prompt.secret("First share (33 words, or its text)");
  if (first === null) return context.prompt.stdin("the shares");
  const { need } = parseShare(first);
  const lines = [first];
  while (lines.length < need) {
    const next = (await context.prompt.secret(`Share ${lines.length + 1} of ${need}`)) ?? "";
    parseShare(next); // a slip is noticed before the next one is asked for
    lines.push(next);
  }
  return lines.join("\n");
}

async function restoreHere(
  context: Context,
  text: string,
  asShares: boolean,
  { relay, mesh = false, node = [], networkKey }: RestoreOptions,
): Promise<RestoreResult> {
  const { restoreByKey, restoreByMesh } = await import("../../node/restore.ts");
  if (!mesh) return restoreByKey(context.config({ relay }), text, asShares);
  const key = networkKey === undefined ? null : await readNetworkKey(networkKey);
  return restoreByMesh(context.config({}), text, asShares, { bootstrap: node, networkKey: key });
}

/** A running node holds the vault already: a locked one is opened by the key, an open one must be of the same key. */
async function restoreInNode(client: NodeClient, text: string, asShares: boolean): Promise<RestoreResult> {
  const { readRecoveryKey } = await import("../../node/recovery-input.ts"); // its words take long to load
  const { locked } = await client.call<Status>("GET", "/api/status");
  const key = toHex(await readRecoveryKey(text, asShares));
  if (locked) await client.call("POST", "/api/recovery/unlock", { json: { key } });
  const { hex } = await client.call<RecoveryView>("GET", "/api/recovery");
  if (hex !== key) throw anotherVault();
  const { npub } = await client.call<IdentityView>("GET", "/api/identity");
  const contacts = await client.call<Contact[]>("GET", "/api/contacts");
  const files = await client.call<FileView[]>("GET", "/api/files");
  return { npub, contacts: contacts.length, files: files.length };
}

/** What came back, for both ways of restoring. */
export function printRestored(context: Context, result: RestoreResult): void {
  const { npub, contacts, files, summary } = result;
  const made = summary?.madeAt
    ? ` Groups: ${summary.groups}. Channels: ${summary.channels}. As of ${summary.madeAt}.`
    : result.meshCopyOf
      ? ` As of ${result.meshCopyOf}.`
      : "";
  context.output.result(result, `You are ${npub} again. Contacts: ${contacts}. Files: ${files}.${made}`);
  for (const warning of summary?.warnings ?? []) context.output.warn(warning);
  if (summary?.madeAt) context.output.say(WHAT_COMES);
}

function nodeIsRunning(): ValidationError {
  return new ValidationError(
    "node_running",
    "A node runs in this folder, so nothing is brought back from relays or a mesh here.",
    {
      hint: "Stop it, or use an empty folder: nocturne --data-dir restored recovery restore --relay URL",
    },
  );
}

function anotherVault(): ValidationError {
  return new ValidationError("another_vault", "This is the recovery key of another vault than the one here.", {
    hint: "Bring it back in a new folder, with --data-dir.",
  });
}
