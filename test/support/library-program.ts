/** The first lines of a program of its own that works on a library: in a process that can be killed, or has little memory. */

/** Source that opens `vault`, `linkStore` and `library` in this folder; more can be imported from what `sourceUrl` gives. */
export function openLibraryProgram(dataDir: string): string {
  return `
    const { openVault } = await import(${sourceUrl("vault/vault.ts")});
    const { BlobStore } = await import(${sourceUrl("files/blob-store.ts")});
    const { FileLibrary } = await import(${sourceUrl("files/library.ts")});
    const { LinkStore } = await import(${sourceUrl("files/link-store.ts")});
    const dataDir = ${JSON.stringify(dataDir)};
    const log = { info() {}, warn() {}, debug() {}, error() {} };
    const clock = { nowMs: () => Date.now() };
    const vault = await openVault({ dataDir, clock, log });
    const linkStore = new LinkStore(dataDir + "/links.db");
    const library = new FileLibrary({ vault, blobs: new BlobStore(dataDir + "/blobs"), linkStore, clock, log });
  `;
}

/** A file of `src` as a string literal for `import`. */
export function sourceUrl(path: string): string {
  return JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);
}
