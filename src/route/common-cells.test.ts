import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes } from "../core/bytes.ts";
import { PIR_LIMITS } from "../core/cell-limits.ts";
import { randomBytes } from "../core/random.ts";
import { answer, combine, createDatabase } from "../crypto/pir.ts";
import { commonCells, queriesAbout } from "./common-cells.ts";

interface Cell {
  readonly header: Uint8Array;
  readonly record: Uint8Array;
}

const newCell = (): Cell => ({ header: randomBytes(96), record: randomBytes(PIR_LIMITS.recordBytes) });
const byId = (a: Cell, b: Cell) => Buffer.compare(a.header.subarray(64), b.header.subarray(64));
const headersOf = (cells: readonly Cell[]) => concatBytes(...cells.map(({ header }) => header));
const databaseOf = (cells: readonly Cell[]) => createDatabase(cells.map(({ record }) => record));

test("each cell that both have is read, whatever else either has", () => {
  const size = fc.integer({ min: 0, max: 12 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), size, size, (shared, onlyA, onlyB) => {
      const both = Array.from({ length: shared }, newCell);
      const lists = [onlyA, onlyB].map((more) => [...both, ...Array.from({ length: more }, newCell)].sort(byId));
      const [a = [], b = []] = lists;
      const common = commonCells(headersOf(a), headersOf(b));
      both.sort(byId);
      assert.deepEqual(Buffer.from(common.headers), Buffer.from(headersOf(both)));
      const [first, second] = [databaseOf(a), databaseOf(b)];
      for (const [index, { record }] of both.entries()) {
        const [one, other] = queriesAbout(common, index);
        assert.deepEqual(combine(answer(first, one), answer(second, other)), record);
      }
    }),
    { numRuns: 60 },
  );
});

test("a query has no bit for a cell that only one relay has, and those for the others are fair", () => {
  const both = Array.from({ length: 16 }, newCell);
  const [a, b] = [[...both, newCell(), newCell()].sort(byId), [...both, newCell()].sort(byId)];
  const common = commonCells(headersOf(a), headersOf(b));
  const queries = Array.from({ length: 2_000 }, () => queriesAbout(common, 5));
  for (const [which, list] of [a, b].entries()) {
    for (const [place, cell] of list.entries()) {
      const ones = queries.filter((pair) => ((pair[which]?.[place >> 3] as number) >> (place & 7)) & 1).length;
      if (both.includes(cell)) assert.ok(Math.abs(ones - 1_000) < 5.5 * Math.sqrt(500), `${ones} of 2,000`);
      else assert.equal(ones, 0);
    }
  }
});

test("a header that one relay tells otherwise is left out, and the other cells are read", () => {
  const cells = Array.from({ length: 3 }, newCell).sort(byId);
  const told = headersOf(cells);
  const altered = told.with(96, (told[96] as number) ^ 1);
  assert.deepEqual([...commonCells(told, altered).places[0]], [0, 2]);
  assert.deepEqual(commonCells(told, new Uint8Array(0)).headers.length, 0);
});
