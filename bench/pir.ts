/**
 * Private retrieval: database scanned per processor second, beside a plain copy of the same bytes and the XOR a loop in
 * JavaScript does. "Scanned" counts every byte of the database once a query, masked records too; where a pass answers
 * several queries, each of them scans the database.
 *
 * The other way, to skip what is not selected, is measured with a kernel of its own: it reads half of the records, and is
 * counted by the same rule, as the whole database. Whole reads: pir-relays.ts.
 */

import openWabt from "wabt";
import { PIR_LIMITS } from "../src/core/cell-limits.ts";
import { randomBytes } from "../src/core/random.ts";
import { Instance, Memory, Module } from "../src/crypto/kernels/web-assembly.ts";
import { answer, answerAll, createDatabase, makeQueries, type PirDatabase } from "../src/crypto/pir.ts";
import { pirRelayRows } from "./pir-relays.ts";
import { type Bench, type BenchOptions, median, type Row, row } from "./report.ts";

const GB = 1e9;
const ROUNDS = 7;
const GOAL_GB_PER_S = 1;
const { strideBytes, recordBytes, queriesPerScan } = PIR_LIMITS;

const SKIPPING = `(module
  (import "nocturne" "memory" (memory 1))
  (func (export "scan") (param $count i32) (param $query i32) (param $answer i32)
    (local $i i32) (local $record i32) (local $end i32) (local $out i32)
    (loop $next
      (if (i32.and (i32.shr_u
            (i32.load8_u (i32.add (local.get $query) (i32.shr_u (local.get $i) (i32.const 3))))
            (i32.and (local.get $i) (i32.const 7))) (i32.const 1))
        (then
          (local.set $record (i32.mul (local.get $i) (i32.const ${strideBytes})))
          (local.set $end (i32.add (local.get $record) (i32.const ${strideBytes})))
          (local.set $out (local.get $answer))
          (loop $column
            (v128.store (local.get $out) (v128.xor (v128.load (local.get $out)) (v128.load (local.get $record))))
            (v128.store offset=16 (local.get $out)
              (v128.xor (v128.load offset=16 (local.get $out)) (v128.load offset=16 (local.get $record))))
            (local.set $out (i32.add (local.get $out) (i32.const 32)))
            (br_if $column (i32.lt_u
              (local.tee $record (i32.add (local.get $record) (i32.const 32))) (local.get $end))))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $count))))))`;

/** Answers like the product's kernel, from a copy of its memory. */
async function skippingAnswer({ memory, count }: PirDatabase): Promise<(query: Uint8Array) => Uint8Array> {
  const wabt = await openWabt();
  const module = new Module(wabt.parseWat("skip.wat", SKIPPING, { simd: true }).toBinary({}).buffer);
  const own = new Memory({ initial: memory.length / 65_536 });
  const view = new Uint8Array(own.buffer);
  view.set(memory);
  const { exports } = new Instance(module, { nocturne: { memory: own } });
  const scan = exports["scan"] as (count: number, query: number, answer: number) => void;
  const answersAt = Math.ceil(count / 8) * 8 * strideBytes;
  const queryAt = answersAt + queriesPerScan * strideBytes;
  return (query) => {
    view.set(query, queryAt);
    view.fill(0, answersAt, answersAt + strideBytes);
    scan(count, queryAt, answersAt);
    return view.slice(answersAt, answersAt + recordBytes);
  };
}

/** Bytes a processor second, in GB. */
function rate(bytes: number, work: () => unknown): number {
  const started = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(started);
  return bytes / GB / ((user + system) / 1e6);
}

/** The same database as 32-bit words, each into a sum: what there is without a kernel. */
function plainXor(words: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < words.length; i++) sum ^= words[i] as number;
  return sum;
}

async function engineRows(quick: boolean): Promise<Row[]> {
  const count = quick ? 8_192 : PIR_LIMITS.records / 2;
  const database = createDatabase(Array(count).fill(randomBytes(recordBytes)));
  const bytes = count * strideBytes;
  const records = database.memory.subarray(0, bytes);
  records.set(randomBytes(bytes));
  const copy = new Uint8Array(bytes);
  const words = new Uint32Array(records.buffer, 0, bytes / 4);
  const queries = Array.from({ length: queriesPerScan }, () => makeQueries(count, 0)[0]);
  const one = queries[0] as Uint8Array;
  const skip = await skippingAnswer(database);
  if (Buffer.compare(skip(one), answer(database, one)) !== 0) throw new Error("the two kernels disagree");
  const works: Readonly<Record<string, () => number>> = {
    masked: () => rate(bytes, () => answer(database, one)),
    four: () => rate(bytes * 4, () => answerAll(database, queries.slice(0, 4))),
    sixteen: () => rate(bytes * queriesPerScan, () => answerAll(database, queries)),
    skipped: () => rate(bytes, () => skip(one)),
    copied: () => rate(bytes, () => copy.set(records)),
    xored: () => rate(bytes, () => plainXor(words)),
  };
  const rounds: Record<string, number[]> = {};
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, work] of Object.entries(works)) {
      const measured = work();
      if (round > 0) rounds[name] = [...(rounds[name] ?? []), measured];
    }
  }
  const of = (name: string) => median(rounds[name] ?? []);
  const unit = "GB/s";
  const goal = { unit, peer: null, theirs: GOAL_GB_PER_S, goal: 1 };
  const copying = { unit, peer: "memcpy of the database", theirs: of("copied") };
  const title = `${Math.round(bytes / 1e6)} MB`;
  return [
    row({ ...goal, metric: `scan of ${title}, one query`, ours: of("masked") }),
    row({ ...copying, metric: "one query, beside a copy", ours: of("masked") }),
    row({ ...copying, metric: "4 queries in a pass, database scanned for all", ours: of("four") }),
    row({ ...copying, metric: `${queriesPerScan} queries in a pass, database scanned for all`, ours: of("sixteen") }),
    row({
      unit,
      metric: "masked beside skipping, one query",
      ours: of("masked"),
      peer: "skips",
      theirs: of("skipped"),
    }),
    row({
      unit,
      metric: "one query, beside JavaScript",
      ours: of("masked"),
      peer: "XOR of words",
      theirs: of("xored"),
    }),
  ];
}

async function run({ quick }: BenchOptions): Promise<Row[]> {
  return [...(await engineRows(quick)), ...(await pirRelayRows(quick))];
}

const about = "private retrieval: database scanned per processor second, and whole reads from two relays";
export const pirBench: Bench = { name: "pir", about, run };
