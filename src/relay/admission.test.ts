import assert from "node:assert/strict";
import { test } from "node:test";
import { RELAY_LIMITS } from "../core/limits.ts";
import { expiryOf, findEventFault } from "./admission.ts";

const NOW_MS = 1_000_000_000;
const note = { kind: 1, created_at: NOW_MS / 1000, tags: [] as string[][], content: "" };
const fault = (change: Partial<typeof note>): string | null =>
  findEventFault({ ...note, ...change }, NOW_MS, RELAY_LIMITS);

test("an ordinary event is taken, however old", () => {
  assert.equal(fault({}), null);
  assert.equal(fault({ created_at: 0 }), null);
});

test("the future begins after futureMs", () => {
  const last = (NOW_MS + RELAY_LIMITS.futureMs) / 1000;
  assert.equal(fault({ created_at: last }), null);
  assert.match(fault({ created_at: last + 1 }) ?? "", /^invalid: .*future/);
});

test("an expired event is not taken", () => {
  const nowS = NOW_MS / 1000;
  assert.match(fault({ tags: [["expiration", String(nowS)]] }) ?? "", /^invalid: .*expired/);
  assert.equal(fault({ tags: [["expiration", String(nowS + 1)]] }), null);
});

test("an expiry that is no number is none", () => {
  for (const text of ["", "soon", "-1", "1e3", "1.5", "9".repeat(30)]) {
    assert.equal(expiryOf({ ...note, tags: [["expiration", text]] }), null, text);
  }
  assert.equal(expiryOf({ ...note, tags: [["expiration", "12"]] }), 12);
});

test("an answer to a challenge is not published", () => {
  assert.match(fault({ kind: 22_242 }) ?? "", /^invalid:/);
});
