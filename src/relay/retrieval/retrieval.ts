/**
 * Private retrieval for all connections (NEP-14): epochs, their headers, and answers from their databases. It needs to
 * know nobody: questions come on connections that have not logged in, and a query tells nothing.
 */

import type { Clock } from "../../core/clock.ts";
import { ValidationError } from "../../core/errors.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import type { EpochVersion, PartName } from "../../nostr/retrieval.ts";
import type { RelayLimits } from "../relay-info.ts";
import type { StoreClient } from "../store-client.ts";
import { EpochBook, type Part } from "./epoch-book.ts";
import { Scanner } from "./scanner.ts";

export interface RetrievalOptions {
  readonly store: StoreClient;
  readonly limits: RelayLimits;
  readonly clock: Clock;
}

export class Retrieval {
  readonly #book: EpochBook;
  readonly #scanner: Scanner;

  constructor({ store, limits, clock }: RetrievalOptions) {
    this.#scanner = new Scanner(store, limits);
    const onBeat = (): void => this.#scanner.keepOnly(this.#book.digests());
    this.#book = new EpochBook({ store, limits, clock, onBeat });
  }

  /** Reads what is in the store, and then follows the clock. */
  start(): void {
    void this.#book.run();
  }

  /** An event is on disk. */
  stored(event: NostrEvent): void {
    this.#book.stored(event);
  }

  versions(from: number): EpochVersion[] {
    return this.#book.versions(from);
  }

  /** n * 96 bytes. Throws ValidationError `pir_epoch`. */
  headers(name: PartName): Uint8Array {
    return this.#find(name).headers;
  }

  /** See `Scanner.answer`. */
  async answer(name: PartName, query: Uint8Array): Promise<Uint8Array> {
    return this.#scanner.answer(this.#find(name), query);
  }

  async close(): Promise<void> {
    this.#book.close();
    await this.#scanner.close();
  }

  #find(name: PartName): Part {
    const part = this.#book.find(name);
    if (part) return part;
    throw new ValidationError("pir_epoch", "This epoch is not served, or has another digest by now.");
  }
}
