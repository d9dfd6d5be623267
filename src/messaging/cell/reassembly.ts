/**
 * Puts parcels together again. Pieces come in any order and more than once, because each is sent by two relays; of
 * unfinished parcels the one that was touched longest ago gives way. Nothing is kept on disk: what is not acknowledged is
 * sent again.
 */

import { concatBytes } from "../../core/bytes.ts";
import { CELL_LIMITS, COVER_LIMITS } from "../../core/cell-limits.ts";
import type { Piece } from "./cell.ts";

interface Unfinished {
  readonly pieces: (Uint8Array | null)[];
  /** Ids of the events that brought them, as many as there are copies. */
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
  /** Names of whole parcels: what of them comes again is a copy. The oldest first. */
  readonly #finished = new Set<string>();

  /** `most` unfinished parcels are held. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The parcel if this was its last piece; else null. `from` tells apart who may have sent pieces of the same name. */
  add(from: string, { parcel, index, count, bytes }: Piece, eventId: string): Whole | null {
    const name = `${from}/${parcel}/${count}`;
    if (this.#finished.has(name)) return null;
    const entry = this.#unfinished.get(name) ?? { pieces: Array(count).fill(null), events: new Set(), missing: count };
    if (entry.pieces[index] === null) {
      entry.pieces[index] = bytes;
      entry.missing--;
    }
    // Whoever repeats a piece in ever more events does not fill the memory.
    if (entry.events.size < count * COVER_LIMITS.copies) entry.events.add(eventId);
    this.#unfinished.delete(name);
    if (entry.missing > 0) {
      this.#unfinished.set(name, entry);
      if (this.#unfinished.size > this.#most) deleteOldest(this.#unfinished);
      return null;
    }
    this.#finished.add(name);
    if (this.#finished.size > CELL_LIMITS.finished) deleteOldest(this.#finished);
    return { bytes: concatBytes(...(entry.pieces as Uint8Array[])), events: [...entry.events] };
  }

  /** Did this event bring a piece of a parcel that is not whole yet? */
  isUnfinished(eventId: string): boolean {
    for (const { events } of this.#unfinished.values()) if (events.has(eventId)) return true;
    return false;
  }
}

function deleteOldest(names: Map<string, unknown> | Set<string>): void {
  for (const oldest of names.keys()) {
    names.delete(oldest);
    return;
  }
}
