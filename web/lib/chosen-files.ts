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

/** More than this is most likely the wrong folder. */
export const MOST_FILES = 100_000;

/** From a file input; a whole folder comes with paths, and without folders that are empty. */
export function chosenFiles(list: Iterable<File>): Chosen {
  const files = Array.from(list, (file) => ({ file, folder: parentOf(file.webkitRelativePath) }));
  const folders = new Set<string>();
  for (const { folder } of files) for (const way of waysTo(folder)) folders.add(way);
  return { files, folders: [...folders].sort() };
}

/** From a drop. Call it in the event itself: afterwards the browser takes the entries back. Throws RangeError when there are too many. */
export async function droppedFiles(transfer: DataTransfer): Promise<Chosen> {
  const items = Array.from(transfer.items, (item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const chosen = { files: [] as ChosenFile[], folders: [] as string[] };
  for (const { entry, file } of items) {
    if (entry?.isDirectory) await addFolder(chosen, entry as FileSystemDirectoryEntry, entry.name);
    else if (file) chosen.files.push({ file, folder: "" });
  }
  return chosen;
}

type Growing = { files: ChosenFile[]; folders: string[] };

async function addFolder(chosen: Growing, folder: FileSystemDirectoryEntry, path: string): Promise<void> {
  chosen.folders.push(path);
  const reader = folder.createReader();
  for (;;) {
    // A browser hands over a hundred at a time, and nothing at the end.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return;
    for (const entry of entries) {
      if (chosen.files.length >= MOST_FILES) throw new RangeError("too many files");
      if (entry.isDirectory) await addFolder(chosen, entry as FileSystemDirectoryEntry, `${path}/${entry.name}`);
      else chosen.files.push({ file: await fileOf(entry as FileSystemFileEntry), folder: path });
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
