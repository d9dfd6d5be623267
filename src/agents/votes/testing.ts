/** For tests: operators and entries by name, and whole rounds of votes. */
import { toHex, utf8Encode } from "../../core/bytes.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import type { NetworkId, OperatorId, SubjectId } from "../agent-ids.ts";
import { type Ballot, type Commitment, commitmentOf, type Vote } from "./ballot.ts";
import { type VoteRules, windowsOf } from "./rounds.ts";
import { type AuthoredEntry, type IsEnrolled, TallyBook } from "./tally-book.ts";
import type { Side } from "./sides.ts";
import type { Tally } from "./tally.ts";

const hashed = (text: string): Uint8Array => sha256(utf8Encode(text));

export const RULES: VoteRules = {
  network: toHex(hashed("network")) as NetworkId,
  commitMs: 86_400_000,
  revealMs: 43_200_000,
};
/** A round of these days. */
export const ROUND = 13_856;

export function operatorNamed(name: number | string): OperatorId {
  return toHex(hashed(`operator ${name}`)) as OperatorId;
}

export function entryNamed(name: number | string): SubjectId {
  return toHex(hashed(`entry ${name}`)) as SubjectId;
}

export interface Voter {
  readonly name: number | string;
  readonly vote: Vote;
  /** Whose commitments it names: of all who were in time, of nobody, or of some. */
  readonly names?: "all" | readonly (number | string)[];
  /** Commits after the reveals were read, and says that it was before: nobody who names "all" names it. */
  readonly isLate?: boolean;
  /** Another one, another nonce. */
  readonly device?: string;
}

export function voters(vote: Vote, ...names: readonly (number | string)[]): Voter[] {
  return names.map((name) => ({ name, vote }));
}

/** What the voters say in this round about this subject. */
export function roundOfBallots(round: number, subject: SubjectId, ...all: readonly Voter[]): Ballot[] {
  const { startMs, revealMs } = windowsOf(RULES, round);
  const made = all.map((voter) => ({ voter, commitment: committed(round, subject, voter) }));
  return made.flatMap(({ voter, commitment }): Ballot[] => {
    const operator = operatorNamed(voter.name);
    const nonce = nonceOf(round, voter);
    const seen = made.filter(({ voter: other }) => isNamed(voter, other)).map((other) => other.commitment);
    return [
      { kind: "commitment", operator, madeAtMs: startMs + 1_000, subject, commitment },
      { kind: "reveal", operator, madeAtMs: revealMs + 1_000, subject, vote: voter.vote, nonce, seen: seen.sort() },
    ];
  });
}

function isNamed({ names = "all" }: Voter, other: Voter): boolean {
  return names === "all" ? other.isLate !== true : names.includes(other.name);
}

function committed(round: number, subject: SubjectId, voter: Voter): Commitment {
  const operator = operatorNamed(voter.name);
  return commitmentOf({ network: RULES.network, subject, operator, vote: voter.vote, nonce: nonceOf(round, voter) });
}

function nonceOf(round: number, { name, vote, device = "" }: Voter): Uint8Array {
  return hashed(`nonce ${round} ${name} ${vote} ${device}`);
}

export const everybody: IsEnrolled = () => true;

/** A time at which the round is over, and no later one. */
export function after(round: number): number {
  return windowsOf(RULES, round).endMs;
}

/** A book in which all of this stands. */
export function bookOf(
  ballots: readonly Ballot[],
  entries: readonly AuthoredEntry[] = [],
  isEnrolled: IsEnrolled = everybody,
): TallyBook {
  const book = new TallyBook(RULES, isEnrolled);
  for (const entry of entries) book.addEntry(entry);
  for (const ballot of ballots) book.addBallot(ballot);
  return book;
}

/** On which side each of these operators is; undefined for one who is not in it. */
export function sidesIn(tally: Tally | null, ...names: readonly (number | string)[]): (Side | undefined)[] {
  return names.map((name) => tally?.votes.find(({ operator }) => operator === operatorNamed(name))?.side);
}
