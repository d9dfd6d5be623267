/**
 * `nocturne device`: several devices of one account.
 *
 *   main device   link -> link, words, QR code             list, revoke
 *   new device    join: by the link or the words, from stdin or asked for
 *
 * Whoever has a device link becomes a device of the account, so that its place is stdin: arguments are seen by others.
 */

import { hostname } from "node:os";
import process from "node:process";
import type { Command } from "commander";
import { renderUnicodeCompact } from "uqr";
import type { DeviceLinkView, DeviceView, IdentityView } from "../../api/contract.ts";
import { UsageError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import { interruptible } from "../interruption.ts";
import { plainLine } from "../plain-text.ts";

interface JoinOptions {
  readonly name: string;
  readonly relay?: string;
}

export function addDeviceCommands(program: Command, context: Context): void {
  const device = program.command("device").description("several devices of one account");

  device
    .command("link")
    .description("make a link that brings in one device, also as 12 words and as a QR code; it is a secret")
    .action(() => link(context));

  device
    .command("join [link...]")
    .description(
      "make this, a new installation, a device of the account that made the link; asked for, or `-` or nothing for " +
        "stdin, where no other user can see the link or its 12 words",
    )
    .option("--name <name>", "what this device is called", hostname())
    .option("--relay <url>", "with words: a relay of the main device, on which the two meet")
    .action((words: string[], options: JoinOptions) => join(context, words.join(" "), options));

  device
    .command("list")
    .description("your devices, the main one first")
    .action(async () => show(context, await context.node().call<DeviceView[]>("GET", "/api/devices")));

  device
    .command("revoke <device>")
    .description("take a device, by id or name, out of your account: it reads nothing from then on")
    .option("--yes", "really")
    .action((who: string, { yes = false }: { yes?: boolean }) => revoke(context, who, yes));
}

async function link(context: Context): Promise<void> {
  const { output } = context;
  const made = await context.node().call<DeviceLinkView>("POST", "/api/devices/links");
  // Beside the result, so that a pipe gets the link alone.
  if (process.stderr.isTTY) output.say(renderUnicodeCompact(made.link));
  output.result(made, made.link);
  output.say(`Or as words, with --relay and a relay of yours: ${made.words}`);
  output.say(`On the new device: nocturne device join. It works once, until ${made.expiresAt}.`);
  output.say(
    "It gets contacts, groups and messages; files, channels and disappearing messages of until now stay here.",
  );
  output.say("Whoever has it becomes a device of yours: show it to nobody else, and leave this device on meanwhile.");
}

async function join(context: Context, given: string, { name, relay }: JoinOptions): Promise<void> {
  const { output, prompt } = context;
  const client = context.node();
  await client.call("GET", "/api/status"); // no node: said before anything is asked
  const fromArgument = given === "" ? await prompt.secret("Device link, or its 12 words") : given;
  const text =
    fromArgument === null || fromArgument === "-" ? await prompt.stdin("the link or its words") : fromArgument;
  output.say("Asking the main device ...");
  const json = { link: text.trim(), name, ...(relay === undefined ? {} : { relay }) };
  const identity = await interruptible((signal) =>
    client.call<IdentityView>("POST", "/api/devices/join", { json, signal }),
  );
  output.result(identity, `This is a device of ${identity.npub} now.`);
  output.say("Your conversations come by themselves. See how far they are: nocturne device list");
}

async function revoke(context: Context, who: string, yes: boolean): Promise<void> {
  const client = context.node();
  await client.call("GET", "/api/status");
  const question = `Take ${plainLine(who)} out of your account? What it has received stays on it.`;
  const isMeant = yes || (await context.prompt.confirm(question));
  if (!isMeant) {
    throw new UsageError(
      "not_confirmed",
      "The device would read nothing from now on; what it has received stays on it.",
      {
        hint: `If you mean it: nocturne device revoke ${plainLine(who)} --yes`,
      },
    );
  }
  show(context, await client.call<DeviceView[]>("DELETE", `/api/devices/${encodeURIComponent(who)}`));
}

function show({ output }: Context, devices: readonly DeviceView[]): void {
  const rows = devices.map((device) => [
    plainLine(device.name),
    roleOf(device),
    stateOf(device),
    device.addedAt,
    device.id,
  ]);
  output.table(devices, ["NAME", "", "STATE", "ADDED", "ID"], rows, "");
}

function roleOf({ main, me }: DeviceView): string {
  return [main ? "main" : "", me ? "this one" : ""].filter(Boolean).join(", ");
}

/** An unlinked device is told what to do, here where its owner looks why nothing comes any more. */
function stateOf({ state, history }: DeviceView): string {
  if (state === "unlinked") return "unlinked: wipe it, then link it anew";
  return history === null || history === 0 ? state : `${state}, history ${Math.floor(history * 100)} %`;
}
