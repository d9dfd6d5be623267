import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, fromHex, toHex, utf8Encode } from "../core/bytes.ts";
import { DECEPTIVE } from "../core/deceptive.ts";
import { CodecError, CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { sealBytes } from "./aead.ts";
import { sealedBytesOf } from "./link-key.ts";
import { type ListedFile, openListing, sealListing } from "./link-listing.ts";
import { decodeManifest, encodeManifest, type LinkManifest, openManifest, sealManifest } from "./link-manifest.ts";

type InHex<Of> = Omit<Of, "fileKey"> & { fileKey: string };

/** Computed by another program than this one (its `origin`); `link-key.test.ts` shows that the keys come out. */
const VECTORS = JSON.parse(readFileSync(new URL("../../vectors/link-key.json", import.meta.url), "utf8")) as {
  keys: { name: string; slug: string; wrapKey: string }[];
  manifests: { name: string; keys: string; manifest: InHex<LinkManifest>; encoded: string; sealed: string }[];
  invalidManifests: { why: string; keys: string; sealed: string; code: string }[];
  listings: { name: string; slug: string; key: string; files: InHex<ListedFile>[]; sealed: string }[];
  invalidListings: { why: string; slug: string; key: string; sealed: string; code: string }[];
};

function keysOf(name: string): { slug: string; wrapKey: Uint8Array } {
  const { slug, wrapKey } = VECTORS.keys.find((candidate) => candidate.name === name) ?? assert.fail(name);
  return { slug, wrapKey: fromHex(wrapKey) };
}

for (const { name, keys, manifest, encoded, sealed } of VECTORS.manifests) {
  test(`the vectors' manifest opens: ${name}`, () => {
    const { slug, wrapKey } = keysOf(keys);
    const expected = { ...manifest, fileKey: fromHex(manifest.fileKey) };
    assert.deepEqual(openManifest(fromHex(sealed), wrapKey, slug), expected);
    assert.equal(toHex(encodeManifest(expected)), encoded);
  });
}

test("the vectors' altered, foreign and nonsensical manifests do not open", () => {
  for (const { why, keys, sealed, code } of VECTORS.invalidManifests) {
    const { slug, wrapKey } = keysOf(keys);
    assert.throws(() => openManifest(fromHex(sealed), wrapKey, slug), { code }, why);
  }
});

for (const { name, slug, key, files, sealed } of VECTORS.listings) {
  test(`the vectors' listing opens: ${name}`, () => {
    const expected = files.map((file) => ({ ...file, fileKey: fromHex(file.fileKey) }));
    assert.deepEqual(openListing(fromHex(sealed), fromHex(key), slug), expected);
    assert.deepEqual(openListing(sealListing(expected, fromHex(key), slug), fromHex(key), slug), expected);
  });
}

test("the vectors' altered, foreign and nonsensical listings do not open", () => {
  for (const { why, slug, key, sealed, code } of VECTORS.invalidListings) {
    assert.throws(() => openListing(fromHex(sealed), fromHex(key), slug), { code }, why);
  }
});

test("a listing that would be refused is not made", () => {
  const file = { path: "a", bytes: 1, sealedBytes: 73, suite: "aes-256-gcm", fileKey: randomBytes(32) } as const;
  const key = randomBytes(32);
  const many = Array.from({ length: 10_001 }, (_, i) => ({ ...file, path: String(i) }));
  const bad = [[], [file, file], [{ ...file, path: "../a" }], [{ ...file, fileKey: key.slice(1) }], many];
  for (const files of bad) assert.throws(() => sealListing(files, key, "slug"), { code: "bad_manifest" });
  assert.equal(openListing(sealListing(many.slice(1), key, "slug"), key, "slug").length, 10_000);
});

const text = (maxLength: number): fc.Arbitrary<string> => fc.string({ unit: "grapheme", maxLength });

const manifests: fc.Arbitrary<LinkManifest> = fc
  .record(
    {
      kind: fc.constantFrom("file", "folder"),
      name: text(40)
        .map((name) => name.normalize("NFC").replace(DECEPTIVE, ""))
        .filter((name) => !/[/\\\p{Cc}]|^\.{0,2}$/u.test(name) && utf8Encode(name).length <= 255),
      note: text(40).filter((note) => !/\p{Cc}/u.test(note)),
      bytes: fc.maxSafeNat(),
      suite: fc.constantFrom("aes-256-gcm", "noctis-256"),
      fileKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    },
    { noNullPrototype: true },
  )
  .filter(({ kind, suite }) => kind === "file" || suite === "aes-256-gcm")
  .map((manifest) => (manifest.kind === "file" ? manifest : { ...manifest, bytes: 29 + (manifest.bytes % 4_194_276) }));

test("manifests come back as they were, sealed and unsealed", () => {
  fc.assert(
    fc.property(manifests, (manifest) => {
      assert.deepEqual(decodeManifest(encodeManifest(manifest)), manifest);
      const wrapKey = randomBytes(32);
      assert.deepEqual(openManifest(sealManifest(manifest, wrapKey, "slug"), wrapKey, "slug"), manifest);
    }),
  );
});

test("one manifest has one encoding, and any other bytes are refused", () => {
  const beginnings = [[], [1, 1, 0, 0], [2, 1, 1, 0, 0], [2, 2, 1, 0, 0]].map((bytes) => Uint8Array.from(bytes));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.constantFrom(...beginnings), (noise, beginning) => {
      const encoded = concatBytes(beginning, noise);
      try {
        assert.deepEqual(encodeManifest(decodeManifest(encoded)), encoded);
      } catch (error) {
        assert.ok(error instanceof CodecError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});

const GOOD = { kind: "file", name: "a", note: "", bytes: 1, suite: "aes-256-gcm", fileKey: randomBytes(32) } as const;

test("a hostile maker cannot smuggle a path into a name", () => {
  const prefix = encodeManifest(GOOD).slice(0, -1);
  for (const name of ["", ".", "..", "../x", "a/b", "a\\b", "a\u0000", "a\nb", "x".repeat(256)]) {
    assert.throws(() => encodeManifest({ ...GOOD, name }), { code: "bad_manifest" });
    assert.throws(() => decodeManifest(concatBytes(prefix, utf8Encode(name))), { code: "bad_manifest" });
  }
});

/** Names that are a way out of the folder once what nobody sees in them is taken away. */
const HIDDEN = ["\u200b..", ".\u2060", ".\ufeff.", "\u202e.\u200b.\u2069"];

test("a hostile maker cannot hide a path in a name behind what is taken out of it", () => {
  const prefix = encodeManifest(GOOD).slice(0, -1);
  const wrapKey = randomBytes(32);
  for (const name of HIDDEN) {
    assert.throws(() => sealManifest({ ...GOOD, name }, wrapKey, "one"), { code: "bad_manifest" });
    const sealed = sealBytes(wrapKey, concatBytes(prefix, utf8Encode(name)), utf8Encode("one"));
    assert.throws(() => openManifest(sealed, wrapKey, "one"), { code: "bad_manifest" }, JSON.stringify(name));
  }
  const opened = openManifest(sealManifest({ ...GOOD, name: "\u202egpj.exe" }, wrapKey, "one"), wrapKey, "one");
  assert.equal(opened.name, "gpj.exe");
  assert.equal(openManifest(sealManifest({ ...GOOD, name: "\u200b" }, wrapKey, "one"), wrapKey, "one").name, "file");
});

/** An entry as `link-listing.ts` writes it, with whatever sizes and path. */
function entry(path: string, bytes = 1, sealedBytes = 73): Uint8Array {
  const fixed = new Uint8Array(51);
  const view = new DataView(fixed.buffer);
  fixed[0] = 1;
  view.setBigUint64(1, BigInt(bytes));
  view.setBigUint64(9, BigInt(sealedBytes));
  view.setUint16(49, utf8Encode(path).length);
  return concatBytes(fixed, utf8Encode(path));
}

function listed(...entries: Uint8Array[]): ListedFile[] {
  const key = randomBytes(32);
  const sealed = sealBytes(key, concatBytes(...entries), utf8Encode("nocturne/link/listing/v1/slug"));
  return openListing(sealed, key, "slug");
}

test("a hostile maker cannot hide a path in a listing, or two files that become one", () => {
  const bad = [
    ...HIDDEN.flatMap((name) => [[name], [`${name}/a`], [`a/${name}`], [`a/${name}/${name}/b`]]),
    ["a", "a\u200b"],
    ["a", "a\u2060/b"],
    ["b/a\u200b", "b\u200b/a"],
    ["\u200b", "file"],
  ];
  const file = { bytes: 1, sealedBytes: 73, suite: "aes-256-gcm", fileKey: randomBytes(32) } as const;
  for (const paths of bad) {
    const why = JSON.stringify(paths);
    assert.throws(() => listed(...paths.map((path) => entry(path))), { code: "bad_manifest" }, why);
    const files = paths.map((path) => ({ ...file, path }));
    assert.throws(() => sealListing(files, randomBytes(32), "slug"), { code: "bad_manifest" }, why);
  }
  assert.deepEqual(
    listed(entry("\u202egpj.exe"), entry("a\u200b/b")).map(({ path }) => path),
    ["gpj.exe", "a/b"],
  );
});

test("a hostile maker cannot name sizes that fill disk or memory", () => {
  const sizes = [
    [1, 2 ** 40],
    [1, 72],
    [1, 74],
    [0, 0],
    [2 ** 40, 73],
  ] as const;
  for (const [bytes, sealedBytes] of sizes)
    assert.throws(() => listed(entry("a", bytes, sealedBytes)), { code: "bad_manifest" }, `${bytes} ${sealedBytes}`);
  for (const suite of ["aes-256-gcm", "noctis-256"] as const) {
    const key = randomBytes(32);
    const sealedBytes = sealedBytesOf(suite, 100_000);
    const file = { path: "a", bytes: 100_000, sealedBytes, suite, fileKey: key };
    assert.equal(openListing(sealListing([file], key, "slug"), key, "slug")[0]?.sealedBytes, sealedBytes);
  }
  const folder = { ...GOOD, kind: "folder", bytes: 4_194_304 } as const;
  const wrapKey = randomBytes(32);
  assert.equal(openManifest(sealManifest(folder, wrapKey, "one"), wrapKey, "one").bytes, 4_194_304);
  const encoded = encodeManifest(folder);
  for (const bytes of [0, 28, 4_194_305, 2 ** 45]) {
    new DataView(encoded.buffer).setBigUint64(3, BigInt(bytes));
    const sealed = sealBytes(wrapKey, encoded, utf8Encode("one"));
    assert.throws(() => openManifest(sealed, wrapKey, "one"), { code: "bad_manifest" }, String(bytes));
  }
});

test("a sealed manifest opens under its own key and slug only, and not after any change", () => {
  const wrapKey = randomBytes(32);
  const sealed = sealManifest({ ...GOOD, note: "n", suite: "noctis-256" }, wrapKey, "one");
  assert.throws(() => openManifest(sealed, wrapKey, "two"), CryptoError);
  assert.throws(() => openManifest(sealed, randomBytes(32), "one"), CryptoError);
  for (let i = 0; i < sealed.length; i++) {
    const changed = sealed.slice();
    changed[i] = (changed[i] as number) ^ 1;
    assert.throws(() => openManifest(changed, wrapKey, "one"), CryptoError);
    assert.throws(() => openManifest(sealed.subarray(0, i), wrapKey, "one"), CryptoError);
  }
});
