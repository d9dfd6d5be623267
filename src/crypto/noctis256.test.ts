import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { concatBytes, fromHex, toHex } from "../core/bytes.ts";
import { CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { noctis256Ctr, noctis256Mac, noctisRoundKeys, noctisSbox, openNoctis256, sealNoctis256 } from "./noctis256.ts";
import { stretchPassphrase } from "./passphrase.ts";

type Fields<Names extends string> = Readonly<Record<Names, string>>;

const VECTORS = JSON.parse(readFileSync(new URL("../../vectors/noctis256.json", import.meta.url), "utf8")) as {
  ctr: Fields<"Name" | "Key" | "Nonce" | "Plaintext" | "Ciphertext" | "Mac" | "RoundKey0" | "RoundKey19" | "Sbox">[];
  password: Fields<"Name" | "Password" | "Salt" | "Nonce" | "Plaintext" | "Sealed">[];
};

/** The published Argon2id cost of the password vectors, spelled out: they must not follow our default. */
const VECTOR_COST = { memoryKiB: 65_536, passes: 3, lanes: 4 };

describe("Noctis-256", () => {
  for (const vector of VECTORS.ctr) {
    it(`gives key schedule, S-box, ciphertext and MAC of ${vector.Name}`, () => {
      const [key, nonce] = [fromHex(vector.Key), fromHex(vector.Nonce)];
      const roundKeys = noctisRoundKeys(key);
      assert.equal(toHex(noctisSbox(key)), vector.Sbox);
      assert.equal(wordsToHex(roundKeys.subarray(0, 8)), vector.RoundKey0);
      assert.equal(wordsToHex(roundKeys.subarray(152)), vector.RoundKey19);
      const ciphertext = noctis256Ctr(key, nonce, vectorBytes(vector.Plaintext));
      assert.equal(vectorText(ciphertext, vector.Ciphertext), vector.Ciphertext);
      assert.deepEqual(noctis256Ctr(key, nonce, ciphertext), vectorBytes(vector.Plaintext));
      assert.equal(toHex(noctis256Mac(key, nonce, ciphertext)), vector.Mac);
      assert.equal(toHex(sealNoctis256(key, nonce, vectorBytes(vector.Plaintext)).subarray(-32)), vector.Mac);
    });
  }

  for (const vector of VECTORS.password) {
    it(`seals and opens ${vector.Name}`, async () => {
      const key = await stretchPassphrase(vector.Password, fromHex(vector.Salt), VECTOR_COST, 64);
      const nonce = fromHex(vector.Nonce);
      assert.equal(toHex(sealNoctis256(key, nonce, fromHex(vector.Plaintext))), vector.Sealed);
      assert.equal(toHex(openNoctis256(key, nonce, fromHex(vector.Sealed))), vector.Plaintext);
    });
  }

  it("agrees with a slow, byte-wise implementation", () => {
    const sized = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    fc.assert(
      fc.property(sized(64), sized(24), fc.uint8Array({ maxLength: 200 }), (key, nonce, data) => {
        assert.deepEqual(noctis256Ctr(key, nonce, data), slowCtr(key, nonce, data));
      }),
      { numRuns: 40 },
    );
  });

  it("shuffles the S-box as the plain algorithm does", () => {
    for (let i = 0; i < 200; i++) {
      const key = randomBytes(64);
      assert.deepEqual(noctisSbox(key), plainShuffle(key));
    }
  });

  it("touches the same entries in the same order for every key while it shuffles", (t) => {
    const traceOf = (shuffle: (key: Uint8Array) => unknown, key: Uint8Array): string => {
      let trace = "";
      const box = new Proxy(
        Uint8Array.from({ length: 256 }, (_, i) => i),
        {
          get: (target, at) => ((trace += `r${String(at)} `), target[Number(at)]),
          set: (target, at, value: number) => ((trace += `w${String(at)} `), (target[Number(at)] = value), true),
        },
      );
      const from = t.mock.method(Uint8Array, "from", () => box);
      shuffle(key);
      from.mock.restore();
      return trace;
    };
    const [one, other] = [randomBytes(64), randomBytes(64)];
    assert.ok(traceOf(noctisSbox, one).length > 100_000);
    assert.equal(traceOf(noctisSbox, one), traceOf(noctisSbox, other));
    // The plain algorithm does tell.
    assert.notEqual(traceOf(plainShuffle, one), traceOf(plainShuffle, other));
  });

  it("does not open after any change, cut or with another key or nonce", () => {
    const [key, nonce] = [randomBytes(64), randomBytes(24)];
    const sealed = sealNoctis256(key, nonce, Uint8Array.of(1, 2, 3, 4, 5));
    for (let position = 0; position < sealed.length; position++) {
      const changed = sealed.slice();
      changed[position] = (changed[position] as number) ^ 1;
      assert.throws(() => openNoctis256(key, nonce, changed), CryptoError);
      assert.throws(() => openNoctis256(key, nonce, sealed.subarray(0, position)), CryptoError);
    }
    assert.throws(() => openNoctis256(key, nonce, concatBytes(sealed, Uint8Array.of(0))), CryptoError);
    assert.throws(() => openNoctis256(randomBytes(64), nonce, sealed), CryptoError);
    assert.throws(() => openNoctis256(key, randomBytes(24), sealed), CryptoError);
  });

  it("refuses keys and nonces of another size", () => {
    const data = new Uint8Array(10);
    assert.throws(() => noctis256Ctr(new Uint8Array(32), new Uint8Array(24), data), { code: "key_size" });
    assert.throws(() => noctis256Ctr(new Uint8Array(64), new Uint8Array(12), data), { code: "nonce_size" });
  });
});

/** The S-box by its definition. */
function plainShuffle(key: Uint8Array): Uint8Array {
  const box = Uint8Array.from({ length: 256 }, (_, i) => i);
  let draws = createHash("sha3-256").update(key).update("sbox").digest();
  for (let i = 255; i > 0; i--) {
    const used = (255 - i) % 32;
    if (i < 255 && used === 0) draws = createHash("sha3-256").update(draws).digest();
    const j = (draws[used] as number) % (i + 1);
    const swapped = box[i] as number;
    box[i] = box[j] as number;
    box[j] = swapped;
  }
  return box;
}

/** The definition, byte for byte: the oracle for the fast one. */
function slowCtr(key: Uint8Array, nonce: Uint8Array, data: Uint8Array): Uint8Array {
  const box = noctisSbox(key);
  const roundKeys = fromHex(wordsToHex(noctisRoundKeys(key)));
  return data.map((byte, position) => {
    const block = new Uint8Array(32);
    block.set(nonce);
    new DataView(block.buffer).setBigUint64(24, BigInt(position >> 5));
    return byte ^ (slowEncrypt(block, box, roundKeys)[position & 31] as number);
  });
}

function slowEncrypt(block: Uint8Array, box: Uint8Array, roundKeys: Uint8Array): Uint8Array {
  let state = block;
  for (let r = 0; r < 20; r++) {
    const next = new Uint8Array(32);
    for (let i = 0; i < 32; i++) next[(i + 5 * r + 1) % 32] = box[state[i] as number] as number;
    for (let i = 0; i < 32; i++) next[i] = (next[i] as number) ^ (roundKeys[32 * r + i] as number);
    let carry = 0;
    for (let i = 15; i >= 0; i--) {
      const sum = (next[i] as number) + (next[i + 16] as number) + carry;
      next[i] = sum & 255;
      carry = sum >> 8;
    }
    state = next;
  }
  return state;
}

/** Long vectors are abbreviated: `zeros:<length>` for a plaintext, `sha3-256:<hex>` for a ciphertext. */
function vectorBytes(text: string): Uint8Array {
  return text.startsWith("zeros:") ? new Uint8Array(Number(text.slice("zeros:".length))) : fromHex(text);
}

function vectorText(bytes: Uint8Array, like: string): string {
  if (!like.startsWith("sha3-256:")) return toHex(bytes);
  return `sha3-256:${createHash("sha3-256").update(bytes).digest("hex")}`;
}

function wordsToHex(words: Int32Array): string {
  return Array.from(words, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}
