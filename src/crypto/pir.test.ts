import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { sha256 } from "@noble/hashes/sha2.js";
import { shake256 } from "@noble/hashes/sha3.js";
import fc from "fast-check";
import openWabt from "wabt";
import { fromBase64Url, fromHex, toHex, utf8Encode } from "../core/bytes.ts";
import { PIR_LIMITS } from "../core/cell-limits.ts";
import { randomBytes } from "../core/random.ts";
import { PIR_SCAN } from "./kernels/pir-scan.ts";
import { answer, answerAll, combine, createDatabase, makeQueries } from "./pir.ts";

const { recordBytes: RECORD, queriesPerScan: QUERIES } = PIR_LIMITS;

const someRecords = (count: number) => Array.from({ length: count }, () => randomBytes(RECORD));
const hasCode = (code: string) => ({ code });

/** Computed by another program than this one. */
const VECTORS = JSON.parse(readFileSync(new URL("../../vectors/pir.json", import.meta.url), "utf8")) as {
  retrievals: { count: number; index: number; [field: string]: string | number }[];
  invalidQueries: { why: string; count: number; query: string; code: string }[];
};

const vectorDatabase = (count: number) =>
  createDatabase(Array.from({ length: count }, (_, i) => shake256(utf8Encode(`record ${i}`), { dkLen: RECORD })));

/** The oracle: slow, obvious. */
function plainAnswer(records: readonly Uint8Array[], query: Uint8Array): Uint8Array {
  const sum = new Uint8Array(RECORD);
  for (const [i, record] of records.entries()) {
    if ((((query[Math.floor(i / 8)] as number) >> (i % 8)) & 1) === 0) continue;
    for (let j = 0; j < RECORD; j++) sum[j] = (sum[j] as number) ^ (record[j] as number);
  }
  return sum;
}

test("the kernel is what its source says", async () => {
  const wabt = await openWabt();
  const source = readFileSync(new URL("./kernels/pir-scan.wat", import.meta.url), "utf8");
  const built = wabt.parseWat("pir-scan.wat", source, { simd: true }).toBinary({}).buffer;
  assert.deepEqual(fromBase64Url(PIR_SCAN), new Uint8Array(built));
});

test("every record of databases of all small sizes is retrieved", () => {
  for (let count = 1; count <= 33; count++) {
    const records = someRecords(count);
    const database = createDatabase(records);
    for (const [index, record] of records.entries()) {
      const [a, b] = makeQueries(count, index);
      assert.deepEqual(combine(answer(database, a), answer(database, b)), record);
    }
  }
});

test("answers are those of the oracle, for any database and number of queries", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: QUERIES }), (count, queries) => {
      const records = someRecords(count);
      const asked = Array.from({ length: queries }, () => makeQueries(count, 0)[0]);
      const answers = answerAll(createDatabase(records), asked);
      assert.deepEqual(
        answers,
        asked.map((query) => plainAnswer(records, query)),
      );
    }),
    { numRuns: 40 },
  );
});

test("nothing selected gives zeros, and a second scan knows nothing of the first", () => {
  const records = someRecords(20);
  const database = createDatabase(records);
  answerAll(
    database,
    Array.from({ length: QUERIES }, () => Uint8Array.of(255, 255, 15)),
  );
  assert.deepEqual(answer(database, new Uint8Array(3)), new Uint8Array(RECORD));
  assert.deepEqual(answer(database, Uint8Array.of(0, 0, 8)), records[19]);
});

test("the two queries differ in the bit of the index alone", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5_000 }), fc.nat(), (count, any) => {
      const index = any % count;
      const [a, b] = makeQueries(count, index);
      assert.equal(a.length, Math.ceil(count / 8));
      const different = [...a.keys()].filter((i) => a[i] !== b[i]);
      assert.deepEqual(different, [index >> 3]);
      assert.equal((a[index >> 3] as number) ^ (b[index >> 3] as number), 1 << (index & 7));
    }),
  );
});

test("what does not fit is refused by name", () => {
  const database = createDatabase(someRecords(9));
  for (const length of [0, 1, 3, 100]) {
    assert.throws(() => answer(database, new Uint8Array(length)), hasCode("pir_query"));
  }
  assert.throws(() => answer(database, Uint8Array.of(0, 2)), hasCode("pir_query"));
  assert.throws(() => answerAll(database, []), hasCode("pir_queries"));
  const tooMany = Array.from({ length: QUERIES + 1 }, () => new Uint8Array(2));
  assert.throws(() => answerAll(database, tooMany), hasCode("pir_queries"));
  for (const count of [0, -1, 1.5, Number.NaN, PIR_LIMITS.records + 1]) {
    assert.throws(() => makeQueries(count, 0), hasCode("pir_count"));
  }
  for (const index of [-1, 9, 0.5, Number.NaN]) assert.throws(() => makeQueries(9, index), hasCode("pir_index"));
  assert.throws(() => createDatabase([]), hasCode("pir_count"));
  assert.throws(() => createDatabase([new Uint8Array(RECORD + 1)]), hasCode("pir_record"));
  assert.throws(() => combine(new Uint8Array(RECORD), new Uint8Array(RECORD - 1)), hasCode("pir_answer"));
});

test("the vectors hold", () => {
  for (const { count, queryA, queryB, answerA, answerB, record } of VECTORS.retrievals) {
    const database = vectorDatabase(count);
    const [a, b] = [answer(database, fromHex(String(queryA))), answer(database, fromHex(String(queryB)))];
    const hashes = [a, b, combine(a, b)].map((bytes) => toHex(sha256(bytes)));
    assert.deepEqual(hashes, [answerA, answerB, record]);
  }
  for (const { why, count, query, code } of VECTORS.invalidQueries) {
    assert.throws(() => answer(vectorDatabase(count), fromHex(query)), hasCode(code), why);
  }
});
