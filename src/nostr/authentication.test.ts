import assert from "node:assert/strict";
import { test } from "node:test";
import { generateSecretKey } from "nostr-tools/pure";
import { type AuthExpectation, createAuthEvent, findAuthFault } from "./authentication.ts";
import { signEvent, verifyEvent } from "./event.ts";

const secretKey = generateSecretKey();
const expected: AuthExpectation = { challenge: "c", nowS: 5_000, isOwnUrl: (url) => url.host === "me.example" };
const good = createAuthEvent("wss://me.example/", "c", secretKey, 5_000);

test("a fresh answer to this relay's challenge counts", () => {
  assert.equal(findAuthFault(good, expected), null);
  assert.ok(verifyEvent(good));
  assert.equal(findAuthFault(createAuthEvent("ws://me.example", "c", secretKey, 5_600), expected), null);
});

test("anything else does not", () => {
  assert.match(findAuthFault(signEvent({ ...good, kind: 1 }, secretKey), expected) ?? "", /kind/);
  assert.match(findAuthFault(createAuthEvent("wss://me.example", "d", secretKey, 5_000), expected) ?? "", /challenge/);
  assert.match(findAuthFault(createAuthEvent("wss://you.example", "c", secretKey, 5_000), expected) ?? "", /another/);
  assert.match(findAuthFault(createAuthEvent("me.example", "c", secretKey, 5_000), expected) ?? "", /another/);
  for (const date of [4_399, 5_601]) {
    assert.match(findAuthFault(createAuthEvent("wss://me.example", "c", secretKey, date), expected) ?? "", /minutes/);
  }
  assert.match(findAuthFault({ ...good, tags: [] }, expected) ?? "", /challenge/);
});
