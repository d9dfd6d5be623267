/**
 * Private retrieval (NEP-14): two servers hold the same records, and neither learns which one was read.
 *
 *   query to A   a random bit for each record                       answer   XOR of the records whose bit is 1
 *   query to B   the same bits, that of the wanted record flipped   answer   the same
 *   combine      answer A xor answer B = the wanted record
 *
 * Each query alone is uniformly random, whatever the record (Chor, Goldreich, Kushilevitz, Sudan 1995). Two servers that
 * compare their queries see the index at once.
 *
 * The scan reads and masks every record whatever the query says. Secrecy does not need that: the server knows the
 * query, and a query tells nothing. Skipping reads half of the records on average, and was measured 1.3 to 1.4
 * times as fast for one query. Masking takes the same time for every query, and the bench has it answer several in a
 * pass for far less than a pass each (`npm run bench -- pir`).
 */

import { fromBase64Url } from "../core/bytes.ts";
import { CodecError, UsageError } from "../core/errors.ts";
import { PIR_LIMITS } from "../core/cell-limits.ts";
import { randomBytes } from "../core/random.ts";
import { PIR_SCAN } from "./kernels/pir-scan.ts";
import { Instance, Memory, Module, PAGE_BYTES } from "./kernels/web-assembly.ts";

const { recordBytes: RECORD, strideBytes: STRIDE, queriesPerScan: QUERIES } = PIR_LIMITS;
/** The kernel works on eight records, a byte of a query, at a time. */
const BLOCK_RECORDS = 8;

type Scan = (blocks: number, query: number, answer: number, queries: number) => void;

/** Records in the memory of a kernel of their own: what is answered from. Not to be filled while it is scanned. */
export interface PirDatabase {
  /** Records, at least 1. */
  readonly count: number;
  /** The kernel's memory; records lie at its start, `PIR_LIMITS.strideBytes` apart. */
  readonly memory: Uint8Array;
  readonly scan: Scan;
}

let compiled: object | undefined;

/** Bytes of memory that a database of so many records takes. */
export function databaseBytes(count: number): number {
  const blocks = Math.ceil(count / BLOCK_RECORDS);
  const bytes = (blocks * BLOCK_RECORDS + QUERIES) * STRIDE + QUERIES * blocks;
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}

/** A database of `count` records of zeros. Throws UsageError `pir_count` for none or more than `PIR_LIMITS.records`. */
export function emptyDatabase(count: number): PirDatabase {
  checkCount(count);
  const memory = new Memory({ initial: databaseBytes(count) / PAGE_BYTES });
  compiled ??= new Module(fromBase64Url(PIR_SCAN));
  const { exports } = new Instance(compiled, { nocturne: { memory } });
  return { count, memory: new Uint8Array(memory.buffer), scan: exports["scan"] as Scan };
}

/**
 * Puts records, 2,109 bytes each and one behind the other, at number `first` and on.
 * Throws CodecError `pir_record` when they are of another size or do not fit.
 */
export function putRecords({ count, memory }: PirDatabase, first: number, records: Uint8Array): void {
  const added = records.length / RECORD;
  if (!Number.isInteger(added) || first + added > count) {
    throw new CodecError("pir_record", `Records must have ${RECORD} bytes each, and room.`);
  }
  for (let i = 0; i < added; i++) {
    memory.set(records.subarray(i * RECORD, (i + 1) * RECORD), (first + i) * STRIDE);
  }
}

/**
 * A database of `records`, 2,109 bytes each, in their order.
 * Throws UsageError `pir_count` for none or more than `PIR_LIMITS.records`, CodecError `pir_record` for another size.
 */
export function createDatabase(records: readonly Uint8Array[]): PirDatabase {
  const database = emptyDatabase(records.length);
  for (const [i, record] of records.entries()) {
    if (record.length !== RECORD) throw new CodecError("pir_record", `A record must have ${RECORD} bytes.`);
    putRecords(database, i, record);
  }
  return database;
}

/**
 * The two queries for record `index` of `count`, ceil(count / 8) bytes each: one for each server, never both for one.
 * Bit 0, the lowest of the first byte, is record 0; bits past the last record are 0.
 * Throws UsageError `pir_count` and `pir_index`.
 */
export function makeQueries(count: number, index: number): readonly [Uint8Array, Uint8Array] {
  checkCount(count);
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new UsageError("pir_index", "There is no record of this number.");
  }
  const first = randomBytes(Math.ceil(count / 8));
  first[first.length - 1] = (first.at(-1) as number) & lastByteMask(count);
  const second = first.slice();
  second[index >> 3] = (second[index >> 3] as number) ^ (1 << (index & 7));
  return [first, second];
}

/**
 * The XOR of the records that each query selects, 2,109 bytes a query, in one pass over the database for all of them.
 * Throws CodecError `pir_query` for a wrong length or a bit past the last record, UsageError `pir_queries` for none or
 * more than `PIR_LIMITS.queriesPerScan`.
 */
export function answerAll(database: PirDatabase, queries: readonly Uint8Array[]): Uint8Array[] {
  if (queries.length < 1 || queries.length > QUERIES) {
    throw new UsageError("pir_queries", `One scan answers 1 to ${QUERIES} queries.`);
  }
  for (const query of queries) checkQuery(database.count, query);
  const { count, memory, scan } = database;
  const blocks = Math.ceil(count / BLOCK_RECORDS);
  const answersAt = blocks * BLOCK_RECORDS * STRIDE;
  const queriesAt = answersAt + QUERIES * STRIDE;
  for (const [i, query] of queries.entries()) memory.set(query, queriesAt + i * blocks);
  memory.fill(0, answersAt, queriesAt);
  scan(blocks, queriesAt, answersAt, queries.length);
  return queries.map((_, i) => memory.slice(answersAt + i * STRIDE, answersAt + i * STRIDE + RECORD));
}

/** The answer to one query; see `answerAll`. */
export function answer(database: PirDatabase, query: Uint8Array): Uint8Array {
  return answerAll(database, [query])[0] as Uint8Array;
}

/** The wanted record, 2,109 bytes, of both answers. Throws CodecError `pir_answer` for another length of either. */
export function combine(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length !== RECORD || b.length !== RECORD) {
    throw new CodecError("pir_answer", `An answer must have ${RECORD} bytes.`);
  }
  return a.map((byte, i) => byte ^ (b[i] as number));
}

function checkCount(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= PIR_LIMITS.records) return;
  throw new UsageError("pir_count", `A database holds 1 to ${PIR_LIMITS.records} records.`);
}

/** Throws CodecError `pir_query` for a query that does not fit a database of `count` records. */
export function checkQuery(count: number, query: Uint8Array): void {
  if (query.length === Math.ceil(count / 8) && ((query.at(-1) as number) & ~lastByteMask(count)) === 0) return;
  throw new CodecError("pir_query", "This query does not fit the database: it has another number of records.");
}

/** The bits of a query's last byte that stand for records. */
function lastByteMask(count: number): number {
  return 0xff >> ((8 - (count % 8)) % 8);
}
