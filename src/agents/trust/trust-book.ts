/**
 * All papers that were said in a network, and what follows from them at any moment: whose a device is, and who takes part.
 *
 *   statements -> papers -> standing, devices        of a stretch of time in which no paper begins or ends, they are counted once
 *
 * A device belongs to the operator whose certificate is the first entry of its log. Papers count by their own signatures, whoever says them: so an
 * operator takes a lost device out by a certificate in another log.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { DeviceId, OperatorId } from "../agent-ids.ts";
import type { Said } from "../journal/said.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { type Devices, devicesOf, isEntitled } from "./devices.ts";
import type { Endorsement } from "./endorsement.ts";
import { readEnrolment } from "./enrolment.ts";
import type { Genesis } from "./genesis.ts";
import { type Revocation, readRevocation } from "./revocation.ts";
import { type Standing, standing } from "./trust-graph.ts";

interface Held {
  readonly endorsements: readonly Endorsement[];
  readonly revocations: readonly Revocation[];
  readonly certificates: readonly Certificate[];
}

interface Moment {
  readonly standing: ReadonlyMap<OperatorId, Standing>;
  readonly devices: Devices;
}

/** Stretches of time whose standing is remembered: those of today and of the last rounds are asked for again and again. */
const MOMENTS = 256;

export class TrustBook {
  readonly #genesis: Genesis;
  readonly #endorsements: Endorsement[] = [];
  readonly #revocations: Revocation[] = [];
  readonly #certificates: Certificate[] = [];
  readonly #operators = new Map<DeviceId, OperatorId>();
  /** Papers that each log brought. */
  readonly #brought = new Map<DeviceId, number>();
  /** When a paper begins to count, or has ended; rising, each once. */
  readonly #turns: number[] = [];
  /** By the turn that is their first moment. */
  readonly #moments = new Map<number, Moment>();

  constructor(genesis: Genesis) {
    this.#genesis = genesis;
  }

  /** Takes in what a log says. Returns the earliest moment for which something may be another now; null if nothing is. */
  hear(said: Said): number | null {
    const { endorsements, revocations, certificates } = papersIn(said, this.#genesis);
    const operator = operatorIn(said, this.#genesis);
    if (operator !== null) this.#operators.set(said.device, operator);
    const all = [...endorsements, ...revocations, ...certificates];
    const brought = (this.#brought.get(said.device) ?? 0) + all.length;
    // Names cost nothing: one log must not fill everybody's memory with papers of people who do not exist.
    const isTooMuch = brought > AGENT_LIMITS.papersOfALog || this.#count() + all.length > AGENT_LIMITS.papers;
    if (all.length === 0 || isTooMuch) return null;
    this.#brought.set(said.device, brought);
    this.#endorsements.push(...endorsements);
    this.#revocations.push(...revocations);
    this.#certificates.push(...certificates);
    const fromMs = all.reduce((least, { madeAtMs }) => Math.min(least, madeAtMs), Number.POSITIVE_INFINITY);
    for (const turnMs of all.flatMap(turnsOf)) this.#addTurn(turnMs);
    for (const atMs of this.#moments.keys()) if (atMs >= fromMs) this.#moments.delete(atMs);
    return fromMs;
  }

  /** Null for one whose log is not here. */
  operatorOf(device: DeviceId): OperatorId | null {
    return this.#operators.get(device) ?? null;
  }

  /** Whether what it says now counts. */
  isEntitled(device: DeviceId, nowMs: number): boolean {
    const operator = this.operatorOf(device);
    return operator !== null && isEntitled(device, operator, this.#at(nowMs).devices);
  }

  /** Whether it would be, with what its log begins with. */
  wouldBeEntitled(beginning: readonly Said[], nowMs: number): boolean {
    const [first] = beginning;
    const operator = first ? operatorIn(first, this.#genesis) : null;
    if (!first || operator === null) return false;
    const papers = beginning.map((said) => papersIn(said, this.#genesis));
    const together: Held = {
      endorsements: [...this.#endorsements, ...papers.flatMap(({ endorsements }) => endorsements)],
      revocations: [...this.#revocations, ...papers.flatMap(({ revocations }) => revocations)],
      certificates: [...this.#certificates, ...papers.flatMap(({ certificates }) => certificates)],
    };
    return isEntitled(first.device, operator, momentOf(this.#genesis, together, nowMs).devices);
  }

  isEnrolled(operator: OperatorId, atMs: number): boolean {
    return this.standing(atMs).has(operator);
  }

  standing(atMs: number): ReadonlyMap<OperatorId, Standing> {
    return this.#at(atMs).standing;
  }

  devices(atMs: number): Devices {
    return this.#at(atMs).devices;
  }

  #at(atMs: number): Moment {
    const turnMs = this.#turns[this.#turnsUntil(atMs) - 1] ?? 0;
    const moment = this.#moments.get(turnMs) ?? momentOf(this.#genesis, this.#held(), turnMs);
    this.#moments.delete(turnMs); // to the end of the order
    this.#moments.set(turnMs, moment);
    const [oldest] = this.#moments.keys();
    if (this.#moments.size > MOMENTS && oldest !== undefined) this.#moments.delete(oldest);
    return moment;
  }

  #addTurn(turnMs: number): void {
    const at = this.#turnsUntil(turnMs);
    if (this.#turns[at - 1] !== turnMs) this.#turns.splice(at, 0, turnMs);
  }

  /** How many are not later than this. */
  #turnsUntil(atMs: number): number {
    let [low, high] = [0, this.#turns.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#turns[middle] as number) <= atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #held(): Held {
    return {
      endorsements: this.#endorsements,
      revocations: this.#revocations,
      certificates: this.#certificates,
    };
  }

  #count(): number {
    return this.#endorsements.length + this.#revocations.length + this.#certificates.length;
  }
}

/** It counts from when it was made to its last moment; a revocation for good. */
function turnsOf(paper: Endorsement | Revocation | Certificate): number[] {
  return "notAfterMs" in paper ? [paper.madeAtMs, paper.notAfterMs + 1] : [paper.madeAtMs];
}

function momentOf(genesis: Genesis, held: Held, atMs: number): Moment {
  const found = standing(genesis, held, atMs);
  return { standing: found, devices: devicesOf(genesis, held.certificates, found, atMs) };
}

/** Whose device it is, if this is the first entry of its log, and a certificate for it. */
function operatorIn({ device, sequence, statement: { kind, body } }: Said, { network }: Genesis): OperatorId | null {
  if (sequence !== 1 || kind !== "certificate") return null;
  const certificate = readCertificate(body, network);
  return certificate?.device === device ? certificate.operator : null;
}

/** Whoever says them: a device vouches for nobody. */
function papersIn({ statement: { kind, body } }: Said, { network }: Genesis): Held {
  const none: Held = { endorsements: [], revocations: [], certificates: [] };
  if (kind === "enrolment") return { ...none, endorsements: readEnrolment(body, network) ?? [] };
  if (kind === "revocation") {
    const revocation = readRevocation(body, network);
    return { ...none, revocations: revocation ? [revocation] : [] };
  }
  const certificate = kind === "certificate" ? readCertificate(body, network) : null;
  return { ...none, certificates: certificate ? [certificate] : [] };
}
