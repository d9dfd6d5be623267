import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, u16, utf8Encode } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { sealBytes } from "../../crypto/aead.ts";
import { careKeyOf, createManifestKey, deriveCareKeys, deriveMeshKeys, type RecordKeys } from "../mesh-keys.ts";
import { type MeshRecord, readRecord, recordPlace, type RecordKind, signRecord } from "../records/record.ts";
import { signCareCertificate } from "./care-certificate.ts";
import { encodeRoot, ROOT_BYTES, type RootLocator, rootStep } from "./root.ts";
import { openCatalogueRoot, openPlaces, sealCatalogueRoot, sealPlaces } from "./sealed-value.ts";
import { drawn, namedNode, objectAt } from "./testing.ts";

const NOW = Date.UTC(2026, 10, 27);
const mesh = deriveMeshKeys(randomBytes(32));
const careKey = careKeyOf(createManifestKey());
const care = deriveCareKeys(careKey);
const certificate = signCareCertificate(care.signing.publicKey, NOW + 1_000, mesh.owner);
const root: RootLocator = { depth: 1, locator: drawn(2, "abc") };

/** As it comes back from whoever kept it. */
function published(kind: RecordKind, value: Uint8Array, { signing }: RecordKeys): MeshRecord {
  const bytes = signRecord({ kind, sequence: 1, madeAtMs: NOW, value }, signing);
  return readRecord(bytes, recordPlace(kind, signing.publicKey), NOW) as MeshRecord;
}

test("the care key alone finds, opens and signs anew where an object lies", () => {
  const value = sealPlaces({ root, certificate }, care);
  const carer = deriveCareKeys(careKey);
  const places = openPlaces(published("places", value, care), carer);
  assert.deepEqual(places, { root, certificate });
  const moved = { root: { depth: 0, locator: drawn(2, "abd") }, certificate };
  assert.deepEqual(openPlaces(published("places", sealPlaces(moved, carer), carer), care), moved);
});

test("the recovery key's secret alone finds and opens where the catalogue lies", () => {
  const record = published("owner", sealCatalogueRoot(root, mesh.catalogue), mesh.catalogue);
  assert.deepEqual(openCatalogueRoot(record, mesh.catalogue), root);
});

test("nobody else opens them, and no record passes for another", () => {
  const other = deriveCareKeys(randomBytes(32));
  const value = sealPlaces({ root, certificate }, care);
  const record = published("places", value, care);
  assert.equal(openPlaces(record, other), null);
  assert.equal(openPlaces({ ...record, key: other.signing.publicKey }, care), null);
  assert.equal(openPlaces({ ...record, kind: "owner" }, care), null);
  assert.equal(openCatalogueRoot({ ...record, kind: "owner" }, care), null);
  const catalogue = published("owner", sealCatalogueRoot(root, mesh.catalogue), mesh.catalogue);
  assert.equal(openPlaces({ ...catalogue, kind: "places" }, mesh.catalogue), null);
  for (const at of [0, 1, 13, 500, value.length - 1]) {
    const altered = value.with(at, (value[at] as number) ^ 1);
    assert.equal(openPlaces({ ...record, value: altered }, care), null);
  }
});

test("values have few lengths, and the longest root fits", () => {
  const lengths = new Set<number>();
  for (let total = 1; total <= MESH_LIMITS.fragments; total++) {
    for (const segments of [1, 2, 3, 4]) {
      const shape = { bytes: segments * MESH_LIMITS.segmentBytes, needed: 1, total };
      const step = rootStep(
        objectAt(shape, (_, i) => namedNode(i)),
        0,
        care.sealing,
      );
      if ("root" in step) lengths.add(sealPlaces({ root: step.root, certificate }, care).length);
    }
  }
  assert.deepEqual(
    [...lengths].toSorted((a, b) => a - b),
    [1_024, 2_048, 3_072, 4_096],
  );
  const content = concatBytes(certificate, new Uint8Array(ROOT_BYTES));
  assert.equal(1 + 28 + 2 + content.length, MESH_LIMITS.recordBytes);
});

test("what a record cannot hold is not sealed", () => {
  const locator = objectAt({ bytes: 2 ** 24, needed: 20, total: 40 }, (_, i) => namedNode(i));
  assert.throws(() => sealPlaces({ root: { depth: 0, locator }, certificate }, care), { code: "mesh_value" });
  assert.throws(() => sealCatalogueRoot({ depth: 0, locator }, mesh.catalogue), { code: "mesh_value" });
  const forOther = signCareCertificate(mesh.owner.publicKey, NOW, mesh.owner);
  for (const wrong of [forOther, certificate.subarray(1), new Uint8Array(137)])
    assert.throws(() => sealPlaces({ root, certificate: wrong }, care), { code: "mesh_value" });
});

test("a certificate that has ended is still read by its owner", () => {
  const ended = signCareCertificate(care.signing.publicKey, 1, mesh.owner);
  const record = published("places", sealPlaces({ root, certificate: ended }, care), care);
  assert.deepEqual(openPlaces(record, care)?.certificate, ended);
});

test("who has the keys and seals something odd is not read", () => {
  const sealed = (content: Uint8Array, { bytes = 1_024, length = content.length, spare = 0 } = {}) => {
    const padded = new Uint8Array(bytes - 29).fill(spare);
    padded.set(u16(length));
    padded.set(content, 2);
    const context = concatBytes(utf8Encode("nocturne/mesh-value/v1"), Uint8Array.of(3), care.signing.publicKey);
    return published("places", concatBytes(Uint8Array.of(1), sealBytes(care.sealing, padded, context)), care);
  };
  const content = concatBytes(certificate, encodeRoot(root));
  assert.ok(openPlaces(sealed(content), care), "the forger's tool works");
  assert.equal(openPlaces(sealed(content, { bytes: 2_048 }), care), null, "longer than it needs to be");
  assert.equal(openPlaces(sealed(content, { bytes: 1_000 }), care), null);
  assert.equal(openPlaces(sealed(content, { spare: 1 }), care), null, "something hidden behind it");
  for (const length of [0, content.length - 1, content.length + 1, 0xffff])
    assert.equal(openPlaces(sealed(content, { length }), care), null, `${length}`);
  const forOther = signCareCertificate(mesh.owner.publicKey, NOW, mesh.owner);
  assert.equal(openPlaces(sealed(concatBytes(forOther, encodeRoot(root))), care), null);
});
