/**
 * Small pictures of contents, made by the owner's browser and kept sealed in the vault.
 *
 * The node decodes no image: decoders are where hostile files attack, and a browser runs its own in a sandbox. So what
 * comes here is re-encoded pixels, and the node looks at nothing but size and the first bytes. A thumbnail belongs to
 * the blob that it was made of and goes with it; contents that are alike share it. It is no part of a backup, because
 * it can be made again.
 */
import { fromBase64Url, toBase64Url } from "../core/bytes.ts";
import { ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import type { SealedTable } from "../vault/sealed-table.ts";
import type { Vault } from "../vault/vault.ts";

interface ThumbnailRow {
  readonly blob: string;
  /** base64url. */
  readonly picture: string;
}

export interface Picture {
  readonly type: "image/webp" | "image/jpeg";
  readonly bytes: Uint8Array;
}

const WEBP = /^RIFF[^]{4}WEBP/;
const JPEG = /^\xff\xd8\xff/;
const MAGIC_BYTES = 12;

export class Thumbnails {
  readonly #rows: SealedTable<ThumbnailRow>;

  constructor(vault: Vault) {
    const indexes = { unsaved: () => "yes" };
    this.#rows = vault.table<ThumbnailRow>({ name: "thumbnails", key: (row) => row.blob, indexes });
  }

  /** Keeps the picture of a blob; beyond the limit the oldest gives way. Throws ValidationError `bad_thumbnail`. */
  put(blob: string, picture: Uint8Array): void {
    if (picture.length > FILE_LIMITS.thumbnailBytes || typeOf(picture) === null) throw badThumbnail();
    this.#rows.put({ blob, picture: toBase64Url(picture) });
    const over = this.#rows.count() - FILE_LIMITS.thumbnails;
    if (over > 0) for (const old of this.#rows.list({ limit: over })) this.#rows.delete(old.blob);
  }

  /** Null when there is none. */
  get(blob: string): Picture | null {
    const row = this.#rows.get(blob);
    const bytes = row && fromBase64Url(row.picture);
    const type = bytes && typeOf(bytes);
    return bytes && type ? { type, bytes } : null;
  }

  remove(blob: string): void {
    this.#rows.delete(blob);
  }

  /** Removes those of all other blobs. */
  keepOnly(isNamed: (blob: string) => boolean): void {
    for (const { blob } of this.#rows.list()) if (!isNamed(blob)) this.#rows.delete(blob);
  }
}

/** By its first bytes; null for anything but what browsers make of a canvas. */
function typeOf(picture: Uint8Array): Picture["type"] | null {
  const start = String.fromCharCode(...picture.subarray(0, MAGIC_BYTES));
  if (WEBP.test(start)) return "image/webp";
  return JPEG.test(start) ? "image/jpeg" : null;
}

function badThumbnail(): ValidationError {
  return new ValidationError(
    "bad_thumbnail",
    `A thumbnail is a WebP or JPEG picture of at most ${FILE_LIMITS.thumbnailBytes} bytes.`,
    { hint: "Make it smaller." },
  );
}
