/**
 * Finds our mail in the crowd: every cell of our relays comes by here, and nobody else learns which ones were ours.
 *
 *   cell -> address expected? -> its lane's key          -> piece -> parcel whole? -> out
 *        -> an intro for us?  -> key from X25519          -> piece -> parcel whole? -> out
 *        -> neither           -> kept for a while: its epoch may be on its way
 */

import { fromHex } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { CELL_LIMITS } from "../../core/cell-limits.ts";
import type { EnvelopeKeys } from "../../crypto/envelope.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { type Cell, ephemeralOf, openCell, readCell } from "./cell.ts";
import type { CellHeader } from "./cell-header.ts";
import { introKeyOf } from "./cell-keys.ts";
import type { Expected, Lanes } from "./lanes.ts";
import { decodeParcel, type Parcel } from "./parcel.ts";
import { Reassembly, type Whole } from "./reassembly.ts";

/** A parcel for us. */
export interface Arrival {
  /** Ids of the events that brought it. */
  readonly events: readonly string[];
  readonly parcel: Parcel;
  /** To be called in the transaction that takes it in. */
  readonly note: () => void;
}

export class Mailbox {
  readonly #lanes: Lanes;
  readonly #keys: EnvelopeKeys;
  readonly #fromLanes = new Reassembly(CELL_LIMITS.unfinished);
  /** Apart: strangers can begin as many as they like. */
  readonly #fromAnybody = new Reassembly(CELL_LIMITS.unfinished);
  /** Cells that were not ours when they came, by id: who has seen one can make others of its address. The oldest first. */
  readonly #strangers = new Map<string, Cell>();

  constructor(lanes: Lanes, keys: EnvelopeKeys) {
    this.#lanes = lanes;
    this.#keys = keys;
  }

  /** As `takeCell`, of an event that may be anything. */
  take(event: NostrEvent): Arrival | null {
    const cell = readCell(event);
    return cell && this.takeCell(cell);
  }

  /** The parcel that a cell completes; null for everybody else's cells, forged ones, and while pieces are missing. */
  takeCell(cell: Cell): Arrival | null {
    try {
      const expected = this.#lanes.find(cell.address);
      return expected ? this.#expected(cell, expected) : this.#perhapsIntro(cell);
    } catch (error) {
      if (error instanceof CryptoError) return null;
      throw error;
    }
  }

  /** Is the cell of this header for us? Nothing is taken yet. */
  isOurs(header: CellHeader): boolean {
    const { ephemeral, address } = header;
    return this.isExpected(header) || introKeyOf(fromHex(ephemeral), fromHex(address), this.#keys.hybrid) !== null;
  }

  /** The same, by the lanes alone. */
  isExpected({ address }: CellHeader): boolean {
    return this.#lanes.find(address) !== null;
  }

  /** Did this cell bring a piece of a parcel that is not whole yet? */
  isUnfinished(eventId: string): boolean {
    return this.#fromLanes.isUnfinished(eventId) || this.#fromAnybody.isUnfinished(eventId);
  }

  /** There are other lanes now: what of the cells that came before them is ours after all. */
  retry(): Arrival[] {
    return [...this.#strangers].flatMap(([id, cell]) => {
      if (!this.#lanes.find(cell.address)) return [];
      this.#strangers.delete(id);
      return this.takeCell(cell) ?? [];
    });
  }

  #expected(cell: Cell, expected: Expected): Arrival | null {
    const { lane, index } = expected;
    const piece = openCell(lane.in.seal, cell);
    this.#lanes.arrived(expected, cell.address, piece.heard);
    const whole = this.#fromLanes.add(`${lane.session}/${lane.epoch}/${lane.device}`, piece, cell.id);
    return this.#arrival(whole, () => this.#lanes.note({ lane, index }));
  }

  #perhapsIntro(cell: Cell): Arrival | null {
    const key = introKeyOf(ephemeralOf(cell), fromHex(cell.address), this.#keys.hybrid);
    if (key) return this.#arrival(this.#fromAnybody.add("", openCell(key, cell), cell.id), () => {});
    this.#strangers.set(cell.id, cell);
    const [oldest] = this.#strangers.keys();
    if (this.#strangers.size > CELL_LIMITS.strangers && oldest !== undefined) this.#strangers.delete(oldest);
    return null;
  }

  #arrival(whole: Whole | null, note: () => void): Arrival | null {
    return whole && { events: whole.events, parcel: decodeParcel(whole.bytes, this.#keys), note };
  }
}
