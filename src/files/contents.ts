/**
 * Sealed bytes and the contents that name them.
 *
 *   row of a file   \                        ,--> links: each content's own
 *                    content { contentId, blob, digest }
 *   row of a version/                        `--> blobs/<id> and its thumbnail: shared by contents that are alike
 *
 * What the owner puts twice takes the disk once: a content without a password whose digest is known, under the same
 * suite, names the blob that is there. A blob goes when the last row that names it has gone; a crash in between leaves
 * it to the next sweep. Blobs with a password are never shared, because a new password rewrites their header in place.
 *
 * The digest is HMAC-SHA-256 under a key of the vault, never a plain hash, and lies sealed in the row: who sees the disk
 * cannot ask whether a known file is among these.
 */
import { toBase64Url } from "../core/bytes.ts";
import { type KeyedHash, keyedHash } from "../crypto/provider.ts";
import type { Vault } from "../vault/vault.ts";
import type { BlobStore } from "./blob-store.ts";
import type { FileTables, StoredContent } from "./file-tables.ts";
import type { LinkStore } from "./link-store.ts";
import type { MeshFiles } from "./mesh-files.ts";
import type { Thumbnails } from "./thumbnails.ts";

export interface ContentsOptions {
  readonly vault: Vault;
  readonly tables: FileTables;
  readonly blobs: BlobStore;
  readonly linkStore: LinkStore;
  readonly thumbnails: Thumbnails;
  readonly mesh: MeshFiles;
}

const DIGEST_SECRET = "content-digest/v1";

export class Contents {
  readonly #vault: Vault;
  readonly #tables: FileTables;
  readonly #blobs: BlobStore;
  readonly #linkStore: LinkStore;
  readonly #thumbnails: Thumbnails;
  readonly #mesh: MeshFiles;

  constructor({ vault, tables, blobs, linkStore, thumbnails, mesh }: ContentsOptions) {
    this.#vault = vault;
    this.#tables = tables;
    this.#blobs = blobs;
    this.#linkStore = linkStore;
    this.#thumbnails = thumbnails;
    this.#mesh = mesh;
  }

  /** Hashes a content as it passes. Throws LockedError. */
  measure(source: AsyncIterable<Uint8Array>): MeasuredSource {
    return new MeasuredSource(source, keyedHash(this.#vault.secretFor(DIGEST_SECRET)));
  }

  /**
   * Where a content that was just sealed should lie: in the blob of one that is alike and whole, else in its own.
   * Between this and the row that names it nothing may wait: the other's blob could go.
   */
  placed(sealed: StoredContent): StoredContent {
    const { digest, cipher, bytes } = sealed;
    const twin = digest === null ? null : this.#tables.withDigest(cipher, digest);
    if (!twin || twin.bytes !== bytes || !this.#blobs.isThere(twin.blob)) return sealed;
    return { ...sealed, blob: twin.blob, keyCheck: twin.keyCheck };
  }

  /** Whether anybody was given a link to this content. */
  hasLinks({ contentId }: StoredContent): boolean {
    return this.#linkStore.hasLinks(contentId);
  }

  /**
   * Ends the links of contents that go. Call it last in the transaction that deletes their rows: no link may outlive its
   * row, and what fails before has ended none.
   */
  endLinks(going: readonly StoredContent[]): void {
    for (const { contentId } of going) this.#linkStore.removeOf(contentId);
  }

  /** The same for folders. */
  endLinksOfFolders(ids: readonly string[]): void {
    for (const id of ids) this.#linkStore.removeOfFolder(id);
  }

  /** Removes those of these blobs that no row names any more, from the mesh, too. */
  async release(blobs: Iterable<string>): Promise<void> {
    for (const blob of new Set(blobs)) {
      if (this.#tables.isNamed(blob)) continue;
      this.#thumbnails.remove(blob);
      this.#mesh.dropBlob(blob);
      await this.#blobs.remove(blob);
    }
  }

  /**
   * Removes what a crash left: parts, blobs and thumbnails that no row names, links of contents that are gone. `spared`:
   * the blobs of what is still on its way.
   */
  async sweep(spared: () => ReadonlySet<string>): Promise<{ parts: number; forgotten: number }> {
    const parts = await this.#blobs.sweepParts(spared);
    const stored = await this.#blobs.list();
    const contents = this.#tables.contents();
    const ids = new Set(contents.map(({ contentId }) => contentId));
    for (const id of this.#linkStore.contents()) if (!ids.has(id)) this.#linkStore.removeOf(id);
    const named = new Set(contents.map(({ blob }) => blob));
    const forgotten = [...stored, ...this.#mesh.blobs()].filter((blob) => !named.has(blob) && !spared().has(blob));
    await this.release(forgotten);
    this.#thumbnails.keepOnly((blob) => this.#tables.isNamed(blob));
    return { parts, forgotten: forgotten.length };
  }
}

/** A source that knows, once it has passed, how many bytes it had and their digest. */
export class MeasuredSource implements AsyncIterable<Uint8Array> {
  bytes = 0;
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #hash: KeyedHash;

  constructor(source: AsyncIterable<Uint8Array>, hash: KeyedHash) {
    this.#source = source;
    this.#hash = hash;
  }

  /** base64url; once. */
  digest(): string {
    return toBase64Url(this.#hash.digest());
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#source) {
      this.bytes += piece.length;
      this.#hash.update(piece);
      yield piece;
    }
  }
}
