import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex, toHex } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { encodeGroupLink, groupProof, parseGroupLink } from "./group-link.ts";

const vectors = JSON.parse(readFileSync(new URL("../../vectors/group.json", import.meta.url), "utf8"));

test("the stored links and proof read as they were written", () => {
  for (const { text, secret, ...fields } of vectors.links) {
    const { secret: read, ...others } = parseGroupLink(text);
    assert.deepEqual(others, fields);
    assert.equal(toHex(read), secret);
    assert.equal(encodeGroupLink({ ...others, secret: read }), text);
  }
  const { secret, group, applicant, value } = vectors.proof;
  assert.equal(groupProof(fromHex(secret), group, applicant), value);
});

for (const { why, text } of vectors.invalidLinks as { why: string; text: string }[]) {
  test(`a join link is refused: ${why}`, () => {
    assert.throws(() => parseGroupLink(text), { code: "bad_group_link" });
  });
}

test("a proof is bound to group and applicant", () => {
  const { secret, group, applicant, value } = vectors.proof;
  assert.notEqual(groupProof(fromHex(secret), group, "00".repeat(32)), value);
  assert.notEqual(groupProof(fromHex(secret), "00".repeat(16), applicant), value);
});

test("whatever arrives is a link or a CodecError; no changed character passes", () => {
  const [{ text }] = vectors.links;
  fc.assert(
    fc.property(fc.string(), fc.nat(text.length - 16), fc.nat(25), (noise, position, letter) => {
      for (const attempt of [noise, `nocturne:group/${noise}`])
        assert.throws(() => parseGroupLink(attempt), CodecError);
      const at = 15 + position;
      const other = String.fromCharCode(97 + letter);
      if (text[at] === other || at >= text.length) return;
      assert.throws(() => parseGroupLink(text.slice(0, at) + other + text.slice(at + 1)), CodecError);
    }),
  );
});
