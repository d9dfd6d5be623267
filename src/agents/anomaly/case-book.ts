/**
 * All cases of a network, and who is in quarantine when a round begins: a function of logs alone.
 *
 *   case said in a log ──> votes about it, `caseRounds` long (NEP-28) ──> decided? evidence holds? ──> of the newest such case: its action
 *
 *   decided    high by the votes of all but the accused; on its side `caseVoters` or more, who are more than a third of all who are enrolled,
 *              or `caseQuorum`
 *
 * Why a third: else any three could put out everybody while nobody looks. Who is in quarantine loses his vote about entries and keeps it
 * about cases but his own: so those who are put out by a few take each other back.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { DeviceId, OperatorId, SubjectId } from "../agent-ids.ts";
import type { Noted } from "../journal/journal.ts";
import { roundOf, type VoteRules, windowsOf } from "../votes/rounds.ts";
import { type Level, levelOf } from "../votes/tally.ts";
import { type Case, type CaseId, caseIdOf, readCase } from "./case.ts";
import type { Deed } from "./deed.ts";
import { type EvidenceState, holds, type Logs, materialOf } from "./evidence.ts";
import type { TallyBefore } from "../votes/tally-book.ts";

export interface CaseBookOptions {
  readonly rules: VoteRules;
  readonly logs: Logs;
  /** How many operators are enrolled at a moment. */
  readonly enrolled: (atMs: number) => number;
}

export interface KnownCase extends Case {
  readonly id: CaseId;
  readonly by: OperatorId;
  readonly madeAtMs: number;
  /** In which it was made; votes count until `caseRounds` later. */
  readonly round: number;
}

export interface CaseStanding {
  readonly level: Level;
  readonly isDecided: boolean;
  /** No more votes count. */
  readonly isOver: boolean;
}

export class CaseBook {
  readonly #o: CaseBookOptions;
  readonly #cases = new Map<CaseId, KnownCase>();
  /** Of each accused, the newest first. */
  readonly #about = new Map<OperatorId, readonly KnownCase[]>();
  /** Of cases that were over before they were decided. */
  readonly #swept = new Set<CaseId>();
  /** Rounds of the newest cases in a log. */
  readonly #inLogs = new Map<DeviceId, readonly number[]>();
  /** Of cases that were decided: nothing of it can change. */
  readonly #material = new Map<CaseId, readonly Deed[]>();
  /** Logs of which evidence of decided cases is missing. */
  readonly #missing = new Map<DeviceId, Set<CaseId>>();

  constructor(options: CaseBookOptions) {
    this.#o = options;
  }

  /**
   * What stands in a log of this operator, each log in its order, of all kinds, also what is void: it may be evidence that was missing.
   * Returns the earliest moment for which somebody's quarantine may be another now; null if for none.
   */
  hear({ said, isVoid }: Pick<Noted, "said" | "isVoid">, operator: OperatorId): number | null {
    const { device, madeAtMs, statement } = said;
    const found = this.#foundFrom(device);
    const told = statement.kind === "case" && !isVoid ? readCase(statement.body) : null;
    const round = roundOf(this.#o.rules, madeAtMs);
    if (!told || round === null || !this.#hasRoom(device, round)) return found;
    const id = caseIdOf(this.#o.rules.network, operator, madeAtMs, statement.body);
    if (this.has(id)) return found;
    this.#put({ ...told, id, by: operator, madeAtMs, round });
    const startMs = windowsOf(this.#o.rules, round).startMs;
    return found === null ? startMs : Math.min(found, startMs);
  }

  /** Whether votes about it are about a case. */
  has(subject: SubjectId): boolean {
    return this.#cases.has(subject as CaseId) || this.#swept.has(subject as CaseId);
  }

  /** The newest first. */
  all(): KnownCase[] {
    return [...this.#cases.values()].sort(compareNewest);
  }

  /** About this operator, the newest first. */
  about(accused: OperatorId): readonly KnownCase[] {
    return this.#about.get(accused) ?? [];
  }

  /** Whether the network has put him in quarantine when the round begins: by cases and votes of rounds before. */
  isQuarantined(operator: OperatorId, round: number, tallyBefore: TallyBefore): boolean {
    return this.inForce(operator, round, tallyBefore)?.action === "quarantine";
  }

  /** The newest case about him that was decided when the round begins and whose evidence holds; null if there is none. */
  inForce(operator: OperatorId, round: number, tallyBefore: TallyBefore): KnownCase | null {
    const decides = (one: KnownCase): boolean =>
      one.round < round && this.standing(one, round, tallyBefore).isDecided && this.#doesHold(one, tallyBefore);
    return this.about(operator).find(decides) ?? null;
  }

  /** By votes alone, when the round begins. */
  standing(one: KnownCase, round: number, tallyBefore: TallyBefore): CaseStanding {
    const end = one.round + AGENT_LIMITS.caseRounds;
    const tally = tallyBefore(one.id, Math.min(round, end));
    // Nobody judges his own case.
    const votes = tally?.votes.filter(({ operator }) => operator !== one.accused) ?? [];
    const level = levelOf(votes);
    const inFavour = votes.filter(({ side }) => side === "for").length;
    const isEnough = tally !== null && this.#isQuorum(inFavour, tally.round);
    return { level, isDecided: level === "high" && isEnough, isOver: round >= end };
  }

  /** As of the round in which it was made. Reads logs. */
  evidence(one: KnownCase, tallyBefore: TallyBefore): EvidenceState {
    const material = this.#material.get(one.id) ?? materialOf(one.evidence, this.#o.logs);
    if (typeof material === "string") return material;
    const { rules } = this.#o;
    return holds(one, material, { rules, round: one.round, tallyBefore }) ? "holds" : "fails";
  }

  /** Forgets what was over long before the round and was never decided. */
  sweep(round: number, tallyBefore: TallyBefore): void {
    for (const one of this.#cases.values()) {
      const isOld = one.round + 2 * AGENT_LIMITS.caseRounds <= round;
      if (!isOld || this.standing(one, round, tallyBefore).isDecided) continue;
      this.#cases.delete(one.id);
      this.#about.set(
        one.accused,
        this.about(one.accused).filter(({ id }) => id !== one.id),
      );
      this.#swept.add(one.id);
    }
  }

  #put(one: KnownCase): void {
    this.#cases.set(one.id, one);
    this.#about.set(one.accused, [...this.about(one.accused), one].sort(compareNewest));
  }

  #isQuorum(inFavour: number, round: number): boolean {
    if (inFavour < AGENT_LIMITS.caseVoters) return false;
    if (inFavour >= AGENT_LIMITS.caseQuorum) return true;
    return 3 * inFavour > this.#o.enrolled(windowsOf(this.#o.rules, round).endMs);
  }

  /** What is read for a decided case is kept: every count of votes asks for it. */
  #doesHold(one: KnownCase, tallyBefore: TallyBefore): boolean {
    if (!this.#material.has(one.id)) {
      const material = materialOf(one.evidence, this.#o.logs);
      if (typeof material !== "string") this.#material.set(one.id, material);
      else if (material === "missing") this.#await(one);
      else return false;
    }
    return this.evidence(one, tallyBefore) === "holds";
  }

  #await({ id, evidence }: KnownCase): void {
    for (const { device } of evidence) this.#missing.set(device, (this.#missing.get(device) ?? new Set()).add(id));
  }

  /** When the earliest case began whose evidence may be here now that this log is longer. */
  #foundFrom(device: DeviceId): number | null {
    const waiting = [...(this.#missing.get(device) ?? [])].flatMap((id) => this.#cases.get(id) ?? []);
    const found = waiting.filter(({ evidence }) => materialOf(evidence, this.#o.logs) !== "missing");
    for (const { id } of found) for (const ids of this.#missing.values()) ids.delete(id);
    if (found.length === 0) return null;
    return windowsOf(this.#o.rules, Math.min(...found.map(({ round }) => round))).startMs;
  }

  /** By the log alone, so that everybody counts the same ones: what was said in a log stays as it is. */
  #hasRoom(device: DeviceId, round: number): boolean {
    const recent = (this.#inLogs.get(device) ?? []).filter((one) => one > round - AGENT_LIMITS.caseRounds);
    const hasRoom = recent.length < AGENT_LIMITS.casesOfALog;
    this.#inLogs.set(device, hasRoom ? [...recent, round] : recent);
    return hasRoom;
  }
}

function compareNewest(a: KnownCase, b: KnownCase): number {
  return b.madeAtMs - a.madeAtMs || (a.id < b.id ? -1 : 1);
}
