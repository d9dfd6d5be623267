import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { concatBytes } from "../core/bytes.ts";
import { CodecError, CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { createHybridKeyPair } from "./hybrid-kem.ts";
import { decodeSlot, encodeSlot } from "./key-slot-format.ts";
import {
  type KeySlot,
  openAsRecipient,
  openWithKey,
  openWithPassword,
  sealForRecipient,
  sealWithKey,
  sealWithPassword,
} from "./key-slots.ts";
import { secp256k1Key } from "./provider.ts";

const cheap = { memoryKiB: 8_192, passes: 1, lanes: 1 };
const fileKey = randomBytes(32);
const secret = randomBytes(32);

function person() {
  const keys = { nostrSecretKey: randomBytes(32), hybrid: createHybridKeyPair(randomBytes(32)) };
  const nostrPublicKey = secp256k1Key(keys.nostrSecretKey).publicKey;
  return { keys, address: { nostrPublicKey, hybridPublicKey: keys.hybrid.publicKey } };
}

describe("key slots", () => {
  it("each give the same key back", async () => {
    const { keys, address } = person();
    const slots: KeySlot[] = [
      await sealWithPassword(fileKey, "correct horse", cheap),
      sealWithKey("recovery", fileKey, secret),
      sealWithKey("link", fileKey, secret),
      sealWithKey("key-file", fileKey, secret),
      sealForRecipient(fileKey, address),
    ];
    assert.deepEqual(await openWithPassword(slots, "correct horse"), fileKey);
    for (const type of ["recovery", "link", "key-file"] as const) {
      assert.deepEqual(openWithKey(slots, type, secret), fileKey);
    }
    assert.deepEqual(openAsRecipient(slots, keys), fileKey);
  });

  it("stay closed to a wrong password, secret or person, and where there is none of the type", async () => {
    const slots = [
      await sealWithPassword(fileKey, "correct horse", cheap),
      sealWithKey("recovery", fileKey, secret),
      sealForRecipient(fileKey, person().address),
    ];
    for (const wrong of ["correct hors", "Correct horse", "correct horse ", ""]) {
      await assert.rejects(openWithPassword(slots, wrong), CryptoError);
    }
    await assert.rejects(openWithPassword([], "correct horse"), CryptoError);
    assert.throws(() => openWithKey(slots, "recovery", randomBytes(32)), CryptoError);
    assert.throws(() => openWithKey(slots, "link", secret), CryptoError);
    assert.throws(() => openAsRecipient(slots, person().keys), CryptoError);
  });

  it("are found among several of one type", () => {
    const [alice, bob] = [person(), person()];
    const other = randomBytes(32);
    const slots = [
      sealForRecipient(fileKey, alice.address),
      sealForRecipient(fileKey, { nostrPublicKey: bob.address.nostrPublicKey }),
      sealWithKey("link", fileKey, other),
      sealWithKey("link", fileKey, secret),
    ];
    assert.deepEqual(openAsRecipient(slots, bob.keys), fileKey);
    assert.deepEqual(openWithKey(slots, "link", secret), fileKey);
  });

  it("tell a useless key of our own from a slot that is closed to us", () => {
    const { keys, address } = person();
    const broken = { ...keys, nostrSecretKey: new Uint8Array(32) };
    assert.throws(() => openAsRecipient([sealForRecipient(fileKey, address)], broken), { code: "bad_secret_key" });
  });

  it("cannot pass for another type, even with the same secret", () => {
    const slot = sealWithKey("recovery", fileKey, secret);
    const relabelled: KeySlot = { ...slot, type: "link" };
    assert.throws(() => openWithKey([relabelled], "link", secret), CryptoError);
  });

  it("stay closed if any part of a password slot was altered", async () => {
    const slot = await sealWithPassword(fileKey, "correct horse", cheap);
    const altered: KeySlot[] = [
      { ...slot, salt: slot.salt.with(0, (slot.salt[0] as number) ^ 1) },
      { ...slot, cost: { ...cheap, passes: 2 } },
      { ...slot, cost: { ...cheap, lanes: 2 } },
      { ...slot, cost: { ...cheap, memoryKiB: 8_193 } },
      { ...slot, wrapped: slot.wrapped.with(59, (slot.wrapped[59] as number) ^ 1) },
    ];
    for (const bad of altered) await assert.rejects(openWithPassword([bad], "correct horse"), CryptoError);
    const forged: KeySlot = { ...slot, cost: { memoryKiB: 2 ** 32 - 1, passes: 255, lanes: 255 } };
    await assert.rejects(openWithPassword([forged], "correct horse"), { code: "argon2_cost" });
  });
});

describe("key slot format", () => {
  const sized = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const wrapped = sized(60);
  const plain = { noNullPrototype: true } as const;
  const cost = fc.record({ memoryKiB: fc.nat(2 ** 32 - 1), passes: fc.nat(255), lanes: fc.nat(255) }, plain);
  const anySlot: fc.Arbitrary<KeySlot> = fc.oneof(
    fc.record({ type: fc.constant("password" as const), salt: sized(32), cost, wrapped }, plain),
    fc.record({ type: fc.constantFrom("recovery" as const, "link" as const, "key-file" as const), wrapped }, plain),
    fc.record({ type: fc.constant("recipient" as const), envelope: fc.uint8Array({ maxLength: 2_000 }) }, plain),
  );

  it("reads what it wrote, wherever it stands", () => {
    fc.assert(
      fc.property(anySlot, fc.uint8Array({ maxLength: 20 }), (slot, before) => {
        const encoded = encodeSlot(slot);
        const { slot: decoded, next } = decodeSlot(concatBytes(before, encoded, before), before.length);
        assert.deepEqual(decoded, slot);
        assert.equal(next, before.length + encoded.length);
      }),
    );
  });

  it("reads bytes in one way only, or refuses them", () => {
    fc.assert(
      fc.property(fc.tuple(fc.integer({ min: 0, max: 7 }), fc.uint8Array({ maxLength: 200 })), ([type, body]) => {
        for (const size of [body.length, 60, 98]) {
          const bytes = concatBytes(Uint8Array.of(type, size >> 8, size & 255), body);
          try {
            const { slot, next } = decodeSlot(bytes, 0);
            assert.deepEqual(encodeSlot(slot), bytes.slice(0, next));
          } catch (error) {
            assert.ok(error instanceof CodecError && error.code === "bad_header", String(error));
          }
        }
      }),
    );
  });
});
