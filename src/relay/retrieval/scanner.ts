/**
 * Answers queries: builds the databases that are asked for, holds as many as fit, and lets several queries share a pass.
 *
 *   query -> queue -> (database of the first one: held, or built from the store) -> one pass for all that ask it -> answers
 */

import { InternalError, ValidationError } from "../../core/errors.ts";
import { PIR_LIMITS } from "../../core/cell-limits.ts";
import { checkQuery, databaseBytes } from "../../crypto/pir.ts";
import { HEADER_BYTES } from "../../nostr/header-stream.ts";
import type { RelayLimits } from "../relay-info.ts";
import type { StoreClient } from "../store-client.ts";
import type { Part } from "./epoch-book.ts";
import { ScanClient } from "./scan-client.ts";

const ID_AT = 64;
const ID_BYTES = 32;

interface Asked {
  readonly part: Part;
  readonly query: Uint8Array;
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

export class Scanner {
  readonly #store: Pick<StoreClient, "records">;
  readonly #limits: RelayLimits;
  readonly #thread: ScanClient = new ScanClient(() => this.#held.clear());
  /** Bytes of each database by digest; the one asked last comes last. */
  readonly #held: Map<string, number> = new Map();
  readonly #queue: Asked[] = [];
  #working = false;
  #closed = false;

  constructor(store: Pick<StoreClient, "records">, limits: RelayLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  /**
   * The XOR of the records that a query selects. Throws CodecError `pir_query` for one that does not fit, InternalError
   * `pir_busy` when too many wait or there is no memory, ValidationError `pir_epoch` when its cells are gone.
   */
  answer(part: Part, query: Uint8Array): Promise<Uint8Array> {
    checkQuery(part.headers.length / HEADER_BYTES, query);
    if (this.#closed || this.#queue.length >= this.#limits.waitingQueries) throw busy();
    return new Promise((resolve, reject) => {
      this.#queue.push({ part, query, resolve, reject });
      void this.#work();
    });
  }

  /** Drops the databases of other digests than these. */
  keepOnly(digests: ReadonlySet<string>): void {
    for (const digest of this.#held.keys()) if (!digests.has(digest)) void this.#drop(digest);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#queue.splice(0)) reject(busy());
    await this.#thread.close();
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    for (let batch = this.#nextBatch(); batch.length > 0; batch = this.#nextBatch()) await this.#serve(batch);
    this.#working = false;
  }

  /** The first that waits, and others for the same database. */
  #nextBatch(): Asked[] {
    const digest = this.#queue[0]?.part.digest;
    const batch = this.#queue.filter(({ part }) => part.digest === digest).slice(0, PIR_LIMITS.queriesPerScan);
    for (const asked of batch) this.#queue.splice(this.#queue.indexOf(asked), 1);
    return batch;
  }

  async #serve(batch: readonly Asked[]): Promise<void> {
    const { part } = batch[0] as Asked;
    const failure = await this.#prepare(part);
    const queries = batch.map(({ query }) => query);
    const answers = failure ? null : await this.#thread.ask({ type: "scan", name: part.digest, queries });
    for (const [i, { resolve, reject }] of batch.entries()) {
      if (answers) resolve(answers[i] as Uint8Array);
      else reject(failure ?? busy());
    }
  }

  /** Makes sure that the thread holds the database. Resolves to why it does not. */
  async #prepare({ digest, headers }: Part): Promise<Error | null> {
    const bytes = this.#held.get(digest);
    if (bytes !== undefined) {
      this.#held.delete(digest);
      this.#held.set(digest, bytes);
      return null;
    }
    const count = headers.length / HEADER_BYTES;
    await this.#makeRoom(databaseBytes(count));
    if (!(await this.#thread.ask({ type: "make", name: digest, count }))) return busy();
    this.#held.set(digest, databaseBytes(count));
    const failure = await this.#fill({ digest, headers });
    if (failure) await this.#drop(digest);
    return failure;
  }

  async #fill({ digest, headers }: Part): Promise<Error | null> {
    const count = headers.length / HEADER_BYTES;
    for (let first = 0; first < count; first += this.#limits.cellsPerRead) {
      const last = Math.min(count, first + this.#limits.cellsPerRead);
      const records = await this.#store.records(idsOf(headers.subarray(first * HEADER_BYTES, last * HEADER_BYTES)));
      if (!records) return new ValidationError("pir_epoch", "Cells of this epoch are not in the store any more.");
      if (!(await this.#thread.ask({ type: "put", name: digest, first, records }))) return busy();
    }
    return null;
  }

  async #makeRoom(bytes: number): Promise<void> {
    let held = [...this.#held.values()].reduce((sum, one) => sum + one, 0);
    for (const [digest, size] of this.#held) {
      if (held + bytes <= this.#limits.databaseBytes) return;
      held -= size;
      await this.#drop(digest);
    }
  }

  async #drop(digest: string): Promise<void> {
    this.#held.delete(digest);
    await this.#thread.ask({ type: "drop", name: digest });
  }
}

function idsOf(headers: Uint8Array): Uint8Array {
  const ids = new Uint8Array((headers.length / HEADER_BYTES) * ID_BYTES);
  for (let i = 0; i < headers.length / HEADER_BYTES; i++) {
    ids.set(headers.subarray(i * HEADER_BYTES + ID_AT, (i + 1) * HEADER_BYTES), i * ID_BYTES);
  }
  return ids;
}

function busy(): InternalError {
  return new InternalError("pir_busy", "Too many queries are waiting.");
}
