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

/** Real cells of a crowd: enough to see a control caught. */
const ENOUGH = 80;
const TRIES = 20;

async function aucOf(sender: CellSender, view: View): Promise<number> {
  return tellCells(await talkative(sender), await talkative(sender), view).auc;
}

/** Twelve minutes of four people who happened to write; in others of their quarters of an hour hardly anybody does. */
async function talkative(sender: CellSender): Promise<LoggedCell[]> {
  for (let tries = 0; tries < TRIES; tries++) {
    const cells = await watchCells({ sender, profile: "balanced", people: 4, hours: 0.2 });
    if (cells.filter(({ real }) => real).length >= ENOUGH) return cells;
  }
  throw new Error("nobody writes");
}

test("the classifier tells cells of a naive sender by their copies, cells that are not sealed, or dummies without a key, by their bytes", async () => {
  assert.ok((await aucOf("naive", "joint")) > 0.65);
  assert.ok((await aucOf("unsealed", "all")) > 0.95);
  assert.ok((await aucOf("keyless", "all")) > 0.6);
});
