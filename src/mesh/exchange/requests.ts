/**
 * What a client asks a node for, after the frames' heads. A reader gives null for whatever is none, and never throws.
 *
 *   STORE     id 32 | bytes u32 | until u64, ms            its bytes follow in DATA frames; an empty one gives it up
 *   RECEIPT   count u16 | (id 32 | bytes u32) ...
 *   FETCH     id 32 | bytes u32 | first leaf u32 | leaves u32
 *   AUDIT     count u16 | (id 32 | bytes u32 | leaves u16 | leaf u32 ...) ...
 *   RENEW     until u64, ms | count u16 | id 32 ...
 *   DROP      count u16 | id 32 ...                         as is its answer, and RENEW's: NAMES
 *   RELEASED  count u16 | id 32 ...                         kept elsewhere by now: a node that leaves need not wait for them
 *   CARE      care key 32 | until u64, ms
 *
 * Specified in NEP-24.
 */
import { concatBytes, fromHex, toHex, u16, u32 } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { ByteReader, u64 } from "../byte-reader.ts";
import { type FragmentId, leafCount } from "../pieces/fragment-tree.ts";
import type { FragmentRef, LeafQuestion } from "../rooms.ts";
import { isFragment, readRefs } from "./receipt.ts";

export interface StoreAsked extends FragmentRef {
  readonly untilMs: number;
}

export interface FetchAsked extends FragmentRef {
  readonly first: number;
  /** At least 1; `first + count` is at most the number of leaves. */
  readonly count: number;
}

export interface RenewAsked {
  readonly untilMs: number;
  readonly ids: readonly FragmentId[];
}

export interface CareAsked {
  /** 32 bytes. */
  readonly careKey: Uint8Array;
  readonly untilMs: number;
}

const ID_BYTES = 32;

export function encodeStore({ id, bytes, untilMs }: StoreAsked): Uint8Array {
  return concatBytes(fromHex(id), u32(bytes), u64(untilMs));
}

export function readStore(body: Uint8Array): StoreAsked | null {
  const reader = new ByteReader(body);
  const [fragment, untilMs] = [readRef(reader), reader.u64()];
  return reader.isDone && fragment && untilMs !== null ? { ...fragment, untilMs } : null;
}

export function readReceiptAsked(body: Uint8Array): FragmentRef[] | null {
  const reader = new ByteReader(body);
  const fragments = readRefs(reader);
  return reader.isDone ? fragments : null;
}

export function encodeFetch({ id, bytes, first, count }: FetchAsked): Uint8Array {
  return concatBytes(fromHex(id), u32(bytes), u32(first), u32(count));
}

export function readFetch(body: Uint8Array): FetchAsked | null {
  const reader = new ByteReader(body);
  const [fragment, first, count] = [readRef(reader), reader.u32(), reader.u32()];
  if (!reader.isDone || !fragment || first === null || count === null) return null;
  return count >= 1 && first + count <= leafCount(fragment.bytes) ? { ...fragment, first, count } : null;
}

export function encodeAudit(questions: readonly LeafQuestion[]): Uint8Array {
  const each = questions.map(({ id, bytes, leaves }) =>
    concatBytes(fromHex(id), u32(bytes), u16(leaves.length), ...leaves.map(u32)),
  );
  return concatBytes(u16(questions.length), ...each);
}

/** Null also for more than MESH_LIMITS.auditLeaves leaves in all, for a question without one, and for leaves that do not rise or are not there. */
export function readAudit(body: Uint8Array): LeafQuestion[] | null {
  const reader = new ByteReader(body);
  const count = reader.u16() ?? 0;
  const questions: LeafQuestion[] = [];
  for (let left: number = MESH_LIMITS.auditLeaves; questions.length < count; ) {
    const question = readQuestion(reader, left);
    if (!question) return null;
    questions.push(question);
    left -= question.leaves.length;
  }
  return reader.isDone && count > 0 ? questions : null;
}

function readQuestion(reader: ByteReader, most: number): LeafQuestion | null {
  const [fragment, count] = [readRef(reader), reader.u16()];
  if (!fragment || count === null || count < 1 || count > most) return null;
  const leaves = Array.from({ length: count }, () => reader.u32() ?? Number.POSITIVE_INFINITY);
  const isRising = leaves.every((leaf, i) => i === 0 || leaf > (leaves[i - 1] as number));
  return isRising && (leaves.at(-1) as number) < leafCount(fragment.bytes) ? { ...fragment, leaves } : null;
}

export function encodeRenew({ untilMs, ids }: RenewAsked): Uint8Array {
  return concatBytes(u64(untilMs), encodeNames(ids));
}

export function readRenew(body: Uint8Array): RenewAsked | null {
  const reader = new ByteReader(body);
  const untilMs = reader.u64();
  const ids = readIds(reader);
  return untilMs !== null && ids ? { untilMs, ids } : null;
}

export function encodeNames(ids: readonly FragmentId[]): Uint8Array {
  return concatBytes(u16(ids.length), ...ids.map(fromHex));
}

/** Null for more than a batch. */
export function readNames(body: Uint8Array): FragmentId[] | null {
  return readIds(new ByteReader(body));
}

export function encodeCare({ careKey, untilMs }: CareAsked): Uint8Array {
  return concatBytes(careKey, u64(untilMs));
}

export function readCare(body: Uint8Array): CareAsked | null {
  const reader = new ByteReader(body);
  const [careKey, untilMs] = [reader.take(ID_BYTES), reader.u64()];
  return reader.isDone && careKey && untilMs !== null ? { careKey, untilMs } : null;
}

function readRef(reader: ByteReader): FragmentRef | null {
  const [id, bytes] = [reader.view(ID_BYTES), reader.u32()];
  return id && bytes !== null && isFragment({ bytes }) ? { id: toHex(id) as FragmentId, bytes } : null;
}

function readIds(reader: ByteReader): FragmentId[] | null {
  const count = reader.u16();
  if (count === null || count > MESH_LIMITS.batch || reader.left !== count * ID_BYTES) return null;
  return Array.from({ length: count }, () => toHex(reader.view(ID_BYTES) as Uint8Array) as FragmentId);
}
