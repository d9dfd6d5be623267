/**
 * What the three papers have in common: an operator says something about a key, in one network.
 *
 *   paper       version 1 | network 32 | by 32 | about 32 | ... | signature 64
 *   signature   Ed25519 by `by`, over the paper's domain and everything before the signature
 *
 * Numbers are big-endian. Both keys are strict (`strict-key.ts`), or it is no paper. Specified in NEP-27.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { concatBytes, fromHex, toHex, utf8Encode } from "../../core/bytes.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { isStrictKey } from "../../crypto/strict-key.ts";
import { ByteReader, isCount } from "../../mesh/byte-reader.ts";
import type { NetworkId } from "../agent-ids.ts";

export interface OpenedPaper<T> {
  /** Public keys, 64 hex digits. */
  readonly by: string;
  readonly about: string;
  readonly rest: T;
}

/** For hints: a paper is valid so long at most. */
export const PAPER_DAYS: number = AGENT_LIMITS.paperMs / 86_400_000;

const VERSION = 1;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const KEY = /^[0-9a-f]{64}$/;

/** Whether it is a key that a paper may be about: 64 hex digits of a strict key. */
export function isKey(id: string): boolean {
  return KEY.test(id) && isStrictKey(fromHex(id));
}

/** Whether a paper may be valid from the one moment to the other. */
export function isSpan(madeAtMs: number, notAfterMs: number): boolean {
  const lengthMs = notAfterMs - madeAtMs;
  return isCount(madeAtMs) && isCount(notAfterMs) && lengthMs >= 0 && lengthMs <= AGENT_LIMITS.paperMs;
}

/** `rest` is what stands between the keys and the signature. */
export function signPaper(
  domain: string,
  { network, about, rest }: { readonly network: NetworkId; readonly about: string; readonly rest: Uint8Array },
  by: SignatureKeyPair,
): Uint8Array {
  const said = concatBytes(Uint8Array.of(VERSION), fromHex(network), by.publicKey, fromHex(about), rest);
  return concatBytes(said, ed25519.sign(concatBytes(utf8Encode(domain), said), by.secretKey));
}

/**
 * Null for whatever is no paper of this network: another version or length, what `readRest` does not take, a wrong signature, a
 * key that is not strict. Never throws.
 */
export function openPaper<T>(
  domain: string,
  bytes: Uint8Array,
  network: NetworkId,
  readRest: (reader: ByteReader) => T | null,
): OpenedPaper<T> | null {
  const reader = new ByteReader(bytes);
  const [version, place] = [reader.u8(), reader.view(KEY_BYTES)];
  const [by, about, rest] = [reader.take(KEY_BYTES), reader.take(KEY_BYTES), readRest(reader)];
  const signature = reader.view(SIGNATURE_BYTES);
  if (!reader.isDone || version !== VERSION || !place || !by || !about || !signature || rest === null) return null;
  if (toHex(place) !== network) return null;
  const signed = concatBytes(utf8Encode(domain), bytes.subarray(0, bytes.length - SIGNATURE_BYTES));
  // The signature first: of all refusals, that of a key nobody has used before takes the longest.
  if (!ed25519.verify(signed, signature, by) || !isStrictKey(by) || !isStrictKey(about)) return null;
  return { by: toHex(by), about: toHex(about), rest };
}
