/**
 * A file that appears under its name only when it is whole.
 *
 *   stream -> NAME.<random>.part (0600) -> fsync -> rename over NAME
 */

import type { Stats } from "node:fs";
import { open, realpath, rename, rm, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { isSystemError, ValidationError } from "../core/errors.ts";
import { toHex } from "../core/bytes.ts";
import { randomBytes } from "../core/random.ts";
import { plainLine } from "./plain-text.ts";

/**
 * Writes `source` to `path`, replacing a file there; a failure or `signal` leaves what was there before. A device or
 * pipe, such as /dev/null, is written to and never replaced. Resolves to the number of bytes.
 * Throws ValidationError `is_a_folder`, and what the source throws.
 */
export async function writeWholeFile(
  source: AsyncIterable<Uint8Array>,
  path: string,
  signal: AbortSignal,
): Promise<number> {
  const there = await statIfThere(path);
  if (there?.isDirectory()) throw isFolder(path);
  if (there && !there.isFile()) return write(source, path, "w", signal);
  const target = there ? await realpath(path) : path;
  const partial = `${target}.${toHex(randomBytes(4))}.part`;
  try {
    const bytes = await write(source, partial, "wx", signal);
    await rename(partial, target);
    return bytes;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Whether a file can be made or replaced at this path: not a device or pipe, which is written to. */
export async function isPlainTarget(path: string): Promise<boolean> {
  const there = await statIfThere(path);
  return there === null || there.isFile() || there.isDirectory();
}

/** Where a file at this path really lies. Throws ValidationError `is_a_folder`. */
export async function resolveTarget(path: string): Promise<string> {
  const there = await statIfThere(path);
  if (there?.isDirectory()) throw isFolder(path);
  return there ? realpath(path) : resolve(path);
}

async function write(
  source: AsyncIterable<Uint8Array>,
  path: string,
  flags: "w" | "wx",
  signal: AbortSignal,
): Promise<number> {
  // Opened before the source can fail: a stream that opens the file itself may do so after it was to be removed.
  const file = (await open(path, flags, 0o600)).createWriteStream({ flush: flags === "wx" });
  await pipeline(source, file, { signal });
  return file.bytesWritten;
}

/** Null when nothing has that name. */
async function statIfThere(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return null;
    throw error;
  }
}

/** A file to read from. Throws ValidationError `is_a_folder`, or the system's error when nothing is there. */
export async function statReadable(path: string): Promise<Stats> {
  const there = await stat(path);
  if (there.isDirectory()) throw isFolder(path);
  return there;
}

function isFolder(path: string): ValidationError {
  return new ValidationError("is_a_folder", `${plainLine(path)} is a folder.`, { hint: "Name a file." });
}
