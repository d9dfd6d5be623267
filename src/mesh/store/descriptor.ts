/**
 * Files by their plain descriptors. A FileHandle of `node:fs/promises` costs a fifth of what a fragment costs here, and its
 * `close` another turn in the pool of threads, although nothing is left to do once the file was synced.
 */
import { closeSync, constants, fdatasync, fsync, open, read, writev } from "node:fs";
import { promisify } from "node:util";
import { unwrittenBytes } from "../../core/bytes.ts";
import { PRIVATE_FILE_MODE } from "../../vault/durable-file.ts";

const [opened, written, readFrom] = [promisify(open), promisify(writev), promisify(read)];

/** Of a file (0600) that was not there before. Throws the system's error. */
export function createFile(path: string): Promise<number> {
  return opened(path, "wx", PRIVATE_FILE_MODE);
}

/** To read. Without O_NOFOLLOW a planted symbolic link would make this node show any file of its user. */
export function openFile(path: string): Promise<number> {
  return opened(path, constants.O_RDONLY | constants.O_NOFOLLOW);
}

/** All parts, one after the other, from `position` on: a nearly full disk takes only some before it refuses the rest. */
export async function writeParts(file: number, parts: readonly Uint8Array[], position: number): Promise<void> {
  for (let [rest, at] = [parts, position]; rest.length > 0; ) {
    const { bytesWritten } = await written(file, rest, at);
    rest = partsAfter(rest, bytesWritten);
    at += bytesWritten;
  }
}

function partsAfter(parts: readonly Uint8Array[], skipped: number): readonly Uint8Array[] {
  let left = skipped;
  return parts.flatMap((part) => {
    const rest = part.subarray(Math.min(left, part.length));
    left -= part.length - rest.length;
    return rest.length > 0 ? [rest] : [];
  });
}

/** `length` bytes from `position` on; fewer where the file ends. */
export async function readAt(file: number, position: number, length: number): Promise<Uint8Array> {
  const buffer = unwrittenBytes(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await readFrom(file, buffer, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}

/** Resolves when the file's bytes and length survive a power cut. */
export const syncData: (file: number) => Promise<void> = promisify(fdatasync);

/** Resolves when all of it, or all names in a folder, survive a power cut. */
export const syncAll: (file: number) => Promise<void> = promisify(fsync);

export { closeSync as closeFile };
