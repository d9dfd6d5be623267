/** For fuzz tests of formats: whatever is read of altered bytes is written in that way alone. */
import assert from "node:assert/strict";
import { mutated } from "./mutated.ts";
import { Xorshift } from "./xorshift.ts";

export interface Form {
  readonly bytes: Uint8Array;
  /** Another one of the same form. */
  readonly donor: Uint8Array;
  /** What it is once read and written again; null for what is none. */
  readonly again: (altered: Uint8Array) => Uint8Array | null;
}

/** A form of a function that reads and one that writes. */
export function recoded<T>(read: T | null, encode: (read: T) => Uint8Array): Uint8Array | null {
  return read === null ? null : encode(read);
}

/** Fails also if so few or so many altered ones are read that the test would show nothing. */
export function assertOneEncoding({ bytes, donor, again }: Form, mutations: number, seed: number): void {
  const random = new Xorshift(seed);
  let read = 0;
  for (let i = 0; i < mutations; i++) {
    const altered = mutated(random, bytes, donor);
    const written = again(altered);
    if (written === null) continue;
    read++;
    assert.deepEqual(written, altered, `SEED=${seed}`);
  }
  assert.ok(read > mutations * 0.01 && read < mutations * 0.9, `${read} were read; SEED=${seed}`);
}
