import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, toBase64Url, toHex, utf8Encode } from "../core/bytes.ts";
import { CodecError, CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import {
  createLinkAddress,
  decodeManifest,
  deriveLinkKeys,
  encodeManifest,
  formatLinkPath,
  linkVerifier,
  openManifest,
  parseLink,
  sealManifest,
} from "./link-key.ts";

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

test("the derivation stays what it is: old links must open for ever", async () => {
  const plain = await deriveLinkKeys(ADDRESS, null);
  const salt = new Uint8Array(32).fill(7);
  const withPassword = await deriveLinkKeys(ADDRESS, { password: "swordfish", salt, cost: CHEAP });
  assert.equal(toHex(plain.wrapKey), "bead9c8882547df41f893af1b107e00c867ec8763713ab5bc36e6034b58fdd4d");
  assert.equal(toHex(plain.proof), "6cce2516a56cc7f0485f97534213cc784ad3774612e6a7e8b4c9faff8759bbb6");
  assert.equal(toHex(withPassword.wrapKey), "e0bc236d534d1751ef4d34cebdd2d6e173a03b8f2db6c0a3e2a971c7d8e0cf2c");
  assert.equal(toHex(withPassword.proof), "5d6d9abe998a68f017d00e1f001cf1c53ded3424e882684a661d5a024c523262");
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

test("a server cannot make a browser spend gigabytes on a password", async () => {
  const cost = { memoryKiB: 4_194_304, passes: 3, lanes: 4 };
  await assert.rejects(deriveLinkKeys(ADDRESS, { password: "x", salt: randomBytes(32), cost }), {
    code: "argon2_cost",
  });
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
