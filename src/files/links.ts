/**
 * Share links of the owner: made, listed and ended here, with the vault unlocked. What visitors do with
 * them is in `public-links.ts`.
 *
 *   vault row   slug, file, secret, mode, times     so that the owner can see the URL again
 *   links.db    verifier, sealed manifest, uses     what the public side needs; no key, no name
 *
 * A link is a key to one content of a file: made from the file key, so it goes on working when the file's password
 * changes or a new version comes. It ends when the file goes into the trash, or that version for good.
 */
import { fromBase64Url, toBase64Url, wipeBytes } from "../core/bytes.ts";
import { ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import {
  createLinkAddress,
  deriveLinkKeys,
  formatLinkPath,
  type LinkAddress,
  linkVerifier,
  sealManifest,
} from "../crypto/link-key.ts";
import { DEFAULT_ARGON2_COST, PASSPHRASE_SALT_BYTES } from "../crypto/passphrase.ts";
import type { SealedTable } from "../vault/sealed-table.ts";
import type { Vault } from "../vault/vault.ts";
import { checkDuration } from "./duration.ts";
import { checkFilePassword } from "./file-password.ts";
import type { FileContent, FileLibrary } from "./library.ts";
import type { StoredLink } from "./link-store.ts";
import { PublicLinks, type PublicLinksOptions } from "./public-links.ts";
import type { FileView, LinkMode, LinkView, SharedFile } from "./views.ts";

export interface NewLink {
  readonly mode: LinkMode;
  /** From now on, in milliseconds. A timed link lives 24 hours when nothing is said, a persistent one for ever. */
  readonly expiresMs?: number | undefined;
  /** Without it a one-time link serves one download, any other as many as are asked for. */
  readonly downloads?: number | undefined;
  readonly password?: string | undefined;
  /** Needed when the file itself has a password. */
  readonly filePassword?: string | undefined;
}

export interface LinksOptions extends PublicLinksOptions {
  readonly vault: Vault;
  readonly library: FileLibrary;
  /** Where visitors reach this node, for example `https://files.example`; asked anew for each URL. */
  readonly baseUrl: () => string;
}

interface LinkRow {
  readonly slug: string;
  readonly file: string;
  /** base64url, 16 bytes. */
  readonly secret: string;
  readonly mode: LinkMode;
  readonly hasPassword: boolean;
  readonly expiresAt: string | null;
  readonly createdAt: string;
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
   * Makes a link to a file. Throws ValidationError `unknown_file`, `file_password_needed`, `bad_password`,
   * `bad_duration`, `bad_downloads`, `too_many_links`; CryptoError for a wrong file password; LockedError.
   */
  async create(fileId: string, options: NewLink): Promise<LinkView> {
    const usesLeft = usesOf(options);
    const lifetimeMs = lifetimeOf(options);
    if (options.password !== undefined) checkFilePassword(options.password);
    if (this.#rows.count("file", fileId) >= FILE_LIMITS.linksPerFile) throw tooManyLinks();
    const content = await this.#library.content(fileId, { password: options.filePassword });
    const address = createLinkAddress();
    const sealed = await sealLink(address, content, options.password);
    wipeBytes(content.fileKey);
    this.#library.get(fileId); // it may have been removed while passwords were stretched
    const nowMs = this.clock.nowMs();
    const expiresAtMs = lifetimeMs === null ? null : nowMs + lifetimeMs;
    const row: LinkRow = {
      slug: address.slug,
      file: fileId,
      secret: toBase64Url(address.secret),
      mode: options.mode,
      hasPassword: options.password !== undefined,
      expiresAt: expiresAtMs === null ? null : isoTime(expiresAtMs),
      createdAt: isoTime(nowMs),
    };
    this.#rows.put(row); // first: a link that its owner cannot see must never exist
    this.store.insert({ ...sealed, expiresAtMs, usesLeft });
    this.changed();
    return this.#view(row, content.file, usesLeft, "active");
  }

  /** Newest first; used and expired links stay listed until they are removed. */
  list(): LinkView[] {
    const nowMs = this.clock.nowMs();
    return this.#rows.list({ newestFirst: true }).flatMap((row) => {
      const file = this.#library.find(row.file);
      const status = this.store.status(row.slug, nowMs);
      return file && status ? [this.#view(row, file, status.usesLeft, status.state)] : [];
    });
  }

  /** Ends a link at once, for downloads under way too. Throws ValidationError `unknown_link`. */
  remove(slug: string): void {
    if (!this.#rows.has(slug)) throw unknownLink();
    this.store.remove(slug);
    this.#rows.delete(slug);
    this.changed();
  }

  /** A file as a message's attachment: by a persistent link of its own, so that it can be ended alone. */
  async shareForMessage(fileId: string): Promise<SharedFile> {
    const { id, name, bytes } = this.#library.get(fileId);
    const { url } = await this.create(fileId, { mode: "persistent" });
    return { id, name, bytes, url };
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

  #view(row: LinkRow, file: FileView, left: number | null, state: LinkView["state"]): LinkView {
    const { slug, mode, hasPassword, expiresAt, createdAt } = row;
    const url = this.#baseUrl() + formatLinkPath({ slug, secret: fromBase64Url(row.secret) });
    return { slug, url, file: { id: file.id, name: file.name }, mode, hasPassword, expiresAt, left, state, createdAt };
  }
}

/** What links.db gets of a link; the file key leaves this function only inside the sealed manifest. */
async function sealLink(
  address: LinkAddress,
  { file, suite, fileKey, contentId, blob, contentOffset, contentBytes }: FileContent,
  password: string | undefined,
): Promise<Omit<StoredLink, "expiresAtMs" | "usesLeft">> {
  const cost = DEFAULT_ARGON2_COST;
  const salt = randomBytes(PASSPHRASE_SALT_BYTES);
  const { wrapKey, proof } = await deriveLinkKeys(address, password === undefined ? null : { password, salt, cost });
  const manifest = sealManifest({ name: file.name, bytes: file.bytes, suite, fileKey }, wrapKey, address.slug);
  const stretching = password === undefined ? null : { salt: toBase64Url(salt), cost };
  return {
    slug: address.slug,
    verifier: linkVerifier(proof),
    manifest,
    password: stretching,
    content: contentId,
    blob,
    contentOffset,
    contentBytes,
  };
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
