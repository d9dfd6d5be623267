/** `nocturne status` and `doctor`: how it is going, health first. */

import type { Command } from "commander";
import type { CourierInUse, DoctorReport, Status, StoreView } from "../../api/contract.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { plainLine } from "../plain-text.ts";
import { describeRoute } from "../route-words.ts";

export function addHealthCommands(program: Command, context: Context): void {
  program
    .command("status")
    .description("what the running node is doing")
    .action(async () => {
      const status = await context.node().call<Status>("GET", "/api/status");
      context.output.result(status, describe(status));
    });

  program
    .command("doctor")
    .description("check this machine and data directory, and say what to mend")
    .action(async () => {
      const report = await examine(context);
      const width = Math.max(...report.checks.map((check) => check.name.length));
      const lines = report.checks.map(
        ({ ok, name, hint }) => `${ok ? "ok  " : "FAIL"}  ${name.padEnd(width)}  ${hint}`,
      );
      context.output.result(report, lines.join("\n"));
      context.exitCode = report.ok ? EXIT.ok : EXIT.failed;
    });
}

/** Without a node it is examined from outside: opening services here would make, or stumble over, what is examined. */
export async function examine(context: Context): Promise<DoctorReport> {
  const client = await context.findNode();
  if (client) return client.call<DoctorReport>("GET", "/api/doctor");
  const { examineOffline } = await import("../../node/doctor.ts");
  return examineOffline(context.config());
}

function describeCover({ profile, kilobytesPerHour, secondsPerCell, sees }: Status["cover"]): string {
  const cost = kilobytesPerHour === 0 ? "no stream" : `${kilobytesPerHour} KB an hour, ${secondsPerCell} s a cell`;
  return `Cover: ${profile} (${cost}). ${sees}`;
}

function describeReading({ budgetMegabytesPerHour, fits, relays }: Status["reading"]): string[] {
  const words = { crowd: "whole crowd", headers: "header first", private: "private retrieval" };
  const head = `Reading: at most ${budgetMegabytesPerHour} MB an hour${fits ? "" : ", which is not enough"}`;
  return [
    head,
    ...relays.map((one) => `  ${words[one.way]}, ${one.kilobytesPerHour} KB an hour  ${one.url}  ${one.sees}`),
  ];
}

function describeChaff({ cellsPerHour, kilobytesPerHour, sent }: Status["chaff"]): string[] {
  if (cellsPerHour === 0) return [];
  return [`Chaff: ${cellsPerHour} cells an hour (${kilobytesPerHour} KB), ${sent} so far.`];
}

export function describeCourier({ name, why, handing, entrusted, leftToday }: CourierInUse): string {
  const state = why === null ? "" : ` Mail waits: ${why}`;
  return `Courier: ${plainLine(name)}. Cells on the way there: ${handing}, there: ${entrusted}, left today: ${leftToday}.${state}`;
}

function describeStore({ place, waiting, problem }: StoreView): string {
  const rest = waiting === 0 ? "" : ` On this disk, waiting to go there: ${waiting}.`;
  return `Files: sealed, in the bucket ${plainLine(place)}.${rest}${problem === null ? "" : ` ${problem}`}`;
}

/** Health first, then the numbers, then what a person must know. */
function describe(status: Status): string {
  const relays = status.relays.map(
    (relay) =>
      `  ${relay.state.padEnd(10)} ${relay.url}${relay.latencyMs === null ? "" : `  ${Math.round(relay.latencyMs)} ms`}`,
  );
  return [
    status.locked ? "Locked. Unlock with: nocturne unlock" : `Running as ${status.npub}`,
    `Vault: ${status.protection === "passphrase" ? "protected by your passphrase" : "not protected by a passphrase; its key lies beside it"}`,
    `Waiting to be sent: ${status.outbox}   Unread: ${status.unread}   Requests: ${status.requests}${status.refused === 0 ? "" : `   Refused: ${status.refused} letters of strangers`}`,
    describeCover(status.cover),
    ...describeReading(status.reading),
    ...describeChaff(status.chaff),
    ...(status.courier ? [describeCourier(status.courier)] : []),
    ...(status.store ? [describeStore(status.store)] : []),
    `Routes: ${status.routes.map(describeRoute).join("; ")}. See: nocturne route`,
    relays.length === 0 ? "No relay." : "Relays:",
    ...relays,
    ...status.warnings.map((warning) => `! ${warning}`),
  ].join("\n");
}
