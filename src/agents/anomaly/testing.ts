/** For tests: deeds by name and time, logs in memory, and votes that stand as they are told. */
import { toHex, utf8Encode } from "../../core/bytes.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import type { DeviceId, OperatorId, SubjectId } from "../agent-ids.ts";
import { entryNamed, operatorNamed, ROUND, RULES } from "../votes/testing.ts";

import { windowsOf } from "../votes/rounds.ts";
import type { Side } from "../votes/sides.ts";
import { type Tally, tallyOf } from "../votes/tally.ts";
import type { Noted } from "../journal/journal.ts";
import { type Case, type CaseId, caseIdOf, encodeCase } from "./case.ts";
import type { Act, Deed, Reference } from "./deed.ts";
import type { Logs } from "./evidence.ts";
import type { Ground } from "./ground.ts";
import type { TallyBefore } from "../votes/tally-book.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
/** In the commit window of the round, when its opening is over. */
export const NOON: number = windowsOf(RULES, ROUND).startMs + 12 * HOUR_MS;

export function hashNamed(name: string): string {
  return toHex(sha256(utf8Encode(name)));
}

export function deviceNamed(name: string): DeviceId {
  return hashNamed(`device ${name}`) as DeviceId;
}

/** The logs of devices, one an operator unless it is said otherwise: what is said in them stands there in that order. */
export class TestLogs implements Logs {
  readonly #logs = new Map<DeviceId, Deed[]>();

  say(name: string, atMs: number, act: Act, device: string = name): Deed {
    const log = this.#logs.get(deviceNamed(device)) ?? [];
    this.#logs.set(deviceNamed(device), log);
    const about = { device: deviceNamed(device), sequence: log.length + 1, hash: hashNamed(`${device} ${log.length}`) };
    const deed: Deed = { ...about, operator: operatorNamed(name), madeAtMs: atMs, act };
    log.push(deed);
    return deed;
  }

  entry(name: string, atMs: number, entry: string, domain: string = "rust", device: string = name): Deed {
    return this.say(name, atMs, { kind: "entry", entry: entryNamed(entry), domain }, device);
  }

  commit(name: string, atMs: number, subject: string, device: string = name): Deed {
    return this.say(name, atMs, { kind: "commitment", subject: entryNamed(subject) }, device);
  }

  reveal(name: string, atMs: number, subject: string, vote: "for" | "against" = "for"): Deed {
    return this.say(name, atMs, { kind: "reveal", subject: entryNamed(subject), vote });
  }

  all(): Deed[] {
    return [...this.#logs.values()].flat();
  }

  /** Null beyond the end: it is not here yet. */
  stretch(device: DeviceId, first: number, last: number): readonly Deed[] | null {
    const log = this.#logs.get(device);
    return !log || log.length < last ? null : log.slice(first - 1, last);
  }
}

export function referencesTo(deeds: readonly Deed[]): Reference[] {
  return deeds.map(({ device, sequence, hash }) => ({ device, sequence, hash }));
}

/** Votes of operators by name: `{ x: { for: "a b", against: "c" } }`, each cast in the round that is said. */
export class TestVotes {
  readonly #cast = new Map<SubjectId, [number, OperatorId, Side][]>();

  cast(subject: string, sides: Partial<Record<Side, string>>, round: number = ROUND): this {
    return this.castAbout(entryNamed(subject), sides, round);
  }

  castAbout(subject: SubjectId, sides: Partial<Record<Side, string>>, round: number = ROUND): this {
    const all = this.#cast.get(subject) ?? [];
    for (const side of ["for", "against", "none"] as const)
      for (const name of sides[side]?.split(" ") ?? []) all.push([round, operatorNamed(name), side]);
    this.#cast.set(subject, all);
    return this;
  }

  readonly tallyBefore: TallyBefore = (subject: SubjectId, before: number): Tally | null => {
    const cast = (this.#cast.get(subject) ?? []).filter(([round]) => round < before);
    const votes = new Map(cast.map(([, operator, side]) => [operator, { operator, side, weight: 1_000 }]));
    const round = Math.max(...cast.map(([one]) => one));
    return cast.length === 0 ? null : tallyOf({ network: RULES.network, subject, round }, votes.values());
  };

  /** When all rounds that were cast in are over. */
  ground(round: number = ROUND + 100): Ground {
    return { rules: RULES, round, tallyBefore: this.tallyBefore };
  }
}

export function namesOf(findings: readonly { readonly accused: OperatorId }[], ...names: string[]): string[] {
  return names.filter((name) => findings.some(({ accused }) => accused === operatorNamed(name)));
}

/** That `accused` is to be put in quarantine because `by` says so; anything else by `changes`. */
export function caseAbout(accused: string, changes: Partial<Case> = {}): Case {
  const usual = { action: "quarantine", detector: "operator", words: "It floods.", evidence: [] } as const;
  return { accused: operatorNamed(accused), ...usual, ...changes };
}

export interface SaidCase {
  readonly by: OperatorId;
  readonly id: CaseId;
  readonly noted: Noted;
}

/** As it comes from a journal: only what books look at. */
export function saidCase(by: string, madeAtMs: number, told: Case, isVoid: boolean = false): SaidCase {
  const body = encodeCase(told);
  const statement = { kind: "case", network: RULES.network, body } as const;
  const said = { device: deviceNamed(by), sequence: 1, madeAtMs, statement } as Noted["said"];
  const operator = operatorNamed(by);
  const id = caseIdOf(RULES.network, operator, madeAtMs, body);
  return { by: operator, id, noted: { said, row: 1, cameAtMs: madeAtMs, isVoid } };
}
