/**
 * The recovery key in shares (Shamir's secret sharing over GF(2^8)): any `need` of them give it back, fewer say nothing of it.
 *
 *   version 1 | salt 2 | mark 4 | need 1 | index 1 | value 32 | checksum 4        45 bytes: "nocturne:share/" + base64url, or 33 words
 *
 *   mark      HMAC-SHA-256(HKDF(recovery key, "recovery-share/v1"), salt | need)[0..4]
 *   checksum  SHA-256("nocturne/recovery-share/v1" | everything before)[0..4]
 *
 * Salt and mark name the splitting, so that shares of two are told apart, and prove the key that was put together: whoever
 * alters a share, with a right checksum, is found out. The checksum catches slips of the pen. Specified in NEP-21.
 */

import { utils } from "@scure/base";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { combine, split } from "shamir-secret-sharing";
import { concatBytes, equalBytes, fromBase64Url, toBase64Url, toHex, utf8Encode, wipeBytes } from "../core/bytes.ts";
import { UsageError, ValidationError } from "../core/errors.ts";
import { SHARE_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { deriveKey, hmacSha256, sha256 } from "./key-derivation.ts";
import { RECOVERY_KEY_BYTES } from "./recovery-key.ts";

export interface RecoveryShare {
  /** 6 bytes: salt and mark, the same in all shares of one splitting. */
  readonly set: Uint8Array;
  /** How many give the key back. */
  readonly need: number;
  /** 1 to 255, another one in each share. */
  readonly index: number;
  /** 32 bytes. */
  readonly value: Uint8Array;
}

export const SHARE_PREFIX = "nocturne:share/";
/** So many words are one share. */
export const SHARE_WORDS = 33;

const VERSION = 1;
const SALT_BYTES = 2;
const MARK_BYTES = 4;
const SET_END = 1 + SALT_BYTES + MARK_BYTES;
const VALUE_AT = SET_END + 2;
const VALUE_END = VALUE_AT + RECOVERY_KEY_BYTES;
const SHARE_BYTES = VALUE_END + 4;
const WORD_BITS = 11;
const DOMAIN: Uint8Array = utf8Encode("nocturne/recovery-share/v1");
const WORD_CODE = utils.chain(utils.radix2(WORD_BITS), utils.alphabet(wordlist));

/** `of` shares, any `need` of which give the 32-byte key back. Throws UsageError `bad_share_count`. */
export async function splitRecoveryKey(key: Uint8Array, need: number, of: number): Promise<RecoveryShare[]> {
  const { leastNeeded, most } = SHARE_LIMITS;
  if (![need, of].every(Number.isInteger) || need < leastNeeded || need > of || of > most) throw badCount();
  const set = setOf(key, randomBytes(SALT_BYTES), need);
  const shares = await split(key, of, need);
  return shares.map((bytes) => ({
    set,
    need,
    index: bytes[RECOVERY_KEY_BYTES] as number,
    value: bytes.slice(0, RECOVERY_KEY_BYTES),
  }));
}

/**
 * The recovery key out of shares of one splitting; a repeated one does no harm. Throws ValidationError `too_few_shares`,
 * `shares_mixed`, `shares_wrong`.
 */
export async function joinShares(shares: readonly RecoveryShare[]): Promise<Uint8Array> {
  const byName = new Map(shares.map((share) => [`${share.index} ${toHex(share.value)}`, share]));
  const different = [...byName.values()];
  const [first] = different;
  if (!first) throw tooFew(SHARE_LIMITS.leastNeeded);
  const isMixed = different.some(({ set, need }) => !equalBytes(set, first.set) || need !== first.need);
  if (isMixed) throw mixed();
  if (different.length < first.need) throw tooFew(first.need - different.length);
  // Two values at one place: one was altered, and `combine` would refuse both.
  if (new Set(different.map(({ index }) => index)).size < different.length) throw wrong();
  const key = await combine(different.map(({ index, value }) => concatBytes(value, Uint8Array.of(index))));
  if (equalBytes(setOf(key, first.set.subarray(0, SALT_BYTES), first.need), first.set)) return key;
  wipeBytes(key);
  throw wrong();
}

/** As text to be copied or scanned, and as 33 words to be written down or read aloud. */
export function encodeShare({ set, need, index, value }: RecoveryShare): { text: string; words: string } {
  const body = concatBytes(Uint8Array.of(VERSION), set, Uint8Array.of(need, index), value);
  const bytes = concatBytes(body, checksumOf(body));
  return { text: SHARE_PREFIX + toBase64Url(bytes), words: WORD_CODE.encode(bytes).join(" ") };
}

/**
 * A share as it was written down: the text, or its words, in any case and even numbered. Throws ValidationError `bad_share`,
 * which repeats nothing of it.
 */
export function parseShare(text: string): RecoveryShare {
  const bytes = text.trim().startsWith(SHARE_PREFIX) ? fromText(text.trim()) : fromWords(text);
  const body = bytes.subarray(0, VALUE_END);
  if (!equalBytes(checksumOf(body), bytes.subarray(VALUE_END))) throw badShare("a letter or word is wrong");
  if (bytes[0] !== VERSION) throw badShare("it is of a later version");
  const [need = 0, index = 0] = bytes.subarray(SET_END, VALUE_AT);
  if (need < SHARE_LIMITS.leastNeeded || need > SHARE_LIMITS.most || index === 0)
    throw badShare("its numbers are wrong");
  return { set: bytes.slice(1, SET_END), need, index, value: bytes.slice(VALUE_AT, VALUE_END) };
}

function fromText(text: string): Uint8Array {
  try {
    const bytes = fromBase64Url(text.slice(SHARE_PREFIX.length));
    if (bytes.length === SHARE_BYTES) return bytes;
  } catch {
    // Said below.
  }
  throw badShare("it is cut or mistyped");
}

function fromWords(text: string): Uint8Array {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
  if (words.length !== SHARE_WORDS) throw badShare(`it must be ${SHARE_WORDS} words, and this has ${words.length}`);
  const unknown = words.findIndex((word) => !wordlist.includes(word));
  if (unknown >= 0) throw badShare(`word ${unknown + 1} is not in the list of words`);
  try {
    const bytes = WORD_CODE.decode(words);
    if (bytes.length === SHARE_BYTES) return bytes;
  } catch {
    // Said below.
  }
  throw badShare("a word is wrong or out of place");
}

function setOf(key: Uint8Array, salt: Uint8Array, need: number): Uint8Array {
  const marking = deriveKey(key, "recovery-share/v1");
  const mark = hmacSha256(marking, concatBytes(salt, Uint8Array.of(need))).subarray(0, MARK_BYTES);
  wipeBytes(marking);
  return concatBytes(salt, mark);
}

function checksumOf(body: Uint8Array): Uint8Array {
  return sha256(concatBytes(DOMAIN, body)).subarray(0, SHARE_BYTES - VALUE_END);
}

function badCount(): UsageError {
  const { leastNeeded, most } = SHARE_LIMITS;
  return new UsageError("bad_share_count", "The key cannot be split so.", {
    hint: `At least ${leastNeeded} shares must be needed, no more than there are, and there are ${most} at most.`,
  });
}

function badShare(reason: string): ValidationError {
  return new ValidationError("bad_share", `This is not a share of a recovery key: ${reason}.`, {
    hint: "Compare it with what you were told, or scan it again.",
  });
}

function tooFew(missing: number): ValidationError {
  const words = missing === 1 ? "One more share is" : `${missing} more shares are`;
  return new ValidationError("too_few_shares", `${words} needed; with fewer nothing of the key is known.`, {
    hint: "Ask somebody else to whom you gave one.",
  });
}

function mixed(): ValidationError {
  return new ValidationError("shares_mixed", "These shares are not all of the same splitting of the key.", {
    hint: "Use those that were made at the same time.",
  });
}

function wrong(): ValidationError {
  return new ValidationError("shares_wrong", "These shares give no recovery key: one of them was altered.", {
    hint: "Leave one out and take another person's instead, each in turn.",
  });
}
