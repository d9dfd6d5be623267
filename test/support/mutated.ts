/** What an attacker makes of bytes, for fuzz tests. */
import { concatBytes } from "../../src/core/bytes.ts";
import type { Xorshift } from "./xorshift.ts";

/** Numbers and letters on which formats turn. */
const SPECIAL = [0, 1, 2, 3, 0x20, 0x61, 0x7f, 0x80, 0xff];
const PIECE_BYTES = 40;

/** A bit, a byte that is often special, a cut, an insertion, a piece of another one of the same form, or a gap. `bytes`: at least one. */
export function mutated(random: Xorshift, bytes: Uint8Array, donor: Uint8Array): Uint8Array {
  const at = random.below(bytes.length);
  const to = at + 1 + random.below(PIECE_BYTES);
  switch (random.below(6)) {
    case 0:
      return bytes.with(at, (bytes[at] as number) ^ (1 << random.below(8)));
    case 1:
      return bytes.with(at, random.pick(SPECIAL));
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return concatBytes(bytes.subarray(0, at), random.bytes(to - at), bytes.subarray(at));
    case 4:
      return concatBytes(bytes.subarray(0, at), donor.subarray(at, to), bytes.subarray(to));
    default:
      return concatBytes(bytes.subarray(0, at), bytes.subarray(to));
  }
}
