import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { concatBytes, fromHex } from "../core/bytes.ts";
import { CodecError, CryptoError, NocturneError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { createHybridKeyPair } from "./hybrid-kem.ts";
import { type KeySlot, openAsRecipient, openWithKey, openWithPassword, sealWithKey } from "./key-slots.ts";
import {
  authenticateSealedHeader,
  decodeSealedHeader,
  encodeSealedHeader,
  type SealedPurpose,
  type SealedSuite,
} from "./sealed-header.ts";

const VECTORS = JSON.parse(readFileSync(new URL("../../vectors/sealed-header.json", import.meta.url), "utf8")) as {
  fileKey: string;
  keys: {
    password: string;
    recovery: string;
    link: string;
    keyFile: string;
    recipient: { nostrSecretKey: string; hybridSecretKey: string };
  };
  valid: { name: string; purpose: string; suite: string; slotTypes: string[]; header: string }[];
  invalid: { name: string; failsAt: "decode" | "open" | "cost" | "authenticate"; header: string }[];
};

const recipientKeys = {
  nostrSecretKey: fromHex(VECTORS.keys.recipient.nostrSecretKey),
  hybrid: createHybridKeyPair(fromHex(VECTORS.keys.recipient.hybridSecretKey)),
};

/** What this one slot gives, alone, to who holds all keys of the vectors. */
async function openVectorSlot(slot: KeySlot): Promise<Uint8Array> {
  const { password, recovery, link, keyFile } = VECTORS.keys;
  if (slot.type === "password") return openWithPassword([slot], password);
  if (slot.type === "recipient") return openAsRecipient([slot], recipientKeys);
  return openWithKey([slot], slot.type, fromHex({ recovery, link, "key-file": keyFile }[slot.type]));
}

const fileKey = randomBytes(32);
const slots = (count: number): KeySlot[] =>
  Array.from({ length: count }, () => sealWithKey("recovery", fileKey, randomBytes(32)));
const passwordSlot: KeySlot = {
  type: "password",
  salt: randomBytes(32),
  cost: { memoryKiB: 8_192, passes: 1, lanes: 1 },
  wrapped: randomBytes(60),
};

describe("sealed header", () => {
  for (const { name, purpose, suite, slotTypes, header } of VECTORS.valid) {
    it(`opens the vector: ${name}`, async () => {
      const payload = randomBytes(100);
      const decoded = decodeSealedHeader(concatBytes(fromHex(header), payload));
      assert.deepEqual([decoded.purpose, decoded.suite], [purpose, suite]);
      assert.deepEqual(
        decoded.slots.map(({ type }) => type),
        slotTypes,
      );
      assert.deepEqual(decoded.encoded, fromHex(header));
      for (const slot of decoded.slots) {
        const key = await openVectorSlot(slot);
        assert.deepEqual(key, fromHex(VECTORS.fileKey));
        authenticateSealedHeader(decoded, key);
      }
      assert.deepEqual(encodeSealedHeader(decoded, fromHex(VECTORS.fileKey)), fromHex(header));
    });
  }

  for (const { name, failsAt, header } of VECTORS.invalid) {
    it(`refuses the vector: ${name} (${failsAt})`, async () => {
      const bytes = fromHex(header);
      if (failsAt === "decode") {
        assert.throws(() => decodeSealedHeader(bytes), { code: "bad_header", name: "CodecError" });
        return;
      }
      const decoded = decodeSealedHeader(bytes);
      if (failsAt === "cost") {
        for (const slot of decoded.slots) await assert.rejects(openVectorSlot(slot), { code: "argon2_cost" });
        return;
      }
      if (failsAt === "open") {
        for (const slot of decoded.slots) await assert.rejects(openVectorSlot(slot), CryptoError);
        if (name.endsWith("MAC right")) return;
      } else {
        for (const slot of decoded.slots) assert.deepEqual(await openVectorSlot(slot), fromHex(VECTORS.fileKey));
      }
      assert.throws(() => authenticateSealedHeader(decoded, fromHex(VECTORS.fileKey)), CryptoError);
    });
  }

  it("comes back for every purpose, suite and number of slots", () => {
    const purposes = fc.constantFrom<SealedPurpose>("file", "vault", "backup");
    const suites = fc.constantFrom<SealedSuite>("aes-256-gcm", "noctis-256");
    fc.assert(
      fc.property(purposes, suites, fc.integer({ min: 1, max: 20 }), (purpose, suite, count) => {
        const header = { purpose, suite, slots: slots(count) };
        const { encoded, ...decoded } = decodeSealedHeader(encodeSealedHeader(header, fileKey));
        assert.deepEqual(decoded, header);
        authenticateSealedHeader({ encoded, ...decoded }, fileKey);
      }),
      { numRuns: 40 },
    );
  });

  it("is refused after any change of a byte, any cut and with another key", () => {
    const encoded = encodeSealedHeader({ purpose: "file", suite: "aes-256-gcm", slots: slots(2) }, fileKey);
    const check = (bytes: Uint8Array, key: Uint8Array = fileKey) =>
      authenticateSealedHeader(decodeSealedHeader(bytes), key);
    check(encoded);
    for (let position = 0; position < encoded.length; position++) {
      for (const change of [1, 128]) {
        const changed = encoded.with(position, (encoded[position] as number) ^ change);
        assert.throws(() => check(changed), refusal, `byte ${position}`);
      }
      assert.throws(() => check(encoded.subarray(0, position)), refusal, `cut at ${position}`);
    }
    assert.throws(() => check(encoded, randomBytes(32)), CryptoError);
  });

  it("cannot be put together from two headers of the same key", () => {
    const [one, two] = [slots(1), slots(1)].map((part) =>
      encodeSealedHeader({ purpose: "file", suite: "aes-256-gcm", slots: part }, fileKey),
    ) as [Uint8Array, Uint8Array];
    const spliced = concatBytes(one.subarray(0, -32), two.subarray(-32));
    assert.throws(() => authenticateSealedHeader(decodeSealedHeader(spliced), fileKey), CryptoError);
  });

  it("is bounded in slots, password slots and bytes, written as read", () => {
    const encode = (part: KeySlot[]) =>
      encodeSealedHeader({ purpose: "vault", suite: "aes-256-gcm", slots: part }, fileKey);
    const bulky = Array.from({ length: 5 }, () => ({ type: "recipient", envelope: randomBytes(14_000) }) as const);
    for (const part of [[], slots(21), [passwordSlot, passwordSlot], bulky]) {
      assert.throws(() => encode(part), { code: "bad_header" });
    }
    encode(slots(20));
    encode([passwordSlot]);
    encode(bulky.slice(1));
    // Five slots whose lengths alone lead beyond 64 KiB are refused although the bytes are there.
    const fixed = encode(bulky.slice(1)).subarray(0, 8).with(7, 5);
    const slotBytes = concatBytes(Uint8Array.of(3, 14_000 >> 8, 14_000 & 255), randomBytes(14_000));
    const long = concatBytes(fixed, ...Array.from({ length: 5 }, () => slotBytes), randomBytes(32));
    assert.throws(() => decodeSealedHeader(long), { code: "bad_header" });
  });

  it("survives garbage", () => {
    const start = Uint8Array.from(Buffer.from("NOCT\x01\x01\x01"));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (garbage) => {
        for (const bytes of [garbage, concatBytes(start, garbage)]) {
          assert.throws(() => authenticateSealedHeader(decodeSealedHeader(bytes), fileKey), refusal);
        }
      }),
    );
  });
});

function refusal(error: unknown): boolean {
  assert.ok(error instanceof NocturneError);
  return error instanceof CodecError || error instanceof CryptoError;
}
