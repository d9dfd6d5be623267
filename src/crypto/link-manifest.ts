/**
 * The manifest of a share link: all that a visitor needs to turn what he downloads into the file or folder.
 *
 *   1 | suite u8 | plain bytes u64 | file key 32 | name                                      a file without a note
 *   2 | kind u8 | suite u8 | bytes u64 | key 32 | note bytes u16 | note | name               kind: 1 file, 2 folder
 *   3 | ...                                           version 1 for particular people: `recipient-manifest.ts`
 *
 * Sealed with AES-256-GCM under the link's wrap key, associated data: slug. Of a folder, `key` opens the listing
 * (`link-listing.ts`), with which the link's content begins, and `bytes` is that listing's sealed length.
 */
import { concatBytes, utf8Decode, utf8Encode } from "../core/bytes.ts";
import { DECEPTIVE } from "../core/deceptive.ts";
import { CodecError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { openBytes, SEAL_OVERHEAD_BYTES, sealBytes } from "./aead.ts";
import type { SealedSuite } from "./sealed-header.ts";

const KEY_BYTES = 32;
const PLAIN_VERSION = 1;
const VERSION = 2;
/** Of a manifest that is sealed once more, for particular people: `recipient-manifest.ts` reads it. */
export const RECIPIENT_MANIFEST_VERSION = 3;
/** Version, kind, suite, bytes, key, length of the note. */
const FIXED_BYTES = 45;
const KINDS = ["file", "folder"] as const;
export const LINK_SUITES: readonly SealedSuite[] = ["aes-256-gcm", "noctis-256"];
/** What a name may not hold: a manifest is made by a stranger, and its name becomes a file's. */
const UNSAFE_NAME = /[/\\\p{Cc}]|^\.{0,2}$/u;
/** Lines and tabs are text; other control characters are not. */
const UNSAFE_NOTE = /[^\P{Cc}\n\t]/u;

export interface LinkManifest {
  readonly kind: (typeof KINDS)[number];
  /** Of the file, or of the folder. */
  readonly name: string;
  /** Words of the sender; empty for none. */
  readonly note: string;
  /** Plaintext length of the file; sealed length of a folder's listing. */
  readonly bytes: number;
  readonly suite: SealedSuite;
  /** 32 bytes. */
  readonly fileKey: Uint8Array;
}

/** Throws CodecError `bad_manifest` for an unsafe, empty or long name, a note that is none, or a wrong key size. */
export function sealManifest(manifest: LinkManifest, wrapKey: Uint8Array, slug: string): Uint8Array {
  return sealBytes(wrapKey, encodeManifest(manifest), utf8Encode(slug));
}

/**
 * The name comes without what deceives. Throws CryptoError for another key, slug or any change, CodecError `bad_manifest`
 * when the maker wrote nonsense, `for_recipients` for one that opens for particular people.
 */
export function openManifest(sealed: Uint8Array, wrapKey: Uint8Array, slug: string): LinkManifest {
  return readManifest(openBytes(wrapKey, sealed, utf8Encode(slug)));
}

/** A manifest that somebody else made, its name without what deceives. Throws what `decodeManifest` throws. */
export function readManifest(encoded: Uint8Array): LinkManifest {
  const manifest = decodeManifest(encoded);
  return { ...manifest, name: undeceptive(manifest.name) };
}

/** A file without a note is written as version 1, which readers of before know. */
export function encodeManifest(manifest: LinkManifest): Uint8Array {
  const { kind, name, note, bytes, suite, fileKey } = manifest;
  if (!isUsable(manifest)) throw badManifest();
  const noteBytes = utf8Encode(note);
  const fixed = new Uint8Array(FIXED_BYTES);
  const view = new DataView(fixed.buffer);
  fixed.set([VERSION, KINDS.indexOf(kind) + 1, LINK_SUITES.indexOf(suite) + 1]);
  view.setBigUint64(3, BigInt(bytes));
  fixed.set(fileKey, 11);
  view.setUint16(43, noteBytes.length);
  if (!isPlain(manifest)) return concatBytes(fixed, noteBytes, utf8Encode(name));
  return concatBytes(Uint8Array.of(PLAIN_VERSION), fixed.subarray(2, 43), utf8Encode(name));
}

/** Throws CodecError `bad_manifest`, `bad_utf8` for a name or note that is none, `for_recipients` for version 3. */
export function decodeManifest(encoded: Uint8Array): LinkManifest {
  if (encoded[0] === RECIPIENT_MANIFEST_VERSION) throw forRecipients();
  const isFirst = encoded[0] === PLAIN_VERSION;
  // Brought to the later form, so that both are read by the same lines.
  const all = isFirst
    ? concatBytes(Uint8Array.of(VERSION, 1), encoded.subarray(1, 42), new Uint8Array(2), encoded.subarray(42))
    : encoded;
  const kind = KINDS[(all[1] ?? 0) - 1];
  const suite = LINK_SUITES[(all[2] ?? 0) - 1];
  if (all.length < FIXED_BYTES || all[0] !== VERSION || !kind || !suite) throw badManifest();
  const view = new DataView(all.buffer, all.byteOffset);
  const nameAt = FIXED_BYTES + view.getUint16(43);
  if (nameAt > all.length) throw badManifest();
  const manifest = {
    kind,
    name: utf8Decode(all.subarray(nameAt)),
    note: utf8Decode(all.subarray(FIXED_BYTES, nameAt)),
    bytes: Number(view.getBigUint64(3)),
    suite,
    fileKey: all.slice(11, 43),
  };
  if (!isUsable(manifest) || isPlain(manifest) !== isFirst) throw badManifest();
  return manifest;
}

/**
 * Whether a name may become one of a file or folder: not empty, no path, at most 255 bytes; also when what deceives is
 * taken out of it, because "\u200b.." is one with the folder around then.
 */
export function isSafeName(name: string): boolean {
  const isLong = utf8Encode(name).length > FILE_LIMITS.nameBytes;
  return !isLong && !UNSAFE_NAME.test(name) && !UNSAFE_NAME.test(undeceptive(name));
}

/** A name or path without what deceives; a name that consisted of nothing else gets another. */
export function undeceptive(path: string): string {
  return path
    .split("/")
    .map((name) => name.replace(DECEPTIVE, "") || "file")
    .join("/");
}

/** Whether a text may be a note: lines of at most 1 KiB in all. */
export function isNote(text: string): boolean {
  return !UNSAFE_NOTE.test(text) && utf8Encode(text).length <= FILE_LIMITS.noteBytes;
}

/** Whether version 1 says all of it: a file without a note. */
export function isPlain({ kind, note }: LinkManifest): boolean {
  return kind === "file" && note === "";
}

function isUsable({ kind, name, note, bytes, suite, fileKey }: LinkManifest): boolean {
  const isSized = Number.isSafeInteger(bytes) && bytes >= 0 && fileKey.length === KEY_BYTES;
  // A listing is fetched and held before anything of it can be checked.
  const isListing = suite === "aes-256-gcm" && bytes > SEAL_OVERHEAD_BYTES && bytes <= FILE_LIMITS.listingBytes;
  return isSized && (kind === "file" || isListing) && isSafeName(name) && isNote(note);
}

function forRecipients(): CodecError {
  return new CodecError("for_recipients", "This file was sent to particular people.", {
    hint: "Open it in Nocturne, in the conversation that it came in.",
  });
}

/** What a manifest or listing throws that was opened and makes no sense. */
export function badManifest(): CodecError {
  return new CodecError("bad_manifest", "The description of this shared file is not usable.", {
    hint: "Ask for a new link.",
  });
}
