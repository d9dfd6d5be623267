/**
 * A pass: what the letters of a stranger show so that they are taken in (NEP-17).
 *
 *   flags 1 | proof of an invite 32, if flag 1 | work 13, if flag 2
 */

import { concatBytes, fromHex, toHex } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { decodeWork, encodeWork, type Work, WORK_BYTES } from "./work.ts";

export interface Pass {
  /** Hex, 32 bytes (`inviteProof`). */
  readonly proof: string | null;
  readonly work: Work | null;
}

const PROOF = 1;
const WORK = 2;
const PROOF_BYTES = 32;

export function encodePass({ proof, work }: Pass): Uint8Array {
  const flags = (proof === null ? 0 : PROOF) | (work === null ? 0 : WORK);
  const parts = [...(proof === null ? [] : [fromHex(proof)]), ...(work === null ? [] : [encodeWork(work)])];
  return concatBytes(Uint8Array.of(flags), ...parts);
}

/** The pass that `bytes` begin with, and its length. Throws CryptoError for unknown flags and what is cut off. */
export function decodePass(bytes: Uint8Array): { pass: Pass; length: number } {
  const flags = bytes[0];
  if (flags === undefined || flags > (PROOF | WORK)) throw new CryptoError();
  const workAt = 1 + (flags & PROOF ? PROOF_BYTES : 0);
  const length = workAt + (flags & WORK ? WORK_BYTES : 0);
  if (bytes.length < length) throw new CryptoError();
  const proof = flags & PROOF ? toHex(bytes.subarray(1, workAt)) : null;
  const work = flags & WORK ? decodeWork(bytes.subarray(workAt, length)) : null;
  return { pass: { proof, work }, length };
}
