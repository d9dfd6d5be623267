/**
 * `nocturne id persona`: disposable identities.
 *
 *   id persona new LABEL --relay URL     then: nocturne --persona LABEL invite, contact, send, inbox, group ...
 */

import type { Command } from "commander";
import type { NewPersona, Persona } from "../../api/contract.ts";
import type { Context } from "../context.ts";
import { collect } from "../options.ts";
import { plainLine } from "../plain-text.ts";

interface NewOptions {
  readonly relay?: readonly string[];
  readonly expires?: string;
  readonly name?: string;
}

const WARNING =
  "Nothing in it leads to you, but relays that are not reached by Tor see this machine's network address: relays that " +
  "compare notes can link it to you by address and time. See: nocturne route";

export function addPersonaCommands(id: Command, context: Context): void {
  const persona = id.command("persona").description("disposable identities, for one contact or one purpose");

  persona
    .command("new [label]")
    .description("make one; only you see its label")
    .option("--relay <url>", "a relay that you use for nothing else (may be repeated)", collect)
    .option("--expires <duration>", "destroy it after this time, such as 30d")
    .option("--name <name>", "what its contacts see; none without")
    .action((label: string | undefined, options: NewOptions) => make(context, label, options));

  persona
    .command("list")
    .description("your personas")
    .action(() => list(context));

  persona
    .command("remove <label-or-id>")
    .description("destroy it with its contacts and messages, at once")
    .action((who: string) => remove(context, who));
}

async function make(context: Context, label: string | undefined, options: NewOptions): Promise<void> {
  const { relay: relays = [], expires, name } = options;
  const request: NewPersona = {
    label: label ?? defaultLabel(),
    relays,
    ...(expires === undefined ? {} : { expires }),
    ...(name === undefined ? {} : { name }),
  };
  const client = await context.anyNode();
  const made = await client.call<Persona>("POST", "/api/personas", { json: request });
  context.output.result(made, `${plainLine(made.label)}: ${made.npub}\nFingerprint: ${made.fingerprint}`);
  context.output.say(WARNING);
}

/** Told apart by the second; a person who wants to find it again gives a label. */
function defaultLabel(): string {
  return new Date().toISOString().slice(0, 19).replace("T", " ");
}

async function list(context: Context): Promise<void> {
  const client = await context.anyNode();
  const personas = await client.call<Persona[]>("GET", "/api/personas");
  const rows = personas.map((one) => [
    plainLine(one.label),
    one.held ? "held" : `${one.unread}`,
    one.expiresAt ?? "never",
    one.relays.map(({ url }) => url).join(" "),
    one.npub,
  ]);
  const empty = "No personas. Make one with: nocturne id persona new LABEL --relay URL";
  context.output.table(personas, ["LABEL", "UNREAD", "EXPIRES", "RELAYS", "NPUB"], rows, empty);
  if (!personas.some(({ held }) => held)) return;
  context.output.warn("A held persona does not connect: another identity of yours uses one of its relays.");
}

async function remove(context: Context, who: string): Promise<void> {
  const client = await context.anyNode();
  await client.call("DELETE", `/api/personas/${encodeURIComponent(who)}`);
  context.output.result({ removed: who }, `Destroyed ${plainLine(who)} and everything of it.`);
}
