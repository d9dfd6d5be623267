import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { fragmentBytes, paddedBytes, segmentsOf } from "./segments.ts";

/** The paper's own words, on whole numbers: of the bits of L, those below the highest S + 1 become zero, rounding up. */
function padme(length: bigint): bigint {
  const exponent = BigInt(length.toString(2).length - 1);
  const kept = BigInt(exponent.toString(2).length);
  const last = exponent - kept;
  if (last <= 0n) return length;
  const mask = (1n << last) - 1n;
  return (length + mask) & ~mask;
}

test("lengths are padded as Padme does, up to the largest file", () => {
  const length = fc.oneof(
    fc.integer({ min: 2, max: 5_000 }),
    fc.maxSafeNat().map((n) => Math.max(2, Math.floor(n / 2))),
  );
  fc.assert(
    fc.property(length, (bytes) => {
      const padded = paddedBytes(bytes);
      assert.equal(padded, Number(padme(BigInt(bytes))));
      assert.ok(padded >= bytes && padded <= bytes * 1.12);
    }),
  );
  for (let bytes = 2; bytes < 70_000; bytes++) assert.equal(paddedBytes(bytes), Number(padme(BigInt(bytes))));
  for (let e = 1; e < 52; e++) {
    assert.equal(paddedBytes(2 ** e), 2 ** e);
    assert.equal(paddedBytes(2 ** (e + 1) - 1), Number(padme(2n ** BigInt(e + 1) - 1n)), `just below 2^${e + 1}`);
  }
  assert.deepEqual([0, 1, 9, 17].map(paddedBytes), [0, 1, 10, 18]);
});

test("segments cover the padded blob once, in order", () => {
  assert.deepEqual(segmentsOf(0), []);
  assert.deepEqual(segmentsOf(1), [{ start: 0, bytes: 1 }]);
  const { segmentBytes } = MESH_LIMITS;
  assert.deepEqual(segmentsOf(segmentBytes), [{ start: 0, bytes: segmentBytes }]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3e9 }), (bytes) => {
      let end = 0;
      for (const segment of segmentsOf(bytes)) {
        assert.equal(segment.start, end);
        assert.ok(segment.bytes >= 1 && segment.bytes <= segmentBytes);
        end += segment.bytes;
      }
      assert.equal(end, paddedBytes(bytes));
    }),
  );
});

test("k fragments hold their segment, and less than one fragment is spare", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4_194_304 }), fc.integer({ min: 1, max: 40 }), (bytes, needed) => {
      const each = fragmentBytes({ bytes }, needed);
      assert.ok(each * needed >= bytes && (each - 1) * needed < bytes);
    }),
  );
});
