/** What tells one letter from another. Apart from the letters, so that a command can choose an id without loading what seals them. */
import { toHex } from "../core/bytes.ts";
import { randomBytes } from "../core/random.ts";

const ID_BYTES = 16;

/** 32 random hex digits. */
export function createLetterId(): string {
  return toHex(randomBytes(ID_BYTES));
}
