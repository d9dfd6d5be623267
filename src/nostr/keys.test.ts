import assert from "node:assert/strict";
import { test } from "node:test";
import { bech32 } from "@scure/base";
import { nprofileEncode, noteEncode } from "nostr-tools/nip19";
import * as nip49 from "nostr-tools/nip49";
import { fromHex, toHex } from "../core/bytes.ts";
import {
  decodeNpub,
  encodeNpub,
  encodeNsec,
  fingerprint,
  parsePublicKey,
  parseSecretKey,
  publicKeyOf,
  secretKeyFromWords,
} from "./keys.ts";

// The examples of NIP-19, NIP-06 and NIP-49.
const publicKey = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";
const npub = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";
const secretKey = "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa";
const nsec = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
const ncryptsec =
  "ncryptsec1qgg9947rlpvqu76pj5ecreduf9jxhselq2nae2kghhvd5g7dgjtcxfqtd67p9m0w57lspw8gsq6yphnm8623nsl8xn9j4jdzz84zm3frztj3z7s35vpzmqf6ksu8r89qk5z2zxfmu5gv8th8wclt0h4p";

test("public keys are read in every form", () => {
  assert.equal(encodeNpub(publicKey), npub);
  assert.equal(decodeNpub(npub), publicKey);
  const profile = nprofileEncode({ pubkey: publicKey, relays: ["wss://relay.example"] });
  for (const text of [npub, ` ${npub.toUpperCase()}\n`, `nostr:${npub}`, publicKey, publicKey.toUpperCase()]) {
    assert.deepEqual(parsePublicKey(text), { publicKey, relays: [] });
  }
  assert.deepEqual(parsePublicKey(profile), { publicKey, relays: ["wss://relay.example"] });
});

test("what is no public key is refused", () => {
  const offCurve = "00".repeat(31) + "05";
  const wrong = [
    "",
    "x",
    nsec,
    noteEncode(publicKey),
    npub.replace("q", "p"),
    offCurve,
    encodeNpub(offCurve),
    "ff".repeat(32),
  ];
  for (const text of wrong) assert.throws(() => parsePublicKey(text), { code: "bad_public_key" }, text);
  assert.throws(() => decodeNpub(publicKey), { code: "bad_public_key" });
});

test("secret keys are read in every form", () => {
  assert.equal(encodeNsec(fromHex(secretKey)), nsec);
  for (const text of [nsec, ` ${nsec} `, secretKey, secretKey.toUpperCase()]) {
    assert.equal(toHex(parseSecretKey(text)), secretKey);
  }
});

test("what is no secret key is refused, and never repeated", () => {
  const mistyped = nsec.replace("9", "8");
  for (const text of ["", npub, mistyped, "00".repeat(32), "ff".repeat(32), secretKey.slice(2)]) {
    assert.throws(
      () => parseSecretKey(text),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "bad_secret_key");
        const shown = `${error.message} ${error.stack} ${String(error.cause)}`;
        assert.ok(text === "" || !shown.includes(text));
        return true;
      },
    );
  }
});

test("an encrypted key needs its password (NIP-49)", () => {
  assert.equal(
    toHex(parseSecretKey(ncryptsec, "nostr")),
    "3501454135014541350145413501453fefb02227e449e57cf4d3a3ce05378683",
  );
  assert.throws(() => parseSecretKey(ncryptsec), { code: "ncryptsec_password_needed" });
  assert.throws(() => parseSecretKey(ncryptsec, "Nostr"), { code: "cannot_open" });
  assert.throws(() => parseSecretKey(ncryptsec.slice(0, -1), "nostr"), { code: "bad_secret_key" });
});

test("an encrypted key cannot ask for all the memory", () => {
  const small = nip49.encrypt(fromHex(secretKey), "nostr", 8);
  assert.equal(toHex(parseSecretKey(small, "nostr")), secretKey);
  const payload = bech32.fromWords(bech32.decode(small, 5_000).words);
  payload[1] = 30;
  const greedy = bech32.encode("ncryptsec", bech32.toWords(payload), 5_000);
  assert.throws(() => parseSecretKey(greedy, "nostr"), { code: "bad_secret_key" });
});

test("words give the key of NIP-06", () => {
  const words = "leader monkey parrot ring guide accident before fence cannon height naive bean";
  const expected = "7f7ff03d123792d6ac594bfa67bf6d0c0ab55b6b1fdb6249303fe861f1ccba9a";
  assert.equal(toHex(secretKeyFromWords(words)), expected);
  assert.equal(toHex(secretKeyFromWords(`  ${words.toUpperCase().replaceAll(" ", "\n")} `)), expected);
  assert.equal(publicKeyOf(fromHex(expected)), "17162c921dc4d2518f9a101db33695df1afb56ab82f5ff3e5da6eec3ca5cd917");
  assert.throws(() => secretKeyFromWords(words.replace("bean", "leader")), { code: "bad_words" });
  assert.throws(() => secretKeyFromWords("leader"), { code: "bad_words" });
});

test("a fingerprint is five groups of five and differs from key to key", () => {
  assert.match(fingerprint(publicKey), /^([A-Z2-7]{5} ){4}[A-Z2-7]{5}$/);
  assert.equal(fingerprint(publicKey), "GEOVO PCC5G NSNDP WCHQ7 CRFTW");
  assert.notEqual(fingerprint(publicKey), fingerprint(publicKeyOf(new Uint8Array(32).fill(1))));
});
