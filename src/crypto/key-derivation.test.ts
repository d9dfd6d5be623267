import assert from "node:assert/strict";
import { hkdfSync } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { thirdPartyVectors } from "../../test/support/vectors.ts";
import { fromHex, toHex, utf8Encode } from "../core/bytes.ts";
import { deriveKey, hkdfExpand, hkdfSha256, hkdfSha512, hmacSha256, sha256 } from "./key-derivation.ts";

interface HkdfVector {
  readonly tcId: number;
  readonly ikm: string;
  readonly salt: string;
  readonly info: string;
  readonly size: number;
  readonly okm: string;
  readonly result: string;
}

describe("key derivation", () => {
  for (const [file, hkdf] of [
    ["hkdf_sha256_test.json", hkdfSha256],
    ["hkdf_sha512_test.json", hkdfSha512],
  ] as const) {
    it(`agrees with Wycheproof's ${file}`, (t) => {
      const vectors = thirdPartyVectors(`wycheproof/${file}`) as { testGroups: { tests: HkdfVector[] }[] } | null;
      if (!vectors) return t.skip(`${file} is missing`);
      for (const { tests } of vectors.testGroups) {
        for (const { tcId, ikm, salt, info, size, okm, result } of tests) {
          const derive = () => hkdf(fromHex(ikm), fromHex(salt), fromHex(info), size);
          if (result === "valid") assert.equal(toHex(derive()), okm, `vector ${tcId}`);
          else assert.throws(derive, { code: "key_too_long" }, `vector ${tcId}`);
        }
      }
    });
  }

  it("agrees with the platform's HKDF, and takes longer infos than it", () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(bytes, bytes, bytes, fc.integer({ min: 1, max: 300 }), (ikm, salt, info, length) => {
        const expected = new Uint8Array(hkdfSync("sha512", ikm, salt, info, length));
        assert.deepEqual(hkdfSha512(ikm, salt, info, length), expected);
      }),
    );
    assert.equal(hkdfSha512(new Uint8Array(32), "", new Uint8Array(5000), 64).length, 64);
  });

  it("derives a named key as HKDF-SHA-512 with an empty salt and the info nocturne/<label>", () => {
    const master = sha256(utf8Encode("master"));
    const expected = new Uint8Array(hkdfSync("sha512", master, "", "nocturne/files/v1", 48));
    assert.deepEqual(deriveKey(master, "files/v1", 48), expected);
    assert.deepEqual(deriveKey(master, "files/v1"), expected.subarray(0, 32));
    assert.notDeepEqual(deriveKey(master, "files/v2"), expected.subarray(0, 32));
  });

  it("expands without extracting, text and bytes alike", () => {
    const prk = sha256(utf8Encode("prk"));
    const expected = hmacSha256(prk, utf8Encode("info\x01"));
    assert.deepEqual(hkdfExpand("sha256", prk, "info", 32), expected);
    assert.deepEqual(hkdfExpand("sha256", prk, utf8Encode("info"), 32), expected);
  });
});
