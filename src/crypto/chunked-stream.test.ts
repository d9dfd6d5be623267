/** One suite for everything that seals a stream in chunks, run on each suite of sealed files. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NoctisPayloadSealer } from "../../test/support/noctis-sealer.ts";
import fc from "fast-check";
import { concatBytes, utf8Encode } from "../core/bytes.ts";
import { CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import type { ByteTransform } from "./chunked-stream.ts";
import { NOCTIS_CHUNK_BYTES, NoctisPayloadOpener, sealedNoctisPayloadBytes } from "./noctis-payload.ts";
import { PAYLOAD_CHUNK_BYTES, PayloadOpener, PayloadSealer, sealedPayloadBytes } from "./payload.ts";

const SUITES = [
  {
    name: "aes-256-gcm",
    Sealer: PayloadSealer,
    Opener: PayloadOpener,
    chunkBytes: PAYLOAD_CHUNK_BYTES,
    sealedBytes: sealedPayloadBytes,
  },
  {
    name: "noctis-256",
    Sealer: NoctisPayloadSealer,
    Opener: NoctisPayloadOpener,
    chunkBytes: NOCTIS_CHUNK_BYTES,
    sealedBytes: sealedNoctisPayloadBytes,
  },
];

const SEALED_CHUNK_BYTES = PAYLOAD_CHUNK_BYTES + 16;
const key = randomBytes(32);
const context = utf8Encode("test/v1");

/** Pumps `data` through in pieces whose sizes repeat in a cycle. */
function pump(transform: ByteTransform, data: Uint8Array, sizes: readonly number[]): Uint8Array {
  const output: Uint8Array[] = [];
  for (let start = 0, turn = 0; start < data.length; turn++) {
    const size = sizes[turn % sizes.length] as number;
    const ready = transform.update(data.subarray(start, start + size));
    if (ready.length > 0) output.push(ready);
    start += size;
  }
  return concatBytes(...output, transform.finish());
}

for (const { name, Sealer, Opener, chunkBytes, sealedBytes } of SUITES) {
  const seal = (data: Uint8Array, sizes: readonly number[] = [data.length || 1]): Uint8Array => {
    const sealer = new Sealer(key, context);
    return concatBytes(sealer.header, pump(sealer, data, sizes));
  };
  const open = (sealed: Uint8Array, sizes: readonly number[] = [sealed.length || 1]): Uint8Array =>
    pump(new Opener(key, context), sealed, sizes);

  describe(`sealed streams, suite ${name}`, () => {
    it("come back whole for every size around a chunk, with the predicted length", () => {
      const sizes = [0, 1, 100, chunkBytes - 1, chunkBytes, chunkBytes + 1, 2 * chunkBytes, 3 * chunkBytes + 7];
      for (const size of sizes) {
        const data = randomBytes(size);
        const sealed = seal(data);
        assert.equal(sealed.length, sealedBytes(size));
        assert.deepEqual(open(sealed), data);
      }
    });

    it("do not depend on how the bytes arrive, on either side", () => {
      const pieces = fc.array(fc.integer({ min: 1, max: 3 * chunkBytes }), { minLength: 1, maxLength: 5 });
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 3 * chunkBytes }), pieces, pieces, (size, sealSizes, openSizes) => {
          const data = randomBytes(size);
          assert.deepEqual(open(seal(data, sealSizes), openSizes), data);
        }),
        { numRuns: 25 },
      );
    });

    it("may be sealed and opened byte by byte, and with empty pieces between", () => {
      const data = randomBytes(chunkBytes + 10);
      assert.deepEqual(open(seal(data, [1, 0]), [0, 1]), data);
    });

    it("use another header each time", () => {
      assert.notDeepEqual(seal(new Uint8Array(10)), seal(new Uint8Array(10)));
    });

    it("are refused with another key or context", () => {
      const sealed = seal(randomBytes(100));
      for (const opener of [new Opener(randomBytes(32), context), new Opener(key, utf8Encode("test/v2"))]) {
        assert.throws(() => pump(opener, sealed, [sealed.length]), CryptoError);
      }
    });

    it("are refused after any change of a byte", () => {
      const small = seal(Uint8Array.of(1, 2, 3));
      for (let position = 0; position < small.length; position++) {
        assert.throws(() => open(flipped(small, position)), CryptoError, `byte ${position}`);
      }
      const large = seal(randomBytes(2 * chunkBytes + 5));
      fc.assert(
        fc.property(fc.nat(large.length - 1), (position) => {
          assert.throws(() => open(flipped(large, position)), CryptoError);
        }),
        { numRuns: 40 },
      );
    });

    it("are refused after any cut, between two chunks as anywhere else", () => {
      const sealed = seal(randomBytes(2 * chunkBytes));
      const boundaries = Array.from({ length: 10 }, (_, k) => 56 + k * SEALED_CHUNK_BYTES);
      const cuts = [...boundaries.flatMap((at) => [at - 1, at, at + 1, at + 15, at + 16, at + 17]), sealed.length - 1];
      for (const cut of cuts.filter((at) => at < sealed.length)) {
        assert.throws(() => open(sealed.subarray(0, cut)), CryptoError, `cut at ${cut}`);
        assert.throws(() => open(sealed.subarray(0, cut), [5_000]), CryptoError, `cut at ${cut}`);
      }
      for (let cut = 0; cut < 72; cut++) assert.throws(() => open(sealed.subarray(0, cut)), CryptoError);
    });

    it("are refused with anything appended", () => {
      const sealed = seal(randomBytes(chunkBytes + 3));
      for (const extra of [Uint8Array.of(0), randomBytes(16), sealed.subarray(56, 56 + SEALED_CHUNK_BYTES), sealed]) {
        assert.throws(() => open(concatBytes(sealed, extra)), CryptoError);
      }
    });

    it("are refused with chunks swapped, doubled, dropped, or spliced in from a stream under the same key", () => {
      const data = randomBytes(4 * chunkBytes + 9);
      const [one, other] = [seal(data), seal(data)];
      const chunk = (stream: Uint8Array, k: number) =>
        stream.subarray(56 + k * SEALED_CHUNK_BYTES, 56 + (k + 1) * SEALED_CHUNK_BYTES);
      const rest = one.subarray(56 + 2 * SEALED_CHUNK_BYTES);
      const header = one.subarray(0, 56);
      const forgeries = [
        concatBytes(header, chunk(one, 1), chunk(one, 0), rest),
        concatBytes(header, chunk(one, 0), chunk(one, 0), rest),
        concatBytes(header, chunk(one, 1), rest),
        concatBytes(header, chunk(one, 0), rest),
        concatBytes(header, chunk(other, 0), chunk(one, 1), rest),
        concatBytes(header, chunk(one, 0), chunk(one, 1), other.subarray(56 + 2 * SEALED_CHUNK_BYTES)),
        concatBytes(header, other.subarray(56)),
        concatBytes(one.subarray(0, 24), other.subarray(24)),
      ];
      for (const [n, forgery] of forgeries.entries()) assert.throws(() => open(forgery), CryptoError, `forgery ${n}`);
      assert.deepEqual(open(one), data);
    });

    it("release nothing but the authentic beginning before they are refused", () => {
      const data = randomBytes(6 * chunkBytes);
      const sealed = seal(data);
      const bad = flipped(sealed, sealed.length - 2 * chunkBytes);
      const opener = new Opener(key, context);
      const released: Uint8Array[] = [];
      assert.throws(() => {
        for (let start = 0; start < bad.length; start += 4_096) {
          released.push(opener.update(bad.subarray(start, start + 4_096)));
        }
      }, CryptoError);
      const beginning = concatBytes(...released);
      assert.ok(beginning.length >= 3 * chunkBytes && beginning.length < 5 * chunkBytes);
      assert.deepEqual(beginning, data.subarray(0, beginning.length));
      assert.throws(() => opener.update(sealed), CryptoError);
      assert.throws(() => opener.finish(), CryptoError);
    });

    it("take nothing after their end", () => {
      const sealer = new Sealer(key, context);
      const sealed = concatBytes(sealer.header, sealer.finish());
      assert.throws(() => sealer.update(new Uint8Array(1)), { code: "stream_ended" });
      assert.throws(() => sealer.finish(), { code: "stream_ended" });
      const opener = new Opener(key, context);
      opener.update(sealed);
      assert.equal(opener.finish().length, 0);
      assert.throws(() => opener.update(new Uint8Array(0)), CryptoError);
      assert.throws(() => opener.finish(), CryptoError);
    });

    it("do not need the caller's key and context to stay unchanged", () => {
      const [ownKey, ownContext] = [key.slice(), context.slice()];
      const sealer = new Sealer(ownKey, ownContext);
      const opener = new Opener(ownKey, ownContext);
      ownKey.fill(0);
      ownContext.fill(0);
      const data = randomBytes(chunkBytes + 1);
      const sealed = concatBytes(sealer.header, sealer.update(data), sealer.finish());
      assert.deepEqual(open(sealed), data);
      assert.deepEqual(pump(opener, sealed, [777]), data);
    });
  });
}

function flipped(bytes: Uint8Array, position: number): Uint8Array {
  const copy = bytes.slice();
  copy[position] = (copy[position] as number) ^ (1 << (position % 8));
  return copy;
}
