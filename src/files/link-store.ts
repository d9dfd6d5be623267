/**
 * What the public side of share links needs, in `<dataDir>/links.db` (SQLite, 0600), readable while the
 * vault is locked. It holds no key, no name and no address:
 *
 *   links    slug | SHA-256(proof) | sealed manifest | content, blob, offset, bytes | expiry | uses left | wrong proofs
 *   leases   SHA-256(lease token) | slug | end | byte ranges already served
 *
 * Who steals this file cannot claim (the proof is hashed), resume (so is the token) or decrypt. A manifest is
 * erased once its link is used up or expired: then even the link's secret no longer opens it.
 * Several processes may open the same database; every decision is one write transaction.
 */
import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { equalBytes } from "../core/bytes.ts";
import { CodecError, isSystemError, toNocturneError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { addRange, type ByteRange, coversAll } from "./served-ranges.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS links (
    slug TEXT PRIMARY KEY,
    verifier BLOB NOT NULL,
    manifest BLOB,
    password TEXT,
    blob TEXT NOT NULL,
    content_offset INTEGER NOT NULL,
    content_bytes INTEGER NOT NULL,
    expires_at INTEGER,
    uses_left INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    failures_since INTEGER NOT NULL DEFAULT 0,
    content TEXT
  ) STRICT;
  CREATE TABLE IF NOT EXISTS leases (
    token BLOB PRIMARY KEY,
    slug TEXT NOT NULL REFERENCES links (slug) ON DELETE CASCADE,
    ends_at INTEGER NOT NULL,
    served TEXT NOT NULL DEFAULT '[]'
  ) STRICT;
  CREATE INDEX IF NOT EXISTS leases_slug ON leases (slug);
`;

/** Links of the first version knew the blob alone; contents of that time are named by it (`file-tables.ts`). */
const NAME_CONTENTS = `
  UPDATE links SET content = blob WHERE content IS NULL;
  DROP INDEX IF EXISTS links_blob;
  CREATE INDEX IF NOT EXISTS links_content ON links (content);
`;

/** The one statement that uses up a download: of any number of claims at once, only so many find a use left. */
const CLAIM = `
  UPDATE links SET uses_left = uses_left - 1, failures = 0
  WHERE slug = :slug AND (uses_left IS NULL OR uses_left > 0) AND (expires_at IS NULL OR expires_at > :now)
  RETURNING manifest, content_bytes`;

/** Salt (16 bytes, base64url) and cost by which a visitor stretches the link's password. */
export interface LinkPasswordParameters {
  readonly salt: string;
  readonly cost: { readonly memoryKiB: number; readonly passes: number; readonly lanes: number };
}

export interface StoredLink {
  readonly slug: string;
  /** SHA-256 of the proof, 32 bytes. */
  readonly verifier: Uint8Array;
  readonly manifest: Uint8Array;
  readonly password: LinkPasswordParameters | null;
  /** The content that it was made of and ends with; the blob may hold others that are alike. */
  readonly content: string;
  readonly blob: string;
  /** Where in the blob the payload starts, and how long it is. */
  readonly contentOffset: number;
  readonly contentBytes: number;
  readonly expiresAtMs: number | null;
  readonly usesLeft: number | null;
}

export interface LinkStatus {
  readonly state: "active" | "used" | "expired";
  readonly usesLeft: number | null;
  readonly password: LinkPasswordParameters | null;
}

export type ClaimOutcome =
  | { readonly outcome: "claimed"; readonly manifest: Uint8Array; readonly contentBytes: number }
  | { readonly outcome: "used" | "expired" | "unknown" | "wrong-proof" | "blocked" | "busy" };

export interface Lease {
  readonly blob: string;
  readonly contentOffset: number;
  readonly contentBytes: number;
  readonly served: readonly ByteRange[];
}

type Row = Record<string, SQLOutputValue>;

export class LinkStore {
  readonly #db: DatabaseSync;

  /** Opens or makes the database. Throws CodecError `links_corrupt` when the file is something else. */
  constructor(path: string) {
    createOwnFile(path);
    this.#db = new DatabaseSync(path, { timeout: 10_000 });
    try {
      this.#db.exec(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON",
      );
      this.#db.exec(SCHEMA);
      this.#transaction(() => this.#nameContents());
    } catch (cause) {
      this.#db.close();
      throw new CodecError("links_corrupt", "The list of share links (links.db) cannot be read.", {
        hint: "Move links.db away: files stay, share links end and must be made again.",
        cause,
      });
    }
  }

  insert(link: StoredLink): void {
    this.#db
      .prepare(
        `INSERT INTO links
           (slug, verifier, manifest, password, content, blob, content_offset, content_bytes, expires_at, uses_left)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        link.slug,
        link.verifier,
        link.manifest,
        link.password && JSON.stringify(link.password),
        link.content,
        link.blob,
        link.contentOffset,
        link.contentBytes,
        link.expiresAtMs,
        link.usesLeft,
      );
  }

  /** How a link stands at `nowMs`; null for an unknown slug. */
  status(slug: string, nowMs: number): LinkStatus | null {
    const row = this.#link(slug);
    if (!row) return null;
    return {
      state: stateOf(row, nowMs),
      usesLeft: row["uses_left"] as number | null,
      password: row["password"] === null ? null : JSON.parse(row["password"] as string),
    };
  }

  /**
   * Takes one use of a link, when `proofHash` (32 bytes) is its verifier, and records a lease under `token`
   * (32 bytes) that ends at `nowMs` + 6 h. Proofs are compared in constant time; after 10 wrong ones within
   * 10 minutes every claim is `blocked` until the window has passed, a right one too: otherwise guessing on
   * would still find the password. `busy`: 64 counted downloads are under way.
   */
  claim(slug: string, proofHash: Uint8Array, token: Uint8Array, nowMs: number): ClaimOutcome {
    return this.#transaction((): ClaimOutcome => {
      const row = this.#link(slug);
      if (!row) return { outcome: "unknown" };
      const state = stateOf(row, nowMs);
      if (state !== "active") return { outcome: state };
      const recent = nowMs - (row["failures_since"] as number) < FILE_LIMITS.claimFailureWindowMs;
      if (recent && (row["failures"] as number) >= FILE_LIMITS.claimFailures) return { outcome: "blocked" };
      if (!equalBytes(row["verifier"] as Uint8Array, proofHash)) {
        this.#countFailure(slug, recent, nowMs);
        return { outcome: "wrong-proof" };
      }
      if (!this.#makeRoom(slug, row["uses_left"] !== null, nowMs)) return { outcome: "busy" };
      return this.#take(slug, token, nowMs);
    });
  }

  /** The lease of a token; null when there is none or it has ended. */
  lease(slug: string, token: Uint8Array, nowMs: number): Lease | null {
    const row = this.#db
      .prepare("SELECT * FROM leases JOIN links USING (slug) WHERE token = ? AND slug = ? AND ends_at > ?")
      .get(token, slug, nowMs);
    return row
      ? {
          blob: row["blob"] as string,
          contentOffset: row["content_offset"] as number,
          contentBytes: row["content_bytes"] as number,
          served: JSON.parse(row["served"] as string),
        }
      : null;
  }

  /**
   * Writes down that bytes `start` to `end` (exclusive) were served. When that completes the content, the
   * lease ends after a short grace. False when the lease is gone: its link was removed, or the time is over.
   */
  recordServed(slug: string, token: Uint8Array, start: number, end: number, nowMs: number): boolean {
    return this.#transaction(() => {
      const lease = this.lease(slug, token, nowMs);
      if (!lease) return false;
      const served = addRange(lease.served, start, end);
      const lastEnd = coversAll(served, lease.contentBytes)
        ? nowMs + FILE_LIMITS.leaseGraceMs
        : Number.MAX_SAFE_INTEGER;
      this.#db
        .prepare("UPDATE leases SET served = ?, ends_at = min(ends_at, ?) WHERE token = ?")
        .run(JSON.stringify(served), lastEnd, token);
      return true;
    });
  }

  /** Ends a link and its leases. */
  remove(slug: string): void {
    this.#db.prepare("DELETE FROM links WHERE slug = ?").run(slug);
  }

  /** Whether anybody was given a link to this content. */
  hasLinks(content: string): boolean {
    return this.#db.prepare("SELECT 1 FROM links WHERE content = ? LIMIT 1").get(content) !== undefined;
  }

  /** Ends all links of a content and their leases; those of contents in the same blob go on. */
  removeOf(content: string): void {
    this.#db.prepare("DELETE FROM links WHERE content = ?").run(content);
  }

  /** The contents that links are made of. */
  contents(): string[] {
    return this.#db
      .prepare("SELECT DISTINCT content FROM links")
      .all()
      .map((row) => row["content"] as string);
  }

  slugs(): string[] {
    return this.#db
      .prepare("SELECT slug FROM links")
      .all()
      .map((row) => row["slug"] as string);
  }

  /** Erases manifests that nobody can claim any more, and ended leases; the journal too, which holds old pages. */
  sweep(nowMs: number): void {
    this.#transaction(() => this.#eraseEnded(nowMs));
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  close(): void {
    this.#db.close();
  }

  #nameContents(): void {
    const columns = this.#db.prepare("SELECT name FROM pragma_table_info('links')").all();
    if (!columns.some(({ name }) => name === "content")) this.#db.exec("ALTER TABLE links ADD COLUMN content TEXT");
    this.#db.exec(NAME_CONTENTS);
  }

  #link(slug: string): Row | undefined {
    return this.#db.prepare("SELECT * FROM links WHERE slug = ?").get(slug);
  }

  #take(slug: string, token: Uint8Array, nowMs: number): ClaimOutcome {
    const row = this.#db.prepare(CLAIM).get({ slug, now: nowMs });
    if (!row) return { outcome: "used" };
    this.#db
      .prepare("INSERT INTO leases (token, slug, ends_at) VALUES (?, ?, ?)")
      .run(token, slug, nowMs + FILE_LIMITS.leaseMs);
    this.#eraseEnded(nowMs);
    return {
      outcome: "claimed",
      manifest: row["manifest"] as Uint8Array,
      contentBytes: row["content_bytes"] as number,
    };
  }

  #countFailure(slug: string, recent: boolean, nowMs: number): void {
    const change = recent ? "failures = failures + 1" : "failures = 1, failures_since = :now";
    this.#db.prepare(`UPDATE links SET ${change} WHERE slug = :slug`).run(recent ? { slug } : { slug, now: nowMs });
  }

  /**
   * Keeps the leases of one link below their limit. Without a bound on downloads the oldest lease gives way,
   * because its holder may claim again; a counted one must not lose what it paid for.
   */
  #makeRoom(slug: string, counted: boolean, nowMs: number): boolean {
    this.#eraseEnded(nowMs);
    const { leases } = this.#db.prepare("SELECT count(*) AS leases FROM leases WHERE slug = ?").get(slug) as Row;
    if ((leases as number) < FILE_LIMITS.leasesPerLink) return true;
    if (counted) return false;
    this.#db
      .prepare("DELETE FROM leases WHERE token = (SELECT token FROM leases WHERE slug = ? ORDER BY ends_at LIMIT 1)")
      .run(slug);
    return true;
  }

  #eraseEnded(nowMs: number): void {
    this.#db
      .prepare("UPDATE links SET manifest = NULL WHERE manifest IS NOT NULL AND (uses_left = 0 OR expires_at <= ?)")
      .run(nowMs);
    this.#db.prepare("DELETE FROM leases WHERE ends_at <= ?").run(nowMs);
  }

  /** IMMEDIATE takes the write lock at once: what is read inside cannot change before it is written. */
  #transaction<T>(work: () => T): T {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }
}

/**
 * SQLite would make the file readable for everybody; its side files copy this mode. An existing file must not be
 * opened here: closing it would drop the locks of other connections of this process (POSIX).
 */
function createOwnFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (!isSystemError(error) || error.code !== "EEXIST") throw toNocturneError(error);
  }
}

function stateOf(row: Row, nowMs: number): LinkStatus["state"] {
  if (row["uses_left"] === 0) return "used";
  const expiresAtMs = row["expires_at"] as number | null;
  return expiresAtMs !== null && expiresAtMs <= nowMs ? "expired" : "active";
}
