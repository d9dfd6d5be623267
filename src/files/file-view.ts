/** A file of the library as its callers are told of it. */
import { typeByName } from "./content-type.ts";
import type { FileRow } from "./file-tables.ts";
import { TOP } from "./folders.ts";
import type { FileView, MeshCopyView } from "./views.ts";

/** `copy`: how the mesh keeps its content. `isHere`: asked only of one that the mesh keeps. */
export function viewFile(row: FileRow, path: string, copy: MeshCopyView | null, isHere: () => boolean): FileView {
  const { id, name, bytes, cipher, addedAt, versions, versionBytes } = row;
  return {
    id,
    name,
    bytes,
    cipher,
    storage: copy?.state === "kept" ? "mesh" : "local",
    mesh: copy && { ...copy, here: isHere() },
    hasPassword: row.sealedPassword !== null,
    addedAt,
    folder: row.folder === TOP ? null : row.folder,
    path,
    versions,
    versionBytes,
    preview: typeByName(name)?.preview ?? null,
  };
}
