import assert from "node:assert/strict";
import { argon2Sync, randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { argon2id as nobleArgon2id } from "@noble/hashes/argon2.js";
import { thirdPartyVectors } from "../../test/support/vectors.ts";
import { fromHex, toHex } from "../core/bytes.ts";
import { CodecError, CryptoError } from "../core/errors.ts";
import * as nodeProvider from "./provider.ts";
import * as browserProvider from "./provider-browser.ts";

type Provider = typeof nodeProvider;

interface Vector {
  readonly tcId: number;
  readonly result: "valid" | "acceptable" | "invalid";
  readonly flags: readonly string[];
  readonly [field: string]: unknown;
}
interface Group {
  readonly tests: readonly Vector[];
  readonly [field: string]: unknown;
}

const PROVIDERS: Record<string, Provider> = { "node:crypto": nodeProvider, noble: browserProvider };
const EMPTY = new Uint8Array(0);
const SEED = new Uint8Array(32).fill(9);

/** Each vector of a Wycheproof file in turn; `check` returns whether it applied, and most must. */
function forVectors(file: string, atLeast: number, check: (vector: Vector, group: Group) => boolean): () => void {
  return () => {
    const vectors = thirdPartyVectors(`wycheproof/${file}`) as { testGroups: Group[] };
    let applied = 0;
    for (const group of vectors.testGroups) {
      for (const vector of group.tests) if (check(vector, group)) applied++;
    }
    assert.ok(applied >= atLeast, `only ${applied} vectors applied`);
  };
}

function bytes(vector: Vector, field: string): Uint8Array {
  return fromHex(vector[field] as string);
}

function outcome(work: () => Uint8Array): string {
  try {
    return toHex(work());
  } catch (error) {
    assert.ok(error instanceof CodecError || error instanceof CryptoError, String(error));
    return "refused";
  }
}

const missing = (file: string): { skip: string } | object =>
  thirdPartyVectors(`wycheproof/${file}`) === null ? { skip: `${file} is missing` } : {};

for (const [name, provider] of Object.entries(PROVIDERS)) {
  describe(`primitives of ${name}`, () => {
    const aes = "aes_gcm_test.json";
    it(
      "agree with Wycheproof on AES-256-GCM",
      missing(aes),
      forVectors(aes, 60, (vector, group) => {
        if (group["keySize"] !== 256 || group["ivSize"] !== 96 || group["tagSize"] !== 128) return false;
        const key = provider.aesGcmKey(bytes(vector, "key"));
        const [nonce, message, aad] = [bytes(vector, "iv"), bytes(vector, "msg"), bytes(vector, "aad")];
        const sealed = fromHex(`${vector["ct"] as string}${vector["tag"] as string}`);
        const opened = new Uint8Array(message.length);
        const result = outcome(() => (key.openInto(opened, nonce, sealed, aad), opened));
        assert.equal(result, vector.result === "valid" ? vector["msg"] : "refused", `vector ${vector.tcId}`);
        if (vector.result === "valid") {
          const output = new Uint8Array(sealed.length);
          key.sealInto(output, nonce, message, aad);
          assert.equal(toHex(output), toHex(sealed));
        } else {
          assert.ok(
            opened.every((byte) => byte === 0),
            "released bytes of a forgery",
          );
        }
        return true;
      }),
    );

    const mac = "hmac_sha256_test.json";
    it(
      "agree with Wycheproof on HMAC-SHA-256",
      missing(mac),
      forVectors(mac, 100, (vector, group) => {
        const message = bytes(vector, "msg");
        const half = message.length >> 1;
        const tag = provider.hmac("sha256", bytes(vector, "key"), message.subarray(0, half), message.subarray(half));
        const same = toHex(tag).slice(0, (group["tagSize"] as number) / 4) === vector["tag"];
        assert.equal(same, vector.result === "valid", `vector ${vector.tcId}`);
        return true;
      }),
    );

    const kem = "mlkem_768_test.json";
    it(
      "agree with Wycheproof on ML-KEM-768",
      missing(kem),
      forVectors(kem, 190, (vector) => {
        const seed = bytes(vector, "seed");
        const ciphertext = bytes(vector, "c");
        // `hybrid-kem.ts` checks the ciphertext's length before it calls.
        if (ciphertext.length !== 1088) return true;
        const secret = outcome(() => {
          const key = provider.mlKem768SecretKey(seed);
          assert.equal(toHex(key.publicKey), vector["ek"]);
          return key.decapsulate(ciphertext);
        });
        assert.equal(secret, vector.result === "valid" ? vector["K"] : "refused", `vector ${vector.tcId}`);
        return true;
      }),
    );

    const x25519 = "x25519_test.json";
    it(
      "agree with Wycheproof on X25519, and refuse points of small order",
      missing(x25519),
      forVectors(x25519, 518, (vector) => {
        const secret = outcome(() =>
          provider.x25519Key(bytes(vector, "private")).sharedSecret(bytes(vector, "public")),
        );
        const expected = vector.flags.includes("ZeroSharedSecret") ? "refused" : vector["shared"];
        assert.equal(secret, expected, `vector ${vector.tcId}`);
        return true;
      }),
    );

    const ecdh = "ecdh_secp256k1_test.json";
    it(
      "agree with Wycheproof on secp256k1 ECDH",
      missing(ecdh),
      forVectors(ecdh, 480, (vector) => {
        const x = xCoordinate(vector["public"] as string);
        if (!x) return false;
        const padded = (vector["private"] as string).padStart(64, "0").slice(-64);
        const secret = outcome(() => provider.secp256k1Key(fromHex(padded)).sharedSecret(fromHex(x)));
        if (vector.result !== "invalid") assert.equal(secret, vector["shared"], `vector ${vector.tcId}`);
        // An invalid point may lie off the curve in y only; with x alone it is then some other, valid point.
        else assert.notEqual(secret, vector["shared"] || "none", `vector ${vector.tcId}`);
        return true;
      }),
    );

    const eddsa = "ed25519_test.json";
    it(
      "agree with Wycheproof on Ed25519",
      missing(eddsa),
      forVectors(eddsa, 150, (vector, group) => {
        const key = provider.ed25519VerifyingKey(fromHex((group["publicKey"] as { pk: string }).pk));
        const accepted = key.verify(bytes(vector, "msg"), bytes(vector, "sig"));
        assert.equal(accepted, vector.result === "valid", `vector ${vector.tcId}`);
        return true;
      }),
    );

    const mlDsa = "mldsa_65_verify_test.json";
    it(
      "agree with Wycheproof on ML-DSA-65 with an empty context, and take no signature with another",
      missing(mlDsa),
      forVectors(mlDsa, 205, (vector, group) => {
        const accepted = outcome(() => {
          const key = provider.mlDsa65VerifyingKey(fromHex(group["publicKey"] as string));
          return Uint8Array.of(key.verify(bytes(vector, "msg"), bytes(vector, "sig")) ? 1 : 0);
        });
        const expected = vector.result === "valid" && !vector["ctx"];
        assert.equal(accepted === "01", expected, `vector ${vector.tcId}`);
        return true;
      }),
    );

    it("refuse an x coordinate that is on no point, and one beyond the field", () => {
      const key = provider.secp256k1Key(fromHex("01".repeat(32)));
      for (const x of ["00".repeat(32), `${"00".repeat(31)}05`, "ff".repeat(32)]) {
        assert.throws(() => key.sharedSecret(fromHex(x)), { code: "bad_public_key" });
      }
    });

    it("refuse keys of a wrong length or out of range, also where bytes were only appended", () => {
      const tooLong = new Uint8Array(33).fill(7);
      const makers = [provider.x25519Key, provider.secp256k1Key, provider.mlKem768SecretKey];
      for (const make of [...makers, provider.ed25519SigningKey, provider.mlDsa65SigningKey]) {
        for (const secret of [EMPTY, tooLong, new Uint8Array(31).fill(7)]) {
          assert.throws(() => make(secret), { code: "bad_secret_key" });
        }
      }
      assert.throws(() => provider.secp256k1Key(new Uint8Array(32)), { code: "bad_secret_key" });
      const order = fromHex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
      assert.throws(() => provider.secp256k1Key(order), { code: "bad_secret_key" });
      order[31] = 0x40;
      const generatorX = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
      assert.equal(toHex(provider.secp256k1Key(order).publicKey), generatorX);
      const x25519Key = provider.x25519Key(tooLong.subarray(1));
      assert.throws(() => x25519Key.sharedSecret(tooLong), { code: "bad_public_key" });
      const { publicKey } = provider.mlKem768SecretKey(new Uint8Array(64));
      const outOfRange = publicKey.slice().fill(255, 0, 2);
      for (const key of [outOfRange, publicKey.subarray(1), new Uint8Array(1185)]) {
        assert.throws(() => provider.mlKem768PublicKey(key), { code: "bad_public_key" });
      }
      for (const key of [EMPTY, new Uint8Array(31), new Uint8Array(33), new Uint8Array(1951), new Uint8Array(1953)]) {
        assert.throws(() => provider.ed25519VerifyingKey(key), { code: "bad_public_key" });
        assert.throws(() => provider.mlDsa65VerifyingKey(key), { code: "bad_public_key" });
      }
    });
  });
}

describe("primitives in Node and in a browser", () => {
  it("have the same names", () => {
    assert.deepEqual(Object.keys(browserProvider).sort(), Object.keys(nodeProvider).sort());
  });

  it("give plain Uint8Arrays", () => {
    for (const provider of Object.values(PROVIDERS)) {
      const [ed25519, mlDsa] = [provider.ed25519SigningKey, provider.mlDsa65SigningKey].map((make) => make(SEED));
      const digests = [provider.sha256(EMPTY), provider.sha512(EMPTY), provider.hmac("sha512", EMPTY)];
      const signatures = [ed25519?.publicKey, ed25519?.sign(EMPTY), mlDsa?.publicKey, mlDsa?.sign(EMPTY)];
      for (const output of [...digests, provider.shake256(EMPTY, 8), ...signatures]) {
        assert.equal(Object.getPrototypeOf(output), Uint8Array.prototype);
      }
    }
  });

  it("hash alike", () => {
    for (const length of [0, 1, 31, 32, 63, 64, 65, 71, 72, 127, 128, 129, 135, 136, 137, 383, 384, 385, 1000]) {
      const data = new Uint8Array(randomBytes(length));
      const results = Object.values(PROVIDERS).map((provider) => [
        provider.sha256(data),
        provider.sha512(data),
        provider.sha3_256(data),
        provider.shake256(data, 96),
        provider.hmac("sha256", data, data),
        provider.hmac("sha512", data, data),
        provider.hmac("sha512", data.subarray(0, 128), data.subarray(0, 10), EMPTY, data.subarray(10)),
        provider.hmac("sha3-256", data, data, data),
      ]);
      assert.deepEqual(results[0], results[1]);
    }
  });

  it("agree on secrets with each other", () => {
    const seed = new Uint8Array(randomBytes(64));
    const [ours, theirs] = [nodeProvider, browserProvider] as const;
    for (const [sender, receiver] of [
      [ours, theirs],
      [theirs, ours],
    ] as const) {
      const kem = receiver.mlKem768SecretKey(seed);
      const { ciphertext, sharedSecret } = sender.mlKem768PublicKey(kem.publicKey).encapsulate();
      assert.deepEqual(kem.decapsulate(ciphertext), sharedSecret);
      for (const make of ["x25519Key", "secp256k1Key"] as const) {
        const [a, b] = [sender[make](seed.subarray(0, 32)), receiver[make](seed.subarray(32))];
        assert.deepEqual(a.sharedSecret(b.publicKey), b.sharedSecret(a.publicKey));
      }
    }
  });

  it("take each other's signatures, and none of another message or key", () => {
    const message = new Uint8Array(randomBytes(100));
    const signers = Object.values(PROVIDERS).map(({ ed25519SigningKey, mlDsa65SigningKey }) => {
      return [ed25519SigningKey(SEED), mlDsa65SigningKey(SEED)] as const;
    });
    const [native, portable] = signers;
    assert.deepEqual(
      native?.map((key) => key.publicKey),
      portable?.map((key) => key.publicKey),
    );
    for (const [ed25519, mlDsa65] of signers) {
      for (const { ed25519VerifyingKey, mlDsa65VerifyingKey } of Object.values(PROVIDERS)) {
        for (const [signer, open] of [
          [ed25519, ed25519VerifyingKey],
          [mlDsa65, mlDsa65VerifyingKey],
        ] as const) {
          const [key, signature] = [open(signer.publicKey), signer.sign(message)];
          assert.equal(key.verify(message, signature), true);
          assert.equal(key.verify(message.subarray(1), signature), false);
          assert.equal(open(new Uint8Array(signer.publicKey.length).fill(3)).verify(message, signature), false);
          for (const malformed of [EMPTY, signature.subarray(1), new Uint8Array(signature.length).fill(255)]) {
            assert.equal(key.verify(message, malformed), false);
          }
        }
      }
    }
  });

  it("stretch passwords alike", async () => {
    const cost = { memoryKiB: 256, passes: 2, lanes: 3 };
    const [message, salt] = [new Uint8Array(randomBytes(20)), new Uint8Array(randomBytes(32))];
    const stretched = await nodeProvider.argon2id(message, salt, cost, 64);
    assert.deepEqual(await browserProvider.argon2id(message, salt, cost, 64), stretched);
  });

  it("rest on Argon2id implementations that give the vector of RFC 9106 section 5.3", () => {
    const [message, nonce] = [new Uint8Array(32).fill(1), new Uint8Array(16).fill(2)];
    const [secret, associatedData] = [new Uint8Array(8).fill(3), new Uint8Array(12).fill(4)];
    const expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";
    const numbers = { parallelism: 4, tagLength: 32, memory: 32, passes: 3 };
    const native = argon2Sync("argon2id", { message, nonce, secret, associatedData, ...numbers });
    assert.equal(native.toString("hex"), expected);
    const options = { t: 3, m: 32, p: 4, dkLen: 32, key: secret, personalization: associatedData };
    assert.equal(toHex(nobleArgon2id(message, nonce, options)), expected);
  });
});

/** The x coordinate in a DER public key of the named curve, or null for DER of any other form. */
function xCoordinate(der: string): string | null {
  const full = "3056301006072a8648ce3d020106052b8104000a03420004";
  const compressed = /^3036301006072a8648ce3d020106052b8104000a0322000[23]/;
  if (der.startsWith(full) && der.length === 176) return der.slice(full.length, full.length + 64);
  return compressed.test(der) && der.length === 112 ? der.slice(-64) : null;
}
