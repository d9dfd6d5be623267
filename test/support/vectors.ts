/**
 * Test vectors of third parties. They are not part of the repository: they lie in the folder named by
 * NOCTURNE_VECTORS_DIR, by default beside the checkout, each with its source and licence.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folder = resolve(root, process.env["NOCTURNE_VECTORS_DIR"] ?? "../shared/vectors", "third-party");

/** Whether tests that take a sample of a large file are to take the whole. */
export const wantsAllVectors: boolean = process.env["NOCTURNE_ALL_VECTORS"] !== undefined;

/** The parsed JSON file `path` below `third-party/`, or null after saying loudly that it is missing. */
export function thirdPartyVectors(path: string): unknown {
  const file = join(folder, path);
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8"));
  console.error(`SKIPPED: third-party vectors ${path} are missing; set NOCTURNE_VECTORS_DIR to their folder`);
  return null;
}
