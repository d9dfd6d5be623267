/**
 * Ballots by round, subject and operator. What stands in the wrong window, opens nothing or is there already changes nothing; a
 * commitment belongs to the first round in which the operator made it, so that a round said over again counts for nothing.
 */
import type { OperatorId, SubjectId } from "../agent-ids.ts";
import { type Ballot, type Commitment, commitmentOf } from "./ballot.ts";
import { roundOf, type VoteRules, windowAt } from "./rounds.ts";
import type { SaidInRound } from "./sides.ts";

export type SaidBySubject = ReadonlyMap<SubjectId, ReadonlyMap<OperatorId, SaidInRound>>;

export class BallotBox {
  readonly #rules: VoteRules;
  readonly #rounds = new Map<number, Map<SubjectId, Map<OperatorId, SaidInRound>>>();
  /** Of each operator, subject and commitment. */
  readonly #firstRounds = new Map<string, number>();

  constructor(rules: VoteRules) {
    this.#rules = rules;
  }

  /** The round for which it changes something; else null. */
  put(ballot: Ballot): number | null {
    const round = roundOf(this.#rules, ballot.madeAtMs);
    const isInWindow = round !== null && windowAt(this.#rules, ballot.madeAtMs) === WINDOWS[ballot.kind];
    if (!isInWindow) return null;
    const said = this.#said(round, ballot);
    const isNew = ballot.kind === "commitment" ? this.#commit(said, round, ballot) : this.#reveal(said, ballot);
    return isNew ? round : null;
  }

  /** Rounds from `from` on and before `until` for which there is something, rising. */
  rounds(from: number, until: number): number[] {
    return [...this.#rounds.keys()].filter((round) => round >= from && round < until).sort((a, b) => a - b);
  }

  /** What was said in a round, without commitments of earlier ones. */
  saidIn(round: number): SaidBySubject {
    const subjects = [...(this.#rounds.get(round) ?? [])];
    return new Map(
      subjects.map(([subject, operators]) => {
        const own = ([operator, said]: [OperatorId, SaidInRound]): [OperatorId, SaidInRound] => {
          const isOwn = (one: Commitment) => this.#firstRounds.get(keyOf(operator, subject, one)) === round;
          return [operator, { commitments: new Set([...said.commitments].filter(isOwn)), reveals: said.reveals }];
        };
        return [subject, new Map([...operators].map(own))];
      }),
    );
  }

  #commit(said: SaidInRound, round: number, ballot: Ballot & { readonly kind: "commitment" }): boolean {
    const { operator, subject, commitment } = ballot;
    if (said.commitments.has(commitment)) return false;
    said.commitments.add(commitment);
    const key = keyOf(operator, subject, commitment);
    const first = this.#firstRounds.get(key);
    if (first !== undefined && first < round) return false;
    this.#firstRounds.set(key, round);
    return true;
  }

  #reveal(said: SaidInRound, ballot: Ballot & { readonly kind: "reveal" }): boolean {
    const opened = commitmentOf({ ...ballot, network: this.#rules.network });
    const reveal = said.reveals.get(opened) ?? { vote: ballot.vote, seen: new Set() };
    const isNew = !said.reveals.has(opened) || ballot.seen.some((one) => !reveal.seen.has(one));
    for (const one of ballot.seen) reveal.seen.add(one);
    said.reveals.set(opened, reveal);
    return isNew;
  }

  #said(round: number, { subject, operator }: Ballot): SaidInRound {
    const subjects = madeAt(this.#rounds, round, () => new Map<SubjectId, Map<OperatorId, SaidInRound>>());
    const operators = madeAt(subjects, subject, () => new Map<OperatorId, SaidInRound>());
    return madeAt(operators, operator, () => ({ commitments: new Set(), reveals: new Map() }));
  }
}

const WINDOWS = { commitment: "commit", reveal: "reveal" } as const;

function keyOf(operator: OperatorId, subject: SubjectId, commitment: Commitment): string {
  return operator + subject + commitment;
}

/** What the map holds there, made if it holds nothing. */
export function madeAt<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
