import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { segmentsOf } from "../pieces/segments.ts";
import { packBlobs } from "./packing.ts";

const { smallBlobBytes, segmentBytes } = MESH_LIMITS;
const blobs = fc
  .array(fc.oneof(fc.integer({ min: 1, max: smallBlobBytes }), fc.integer({ min: 1, max: 3 * segmentBytes })), {
    maxLength: 60,
  })
  .map((sizes) => sizes.map((bytes, i) => ({ id: i.toString(16).padStart(32, "0"), bytes })));

test("every blob has its place once, and small ones share", () => {
  fc.assert(
    fc.property(blobs, (all) => {
      const packs = packBlobs(all);
      const packed = packs.flatMap((pack) => pack.blobs.map(({ id, bytes }) => ({ id, bytes })));
      assert.deepEqual(
        packed.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
        all,
      );
      for (const pack of packs) {
        let end = 0;
        for (const { offset, bytes } of pack.blobs) {
          assert.equal(offset, end);
          end += bytes;
        }
        assert.equal(pack.bytes, end);
        const isLarge = pack.blobs.some(({ bytes }) => bytes >= smallBlobBytes);
        assert.equal(pack.blobs.length === 1 || !isLarge, true, "a large blob is alone");
        if (!isLarge) assert.equal(segmentsOf(pack.bytes).length, 1);
      }
    }),
  );
});

test("small blobs keep their order and waste less than a quarter", () => {
  fc.assert(
    fc.property(blobs, (all) => {
      const isSmall = ({ bytes }: { bytes: number }) => bytes < smallBlobBytes;
      const shared = packBlobs(all).filter((pack) => pack.blobs.every(isSmall));
      assert.deepEqual(
        shared.flatMap((pack) => pack.blobs.map(({ id }) => id)),
        all.filter(isSmall).map(({ id }) => id),
      );
      for (const { bytes } of shared.slice(0, -1)) assert.ok(bytes > (segmentBytes * 3) / 4);
    }),
  );
});

test("what has no length that the mesh holds is refused, and nothing is nothing", () => {
  assert.deepEqual(packBlobs([]), []);
  for (const bytes of [0, -1, 1.5, Number.NaN, MESH_LIMITS.objectBytes + 1])
    assert.throws(() => packBlobs([{ id: "0".repeat(32), bytes }]), { code: "mesh_blob" });
});

test("many tiny blobs are packed in a moment", () => {
  const tiny = Array.from({ length: 100_000 }, (_, i) => ({ id: `${i}`, bytes: 250 }));
  const startedAt = performance.now();
  assert.equal(packBlobs(tiny).length, Math.ceil(100_000 / Math.floor(segmentBytes / 250)));
  assert.ok(performance.now() - startedAt < 1_000);
});
