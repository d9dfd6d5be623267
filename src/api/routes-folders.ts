/** Where your files lie, their earlier versions, and what you deleted. Bodies of files are in `routes-files.ts`. */

import { Hono } from "hono";
import * as v from "valibot";
import { FileTree } from "../files/tree.ts";
import type {
  Done,
  FileSpace,
  FileVersion,
  FileView,
  FolderListing,
  FolderView,
  FoundFiles,
  TrashView,
} from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import {
  doneSchema,
  fileSchema,
  fileSpaceSchema,
  fileVersionsSchema,
  folderListingSchema,
  folderSchema,
  foundFilesSchema,
  trashSchema,
} from "./schemas.ts";

const DONE: Done = { ok: true };
const SEARCH_MAX = 256;

const where = v.object({ folder: v.optional(v.string(), "") });
const fresh = v.object({ name: v.string(), folder: v.exactOptional(v.string()) });
const place = v.object({ name: v.exactOptional(v.string()), folder: v.exactOptional(v.string()) });
const removal = v.object({ forever: v.optional(v.picklist(["true", "false"]), "false") });
const wanted = v.object({ q: v.pipe(v.string(), v.maxLength(SEARCH_MAX)) });

export function folderRoutes({ services: { files } }: Api): Routes {
  const tree = new FileTree(files);
  const remove = async (id: string, forever: "true" | "false"): Promise<Done> => {
    if (forever === "true") await files.destroy(id);
    else files.remove(id);
    return DONE;
  };
  return new Hono<ApiEnvironment>()
    .get("/folders", answers("What lies in a folder", folderListingSchema), takes("query", where), (c) =>
      c.json<FolderListing>(tree.list(c.req.valid("query").folder)),
    )
    .post("/folders", answers("Makes a folder", folderSchema), takes("json", fresh), (c) => {
      const { name, folder } = c.req.valid("json");
      return c.json<FolderView>(files.makeFolder(name, folder));
    })
    .patch("/folders/:id", answers("Renames or moves a folder", folderSchema), takes("json", place), (c) => {
      const { id } = files.folders.row(c.req.param("id"));
      files.change(id, c.req.valid("json"));
      return c.json<FolderView>(files.folders.view(files.folders.row(id)));
    })
    .delete("/folders/:id", answers("Deletes a folder", doneSchema), takes("query", removal), async (c) => {
      const { id } = files.folders.row(c.req.param("id"));
      return c.json<Done>(await remove(id, c.req.valid("query").forever));
    })
    .get(
      "/files/search",
      answers("Finds files and folders by name", foundFilesSchema),
      takes("query", wanted),
      async (c) => c.json<FoundFiles>(await tree.search(c.req.valid("query").q)),
    )
    .get("/files/space", answers("What all files take", fileSpaceSchema), (c) => c.json<FileSpace>(files.space()))
    .patch("/files/:id", answers("Renames or moves a file", fileSchema), takes("json", place), (c) => {
      const { id } = files.get(c.req.param("id"));
      files.change(id, c.req.valid("json"));
      return c.json<FileView>(files.get(id));
    })
    .delete("/files/:id", answers("Deletes a file and its links", doneSchema), takes("query", removal), async (c) => {
      const { id } = files.get(c.req.param("id"));
      return c.json<Done>(await remove(id, c.req.valid("query").forever));
    })
    .post("/files/:id/copy", answers("Copies a file", fileSchema), takes("json", place), async (c) =>
      c.json<FileView>(await files.copy(c.req.param("id"), c.req.valid("json"))),
    );
}

export function versionRoutes({ services: { files } }: Api): Routes {
  return new Hono<ApiEnvironment>()
    .get("/files/:id/versions", answers("Earlier contents of a file", fileVersionsSchema), (c) =>
      c.json<FileVersion[]>(files.versions.list(c.req.param("id"))),
    )
    .post("/files/:id/versions/:version", answers("Makes a version the newest", doneSchema), (c) => {
      files.versions.restore(c.req.param("id"), c.req.param("version"));
      return c.json<Done>(DONE);
    })
    .delete("/files/:id/versions/:version", answers("Deletes a version for good", doneSchema), async (c) => {
      await files.versions.remove(c.req.param("id"), c.req.param("version"));
      return c.json<Done>(DONE);
    })
    .get("/trash", answers("What was deleted and can come back", trashSchema), (c) =>
      c.json<TrashView>(files.trash.list()),
    )
    .delete("/trash", answers("Deletes all in the trash for good", doneSchema), async (c) => {
      await files.trash.empty();
      return c.json<Done>(DONE);
    })
    .post("/trash/:id", answers("Brings something back from the trash", doneSchema), (c) => {
      files.trash.restore(c.req.param("id"));
      return c.json<Done>(DONE);
    })
    .delete("/trash/:id", answers("Deletes something in the trash for good", doneSchema), async (c) => {
      await files.trash.destroy(c.req.param("id"));
      return c.json<Done>(DONE);
    });
}
