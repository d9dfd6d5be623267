/**
 * `nocturne lock`, `unlock`, `passphrase`, `wipe`, `backup`, `restore`: the vault as a whole.
 *
 *   lock, unlock                 a running node's keys
 *   passphrase, backup, wipe     by the running node, or here
 *   restore                      here, into an empty folder, so that no vault is ever written over
 */

import type { Command } from "commander";
import type { FileSpace, Status } from "../../api/contract.ts";
import { UsageError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import { interruptible } from "../interruption.ts";
import { formatBytes } from "../output.ts";
import { plainLine } from "../plain-text.ts";
import { untilGone } from "../running-node.ts";
import { isConnectionError } from "../node-client.ts";
import { statReadable, writeWholeFile } from "../whole-file.ts";
import { printRestored } from "./recovery.ts";

export function addVaultCommands(program: Command, context: Context): void {
  program
    .command("lock")
    .description("forget the keys until you unlock")
    .action(async () => {
      await context.node().call("POST", "/api/vault/lock");
      context.output.result({ locked: true }, "Locked.");
    });

  program
    .command("unlock")
    .description("unlock with the passphrase (asked, or on stdin)")
    .action(() => unlock(context));

  program
    .command("passphrase")
    .description("set or change it (asked, or on stdin: the new one, after the present one on a line of its own)")
    .action(() => setPassphrase(context));

  program
    .command("backup <path>")
    .description("write an encrypted backup; it opens with the recovery key, or the passphrase")
    .action((path: string) => backup(context, path));

  program
    .command("restore <path>")
    .description("bring a backup back into an empty data directory; recovery key or passphrase on stdin")
    .action((path: string) => restore(context, path));

  program
    .command("wipe")
    .description("destroy the keys, then everything else in the data directory")
    .option("--yes", "really")
    .action(({ yes = false }: { yes?: boolean }) => wipe(context, yes));
}

async function unlock(context: Context): Promise<void> {
  const client = context.node();
  await client.call("GET", "/api/status"); // no node: said before anything is asked
  const passphrase = await context.prompt.secretOrStdin("Passphrase", "the passphrase");
  await client.call("POST", "/api/vault/unlock", { json: { passphrase } });
  context.output.result({ locked: false }, "Unlocked.");
}

/** At a terminal each is asked for; on stdin a present passphrase stands on a line before the new one. */
async function setPassphrase(context: Context): Promise<void> {
  const client = await context.anyNode();
  const { protection } = await client.call<Status>("GET", "/api/status");
  const hasOne = protection === "passphrase";
  const current = hasOne ? await context.prompt.secret("Present passphrase") : null;
  const next = await context.prompt.newSecret("New passphrase");
  const asked = next === null ? await passphrasesFromStdin(context, hasOne) : { next, current };
  const body = { next: asked.next, ...(asked.current === null ? {} : { current: asked.current }) };
  await client.call("POST", "/api/vault/passphrase", { json: body });
  context.output.result(
    { protection: "passphrase" },
    "The passphrase is set. Without it only the recovery key opens the vault.",
  );
}

async function passphrasesFromStdin(
  context: Context,
  hasOne: boolean,
): Promise<{ next: string; current: string | null }> {
  const text = await context.prompt.stdin("the passphrase");
  const end = text.indexOf("\n");
  if (!hasOne) return { next: text, current: null };
  if (end >= 0) return { current: text.slice(0, end).replace(/\r$/, ""), next: text.slice(end + 1) };
  throw new UsageError("current_passphrase_needed", "The vault already has a passphrase.", {
    hint: "Give the present one on the first line of stdin, the new one on the second.",
  });
}

/** It returns when the node is gone too, so that a restore can follow at once. */
async function wipe(context: Context, yes: boolean): Promise<void> {
  if (!yes) {
    throw new UsageError("not_confirmed", "This destroys your identity, messages and files on this machine.", {
      hint: "If you mean it: nocturne wipe --yes",
    });
  }
  const config = context.config();
  const { wipeDataDirectory } = await import("../../node/wipe.ts");
  await wipeDataDirectory(config, context.node());
  await untilGone(config.dataDir);
  context.output.result({ wiped: true }, "Everything is gone.");
}

/** The archive appears under its name only when it is whole. */
async function backup(context: Context, path: string): Promise<void> {
  const client = await context.anyNode();
  const { bucketBytes } = await client.call<FileSpace>("GET", "/api/files/space");
  const bytes = await interruptible(async (signal) => {
    const archive = await client.open("GET", "/api/vault/backup", { signal });
    try {
      return await writeWholeFile(archive, path, signal);
    } catch (error) {
      // Whoever is asked again tells why: no node any more, a locked vault, a full disk.
      if (isConnectionError(error)) (await client.open("GET", "/api/vault/backup", { signal })).destroy();
      throw error;
    }
  });
  context.output.result({ path, bytes, bucketBytes }, `Wrote ${plainLine(path)} (${formatBytes(bytes)}).`);
  if (bucketBytes > 0) {
    context.output.warn(
      `It does not hold the files in the bucket (${formatBytes(bucketBytes)}), only where they are: keep the bucket and its key, too.`,
    );
  }
}

async function restore(context: Context, path: string): Promise<void> {
  await statReadable(path); // a mistyped path is noticed before the key is typed
  const secret = await context.prompt.secretOrStdin(
    "Recovery key or passphrase of the backup",
    "the recovery key or passphrase of the backup",
  );
  const { restoreBackup } = await import("../../node/restore.ts");
  printRestored(context, await restoreBackup(context.config(), path, secret));
}
