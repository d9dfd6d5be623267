/**
 * Marks that came before their message: kept until it is shown, for a bounded time and number. They stay
 * out of backups, because the message that they belong to may be one that disappears.
 */

import { MESSAGE_LIMITS } from "../core/limits.ts";
import type { Account } from "../vault/account.ts";
import type { SealedTable } from "../vault/sealed-table.ts";
import type { MarkLetter } from "./letter.ts";

interface EarlyMark {
  readonly id: string;
  readonly conversation: string;
  /** Hex. */
  readonly author: string;
  readonly arrivedAtMs: number;
  readonly letter: MarkLetter;
}

const YES = "yes";

export class EarlyMarks {
  readonly #table: SealedTable<EarlyMark>;

  constructor(vault: Account) {
    this.#table = vault.table<EarlyMark>({
      name: "early_marks",
      key: (row) => row.id,
      indexes: {
        conversation: (row) => row.conversation,
        target: (row) => `${row.conversation}/${row.letter.target}`,
        unsaved: () => YES,
      },
    });
  }

  keep(conversation: string, author: string, letter: MarkLetter, nowMs: number): void {
    this.#table.put({ id: `${author}/${letter.id}`, conversation, author, arrivedAtMs: nowMs, letter });
    const excess = this.#table.count("conversation", conversation) - MESSAGE_LIMITS.earlyMarks;
    if (excess > 0) this.#delete(this.#table.find("conversation", conversation, { limit: excess }));
  }

  /** The marks that waited for this message; they are not kept any longer. */
  take(conversation: string, target: string): readonly Pick<EarlyMark, "author" | "letter">[] {
    const marks = this.#table.find("target", `${conversation}/${target}`);
    this.#delete(marks);
    return marks;
  }

  /** Drops what waited too long for a message that will not come. */
  forgetOld(nowMs: number): void {
    this.#delete(this.#table.list().filter((row) => row.arrivedAtMs < nowMs - MESSAGE_LIMITS.earlyMarkMs));
  }

  removeAll(conversation: string): void {
    this.#delete(this.#table.find("conversation", conversation));
  }

  #delete(marks: readonly EarlyMark[]): void {
    for (const mark of marks) this.#table.delete(mark.id);
  }
}
