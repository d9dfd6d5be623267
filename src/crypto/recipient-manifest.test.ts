import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, fromHex, utf8Encode } from "../core/bytes.ts";
import { CodecError, CryptoError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { publicKeyOf } from "../nostr/keys.ts";
import { openBytes, sealBytes } from "./aead.ts";
import type { EnvelopeKeys, EnvelopeRecipient } from "./envelope.ts";
import { createHybridKeyPair } from "./hybrid-kem.ts";
import { decodeSlot } from "./key-slot-format.ts";
import { openAsRecipient } from "./key-slots.ts";
import { encodeManifest, type LinkManifest, openManifest, sealManifest } from "./link-manifest.ts";
import { openManifestFor, sealRecipientManifest } from "./recipient-manifest.ts";
import type { SealedSuite } from "./sealed-header.ts";

/** Computed by another program than this one (its `origin`). */
const VECTORS = JSON.parse(readFileSync(new URL("../../vectors/recipient-manifest.json", import.meta.url), "utf8")) as {
  slug: string;
  wrapKey: string;
  people: { name: string; nostrSecretKey: string; hybridSecretKey: string; hybridPublicKey: string }[];
  manifests: {
    name: string;
    opens: string[];
    not: string[];
    manifest: { name: string; bytes: number; suite: SealedSuite; fileKey: string };
    sealed: string;
  }[];
  invalidManifests: { why: string; as: string; sealed: string; code: string }[];
};

const SLUG = VECTORS.slug;
const WRAP_KEY = fromHex(VECTORS.wrapKey);
const MANIFEST: LinkManifest = {
  kind: "file",
  name: "plan.pdf",
  note: "",
  bytes: 3,
  suite: "aes-256-gcm",
  fileKey: new Uint8Array(32).fill(7),
};

interface Person {
  readonly keys: EnvelopeKeys;
  readonly public: EnvelopeRecipient;
}

function keysOf(name: string): EnvelopeKeys {
  const person = VECTORS.people.find((one) => one.name === name);
  assert.ok(person, name);
  const hybrid = createHybridKeyPair(fromHex(person.hybridSecretKey));
  return { nostrSecretKey: fromHex(person.nostrSecretKey), hybrid };
}

function person(): Person {
  const keys = { nostrSecretKey: randomBytes(32), hybrid: createHybridKeyPair(randomBytes(32)) };
  const nostrPublicKey = fromHex(publicKeyOf(keys.nostrSecretKey));
  return { keys, public: { nostrPublicKey, hybridPublicKey: keys.hybrid.publicKey } };
}

function openAs(sealed: Uint8Array, keys: EnvelopeKeys, wrapKey = WRAP_KEY): LinkManifest {
  const opened = openManifestFor(sealed, wrapKey, SLUG);
  return opened.for === "link" ? opened.manifest : opened.open(keys);
}

for (const { name, opens, not, manifest, sealed } of VECTORS.manifests) {
  test(`the vectors' manifest opens for its recipients alone: ${name}`, () => {
    const expected = { kind: "file", note: "", ...manifest, fileKey: fromHex(manifest.fileKey) };
    for (const who of opens) assert.deepEqual(openAs(fromHex(sealed), keysOf(who)), expected, who);
    for (const who of not) assert.throws(() => openAs(fromHex(sealed), keysOf(who)), CryptoError, who);
    assert.throws(() => openManifest(fromHex(sealed), WRAP_KEY, SLUG), { code: "for_recipients" });
  });
}

test("the vectors' altered, foreign and nonsensical manifests do not open", () => {
  assert.ok(VECTORS.invalidManifests.length > 20);
  for (const { why, as, sealed, code } of VECTORS.invalidManifests) {
    assert.throws(() => openAs(fromHex(sealed), keysOf(as)), { code }, why);
  }
});

test("a stolen link opens a plain manifest, and nothing of one for recipients", () => {
  const [ada, thief] = [person(), person()];
  const plain = sealManifest(MANIFEST, WRAP_KEY, SLUG);
  const sealed = sealRecipientManifest(MANIFEST, [ada.public], WRAP_KEY, SLUG);
  // The control: with the link alone, no keys asked.
  assert.deepEqual(openManifest(plain, WRAP_KEY, SLUG), MANIFEST);
  assert.deepEqual(openAs(plain, thief.keys), MANIFEST);
  assert.throws(() => openManifest(sealed, WRAP_KEY, SLUG), { code: "for_recipients" });
  assert.throws(() => openAs(sealed, thief.keys), CryptoError);
  assert.deepEqual(openAs(sealed, ada.keys), MANIFEST);
  // Half of a recipient's keys is none: a broken curve, or a broken lattice, opens nothing by itself.
  const nostrOnly = { ...thief.keys, nostrSecretKey: ada.keys.nostrSecretKey };
  const hybridOnly = { ...thief.keys, hybrid: ada.keys.hybrid };
  for (const half of [nostrOnly, hybridOnly]) assert.throws(() => openAs(sealed, half), CryptoError);
  // Nor are a recipient's keys of use to who lacks the link.
  assert.throws(() => openAs(sealed, ada.keys, randomBytes(32)), CryptoError);
});

test("every one of twenty recipients opens it; none, or one more, are refused", () => {
  const people = Array.from({ length: FILE_LIMITS.slots }, person);
  const all = people.map((one) => one.public);
  const sealed = sealRecipientManifest(MANIFEST, all, WRAP_KEY, SLUG);
  for (const { keys } of people) assert.deepEqual(openAs(sealed, keys), MANIFEST);
  for (const wrong of [[], [...all, person().public]]) {
    assert.throws(() => sealRecipientManifest(MANIFEST, wrong, WRAP_KEY, SLUG), { code: "bad_manifest" });
  }
});

test("a member with keys that are none keeps a file from nobody else", () => {
  const [ada, bob] = [person(), person()];
  const noPoint = { ...bob.public, nostrPublicKey: new Uint8Array(32).fill(255) };
  const noKey = { ...bob.public, hybridPublicKey: new Uint8Array(1_216).fill(255) };
  const sealed = sealRecipientManifest(MANIFEST, [noPoint, ada.public, noKey], WRAP_KEY, SLUG);
  assert.deepEqual(openAs(sealed, ada.keys), MANIFEST);
  assert.throws(() => openAs(sealed, bob.keys), CryptoError);
  assert.throws(() => sealRecipientManifest(MANIFEST, [noPoint], WRAP_KEY, SLUG), { code: "bad_manifest" });
});

test("a folder, a note or a name that deceives gets nowhere in it", () => {
  const ada = person();
  const folder: LinkManifest = { ...MANIFEST, kind: "folder", bytes: 1_000 };
  const noted: LinkManifest = { ...MANIFEST, note: "for you" };
  for (const other of [folder, noted]) {
    assert.deepEqual(openManifest(sealManifest(other, WRAP_KEY, SLUG), WRAP_KEY, SLUG), other, "the control");
    assert.throws(() => sealRecipientManifest(other, [ada.public], WRAP_KEY, SLUG), { code: "bad_manifest" });
    assert.throws(() => openAs(sealedWith(encodeManifest(other), ada), ada.keys), { code: "bad_manifest" });
  }
  const deceptive = encodeManifest({ ...MANIFEST, name: "plan\u202efdp.exe" });
  assert.equal(openAs(sealedWith(deceptive, ada), ada.keys).name, "planfdp.exe");
  const upwards = encodeManifest({ ...MANIFEST, name: "xx" });
  upwards.set(utf8Encode(".."), upwards.length - 2);
  assert.throws(() => openAs(sealedWith(upwards, ada), ada.keys), { code: "bad_manifest" });
});

/** A manifest of version 3 by another maker, with anything inside. */
function sealedWith(inner: Uint8Array, { keys, public: recipient }: Person): Uint8Array {
  const honest = openBytes(WRAP_KEY, sealRecipientManifest(MANIFEST, [recipient], WRAP_KEY, SLUG), utf8Encode(SLUG));
  const { slot, next } = decodeSlot(honest, 2);
  const prefix = honest.slice(0, next);
  const key = openAsRecipient([slot], keys);
  return sealBytes(WRAP_KEY, concatBytes(prefix, sealBytes(key, inner, prefix)), utf8Encode(SLUG));
}

test("no byte of it can be changed by who has the link but no recipient's keys", () => {
  const ada = person();
  const sealed = sealRecipientManifest(MANIFEST, [ada.public, person().public], WRAP_KEY, SLUG);
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const changed = sealed.slice();
      changed[at] = (changed[at] as number) ^ mask;
      assert.throws(() => openAs(changed, ada.keys), CryptoError);
    }),
    { numRuns: 200 },
  );
});

test("whatever a maker seals is a manifest, or refused with one of two errors", () => {
  const ada = person();
  const good = sealRecipientManifest(MANIFEST, [ada.public], WRAP_KEY, SLUG);
  assert.deepEqual(openAs(good, ada.keys), MANIFEST);
  const slotLike = fc
    .tuple(fc.constantFrom(2, 3, 3, 3, 4, 9), fc.uint8Array({ maxLength: 80 }))
    .map(([type, body]) => concatBytes(Uint8Array.of(type, 0, body.length), body));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 22 }), fc.array(slotLike, { maxLength: 22 }), (count, slots) => {
      const body = concatBytes(Uint8Array.of(3, count), ...slots);
      const sealed = sealBytes(WRAP_KEY, body, utf8Encode(SLUG));
      assert.throws(
        () => openAs(sealed, ada.keys),
        (error) => error instanceof CryptoError || (error instanceof CodecError && error.code === "bad_manifest"),
      );
    }),
    { numRuns: 500 },
  );
});
