/**
 * Whether what somebody accuses another of is in the logs, and whether the same detector finds it there.
 *
 *   references -> of each device all from the first to the last of them -> detector -> the accused?
 *
 * Looked at is the whole stretch, not only what the accuser names: he would leave out what speaks for the other. A stretch of a log cannot
 * be changed any more, so neither can he, nor the accused afterwards.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { DeviceId, OperatorId } from "../agent-ids.ts";
import type { Journal } from "../journal/journal.ts";
import { parseSaid } from "../journal/said.ts";
import { type Deed, deedOf, groupedBy, type Reference } from "./deed.ts";
import { type DetectorName, detect } from "./detectors.ts";
import type { Ground } from "./ground.ts";

/** `missing`: some of it is not here, and may come. */
export type EvidenceState = "holds" | "fails" | "missing";

export interface Accusation {
  readonly accused: OperatorId;
  /** `operator`: a person says so, and what he names is only shown. */
  readonly detector: DetectorName | "operator";
  readonly evidence: readonly Reference[];
}

/** What stands in logs. */
export interface Logs {
  /** What a device said from `first` to `last`, without what is no deed; null if it is not all here. */
  stretch(device: DeviceId, first: number, last: number): readonly Deed[] | null;
}

export function logsOf(
  journal: Pick<Journal, "sizeOf" | "after">,
  operatorOf: (device: DeviceId) => OperatorId | null,
): Logs {
  return {
    stretch(device, first, last) {
      const operator = operatorOf(device);
      if (operator === null || journal.sizeOf(device) < last) return null;
      return journal.after(device, first - 1, last - first + 1).flatMap((bytes) => {
        const said = parseSaid(bytes);
        return (said && deedOf(said, operator)) ?? [];
      });
    },
  };
}

/** All deeds of the stretches that are named. Which part of it is in no log, or too long to be looked at: `fails`. */
export function materialOf(evidence: readonly Reference[], logs: Logs): readonly Deed[] | "fails" | "missing" {
  const stretches = groupedBy(evidence, ({ device }) => device).map(stretchOf);
  const length = stretches.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  if (length > AGENT_LIMITS.caseStretch) return "fails";
  const deeds: Deed[] = [];
  for (const { device, first, last } of stretches) {
    const found = logs.stretch(device, first, last);
    if (!found) return "missing";
    deeds.push(...found);
  }
  const there = new Set(deeds.map(keyOf));
  return evidence.every((one) => there.has(keyOf(one))) ? deeds : "fails";
}

/** What the detector makes of the whole stretch. */
export function holds({ accused, detector }: Accusation, material: readonly Deed[], ground: Ground): boolean {
  if (detector === "operator") return true;
  return detect(detector, material, ground).some((finding) => finding.accused === accused);
}

export function verifyEvidence(accusation: Accusation, logs: Logs, ground: Ground): EvidenceState {
  const material = materialOf(accusation.evidence, logs);
  if (typeof material === "string") return material;
  return holds(accusation, material, ground) ? "holds" : "fails";
}

/** Names the same thing wherever it stands. */
function keyOf({ device, sequence, hash }: Reference): string {
  return `${device}${hash}${sequence}`;
}

function stretchOf(all: readonly Reference[]): { device: DeviceId; first: number; last: number } {
  const numbers = all.map(({ sequence }) => sequence);
  return { device: (all[0] as Reference).device, first: Math.min(...numbers), last: Math.max(...numbers) };
}
