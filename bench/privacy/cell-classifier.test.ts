import assert from "node:assert/strict";
import { test } from "node:test";
import { tellCells, type View } from "./cell-classifier.ts";
import { type CellSender, watchCells } from "./cell-world.ts";

/** Few cells: enough to see a control caught. */
async function aucOf(sender: CellSender, view: View): Promise<number> {
  const options = { sender, profile: "balanced", people: 4, hours: 0.2 } as const;
  return tellCells(await watchCells(options), await watchCells(options), view).auc;
}

test("the classifier tells cells of a naive sender by their copies, and cells that are not sealed by their bytes", async () => {
  assert.ok((await aucOf("naive", "joint")) > 0.65);
  assert.ok((await aucOf("unsealed", "all")) > 0.95);
});
