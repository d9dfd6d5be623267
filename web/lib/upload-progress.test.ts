import assert from "node:assert/strict";
import { test } from "node:test";
import type { Upload, UploadState } from "../stores/uploads.ts";
import { isOpen, overallProgress, shownUploads } from "./upload-progress.ts";

function upload(state: UploadState, sentBytes: number, bytes = 100): Upload {
  return { id: 1, name: "a", bytes, sentBytes, state, failure: null, upload: null, once: false };
}

test("all uploads together, done ones included", () => {
  const progress = overallProgress([upload("done", 100), upload("sending", 50), upload("waiting", 0)]);
  assert.deepEqual(progress, { open: 2, done: 1, sentBytes: 150, bytes: 300, percent: 50 });
});

test("what failed or was cancelled no longer counts", () => {
  const progress = overallProgress([upload("failed", 90), upload("cancelled", 10), upload("sending", 25)]);
  assert.deepEqual(progress, { open: 1, done: 0, sentBytes: 25, bytes: 100, percent: 25 });
});

test("nothing at all and empty files are complete, never a division by zero", () => {
  assert.equal(overallProgress([]).percent, 100);
  assert.equal(overallProgress([upload("sending", 0, 0)]).percent, 100);
});

test("what waits for the node, or for its person, is still open", () => {
  assert.deepEqual(
    (["away", "paused", "waiting"] as const).map((state) => isOpen({ state })),
    [true, true, true],
  );
});

test("of many, those that are under way or went wrong are shown, and how many more there are", () => {
  const many = [...Array.from({ length: 300 }, () => upload("waiting", 0)), upload("failed", 3), upload("sending", 5)];
  const { shown, more } = shownUploads(many, 50);
  assert.deepEqual([shown[0]?.state, shown[1]?.state, shown.length, more], ["sending", "failed", 50, 252]);
  assert.equal(shownUploads(many.slice(0, 3), 50).shown.length, 3);
});
