/**
 * What does a relay learn from the queries that it sees? They are held against uniform ones, over every value of every
 * byte and over every bit: those for one fixed record, those for another, and, read by the product's client from two
 * real relays, those for a record and those for nothing. Controls: two relays that compare theirs, and a query that
 * hides nothing.
 */

import { PrivateRetrieval } from "../../src/route/private-retrieval.ts";
import { makeQueries } from "../../src/crypto/pir.ts";
import { collude, openWatchedPool } from "../../test/support/asked-queries.ts";
import { epochOf, withRelayPair } from "../pir-relays.ts";
import { type Bench, type BenchOptions, type Row, row } from "../report.ts";
import { chiSquareScore } from "./statistics.ts";

const QUERIES = 20_000;
/** Of the product's client, of each kind. */
const READS = 4_000;
const IN_FLIGHT = 4;
const RECORDS = 512;
const INDEXES = [3, 397] as const;
const DEVIATIONS = "standard deviations";
/** Sixteen scores are taken: one of them is above 4 by chance once in some thousand runs. */
const BOUND = 4;

/** What relay A and relay B saw of one read. */
type Pair = readonly [Uint8Array, Uint8Array];

function bytesOf(queries: readonly Uint8Array[]): number[] {
  const counts: number[] = Array(256).fill(0);
  for (const query of queries) for (const byte of query) counts[byte] = (counts[byte] as number) + 1;
  return counts;
}

/** Of each bit, how often it is 1. */
function bitsOf(queries: readonly Uint8Array[]): number[] {
  return Array.from({ length: RECORDS }, (_, bit) =>
    queries.reduce((ones, query) => ones + (((query[bit >> 3] as number) >> (bit & 7)) & 1), 0),
  );
}

/** Each bit's share of ones, squared and summed: every bit is one trial of a fair coin for each query. */
function bitScore(ones: readonly number[], queries: number): number {
  const statistic = ones.reduce((sum, count) => sum + (count - queries / 2) ** 2 / (queries / 4), 0);
  return (statistic - ones.length) / Math.sqrt(2 * ones.length);
}

function rowsOf(pairs: readonly Pair[], what: string): Row[] {
  return [0, 1].flatMap((relay) => {
    const queries = pairs.map((pair) => pair[relay] as Uint8Array);
    const who = `relay ${"AB"[relay]}, ${what}`;
    return [
      uniform(`${who}: bytes from uniform`, chiSquareScore(bytesOf(queries))),
      uniform(`${who}: bits from fair`, bitScore(bitsOf(queries), queries.length)),
    ];
  });
}

/** How often two relays that compare notes name the right record. */
function collusion(pairs: readonly Pair[], index: number, what: string): Row {
  const found = pairs.filter(([a, b]) => collude(a, b) === index).length;
  return caught(`control, both relays, ${what}: share found`, "", found / pairs.length, 1);
}

/** What two real relays see of the client's reads of one record, or of nothing. */
function readMany(index: number | null, reads: number): Promise<Pair[]> {
  return withRelayPair(RECORDS, async (pair) => {
    const { pool, asked } = openWatchedPool();
    try {
      const retrieval = new PrivateRetrieval({ pool });
      const epoch = await epochOf(retrieval, pair, RECORDS);
      const lane = async (): Promise<void> => {
        for (let i = 0; i < reads / IN_FLIGHT; i++) await retrieval.read(pair, epoch, index);
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
      const [a = [], b = []] = pair.map((url) => asked.get(new URL(url).hostname));
      return a.map((query, i): Pair => [query, b[i] as Uint8Array]);
    } finally {
      await pool.close();
    }
  });
}

async function run({ quick }: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const index of INDEXES) {
    const pairs = Array.from({ length: QUERIES }, () => makeQueries(RECORDS, index));
    rows.push(...rowsOf(pairs, `record ${index}`), collusion(pairs, index, `record ${index}`));
  }
  const reads = quick ? READS / 10 : READS;
  const wanted = await readMany(INDEXES[0], reads);
  rows.push(...rowsOf(wanted, "reads of one cell over the wire"));
  rows.push(...rowsOf(await readMany(null, reads), "reads of nothing over the wire"));
  rows.push(collusion(wanted, INDEXES[0], "reads of one cell over the wire"));
  const plain = chiSquareScore(plainQueryBytes());
  const metric = "control, the wanted bit alone: bytes from uniform";
  return [...rows, caught(metric, DEVIATIONS, plain, BOUND)];
}

function uniform(metric: string, score: number): Row {
  return row({ metric, unit: DEVIATIONS, ours: Math.abs(score), peer: null, theirs: BOUND, better: "lower", goal: 1 });
}

function caught(metric: string, unit: string, ours: number, theirs: number): Row {
  return row({ metric, unit, ours, peer: null, theirs, better: "higher", goal: 1 });
}

/** What the same relay sees where the protection is off: a query with the wanted bit alone. */
function plainQueryBytes(): number[] {
  const bytes: number[] = Array(256).fill(0);
  bytes[0] = QUERIES * (RECORDS / 8 - 1);
  bytes[1 << (INDEXES[0] & 7)] = QUERIES;
  return bytes;
}

const about = `${QUERIES} queries for each of two records, ${READS} reads of a cell and of nothing from two relays`;
export const pirExperiment: Bench = { name: "pir", about, run };
