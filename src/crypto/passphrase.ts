/**
 * A passphrase as a key: Argon2id (RFC 9106), which costs a guesser memory as well as time. Salt and cost lie in
 * the open beside what the key protects, so a reader must bound the cost before paying it.
 */

import { utf8Encode, wipeBytes } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { ARGON2_LIMITS } from "../core/limits.ts";
import { type Argon2Cost, argon2id } from "./provider.ts";

export type { Argon2Cost } from "./provider.ts";

/** RFC 9106 section 4, second recommended option: 64 MiB, 3 passes, 4 lanes; about 0.2 s. */
export const DEFAULT_ARGON2_COST: Argon2Cost = { memoryKiB: 65_536, passes: 3, lanes: 4 };

/** Bytes of the random salt that is stored beside what a passphrase protects. */
export const PASSPHRASE_SALT_BYTES = 32;

/**
 * A key of `length` bytes from a passphrase and a random salt. The passphrase is NFC-normalised first, because
 * keyboards of different systems send the same accented letter in different forms.
 * Throws CodecError `argon2_cost` if the cost is outside ARGON2_LIMITS.
 */
export async function stretchPassphrase(
  passphrase: string,
  salt: Uint8Array,
  cost: Argon2Cost = DEFAULT_ARGON2_COST,
  length: number = 32,
): Promise<Uint8Array> {
  checkCost(cost);
  const message = utf8Encode(passphrase.normalize("NFC"));
  try {
    return await argon2id(message, salt, cost, length);
  } finally {
    wipeBytes(message);
  }
}

/** A forged cost must neither eat the machine nor make guessing cheap. Throws CodecError `argon2_cost`. */
function checkCost({ memoryKiB, passes, lanes }: Argon2Cost): void {
  const within =
    inRange(memoryKiB, ARGON2_LIMITS.minMemoryKiB, ARGON2_LIMITS.memoryKiB) &&
    inRange(passes, 1, ARGON2_LIMITS.passes) &&
    inRange(lanes, 1, ARGON2_LIMITS.lanes);
  if (!within) {
    throw new CodecError("argon2_cost", "This asks for a password stretching that Nocturne does not allow.", {
      hint: "Get an unaltered copy: Nocturne never writes such parameters.",
    });
  }
}

function inRange(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}
