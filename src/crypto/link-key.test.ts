import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHex, toBase64Url, toHex } from "../core/bytes.ts";
import { randomBytes } from "../core/random.ts";
import {
  createLinkAddress,
  deriveLinkKeys,
  formatLinkPath,
  type LinkKeys,
  linkVerifier,
  parseLink,
} from "./link-key.ts";
import { type Argon2Cost, stretchPassphrase } from "./passphrase.ts";

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
