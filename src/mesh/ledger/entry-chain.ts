/** Reads a ledger entry after entry and knows, at any of them, whether all so far is one unbroken log, and its root. */
import { equalBytes } from "../../core/bytes.ts";
import { type LedgerEntry, NO_ENTRY, readEntry } from "./entry.ts";
import { Frontier } from "./hash-tree.ts";

export class EntryChain {
  readonly #signer: Uint8Array;
  readonly #frontier: Frontier;
  #previous: Uint8Array | null;

  /** From the first entry on, or behind the entries that `frontier` stands for: then what the next one must follow is not known. */
  constructor(signer: Uint8Array, frontier: Frontier = new Frontier()) {
    this.#signer = signer;
    this.#frontier = frontier;
    this.#previous = frontier.size === 0 ? NO_ENTRY : null;
  }

  /** Entries so far. */
  get size(): number {
    return this.#frontier.size;
  }

  /** 32 bytes. */
  root(): Uint8Array {
    return this.#frontier.root();
  }

  /** Null unless this is the signer's next entry. Never throws; after a null the chain stands where it stood. */
  next(bytes: Uint8Array): LedgerEntry | null {
    const entry = readEntry(bytes, this.#signer);
    if (!entry || entry.sequence !== this.size + 1) return null;
    if (this.#previous && !equalBytes(entry.previous, this.#previous)) return null;
    this.#frontier.push(entry.hash);
    this.#previous = entry.hash;
    return entry;
  }
}
