/**
 * Leaf hashes of a fragment that comes in pieces of any length; of its bytes only the unfinished leaf is in memory.
 *
 *   pieces   |--------|--|-------------------|-----|
 *   leaves   |------|------|------|------|------|--|      MESH_LIMITS.leafBytes each, the last one shorter
 */
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { leafHash } from "../../crypto/merkle-tree.ts";

const { leafBytes } = MESH_LIMITS;

export class LeafHasher {
  readonly #hashes: Uint8Array[] = [];
  readonly #leaf = new Uint8Array(leafBytes);
  /** Bytes of `#leaf` that came already. */
  #filled = 0;

  add(bytes: Uint8Array): void {
    let at = this.#filled > 0 ? this.#fill(bytes) : 0;
    for (; bytes.length - at >= leafBytes; at += leafBytes) {
      this.#hashes.push(leafHash(bytes.subarray(at, at + leafBytes)));
    }
    if (at < bytes.length) this.#fill(bytes.subarray(at));
  }

  /** The hashes of all leaves, 32 bytes each; call it once. */
  end(): Uint8Array[] {
    if (this.#filled > 0) this.#hashes.push(leafHash(this.#leaf.subarray(0, this.#filled)));
    return this.#hashes;
  }

  /** Puts what fits into the unfinished leaf; returns how many bytes that were. */
  #fill(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, leafBytes - this.#filled);
    this.#leaf.set(taken, this.#filled);
    this.#filled += taken.length;
    if (this.#filled === leafBytes) {
      this.#hashes.push(leafHash(this.#leaf));
      this.#filled = 0;
    }
    return taken.length;
  }
}
