/**
 * A node's word that it saw a head, and no other history of that signer.
 *
 *   cosignature      version 1 | witness 32 | made at u64, ms | signature 64                                     105 bytes
 *   witnessed head   head 145 | count u8 | cosignatures, rising by witness, one a witness
 *
 * The signature (Ed25519, by `witness`) is over "nocturne/ledger/cosignature/v1" | version, witness, made at | the head, 145
 * bytes. Each cosignature also goes into the witness's own ledger, with the head: who cosigns two histories has put that down himself.
 */
import { concatBytes, toHex, utf8Encode } from "../../core/bytes.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { ValidationError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { ByteReader, u64 } from "../byte-reader.ts";
import type { HeadComparer, HeadVerdict } from "./comparison.ts";
import type { Note } from "./entry.ts";
import type { HeadBook } from "./head-book.ts";
import { readHead, type SignedHead } from "./head.ts";
import { STATEMENT_BYTES } from "./tree-statement.ts";

export interface Cosignature {
  /** Ed25519 public key, 32 bytes. */
  readonly witness: Uint8Array;
  readonly madeAtMs: number;
  readonly bytes: Uint8Array;
}

export interface WitnessedHead {
  readonly head: SignedHead;
  readonly cosignatures: readonly Cosignature[];
}

const VERSION = 1;
const DOMAIN = utf8Encode("nocturne/ledger/cosignature/v1");
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const COSIGNATURE_BYTES = 105;

export function signCosignature(head: SignedHead, madeAtMs: number, by: SignatureKeyPair): Cosignature {
  const said = concatBytes(Uint8Array.of(VERSION), by.publicKey, u64(madeAtMs));
  const bytes = concatBytes(said, ed25519.sign(concatBytes(DOMAIN, said, head.bytes), by.secretKey));
  return { witness: by.publicKey, madeAtMs, bytes };
}

/** Null for whatever is no cosignature of this head. Never throws. */
export function readCosignature(head: SignedHead, bytes: Uint8Array): Cosignature | null {
  const reader = new ByteReader(bytes);
  const [version, witness, madeAtMs] = [reader.u8(), reader.take(KEY_BYTES), reader.u64()];
  const signature = reader.take(SIGNATURE_BYTES);
  if (!reader.isDone || version !== VERSION || !witness || madeAtMs === null || !signature) return null;
  const said = bytes.subarray(0, COSIGNATURE_BYTES - SIGNATURE_BYTES);
  const isRight = ed25519.verify(concatBytes(DOMAIN, said, head.bytes), signature, witness);
  return isRight ? { witness, madeAtMs, bytes: bytes.slice() } : null;
}

/** Of 1 to MESH_LIMITS.cosignatures cosignatures in any order, one a witness. */
export function encodeWitnessedHead(head: SignedHead, cosignatures: readonly Cosignature[]): Uint8Array {
  const sorted = [...cosignatures].sort((a, b) => (toHex(a.witness) < toHex(b.witness) ? -1 : 1));
  return concatBytes(head.bytes, Uint8Array.of(sorted.length), ...sorted.map(({ bytes }) => bytes));
}

/** Null unless the head and every cosignature is right. A signer is no witness of itself. Never throws. */
export function readWitnessedHead(bytes: Uint8Array): WitnessedHead | null {
  const head = readHead(bytes.subarray(0, STATEMENT_BYTES));
  const count = bytes[STATEMENT_BYTES] ?? 0;
  const start = STATEMENT_BYTES + 1;
  if (!head || count < 1 || count > MESH_LIMITS.cosignatures) return null;
  if (bytes.length !== start + count * COSIGNATURE_BYTES) return null;
  const cosignatures: Cosignature[] = [];
  for (let at = start; at < bytes.length; at += COSIGNATURE_BYTES) {
    const cosignature = readCosignature(head, bytes.subarray(at, at + COSIGNATURE_BYTES));
    const before = cosignatures.at(-1);
    if (!cosignature || toHex(cosignature.witness) === toHex(head.signer)) return null;
    if (before && toHex(before.witness) >= toHex(cosignature.witness)) return null;
    cosignatures.push(cosignature);
  }
  return { head, cosignatures };
}

export interface WitnessOptions {
  readonly book: HeadBook;
  readonly comparer: HeadComparer;
  readonly by: SignatureKeyPair;
  /** Into the witness's own ledger. */
  readonly note: Note;
  readonly clock?: Clock;
}

export class Witness {
  readonly #book: HeadBook;
  readonly #comparer: HeadComparer;
  readonly #by: SignatureKeyPair;
  readonly #note: Note;
  readonly #clock: Clock;

  constructor({ book, comparer, by, note, clock = systemClock }: WitnessOptions) {
    [this.#book, this.#comparer, this.#by, this.#note, this.#clock] = [book, comparer, by, note, clock];
  }

  /**
   * 105 bytes, for a head that fits all that was cosigned for its signer before; the same again for the same. Rejects with
   * ValidationError `ledger_forked` (the proof is in the book), `head_unproven` or `head_refused`.
   */
  async cosign(head: SignedHead): Promise<Uint8Array> {
    const verdict = await this.#comparer.compare(head);
    const problem = PROBLEMS[verdict];
    if (problem) throw problem();
    const signer = toHex(head.signer);
    const earlier = this.#book.cosignature(signer, head.size);
    // The same tree signed at another time has other bytes, and gets a cosignature of its own.
    if (earlier && readCosignature(head, earlier)) return earlier;
    const { bytes } = signCosignature(head, this.#clock.nowMs(), this.#by);
    await this.#note("cosignature", concatBytes(bytes, head.bytes));
    this.#book.keepCosignature(signer, head.size, bytes);
    return bytes;
  }
}

const PROBLEMS: Partial<Record<HeadVerdict, () => ValidationError>> = {
  fork: () => new ValidationError("ledger_forked", "This signer keeps two histories; there is proof of it."),
  unproven: () =>
    new ValidationError("head_unproven", "Nobody showed that this history goes on from the one that was seen before.", {
      hint: "Ask again when the signer can be reached.",
    }),
  stranger: () => new ValidationError("head_refused", "This node has nothing to do with that signer."),
  busy: () => new ValidationError("head_refused", "This was asked too often.", { hint: "Ask again in a while." }),
};
