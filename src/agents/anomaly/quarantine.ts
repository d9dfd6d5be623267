/**
 * Who is in quarantine, here or everywhere, and what is asked about it.
 *
 *   own detectors, own operator ──> local: hidden on this machine, at once           AnomalyWatch, own cases
 *   cases, votes of others      ──> network: no votes about entries, from then on    CaseBook
 *
 * Local quarantine never enters a tally: tallies follow from logs alone. It ends when the own operator takes him back, or the network
 * does, or what was found is old.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { concatBytes, fromHex } from "../../core/bytes.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import type { OperatorId, SubjectId } from "../agent-ids.ts";
import type { Noted } from "../journal/journal.ts";
import { roundOf } from "../votes/rounds.ts";
import { AnomalyWatch, type NamedFinding } from "./anomaly-watch.ts";
import { type Case, compareReferences } from "./case.ts";
import { CaseBook, type CaseBookOptions, type CaseStanding, type KnownCase } from "./case-book.ts";
import { newestMs } from "./detectors.ts";
import type { EvidenceState } from "./evidence.ts";
import type { TallyBefore } from "../votes/tally-book.ts";

export interface QuarantineOptions extends CaseBookOptions {
  readonly own: OperatorId;
  readonly tallyBefore: TallyBefore;
}

export type Quarantine = "none" | "local" | "network";

export interface ShownCase extends KnownCase, CaseStanding {
  readonly evidenceState: EvidenceState;
  /** `lifted`: of a quarantine that it is over, of a reinstatement that it was decided. */
  readonly state: "local" | "voting" | "network" | "rejected" | "lifted";
}

const WORDS: Readonly<Record<NamedFinding["detector"], string>> = {
  vote_burst: "more ballots in a minute than count",
  domain_flood: "a flood of entries in one domain",
  coordinated_timing: "two operators move together against everybody else",
  accuracy_drop: "most votes about this operator's entries are against them",
  mirroring: "votes follow those of another against everybody else",
};

export class Quarantines {
  readonly #o: QuarantineOptions;
  readonly #cases: CaseBook;
  readonly #watch: AnomalyWatch;

  constructor(options: QuarantineOptions) {
    this.#o = options;
    this.#cases = new CaseBook(options);
    this.#watch = new AnomalyWatch(options);
  }

  /** What stands in a log of this operator: also what is void. Returns as `CaseBook.hear`. */
  hear(noted: Noted, operator: OperatorId): number | null {
    this.#watch.hear(noted, operator);
    return this.#cases.hear(noted, operator);
  }

  /** Whether his vote about this, in this round, does not count. From within a count of votes: `tallyBefore` of what was counted so far. */
  isBarred(operator: OperatorId, subject: SubjectId, round: number, tallyBefore: TallyBefore): boolean {
    return !this.#cases.has(subject) && this.#cases.isQuarantined(operator, round, tallyBefore);
  }

  /** By the network, when the round of this time began: the same for all who have equal logs. */
  isEverywhere(operator: OperatorId, atMs: number): boolean {
    return this.#cases.isQuarantined(operator, this.#roundOf(atMs), this.#o.tallyBefore);
  }

  of(operator: OperatorId, nowMs: number): Quarantine {
    if (this.isEverywhere(operator, nowMs)) return "network";
    return this.#isLocal(operator, nowMs) ? "local" : "none";
  }

  /** Whether votes are about a case. */
  isCase(subject: SubjectId): boolean {
    return this.#cases.has(subject);
  }

  /** The newest first. Reads the evidence of each in the logs. */
  cases(nowMs: number): ShownCase[] {
    return this.#cases.all().map((one) => this.#viewOf(one, nowMs));
  }

  /** What the own detectors found and nobody has made a case of: to be said as such, with its evidence. */
  toSay(nowMs: number): Case[] {
    const from = this.#roundOf(nowMs) - AGENT_LIMITS.caseRounds;
    const known = this.#cases.all().filter(({ round }) => round > from);
    return this.#findings(nowMs)
      .filter((finding) => this.#isTime(finding, nowMs) && this.of(finding.accused, nowMs) === "local")
      .filter(({ accused, detector }) => !known.some((one) => one.accused === accused && one.detector === detector))
      .map(({ accused, detector, evidence }) => {
        const references = evidence.map(({ device, sequence, hash }) => ({ device, sequence, hash }));
        const inOrder = references.sort(compareReferences);
        return { accused, action: "quarantine", detector, words: WORDS[detector], evidence: inOrder };
      });
  }

  /** Forgets old cases; to be called now and then. */
  sweep(nowMs: number): void {
    this.#cases.sweep(this.#roundOf(nowMs), this.#o.tallyBefore);
  }

  #findings(nowMs: number): NamedFinding[] {
    const { rules, tallyBefore } = this.#o;
    return this.#watch.findings({ rules, round: this.#roundOf(nowMs), tallyBefore }, nowMs);
  }

  /** Suspected since the own operator said so or something was done that was found, and not taken back after that. */
  #isLocal(operator: OperatorId, nowMs: number): boolean {
    const own = this.#cases.about(operator).filter(({ by }) => by === this.#o.own);
    const suspected = this.#findings(nowMs)
      .filter(({ accused }) => accused === operator)
      .map(newestMs);
    const byOwner = own.find(({ action, detector }) => action === "quarantine" && detector === "operator");
    const back = own.find(({ action }) => action === "reinstate");
    const backByAll = this.#cases.inForce(operator, this.#roundOf(nowMs), this.#o.tallyBefore);
    const sinceMs = Math.max(-1, byOwner?.madeAtMs ?? -1, ...suspected);
    return sinceMs > Math.max(-1, back?.madeAtMs ?? -1, backByAll?.action === "reinstate" ? backByAll.madeAtMs : -1);
  }

  #viewOf(one: KnownCase, nowMs: number): ShownCase {
    const { tallyBefore } = this.#o;
    const round = this.#roundOf(nowMs);
    const standing = this.#cases.standing(one, round, tallyBefore);
    const evidenceState = this.#cases.evidence(one, tallyBefore);
    return { ...one, ...standing, evidenceState, state: this.#stateOf(one, standing, evidenceState, nowMs) };
  }

  #stateOf(one: KnownCase, standing: CaseStanding, evidence: EvidenceState, nowMs: number): ShownCase["state"] {
    const isQuarantine = one.action === "quarantine";
    const now = this.of(one.accused, nowMs);
    if (evidence === "fails" || (standing.isOver && !standing.isDecided)) return "rejected";
    if (standing.isDecided && evidence === "holds") return isQuarantine && now === "network" ? "network" : "lifted";
    if (standing.level === "rejected") return "rejected";
    return isQuarantine && now === "local" ? "local" : "voting";
  }

  /** Agents that find the same at once do not all say it at once. */
  #isTime({ accused, foundAtMs }: NamedFinding, nowMs: number): boolean {
    const [part = 0] = sha256(concatBytes(fromHex(this.#o.own), fromHex(accused)));
    return nowMs >= foundAtMs + (part / 256) * AGENT_LIMITS.caseSpreadMs;
  }

  #roundOf(atMs: number): number {
    return roundOf(this.#o.rules, atMs) ?? 0;
  }
}
