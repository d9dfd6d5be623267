import assert from "node:assert/strict";
import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { test } from "node:test";
import { i2pHost, i2pSecret } from "./destination.ts";

const seed = Uint8Array.from({ length: 32 }, (_, i) => i);

test("a private key has the places that I2P gives them, and its address is the hash of what is public", () => {
  const bytes = Buffer.from(i2pSecret(seed).replaceAll("-", "+").replaceAll("~", "/"), "base64");
  assert.equal(bytes.length, 384 + 7 + 256 + 32);
  assert.deepEqual([...bytes.subarray(384, 391)], [5, 0, 4, 0, 7, 0, 0], "Ed25519, in a key certificate");
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const publicKey = createPublicKey(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }));
  assert.deepEqual(bytes.subarray(352, 384), publicKey.export({ format: "der", type: "spki" }).subarray(-32));
  assert.deepEqual(bytes.subarray(-32), Buffer.from(seed));
  const bits = [...createHash("sha256").update(bytes.subarray(0, 391)).digest()]
    .map((byte) => byte.toString(2).padStart(8, "0"))
    .join("");
  const text = Array.from({ length: 52 }, (_, i) => {
    return "abcdefghijklmnopqrstuvwxyz234567"[Number.parseInt(bits.slice(5 * i, 5 * i + 5).padEnd(5, "0"), 2)];
  }).join("");
  assert.equal(i2pHost(seed), `${text}.b32.i2p`);
});

test("what is public tells nothing of the seed's other uses, and another seed has another address", () => {
  const bytes = Buffer.from(i2pSecret(seed).replaceAll("-", "+").replaceAll("~", "/"), "base64");
  assert.equal(bytes.subarray(0, 391).indexOf(seed.subarray(0, 8)), -1);
  assert.notDeepEqual(bytes.subarray(0, 32), bytes.subarray(391, 423));
  assert.notEqual(i2pHost(seed), i2pHost(seed.toReversed()));
  assert.throws(() => i2pHost(seed.subarray(1)), RangeError);
});
