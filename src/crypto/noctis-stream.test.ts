import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { randomBytes } from "../core/random.ts";
import { noctisRoundKeys, noctisSbox } from "./noctis256.ts";
import { noctisStream as plainStream } from "./noctis-plain.ts";
import { noctisBuilds, noctisStream } from "./noctis-stream.ts";

const sized = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe("the key stream of Noctis-256 in WebAssembly", () => {
  it("is there in both builds on this machine", () => {
    assert.deepEqual(noctisBuilds(), ["relaxed-simd", "simd"]);
  });

  for (const simd of noctisBuilds()) {
    it(`is that of plain TypeScript: ${simd}`, () => {
      const property = fc.property(sized(64), sized(24), fc.nat({ max: 3_000 }), (key, nonce, length) => {
        const schedule = [noctisSbox(key), noctisRoundKeys(key)] as const;
        const data = randomBytes(length);
        const [ours, plain] = [new Uint8Array(length), new Uint8Array(length)];
        noctisStream(...schedule, simd)(ours, nonce, data);
        plainStream(...schedule)(plain, nonce, data);
        assert.deepEqual(ours, plain);
      });
      fc.assert(property, { numRuns: 60 });
    });

    it(`goes on over the kernel's room, and may work in place: ${simd}`, () => {
      const key = randomBytes(64);
      const nonce = randomBytes(24);
      const schedule = [noctisSbox(key), noctisRoundKeys(key)] as const;
      for (const length of [65_535, 65_536, 65_537, 300_000]) {
        const data = randomBytes(length);
        const plain = new Uint8Array(length);
        plainStream(...schedule)(plain, nonce, data);
        noctisStream(...schedule, simd)(data, nonce, data);
        assert.deepEqual(data, plain);
      }
    });

    it(`does not mix up keys that take turns: ${simd}`, () => {
      const nonce = randomBytes(24);
      const pairs = Array.from({ length: 3 }, () => {
        const key = randomBytes(64);
        const schedule = [noctisSbox(key), noctisRoundKeys(key)] as const;
        return [noctisStream(...schedule, simd), plainStream(...schedule)] as const;
      });
      for (const [ours, plain] of [...pairs, ...pairs]) {
        const [a, b] = [randomBytes(1_000), new Uint8Array(1_000)];
        plain(b, nonce, a);
        ours(a, nonce, a);
        assert.deepEqual(a, b);
      }
    });
  }
});
