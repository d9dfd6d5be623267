/**
 * Files in the mesh, as the person sees them: kept there, given up there, freed from this disk, brought back.
 *
 *   on this disk --keep--> on this disk and in the mesh --free--> in the mesh
 *        ^______drop______________|      ^_________fetch____________|
 *
 * Nothing leaves the disk that the mesh does not have whole, and nothing leaves the mesh that is nowhere else. What is kept
 * is a blob: files of alike contents share it, and go together.
 */
import { PolicyError } from "../core/errors.ts";
import type { BlobStore } from "./blob-store.ts";
import type { FileRow, FileTables } from "./file-tables.ts";
import type { MeshCopies } from "./mesh-copies.ts";
import type { MeshCopyView } from "./views.ts";

export interface MeshFilesOptions {
  /** Null where no mesh can be joined. */
  readonly copies: MeshCopies | null;
  readonly blobs: BlobStore;
  readonly tables: FileTables;
  /** Throws ValidationError `unknown_file`. */
  readonly file: (id: string) => FileRow;
  /** Told of each file that changed. */
  readonly tell: (id: string) => void;
}

export class MeshFiles {
  readonly #o: MeshFilesOptions;

  constructor(options: MeshFilesOptions) {
    this.#o = options;
  }

  /** How a blob is kept; null if it is not to be. */
  view(blob: string): MeshCopyView | null {
    return this.#o.copies?.view(blob) ?? null;
  }

  /** Throws PolicyError `mesh_off`. */
  requireJoined(): void {
    this.#copies().requireJoined();
  }

  /** Joins the caller's transaction. */
  keepBlob(blob: string): void {
    this.#o.copies?.keep(blob);
  }

  /** A content took the place of another: it goes where that one was. Joins the caller's transaction. */
  follow(before: string, next: string): void {
    if (this.view(before)) this.keepBlob(next);
  }

  /** No row names it any more. */
  dropBlob(blob: string): void {
    this.#o.copies?.drop(blob);
  }

  /** Blobs in the mesh, or on their way there. */
  blobs(): string[] {
    return this.#o.copies?.blobs() ?? [];
  }

  /** Keeps the present content of a file in the mesh, from now on; later contents follow it. Throws `unknown_file`, PolicyError `mesh_off`. */
  keep(id: string): void {
    const { blob } = this.#o.file(id);
    this.requireJoined();
    this.keepBlob(blob);
    this.#o.tell(id);
  }

  /**
   * The file is only on this machine again, with its versions. Throws ValidationError `unknown_file`; PolicyError
   * `mesh_only_copy` while a content of it is nowhere else.
   */
  drop(id: string): void {
    const blobs = this.#blobsOf(id).filter((blob) => this.view(blob) !== null);
    if (blobs.some((blob) => this.#o.blobs.placeOf(blob) === "mesh")) throw onlyCopy();
    this.#o.tables.transaction(() => {
      for (const blob of blobs) this.dropBlob(blob);
    });
    this.#o.tell(id);
  }

  /** Takes the bytes of a file off this machine, its versions' too where the mesh has them. Throws `unknown_file`, PolicyError `not_in_mesh`. */
  async free(id: string): Promise<void> {
    const { blob } = this.#o.file(id);
    if (this.view(blob)?.state !== "kept") throw notKept();
    for (const one of this.#blobsOf(id)) {
      if (this.view(one)?.state === "kept") await this.#o.blobs.remove(one);
    }
    this.#o.tell(id);
  }

  /** Brings the bytes of a file and its versions back onto this disk; the mesh keeps them, too. Throws as reading them does. */
  async fetch(id: string): Promise<void> {
    for (const blob of this.#blobsOf(id)) {
      if (this.#o.blobs.placeOf(blob) === "mesh") await this.#o.blobs.bringHere(blob);
    }
    this.#o.tell(id);
  }

  #blobsOf(id: string): string[] {
    const { blob } = this.#o.file(id);
    return [...new Set([blob, ...this.#o.tables.versions.find("file", id).map((version) => version.blob)])];
  }

  #copies(): MeshCopies {
    if (this.#o.copies) return this.#o.copies;
    throw meshOff();
  }
}

/** Also of whoever keeps copies, while no mesh is joined. */
export function meshOff(): PolicyError {
  return new PolicyError("mesh_off", "No storage mesh is joined, so nothing can be kept there.", {
    hint: "Join one: nocturne mesh join ADDRESS",
  });
}

function onlyCopy(): PolicyError {
  return new PolicyError("mesh_only_copy", "The mesh has the only copy of this file.", {
    hint: "Bring it back first: nocturne files keep ID",
  });
}

function notKept(): PolicyError {
  return new PolicyError("not_in_mesh", "The mesh does not keep all of this file yet, so it stays on this disk.", {
    hint: "Keep it there first: nocturne files mesh ID",
  });
}
