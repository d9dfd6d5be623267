/**
 * What does a relay learn from the query that it sees? Its queries for one fixed record are held against those for
 * another: over every value of every byte, and over every bit. Controls: two relays that compare
 * theirs, and a query that hides nothing.
 */

import { makeQueries } from "../../src/crypto/pir.ts";
import { type Bench, type Row, row } from "../report.ts";
import { chiSquareScore } from "./statistics.ts";

const QUERIES = 20_000;
const RECORDS = 512;
const INDEXES = [3, 397] as const;
const DEVIATIONS = "standard deviations";
/** Eight scores are taken: one of them is above 4 by chance once in some thousand runs. */
const BOUND = 4;

interface Seen {
  /** Of each byte value, all bytes of all queries together. */
  readonly bytes: number[];
  /** Of each bit, how often it is 1. */
  readonly bits: number[];
  /** How often two colluding relays name the right record. */
  found: number;
}

function watch(index: number, relay: 0 | 1): Seen {
  const seen: Seen = { bytes: Array(256).fill(0), bits: Array(RECORDS).fill(0), found: 0 };
  for (let i = 0; i < QUERIES; i++) {
    const queries = makeQueries(RECORDS, index);
    for (const [at, byte] of queries[relay].entries()) {
      seen.bytes[byte] = (seen.bytes[byte] as number) + 1;
      for (let bit = 0; bit < 8; bit++) {
        seen.bits[at * 8 + bit] = (seen.bits[at * 8 + bit] as number) + ((byte >> bit) & 1);
      }
    }
    if (collude(...queries) === index) seen.found++;
  }
  return seen;
}

function collude(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at * 8 + Math.log2((a[at] as number) ^ (b[at] as number));
}

/** Each bit's share of ones, squared and summed: every bit is one trial of a fair coin, QUERIES times. */
function bitScore(ones: readonly number[]): number {
  const statistic = ones.reduce((sum, count) => sum + (count - QUERIES / 2) ** 2 / (QUERIES / 4), 0);
  return (statistic - ones.length) / Math.sqrt(2 * ones.length);
}

function run(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const relay of [0, 1] as const) {
    for (const index of INDEXES) {
      const seen = watch(index, relay);
      const who = `relay ${"AB"[relay]}, record ${index}`;
      rows.push(
        uniform(`${who}: bytes from uniform`, chiSquareScore(seen.bytes)),
        uniform(`${who}: bits from fair`, bitScore(seen.bits)),
        caught(`control, both relays, record ${index}: share found`, "", seen.found / QUERIES, 1),
      );
    }
  }
  const plain = chiSquareScore(plainQueryBytes());
  const metric = "control, the wanted bit alone: bytes from uniform";
  return Promise.resolve([...rows, caught(metric, DEVIATIONS, plain, BOUND)]);
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

export const pirExperiment: Bench = { name: "pir", about: `${QUERIES} queries for each of two records`, run };
