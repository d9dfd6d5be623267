/** A thousand runs of the conversation model, some minutes: `npm run test:model`. */
import { test } from "node:test";
import fc from "fast-check";
import { checkModel, runs } from "../support/session-model.ts";

const RUNS = 1_000;

test(`${RUNS} runs of partitions, kills, disorder, repetition, adds and removes`, { timeout: 3_600_000 }, async () => {
  const startedMs = performance.now();
  let done = 0;
  const property = fc.asyncProperty(runs, async (run) => {
    await checkModel(run);
    if (++done % 100 === 0) console.log(`${done} runs, ${Math.round((performance.now() - startedMs) / 1000)} s`);
  });
  await fc.assert(property, { numRuns: RUNS });
});
