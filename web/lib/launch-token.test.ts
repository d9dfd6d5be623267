import assert from "node:assert/strict";
import { test } from "node:test";
import { tokenFromPaste, tokenOf } from "./launch-token.ts";

const TOKEN = "46tTuuW8puDj1BAvGdwxEHnnP2olepG6lVpDbydjT_k";

test("a token is read from a fragment and from a whole link", () => {
  assert.equal(tokenOf(`#token=${TOKEN}`), TOKEN);
  assert.equal(tokenOf(`http://localhost:8080/#token=${TOKEN}`), TOKEN);
});

test("the addresses of scenes hold none", () => {
  for (const text of ["", "#", "#/chats/npub1token", "#token=", `?token=${TOKEN}`])
    assert.equal(tokenOf(text), null, text);
});

test("a pasted token may stand alone, a sentence may not", () => {
  assert.equal(tokenFromPaste(`  ${TOKEN}\n`), TOKEN);
  assert.equal(tokenFromPaste(`Nocturne is ready: http://localhost:8080/#token=${TOKEN}`), TOKEN);
  for (const text of ["short", "nocturne open please", "https://example.org/"])
    assert.equal(tokenFromPaste(text), null);
});
