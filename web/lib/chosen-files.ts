/**
 * Files that a person chose or dropped, with the folders that they lie in.
 *
 *   Photos/1.jpg, Photos/sea/2.jpg -> files in "Photos" and "Photos/sea", folders "Photos", "Photos/sea"
 */

export interface ChosenFile {
  readonly file: File;
  /** The folder that it goes into, below the one that is open; "" for that one. */
  readonly folder: string;
}

export interface Chosen {
  readonly files: readonly ChosenFile[];
  /** Each before those inside it. */
  readonly folders: readonly string[];
}

export const NOTHING_CHOSEN: Chosen = { files: [], folders: [] };

/** Files and folders together; more than this is most likely the wrong folder. */
export const MOST_CHOSEN = 100_000;

/** From a file input; a whole folder comes with paths, and without folders that are empty. Throws RangeError when there are too many. */
export function chosenFiles(list: Iterable<File>): Chosen {
  const chosen = nothing();
  const known = new Set<string>();
  for (const file of list) {
    const folder = parentOf(file.webkitRelativePath);
    for (const way of known.has(folder) ? [] : waysTo(folder)) {
      if (!known.has(way)) addTo(chosen, way);
      known.add(way);
    }
    addTo(chosen, { file, folder });
  }
  return { files: chosen.files, folders: chosen.folders.sort() };
}

/** From a drop. Call it in the event itself: afterwards the browser takes the entries back. Throws RangeError when there are too many. */
export async function droppedFiles(transfer: DataTransfer): Promise<Chosen> {
  const items = Array.from(transfer.items, (item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const chosen = nothing();
  for (const { entry, file } of items) {
    if (entry?.isDirectory) await addFolder(chosen, entry as FileSystemDirectoryEntry, entry.name);
    else if (file) addTo(chosen, { file, folder: "" });
  }
  return chosen;
}

type Growing = { files: ChosenFile[]; folders: string[] };

function nothing(): Growing {
  return { files: [], folders: [] };
}

/** The one way in, a file or a folder's path, so that none is without a bound. */
function addTo({ files, folders }: Growing, one: ChosenFile | string): void {
  if (files.length + folders.length >= MOST_CHOSEN) throw new RangeError("too many files and folders");
  if (typeof one === "string") folders.push(one);
  else files.push(one);
}

async function addFolder(chosen: Growing, folder: FileSystemDirectoryEntry, path: string): Promise<void> {
  addTo(chosen, path);
  const reader = folder.createReader();
  for (;;) {
    // A browser hands over a hundred at a time, and nothing at the end.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return;
    for (const entry of entries) {
      if (entry.isDirectory) await addFolder(chosen, entry as FileSystemDirectoryEntry, `${path}/${entry.name}`);
      else addTo(chosen, { file: await fileOf(entry as FileSystemFileEntry), folder: path });
    }
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

function parentOf(path: string): string {
  return path.split("/").slice(0, -1).join("/");
}

/** "a/b" -> "a", "a/b" */
function waysTo(folder: string): string[] {
  const names = folder.split("/").filter((name) => name !== "");
  return names.map((_, i) => names.slice(0, i + 1).join("/"));
}
