/**
 * What follows from the logs in the journal, each in a book of its own:
 *
 *   papers    TrustBook: whose a device is, who has standing          in memory, read anew at each start
 *   ballots   TallyBook: levels of entries, weights of operators      in memory, likewise
 *   work      TaskBook: what there is to do, and who did it           in memory, likewise
 *   whole     Awareness: digests of all that is known                 in memory, likewise
 *   cases     Quarantines: who is not listened to, and why            in memory, likewise
 *   contacts  ContactBook: how to write to whom                       in memory, likewise
 *   entries   EntryIndex: what a query finds                          knowledge.db, which knows how far it has got
 *
 * From equal logs follow equal books.
 */
import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { logsOf } from "./anomaly/evidence.ts";
import { Quarantines } from "./anomaly/quarantine.ts";
import { Awareness } from "./awareness/awareness.ts";
import type { EntryId, OperatorId } from "./agent-ids.ts";
import { ContactBook } from "./contacts/contact-book.ts";
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
  readonly journal: Pick<Journal, "all" | "sizeOf" | "after">;
  /** The operator of this machine. */
  readonly own: OperatorId;
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
  "case",
  "withdrawal",
  "contact",
];

const KINDS_IN_INDEX: readonly StatementKind[] = ["entry", "withdrawal"];

export class AgentBooks implements Disposable {
  readonly trust: TrustBook;
  readonly tallies: TallyBook;
  readonly index: EntryIndex;
  readonly tasks: TaskBook;
  readonly awareness: Awareness;
  readonly quarantines: Quarantines;
  readonly contacts: ContactBook = new ContactBook();
  readonly #o: AgentBooksOptions;
  /** Subjects whose level may be another, now and when this round is over. */
  readonly #unsettled = new Map<EntryId, number>();
  /** Rounds that are over were counted anew. */
  #isRecounted = false;

  /** Throws CodecError `knowledge_corrupt`. */
  constructor(options: AgentBooksOptions) {
    const { folder, genesis, journal, own, clock } = options;
    this.#o = options;
    this.trust = new TrustBook(genesis);
    const isEnrolled: IsEnrolled = (operator, atMs) => this.trust.isEnrolled(operator, atMs);
    this.quarantines = new Quarantines({
      own,
      rules: genesis,
      logs: logsOf(journal, (device) => this.trust.operatorOf(device)),
      enrolled: (atMs) => this.trust.standing(atMs).size,
      tallyBefore: (subject, round) => this.tallies.tally(subject, round - 1, clock.nowMs()),
    });
    this.tallies = new TallyBook(genesis, isEnrolled, (...vote) => this.quarantines.isBarred(...vote));
    this.awareness = new Awareness({
      rules: genesis,
      tallyOf: (subject, atMs) => this.tallies.latest(subject, atMs),
      takesPart: (operator, atMs) => isEnrolled(operator, atMs) && !this.quarantines.isEverywhere(operator, atMs),
    });
    this.index = new EntryIndex(join(folder, "knowledge.db"));
    this.tasks = new TaskBook(genesis.network, {
      entry: (id) => this.index.get(id),
      votes: (id, nowMs) => this.tallies.latest(id, nowMs)?.votes.length ?? 0,
      isEnrolled,
    });
  }

  /** What the journal knows. */
  restore(): void {
    const { index } = this;
    const { journal } = this.#o;
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
    const round = this.#round();
    if (this.#isRecounted)
      for (const { subject } of this.tallies.tallies(this.#o.clock.nowMs())) this.#unsettled.set(subject, round);
    this.#isRecounted = false;
    if (this.#unsettled.size === 0) return;
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
    if (!isVoid) this.#recountFrom(this.trust.hear(said));
    const operator = this.trust.operatorOf(said.device);
    if (operator === null) return;
    // Also what was said too often to count is looked at by detectors.
    this.#recountFrom(this.quarantines.hear(noted, operator));
    if (isVoid) return;
    this.awareness.hear(noted, operator);
    this.#count(noted, operator);
    this.#o.heard(noted, operator);
  }

  /** Null: nothing is another now. */
  #recountFrom(fromMs: number | null): void {
    if (fromMs === null) return;
    this.tallies.recountFrom(fromMs);
    this.#isRecounted = true;
  }

  #count({ said }: Noted, operator: OperatorId): void {
    const { device, madeAtMs, statement, bytes } = said;
    const { kind, body } = statement;
    this.tasks.hear(said, operator);
    if (kind === "contact") this.contacts.hear({ device, operator, body, madeAtMs });
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
