/**
 * Votes for its agent, by itself: commits in a commit window, opens in the reveal window of the same round.
 *
 *   intend -> waits -> commit window, but for its last part: nonce and round on the disk, commitment said -> reveal window: reveal said, with what was seen in time
 *
 * What was not opened in its round, because this machine was off or had said too much, is committed to again in the next one.
 */
import type { Clock } from "../../core/clock.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { OperatorId, SubjectId } from "../agent-ids.ts";
import type { Journal, Noted } from "../journal/journal.ts";
import { type Commitment, commitmentOf, encodeCommitment, encodeReveal, readCommitment, type Vote } from "./ballot.ts";
import type { OwnVote, OwnVotes } from "./own-votes.ts";
import { roundOf, type VoteRules, windowAt, windowsOf } from "./rounds.ts";

export interface VoterOptions {
  readonly rules: VoteRules;
  readonly operator: OperatorId;
  readonly votes: OwnVotes;
  readonly journal: Pick<Journal, "say" | "isTooMuch">;
  readonly clock: Clock;
}

export class Voter {
  readonly #o: VoterOptions;
  /** Of the round of now: commitments that were here before its commit window ended. */
  readonly #seen = new Map<SubjectId, Set<Commitment>>();
  #round = 0;

  constructor(options: VoterOptions) {
    this.#o = options;
  }

  /** In the place of what was intended about the same subject and waits. */
  intend(subject: SubjectId, vote: Vote, reason: string): void {
    this.#o.votes.intend(subject, vote, reason);
  }

  /** What somebody said; only commitments matter here. */
  hear({ said, cameAtMs }: Noted): void {
    const { kind, body } = said.statement;
    const commitment = kind === "commitment" ? readCommitment(body) : null;
    if (!commitment) return;
    const { rules, clock } = this.#o;
    this.#enter(roundOf(rules, clock.nowMs()) ?? 0);
    const { startMs, revealMs } = windowsOf(rules, this.#round);
    if (said.madeAtMs < startMs || cameAtMs >= revealMs) return;
    const seen = this.#seen.get(commitment.subject) ?? new Set<Commitment>();
    this.#seen.set(commitment.subject, seen.add(commitment.commitment));
  }

  /** About which somebody committed in this round. */
  subjects(): SubjectId[] {
    const { rules, clock } = this.#o;
    this.#enter(roundOf(rules, clock.nowMs()) ?? 0);
    return [...this.#seen.keys()];
  }

  /** What is to be said now is said; to be called often. Rejects as `Journal.say`. */
  async act(): Promise<void> {
    const { rules, votes, clock } = this.#o;
    const nowMs = clock.nowMs();
    const round = roundOf(rules, nowMs) ?? 0;
    this.#enter(round);
    votes.tryAgain(round);
    if (windowAt(rules, nowMs) === "reveal") for (const vote of votes.closed(round)) await this.#open(vote);
    else if (!this.#isLate(nowMs)) {
      // Of two commitments about one subject neither would count: who votes anew does so in the next round.
      const taken = new Set(votes.closed(round).map(({ subject }) => subject));
      for (const vote of votes.waiting()) if (!taken.has(vote.subject)) await this.#commit(vote, round);
    }
  }

  /** What is committed to now would come to others when the window is over for them: it would count for nobody, and be tried no more. */
  #isLate(nowMs: number): boolean {
    const { rules } = this.#o;
    const { revealMs } = windowsOf(rules, roundOf(rules, nowMs) ?? 0);
    return revealMs - nowMs < Math.min(AGENT_LIMITS.commitMarginMs, rules.commitMs / 4);
  }

  #enter(round: number): void {
    if (round !== this.#round) this.#seen.clear();
    this.#round = round;
  }

  async #commit(vote: OwnVote, round: number): Promise<void> {
    const { votes, journal, operator, rules } = this.#o;
    if (journal.isTooMuch("commitment")) return;
    const commitment = commitmentOf({ ...vote, network: rules.network, operator });
    // First on the disk: after a crash it is known that it may have been said in this round.
    votes.committed(vote, round);
    await journal.say({ kind: "commitment", body: encodeCommitment({ subject: vote.subject, commitment }) });
  }

  async #open(vote: OwnVote): Promise<void> {
    const { votes, journal, operator, rules } = this.#o;
    const seen = [...(this.#seen.get(vote.subject) ?? [])].sort();
    // A crash came before it was said: another round, then.
    if (!seen.includes(commitmentOf({ ...vote, network: rules.network, operator }))) return;
    // One reveal has room for so many.
    for (let at = 0; at === 0 || at < seen.length; at += AGENT_LIMITS.seen) {
      if (journal.isTooMuch("reveal")) return;
      const part = seen.slice(at, at + AGENT_LIMITS.seen);
      await journal.say({ kind: "reveal", body: encodeReveal({ ...vote, seen: part }) });
    }
    votes.opened(vote);
  }
}
