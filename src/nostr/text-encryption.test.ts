import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "@noble/hashes/sha2.js";
import * as nip44 from "nostr-tools/nip44";
import { thirdPartyVectors } from "../../test/support/vectors.ts";
import { fromHex, toHex, utf8Encode } from "../core/bytes.ts";
import { publicKeyOf } from "./keys.ts";
import { conversationKey, decryptText, encryptText, MAX_PLAINTEXT_BYTES } from "./text-encryption.ts";

type Case = Readonly<Record<string, string>>;
interface Vectors {
  readonly v2: {
    readonly valid: {
      readonly get_conversation_key: readonly Case[];
      readonly encrypt_decrypt: readonly Case[];
      readonly encrypt_decrypt_long_msg: readonly (Case & { readonly repeat: number })[];
      readonly calc_padded_len: readonly (readonly [number, number])[];
    };
    readonly invalid: {
      readonly get_conversation_key: readonly Case[];
      readonly decrypt: readonly Case[];
      readonly encrypt_msg_lengths: readonly number[];
    };
  };
}

const vectors = thirdPartyVectors("nip44/nip44.vectors.json") as Vectors | null;
const skip = vectors === null ? "the NIP-44 vectors are missing" : false;
const { valid, invalid } = (vectors?.v2 ?? {}) as Vectors["v2"];
const field = (vector: Case, name: string): string => vector[name] ?? assert.fail(`no ${name}`);

test("vectors: conversation keys", { skip }, () => {
  for (const vector of valid.get_conversation_key) {
    const key = conversationKey(fromHex(field(vector, "sec1")), field(vector, "pub2"));
    assert.equal(toHex(key), vector["conversation_key"]);
  }
  for (const vector of invalid.get_conversation_key) {
    const { sec1 = "", pub2 = "" } = vector;
    assert.throws(() => conversationKey(fromHex(sec1), pub2), { code: "cannot_open" }, vector["note"]);
  }
});

test("vectors: encryption and decryption", { skip }, () => {
  for (const vector of valid.encrypt_decrypt) {
    const [plaintext, payload] = [field(vector, "plaintext"), field(vector, "payload")];
    const key = conversationKey(fromHex(field(vector, "sec1")), publicKeyOf(fromHex(field(vector, "sec2"))));
    assert.equal(toHex(key), vector["conversation_key"]);
    assert.equal(nip44.encrypt(plaintext, key, fromHex(field(vector, "nonce"))), payload);
    assert.equal(decryptText(payload, key), plaintext);
  }
});

test("vectors: long texts", { skip }, () => {
  for (const vector of valid.encrypt_decrypt_long_msg) {
    const plaintext = field(vector, "pattern").repeat(vector.repeat);
    const key = fromHex(field(vector, "conversation_key"));
    const payload = nip44.encrypt(plaintext, key, fromHex(field(vector, "nonce")));
    assert.equal(toHex(sha256(utf8Encode(plaintext))), vector["plaintext_sha256"]);
    assert.equal(toHex(sha256(utf8Encode(payload))), vector["payload_sha256"]);
    assert.equal(decryptText(payload, key), plaintext);
  }
});

test("vectors: padding hides the length", { skip }, () => {
  const key = new Uint8Array(32).fill(1);
  for (const [length, padded] of valid.calc_padded_len) {
    if (length > MAX_PLAINTEXT_BYTES) continue;
    const bytes = Buffer.from(encryptText("x".repeat(length), key), "base64").length;
    assert.equal(bytes, 1 + 32 + 2 + padded + 32);
  }
});

test("vectors: what must not decrypt", { skip }, () => {
  for (const vector of invalid.decrypt) {
    const key = fromHex(field(vector, "conversation_key"));
    assert.throws(() => decryptText(field(vector, "payload"), key), { code: "cannot_open" }, vector["note"]);
  }
});

test("vectors: lengths that must not be encrypted", { skip }, () => {
  for (const length of invalid.encrypt_msg_lengths) {
    const code = length === 0 ? "text_empty" : "text_too_long";
    assert.throws(() => encryptText("x".repeat(length), new Uint8Array(32)), { code });
  }
});

test("every altered character is noticed, with the same error", () => {
  const key = new Uint8Array(32).fill(7);
  const payload = encryptText("attack at dawn", key);
  for (let i = 0; i < payload.length - 1; i++) {
    const altered = payload.slice(0, i) + (payload[i] === "A" ? "B" : "A") + payload.slice(i + 1);
    assert.throws(() => decryptText(altered, key), { code: "cannot_open" });
  }
  assert.throws(() => decryptText(payload, new Uint8Array(32)), { code: "cannot_open" });
  assert.throws(() => decryptText("A".repeat(10_000_000), key), { code: "cannot_open" });
});
