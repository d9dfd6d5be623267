import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes } from "../../src/core/random.ts";
import { ephemeralKey } from "../../src/messaging/cell/cell.ts";
import { tellCells, type View } from "./cell-classifier.ts";
import { isOnCurve } from "./cell-form.ts";
import { type CellSender, type LoggedCell, watchSenders } from "./cell-world.ts";

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
function aucOf(cells: readonly LoggedCell[], view: View): number {
  const real = cells.filter((cell) => cell.real);
  const middle = cells.indexOf(real[Math.floor(real.length / 2)] as LoggedCell);
  return tellCells(cells.slice(0, middle), cells.slice(middle), view).auc;
}

/** 24 minutes of four people who happened to write, as each of these senders would send them; in one of many hardly anybody does. */
async function talkative(...senders: readonly [CellSender, ...CellSender[]]): Promise<LoggedCell[][]> {
  for (let tries = 0; tries < TRIES; tries++) {
    const options = { sender: senders[0], profile: "balanced", people: 4, hours: 0.4 } as const;
    const seen = await watchSenders(options, senders);
    if ((seen[0] ?? []).filter(({ real }) => real).length >= ENOUGH) return seen;
  }
  throw new Error("nobody writes");
}

test("the classifier tells cells of a naive sender by their copies, cells that are not sealed, or dummies without a key, by their bytes", async () => {
  const [naive = []] = await talkative("naive");
  assert.ok(aucOf(naive, "joint") > 0.65);
  const [unsealed = [], keyless = []] = await talkative("unsealed", "keyless");
  assert.ok(aucOf(unsealed, "all") > 0.95);
  assert.ok(aucOf(keyless, "all") > 0.6);
});
