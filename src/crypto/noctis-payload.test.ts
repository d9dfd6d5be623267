import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { NoctisPayloadSealer } from "../../test/support/noctis-sealer.ts";
import { concatBytes, fromHex, toHex, utf8Encode } from "../core/bytes.ts";
import { CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import type { ByteTransform } from "./chunked-stream.ts";
import { deriveKey } from "./key-derivation.ts";
import { NOCTIS_CHUNK_BYTES, NoctisPayloadOpener } from "./noctis-payload.ts";
import { openNoctis256, sealNoctis256 } from "./noctis256.ts";
import { PayloadOpener, PayloadSealer } from "./payload.ts";

type Name = "name" | "key" | "context" | "salt" | "prefix" | "plaintext" | "sealed";
const VECTORS = JSON.parse(readFileSync(new URL("../../vectors/noctis-payload.json", import.meta.url), "utf8")) as {
  payloads: (Readonly<Record<Name, string>> & { readonly sealedBytes: number })[];
};

const context = utf8Encode("test/v1");

function seal(key: Uint8Array, data: Uint8Array): Uint8Array {
  const sealer = new NoctisPayloadSealer(key, context);
  return concatBytes(sealer.header, sealer.update(data), sealer.finish());
}

/** The Noctis stream inside, as somebody sees it who holds the key of the outer payload alone. */
function unwrapOuter(key: Uint8Array, sealed: Uint8Array): Uint8Array {
  const opener = new PayloadOpener(deriveKey(key, "noctis-256/outer/v1"), context);
  return concatBytes(opener.update(sealed), opener.finish());
}

function wrapOuter(key: Uint8Array, stream: Uint8Array): Uint8Array {
  const sealer = new PayloadSealer(deriveKey(key, "noctis-256/outer/v1"), context);
  return concatBytes(sealer.header, sealer.update(stream), sealer.finish());
}

/** What comes of bytes that are handed over in pieces of one size. */
function inPieces(transform: ByteTransform, bytes: Uint8Array, pieceBytes: number): Uint8Array {
  const output: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = transform.update(bytes.subarray(at, at + pieceBytes));
    if (piece.length > 0) output.push(piece);
  }
  return concatBytes(...output, transform.finish());
}

function chunkNonce(prefix: Uint8Array, index: number): Uint8Array {
  return concatBytes(prefix, new Uint8Array(7), Uint8Array.of(index));
}

describe("noctis-256 payload", () => {
  for (const vector of VECTORS.payloads) {
    it(`gives the bytes of the vector "${vector.name}"`, (t) => {
      const draws = [fromHex(vector.salt), fromHex(vector.prefix)];
      const random = t.mock.method(crypto, "getRandomValues", (target: Uint8Array) => {
        target.set(draws.find((draw) => draw.length === target.length) as Uint8Array);
        return target;
      });
      const sealers = [2 ** 30, 1_000, 1].map((pieceBytes) => ({
        pieceBytes,
        sealer: new NoctisPayloadSealer(fromHex(vector.key), utf8Encode(vector.context)),
      }));
      random.mock.restore();
      const plaintext = vectorBytes(vector.plaintext);
      const all = sealers.map(({ sealer, pieceBytes }) =>
        concatBytes(sealer.header, inPieces(sealer, plaintext, pieceBytes)),
      );
      const [sealed, ...others] = all as [Uint8Array, ...Uint8Array[]];
      for (const other of others) assert.deepEqual(other, sealed);
      assert.equal(sealed.length, vector.sealedBytes);
      const sha256 = createHash("sha256").update(sealed).digest("hex");
      assert.equal(vector.sealed.startsWith("hex:") ? `hex:${toHex(sealed)}` : `sha256:${sha256}`, vector.sealed);
      for (const pieceBytes of [2 ** 30, 1_000, 1]) {
        const opener = new NoctisPayloadOpener(fromHex(vector.key), utf8Encode(vector.context));
        assert.deepEqual(inPieces(opener, sealed, pieceBytes), plaintext, `in pieces of ${pieceBytes}`);
      }
    });
  }

  it("is Noctis-256 chunks inside a Cobblestone-256 payload", () => {
    const key = randomBytes(32);
    const data = randomBytes(NOCTIS_CHUNK_BYTES + 100);
    const stream = unwrapOuter(key, seal(key, data));
    const [prefix, first, last] = [
      stream.subarray(0, 16),
      stream.subarray(16, 16 + NOCTIS_CHUNK_BYTES + 32),
      stream.subarray(16 + NOCTIS_CHUNK_BYTES + 32),
    ];
    const innerKey = deriveKey(key, "noctis-256/inner/v1", 64);
    const opened = [
      openNoctis256(innerKey, chunkNonce(prefix, 0), first),
      openNoctis256(innerKey, chunkNonce(prefix, 1), last),
    ];
    assert.deepEqual(concatBytes(...opened), data);
  });

  it("still hides and protects the content from one who broke the outer cipher", () => {
    const key = randomBytes(32);
    const data = new Uint8Array(2 * NOCTIS_CHUNK_BYTES).fill(65);
    const stream = unwrapOuter(key, seal(key, data));
    assert.ok(!toHex(stream).includes("41".repeat(8)));
    const chunkEnd = 16 + NOCTIS_CHUNK_BYTES + 32;
    const [first, second] = [stream.subarray(16, chunkEnd), stream.subarray(chunkEnd, 2 * chunkEnd - 16)];
    const forgeries = [
      stream.with(16, (stream[16] as number) ^ 1),
      stream.with(3, (stream[3] as number) ^ 1),
      stream.subarray(0, chunkEnd),
      stream.subarray(0, 2 * chunkEnd - 16),
      concatBytes(stream.subarray(0, 16), second, first, stream.subarray(2 * chunkEnd - 16)),
      stream.subarray(0, 10),
      new Uint8Array(0),
    ];
    for (const [n, forgery] of forgeries.entries()) {
      const opener = new NoctisPayloadOpener(key, context);
      const sealed = wrapOuter(key, forgery);
      assert.throws(() => concatBytes(opener.update(sealed), opener.finish()), CryptoError, `forgery ${n}`);
    }
  });

  it("does not open to one who broke Noctis-256 alone", () => {
    const key = randomBytes(32);
    const prefix = randomBytes(16);
    // The breaker can make Noctis streams at will, but not the payload around them.
    const forged = sealNoctis256(deriveKey(key, "noctis-256/inner/v1", 64), chunkNonce(prefix, 0), new Uint8Array(5));
    const sealed = seal(key, new Uint8Array(5));
    const spliced = concatBytes(sealed.subarray(0, 56), prefix, forged, sealed.subarray(-16));
    const opener = new NoctisPayloadOpener(key, context);
    assert.throws(() => concatBytes(opener.update(spliced), opener.finish()), CryptoError);
  });
});

function vectorBytes(text: string): Uint8Array {
  return text.startsWith("zeros:")
    ? new Uint8Array(Number(text.slice("zeros:".length)))
    : fromHex(text.slice("hex:".length));
}
