/**
 * Part of a ledger as a file that needs no other: the entries, and what shows that they are where the head says.
 *
 *   bundle   head 145 | first u64 | count u32, at least 1
 *            | edge: the right edge of the tree of the entries before, 32 each (`hash-tree.ts`); none if `first` is 1
 *            | path: count u8, hashes 32 each, from the last entry here to the head (RFC 9162 2.1.4)
 *            | entries: length u16, entry
 *
 * The edge and the entries give a root, which the head's log must begin with: so a forger would have to find a hash.
 * Both sides hold one entry at a time, however long the log is.
 */
import { concatBytes, u16, u32 } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { HASH_BYTES, verifyConsistency } from "../../crypto/merkle-tree.ts";
import { ByteReader, u64 } from "../byte-reader.ts";
import { ENTRY_BYTES_MAX } from "./entry.ts";
import { EntryChain } from "./entry-chain.ts";
import { edgeLength, Frontier } from "./hash-tree.ts";
import { readHead, type SignedHead } from "./head.ts";
import type { PieceReader } from "./piece-reader.ts";
import { STATEMENT_BYTES } from "./tree-statement.ts";

/** What a bundle is made of; `LedgerLog` is one. */
export interface EntrySource {
  head(): SignedHead;
  /** Hashes, 32 bytes each. */
  edge(size: number): Uint8Array[];
  path(from: number, to: number): Uint8Array[];
  entries(first: number, count: number): Iterable<Uint8Array>;
}

export type BundleReading =
  | { readonly head: SignedHead; readonly first: number; readonly count: number }
  /** What is wrong with it, one sentence. */
  | { readonly problem: string };

const COUNT_MAX = 0xffff_ffff;
const PATH_HASHES = 64;

/** The bytes of a bundle, in pieces. Throws UsageError `no_such_entries` unless all of them are there. */
export function* writeBundle(log: EntrySource, first: number, count: number): Generator<Uint8Array> {
  const head = log.head();
  const last = first + count - 1;
  if (!(first >= 1 && count >= 1 && count <= COUNT_MAX && last <= head.size)) {
    throw new UsageError("no_such_entries", "The ledger does not have these entries.");
  }
  const path = log.path(last, head.size);
  yield concatBytes(head.bytes, u64(first), u32(count), ...log.edge(first - 1), Uint8Array.of(path.length), ...path);
  for (const entry of log.entries(first, count)) yield concatBytes(u16(entry.length), entry);
}

/** Checks a bundle as it comes. Rejects only if the source does. */
export async function readBundle(reader: PieceReader): Promise<BundleReading> {
  const start = await readStart(reader);
  if (!start) return { problem: "This is not the beginning of a bundle, or its head is not signed." };
  const { head, first, count, chain, path } = start;
  for (let number = first; number < first + count; number++) {
    const bytes = await readNext(reader);
    if (!bytes || !chain.next(bytes))
      return { problem: `Entry ${number} is missing, altered, or does not follow the one before.` };
  }
  if (!(await reader.isDone())) return { problem: "Something stands behind its last entry." };
  const isThere = verifyConsistency({ size: chain.size, root: chain.root() }, head, path);
  return isThere ? { head, first, count } : { problem: "These entries are not those that its head stands for." };
}

async function readStart(reader: PieceReader): Promise<{
  readonly head: SignedHead;
  readonly first: number;
  readonly count: number;
  readonly chain: EntryChain;
  readonly path: readonly Uint8Array[];
} | null> {
  const fixed = await reader.take(STATEMENT_BYTES + 12);
  const head = fixed && readHead(fixed.subarray(0, STATEMENT_BYTES));
  if (!head) return null;
  const numbers = new ByteReader(fixed.subarray(STATEMENT_BYTES));
  const [first, count] = [numbers.u64() ?? 0, numbers.u32() ?? 0];
  if (first < 1 || count < 1 || first + count - 1 > head.size) return null;
  const edge = await readHashes(reader, edgeLength(first - 1));
  const length = (await reader.take(1))?.[0];
  const path = length === undefined || length > PATH_HASHES ? null : await readHashes(reader, length);
  return (
    edge && path && { head, first, count, path, chain: new EntryChain(head.signer, new Frontier(first - 1, edge)) }
  );
}

async function readHashes(reader: PieceReader, count: number): Promise<Uint8Array[] | null> {
  const bytes = await reader.take(count * HASH_BYTES);
  return bytes && Array.from({ length: count }, (_, i) => bytes.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES));
}

async function readNext(reader: PieceReader): Promise<Uint8Array | null> {
  const length = await reader.take(2);
  const bytes = length && new DataView(length.buffer).getUint16(0);
  return bytes && bytes <= ENTRY_BYTES_MAX ? reader.take(bytes) : null;
}
