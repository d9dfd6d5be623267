/** Which buckets hold files of a data directory, besides the one that the node uses: nobody can read those files now. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { isSystemError } from "../../core/errors.ts";
import { onDisk } from "../disk.ts";

const POINTER_NAME = /^[0-9a-f]{32}\.remote$/;
const placeSchema = v.object({ place: v.string() });

/**
 * Addresses of other buckets than `inUse` (null: none is), and how many blobs each holds. A pointer that is damaged is left
 * out: reading its file tells. Reads a small file for each blob that is not on the disk, and changes nothing.
 */
export async function blobsElsewhere(folder: string, inUse: string | null): Promise<ReadonlyMap<string, number>> {
  const places = new Map<string, number>();
  for (const name of await namesIn(folder)) {
    if (!POINTER_NAME.test(name)) continue;
    const place = placeIn(await readFile(join(folder, name), "utf8").catch(() => ""));
    if (place !== null && place !== inUse) places.set(place, (places.get(place) ?? 0) + 1);
  }
  return places;
}

/** A directory that nothing was put into yet has no such folder. */
async function namesIn(folder: string): Promise<string[]> {
  return onDisk(
    readdir(folder).catch((error: unknown) => {
      if (isSystemError(error) && error.code === "ENOENT") return [];
      throw error;
    }),
  );
}

function placeIn(text: string): string | null {
  try {
    return v.parse(placeSchema, JSON.parse(text)).place;
  } catch {
    return null;
  }
}
