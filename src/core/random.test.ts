import assert from "node:assert/strict";
import { test } from "node:test";
import { randomUnit } from "./random.ts";

test("a random unit lies in [0, 1), is spread evenly, and uses 53 bits", () => {
  const draws = Array.from({ length: 16_000 }, randomUnit);
  assert.ok(draws.every((unit) => unit >= 0 && unit < 1 && Number.isInteger(unit * 2 ** 53)));
  assert.ok(
    draws.some((unit) => (unit * 2 ** 53) % 2 === 1),
    "the lowest bit is never set",
  );
  const counts = new Array<number>(16).fill(0);
  for (const unit of draws) counts[Math.floor(unit * 16)] = (counts[Math.floor(unit * 16)] ?? 0) + 1;
  assert.ok(
    counts.every((count) => Math.abs(count - 1_000) < 200),
    counts.join(" "),
  ); // six standard deviations
});
