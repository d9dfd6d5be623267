import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes } from "../../src/core/random.ts";
import { ephemeralKey } from "../../src/messaging/cell/cell.ts";
import { tellCells, type View } from "./cell-classifier.ts";
import { isOnCurve } from "./cell-form.ts";
import { type CellSender, type LoggedCell, watchCells } from "./cell-world.ts";

test("keys are points of the curve, random bytes half of the time at most", () => {
  const share = (make: () => Uint8Array) => Array.from({ length: 400 }, make).filter(isOnCurve).length / 400;
  assert.equal(
    share(() => ephemeralKey().publicKey),
    1,
  );
  const random = share(() => randomBytes(32));
  assert.ok(random > 0.15 && random < 0.35, `${random}`); // half of them have the highest bit
});

/** Real cells: enough to learn from one half of them, and to see a control caught by the other. */
const ENOUGH = 80;
const TRIES = 10;

/** Of the later part of what a crowd sent, after a look at the earlier one. `npm run privacy -- cells` tries other people. */
async function aucOf(sender: CellSender, view: View): Promise<number> {
  const cells = await talkative(sender);
  const real = cells.filter((cell) => cell.real);
  const middle = cells.indexOf(real[Math.floor(real.length / 2)] as LoggedCell);
  return tellCells(cells.slice(0, middle), cells.slice(middle), view).auc;
}

/** 24 minutes of four people who happened to write; in one of many hardly anybody does. */
async function talkative(sender: CellSender): Promise<LoggedCell[]> {
  for (let tries = 0; tries < TRIES; tries++) {
    const cells = await watchCells({ sender, profile: "balanced", people: 4, hours: 0.4 });
    if (cells.filter(({ real }) => real).length >= ENOUGH) return cells;
  }
  throw new Error("nobody writes");
}

test("the classifier tells cells of a naive sender by their copies, cells that are not sealed, or dummies without a key, by their bytes", async () => {
  assert.ok((await aucOf("naive", "joint")) > 0.65);
  assert.ok((await aucOf("unsealed", "all")) > 0.95);
  assert.ok((await aucOf("keyless", "all")) > 0.6);
});
