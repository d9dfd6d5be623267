/**
 * Parsed keys, remembered for as long as the caller keeps the buffer with their bytes: parsing an ML-KEM or
 * secp256k1 key costs as much as an operation with it.
 */

import { equalBytes } from "../core/bytes.ts";

export class KeyCache<Parsed> {
  readonly #parse: (bytes: Uint8Array) => Parsed;
  readonly #entries = new WeakMap<Uint8Array, { bytes: Uint8Array; parsed: Parsed }>();

  constructor(parse: (bytes: Uint8Array) => Parsed) {
    this.#parse = parse;
  }

  /** The parsed key of these bytes. Whatever `parse` throws passes through and is not remembered. */
  get(bytes: Uint8Array): Parsed {
    const entry = this.#entries.get(bytes);
    // A buffer may have been wiped or filled with another key since: compare what it holds now.
    if (entry && equalBytes(entry.bytes, bytes)) return entry.parsed;
    const parsed = this.#parse(bytes);
    this.#entries.set(bytes, { bytes: bytes.slice(), parsed });
    return parsed;
  }
}
