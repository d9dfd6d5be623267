/**
 * `nocturne recovery`: the one key that brings everything back.
 *
 *   restore, no node    empty folder: the identity is made anew; a vault: opened, its passphrase forgotten
 *   restore, a node     its locked vault is opened where it is
 */

import type { Command } from "commander";
import type { Contact, FileView, IdentityView, RecoveryView, RestoreResult, Status } from "../../api/contract.ts";
import { ValidationError } from "../../core/errors.ts";
import { toHex } from "../../core/bytes.ts";
import type { Context } from "../context.ts";
import type { NodeClient } from "../node-client.ts";

const WORDS_PER_LINE = 6;

export function addRecoveryCommands(program: Command, context: Context): void {
  const recovery = program.command("recovery").description("your recovery key");

  recovery
    .command("show")
    .description("print the recovery key, as hex and as 24 words")
    .action(() => show(context));

  recovery
    .command("restore")
    .description(
      "get back in with the recovery key (hex or words) on stdin: onto an empty machine, or past a forgotten passphrase",
    )
    .action(() => restore(context));
}

/** Both forms, numbered: a word in the wrong place is the usual mistake when it is copied by hand. */
async function show(context: Context): Promise<void> {
  const key = await (await context.anyNode()).call<RecoveryView>("GET", "/api/recovery");
  const words = key.words.split(" ").map((word, i) => `${String(i + 1).padStart(2)} ${word.padEnd(10)}`);
  const starts = words.flatMap((_, i) => (i % WORDS_PER_LINE === 0 ? [i] : []));
  const rows = starts.map((start) =>
    words
      .slice(start, start + WORDS_PER_LINE)
      .join(" ")
      .trimEnd(),
  );
  context.output.result(key, `${key.hex} ${key.checksum}\n\n${rows.join("\n")}`);
  context.output.say("Whoever has this key has everything. Write it on paper, not into a file.");
}

async function restore(context: Context): Promise<void> {
  const key = await context.prompt.secretOrStdin("Recovery key (hex or 24 words)", "the recovery key");
  const client = await context.findNode();
  const result = client ? await restoreInNode(client, key) : await restoreHere(context, key);
  printRestored(context, result);
  // The old passphrase is gone with the vault's old lock; a key file lies beside the vault until there is a new one.
  const status = client && (await client.call<Status>("GET", "/api/status"));
  if (status?.protection === "passphrase" || context.config().secret !== null) return;
  context.output.say("The vault has no passphrase now. Set one with: nocturne passphrase");
}

async function restoreHere(context: Context, key: string): Promise<RestoreResult> {
  const { restoreByKey } = await import("../../node/restore.ts");
  return restoreByKey(context.config(), key);
}

/** A running node holds the vault already: a locked one is opened by the key, an open one must be of the same key. */
async function restoreInNode(client: NodeClient, key: string): Promise<RestoreResult> {
  const { locked } = await client.call<Status>("GET", "/api/status");
  if (locked) await client.call("POST", "/api/recovery/unlock", { json: { key } });
  const { hex } = await client.call<RecoveryView>("GET", "/api/recovery");
  const { parseRecoveryKey } = await import("../../crypto/recovery-key.ts"); // its words take long to load
  if (hex !== toHex(parseRecoveryKey(key))) throw anotherVault();
  const { npub } = await client.call<IdentityView>("GET", "/api/identity");
  const contacts = await client.call<Contact[]>("GET", "/api/contacts");
  const files = await client.call<FileView[]>("GET", "/api/files");
  return { npub, contacts: contacts.length, files: files.length };
}

/** What came back, for both ways of restoring. */
export function printRestored(context: Context, result: RestoreResult): void {
  context.output.result(result, `You are ${result.npub} again. Contacts: ${result.contacts}. Files: ${result.files}.`);
}

function anotherVault(): ValidationError {
  return new ValidationError("another_vault", "This is the recovery key of another vault than the one here.", {
    hint: "Bring it back in a new folder, with --data-dir.",
  });
}
