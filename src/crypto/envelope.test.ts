import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { gcm } from "@noble/ciphers/aes.js";
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { XWing } from "@noble/post-quantum/hybrid.js";
import fc from "fast-check";
import { concatBytes, fromHex, toHex, utf8Encode } from "../core/bytes.ts";
import { CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { type EnvelopeKeys, type EnvelopeRecipient, openEnvelope, sealEnvelope } from "./envelope.ts";
import { createHybridKeyPair } from "./hybrid-kem.ts";

const VECTORS = JSON.parse(readFileSync(new URL("../../vectors/envelope.json", import.meta.url), "utf8")) as {
  keys: Record<"nostrSecretKey" | "nostrPublicKey" | "hybridSecretKey" | "hybridPublicKey", string>;
  valid: { name: string; suite: string; body: string; envelope: string }[];
  invalid: { name: string; envelope: string }[];
};

function person(nostrSecretKey: Uint8Array = secp256k1.utils.randomSecretKey()): {
  keys: EnvelopeKeys;
  address: Required<EnvelopeRecipient> & { readonly hybridPublicKey: Uint8Array };
} {
  const hybrid = createHybridKeyPair(randomBytes(32));
  const address = { nostrPublicKey: schnorr.getPublicKey(nostrSecretKey), hybridPublicKey: hybrid.publicKey };
  return { keys: { nostrSecretKey, hybrid }, address };
}

/** Opens by the page's definition, step for step, with noble alone. */
function openByDefinition(envelope: Uint8Array, { nostrSecretKey, hybrid }: EnvelopeKeys): Uint8Array {
  const kemBytes = envelope[1] === 2 ? 1120 : 0;
  const header = envelope.subarray(0, 34 + kemBytes);
  const [oneUse, kemCiphertext] = [header.subarray(2, 34), header.subarray(34)];
  const product = secp256k1.getSharedSecret(nostrSecretKey, concatBytes(Uint8Array.of(2), oneUse), true).subarray(1);
  const kemSecret = kemBytes > 0 ? XWing.decapsulate(kemCiphertext, hybrid.secretKey) : new Uint8Array(0);
  const info = concatBytes(header.subarray(1, 2), oneUse, schnorr.getPublicKey(nostrSecretKey), kemCiphertext);
  const kek = hkdf(sha512, concatBytes(product, kemSecret), utf8Encode("nocturne/envelope/v1"), info, 32);
  const wrapped = envelope.subarray(header.length, header.length + 60);
  const sessionKey = gcm(kek, wrapped.subarray(0, 12), header).decrypt(wrapped.subarray(12));
  const body = envelope.subarray(header.length + 60);
  return gcm(sessionKey, body.subarray(0, 12), header).decrypt(body.subarray(12));
}

describe("envelope", () => {
  const keys = {
    nostrSecretKey: fromHex(VECTORS.keys.nostrSecretKey),
    hybrid: createHybridKeyPair(fromHex(VECTORS.keys.hybridSecretKey)),
  };

  for (const { name, suite, body, envelope } of VECTORS.valid) {
    it(`opens the vector: ${name}`, () => {
      const opened = openEnvelope(fromHex(envelope), keys);
      assert.deepEqual([toHex(opened.body), opened.suite], [body, suite]);
    });
  }

  for (const { name, envelope } of VECTORS.invalid) {
    it(`refuses the vector: ${name}`, () => {
      assert.throws(() => openEnvelope(fromHex(envelope), keys), CryptoError);
    });
  }

  it("comes back for every body and both suites, and a second implementation opens it", () => {
    const { keys: own, address } = person();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.boolean(), (body, hybrid) => {
        const recipient = hybrid ? address : { nostrPublicKey: address.nostrPublicKey };
        const envelope = sealEnvelope(body, recipient);
        assert.equal(envelope.length, body.length + (hybrid ? 1242 : 122));
        assert.deepEqual(openEnvelope(envelope, own), { body, suite: hybrid ? "hybrid" : "elliptic-curve" });
        assert.deepEqual(openByDefinition(envelope, own), body);
      }),
      { numRuns: 20 },
    );
  });

  it("works for npubs whose secret key belongs to a point with odd y", () => {
    const parities = new Set<number>();
    for (let n = 1; parities.size < 2; n++) {
      const secret = fromHex(n.toString(16).padStart(64, "0"));
      parities.add(secp256k1.getPublicKey(secret, true)[0] as number);
      const { keys: own, address } = person(secret);
      assert.deepEqual(openEnvelope(sealEnvelope(Uint8Array.of(n), address), own).body, Uint8Array.of(n));
    }
  });

  it("shares nothing between two envelopes of one message", () => {
    const { address } = person();
    const body = new Uint8Array(40);
    const [one, two] = [sealEnvelope(body, address), sealEnvelope(body, address)];
    for (let start = 2; start + 16 <= one.length; start += 8) {
      assert.notDeepEqual(one.subarray(start, start + 16), two.subarray(start, start + 16));
    }
  });

  it("needs both secret keys under suite hybrid", () => {
    const [alice, eve] = [person(), person()];
    const envelope = sealEnvelope(Uint8Array.of(1), alice.address);
    const thieves = [
      eve.keys,
      { nostrSecretKey: alice.keys.nostrSecretKey, hybrid: eve.keys.hybrid },
      { nostrSecretKey: eve.keys.nostrSecretKey, hybrid: alice.keys.hybrid },
    ];
    for (const thief of thieves) assert.throws(() => openEnvelope(envelope, thief), CryptoError);
    assert.equal(openEnvelope(envelope, alice.keys).suite, "hybrid");
  });

  it("is refused after any change of a byte and any cut", () => {
    const { keys: own, address } = person();
    const short = sealEnvelope(Uint8Array.of(1, 2, 3), { nostrPublicKey: address.nostrPublicKey });
    for (let position = 0; position < short.length; position++) {
      assert.throws(() => openEnvelope(flipped(short, position), own), CryptoError, `byte ${position}`);
      assert.throws(() => openEnvelope(short.subarray(0, position), own), CryptoError, `cut at ${position}`);
    }
    const long = sealEnvelope(Uint8Array.of(1, 2, 3), address);
    fc.assert(
      fc.property(fc.nat(long.length - 1), (position) => {
        assert.throws(() => openEnvelope(flipped(long, position), own), CryptoError);
        assert.throws(() => openEnvelope(long.subarray(0, position), own), CryptoError);
      }),
      { numRuns: 150 },
    );
  });

  it("survives garbage", () => {
    const { keys: own } = person();
    const garbage = fc.tuple(fc.constantFrom(0, 1, 2, 3), fc.uint8Array({ maxLength: 1500 }));
    fc.assert(
      fc.property(garbage, ([suite, rest]) => {
        assert.throws(() => openEnvelope(concatBytes(Uint8Array.of(1, suite), rest), own), CryptoError);
      }),
      { numRuns: 100 },
    );
  });

  it("is not made for malformed keys", () => {
    const { address } = person();
    const bad: EnvelopeRecipient[] = [
      { nostrPublicKey: new Uint8Array(32).fill(255) },
      { nostrPublicKey: address.nostrPublicKey.subarray(1) },
      { ...address, hybridPublicKey: address.hybridPublicKey.subarray(1) },
      { ...address, hybridPublicKey: new Uint8Array(0) },
    ];
    for (const recipient of bad) {
      assert.throws(() => sealEnvelope(new Uint8Array(1), recipient), { code: "bad_public_key" });
    }
  });
});

function flipped(bytes: Uint8Array, position: number): Uint8Array {
  return bytes.with(position, (bytes[position] as number) ^ (1 << (position % 8)));
}
