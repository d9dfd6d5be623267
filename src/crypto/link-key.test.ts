import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, fromHex, toBase64Url, toHex, utf8Encode } from "../core/bytes.ts";
import { CodecError, CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import {
  createLinkAddress,
  decodeManifest,
  deriveLinkKeys,
  encodeManifest,
  formatLinkPath,
  type LinkKeys,
  linkVerifier,
  openManifest,
  parseLink,
  sealManifest,
} from "./link-key.ts";
import { type Argon2Cost, stretchPassphrase } from "./passphrase.ts";
import type { SealedSuite } from "./sealed-header.ts";

interface VectorKeys {
  name: string;
  slug: string;
  secret: string;
  password: ({ text: string; salt: string } & Argon2Cost) | null;
  stretched?: string;
  wrapKey: string;
  proof: string;
  verifier: string;
}

/** Computed by another program than this one (its `origin`), so that they show more than that nothing changed. */
const VECTORS = JSON.parse(readFileSync(new URL("../../vectors/link-key.json", import.meta.url), "utf8")) as {
  links: { text: string; slug: string; secret: string }[];
  invalidLinks: { why: string; text: string }[];
  keys: VectorKeys[];
  invalidCosts: ({ why: string } & Argon2Cost)[];
  manifests: {
    name: string;
    keys: string;
    manifest: { name: string; bytes: number; suite: SealedSuite; fileKey: string };
    encoded: string;
    sealed: string;
  }[];
  invalidManifests: { why: string; keys: string; sealed: string; code: string }[];
};

/** From secret and password, not from the keys that the vectors name. */
async function deriveVectorKeys(name: string): Promise<LinkKeys & { slug: string }> {
  const vector = VECTORS.keys.find((candidate) => candidate.name === name);
  assert.ok(vector, name);
  const { slug, secret, password } = vector;
  const given = password && { password: password.text, salt: fromHex(password.salt), cost: password };
  return { slug, ...(await deriveLinkKeys({ slug, secret: fromHex(secret) }, given)) };
}

const CHEAP = { memoryKiB: 8_192, passes: 1, lanes: 1 };
const ADDRESS = { slug: "abcdefghijklmnop", secret: Uint8Array.from({ length: 16 }, (_, i) => i) };

test("a link is read back from its text, with or without an origin", () => {
  for (let i = 0; i < 50; i++) {
    const address = createLinkAddress();
    const path = formatLinkPath(address);
    assert.match(path, /^\/s\/[a-z2-7]{16}#[A-Za-z0-9_-]{22}$/);
    for (const origin of ["", "http://localhost:8080", "https://files.example/base", " http://[::1]:1"]) {
      assert.deepEqual(parseLink(origin + path), address);
    }
  }
  assert.deepEqual(parseLink(`https://h/s/${ADDRESS.slug}?x=1#${toBase64Url(ADDRESS.secret)}`), ADDRESS);
});

test("a link that lost a part is refused", () => {
  const whole = formatLinkPath(ADDRESS);
  const [path = "", secret = ""] = whole.split("#");
  const bad = ["", path, `${path}#`, `${path}#${secret}A`, whole.slice(0, -1), `${path}#${secret.slice(0, 21)}=`];
  for (const text of [...bad, whole.toUpperCase(), whole.replace("/s/", "/"), `/s/../${whole}x`]) {
    assert.throws(() => parseLink(text), { code: "bad_link" }, text);
  }
});

test("the vectors' links are read, those to refuse are refused", () => {
  for (const { text, slug, secret } of VECTORS.links) {
    assert.deepEqual(parseLink(text), { slug, secret: fromHex(secret) }, text);
    assert.ok(
      text
        .trim()
        .replace("?x=1", "")
        .endsWith(formatLinkPath({ slug, secret: fromHex(secret) })),
      text,
    );
  }
  for (const { why, text } of VECTORS.invalidLinks) {
    assert.throws(() => parseLink(text), { name: "ValidationError", code: "bad_link" }, why);
  }
});

for (const { name, password, stretched, ...link } of VECTORS.keys) {
  test(`the vectors' keys come out, as old links must open for ever: ${name}`, async () => {
    const { wrapKey, proof } = await deriveVectorKeys(name);
    assert.equal(toHex(wrapKey), link.wrapKey);
    assert.equal(toHex(proof), link.proof);
    assert.equal(toHex(linkVerifier(proof)), link.verifier);
    if (password) {
      assert.equal(toHex(await stretchPassphrase(password.text, fromHex(password.salt), password)), stretched);
    }
  });
}

for (const { name, keys, manifest, encoded, sealed } of VECTORS.manifests) {
  test(`the vectors' manifest opens: ${name}`, async () => {
    const { slug, wrapKey } = await deriveVectorKeys(keys);
    const expected = { ...manifest, fileKey: fromHex(manifest.fileKey) };
    assert.deepEqual(openManifest(fromHex(sealed), wrapKey, slug), expected);
    assert.equal(toHex(encodeManifest(expected)), encoded);
  });
}

test("the vectors' altered, foreign and nonsensical manifests do not open", async () => {
  for (const { why, keys, sealed, code } of VECTORS.invalidManifests) {
    const { slug, wrapKey } = await deriveVectorKeys(keys);
    assert.throws(() => openManifest(fromHex(sealed), wrapKey, slug), { code }, why);
  }
});

test("every ingredient changes both keys, and a verifier is not a proof", async () => {
  const salt = randomBytes(32);
  const password = { password: "pass", salt, cost: CHEAP };
  const variants = await Promise.all([
    deriveLinkKeys(ADDRESS, null),
    deriveLinkKeys({ ...ADDRESS, slug: "bbcdefghijklmnop" }, null),
    deriveLinkKeys({ ...ADDRESS, secret: randomBytes(16) }, null),
    deriveLinkKeys(ADDRESS, password),
    deriveLinkKeys(ADDRESS, { ...password, password: "Pass" }),
    deriveLinkKeys(ADDRESS, { ...password, salt: randomBytes(32) }),
  ]);
  const all = variants.flatMap(({ wrapKey, proof }) => [wrapKey, proof, linkVerifier(proof)]).map(toHex);
  assert.equal(new Set(all).size, all.length);
});

test("a server cannot make a browser spend gigabytes on a password, nor make guessing cheap", async () => {
  const salt = randomBytes(32);
  const bad = [...VECTORS.invalidCosts, { why: "4 GiB", memoryKiB: 4_194_304, passes: 3, lanes: 4 }];
  for (const { why, ...cost } of bad) {
    await assert.rejects(deriveLinkKeys(ADDRESS, { password: "x", salt, cost }), { code: "argon2_cost" }, why);
  }
});

const manifests = fc.record(
  {
    name: fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
      .map((name) => name.normalize("NFC"))
      .filter((name) => !/[/\\\p{Cc}]|^\.{0,2}$/u.test(name) && utf8Encode(name).length <= 255),
    bytes: fc.maxSafeNat(),
    suite: fc.constantFrom("aes-256-gcm", "noctis-256"),
    fileKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  },
  { noNullPrototype: true },
);

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
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (noise, plausible) => {
      const encoded = plausible ? concatBytes(Uint8Array.of(1, 1, 0, 0), noise) : noise;
      try {
        assert.deepEqual(encodeManifest(decodeManifest(encoded)), encoded);
      } catch (error) {
        assert.ok(error instanceof CodecError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});

test("a hostile maker cannot smuggle a path into a name", () => {
  const good = { name: "a", bytes: 1, suite: "aes-256-gcm", fileKey: randomBytes(32) } as const;
  const prefix = encodeManifest(good).slice(0, -1);
  for (const name of ["", ".", "..", "../x", "a/b", "a\\b", "a\u0000", "a\nb", "x".repeat(256)]) {
    assert.throws(() => encodeManifest({ ...good, name }), { code: "bad_manifest" });
    assert.throws(() => decodeManifest(concatBytes(prefix, utf8Encode(name))), { code: "bad_manifest" });
  }
});

test("a sealed manifest opens under its own key and slug only, and not after any change", () => {
  const wrapKey = randomBytes(32);
  const sealed = sealManifest({ name: "n", bytes: 3, suite: "noctis-256", fileKey: randomBytes(32) }, wrapKey, "one");
  assert.throws(() => openManifest(sealed, wrapKey, "two"), CryptoError);
  assert.throws(() => openManifest(sealed, randomBytes(32), "one"), CryptoError);
  for (let i = 0; i < sealed.length; i++) {
    const changed = sealed.slice();
    changed[i] = (changed[i] as number) ^ 1;
    assert.throws(() => openManifest(changed, wrapKey, "one"), CryptoError);
    assert.throws(() => openManifest(sealed.subarray(0, i), wrapKey, "one"), CryptoError);
  }
});
