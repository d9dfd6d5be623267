/**
 * `nocturne files link`, `links`, `unlink`: sharing a file with somebody who has only a browser.
 *
 *   http://HOST/s/SLUG#SECRET      the node serves sealed bytes for SLUG; only SECRET opens them
 *
 * These need a running node: without one there would be nobody to serve the link.
 */

import { type Command, Option } from "commander";
import type { CreateLink, FileView, LinkMode, LinkView } from "../../api/contract.ts";
import { ValidationError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import { parseCount } from "../options.ts";
import { plainLine } from "../plain-text.ts";
import { findFile } from "./files.ts";

interface LinkOptions {
  readonly mode: LinkMode;
  readonly expires?: string;
  readonly downloads?: number;
  readonly passwordStdin?: boolean;
  readonly filePasswordStdin?: boolean;
}

const MODES: readonly LinkMode[] = ["persistent", "timed", "one-time"];

/** Adds to the commands of `files`, which must be there. */
export function addLinkCommands(program: Command, context: Context): void {
  const files = program.commands.find((command) => command.name() === "files") as Command;

  files
    .command("link <id>")
    .description("make a link; its key stands behind the # and never reaches a server")
    .addOption(new Option("--mode <mode>", "how it ends").choices(MODES).default("persistent"))
    .option("--expires <time>", "when a timed link ends: 1h, 24h, 7d ... (else after 24h)")
    .option("--downloads <n>", "end after so many downloads", parseCount)
    .option("--password-stdin", "protect the link with a password read from stdin")
    .option("--file-password-stdin", "the password of the file itself, on the first line of stdin")
    .action((id: string, options: LinkOptions) => link(context, id, options));

  files
    .command("links")
    .description("links there are, and what is left of them")
    .action(() => list(context));

  files
    .command("unlink <slug>")
    .description("end a link at once")
    .action(async (slug: string) => {
      await context.node().call("DELETE", `/api/links/${encodeURIComponent(slug)}`);
      context.output.result({ removed: slug }, "The link is dead.");
    });
}

async function list(context: Context): Promise<void> {
  const links = await context.node().call<LinkView[]>("GET", "/api/links");
  const rows = links.map((one) => [
    one.slug,
    one.state,
    one.mode,
    one.left === null ? "" : String(one.left),
    one.expiresAt ?? "",
    plainLine(one.file.name),
  ]);
  context.output.table(links, ["SLUG", "STATE", "MODE", "LEFT", "EXPIRES", "FILE"], rows, "No links.");
}

async function link(context: Context, id: string, options: LinkOptions): Promise<void> {
  const { mode, expires, downloads } = options;
  const client = context.node();
  const file = await findFile(client, id);
  const body: CreateLink = {
    mode,
    ...(expires === undefined ? {} : { expires }),
    ...(downloads === undefined ? {} : { downloads }),
    ...(await readPasswords(context, file, options)),
  };
  const made = await client.call<LinkView>("POST", `/api/files/${file.id}/links`, { json: body });
  context.output.result(made, made.url);
}

/** stdin holds the file's password, then the link's, a line each, as far as they are asked for. */
async function readPasswords(
  { prompt }: Context,
  file: FileView,
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

function passwordNeeded(): ValidationError {
  return new ValidationError("file_password_needed", "This file has a password, and a link to it needs that.", {
    hint: "Give it on the first line of stdin with --file-password-stdin.",
  });
}
