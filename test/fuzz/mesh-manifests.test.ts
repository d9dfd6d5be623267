/**
 * What the mesh shows of where things lie, under attack: by those who keep it (10,000 mutations of each form), and by a
 * carer who has the keys and seals whatever he likes. Nothing throws, nothing is read in two ways, nothing that was altered
 * opens. `SEED=N` repeats a run.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { concatBytes, u16, utf8Encode } from "../../src/core/bytes.ts";
import { MESH_LIMITS } from "../../src/core/mesh-limits.ts";
import { randomBytes } from "../../src/core/random.ts";
import { sealBytes } from "../../src/crypto/aead.ts";
import { readCareCertificate, signCareCertificate } from "../../src/mesh/manifest/care-certificate.ts";
import {
  type CatalogueEntry,
  decodeCatalogue,
  encodeCatalogue,
  openCatalogue,
  sealCatalogue,
} from "../../src/mesh/manifest/catalogue.ts";
import { healthOf } from "../../src/mesh/manifest/health.ts";
import { decodeLocator, encodeLocator, objectIdOf } from "../../src/mesh/manifest/locator.ts";
import { isSameObject, mergeLocators } from "../../src/mesh/manifest/merge.ts";
import { decodeRoot, encodeRoot, openList, rootStep } from "../../src/mesh/manifest/root.ts";
import { openCatalogueRoot, openPlaces, sealCatalogueRoot, sealPlaces } from "../../src/mesh/manifest/sealed-value.ts";
import { drawn, namedNode, objectAt } from "../../src/mesh/manifest/testing.ts";
import { careKeyOf, deriveCareKeys, deriveMeshKeys } from "../../src/mesh/mesh-keys.ts";
import type { MeshRecord, RecordKind } from "../../src/mesh/records/record.ts";
import { mutated } from "../support/mutated.ts";
import { Xorshift } from "../support/xorshift.ts";

const MUTATIONS = 10_000;
const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const NOW = Date.UTC(2026, 10, 27);

const mesh = deriveMeshKeys(randomBytes(32));
const care = deriveCareKeys(careKeyOf(randomBytes(32)));
const certificate = signCareCertificate(care.signing.publicKey, NOW + 1, mesh.owner);
const locator = drawn(2, "abcd", "ab.d", "abce");
const other = drawn(2, "bcda", "b..d", "xbce");
const blobs = [1, 2, 3].map((n) => ({ id: `${n}`.repeat(32), offset: n * 100, bytes: 100 }));
const entries: CatalogueEntry[] = [1, 2].map((n) => ({
  kind: n === 1 ? "backup" : "files",
  manifestKey: randomBytes(32),
  object: objectIdOf(locator),
  bytes: 400,
  madeAtMs: NOW,
  blobs: n === 1 ? [] : blobs,
}));

/** A row of 34 or 32 bytes, which are what these forms are made of, over another one. */
function rowMoved(random: Xorshift, bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  const row = random.below(2) ? 32 : 34;
  const from = random.below(Math.max(1, bytes.length - row));
  changed.copyWithin(random.below(bytes.length), from, Math.min(from + row, bytes.length));
  return changed;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Calls `judge` with mutations that are none of the two originals; returns how many. */
function fuzz(one: Uint8Array, donor: Uint8Array, judge: (bytes: Uint8Array) => void, rounds = MUTATIONS): void {
  const random = new Xorshift(SEED);
  let changed = 0;
  for (let i = 0; i < rounds; i++) {
    let bytes = one;
    for (let n = 0; n <= random.below(3); n++)
      if (bytes.length > 0) bytes = random.below(7) === 0 ? rowMoved(random, bytes) : mutated(random, bytes, donor);
    if (same(bytes, one) || same(bytes, donor)) continue;
    changed++;
    judge(bytes);
  }
  assert.ok(changed > rounds * 0.8, `${changed} were mutations; SEED=${SEED}`);
}

const recordOf = (kind: RecordKind, key: Uint8Array, value: Uint8Array): MeshRecord => ({
  kind,
  key,
  sequence: 1,
  madeAtMs: NOW,
  value,
});

test("whatever is read as a locator is written in that way alone, and can be worked with", () => {
  console.log(`SEED=${SEED}`);
  let read = 0;
  fuzz(encodeLocator(locator), encodeLocator(other), (bytes) => {
    const found = decodeLocator(bytes);
    if (!found) return;
    read++;
    assert.ok(same(encodeLocator(found), bytes));
    const { segments, fatalLosses } = healthOf(found, (node) => node !== namedNode("x"));
    assert.ok(segments.length === found.segments.length && fatalLosses <= found.nodes.length);
    const merged = mergeLocators(found, locator, () => true);
    assert.equal(merged !== null, isSameObject(found, locator));
    if (merged) assert.equal(objectIdOf(merged), objectIdOf(locator));
    else assert.notEqual(objectIdOf(found), objectIdOf(locator));
  });
  assert.ok(read > MUTATIONS * 0.02, `${read} of them were locators`);
});

test("whatever is read as a catalogue is written in that way alone", () => {
  const donor = encodeCatalogue([...entries].reverse());
  let read = 0;
  fuzz(encodeCatalogue(entries), donor, (bytes) => {
    const found = decodeCatalogue(bytes);
    if (!found) return;
    read++;
    assert.ok(same(encodeCatalogue(found), bytes));
  });
  assert.ok(read > MUTATIONS * 0.02, `${read} of them were catalogues`);
});

test("nothing that was sealed opens when it was altered", () => {
  const places = [locator, other].map((at) => sealPlaces({ root: { depth: 0, locator: at }, certificate }, care));
  const [one, two] = places as [Uint8Array, Uint8Array];
  fuzz(one, two, (value) => assert.equal(openPlaces(recordOf("places", care.signing.publicKey, value), care), null));

  const { catalogue } = mesh;
  const root = sealCatalogueRoot({ depth: 1, locator }, catalogue);
  const key = catalogue.signing.publicKey;
  fuzz(root, one, (value) => assert.equal(openCatalogueRoot(recordOf("owner", key, value), catalogue), null));

  const sealed = sealCatalogue(entries, catalogue.sealing);
  fuzz(sealed, sealCatalogue([], catalogue.sealing), (bytes) =>
    assert.equal(openCatalogue(bytes, catalogue.sealing), null),
  );

  const long = objectAt({ bytes: 5_000_000, needed: 20, total: 40 }, (_, i) => namedNode(i));
  const step = rootStep(long, 0, care.sealing);
  assert.ok("list" in step);
  fuzz(step.list, one, (bytes) => assert.equal(openList(bytes, 1, care.sealing), null));
});

test("no altered care certificate is believed", () => {
  const donor = signCareCertificate(mesh.owner.publicKey, NOW + 9, mesh.owner);
  fuzz(certificate, donor, (bytes) => assert.equal(readCareCertificate(bytes, NOW), null), 2_000);
});

test("a carer who seals what he likes says one thing by it, within bounds, or nothing", () => {
  const context = concatBytes(utf8Encode("nocturne/mesh-value/v1"), Uint8Array.of(3), care.signing.publicKey);
  const seal = (content: Uint8Array): MeshRecord => {
    const padded = new Uint8Array(Math.ceil((31 + content.length) / 1_024) * 1_024 - 29);
    padded.set(u16(content.length));
    padded.set(content, 2);
    const value = concatBytes(Uint8Array.of(1), sealBytes(care.sealing, padded, context));
    return recordOf("places", care.signing.publicKey, value);
  };
  const [one, two] = [locator, other].map((at) => encodeRoot({ depth: 1, locator: at })) as [Uint8Array, Uint8Array];
  assert.ok(openPlaces(seal(concatBytes(certificate, one)), care), "the carer's tool works");
  let read = 0;
  fuzz(one, two, (bytes) => {
    const places = openPlaces(seal(concatBytes(certificate, bytes)), care);
    assert.equal(places === null, decodeRoot(bytes) === null);
    if (!places) return;
    read++;
    assert.ok(same(encodeRoot(places.root), bytes));
    const { depth, locator: at } = places.root;
    assert.ok(depth <= MESH_LIMITS.listDepth && (depth === 0 || at.bytes <= MESH_LIMITS.listBytes));
  });
  assert.ok(read > MUTATIONS * 0.02, `${read} of them were roots`);
});
