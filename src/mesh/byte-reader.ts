/**
 * Numbers and parts of the mesh's formats, big-endian: written one after the other, read in the same order.
 *
 * A reader never goes beyond the end: what is not there is null, and then everything after it is null too, so that a
 * format's decoder may read on and look once.
 */

/** Big-endian 64-bit number of a safe integer >= 0, 8 bytes. */
export function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/** Whether it can be written as u64 and is exact. */
export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** As `concatBytes`, of more parts than a call may have arguments. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #isShort = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes that were not read. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Whether all that was asked for was there, and nothing is left. */
  get isDone(): boolean {
    return !this.#isShort && this.left === 0;
  }

  u8(): number | null {
    return this.#number(1, (at) => this.#view.getUint8(at));
  }

  u16(): number | null {
    return this.#number(2, (at) => this.#view.getUint16(at));
  }

  u32(): number | null {
    return this.#number(4, (at) => this.#view.getUint32(at));
  }

  /** Null also for a number that is not exact. */
  u64(): number | null {
    const value = this.#number(8, (at) => Number(this.#view.getBigUint64(at)));
    return value !== null && isCount(value) ? value : this.#fail();
  }

  /** The next `length` bytes, a copy. */
  take(length: number): Uint8Array | null {
    const view = this.view(length);
    return view && view.slice();
  }

  /** As `take`, without the copy. */
  view(length: number): Uint8Array | null {
    if (this.#isShort || length > this.left) return this.#fail();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #number(length: number, read: (at: number) => number): number | null {
    const at = this.#at;
    return this.view(length) && read(at);
  }

  #fail(): null {
    this.#isShort = true;
    return null;
  }
}
