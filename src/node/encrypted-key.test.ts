import assert from "node:assert/strict";
import { test } from "node:test";
import { CryptoError, ValidationError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { parseSecretKey } from "../nostr/keys.ts";
import { encryptSecretKey } from "./encrypted-key.ts";

test("the key comes back by the same password, however its letters are composed, and by no other", () => {
  const secretKey = randomBytes(32);
  const text = encryptSecretKey(secretKey, "Cafe\u0301 noir 1");
  assert.match(text, /^ncryptsec1/);
  assert.deepEqual(parseSecretKey(text, "Caf\u00e9 noir 1"), secretKey);
  assert.throws(() => parseSecretKey(text, "Cafe noir 1"), CryptoError);
});

test("a short password is refused", () => {
  assert.throws(() => encryptSecretKey(randomBytes(32), "seven77"), ValidationError);
});
