import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes } from "../../src/core/random.ts";
import { ephemeralKey } from "../../src/messaging/cell/cell.ts";
import { tellCells, type View } from "./cell-classifier.ts";
import { isOnCurve } from "./cell-form.ts";
import { type CellSender, watchCells } from "./cell-world.ts";

test("keys are points of the curve, random bytes half of the time at most", () => {
  const share = (make: () => Uint8Array) => Array.from({ length: 400 }, make).filter(isOnCurve).length / 400;
  assert.equal(
    share(() => ephemeralKey().publicKey),
    1,
  );
  const random = share(() => randomBytes(32));
  assert.ok(random > 0.15 && random < 0.35, `${random}`); // half of them have the highest bit
});

/** Few cells: enough to see a control caught. */
async function aucOf(sender: CellSender, view: View): Promise<number> {
  const options = { sender, profile: "balanced", people: 4, hours: 0.2 } as const;
  return tellCells(await watchCells(options), await watchCells(options), view).auc;
}

test("the classifier tells cells of a naive sender by their copies, cells that are not sealed, or dummies without a key, by their bytes", async () => {
  assert.ok((await aucOf("naive", "joint")) > 0.65);
  assert.ok((await aucOf("unsealed", "all")) > 0.95);
  assert.ok((await aucOf("keyless", "all")) > 0.6);
});
