import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { observe, UNOBSERVED, type UptimeRecord, uptimeOf } from "./uptime.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 27);

/** What was seen, one after the other: how long after the one before, and whether it answered. */
const history = fc.array(fc.tuple(fc.integer({ min: 0, max: 100 * HOUR }), fc.boolean()), { maxLength: 60 });

function run(seen: readonly (readonly [number, boolean])[]): { record: UptimeRecord; nowMs: number } {
  let [record, nowMs] = [UNOBSERVED, START];
  for (const [laterMs, answered] of seen) {
    nowMs += laterMs;
    record = observe(record, answered, nowMs);
  }
  return { record, nowMs };
}

const hours = (count: number, answered: boolean) => Array.from({ length: count }, () => [HOUR, answered] as const);

test("it is a share, whatever was seen", () => {
  fc.assert(
    fc.property(history, fc.integer({ min: 0, max: 1e12 }), (seen, laterMs) => {
      const { record, nowMs } = run(seen);
      const uptime = uptimeOf(record, nowMs + laterMs);
      assert.ok(uptime > 0 && uptime < 1);
      assert.ok(record.up <= record.total + 1e-9);
    }),
  );
});

test("an answer never makes it worse, silence never better", () => {
  fc.assert(
    fc.property(history, fc.integer({ min: 0, max: 10 * HOUR }), (seen, laterMs) => {
      const { record, nowMs } = run(seen);
      const before = uptimeOf(record, nowMs + laterMs);
      assert.ok(uptimeOf(observe(record, true, nowMs + laterMs), nowMs + laterMs) >= before - 1e-12);
      assert.ok(uptimeOf(observe(record, false, nowMs + laterMs), nowMs + laterMs) <= before + 1e-12);
    }),
  );
});

test("a busy hour weighs an hour, however much was asked", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 2_000 }), fc.boolean(), (asked, answered) => {
      const seen = Array.from({ length: asked }, () => [HOUR / asked, answered] as const);
      const { record } = run(seen);
      assert.ok(record.total <= 1 + 1 + 1e-6, `${record.total}`);
    }),
  );
});

test("nothing known is the guess, and becomes it again when nothing is seen for long", () => {
  assert.equal(uptimeOf(UNOBSERVED, START), MESH_LIMITS.uptimeGuess);
  const { record, nowMs } = run(hours(1_000, false));
  assert.ok(uptimeOf(record, nowMs) < 0.15);
  assert.ok(Math.abs(uptimeOf(record, nowMs + 40 * MESH_LIMITS.uptimeHalfLifeMs) - MESH_LIMITS.uptimeGuess) < 1e-9);
});

test("it finds what a machine is like", () => {
  for (const [share, low, high] of [
    [1, 0.98, 1],
    [0.5, 0.5, 0.6],
    [0, 0, 0.12],
  ] as const) {
    const seen = Array.from({ length: 2_000 }, (_, at) => [HOUR, at % 10 < 10 * share] as const);
    const { record, nowMs } = run(seen);
    const uptime = uptimeOf(record, nowMs);
    assert.ok(uptime >= low && uptime <= high, `${share}: ${uptime}`);
  }
});

test("one bad day of a month does not make it a bad machine, a bad week does", () => {
  const day = run([...hours(29 * 24, true), ...hours(24, false)]);
  assert.ok(uptimeOf(day.record, day.nowMs) > 0.9);
  const week = run([...hours(23 * 24, true), ...hours(7 * 24, false)]);
  assert.ok(uptimeOf(week.record, week.nowMs) < 0.75);
});

test("a clock that goes back changes nothing", () => {
  const { record, nowMs } = run(hours(10, true));
  assert.deepEqual(observe(record, false, nowMs - 5 * HOUR), record);
  assert.equal(uptimeOf(record, nowMs - 5 * HOUR), uptimeOf(record, nowMs));
});
