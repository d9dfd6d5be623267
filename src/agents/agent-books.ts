/**
 * What follows from the logs in the journal, each in a book of its own:
 *
 *   papers    TrustBook: whose a device is, who has standing          in memory, read anew at each start
 *   ballots   TallyBook: levels of entries, weights of operators      in memory, likewise
 *   work      TaskBook: what there is to do, and who did it           in memory, likewise
 *   entries   EntryIndex: what a query finds                          knowledge.db, which knows how far it has got
 *
 * From equal logs follow equal books.
 */
import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import type { EntryId, OperatorId } from "./agent-ids.ts";
import type { Journal, Noted } from "./journal/journal.ts";
import { entryIdOf, readKnowledgeEntry } from "./knowledge/entry.ts";
import { EntryIndex } from "./knowledge/entry-index.ts";
import { readWithdrawal } from "./knowledge/withdrawal.ts";
import type { StatementKind } from "./statement.ts";
import type { Genesis } from "./trust/genesis.ts";
import { TaskBook } from "./tasks/task-book.ts";
import { TrustBook } from "./trust/trust-book.ts";
import { readCommitment, readReveal } from "./votes/ballot.ts";
import { roundOf } from "./votes/rounds.ts";
import type { Tally } from "./votes/tally.ts";
import { type IsEnrolled, TallyBook } from "./votes/tally-book.ts";

export interface AgentBooksOptions {
  readonly folder: string;
  readonly genesis: Genesis;
  readonly clock: Clock;
  /** Told of everything that counts and is kept in memory, with whose word it is. */
  readonly heard: (noted: Noted, operator: OperatorId) => void;
}

const KINDS_IN_MEMORY: readonly StatementKind[] = [
  "certificate",
  "enrolment",
  "revocation",
  "entry",
  "commitment",
  "reveal",
  "job",
  "lease",
  "result",
  "check",
];

const KINDS_IN_INDEX: readonly StatementKind[] = ["entry", "withdrawal"];

export class AgentBooks implements Disposable {
  readonly trust: TrustBook;
  readonly tallies: TallyBook;
  readonly index: EntryIndex;
  readonly tasks: TaskBook;
  readonly #o: AgentBooksOptions;
  /** Subjects whose level may be another, now and when this round is over. */
  readonly #unsettled = new Map<EntryId, number>();

  /** Throws CodecError `knowledge_corrupt`. */
  constructor(options: AgentBooksOptions) {
    const { folder, genesis } = options;
    this.#o = options;
    this.trust = new TrustBook(genesis);
    const isEnrolled: IsEnrolled = (operator, atMs) => this.trust.isEnrolled(operator, atMs);
    this.tallies = new TallyBook(genesis, isEnrolled);
    this.index = new EntryIndex(join(folder, "knowledge.db"));
    this.tasks = new TaskBook(genesis.network, {
      entry: (id) => this.index.get(id),
      votes: (id, nowMs) => this.tallies.latest(id, nowMs)?.votes.length ?? 0,
      isEnrolled,
    });
  }

  /** What the journal knows. */
  restore(journal: Pick<Journal, "all">): void {
    const { index } = this;
    for (const noted of journal.all(KINDS_IN_MEMORY)) this.#remember(noted);
    index.batch(() => {
      for (const noted of journal.all(KINDS_IN_INDEX, index.position)) this.#note(noted);
    });
    index.sweep(this.#o.clock.nowMs());
  }

  /** What stands in a log now. */
  hear(all: readonly Noted[]): void {
    for (const noted of all) this.#remember(noted);
    this.index.batch(() => {
      for (const noted of all) this.#note(noted);
    });
  }

  /** As of the last round that is over; null if nobody voted. */
  tally(id: EntryId): Tally | null {
    return this.tallies.latest(id, this.#o.clock.nowMs());
  }

  /** Levels follow rounds that are over; to be called often. */
  settle(): void {
    if (this.#unsettled.size === 0) return;
    const round = this.#round();
    this.index.batch(() => {
      for (const [id, heardIn] of this.#unsettled) {
        this.index.setLevel(id, this.tally(id)?.level ?? "low");
        if (heardIn < round) this.#unsettled.delete(id);
      }
    });
  }

  [Symbol.dispose](): void {
    this.index.close();
  }

  /** What is kept in memory: papers, ballots, and whose an entry is. */
  #remember(noted: Noted): void {
    const { said, isVoid } = noted;
    if (isVoid) return;
    const fromMs = this.trust.hear(said);
    if (fromMs !== null) this.tallies.recountFrom(fromMs);
    const operator = this.trust.operatorOf(said.device);
    if (operator === null) return;
    this.#count(noted, operator);
    this.#o.heard(noted, operator);
  }

  #count({ said }: Noted, operator: OperatorId): void {
    const { madeAtMs, statement, bytes } = said;
    const { kind, body } = statement;
    this.tasks.hear(said, operator);
    const entry = kind === "entry" ? readKnowledgeEntry(body) : null;
    if (entry?.operator === operator) {
      const id = entryIdOf(bytes);
      this.tallies.addEntry({ entry: id, operator, madeAtMs });
      this.tasks.hearEntry(id, entry, madeAtMs);
    }
    const commitment = kind === "commitment" ? readCommitment(body) : null;
    if (commitment) this.tallies.addBallot({ kind: "commitment", ...commitment, operator, madeAtMs });
    const reveal = kind === "reveal" ? readReveal(body) : null;
    if (!reveal) return;
    this.tallies.addBallot({ kind: "reveal", ...reveal, operator, madeAtMs });
    this.#unsettled.set(reveal.subject, this.#round());
  }

  /** What stands in the index, and how far that has got. An entry counts as the word of the operator whose device said it. */
  #note({ said: { device, madeAtMs, statement, bytes }, row, isVoid }: Noted): void {
    this.index.position = row;
    const operator = this.trust.operatorOf(device);
    if (operator === null || isVoid) return;
    const entry = statement.kind === "entry" ? readKnowledgeEntry(statement.body) : null;
    if (entry?.operator === operator) {
      const id = entryIdOf(bytes);
      this.index.put(entry, { id, madeAtMs, level: this.tally(id)?.level ?? "low" });
    }
    const withdrawn = statement.kind === "withdrawal" ? readWithdrawal(statement.body) : null;
    if (withdrawn) this.index.withdraw(withdrawn, operator);
  }

  #round(): number {
    return roundOf(this.#o.genesis, this.#o.clock.nowMs()) ?? 0;
  }
}
