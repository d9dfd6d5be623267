import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it, type TestContext } from "node:test";
import { inflateSync } from "node:zlib";
import { thirdPartyVectors } from "../../test/support/vectors.ts";
import { concatBytes, fromHex, toHex } from "../core/bytes.ts";
import { CryptoError } from "../core/errors.ts";
import { derivePayloadKeys, PAYLOAD_HEADER_BYTES, PayloadOpener, PayloadSealer, payloadChunkNonce } from "./payload.ts";

interface ChunkedVector {
  readonly tcId: number;
  readonly key: string;
  readonly ctx: string;
  /** zlib-compressed ciphertext. */
  readonly ct: string;
  readonly aeadKey?: string;
  readonly baseNonce?: string;
  readonly msgLength?: number;
  readonly msgSha512?: string;
  readonly result: "valid" | "invalid";
  readonly flags: readonly string[];
}

const FILE = "wycheproof/c2sp_chunked_encryption_aes_256_gcm_test.json";

function loadVectors(t: TestContext): ChunkedVector[] {
  const vectors = thirdPartyVectors(FILE) as { testGroups: { tests: ChunkedVector[] }[] } | null;
  if (!vectors) t.skip(`${FILE} is missing`);
  return vectors?.testGroups.flatMap((group) => group.tests) ?? [];
}

/** Feeds pieces of one size; returns what was released, and whether the end was reached without an error. */
function openInPieces(vector: ChunkedVector, pieceBytes: number): { released: Uint8Array; complete: boolean } {
  const opener = new PayloadOpener(fromHex(vector.key), fromHex(vector.ctx));
  const sealed = new Uint8Array(inflateSync(fromHex(vector.ct)));
  const released: Uint8Array[] = [];
  try {
    for (let start = 0; start < sealed.length; start += pieceBytes) {
      const piece = opener.update(sealed.subarray(start, start + pieceBytes));
      if (piece.length > 0) released.push(piece);
    }
    released.push(opener.finish());
    return { released: concatBytes(...released), complete: true };
  } catch (error) {
    assert.ok(error instanceof CryptoError, String(error));
    assert.throws(() => opener.update(new Uint8Array(1)), CryptoError, "must keep failing");
    assert.throws(() => opener.finish(), CryptoError, "must keep failing");
    return { released: concatBytes(...released), complete: false };
  }
}

const sha512 = (data: Uint8Array): string => createHash("sha512").update(data).digest("hex");

describe("Cobblestone-256 payload", () => {
  for (const [name, pieceBytes] of [
    ["whole", 2 ** 30],
    ["in pieces of 1,000 bytes", 1_000],
    ["sealed chunk by sealed chunk", 16_400],
    ["byte by byte", 1],
  ] as const) {
    it(`agrees with Wycheproof, read ${name}`, (t) => {
      for (const vector of loadVectors(t)) {
        const { released, complete } = openInPieces(vector, pieceBytes);
        assert.equal(complete, vector.result === "valid", `vector ${vector.tcId}`);
        const authentic = complete || vector.flags.includes("PartialPlaintext") ? vector : undefined;
        // A bad chunk fails the whole call, with the good ones that came in the same piece; smaller pieces must
        // release exactly the authentic beginning of a bad stream.
        if (released.length === 0 && !complete && pieceBytes > 16_400) continue;
        assert.equal(released.length, authentic?.msgLength ?? 0, `vector ${vector.tcId}`);
        if (authentic) assert.equal(sha512(released), authentic.msgSha512, `vector ${vector.tcId}`);
      }
    });
  }

  it("seals to exactly the bytes of Wycheproof, given the same salt", (t) => {
    for (const vector of loadVectors(t).filter(({ result }) => result === "valid")) {
      const sealed = new Uint8Array(inflateSync(fromHex(vector.ct)));
      const { released } = openInPieces(vector, 2 ** 30);
      const draw = t.mock.method(crypto, "getRandomValues", (target: Uint8Array) => {
        target.set(sealed.subarray(0, target.length));
        return target;
      });
      const sealer = new PayloadSealer(fromHex(vector.key), fromHex(vector.ctx));
      draw.mock.restore();
      const again = concatBytes(sealer.header, sealer.update(released), sealer.finish());
      assert.equal(sha512(again), sha512(sealed), `vector ${vector.tcId}`);
    }
  });

  it("derives the keys that Wycheproof lists", (t) => {
    for (const vector of loadVectors(t)) {
      const header = new Uint8Array(inflateSync(fromHex(vector.ct))).subarray(0, PAYLOAD_HEADER_BYTES);
      const derive = () => derivePayloadKeys(fromHex(vector.key), fromHex(vector.ctx), header);
      if (vector.flags.includes("HeaderFailure")) assert.throws(derive, CryptoError, `vector ${vector.tcId}`);
      else {
        const { aeadKey, baseNonce } = derive();
        assert.deepEqual([toHex(aeadKey), toHex(baseNonce)], [vector.aeadKey, vector.baseNonce]);
      }
    }
  });

  it("numbers chunks in the last five bytes of the nonce, and ends at 2^38 chunks", () => {
    const base = fromHex("000102030405060708090aff");
    const nonce = (index: number) => toHex(payloadChunkNonce(base, index));
    assert.equal(nonce(0), "000102030405060708090aff");
    assert.equal(nonce(1), "000102030405060708090afe");
    assert.equal(nonce(0x100), "000102030405060708090bff");
    assert.equal(nonce(0xffff_ffff), "0001020304050607f7f6f500");
    assert.equal(nonce(2 ** 32), "000102030405060608090aff");
    assert.equal(nonce(2 ** 38 - 1), "0001020304050638f7f6f500");
    assert.throws(() => payloadChunkNonce(base, 2 ** 38), { code: "payload_too_large" });
    assert.equal(toHex(base), "000102030405060708090aff");
  });

  it("refuses to seal under a key of another size", () => {
    for (const size of [0, 16, 31, 33, 64]) {
      assert.throws(() => new PayloadSealer(new Uint8Array(size), new Uint8Array(0)), { code: "key_size" });
    }
  });
});
