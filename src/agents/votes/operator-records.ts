/** What operators did, round by round, as far as reputation follows from it: entries, and how their votes fared. */
import type { EntryId, OperatorId } from "../agent-ids.ts";
import { madeAt } from "./ballot-box.ts";
import { countBelow, History } from "./history.ts";
import type { OperatorRecord } from "./reputation.ts";
import { roundMs, type VoteRules } from "./rounds.ts";
import type { Side } from "./sides.ts";
import type { CountedVote, Level, Tally } from "./tally.ts";

interface Standing {
  readonly verified: number;
  readonly right: number;
  readonly decided: number;
  /** The last round with a vote of his that counted. */
  readonly voted: number | null;
}

const NOTHING: Standing = { verified: 0, right: 0, decided: 0, voted: null };

export class OperatorRecords {
  readonly #rules: VoteRules;
  readonly #authors = new Map<EntryId, OperatorId>();
  /** Rounds in which an operator made entries, rising, each once. */
  readonly #active = new Map<OperatorId, number[]>();
  readonly #standings = new Map<OperatorId, History<Standing>>();

  constructor(rules: VoteRules) {
    this.#rules = rules;
  }

  /** Whether nobody was known to have made it. */
  addAuthor(entry: EntryId, operator: OperatorId): boolean {
    if (this.#authors.has(entry)) return false;
    this.#authors.set(entry, operator);
    return true;
  }

  /** Whether he was not known to have made an entry in this round. */
  addActivity(operator: OperatorId, round: number): boolean {
    const rounds = madeAt(this.#active, operator, () => []);
    const at = countBelow(rounds, round);
    if (rounds[at] === round) return false;
    rounds.splice(at, 0, round);
    return true;
  }

  /** As it was when `round` began. */
  before(round: number, operator: OperatorId): OperatorRecord {
    const { voted, ...counts } = this.#standings.get(operator)?.before(round) ?? NOTHING;
    const rounds = this.#active.get(operator) ?? [];
    const made = rounds[countBelow(rounds, round) - 1] ?? null;
    const last = Math.max(made ?? -1, voted ?? -1);
    return { ...counts, idleMs: last === -1 ? null : (round - 1 - last) * roundMs(this.#rules) };
  }

  /** What changed for a subject in `round`, and who took a side there. */
  follow(round: number, before: Tally | null, after: Tally, sides: ReadonlyMap<OperatorId, Side>): void {
    const author = this.#authors.get(after.subject);
    const verified = Number(isVerified(after.level)) - Number(isVerified(before?.level ?? "low"));
    if (author !== undefined && verified !== 0) this.#add(round, author, { verified });
    for (const vote of before?.votes ?? []) this.#addOutcome(round, vote, before?.level ?? "low", -1);
    for (const vote of after.votes) this.#addOutcome(round, vote, after.level, 1);
    for (const [operator, side] of sides) if (side !== "none") this.#add(round, operator, { voted: round });
  }

  forget(round: number): void {
    for (const history of this.#standings.values()) history.forget(round);
  }

  #addOutcome(round: number, { operator, side }: CountedVote, level: Level, by: 1 | -1): void {
    const isDecided = level === "high" || level === "rejected";
    if (!isDecided || side === "none") return;
    const isRight = (side === "for") === (level === "high");
    this.#add(round, operator, { decided: by, right: isRight ? by : 0 });
  }

  #add(round: number, operator: OperatorId, change: Partial<Standing>): void {
    const history = madeAt(this.#standings, operator, () => new History<Standing>());
    const now = history.before(round + 1) ?? NOTHING;
    history.set(round, {
      verified: now.verified + (change.verified ?? 0),
      right: now.right + (change.right ?? 0),
      decided: now.decided + (change.decided ?? 0),
      voted: change.voted ?? now.voted,
    });
  }
}

function isVerified(level: Level): boolean {
  return level === "medium" || level === "high";
}
