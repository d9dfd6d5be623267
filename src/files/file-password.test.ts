import assert from "node:assert/strict";
import { test } from "node:test";
import { CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { checkFilePassword, openFilePassword, sealFilePassword } from "./file-password.ts";

test("passwords of 1 to 1,024 bytes are taken, whatever they are made of", () => {
  for (const password of ["x", " ", "🔑".repeat(256)]) checkFilePassword(password);
  for (const password of ["", "x".repeat(1_025), "🔑".repeat(257)]) {
    assert.throws(() => checkFilePassword(password), { code: "bad_password" });
  }
});

test("a sealed password opens for its own file and secret only", () => {
  const secret = randomBytes(32);
  const sealed = sealFilePassword("pässword", "file one", secret);
  assert.equal(openFilePassword(sealed, "file one", secret), "pässword");
  assert.throws(() => openFilePassword(sealed, "file two", secret), CryptoError);
  assert.throws(() => openFilePassword(sealed, "file one", randomBytes(32)), CryptoError);
});
