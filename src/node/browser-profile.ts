/**
 * The throwaway profile of a private window.
 *
 *   <temporary folder>/nocturne-browse-XXXXXX/   0700
 *     owner                                      process id of the Nocturne that made it
 *     profile/Default/Preferences
 *
 * It goes with its window; what a crash left behind goes when private browsing is next used.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { BROWSE_LIMITS } from "../core/route-limits.ts";
import { browserPreferences } from "./browser-flags.ts";

const PREFIX = "nocturne-browse-";
const OWNER_FILE = "owner";
/** Processes of a browser that has just ended may still write. */
const REMOVE = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 } as const;

export interface Profile {
  /** For the browser. */
  readonly folder: string;
  remove(): Promise<void>;
}

export function createProfile(parent: string = tmpdir()): Profile {
  const root = mkdtempSync(join(parent, PREFIX)); // 0700 by itself
  writeFileSync(join(root, OWNER_FILE), `${process.pid}\n`);
  const folder = join(root, "profile");
  mkdirSync(join(folder, "Default"), { recursive: true });
  writeFileSync(join(folder, "Default", "Preferences"), JSON.stringify(browserPreferences()));
  return { folder, remove: () => rm(root, REMOVE) };
}

/** Removes profiles whose Nocturne does not run any more; never throws. Returns how many. */
export function removeOrphans(parent: string = tmpdir()): number {
  const roots = listFolders(parent).filter((root) => isOrphan(root));
  for (const root of roots) {
    try {
      rmSync(root, REMOVE);
    } catch {
      continue; // somebody else's, or still in use: the next start tries again
    }
  }
  return roots.length;
}

function listFolders(parent: string): string[] {
  try {
    return readdirSync(parent)
      .filter((name) => name.startsWith(PREFIX))
      .map((name) => join(parent, name));
  } catch {
    return [];
  }
}

function isOrphan(root: string): boolean {
  try {
    const { uid, mtimeMs } = statSync(root);
    if (process.getuid !== undefined && uid !== process.getuid()) return false;
    const owner = ownerOf(root);
    return owner === null ? Date.now() - mtimeMs > BROWSE_LIMITS.orphanMs : !isRunning(owner);
  } catch {
    return false;
  }
}

function ownerOf(root: string): number | null {
  try {
    const id = Number(readFileSync(join(root, OWNER_FILE), "utf8"));
    return Number.isInteger(id) && id > 0 ? id : null;
  } catch {
    return null;
  }
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
