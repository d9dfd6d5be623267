/** The model for a few runs at every test; `npm run test:model` does a thousand. */
import { test } from "node:test";
import fc from "fast-check";
import { checkModel, runs } from "../../../test/support/session-model.ts";

test("three people with three devices each: whatever happens, all agree and nothing is lost, doubled or leaked", async () => {
  await fc.assert(fc.asyncProperty(runs, checkModel), { numRuns: 12 });
});
