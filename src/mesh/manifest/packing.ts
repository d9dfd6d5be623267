/**
 * Which blobs share an object: small ones lie side by side in one of a segment at most, each other one is an object itself.
 *
 *   blobs     a 300 KiB | b 9 MiB | c 900 KiB | d 200 KiB | ...
 *   objects   [ a c d ... ]  up to 4 MiB      [ b ]
 *
 * Blobs keep their order, so that files that came together stay together, and go together. An object is closed when the next
 * blob does not fit, and no blob is larger than a quarter of it: three quarters of each but the last are used.
 */
import { UsageError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";

export interface Blob {
  /** Of the file library. */
  readonly id: string;
  /** At least 1. */
  readonly bytes: number;
}

export interface PackedBlob extends Blob {
  /** Where it begins in the object. */
  readonly offset: number;
}

/** The blobs of one object, one directly after the other. */
export interface Pack {
  readonly bytes: number;
  readonly blobs: readonly PackedBlob[];
}

/** Every blob once, in objects. Throws UsageError `mesh_blob` for an empty one, or one that no object holds. */
export function packBlobs(blobs: readonly Blob[]): Pack[] {
  if (!blobs.every(({ bytes }) => Number.isSafeInteger(bytes) && bytes >= 1 && bytes <= MESH_LIMITS.objectBytes)) {
    throw new UsageError("mesh_blob", "Nothing of this length can be kept in the mesh.");
  }
  const packs: OpenPack[] = [];
  let open = emptyPack();
  for (const blob of blobs) {
    if (blob.bytes >= MESH_LIMITS.smallBlobBytes) {
      packs.push(addBlob(emptyPack(), blob));
    } else {
      if (open.bytes + blob.bytes > MESH_LIMITS.segmentBytes) {
        packs.push(open);
        open = emptyPack();
      }
      addBlob(open, blob);
    }
  }
  return open.bytes > 0 ? [...packs, open] : packs;
}

interface OpenPack extends Pack {
  bytes: number;
  readonly blobs: PackedBlob[];
}

function emptyPack(): OpenPack {
  return { bytes: 0, blobs: [] };
}

function addBlob(pack: OpenPack, { id, bytes }: Blob): OpenPack {
  pack.blobs.push({ id, bytes, offset: pack.bytes });
  pack.bytes += bytes;
  return pack;
}
