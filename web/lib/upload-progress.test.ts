import assert from "node:assert/strict";
import { test } from "node:test";
import type { Upload, UploadState } from "../stores/uploads.ts";
import { overallProgress } from "./upload-progress.ts";

function upload(state: UploadState, sentBytes: number, bytes = 100): Upload {
  return { id: 1, name: "a", bytes, sentBytes, state, failure: null, startedAtMs: 0 };
}

test("all uploads together, done ones included", () => {
  const progress = overallProgress([upload("done", 100), upload("sending", 50), upload("waiting", 0)]);
  assert.deepEqual(progress, { open: 2, sentBytes: 150, bytes: 300, percent: 50 });
});

test("what failed or was cancelled no longer counts", () => {
  const progress = overallProgress([upload("failed", 90), upload("cancelled", 10), upload("sending", 25)]);
  assert.deepEqual(progress, { open: 1, sentBytes: 25, bytes: 100, percent: 25 });
});

test("nothing at all and empty files are complete, never a division by zero", () => {
  assert.equal(overallProgress([]).percent, 100);
  assert.equal(overallProgress([upload("sending", 0, 0)]).percent, 100);
});
