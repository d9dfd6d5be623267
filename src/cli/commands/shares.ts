/**
 * `nocturne recovery shares`: the recovery key in parts, so that some people together can bring it back, and no one alone.
 *
 *   split    for paper                give     to contacts, who keep them
 *   list     who keeps yours          show     the one that you keep for a contact, once he asks
 */

import type { Command } from "commander";
import type { KeptShareView, ShareKeeper, SharesView, ShareView } from "../../api/contract.ts";
import { UsageError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import { parseCount } from "../options.ts";
import { plainLine } from "../plain-text.ts";
import { wordSheet } from "../word-sheet.ts";

const OLD_STAY =
  "The key does not change: so many holders of shares of an earlier splitting can still put it together, if they kept them.";
const TELL_THEM =
  "Tell each of them in person what it is for. To come back you collect the words, and type them into: nocturne recovery restore --shares";

export function addShareCommands(recovery: Command, context: Context): void {
  const shares = recovery.command("shares").description("the recovery key in shares, of which some give it back");

  shares
    .command("split")
    .description("print shares for paper")
    .requiredOption("--need <n>", "how many give the key back", parseCount)
    .requiredOption("--of <n>", "how many there are", parseCount)
    .option("--qr", "also as QR codes")
    .action((options: { need: number; of: number; qr?: boolean }) => split(context, options));

  shares
    .command("give <names...>")
    .description("give each of these contacts a share to keep")
    .requiredOption("--need <n>", "how many give the key back", parseCount)
    .action((people: string[], { need }: { need: number }) => give(context, people, need));

  shares
    .command("list")
    .description("who keeps a share of yours, and for how many people you keep one")
    .action(() => list(context));

  shares
    .command("show <name>")
    .description("show the share that you keep for a contact who asks for it")
    .option("--yes", "you are sure that it is really this person who asks")
    .option("--qr", "also as a QR code")
    .action((name: string, options: { yes?: boolean; qr?: boolean }) => show(context, name, options));
}

async function split(
  context: Context,
  { need, of, qr = false }: { need: number; of: number; qr?: boolean },
): Promise<void> {
  const client = await context.anyNode();
  const made = await client.call<ShareView[]>("POST", "/api/recovery/shares", { json: { need, of } });
  const pages = await Promise.all(made.map(async (share, i) => `Share ${i + 1}\n\n${await page(share, qr)}`));
  context.output.result(made, pages.join("\n\n"));
  context.output.say(`Any ${need} of these ${of} give your recovery key. Write each on a paper of its own.`);
  context.output.say(OLD_STAY);
}

async function give(context: Context, people: readonly string[], need: number): Promise<void> {
  const client = context.node();
  await client.call("POST", "/api/recovery/shares", { json: { need, people } });
  const shares = await client.call<SharesView>("GET", "/api/recovery/shares");
  context.output.result(shares, givenWords(shares));
  context.output.say(TELL_THEM);
  context.output.say(OLD_STAY);
}

async function list(context: Context): Promise<void> {
  const shares = await context.node().call<SharesView>("GET", "/api/recovery/shares");
  const kept = `Kept for others: ${shares.kept}. Whose they are is shown when they ask: nocturne recovery shares show NAME`;
  context.output.result(shares, `${givenWords(shares)}\n${kept}`);
}

/** Whoever asks may be somebody else: that is how such schemes are broken, not by arithmetic. */
async function show(
  context: Context,
  name: string,
  { yes = false, qr = false }: { yes?: boolean; qr?: boolean },
): Promise<void> {
  context.output.warn(beware(plainLine(name)));
  if (!yes && !(await context.prompt.confirm("Are you sure that it is really this person?"))) {
    throw new UsageError("not_confirmed", "Nothing was shown.", { hint: "If you are sure: add --yes" });
  }
  const path = `/api/recovery/shares/${encodeURIComponent(name)}/show`;
  const share = await context.node().call<KeptShareView>("POST", path);
  context.output.result(share, await page(share, qr));
  context.output.say("Read the words aloud, or let them be scanned. Do not send them in a message.");
}

function beware(name: string): string {
  return (
    `Somebody else may ask for this share in the name of ${name}: by mail, by a chat, from a new number, with a voice that sounds right. ` +
    `Give it only to ${name} in person, or in a call in which you talked of what only the two of you know. ` +
    "Enough shares in the wrong hands are the whole account."
  );
}

function givenWords({ given }: SharesView): string {
  if (!given) return "You gave nobody a share of your recovery key.";
  const people = given.people.map((one) => `  ${plainLine(one.name)}${shareState(one)}`);
  return `Any ${given.need} of these people can give your recovery key back:\n${people.join("\n")}`;
}

function shareState({ arrived, underWay }: ShareKeeper): string {
  if (arrived) return "";
  return underWay ? " (on its way)" : " (not sent: give it again)";
}

async function page({ text, words }: ShareView, qr: boolean): Promise<string> {
  const code = qr ? `\n\n${(await import("uqr")).renderUnicodeCompact(text, { ecc: "L" })}` : "";
  return `${text}\n\n${wordSheet(words)}${code}`;
}
