/** For tests: a library in a folder of its own, and sealed files in memory. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { concatBytes, utf8Decode, utf8Encode } from "../core/bytes.ts";
import { createLogger } from "../core/log.ts";
import { openVault, type Vault } from "../vault/vault.ts";
import { BlobStore } from "./blob-store.ts";
import { FileLibrary, type OpenFile, type PutFile } from "./library.ts";
import { LinkStore } from "./link-store.ts";
import { Links } from "./links.ts";
import { type FileSeal, sealToFile } from "./sealing.ts";
import type { SealThreads } from "./seal-threads.ts";
import { FileTree } from "./tree.ts";
import type { FileView } from "./views.ts";

export interface LibraryRoom {
  readonly dataDir: string;
  readonly vault: Vault;
  readonly library: FileLibrary;
  readonly tree: FileTree;
  readonly links: Links;
  /** Moves time on. */
  readonly clock: { now: number; nowMs: () => number };
  blobs(): string[];
  put(path: string, text: string, options?: Partial<PutFile>): Promise<FileView>;
  read(id: string, options?: OpenFile): Promise<string>;
  /** Frees the folder for another room on it. */
  close(): void;
}

/** Opens, or opens again, what lies in `dataDir`. */
export async function openLibraryRoom(
  t: TestContext,
  dataDir: string = mkdtempSync(join(tmpdir(), "nocturne-library-")),
): Promise<LibraryRoom> {
  const log = createLogger("silent");
  const clock = { now: Date.UTC(2026, 0, 1), nowMs: () => clock.now };
  const vault = await openVault({ dataDir, clock, log });
  const store = new LinkStore(join(dataDir, "links.db"), clock);
  let isOpen = true;
  const close = (): void => {
    if (isOpen) store.close();
    isOpen = false;
    vault.close();
  };
  t.after(() => {
    close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const blobs = new BlobStore(join(dataDir, "blobs"));
  const library = new FileLibrary({ vault, blobs, linkStore: store, clock, log });
  const links = new Links({ vault, library, store, blobs, clock, log, baseUrl: () => "http://localhost" });
  const tree = new FileTree(library);
  return {
    dataDir,
    vault,
    library,
    tree,
    links,
    clock,
    blobs: () => readdirSync(join(dataDir, "blobs")),
    put: (path, text, options) => tree.put(path, oneOf(utf8Encode(text)), { cipher: "aes-256-gcm", ...options }),
    read: async (id, options) => utf8Decode(concatBytes(...(await Array.fromAsync(await library.open(id, options))))),
    close,
  };
}

/** The bytes of a sealed file. */
export async function sealedFile(
  source: AsyncIterable<Uint8Array>,
  seal: FileSeal,
  threads?: SealThreads,
): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "nocturne-sealed-"));
  try {
    const path = join(folder, "sealed");
    await using file = await open(path, "wx");
    const bytes = await sealToFile(file, source, seal, threads);
    const sealed = new Uint8Array(await readFile(path));
    if (sealed.length !== bytes) throw new Error("another length was told than was written");
    return sealed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bytes as they come from somewhere, in pieces of one size. */
export async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function* oneOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
