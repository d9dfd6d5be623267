/**
 * What a node answers, after the frames' heads. A reader gives null for whatever is none, and never throws.
 *
 *   STORED, HAD   nothing: it is kept durably now, or was before; as WELCOME, CARING, NOTED
 *   SIGNED        a receipt
 *   HASHES        hash 32 ...                      of all leaves of the fragment; the leaves that were asked for follow in DATA frames
 *   SHOWN         root 32                          of the next question of an audit; a DATA frame for each of its leaves follows
 *   MISSING       nothing                          of the next question of an audit
 *   NAMES         see `requests.ts`
 *   LEFT          bytes u64
 *   REFUSED       reason u8 | bytes u64            what is left, where that is the reason
 *
 *   DATA of an audit    hashes u8 | hash 32 ... | leaf       the path to the root, lowest first
 *   CREDIT              bytes u32                            of DATA that were taken since the last one
 *
 * Specified in NEP-24.
 */
import { concatBytes } from "../../core/bytes.ts";
import { HASH_BYTES } from "../../crypto/merkle-tree.ts";
import { ByteReader, u64 } from "../byte-reader.ts";
import type { LeafProof } from "../pieces/fragment-tree.ts";

/** Numbers are never given twice. */
export const REASONS = {
  node_full: 1,
  owner_full: 2,
  not_allowed: 3,
  wrong_fragment: 4,
  fragment_missing: 5,
  bad_request: 6,
  no_care: 7,
  failed: 8,
  given_up: 9,
  bad_proof: 10,
} as const;

export type Reason = keyof typeof REASONS;

export interface Refused {
  readonly reason: Reason;
  /** What the node would still take, for `owner_full`; else 0. */
  readonly leftBytes: number;
}

/** The hashes, 32 bytes each and views; null for a length that does not fit. */
export function readHashes(body: Uint8Array): Uint8Array[] | null {
  if (body.length % HASH_BYTES !== 0) return null;
  return Array.from({ length: body.length / HASH_BYTES }, (_, i) =>
    body.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}

export function encodeLeafProof({ leaf, path }: Omit<LeafProof, "index">): Uint8Array {
  return concatBytes(Uint8Array.of(path.length), ...path, leaf);
}

export function readLeafProof(body: Uint8Array): Omit<LeafProof, "index"> | null {
  const pathBytes = (body[0] ?? 0) * HASH_BYTES;
  if (body.length < 1 + pathBytes) return null;
  return { path: readHashes(body.subarray(1, 1 + pathBytes)) ?? [], leaf: body.subarray(1 + pathBytes) };
}

export function encodeLeft(bytes: number): Uint8Array {
  return u64(bytes);
}

export function readLeft(body: Uint8Array): number | null {
  const reader = new ByteReader(body);
  const bytes = reader.u64();
  return reader.isDone ? bytes : null;
}

export function encodeRefused({ reason, leftBytes }: Refused): Uint8Array {
  return concatBytes(Uint8Array.of(REASONS[reason]), u64(leftBytes));
}

export function readRefused(body: Uint8Array): Refused | null {
  const reader = new ByteReader(body);
  const [code, leftBytes] = [reader.u8(), reader.u64()];
  const reason = (Object.keys(REASONS) as Reason[]).find((key) => REASONS[key] === code);
  return reader.isDone && reason && leftBytes !== null ? { reason, leftBytes } : null;
}
