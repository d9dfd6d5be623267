import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SNAPSHOT_LIMITS } from "../../core/cell-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { PIECE_BYTES, cellEvent, readCell, type Cell } from "../cell/cell.ts";
import {
  cellsFor,
  cutSnapshot,
  joinSnapshot,
  openSnapshotCell,
  readHead,
  sealSnapshotCell,
} from "./snapshot-format.ts";
import { snapshotKeys } from "./snapshot-keys.ts";

const previous = randomBytes(32);
const refused = { code: "bad_snapshot" };

test("what was cut is joined again, whatever its size, and the number of cells tells only its order of magnitude", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 200_000 }), fc.integer({ min: 1, max: 2 ** 32 - 1 }), (length, sequence) => {
      const content = randomBytes(length);
      const { cells, digest } = cutSnapshot({ sequence, previous }, content);
      assert.ok(Number.isInteger(Math.log2(cells.length)) && cells.length >= SNAPSHOT_LIMITS.cellsMin);
      assert.ok(cells.every((bytes) => bytes.length === PIECE_BYTES));
      assert.deepEqual(readHead(cells[0] as Uint8Array), { sequence, previous, bytes: length, digest });
      assert.deepEqual(joinSnapshot(cells), content);
    }),
    { numRuns: 50 },
  );
});

test("one that is too large is refused before anything leaves", () => {
  const most = SNAPSHOT_LIMITS.cells * PIECE_BYTES;
  assert.equal(cellsFor(most - 73), SNAPSHOT_LIMITS.cells);
  assert.ok(cellsFor(most - 72) > SNAPSHOT_LIMITS.cells);
  assert.throws(() => cutSnapshot({ sequence: 1, previous }, new Uint8Array(most)), { code: "snapshot_too_large" });
});

test("cut, repeated, swapped and altered cells are refused", () => {
  const { cells } = cutSnapshot({ sequence: 3, previous }, randomBytes(40_000));
  const [first, second] = cells as [Uint8Array, Uint8Array];
  assert.throws(() => joinSnapshot([]), refused);
  assert.throws(() => joinSnapshot(cells.slice(0, -1)), refused);
  assert.throws(() => joinSnapshot([...cells, second]), refused);
  assert.throws(() => joinSnapshot(cells.with(1, cells[2] as Uint8Array)), refused);
  for (const [slot, at] of [
    [0, 0],
    [0, 2],
    [0, 20],
    [0, 40],
    [1, 100],
    [cells.length - 1, PIECE_BYTES - 1],
  ] as const) {
    const altered = (cells[slot] as Uint8Array).slice();
    altered[at] = (altered[at] as number) ^ 1;
    assert.throws(() => joinSnapshot(cells.with(slot, altered)), refused, `${slot}/${at}`);
  }
  assert.deepEqual(joinSnapshot([first, ...cells.slice(1)]).length, 40_000);
});

test("whatever a head says, reading it ends in an answer or a refusal", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: PIECE_BYTES, minLength: 0 }), fc.boolean(), (bytes, full) => {
      const first = full ? new Uint8Array(PIECE_BYTES) : bytes;
      if (full) first.set(Uint8Array.of(1, ...bytes.subarray(1)));
      try {
        readHead(first);
        joinSnapshot(Array.from({ length: SNAPSHOT_LIMITS.cellsMin }, () => first));
      } catch (error) {
        assert.equal((error as { code?: string }).code, "bad_snapshot");
      }
    }),
  );
});

test("a cell opens at its own place in its own epoch only", () => {
  const secret = randomBytes(32);
  const keys = snapshotKeys(secret, 1_000);
  const bytes = randomBytes(PIECE_BYTES);
  const place = { copy: 1, attempt: 2, slot: 700 };
  const cell = readCell(cellEvent(sealSnapshotCell(keys, place, bytes), Date.now())) as Cell;
  assert.deepEqual(openSnapshotCell(keys, cell), bytes);
  for (const other of [snapshotKeys(secret, 1_001), snapshotKeys(randomBytes(32), 1_000)]) {
    assert.throws(() => openSnapshotCell(other, cell), { code: "cannot_open" });
  }
  for (const moved of [
    { ...place, slot: 701 },
    { ...place, copy: 0 },
    { ...place, attempt: 0 },
  ]) {
    const address = Buffer.from(keys.address(moved)).toString("hex");
    assert.notEqual(address, cell.address);
    assert.throws(() => openSnapshotCell(keys, { ...cell, address }), { code: "cannot_open" });
  }
});
