import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { type CatalogueEntry, decodeCatalogue, encodeCatalogue, openCatalogue, sealCatalogue } from "./catalogue.ts";
import type { ObjectId } from "./locator.ts";
import { packBlobs } from "./packing.ts";

const blobId = (n: number) => n.toString(16).padStart(32, "0");
const common = { manifestKey: new Uint8Array(32).fill(1), object: "a".repeat(64) as ObjectId, madeAtMs: 1_000 };
const backup: CatalogueEntry = { ...common, kind: "backup", bytes: 900, blobs: [] };
const files: CatalogueEntry = {
  ...common,
  kind: "files",
  manifestKey: new Uint8Array(32).fill(2),
  bytes: 300,
  blobs: [
    { id: blobId(1), offset: 0, bytes: 100 },
    { id: blobId(2), offset: 100, bytes: 200 },
  ],
};

test("what is packed and listed is found again, in its order", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5_000_000 }), { maxLength: 20 }), (sizes) => {
      const packs = packBlobs(sizes.map((bytes, i) => ({ id: blobId(i), bytes })));
      const entries: CatalogueEntry[] = packs.map((pack, i) => ({
        ...common,
        ...pack,
        kind: "files",
        manifestKey: new Uint8Array(32).fill(i),
      }));
      const key = new Uint8Array(32).fill(9);
      assert.deepEqual(openCatalogue(sealCatalogue(entries, key), key), entries);
    }),
    { numRuns: 30 },
  );
  assert.deepEqual(decodeCatalogue(encodeCatalogue([])), []);
});

test("nothing can be said in two ways", () => {
  const encoded = encodeCatalogue([backup, files]);
  for (let bit = 0; bit < 8 * encoded.length; bit++) {
    const altered = encoded.slice();
    altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
    const read = decodeCatalogue(altered);
    if (read) assert.deepEqual(encodeCatalogue(read), altered, `bit ${bit}`);
  }
  for (let length = 0; length < encoded.length; length++)
    assert.equal(decodeCatalogue(encoded.subarray(0, length)), null);
  assert.equal(decodeCatalogue(concatBytes(encoded, Uint8Array.of(0))), null);
});

test("odd catalogues are not written", () => {
  const [first, second] = files.blobs as [CatalogueEntry["blobs"][0], CatalogueEntry["blobs"][0]];
  const odd: Record<string, CatalogueEntry[]> = {
    "one manifest key twice": [files, { ...backup, manifestKey: files.manifestKey }],
    "one blob twice": [files, { ...files, manifestKey: randomBytes(32) }],
    "a blob over another": [{ ...files, blobs: [first, { ...second, offset: 99 }] }],
    "blobs that fall": [{ ...files, blobs: [second, first] }],
    "a blob beyond the end": [{ ...files, bytes: 299 }],
    "an empty blob": [{ ...files, blobs: [{ ...first, bytes: 0 }] }],
    "a blob before the beginning": [{ ...files, blobs: [{ ...first, offset: -1 }] }],
    "files without a file": [{ ...files, blobs: [] }],
    "a backup with files": [{ ...backup, blobs: [first] }],
    "an empty object": [{ ...backup, bytes: 0 }],
    "an object too large": [{ ...backup, bytes: MESH_LIMITS.objectBytes + 1 }],
    "a key too short": [{ ...backup, manifestKey: new Uint8Array(31) }],
    "a name that is none": [{ ...backup, object: "A".repeat(64) as ObjectId }],
    "half a moment": [{ ...backup, madeAtMs: 0.5 }],
  };
  for (const [why, entries] of Object.entries(odd))
    assert.throws(() => encodeCatalogue(entries), { code: "mesh_catalogue" }, why);
  encodeCatalogue([{ ...files, bytes: 400, blobs: [second] }]);
});

test("numbers of entries and blobs have their bounds, and a claim of more costs nothing", () => {
  const blobs = Array.from({ length: MESH_LIMITS.catalogueBlobs / 8 }, (_, i) => ({
    id: blobId(i),
    offset: i,
    bytes: 1,
  }));
  const large = { ...files, bytes: blobs.length, blobs };
  assert.equal(decodeCatalogue(encodeCatalogue([large]))?.[0]?.blobs.length, blobs.length);
  const encoded = encodeCatalogue([backup, files]);
  new DataView(encoded.buffer).setUint32(1, MESH_LIMITS.catalogueEntries + 1);
  assert.equal(decodeCatalogue(encoded), null);
  new DataView(encoded.buffer).setUint32(1, MESH_LIMITS.catalogueEntries);
  assert.equal(decodeCatalogue(encoded), null);
  const lying = encodeCatalogue([backup]);
  new DataView(lying.buffer).setUint32(lying.length - 4, 0xffffffff);
  assert.equal(decodeCatalogue(lying), null);
});

test("only the catalogue's key opens it, and only whole", () => {
  const key = randomBytes(32);
  const sealed = sealCatalogue([backup, files], key);
  assert.equal(openCatalogue(sealed, randomBytes(32)), null);
  for (let at = 0; at < sealed.length; at++)
    assert.equal(openCatalogue(sealed.with(at, (sealed[at] as number) ^ 1), key), null);
  assert.equal(openCatalogue(new Uint8Array(0), key), null);
});
