/**
 * How many letters to one recipient may be unacknowledged at a time, so that neither a relay nor the reader is overrun.
 *
 *   acknowledged -> one more, up to MESSAGE_LIMITS.inFlightPerContact
 *   one has to be repeated -> half as many, not below MESSAGE_LIMITS.inFlightLeast
 *
 * As in TCP (RFC 5681): were everything repeated at a steady rate, a reader who has become slow would get the same letters
 * over and over, and become slower still. Kept in memory: a new process begins anew.
 */

import { MESSAGE_LIMITS } from "../core/limits.ts";

interface Width {
  most: number;
  halvedMs: number;
}

export class Pace {
  readonly #widths = new Map<string, Width>();

  /** So many letters to a device may be in flight. */
  of(to: string): number {
    return this.#widths.get(to)?.most ?? MESSAGE_LIMITS.inFlightPerContact;
  }

  /** A letter to the device arrived. */
  arrived(to: string): void {
    const width = this.#widths.get(to);
    if (width && ++width.most >= MESSAGE_LIMITS.inFlightPerContact) this.#widths.delete(to);
  }

  /** A letter to the device had to be repeated. All that were lost at one time count once. */
  repeated(to: string, nowMs: number): void {
    const { most, halvedMs } = this.#widths.get(to) ?? { most: MESSAGE_LIMITS.inFlightPerContact, halvedMs: 0 };
    if (nowMs - halvedMs < MESSAGE_LIMITS.resendMs) return;
    this.#widths.set(to, { most: Math.max(MESSAGE_LIMITS.inFlightLeast, Math.ceil(most / 2)), halvedMs: nowMs });
  }
}
