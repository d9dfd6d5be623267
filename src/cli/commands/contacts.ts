/**
 * `nocturne invite` and `nocturne contact`: how people meet.
 *
 *   alice  invite -> link               contact list: bob, request     contact accept
 *   bob    contact add LINK: pending    . . . . . . . . . . . . . .    accepted
 *   both   contact verify: the same 60 digits, read out over the telephone
 */

import process from "node:process";
import type { Command } from "commander";
import { renderUnicodeCompact } from "uqr";
import type { Contact, Invite, VerifyResult } from "../../api/contract.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { plainLine } from "../plain-text.ts";

export function addContactCommands(program: Command, context: Context): void {
  program
    .command("invite")
    .description("make a link that leads somebody to you")
    .action(async () => {
      const invite = await context.node().call<Invite>("POST", "/api/invites");
      // Beside the result, so that a pipe gets the link alone.
      if (process.stderr.isTTY) context.output.say(renderUnicodeCompact(invite.link));
      context.output.result(invite, invite.link);
      context.output.say(`Give it to one person over a channel you trust. It works until ${invite.expiresAt}.`);
    });

  const contact = program.command("contact").description("people you know");

  contact
    .command("add <link-or-npub>")
    .description("add somebody by invite link, npub or hex key")
    .option("--name <name>", "what you call this person")
    .action(async (invite: string, { name }: { name?: string }) => {
      const body = { invite, ...(name === undefined ? {} : { name }) };
      show(context, await context.node().call<Contact>("POST", "/api/contacts", { json: body }));
    });

  contact
    .command("list")
    .description("everybody, requests included")
    .action(() => list(context));

  for (const action of ["accept", "block"] as const) {
    contact
      .command(`${action} <name>`)
      .description(
        action === "accept" ? "accept a request, or a contact's new keys" : "drop whatever this person sends",
      )
      .action(async (who: string) => {
        show(context, await context.node().call<Contact>("POST", `${pathOf(who)}/${action}`));
      });
  }

  contact
    .command("remove <name>")
    .description("forget the person and the conversation")
    .action(async (who: string) => {
      await context.node().call("DELETE", pathOf(who));
      context.output.result({ removed: who }, `Removed ${plainLine(who)}.`);
    });

  contact
    .command("rename <name> <new-name>")
    .description("call this person otherwise")
    .action(async (who: string, name: string) => {
      show(context, await context.node().call<Contact>("PATCH", pathOf(who), { json: { name } }));
    });

  contact
    .command("verify <name> [safety...]")
    .description("tell the safety number, or compare it with the one the other person reads to you")
    .action((who: string, safety: string[]) => verify(context, who, safety.join(" ")));
}

async function list(context: Context): Promise<void> {
  const contacts = await context.node().call<Contact[]>("GET", "/api/contacts");
  const rows = contacts.map((one) => [
    plainLine(one.name),
    one.state,
    one.verified ? "verified" : "",
    one.encryption,
    one.npub,
  ]);
  const empty = "No contacts yet. Make an invite with: nocturne invite";
  context.output.table(contacts, ["NAME", "STATE", "VERIFIED", "ENCRYPTION", "NPUB"], rows, empty);
}

/** Compares when a number was given, else tells the one to be read out. */
async function verify(context: Context, who: string, safety: string): Promise<void> {
  const body = safety === "" ? {} : { safety };
  const result = await context.node().call<VerifyResult>("POST", `${pathOf(who)}/verify`, { json: body });
  const number = result.safety ?? "Not known before the contact has answered.";
  const verdict = result.verified
    ? "The numbers agree: verified."
    : "THE NUMBERS DIFFER: do not trust this contact's keys.";
  context.output.result(result, safety === "" ? number : verdict);
  if (safety !== "" && !result.verified) context.exitCode = EXIT.failed;
}

/** The node finds the person, so that name, npub and hex mean the same everywhere. */
function pathOf(who: string): string {
  return `/api/contacts/${encodeURIComponent(who)}`;
}

const NO_CARD =
  "This person's card was not found on your relays, so nothing is sent yet. It is looked for again by itself; an invite link brings it along.";

/** The fingerprint, because a name proves nothing: it is what two people compare. */
function show(context: Context, contact: Contact): void {
  context.output.result(contact, `${plainLine(contact.name)}: ${contact.state}\nFingerprint: ${contact.fingerprint}`);
  if (contact.encryption === "card-unknown") context.output.say(NO_CARD);
}
