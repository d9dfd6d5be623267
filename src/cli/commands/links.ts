/**
 * `nocturne files link`, `links`, `unlink`: sharing a file with somebody who has only a browser.
 *
 *   http://HOST/s/SLUG#SECRET      the node serves sealed bytes for SLUG; only SECRET opens them
 *
 * These need a running node: without one there would be nobody to serve the link.
 */

import { type Command, Option } from "commander";
import { renderUnicodeCompact } from "uqr";
import type { CreateLink, FolderListing, LinkMode, LinkView } from "../../api/contract.ts";
import { ValidationError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import { parseCount } from "../options.ts";
import type { NodeClient } from "../node-client.ts";
import { plainLine } from "../plain-text.ts";
import { asPath, findFile } from "./files.ts";

interface LinkOptions {
  readonly mode: LinkMode;
  readonly expires?: string;
  readonly downloads?: number;
  readonly note?: string;
  readonly qr?: boolean;
  readonly passwordStdin?: boolean;
  readonly filePasswordStdin?: boolean;
}

const MODES: readonly LinkMode[] = ["persistent", "timed", "one-time"];

/** Adds to the commands of `files`, which must be there. */
export function addLinkCommands(program: Command, context: Context): void {
  const files = program.commands.find((command) => command.name() === "files") as Command;

  files
    .command("link <what>")
    .description("make a link to a file or folder; its key stands behind the # and never reaches a server")
    .addOption(new Option("--mode <mode>", "how it ends").choices(MODES).default("persistent"))
    .option("--expires <time>", "when a timed link ends: 1h, 24h, 7d ... (else after 24h)")
    .option("--downloads <n>", "end after so many downloads", parseCount)
    .option("--note <text>", "words that the visitor is shown, sealed like the file's name")
    .option("--qr", "draw the link as a QR code too")
    .option("--password-stdin", "protect the link with a password read from stdin")
    .option("--file-password-stdin", "the password of the file itself, on the first line of stdin")
    .action((what: string, options: LinkOptions) => link(context, what, options));

  files
    .command("links")
    .description("links there are, what is left of them, and how often they were used")
    .action(() => list(context));

  files
    .command("unlink <slug>")
    .description("end a link at once")
    .action(async (slug: string) => {
      await context.node().call("DELETE", `/api/links/${encodeURIComponent(slug)}`);
      context.output.result({ removed: slug }, "The link has ended. Who has the file keeps it.");
    });
}

async function list(context: Context): Promise<void> {
  const links = await context.node().call<LinkView[]>("GET", "/api/links");
  const rows = links.map((one) => [
    one.slug,
    one.state,
    one.mode,
    one.left === null ? "" : String(one.left),
    String(one.downloads),
    one.expiresAt ?? "",
    plainLine(one.file.name) + factsOf(one),
    sentTo(one),
  ]);
  const head = ["SLUG", "STATE", "MODE", "LEFT", "USED", "EXPIRES", "FILE", "SENT TO"];
  context.output.table(links, head, rows, "No links.");
}

/** Whom a message brought it to, and whether it opens for them alone. */
function sentTo({ sharedWith }: LinkView): string {
  if (!sharedWith) return "";
  return `${plainLine(sharedWith.name)}${sharedWith.forRecipients ? "" : ", opens for whoever has it"}`;
}

/** Of a folder how much of it is in the link. */
function factsOf({ folder }: LinkView): string {
  if (!folder) return "";
  const missing = folder.missing > 0 ? `, ${folder.missing} of them deleted since` : "";
  const leftOut = folder.leftOut > 0 ? `; without ${folder.leftOut} with a password` : "";
  return `/ (files: ${folder.files}${missing}${leftOut})`;
}

async function link(context: Context, what: string, options: LinkOptions): Promise<void> {
  const { mode, expires, downloads, note } = options;
  const client = context.node();
  const file = (await findFolder(client, what)) ?? (await findFile(client, what));
  const body: CreateLink = {
    mode,
    ...(note === undefined ? {} : { note }),
    ...(expires === undefined ? {} : { expires }),
    ...(downloads === undefined ? {} : { downloads }),
    ...(await readPasswords(context, file, options)),
  };
  const made = await client.call<LinkView>("POST", `/api/files/${file.id}/links`, { json: body });
  if (options.qr) context.output.say(renderUnicodeCompact(made.url)); // beside the result, so that a pipe gets the link alone
  context.output.result(made, made.url);
  if (made.folder) sayWhatIsIn(context, made.folder);
}

function sayWhatIsIn({ output }: Context, { files, leftOut }: NonNullable<LinkView["folder"]>): void {
  output.say(`It gives the folder's files as they are now: ${files}. What you delete is no longer given.`);
  if (leftOut > 0) output.warn(`Left out, because they have passwords of their own: ${leftOut}.`);
}

/** A folder by its path or its whole id; null for what is none. */
async function findFolder(client: NodeClient, what: string): Promise<SharedThing | null> {
  const folder = what.startsWith("/") ? asPath(what) : what;
  try {
    const query = new URLSearchParams({ folder }).toString();
    const { crumbs } = await client.call<FolderListing>("GET", `/api/folders?${query}`);
    const found = crumbs.at(-1);
    if (!found) throw notTheTop();
    return { id: found.id, hasPassword: false };
  } catch (error) {
    if (error instanceof ValidationError && error.code === "unknown_folder") return null;
    throw error;
  }
}

interface SharedThing {
  readonly id: string;
  readonly hasPassword: boolean;
}

/** stdin holds the file's password, then the link's, a line each, as far as they are asked for. */
async function readPasswords(
  { prompt }: Context,
  file: SharedThing,
  { passwordStdin = false, filePasswordStdin = false }: LinkOptions,
): Promise<Pick<CreateLink, "password" | "filePassword">> {
  const lines = passwordStdin || filePasswordStdin ? (await prompt.stdin("the password")).split("\n") : [];
  const ofFile = filePasswordStdin ? (lines.shift() ?? "") : null;
  const filePassword = file.hasPassword ? (ofFile ?? (await prompt.secret("Password of the file"))) : null;
  if (file.hasPassword && filePassword === null) throw passwordNeeded();
  return {
    ...(filePassword === null ? {} : { filePassword }),
    ...(passwordStdin ? { password: lines.join("\n") } : {}),
  };
}

function notTheTop(): ValidationError {
  return new ValidationError("not_the_top", "The whole library cannot be shared by a link.", {
    hint: "Name a folder or a file in it.",
  });
}

function passwordNeeded(): ValidationError {
  return new ValidationError("file_password_needed", "This file has a password, and a link to it needs that.", {
    hint: "Give it on the first line of stdin with --file-password-stdin.",
  });
}
