import assert from "node:assert/strict";
import { test } from "node:test";
import { Progress, progressLine } from "./progress.ts";

test("the line tells share, speed and time left", () => {
  const line = progressLine("plan.txt", 524_288, 1_048_576, 2);
  assert.equal(line, `plan.txt  ${"█".repeat(12)}${"░".repeat(12)} 50 %  256.0 KiB/s  2 s left`);
});

test("what was there before counts for the share, not for the speed", () => {
  assert.match(progressLine("x", 750, 1_000, 1, 250), / 75 %  250 B\/s  1 s left$/);
});

test("without a total, before the first byte and past the end it makes no nonsense", () => {
  assert.equal(progressLine("pipe", 2048, null, 1), "pipe  2.0 KiB  2.0 KiB/s");
  assert.doesNotMatch(progressLine("x", 0, 100, 0), /NaN|Infinity|left/);
  assert.match(progressLine("x", 200, 100, 1), / 100 %/);
});

test("counting changes nothing of the stream", async () => {
  async function* source() {
    yield Uint8Array.of(1, 2);
    yield Uint8Array.of(3);
  }
  const chunks = await Array.fromAsync(new Progress(true).open("x", 3).count(source()));
  assert.deepEqual(chunks, [Uint8Array.of(1, 2), Uint8Array.of(3)]);
});
