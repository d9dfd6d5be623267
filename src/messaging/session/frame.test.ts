import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { base64 } from "@scure/base";
import { fromHex, utf8Encode } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { SESSION_LIMITS } from "../../core/limits.ts";
import { encryptText } from "../../nostr/text-encryption.ts";
import { frameKeysOf, isSealedFor, openFrame, readPayload, sealFrame } from "./frame.ts";

const keys = frameKeysOf(new Uint8Array(32).fill(1));
const others = frameKeysOf(new Uint8Array(32).fill(2));
const device = "ab".repeat(32);
const to = fromHex(device);

function payloadOf(content: string): Uint8Array {
  const payload = readPayload(content);
  assert.ok(payload);
  return payload;
}

test("what is sealed comes out, for that device and epoch only", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), (body) => {
      const payload = payloadOf(sealFrame(keys, device, body));
      assert.equal(isSealedFor(payload, keys, to), true);
      assert.deepEqual(openFrame(payload, keys, to), body);
      const stranger = fromHex("cd".repeat(32));
      assert.equal(isSealedFor(payload, keys, stranger), false);
      assert.equal(isSealedFor(payload, others, to), false);
      assert.throws(() => openFrame(payload, keys, stranger), CryptoError);
      assert.throws(() => openFrame(payload, others, to), CryptoError);
    }),
  );
});

test("the attack: no altered byte passes", () => {
  const payload = payloadOf(sealFrame(keys, device, utf8Encode("hello")));
  for (const at of payload.keys()) {
    const altered = payload.with(at, (payload[at] ?? 0) ^ 1);
    assert.throws(() => openFrame(altered, keys, to), CryptoError, `byte ${at}`);
  }
});

test("from outside a frame is a NIP-44 payload: the same first byte and the same sizes", () => {
  const sizes = new Set<number>();
  const wraps = new Set<number>();
  for (let bytes = 1; bytes < 2_000; bytes++) {
    const frame = base64.decode(sealFrame(keys, device, new Uint8Array(bytes)));
    assert.equal(frame[0], base64.decode(encryptText("x", new Uint8Array(32).fill(3)))[0]);
    sizes.add(frame.length);
    wraps.add(base64.decode(encryptText("x".repeat(bytes), new Uint8Array(32).fill(3))).length);
  }
  assert.deepEqual([...sizes].slice(0, -1), [...wraps].slice(0, sizes.size - 1));
});

test("what is no frame is told apart before anything is computed; what is too large is not sealed", () => {
  for (const content of ["", "{}", "AA==", "Ag==", "not base64!", base64.encode(new Uint8Array(60).fill(3))]) {
    assert.equal(readPayload(content), null);
  }
  const tooLarge = new Uint8Array(SESSION_LIMITS.frameBytes + 1);
  assert.throws(() => sealFrame(keys, device, tooLarge), { code: "frame_too_large" });
  const largest = sealFrame(keys, device, tooLarge.subarray(1));
  assert.ok(largest.length < 64_000, "the largest frame fits an event");
});
