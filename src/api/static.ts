/**
 * The built web pages, from `dist/web`:
 *
 *     app/index.html, app/assets/*-<hash>.js ...        the app, at /
 *     download/index.html, download/sw.js, ...          the public download page, at /s/
 *
 * A folder is read into a list of names once, so that no request path ever meets the file system.
 */
import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Context } from "hono";

/** `dist/web` beside the sources, or beside the compiled program. */
export const BUILT_PAGES: string = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../dist/web" : "../../web", import.meta.url),
);

const NOT_BUILT = "The web pages are not built yet. Run: npm run prepare";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".txt": "text/plain; charset=utf-8",
};

interface StaticFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
  /** Names under `assets/` carry a hash of their content, so they may be kept for ever. */
  readonly cache: string;
}

export class StaticFolder {
  readonly #root: string;
  #names: ReadonlySet<string> | null = null;

  constructor(root: string) {
    this.#root = root;
  }

  get isBuilt(): boolean {
    return this.#names !== null;
  }

  /** The file of this name, with `/` between its parts; null when the folder has none or is not built. */
  async read(name: string): Promise<StaticFile | null> {
    this.#names ??= await listNames(this.#root);
    if (!this.#names?.has(name)) return null;
    return {
      bytes: await readFile(join(this.#root, name)),
      type: TYPES[extname(name)] ?? "application/octet-stream",
      cache: name.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache",
    };
  }
}

/** null while there is no such folder: it may be built while the node runs. */
async function listNames(root: string): Promise<ReadonlySet<string> | null> {
  try {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return new Set(files.map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/")));
  } catch {
    return null;
  }
}

/** Answers with a file of the folder, 404 in plain words when it has none, 503 when the pages are not built. */
export async function sendFile(
  c: Context,
  folder: StaticFolder,
  name: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const file = await folder.read(name);
  if (file) return c.body(file.bytes, 200, { "content-type": file.type, "cache-control": file.cache, ...headers });
  return folder.isBuilt ? c.text("There is no such page.", 404) : c.text(NOT_BUILT, 503);
}
