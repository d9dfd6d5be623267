/**
 * `nocturne courier`: nodes that upload cells for other people.
 *
 *   sender    use NAME, stop, redeem NAME       courier    allow NAME, end NAME, voucher       both    list
 *
 * Whoever has a voucher's code can use it up, so that its place is stdin: arguments are seen by others.
 */

import type { Command } from "commander";
import type { CouriersView, NewVoucher } from "../../api/contract.ts";
import type { Context } from "../context.ts";
import { parseCount } from "../options.ts";
import { plainLine } from "../plain-text.ts";
import { describeCourier } from "./health.ts";

const CELLS_PER_DAY = 2_000;

export function addCourierCommands(program: Command, context: Context): void {
  const courier = program.command("courier").description("let a contact's node upload your mail, or carry for others");
  addSending(courier, context);
  addCarrying(courier, context);
}

function addSending(courier: Command, context: Context): void {
  courier
    .command("list")
    .description("who carries for you, and for whom you carry")
    .action(async () => show(context, await context.node().call<CouriersView>("GET", "/api/couriers")));

  courier
    .command("use <name>")
    .description("send everything by this contact from now on; what it cannot take waits")
    .action(async (who: string) =>
      show(context, await context.node().call<CouriersView>("PUT", "/api/couriers/use", { json: { who } })),
    );

  courier
    .command("stop")
    .description("send directly again, and revoke what the courier holds")
    .action(async () => show(context, await context.node().call<CouriersView>("DELETE", "/api/couriers/use")));

  courier
    .command("redeem <name>")
    .description("present a voucher to the contact who made it; its code is asked for, or read from stdin")
    .action((who: string) => redeem(context, who));
}

function addCarrying(courier: Command, context: Context): void {
  courier
    .command("allow <name>")
    .description("carry for this contact")
    .option("--cells-per-day <n>", `how much (else ${CELLS_PER_DAY}); a short message is one or two cells`, parseCount)
    .action(async (who: string, { cellsPerDay = CELLS_PER_DAY }: { cellsPerDay?: number }) => {
      const path = `/api/couriers/carrying/${encodeURIComponent(who)}`;
      show(context, await context.node().call<CouriersView>("PUT", path, { json: { cellsPerDay } }));
    });

  courier
    .command("end <name>")
    .description("carry for this contact no more; what it had is given back")
    .action(async (who: string) => {
      const path = `/api/couriers/carrying/${encodeURIComponent(who)}`;
      show(context, await context.node().call<CouriersView>("DELETE", path));
    });

  courier
    .command("voucher")
    .description("make a code for whoever paid you: good once, for so many cells")
    .requiredOption("--cells <n>", "how many", parseCount)
    .option("--expires <duration>", "until when it and its cells are good", "30d")
    .action(async (json: { cells: number; expires: string }) => {
      const made = await context.node().call<NewVoucher>("POST", "/api/couriers/vouchers", { json });
      context.output.result(made, made.code);
      context.output.say(
        `Good for ${made.cells} cells until ${made.expiresAt}, for the first contact who presents it.`,
      );
      context.output.say("It is not shown again. On the other side: nocturne courier redeem YOUR_NAME");
    });
}

async function redeem(context: Context, who: string): Promise<void> {
  const { output, prompt } = context;
  const client = context.node();
  await client.call("GET", "/api/status"); // no node: said before anything is asked
  const code = await prompt.secretOrStdin("The voucher's code", "the voucher's code");
  await client.call("POST", "/api/couriers/redeem", { json: { who, code: code.trim() } });
  output.result({ asked: who }, `${plainLine(who)} was asked. See the answer with: nocturne courier list`);
}

function show({ output }: Context, view: CouriersView): void {
  const { using, offers, carrying, vouchers } = view;
  const budget = ({ cellsPerDay, usedToday, credit, taken }: (typeof offers)[number] | (typeof carrying)[number]) =>
    `${usedToday} of ${cellsPerDay} cells today, ${credit} beside, ${taken} uploaded`;
  const lines = [
    using ? describeCourier(using) : "Your mail goes directly.",
    ...offers.map((one) => `  ${plainLine(one.name)} carries for you: ${budget(one)}${voucherOf(one.redeemed)}`),
    ...carrying.map((one) => `  You carry for ${plainLine(one.name)}: ${budget(one)}, ${one.queued} waiting`),
    ...vouchers.map(
      ({ id, cells, expiresAt, redeemedBy }) =>
        `  Voucher ${id}: ${cells} cells until ${expiresAt}, ${redeemedBy === null ? "not used" : `used by ${plainLine(redeemedBy)}`}`,
    ),
  ];
  output.result(view, lines.join("\n"));
}

function voucherOf(redeemed: CouriersView["offers"][number]["redeemed"]): string {
  return redeemed === null ? "" : `; your voucher: ${redeemed}`;
}
