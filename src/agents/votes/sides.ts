/**
 * On which side the operators of one round and subject are, by what they said in it.
 *
 * Who opened a commitment of his is a voter. His commitments count as made in time if at least half of the *other* voters name them as
 * seen: times in logs are what their signers say, and who read the reveals of others could still commit, in the past. A voter is for or
 * against if all of his commitments that were in time are opened, to one vote; else he is on no side.
 *
 *   one commitment, named        for or against      two, opened to different votes                 none
 *   one, named by too few        none                two, of which one was left closed: he chose    none
 *
 * Who is on no side keeps his weight in the whole. If he did not, as many liars as there are honest voters in a round would put these
 * out by naming nobody, round after round, and win alone what they could not win by votes.
 */
import type { OperatorId } from "../agent-ids.ts";
import type { Commitment, Vote } from "./ballot.ts";

export type Side = Vote | "none";

export interface Reveal {
  readonly vote: Vote;
  /** Commitments that it names, of all the times that it was said. */
  readonly seen: Set<Commitment>;
}

/** What an operator said about a subject in a round: commitments in the commit window, reveals in the reveal window. */
export interface SaidInRound {
  readonly commitments: Set<Commitment>;
  /** By the commitment that each would open. */
  readonly reveals: Map<Commitment, Reveal>;
}

/** Of every operator who opened a commitment. What is left out of `said` does not exist. */
export function sidesOf(said: ReadonlyMap<OperatorId, SaidInRound>): Map<OperatorId, Side> {
  const voters = [...said].filter(([, one]) => hasOpened(one));
  const seenBy = new Map(voters.map(([operator, one]) => [operator, seenOf(one)]));
  const counts = new Map<Commitment, number>();
  for (const seen of seenBy.values()) for (const one of seen) counts.set(one, (counts.get(one) ?? 0) + 1);
  return new Map(
    voters.map(([operator, one]) => {
      const own = seenBy.get(operator) as Set<Commitment>;
      const namedBy = (commitment: Commitment) => (counts.get(commitment) ?? 0) - (own.has(commitment) ? 1 : 0);
      return [operator, sideOf(one, (commitment) => 2 * namedBy(commitment) >= voters.length - 1)];
    }),
  );
}

function sideOf({ commitments, reveals }: SaidInRound, isInTime: (commitment: Commitment) => boolean): Side {
  const inTime = [...commitments].filter(isInTime);
  const votes = new Set(inTime.map((commitment): Side => reveals.get(commitment)?.vote ?? "none"));
  const [vote = "none"] = votes;
  return votes.size === 1 ? vote : "none";
}

function hasOpened({ commitments, reveals }: SaidInRound): boolean {
  return [...reveals.keys()].some((commitment) => commitments.has(commitment));
}

/** Named in several reveals, because one has room for so many; only those that open something say anything. */
function seenOf({ commitments, reveals }: SaidInRound): Set<Commitment> {
  const opening = [...reveals].filter(([commitment]) => commitments.has(commitment));
  return new Set(opening.flatMap(([, { seen }]) => [...seen]));
}
