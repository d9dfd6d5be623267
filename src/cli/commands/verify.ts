/**
 * `nocturne verify`: whether what was signed in the mesh is what it says, without asking anybody. What nodes promised to this
 * person lies in the vault: it is checked by a node that runs and is unlocked.
 */

import { createReadStream } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Command } from "commander";
import type { DoctorCheck, DoctorReport } from "../../api/contract.ts";
import { systemClock } from "../../core/clock.ts";
import { toNocturneError } from "../../core/errors.ts";
import type { FileVerdict } from "../../mesh/ledger/verify.ts";
import { meshNodeFolder } from "../../node/mesh-node-paths.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { plainLine } from "../plain-text.ts";
import { examine } from "./health.ts";

/** Of the checks of `doctor`, those that look at what is kept; the others look at the machine. */
const KEPT: readonly string[] = ["data directory", "vault", "receipts"];

export function addVerifyCommand(program: Command, context: Context): void {
  program
    .command("verify")
    .description(
      "check what was signed in the mesh, offline: receipts, ledgers, proofs; without a path, what is kept here",
    )
    .argument("[path...]", "a file, or - for standard input")
    .action(async (paths: string[]) => {
      const checks = paths.length === 0 ? await verifyHere(context) : await verifyFiles(paths);
      const report: DoctorReport = { ok: checks.every(({ ok }) => ok), checks };
      const lines = checks.map(({ ok, name, hint }) => `${ok ? "ok  " : "FAIL"}  ${plainLine(name)}  ${hint}`);
      context.output.result(report, lines.join("\n"));
      context.exitCode = report.ok ? EXIT.ok : EXIT.failed;
    });
}

async function verifyHere(context: Context): Promise<DoctorCheck[]> {
  const [{ verifyLedgers }, { LEDGER_FOLDER, LEDGER_NAME }] = await Promise.all([
    import("../../mesh/ledger/verify.ts"),
    import("../../mesh/ledger/log.ts"),
  ]);
  const { dataDir } = context.config();
  const { checks } = await examine(context);
  const kept = checks.filter(({ name }) => KEPT.includes(name));
  return [...kept, ...verifyLedgers([join(dataDir, LEDGER_FOLDER), join(meshNodeFolder(dataDir), LEDGER_NAME)])];
}

async function verifyFiles(paths: readonly string[]): Promise<DoctorCheck[]> {
  const { verifyFile, compareHeads } = await import("../../mesh/ledger/verify.ts");
  const verdicts: FileVerdict[] = [];
  for (const path of paths) {
    const source = path === "-" ? process.stdin : createReadStream(path);
    try {
      verdicts.push(await verifyFile(path, source, systemClock.nowMs()));
    } catch (thrown) {
      verdicts.push({ name: path, ok: false, hint: toNocturneError(thrown).message, heads: [] });
    } finally {
      source.destroy();
    }
  }
  return [...verdicts.map(({ name, ok, hint }) => ({ name, ok, hint })), ...compareHeads(verdicts)];
}
