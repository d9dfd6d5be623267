/**
 * Share links of the owner: made, listed and ended here, with the vault unlocked. What visitors do with
 * them is in `public-links.ts`.
 *
 *   vault row   slug, file, secret, mode, times     so that the owner can see the URL again
 *   links.db    verifier, sealed manifest, uses     what the public side needs; no key, no name
 *
 * A link is a key to one content of a file: made from the file key, so it goes on working when the file's password
 * changes or a new version comes. It ends when the file goes into the trash, or that version for good. A link to a
 * folder is a key to the contents that its files have when it is made (`folder-share.ts`); it goes on without those that
 * are deleted, and ends with the folder, or with its last file.
 */
import { fromBase64Url, toBase64Url, wipeBytes } from "../core/bytes.ts";
import { ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import type { EnvelopeRecipient } from "../crypto/envelope.ts";
import {
  createLinkAddress,
  deriveLinkKeys,
  formatLinkPath,
  type LinkAddress,
  linkVerifier,
} from "../crypto/link-key.ts";
import { isNote, type LinkManifest, sealManifest } from "../crypto/link-manifest.ts";
import { DEFAULT_ARGON2_COST, PASSPHRASE_SALT_BYTES } from "../crypto/passphrase.ts";
import { sealRecipientManifest } from "../crypto/recipient-manifest.ts";
import type { SealedTable } from "../vault/sealed-table.ts";
import type { Vault } from "../vault/vault.ts";
import { checkDuration } from "./duration.ts";
import { checkFilePassword } from "./file-password.ts";
import { gatherFolder, partOf, sealFolder } from "./folder-share.ts";
import type { FileLibrary } from "./library.ts";
import type { LinkPasswordParameters, LinkStatus, StoredLink } from "./link-store.ts";
import { PublicLinks, type PublicLinksOptions } from "./public-links.ts";
import type { LinkMode, LinkView, SharedFile, SharedWith } from "./views.ts";

export interface NewLink {
  readonly mode: LinkMode;
  /** From now on, in milliseconds. A timed link lives 24 hours when nothing is said, a persistent one for ever. */
  readonly expiresMs?: number | undefined;
  /** Without it a one-time link serves one download, any other as many as are asked for. */
  readonly downloads?: number | undefined;
  readonly password?: string | undefined;
  /** Words that the visitor is shown: at most 1 KiB. */
  readonly note?: string | undefined;
  /** Needed when the file itself has a password. */
  readonly filePassword?: string | undefined;
}

export interface LinksOptions extends PublicLinksOptions {
  readonly vault: Vault;
  readonly library: FileLibrary;
  /** Where visitors reach this node, for example `https://files.example`; asked anew for each URL. */
  readonly baseUrl: () => string;
}

/** Whom a message goes to, and with it a file. */
export interface LinkAudience {
  readonly conversation: string;
  readonly name: string;
  /** Whose keys open the link's manifest, at most `FILE_LIMITS.slots`; null: whoever has the link. */
  readonly recipients: readonly EnvelopeRecipient[] | null;
}

interface LinkRow {
  readonly slug: string;
  /** The id of the file or folder. */
  readonly file: string;
  /** Of a folder's link; rows of earlier versions have neither this nor a note. */
  readonly folder?: { readonly files: number; readonly leftOut: number };
  readonly note?: string;
  /** base64url, 16 bytes. */
  readonly secret: string;
  readonly mode: LinkMode;
  readonly hasPassword: boolean;
  readonly expiresAt: string | null;
  readonly createdAt: string;
  /** Absent in rows of links that were made by themselves, and of before. */
  readonly sharedWith?: SharedWith;
}

const TIMED_DEFAULT_MS = 86_400_000; // 24 h

export class Links extends PublicLinks {
  readonly #library: FileLibrary;
  readonly #baseUrl: () => string;
  readonly #rows: SealedTable<LinkRow>;

  constructor(options: LinksOptions) {
    super(options);
    this.#library = options.library;
    this.#baseUrl = options.baseUrl;
    const indexes = { file: (row: LinkRow) => row.file };
    this.#rows = options.vault.table<LinkRow>({ name: "links", key: (row) => row.slug, indexes });
    this.#library.onChange(({ change, id }) => {
      if (change !== "added") this.#forgetEnded(id);
    });
  }

  /**
   * Makes a link to a file or a folder, by its id. Throws ValidationError `unknown_file`, `file_password_needed`,
   * `bad_password`, `bad_duration`, `bad_downloads`, `bad_note`, `too_many_links`, `folder_empty`, `folder_too_large`;
   * CryptoError for a wrong file password; LockedError.
   */
  create(id: string, options: NewLink): Promise<LinkView> {
    return this.#create(id, options, null);
  }

  /** With an audience of a file alone. */
  async #create(id: string, options: NewLink, audience: LinkAudience | null): Promise<LinkView> {
    const usesLeft = usesOf(options);
    const lifetimeMs = lifetimeOf(options);
    const note = noteOf(options);
    if (options.password !== undefined) checkFilePassword(options.password);
    if (this.#rows.count("file", id) >= FILE_LIMITS.linksPerFile) throw tooManyLinks();
    const isFolder = this.#library.tables.folders.has(id);
    const recipients = audience?.recipients ?? null;
    const seal = isFolder
      ? await this.#prepareFolder(id, note)
      : await this.#prepareFile(id, note, options, recipients);
    const address = createLinkAddress();
    const lock = await makeLock(address, options.password);
    const sealed = seal(address, lock.wrapKey); // nothing is awaited from here on: what was deleted until now is not shared
    const nowMs = this.clock.nowMs();
    const expiresAtMs = lifetimeMs === null ? null : nowMs + lifetimeMs;
    const row: LinkRow = {
      slug: address.slug,
      file: id,
      secret: toBase64Url(address.secret),
      mode: options.mode,
      hasPassword: options.password !== undefined,
      expiresAt: expiresAtMs === null ? null : isoTime(expiresAtMs),
      createdAt: isoTime(nowMs),
      ...(note === "" ? {} : { note }),
      ...(sealed.folder === null ? {} : { folder: sealed.folder }),
      ...(audience && { sharedWith: sharedWith(audience) }),
    };
    this.#rows.put(row); // first: a link that its owner cannot see must never exist
    const { manifest, source } = sealed;
    const { verifier, password } = lock;
    this.store.insert({ slug: address.slug, verifier, manifest, password, source, expiresAtMs, usesLeft });
    this.changed();
    return this.#view(row, this.#nameOf(id) ?? "", { state: "active", usesLeft, claims: 0 });
  }

  /** Newest first; used and expired links stay listed until they are removed. */
  list(): LinkView[] {
    const nowMs = this.clock.nowMs();
    return this.#rows.list({ newestFirst: true }).flatMap((row) => {
      const name = this.#nameOf(row.file);
      const status = this.store.status(row.slug, nowMs);
      return name !== null && status ? [this.#view(row, name, status)] : [];
    });
  }

  /** Ends a link at once, for downloads under way too. Throws ValidationError `unknown_link`. */
  remove(slug: string): void {
    if (!this.#rows.has(slug)) throw unknownLink();
    this.store.remove(slug);
    this.#rows.delete(slug);
    this.changed();
  }

  /**
   * A file as a message's attachment: by a persistent link of its own, so that it can be ended alone. Without an audience
   * it opens for whoever has the link. Throws what `create` throws.
   */
  async shareForMessage(fileId: string, audience: LinkAudience | null): Promise<SharedFile> {
    const { id, name, bytes } = this.#library.get(fileId);
    const { url, sharedWith: shared } = await this.#create(fileId, { mode: "persistent" }, audience);
    return { id, name, bytes, url, ...(shared?.forRecipients && { forRecipients: true }) };
  }

  /** Makes vault and links.db agree again after a crash or a restored backup. Call it after each unlock. */
  reconcile(): void {
    const known = new Set(this.#rows.list().map((row) => row.slug));
    const live = new Set(this.store.slugs());
    for (const slug of known) if (!live.has(slug)) this.#rows.delete(slug);
    for (const slug of live) if (!known.has(slug)) this.store.remove(slug);
  }

  /** The library has ended the links of a file that was removed, or of a version; of a folder, those of all in it. */
  #forgetEnded(id: string): void {
    const rows = this.#library.find(id) ? this.#rows.find("file", id) : this.#rows.list();
    const live = new Set(this.store.slugs());
    const ended = rows.filter(({ slug }) => !live.has(slug));
    for (const { slug } of ended) this.#rows.delete(slug);
    if (ended.length > 0) this.changed();
  }

  async #prepareFile(
    id: string,
    note: string,
    { filePassword }: NewLink,
    recipients: LinkAudience["recipients"],
  ): Promise<Seal> {
    const { file, suite, fileKey, ...stored } = await this.#library.content(id, { password: filePassword });
    const source = partOf(stored);
    return ({ slug }, wrapKey) => {
      this.#library.get(id); // it may have been deleted since
      const plain: LinkManifest = { kind: "file", name: file.name, note, bytes: file.bytes, suite, fileKey };
      const manifest = recipients
        ? sealRecipientManifest(plain, recipients, wrapKey, slug)
        : sealManifest(plain, wrapKey, slug);
      wipeBytes(fileKey);
      return { manifest, source, folder: null };
    };
  }

  async #prepareFolder(id: string, note: string): Promise<Seal> {
    const gathered = await gatherFolder(this.#library, id);
    return ({ slug }, wrapKey) => {
      const { name } = this.#library.folders.row(id); // it may have been deleted since
      const fileKey = randomBytes(32);
      const { source, leftOut } = sealFolder(this.#library, id, gathered, fileKey, slug);
      const { listing, parts } = source;
      for (const content of gathered.values()) wipeBytes(content.fileKey);
      const plain = { kind: "folder", name, note, bytes: listing.length, suite: "aes-256-gcm", fileKey } as const;
      const folder = { files: parts.length, leftOut };
      return { manifest: sealManifest(plain, wrapKey, slug), source, folder };
    };
  }

  /** Of a file or folder that can be reached; null for none. */
  #nameOf(id: string): string | null {
    const folder = this.#library.tables.folders.get(id);
    if (folder) return this.#library.folders.isReachable(folder) ? folder.name : null;
    return this.#library.find(id)?.name ?? null;
  }

  #view(row: LinkRow, name: string, { state, usesLeft, claims }: Omit<LinkStatus, "password">): LinkView {
    const { slug, file, mode, hasPassword, expiresAt, createdAt, folder } = row;
    const missing = folder ? this.store.missing(slug).length : 0;
    return {
      slug,
      url: this.#baseUrl() + formatLinkPath({ slug, secret: fromBase64Url(row.secret) }),
      kind: folder ? "folder" : "file",
      file: { id: file, name },
      mode,
      hasPassword,
      note: row.note ?? null,
      expiresAt,
      left: usesLeft,
      downloads: claims,
      state,
      createdAt,
      folder: folder ? { ...folder, missing } : null,
      sharedWith: row.sharedWith ?? null,
    };
  }
}

/** Makes what links.db gets of a file or folder; its key leaves this function only inside the sealed manifest. */
type Seal = (
  address: LinkAddress,
  wrapKey: Uint8Array,
) => Pick<StoredLink, "manifest" | "source"> & { readonly folder: Exclude<LinkRow["folder"], undefined> | null };

interface Lock {
  readonly wrapKey: Uint8Array;
  readonly verifier: Uint8Array;
  readonly password: LinkPasswordParameters | null;
}

async function makeLock(address: LinkAddress, password: string | undefined): Promise<Lock> {
  const cost = DEFAULT_ARGON2_COST;
  const salt = randomBytes(PASSPHRASE_SALT_BYTES);
  const { wrapKey, proof } = await deriveLinkKeys(address, password === undefined ? null : { password, salt, cost });
  return {
    wrapKey,
    verifier: linkVerifier(proof),
    password: password === undefined ? null : { salt: toBase64Url(salt), cost },
  };
}

function noteOf({ note = "" }: NewLink): string {
  const text = note.replaceAll("\r\n", "\n").trim();
  if (isNote(text)) return text;
  throw new ValidationError("bad_note", `A note is plain text of at most ${FILE_LIMITS.noteBytes} bytes.`, {
    hint: "Make it shorter.",
  });
}

function sharedWith({ conversation, name, recipients }: LinkAudience): SharedWith {
  return { conversation, name, forRecipients: recipients !== null };
}

function usesOf({ mode, downloads }: NewLink): number | null {
  if (downloads === undefined) return mode === "one-time" ? 1 : null;
  const most = mode === "one-time" ? 1 : FILE_LIMITS.downloadsPerLink;
  if (Number.isSafeInteger(downloads) && downloads >= 1 && downloads <= most) return downloads;
  throw new ValidationError("bad_downloads", `This link can serve 1 to ${most} downloads.`, {
    hint: "Choose another number, or another kind of link.",
  });
}

function lifetimeOf({ mode, expiresMs }: NewLink): number | null {
  if (expiresMs === undefined) return mode === "timed" ? TIMED_DEFAULT_MS : null;
  checkDuration(expiresMs);
  if (mode !== "persistent") return expiresMs;
  throw new ValidationError("bad_duration", "A persistent link does not expire.", { hint: "Make a timed link." });
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function tooManyLinks(): ValidationError {
  return new ValidationError("too_many_links", `A file can have ${FILE_LIMITS.linksPerFile} links.`, {
    hint: "Remove links that are no longer needed.",
  });
}

function unknownLink(): ValidationError {
  return new ValidationError("unknown_link", "There is no such link.", {
    hint: "See your links: nocturne files links",
  });
}
