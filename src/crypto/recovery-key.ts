/**
 * The recovery key in the forms that a person writes down: 32 bytes as 64 hexadecimal characters and a checksum
 * of two, or as 24 English words (BIP-39). Both carry the same checksum, the first byte of the key's SHA-256,
 * which catches a slip of the pen in 255 of 256 cases.
 */

import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { fromHex, toHex } from "../core/bytes.ts";
import { ValidationError } from "../core/errors.ts";
import { sha256 } from "./key-derivation.ts";

export const RECOVERY_KEY_BYTES = 32;

const HEX_CHARACTERS = 2 * RECOVERY_KEY_BYTES;
const WORDS = 24;

/** 64 lower-case hexadecimal characters, and 2 more that check them. */
export function recoveryKeyToHex(key: Uint8Array): { hex: string; checksum: string } {
  return { hex: toHex(key), checksum: toHex(sha256(key).subarray(0, 1)) };
}

/** 24 lower-case words with single spaces. */
export function recoveryKeyToWords(key: Uint8Array): string {
  return entropyToMnemonic(key, wordlist);
}

/**
 * The 32 bytes of a typed recovery key: hexadecimal with or without checksum, in any grouping by spaces and
 * dashes, or the words, in any case and even numbered. Throws ValidationError `bad_recovery_key`, which says
 * what is wrong and where, but repeats nothing of the key.
 */
export function parseRecoveryKey(text: string): Uint8Array {
  const joined = text.replace(/[\s-]/g, "").toLowerCase();
  return /^[0-9a-f]+$/.test(joined) ? parseHex(joined) : parseWords(text);
}

function parseHex(digits: string): Uint8Array {
  const hasChecksum = digits.length === HEX_CHARACTERS + 2;
  if (digits.length !== HEX_CHARACTERS && !hasChecksum) {
    throw badKey(
      `it must have ${HEX_CHARACTERS} characters, or ${HEX_CHARACTERS + 2} with its checksum, not ${digits.length}`,
    );
  }
  const key = fromHex(digits.slice(0, HEX_CHARACTERS));
  if (hasChecksum && recoveryKeyToHex(key).checksum !== digits.slice(HEX_CHARACTERS)) {
    throw badKey("the checksum does not match, so a character is wrong");
  }
  return key;
}

function parseWords(text: string): Uint8Array {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
  if (words.length !== WORDS) {
    throw badKey(
      `it must be ${HEX_CHARACTERS} hexadecimal characters or ${WORDS} words, and this has ${words.length} words`,
    );
  }
  const unknown = words.findIndex((word) => !wordlist.includes(word));
  if (unknown >= 0) throw badKey(`word ${unknown + 1} is not in the list of words`);
  try {
    return mnemonicToEntropy(words.join(" "), wordlist);
  } catch {
    throw badKey("the checksum does not match, so a word is wrong or out of place");
  }
}

function badKey(reason: string): ValidationError {
  return new ValidationError("bad_recovery_key", `This is not a recovery key: ${reason}.`, {
    hint: "Compare it with what you wrote down.",
  });
}
