/**
 * The folder in which tests make theirs. In memory where there is plenty of it: a commit waits for the disk, and the tests
 * make very many of them. A process that is killed loses nothing there either, and no test cuts the power.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const MEMORY = "/dev/shm";
/** What tests leave there at a time is far below; nodes, browsers and Tor networks need the rest. */
const ENOUGH_BYTES = 8 * 2 ** 30;

/** A new one, which is gone once this process ends. */
export function makeTestFolder(): string {
  const folder = inMemory() ?? mkdtempSync(join(tmpdir(), "nocturne-test-"));
  process.once("exit", () => remove(folder));
  return folder;
}

/** Null where there is no such place, or it is small, or nothing may be started from it, as some tests do. */
function inMemory(): string | null {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    if (Math.min(bavail * bsize, freemem()) < ENOUGH_BYTES) return null;
    const folder = mkdtempSync(join(MEMORY, "nocturne-test-"));
    if (canStartFrom(folder)) return folder;
    remove(folder);
  } catch {
    return null;
  }
  return null;
}

function canStartFrom(folder: string): boolean {
  const program = join(folder, "program");
  writeFileSync(program, "#!/bin/sh\n", { mode: 0o700 });
  return spawnSync(program).status === 0;
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
