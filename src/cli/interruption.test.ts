import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { InterruptedError } from "./exit-codes.ts";
import { interruptible } from "./interruption.ts";

/** A closed terminal instead of Ctrl-C, to which the test runner listens too. */
const SIGNAL = "SIGHUP";

test("an interruption ends the work by its signal, and its last words do not hide why", async () => {
  const steps: string[] = [];
  const work = interruptible(async (signal) => {
    process.kill(process.pid, SIGNAL);
    await sleep(5_000, null, { signal }).catch(() => steps.push("tidied up"));
    throw new Error("cut");
  });
  await assert.rejects(work, InterruptedError);
  assert.deepEqual(steps, ["tidied up"]);
});

test("without one nothing is changed, and nobody listens afterwards", async () => {
  const before = process.listenerCount(SIGNAL);
  assert.equal(await interruptible(async () => 1), 1);
  await assert.rejects(
    interruptible(async () => {
      throw new RangeError("own");
    }),
    RangeError,
  );
  assert.equal(process.listenerCount(SIGNAL), before);
});
