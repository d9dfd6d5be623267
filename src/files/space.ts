/** What the files of a library take, and where. */
import type { BlobPlace, BlobStore } from "./blob-store.ts";
import type { FileRow, FileTables } from "./file-tables.ts";
import type { Folders } from "./folders.ts";
import type { Trash } from "./trash.ts";
import type { Uploads } from "./uploads.ts";
import type { FileSpace } from "./views.ts";

export interface Measured {
  readonly tables: FileTables;
  readonly folders: Folders;
  readonly trash: Trash;
  readonly uploads: Uploads;
  readonly blobs: BlobStore;
}

/** Bytes of contents, before sealing adds its 0.1 %. Throws LockedError. */
export function measureSpace({ tables, folders, trash, uploads, blobs }: Measured): FileSpace {
  const files = tables.files.list().filter((row) => folders.isReachable(row));
  const sum = (of: (row: FileRow) => number): number => files.reduce((total, row) => total + of(row), 0);
  const stored = [...new Map(tables.contents().map(({ blob, bytes }) => [blob, bytes]))];
  const storedBytes = (place: BlobPlace): number =>
    stored.reduce((total, [blob, bytes]) => total + (blobs.placeOf(blob) === place ? bytes : 0), 0);
  const uploadBytes = uploads.storedBytes();
  return {
    bytes: sum((row) => row.bytes),
    versionBytes: sum((row) => row.versionBytes),
    trashBytes: trash.list().bytes,
    uploadBytes,
    diskBytes: storedBytes("disk") + uploadBytes,
    bucketBytes: storedBytes("bucket"),
    meshBytes: storedBytes("mesh"),
    freeBytes: blobs.freeBytes(),
  };
}
