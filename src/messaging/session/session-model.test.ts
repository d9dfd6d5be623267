/** The model for a few runs at every test; `npm run test:model` does a thousand. */
import { test } from "node:test";
import fc from "fast-check";
import { checkModel, runs, type Step } from "../../../test/support/session-model.ts";

test("three people with three devices each: whatever happens, all agree and nothing is lost, doubled or leaked", async () => {
  await fc.assert(fc.asyncProperty(runs, checkModel), { numRuns: 12 });
});

/** Found by the model: it stayed on the branch that lost for as long as nobody renewed the keys often enough. */
test("a device that two others add at the same time ends where everybody is", async () => {
  const steps: Step[] = [
    { kind: "add", who: 1, whom: 5, killed: false },
    { kind: "part", sides: [1, 1, 1, 0, 2, 1, 2, 0, 0] },
    { kind: "add", who: 0, whom: 5, killed: false },
    { kind: "wait", hours: 8 },
    { kind: "rename", who: 1 },
  ];
  // Which branch wins is chance.
  for (let run = 0; run < 12; run++) {
    await checkModel({ seed: 332_262_559, steps: [{ kind: "rename", who: 3 }, ...steps] });
  }
});
