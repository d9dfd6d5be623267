/** Bytes of any length that are made as fast as they are read, and look like sealed ones: none of its pieces is like another. */
import { createHash } from "node:crypto";
import { randomBytes } from "../../src/core/random.ts";

const PIECE_BYTES = 1_048_576;

export interface NumberedBytes {
  pieces(): AsyncGenerator<Uint8Array>;
  /** SHA-256 of all of them, as hex. */
  digest(): string;
}

export function numberedBytes(bytes: number): NumberedBytes {
  const pattern = randomBytes(PIECE_BYTES);
  function* make(): Generator<Uint8Array> {
    for (let at = 0; at < bytes; at += PIECE_BYTES) {
      const piece = pattern.slice(0, bytes - at);
      const view = new DataView(piece.buffer);
      // Every leaf of 4 KiB is another one.
      for (let leaf = 0; leaf + 8 <= piece.length; leaf += 4_096) view.setFloat64(leaf, at + leaf);
      yield piece;
    }
  }
  return {
    pieces: async function* () {
      yield* make();
    },
    digest: () => {
      const hash = createHash("sha256");
      for (const piece of make()) hash.update(piece);
      return hash.digest("hex");
    },
  };
}
