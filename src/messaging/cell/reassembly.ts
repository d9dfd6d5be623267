/**
 * Puts parcels together again. Pieces come in any order and more than once; of unfinished parcels the one that was touched
 * longest ago gives way. Nothing is kept on disk: what is not acknowledged is sent again.
 */

import { concatBytes } from "../../core/bytes.ts";
import type { Piece } from "./cell.ts";

interface Unfinished {
  readonly pieces: (Uint8Array | null)[];
  /** Ids of the events that brought them. */
  readonly events: Set<string>;
  missing: number;
}

/** A whole parcel, and the events that brought it. */
export interface Whole {
  readonly bytes: Uint8Array;
  readonly events: readonly string[];
}

export class Reassembly {
  readonly #most: number;
  readonly #unfinished = new Map<string, Unfinished>();

  /** `most` unfinished parcels are held. */
  constructor(most: number) {
    this.#most = most;
  }

  /** True if nothing is missing of what was begun. */
  get isIdle(): boolean {
    return this.#unfinished.size === 0;
  }

  /** The parcel if this was its last piece; else null. `from` tells apart who may have sent pieces of the same name. */
  add(from: string, { parcel, index, count, bytes }: Piece, eventId: string): Whole | null {
    if (count === 1) return { bytes, events: [eventId] };
    const name = `${from}/${parcel}/${count}`;
    const entry = this.#unfinished.get(name) ?? { pieces: Array(count).fill(null), events: new Set(), missing: count };
    if (entry.pieces[index] === null) {
      entry.pieces[index] = bytes;
      entry.missing--;
    }
    entry.events.add(eventId);
    this.#unfinished.delete(name);
    if (entry.missing === 0)
      return { bytes: concatBytes(...(entry.pieces as Uint8Array[])), events: [...entry.events] };
    this.#unfinished.set(name, entry);
    const [oldest] = this.#unfinished.keys();
    if (this.#unfinished.size > this.#most && oldest !== undefined) this.#unfinished.delete(oldest);
    return null;
  }
}
