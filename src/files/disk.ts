/** Errors of the disk under blobs in plain words, and writes that are whole. */

import { writeSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { InternalError, isSystemError, toNocturneError } from "../core/errors.ts";

export const RESTORE_HINT = "Restore them from a backup, or delete the file.";

/** Disk errors in plain words (InternalError `file_missing`, `disk_full`, ...); errors of others keep theirs. */
export async function onDisk<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw translate(error);
  }
}

export function onDiskSync<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translate(error);
  }
}

/** A nearly full disk takes only a part of a write before it refuses the next one. */
export async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await onDisk(file.write(bytes, done, bytes.length - done, position + done));
    done += bytesWritten;
  }
}

/** `writeFully` for threads that have nothing else to do meanwhile. */
export function writeFullySync(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += onDiskSync(() => writeSync(descriptor, bytes, done, bytes.length - done, position + done));
  }
}

function translate(error: unknown): InternalError {
  const gone = isSystemError(error) && ["ENOENT", "ELOOP"].includes(error.code);
  if (!gone) return toNocturneError(error);
  return new InternalError("file_missing", "The stored bytes of this file are gone from the disk.", {
    hint: RESTORE_HINT,
    cause: error,
  });
}
