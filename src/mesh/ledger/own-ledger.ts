/**
 * A node's own ledger as the rest of the node sees it: what it signs is noted there before it leaves.
 *
 *   note(kind, statement) -> waits until the node has heard of itself (`open`) -> LedgerLog -> on the disk
 *
 * After a start nothing is signed until others were asked for this node's head: if they know more than the disk, an older copy of
 * it was put back, and the next signature would be a second history.
 */
import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { InternalError } from "../../core/errors.ts";
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import type { EntryKind, Note } from "./entry.ts";
import { LEDGER_NAME, LedgerLog } from "./log.ts";
import { Papers } from "./papers.ts";

export interface OwnLedgerOptions {
  /** Of the machine's part in the mesh. */
  readonly folder: string;
  readonly by: SignatureKeyPair;
  readonly clock: Clock;
}

export class OwnLedger implements Disposable {
  readonly log: LedgerLog;
  readonly papers: Papers;
  readonly by: SignatureKeyPair;
  readonly #opening = Promise.withResolvers<void>();
  #isOpen = false;
  #grownTo = 0;

  /** Throws CodecError `ledger_corrupt`. */
  constructor({ folder, by, clock }: OwnLedgerOptions) {
    const place = join(folder, LEDGER_NAME);
    this.by = by;
    this.log = new LedgerLog({ folder: place, by, clock });
    this.papers = new Papers(place);
    this.#opening.promise.catch(() => {}); // Whoever waits is told; perhaps nobody does.
  }

  /** Sequence of the newest entry since the start that others should know of; 0 for none. Each cosignature would call for another head, and that for cosignatures. */
  get grownTo(): number {
    return this.#grownTo;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** From now on the node signs, if its log is not behind. */
  open(): void {
    this.#isOpen = true;
    this.#opening.resolve();
  }

  readonly note: Note = async (kind: EntryKind, statement: Uint8Array): Promise<void> => {
    await this.#opening.promise;
    const { sequence } = await this.log.append(kind, statement);
    if (kind !== "cosignature") this.#grownTo = sequence;
  };

  [Symbol.dispose](): void {
    this.#opening.reject(new InternalError("ledger_closed", "The node ends, and signs nothing more."));
    this.log.close();
  }
}
