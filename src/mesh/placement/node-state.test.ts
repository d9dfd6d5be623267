import assert from "node:assert/strict";
import { test } from "node:test";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { isCounted, nodeState } from "./node-state.ts";

const { lateMs, suspectMs, lostMs } = MESH_LIMITS;

test("silence makes a machine late, suspect and lost, one after the other", () => {
  const record = { answeredAtMs: 1_000, auditedAtMs: 1_000 };
  const after = (silentMs: number) => nodeState(record, 1_000 + silentMs);
  assert.deepEqual([0, lateMs - 1].map(after), ["up", "up"]);
  assert.deepEqual([lateMs, suspectMs - 1].map(after), ["late", "late"]);
  assert.deepEqual([suspectMs, lostMs - 1].map(after), ["suspect", "suspect"]);
  assert.deepEqual([lostMs, 10 * lostMs].map(after), ["lost", "lost"]);
});

test("whoever comes back after a day is asked first, and then counts again", () => {
  const answeredAtMs = 3 * suspectMs;
  assert.equal(nodeState({ answeredAtMs, auditedAtMs: 0 }, answeredAtMs), "returning");
  assert.equal(nodeState({ answeredAtMs, auditedAtMs: answeredAtMs }, answeredAtMs), "up");
});

test("fragments of machines that may be gone are not counted", () => {
  assert.deepEqual((["up", "late", "suspect", "lost", "returning"] as const).map(isCounted), [
    true,
    true,
    false,
    false,
    false,
  ]);
});
