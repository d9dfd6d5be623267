/** `vectors/mesh-manifests.json`, NEP-25. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromHex, toHex } from "../../core/bytes.ts";
import { careKeyOf, deriveCareKeys, deriveMeshKeys } from "../mesh-keys.ts";
import { type NodeId, publicKeyOf } from "../node-id.ts";
import { readRecord, recordPlace } from "../records/record.ts";
import { readCareCertificate } from "./care-certificate.ts";
import { type CatalogueEntry, decodeCatalogue, encodeCatalogue, openCatalogue } from "./catalogue.ts";
import { healthOf } from "./health.ts";
import { decodeLocator, encodeLocator, type Locator, objectIdOf } from "./locator.ts";
import { mergeLocators } from "./merge.ts";
import { packBlobs } from "./packing.ts";
import { encodeRoot, openList, type RootLocator } from "./root.ts";
import { openCatalogueRoot, openPlaces, type Places } from "./sealed-value.ts";

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, "../../../vectors/mesh-manifests.json"), "utf8"));
const { nowMs, keys } = vectors;
const mesh = deriveMeshKeys(fromHex(keys.meshSecret));
const care = deriveCareKeys(fromHex(keys.careKey));

/** What stands in a record of this kind, found where its key says. */
function openRecord(kind: "owner" | "places", bytes: Uint8Array): Places | RootLocator | null {
  const by = kind === "owner" ? mesh.catalogue : care;
  const record = readRecord(bytes, recordPlace(kind, by.signing.publicKey), nowMs);
  if (!record) return null;
  return kind === "owner" ? openCatalogueRoot(record, by) : openPlaces(record, by);
}

const located = (hex: string): Locator => decodeLocator(fromHex(hex)) as Locator;

function isIn(nodes: readonly string[]): (node: NodeId) => boolean {
  const set = new Set(nodes);
  return (node) => set.has(node);
}

test("keys", () => {
  const { owner, catalogue } = mesh;
  assert.equal(toHex(owner.publicKey), keys.owner);
  assert.deepEqual([catalogue.signing.publicKey, catalogue.sealing].map(toHex), [
    keys.catalogueSigning,
    keys.catalogueSealing,
  ]);
  assert.equal(toHex(careKeyOf(fromHex(keys.manifestKey))), keys.careKey);
  assert.deepEqual([care.signing.publicKey, care.sealing].map(toHex), [keys.careSigning, keys.careSealing]);
});

test("care certificates", () => {
  for (const { certificate, owner, carer, untilMs } of vectors.certificates.valid) {
    const read = readCareCertificate(fromHex(certificate), nowMs);
    assert.ok(read);
    assert.deepEqual([toHex(publicKeyOf(read.owner)), toHex(read.carer), read.untilMs], [owner, carer, untilMs]);
  }
  for (const { why, certificate } of vectors.certificates.invalid)
    assert.equal(readCareCertificate(fromHex(certificate), nowMs), null, why);
});

test("locators", () => {
  for (const { encoded, object, segments, ...shape } of vectors.locators.valid) {
    const locator = located(encoded);
    const told = locator.segments.map(({ fragments }) => fragments.map(({ id, node }) => [id, node]));
    assert.deepEqual({ ...locator, segments: told }, { ...shape, segments });
    assert.equal(objectIdOf(locator), object);
    assert.equal(toHex(encodeLocator(locator)), encoded);
  }
  for (const { why, encoded } of vectors.locators.invalid) assert.equal(decodeLocator(fromHex(encoded)), null, why);
});

test("lists", () => {
  for (const { depth, list, root } of vectors.lists.valid) {
    const opened = openList(fromHex(list), depth, care.sealing);
    assert.equal(toHex(encodeRoot(opened as RootLocator)), root);
  }
  for (const { why, depth, list } of vectors.lists.invalid)
    assert.equal(openList(fromHex(list), depth, care.sealing), null, why);
});

test("records", () => {
  for (const { kind, record, root, certificate } of vectors.records.valid) {
    const opened = openRecord(kind, fromHex(record));
    assert.ok(opened);
    const places = "root" in opened ? opened : { root: opened, certificate: null };
    assert.equal(toHex(encodeRoot(places.root)), root);
    if (places.certificate) assert.equal(toHex(places.certificate), certificate);
  }
  for (const { kind, why, record } of vectors.records.invalid)
    assert.equal(openRecord(kind, fromHex(record)), null, why);
});

test("catalogues", () => {
  for (const { encoded, sealed, entries } of vectors.catalogue.valid) {
    const told = entries.map((entry: { manifestKey: string }) => ({
      ...entry,
      manifestKey: fromHex(entry.manifestKey),
    })) as CatalogueEntry[];
    assert.deepEqual(decodeCatalogue(fromHex(encoded)), told);
    assert.equal(toHex(encodeCatalogue(told)), encoded);
    assert.deepEqual(openCatalogue(fromHex(sealed), mesh.catalogue.sealing), told);
  }
  for (const { why, encoded } of vectors.catalogue.invalid) assert.equal(decodeCatalogue(fromHex(encoded)), null, why);
});

test("merging, health and packing", () => {
  for (const { a, b, counts, merged } of vectors.merging) {
    const one = mergeLocators(located(a), located(b), isIn(counts));
    assert.equal(toHex(encodeLocator(one as Locator)), merged);
  }
  for (const { locator, counts, ...told } of vectors.health) {
    const { segments, worst, fatalLosses, due } = healthOf(located(locator), isIn(counts));
    const left = segments.map((segment) => segment.left);
    assert.deepEqual({ left, worst: worst.segment, fatalLosses, due: due.map(({ segment }) => segment) }, told);
  }
  for (const { sizes, packs } of vectors.packing) {
    const packed = packBlobs(sizes.map((bytes: number, i: number) => ({ id: `${i}`, bytes })));
    assert.deepEqual(
      packed.map(({ bytes, blobs }) => ({ bytes, blobs: blobs.map(({ id, offset }) => [Number(id), offset]) })),
      packs,
    );
  }
});
