/** Folders of a whole tree, made where they are not there yet. */
import type { FolderListing, FolderView } from "../../src/api/contract.ts";
import { ApiFailure, call } from "./client.ts";

/**
 * Makes "a", "a/b" ... (each before those inside it) below the folder `base` (an id; "" is the top). Resolves to the id of
 * each, "" being `base`. Throws ApiFailure.
 */
export async function makeFolders(paths: readonly string[], base: string): Promise<ReadonlyMap<string, string>> {
  const ids = new Map([["", base]]);
  for (const path of paths) {
    const names = path.split("/");
    const name = names.pop() ?? "";
    ids.set(path, await makeFolder(name, ids.get(names.join("/")) ?? base));
  }
  return ids;
}

async function makeFolder(name: string, inside: string): Promise<string> {
  try {
    return (await call<FolderView>("POST", "/folders", { name, folder: inside })).id;
  } catch (error) {
    if (!(error instanceof ApiFailure && error.code === "name_taken")) throw error;
    const { folders } = await call<FolderListing>("GET", `/folders?folder=${inside}`);
    const there = folders.find((folder) => folder.name === name.normalize("NFC"));
    if (!there) throw error;
    return there.id;
  }
}
