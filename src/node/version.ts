/** The version of this program, from its package.json, wherever it was installed. */
import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";

export const VERSION: string = readVersion();

function readVersion(): string {
  const path = findPackageJSON("..", import.meta.url);
  return path === undefined ? "0" : (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}
