import assert from "node:assert/strict";
import { test } from "node:test";
import { endWords, waitingFor } from "./persona-words.ts";

test("the end of a persona is told as time that is left", () => {
  const inTwoHours = new Date(Date.now() + 2 * 3_600_000 + 60_000).toISOString();
  assert.equal(endWords({ expiresAt: inTwoHours }), "Ends in 2 hours");
  assert.equal(endWords({ expiresAt: null }), "Ends when you remove it");
});

test("what waits is the sum over all personas", () => {
  assert.equal(waitingFor([]), 0);
  assert.equal(
    waitingFor([
      { unread: 2, requests: 1 },
      { unread: 0, requests: 4 },
    ]),
    7,
  );
});
