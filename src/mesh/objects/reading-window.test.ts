import assert from "node:assert/strict";
import { test } from "node:test";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { ReadingWindow } from "./reading-window.ts";
import { readingWindowOf, windowOf } from "./segment-memory.ts";

const shape = { needed: 20, total: 40 };

test("who waits for segments gets more of them under way, and who lets them wait has the least again", () => {
  const [least, most] = [readingWindowOf(shape), windowOf(shape)];
  assert.ok(least < most);
  const window = new ReadingWindow(shape);
  assert.equal(window.next(true), least);
  for (let i = 1; i < MESH_LIMITS.hungrySegments; i++) assert.equal(window.next(false), least);
  assert.equal(window.next(false), least + 1);
  for (let i = 0; i < 10 * MESH_LIMITS.hungrySegments; i++) window.next(false);
  assert.equal(window.next(false), most);
  assert.equal(window.next(true), least);
  assert.equal(window.next(false), least);
});
