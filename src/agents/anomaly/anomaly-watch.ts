/**
 * What this machine's own detectors find in what is said, as it is said.
 *
 *   deeds, the newest of each operator ──> detectors, now and then ──> findings that others would find, too, for some days
 *
 * A finding is kept only if its evidence holds as it would in a case (evidence.ts): what nobody else can see is nothing to act on. Of the
 * own operator nothing is looked for.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { OperatorId } from "../agent-ids.ts";
import type { Noted } from "../journal/journal.ts";
import { compareDeeds, type Deed, deedOf } from "./deed.ts";
import { detect, DETECTOR_NAMES, type DetectorName, newestMs } from "./detectors.ts";
import { type Logs, verifyEvidence } from "./evidence.ts";
import type { Finding, Ground } from "./ground.ts";

export interface NamedFinding extends Finding {
  readonly detector: DetectorName;
  /** When it was found here first. */
  readonly foundAtMs: number;
}

export interface AnomalyWatchOptions {
  readonly own: OperatorId;
  readonly logs: Logs;
}

export class AnomalyWatch {
  readonly #o: AnomalyWatchOptions;
  readonly #deeds = new Map<OperatorId, Deed[]>();
  readonly #findings = new Map<string, NamedFinding>();
  #isNew = false;
  #round = -1;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: AnomalyWatchOptions) {
    this.#o = options;
  }

  /** What stands in a log of this operator, and also what is too much there to count. */
  hear({ said }: Pick<Noted, "said">, operator: OperatorId): void {
    const deed = operator === this.#o.own ? null : deedOf(said, operator);
    if (!deed) return;
    const deeds = this.#deeds.get(operator) ?? [];
    deeds.push(deed);
    const most = AGENT_LIMITS.deedsOfAnOperator;
    // Sorting now and then costs less than keeping order.
    this.#deeds.set(operator, deeds.length > 2 * most ? deeds.sort(compareDeeds).slice(-most) : deeds);
    this.#isNew = true;
  }

  /** The newest of each detector about each operator, as far as it is not too old. `ground`: of now. */
  findings(ground: Ground, nowMs: number): NamedFinding[] {
    const isDue = nowMs - this.#lookedAtMs >= AGENT_LIMITS.watchMs || nowMs < this.#lookedAtMs;
    const isOther = this.#isNew || ground.round !== this.#round;
    if (isDue && isOther) this.#look(ground, nowMs);
    return [...this.#findings.values()].filter((one) => newestMs(one) > nowMs - AGENT_LIMITS.findingMs);
  }

  #look(ground: Ground, nowMs: number): void {
    [this.#isNew, this.#lookedAtMs] = [false, nowMs];
    if (ground.round !== this.#round) this.#lookAgain(ground);
    this.#round = ground.round;
    const deeds = [...this.#deeds.values()].flatMap((all) => newestOf(all)).sort(compareDeeds);
    for (const detector of DETECTOR_NAMES)
      for (const finding of detect(detector, deeds, ground))
        this.#keep({ ...finding, detector, foundAtMs: nowMs }, ground);
  }

  /** Votes of a round that is over may have made another of what was found before. */
  #lookAgain(ground: Ground): void {
    for (const [key, finding] of this.#findings)
      if (verifyEvidence(finding, this.#o.logs, ground) !== "holds") this.#findings.delete(key);
  }

  #keep(finding: NamedFinding, ground: Ground): void {
    const key = finding.accused + finding.detector;
    const known = this.#findings.get(key);
    if (known && newestMs(known) >= newestMs(finding)) return;
    if (verifyEvidence(finding, this.#o.logs, ground) !== "holds") return;
    this.#findings.set(key, known ? { ...finding, foundAtMs: known.foundAtMs } : finding);
  }
}

function newestOf(deeds: readonly Deed[]): readonly Deed[] {
  const most = AGENT_LIMITS.deedsOfAnOperator;
  return deeds.length > most ? deeds.toSorted(compareDeeds).slice(-most) : deeds;
}
