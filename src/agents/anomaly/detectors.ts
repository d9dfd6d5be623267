/** All detectors by name, and how they are run: on deeds of any order, of each the newest finding about each operator. */
import type { OperatorId } from "../agent-ids.ts";
import { findAccuracyDrops } from "./accuracy-drop.ts";
import { findCoordinatedTiming } from "./coordinated-timing.ts";
import { compareDeeds, type Deed } from "./deed.ts";
import { findDomainFloods } from "./domain-flood.ts";
import type { Detector, Finding, Ground } from "./ground.ts";
import { findMirrors } from "./mirroring.ts";
import { findVoteBursts } from "./vote-burst.ts";

export type DetectorName = "vote_burst" | "domain_flood" | "coordinated_timing" | "accuracy_drop" | "mirroring";

const DETECTORS: Readonly<Record<DetectorName, Detector>> = {
  vote_burst: findVoteBursts,
  domain_flood: findDomainFloods,
  coordinated_timing: findCoordinatedTiming,
  accuracy_drop: findAccuracyDrops,
  mirroring: findMirrors,
};

export const DETECTOR_NAMES: readonly DetectorName[] = Object.keys(DETECTORS) as DetectorName[];

export function detect(name: DetectorName, deeds: readonly Deed[], ground: Ground): Finding[] {
  const newest = new Map<OperatorId, Finding>();
  for (const finding of DETECTORS[name](deeds.toSorted(compareDeeds), ground)) {
    const known = newest.get(finding.accused);
    if (!known || newestMs(finding) >= newestMs(known)) newest.set(finding.accused, finding);
  }
  return [...newest.values()];
}

/** When the last of what it rests on was said. */
export function newestMs({ evidence }: Pick<Finding, "evidence">): number {
  return Math.max(...evidence.map(({ madeAtMs }) => madeAtMs));
}
