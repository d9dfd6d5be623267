/**
 * The listing of a shared folder: which files it gives, and how each opens.
 *
 *   content of the link = sealed listing | payload of the first file | payload of the second | ...
 *   listing             = entry | entry | ...       AES-256-GCM under the manifest's key, associated data: label | slug
 *   entry               = suite u8 | plain bytes u64 | sealed bytes u64 | file key 32 | path bytes u16 | path, UTF-8
 *
 * A path has the names of folders and file with "/" between them and none before the first. The maker is a stranger
 * for whoever opens it, so no path leaves the folder, comes twice, or needs a file to be a folder too.
 */
import { concatBytes, utf8Decode, utf8Encode } from "../core/bytes.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { openBytes, sealBytes } from "./aead.ts";
import { sealedBytesOf } from "./link-key.ts";
import { badManifest, isSafeName, LINK_SUITES, undeceptive } from "./link-manifest.ts";
import type { SealedSuite } from "./sealed-header.ts";

const LABEL = "nocturne/link/listing/v1";
const KEY_BYTES = 32;
const FIXED_BYTES = 51;
const LONGEST_PATH = 0xffff;

export interface ListedFile {
  /** For example "2026/garden.pdf". */
  readonly path: string;
  /** Plaintext length. */
  readonly bytes: number;
  /** Length of its payload in the link's content. */
  readonly sealedBytes: number;
  readonly suite: SealedSuite;
  /** 32 bytes. */
  readonly fileKey: Uint8Array;
}

/** Throws CodecError `bad_manifest` for what `openListing` would refuse. */
export function sealListing(files: readonly ListedFile[], key: Uint8Array, slug: string): Uint8Array {
  checkListing(files);
  return sealBytes(key, concatBytes(...files.map(encodeEntry)), associatedData(slug));
}

/**
 * The paths come without what deceives. Throws CryptoError for another key, slug or any change, CodecError `bad_manifest`
 * when the maker wrote nonsense.
 */
export function openListing(sealed: Uint8Array, key: Uint8Array, slug: string): ListedFile[] {
  const encoded = openBytes(key, sealed, associatedData(slug));
  const view = new DataView(encoded.buffer, encoded.byteOffset);
  const files: ListedFile[] = [];
  for (let at = 0; at < encoded.length; ) {
    if (at + FIXED_BYTES > encoded.length) throw badManifest();
    const pathAt = at + FIXED_BYTES;
    const end = pathAt + view.getUint16(pathAt - 2);
    const suite = LINK_SUITES[(encoded[at] as number) - 1];
    if (end > encoded.length || !suite) throw badManifest();
    files.push({
      path: utf8Decode(encoded.subarray(pathAt, end)),
      bytes: Number(view.getBigUint64(at + 1)),
      sealedBytes: Number(view.getBigUint64(at + 9)),
      suite,
      fileKey: encoded.slice(at + 17, at + 17 + KEY_BYTES),
    });
    at = end;
  }
  checkListing(files);
  return files.map((file) => ({ ...file, path: undeceptive(file.path) }));
}

function encodeEntry({ path, bytes, sealedBytes, suite, fileKey }: ListedFile): Uint8Array {
  const pathBytes = utf8Encode(path);
  const fixed = new Uint8Array(FIXED_BYTES);
  const view = new DataView(fixed.buffer);
  fixed[0] = LINK_SUITES.indexOf(suite) + 1;
  view.setBigUint64(1, BigInt(bytes));
  view.setBigUint64(9, BigInt(sealedBytes));
  fixed.set(fileKey, 17);
  view.setUint16(FIXED_BYTES - 2, pathBytes.length);
  return concatBytes(fixed, pathBytes);
}

function checkListing(files: readonly ListedFile[]): void {
  const folders = new Set<string>();
  const paths = new Set(files.map(({ path }) => undeceptive(path)));
  let total = 0;
  for (const { path, bytes, sealedBytes, suite, fileKey } of files) {
    const names = undeceptive(path).split("/");
    for (let i = 1; i < names.length; i++) folders.add(names.slice(0, i).join("/"));
    total += sealedBytes;
    const isPlace = path.split("/").every(isSafeName) && names.length <= FILE_LIMITS.folderDepth + 1;
    const areWhole = [bytes, sealedBytes, total].every((size) => Number.isSafeInteger(size) && size >= 0);
    // A payload is as long as its plaintext makes it: who receives one byte is not sent a terabyte for it.
    const isSized = areWhole && sealedBytes === sealedBytesOf(suite, bytes);
    if (!isPlace || !isSized || fileKey.length !== KEY_BYTES || utf8Encode(path).length > LONGEST_PATH) {
      throw badManifest();
    }
  }
  const isClear = paths.size === files.length && [...folders].every((folder) => !paths.has(folder));
  if (!isClear || files.length === 0 || files.length > FILE_LIMITS.filesPerLink) throw badManifest();
}

/** Names the purpose, because a manifest is sealed in the same way. */
function associatedData(slug: string): Uint8Array {
  return utf8Encode(`${LABEL}/${slug}`);
}
