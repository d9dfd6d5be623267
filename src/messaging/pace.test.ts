import assert from "node:assert/strict";
import { test } from "node:test";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { Pace } from "./pace.ts";

const { inFlightPerContact: MOST, inFlightLeast: LEAST, resendMs: RESEND } = MESSAGE_LIMITS;

test("what is repeated halves the pace once for all that were lost together, not below the least; what arrives raises it again", () => {
  const pace = new Pace();
  assert.equal(pace.of("a"), MOST);
  for (let i = 0; i < 10; i++) pace.repeated("a", 1_000_000 + i);
  assert.deepEqual([pace.of("a"), pace.of("b")], [MOST / 2, MOST]);
  for (let i = 1; i < 10; i++) pace.repeated("a", 1_000_000 + i * RESEND);
  assert.equal(pace.of("a"), LEAST);
  pace.arrived("a");
  assert.equal(pace.of("a"), LEAST + 1);
  for (let i = 0; i < MOST; i++) pace.arrived("a");
  assert.equal(pace.of("a"), MOST);
});
