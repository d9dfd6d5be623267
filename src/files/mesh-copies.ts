/**
 * What the library needs of a mesh: a second place for sealed blobs, which is read when their bytes are not on this disk.
 *
 *   BlobStore     bytes on the disk? else in the bucket? else BlobSource.find -> read; `head` lies over the first bytes
 *   FileLibrary   keep and drop by blob; whoever keeps them works on by itself and says by `view` how far it is
 *
 * Implemented by `src/mesh/keeper`. The library asks in the transaction that writes a row, so that no row says "kept in the
 * mesh" without anybody who works on it.
 */
import type { MeshCopyView } from "./views.ts";

/** A whole blob that lies elsewhere. */
export interface DistantBlob {
  /** Length of the blob. */
  readonly bytes: number;
  /** What its first bytes are by now; empty: what lies there. */
  readonly head: Uint8Array;
}

/** Where blobs are read whose bytes are not on this machine. Every call throws LockedError while the vault is locked. */
export interface BlobSource {
  /** Null if it has not all of it. */
  find(blob: string): DistantBlob | null;
  /** Bytes `start` to `end` (exclusive), without the head. Throws PolicyError `mesh_off`, NetworkError `too_few_nodes`. */
  read(blob: string, start: number, end: number): AsyncGenerator<Uint8Array, void, undefined>;
  /** The first bytes of a blob are others now. Does nothing for one that it neither has nor is to keep. */
  setHead(blob: string, head: Uint8Array): void;
}

export interface MeshCopies extends BlobSource {
  /** Throws PolicyError `mesh_off` when no mesh is joined. */
  requireJoined(): void;
  /** From now on until `drop`; does nothing for one that is kept. Joins the caller's transaction, and returns at once. */
  keep(blob: string): void;
  /** Joins the caller's transaction, and returns at once: nodes are told later. */
  drop(blob: string): void;
  /** Null for one that is not to be kept there. */
  view(blob: string): MeshCopyView | null;
  /** All that are or shall be kept. */
  blobs(): string[];
}
