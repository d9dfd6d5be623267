/**
 * What the public side of share links needs, in `<dataDir>/links.db` (SQLite, 0600), readable while the
 * vault is locked. It holds no key, no name and no address:
 *
 *   links      slug | SHA-256(proof) | sealed manifest | content, blob, offset, bytes | expiry | uses left, claims | wrong proofs
 *   listings   slug | sealed listing        of a folder's link; `content` then is "folder:" and that folder's id
 *   parts      slug | where in the content of the link | content, blob, offset, bytes        its files, behind the listing
 *   leases     SHA-256(lease token) | slug | end | byte ranges already served
 *   ended      slug | until when to remember that its owner ended it
 *
 * Who steals this file cannot claim (the proof is hashed), resume (so is the token) or decrypt. A manifest is
 * erased once its link is used up or expired: then even the link's secret no longer opens it.
 * Several processes may open the same database; every decision is one write transaction.
 */
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { equalBytes } from "../core/bytes.ts";
import { inTransaction } from "../core/transaction.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { CodecError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { createDatabaseFile } from "../vault/durable-file.ts";
import { addRanges, type ByteRange, coversAll } from "./served-ranges.ts";

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
    claims INTEGER NOT NULL DEFAULT 0,
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
  CREATE TABLE IF NOT EXISTS listings (
    slug TEXT PRIMARY KEY REFERENCES links (slug) ON DELETE CASCADE,
    sealed BLOB NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS parts (
    slug TEXT NOT NULL REFERENCES links (slug) ON DELETE CASCADE,
    starts_at INTEGER NOT NULL,
    content TEXT,
    blob TEXT,
    content_offset INTEGER NOT NULL,
    content_bytes INTEGER NOT NULL,
    PRIMARY KEY (slug, starts_at)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS parts_content ON parts (content);
  CREATE TABLE IF NOT EXISTS ended (slug TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT;
`;

/** Every content that a link gives. Those of folders are in their parts; what stands in their row names the folder. */
const LINKED = `
  SELECT content FROM (
    SELECT content FROM links WHERE NOT EXISTS (SELECT 1 FROM parts WHERE parts.slug = links.slug)
    UNION ALL SELECT content FROM parts WHERE content NOT NULL
  )`;

/** Links of the first version knew the blob alone; contents of that time are named by it (`file-tables.ts`). */
const NAME_CONTENTS = `
  UPDATE links SET content = blob WHERE content IS NULL;
  DROP INDEX IF EXISTS links_blob;
  CREATE INDEX IF NOT EXISTS links_content ON links (content);
`;

/** The one statement that uses up a download: of any number of claims at once, only so many find a use left. */
const CLAIM = `
  UPDATE links SET uses_left = uses_left - 1, claims = claims + 1, failures = 0
  WHERE slug = :slug AND (uses_left IS NULL OR uses_left > 0) AND (expires_at IS NULL OR expires_at > :now)
  RETURNING manifest, content_bytes`;

/** Salt (16 bytes, base64url) and cost by which a visitor stretches the link's password. */
export interface LinkPasswordParameters {
  readonly salt: string;
  readonly cost: { readonly memoryKiB: number; readonly passes: number; readonly lanes: number };
}

/** A payload: where in which blob it starts, and how long it is. */
export interface StoredPart {
  /** The content that it was made of and ends with; the blob may hold others that are alike. */
  readonly content: string;
  readonly blob: string;
  readonly contentOffset: number;
  readonly contentBytes: number;
}

export interface StoredLink {
  readonly slug: string;
  /** SHA-256 of the proof, 32 bytes. */
  readonly verifier: Uint8Array;
  readonly manifest: Uint8Array;
  readonly password: LinkPasswordParameters | null;
  readonly source: StoredPart | StoredFolder;
  readonly expiresAtMs: number | null;
  readonly usesLeft: number | null;
}

/** What a folder's link gives: the sealed listing, and behind it the parts, without a gap. */
export interface StoredFolder {
  readonly folder: string;
  readonly listing: Uint8Array;
  readonly parts: readonly StoredPart[];
}

export interface LinkStatus {
  readonly state: "active" | "used" | "expired";
  readonly usesLeft: number | null;
  readonly claims: number;
  readonly password: LinkPasswordParameters | null;
}

export type ClaimOutcome =
  | {
      readonly outcome: "claimed";
      readonly manifest: Uint8Array;
      readonly contentBytes: number;
      /** Of a folder: which of its files, counted from 0 in the order of the listing, are gone. */
      readonly missing: readonly number[];
    }
  | { readonly outcome: "used" | "expired" | "ended" | "unknown" | "wrong-proof" | "blocked" | "busy" };

export interface Lease {
  readonly contentBytes: number;
  readonly served: readonly ByteRange[];
  /** Of a folder: how many files. 0 for the link of one file. */
  readonly parts: number;
}

/** A piece of a link's content that lies together: bytes `start` to `end` (exclusive) of the content. */
export interface ContentPiece {
  readonly start: number;
  readonly end: number;
  /** Sealed bytes that are at hand, a payload in a blob, or a file that its owner deleted. */
  readonly from: Uint8Array | StoredPart | "gone";
}

type Row = Record<string, SQLOutputValue>;

export class LinkStore {
  readonly #db: DatabaseSync;
  readonly #clock: Clock;

  /** Opens or makes the database. Throws CodecError `links_corrupt` when the file is something else. */
  constructor(path: string, clock: Clock = systemClock) {
    this.#clock = clock;
    createDatabaseFile(path);
    this.#db = new DatabaseSync(path, { timeout: 10_000 });
    try {
      this.#db.exec(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON",
      );
      this.#db.exec(SCHEMA);
      inTransaction(this.#db, () => this.#addColumns());
    } catch (cause) {
      this.#db.close();
      throw new CodecError("links_corrupt", "The list of share links (links.db) cannot be read.", {
        hint: "Move links.db away: files stay, share links end and must be made again.",
        cause,
      });
    }
  }

  insert(link: StoredLink): void {
    const { slug, verifier, manifest, password, source, expiresAtMs, usesLeft } = link;
    const place = "folder" in source ? placeOfFolder(source) : source;
    inTransaction(this.#db, () => {
      this.#db
        .prepare(
          `INSERT INTO links (slug, verifier, manifest, password, content, blob, content_offset, content_bytes, expires_at, uses_left)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          slug,
          verifier,
          manifest,
          password && JSON.stringify(password),
          place.content,
          place.blob,
          place.contentOffset,
          place.contentBytes,
          expiresAtMs,
          usesLeft,
        );
      if ("folder" in source) this.#insertFolder(slug, source);
    });
  }

  /** How a link stands at `nowMs`; null for an unknown slug. */
  status(slug: string, nowMs: number): LinkStatus | null {
    const row = this.#link(slug);
    if (!row) return null;
    return {
      state: stateOf(row, nowMs),
      usesLeft: row["uses_left"] as number | null,
      claims: row["claims"] as number,
      password: row["password"] === null ? null : JSON.parse(row["password"] as string),
    };
  }

  /** Whether this was a link that its owner ended, or that ended with its file. */
  isEnded(slug: string, nowMs: number): boolean {
    return this.#db.prepare("SELECT 1 FROM ended WHERE slug = ? AND until > ?").get(slug, nowMs) !== undefined;
  }

  /** Of a folder's link: which of its files are gone, counted from 0 in the order of the listing. */
  missing(slug: string): number[] {
    const parts = this.#db.prepare("SELECT blob FROM parts WHERE slug = ? ORDER BY starts_at").all(slug);
    return parts.flatMap((part, index) => (part["blob"] === null ? [index] : []));
  }

  /**
   * Takes one use of a link, when `proofHash` (32 bytes) is its verifier, and records a lease under `token`
   * (32 bytes) that ends at `nowMs` + 6 h. Proofs are compared in constant time; after 10 wrong ones within
   * 10 minutes every claim is `blocked` until the window has passed, a right one too: otherwise guessing on
   * would still find the password. `busy`: 64 counted downloads are under way.
   */
  claim(slug: string, proofHash: Uint8Array, token: Uint8Array, nowMs: number): ClaimOutcome {
    return inTransaction(this.#db, (): ClaimOutcome => {
      const row = this.#link(slug);
      if (!row) return { outcome: this.isEnded(slug, nowMs) ? "ended" : "unknown" };
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
      .prepare(
        `SELECT served, content_bytes, (SELECT count(*) FROM parts WHERE slug = :slug) AS parts
         FROM leases JOIN links USING (slug) WHERE token = :token AND slug = :slug AND ends_at > :now`,
      )
      .get({ token, slug, now: nowMs });
    return row
      ? {
          contentBytes: row["content_bytes"] as number,
          served: JSON.parse(row["served"] as string),
          parts: row["parts"] as number,
        }
      : null;
  }

  /** The piece of a link's content that holds its byte `at`; null when the link is gone or `at` lies behind its end. */
  piece(slug: string, at: number): ContentPiece | null {
    const row = this.#link(slug);
    if (!row || at < 0 || at >= (row["content_bytes"] as number)) return null;
    const listingBytes = this.#db.prepare("SELECT length(sealed) AS bytes FROM listings WHERE slug = ?").get(slug);
    if (!listingBytes) return { start: 0, end: row["content_bytes"] as number, from: partOf(row) };
    const end = listingBytes["bytes"] as number;
    if (at < end) return { start: 0, end, from: this.#listing(slug) };
    return this.#piecePastListing(slug, at);
  }

  /**
   * Writes down that bytes `start` to `end` (exclusive) were served. When that completes what there still is of the
   * content, the lease ends after a short grace. False when the lease is gone: its link was removed, or the time is over.
   */
  recordServed(slug: string, token: Uint8Array, start: number, end: number, nowMs: number): boolean {
    return inTransaction(this.#db, () => {
      const lease = this.lease(slug, token, nowMs);
      if (!lease) return false;
      const served = addRanges(lease.served, [[start, end]]);
      this.#db.prepare("UPDATE leases SET served = ? WHERE token = ?").run(JSON.stringify(served), token);
      if (coversAll(addRanges(served, this.#gone(slug)), lease.contentBytes)) this.#endSoon(token, nowMs);
      return true;
    });
  }

  /** Ends a link and its leases. */
  remove(slug: string): void {
    inTransaction(this.#db, () => this.#end("slug = ?", slug));
  }

  /** Whether anybody was given a link to this content, alone or in a folder. */
  hasLinks(content: string): boolean {
    return this.#db.prepare(`${LINKED} WHERE content = ? LIMIT 1`).get(content) !== undefined;
  }

  /**
   * Ends all links of a content and their leases; those of contents in the same blob go on. Links of folders go on
   * without this file, or end with their last one.
   */
  removeOf(content: string): void {
    inTransaction(this.#db, () => {
      this.#end("content = ?", content);
      const shorter = this.#db
        .prepare("UPDATE parts SET content = NULL, blob = NULL WHERE content = ? RETURNING slug")
        .all(content);
      for (const slug of new Set(shorter.map((row) => row["slug"] as string))) {
        this.#end(
          "slug = ? AND NOT EXISTS (SELECT 1 FROM parts WHERE parts.slug = links.slug AND blob NOT NULL)",
          slug,
        );
        this.#endServed(slug);
      }
    });
  }

  /** Ends all links of a folder and their leases. */
  removeOfFolder(id: string): void {
    inTransaction(this.#db, () => this.#end("content = ?", folderMark(id)));
  }

  /** The contents that links are made of. */
  contents(): string[] {
    return this.#db
      .prepare(`SELECT DISTINCT content FROM (${LINKED})`)
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
    inTransaction(this.#db, () => this.#eraseEnded(nowMs));
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  close(): void {
    this.#db.close();
  }

  /** Of databases that an earlier version made. */
  #addColumns(): void {
    const columns = this.#db.prepare("SELECT name FROM pragma_table_info('links')").all();
    const has = (wanted: string): boolean => columns.some(({ name }) => name === wanted);
    if (!has("claims")) this.#db.exec("ALTER TABLE links ADD COLUMN claims INTEGER NOT NULL DEFAULT 0");
    if (!has("content")) this.#db.exec("ALTER TABLE links ADD COLUMN content TEXT");
    this.#db.exec(NAME_CONTENTS);
  }

  #link(slug: string): Row | undefined {
    return this.#db.prepare("SELECT * FROM links WHERE slug = ?").get(slug);
  }

  /** Where the files lay that are gone. */
  #gone(slug: string): ByteRange[] {
    return this.#db
      .prepare("SELECT starts_at, starts_at + content_bytes AS ends_at FROM parts WHERE slug = ? AND blob IS NULL")
      .all(slug)
      .map((part) => [part["starts_at"] as number, part["ends_at"] as number]);
  }

  /** After files of a folder were deleted: leases that have served all that there still is end as if it came last. */
  #endServed(slug: string): void {
    const gone = this.#gone(slug);
    const leases = this.#db
      .prepare("SELECT token, served, content_bytes FROM leases JOIN links USING (slug) WHERE slug = ?")
      .all(slug);
    for (const { token, served, content_bytes: bytes } of leases) {
      const covered = addRanges(JSON.parse(served as string), gone);
      if (coversAll(covered, bytes as number)) this.#endSoon(token as Uint8Array, this.#clock.nowMs());
    }
  }

  #endSoon(token: Uint8Array, nowMs: number): void {
    this.#db
      .prepare("UPDATE leases SET ends_at = min(ends_at, ?) WHERE token = ?")
      .run(nowMs + FILE_LIMITS.leaseGraceMs, token);
  }

  #piecePastListing(slug: string, at: number): ContentPiece | null {
    const part = this.#db
      .prepare("SELECT * FROM parts WHERE slug = ? AND starts_at <= ? ORDER BY starts_at DESC LIMIT 1")
      .get(slug, at);
    if (!part) return null;
    const start = part["starts_at"] as number;
    const end = start + (part["content_bytes"] as number);
    return { start, end, from: part["blob"] === null ? "gone" : partOf(part) };
  }

  #insertFolder(slug: string, { listing, parts }: StoredFolder): void {
    this.#db.prepare("INSERT INTO listings (slug, sealed) VALUES (?, ?)").run(slug, listing);
    const insert = this.#db.prepare(
      "INSERT INTO parts (slug, starts_at, content, blob, content_offset, content_bytes) VALUES (?, ?, ?, ?, ?, ?)",
    );
    let start = listing.length;
    for (const { content, blob, contentOffset, contentBytes } of parts) {
      insert.run(slug, start, content, blob, contentOffset, contentBytes);
      start += contentBytes;
    }
  }

  #listing(slug: string): Uint8Array {
    return (this.#db.prepare("SELECT sealed FROM listings WHERE slug = ?").get(slug) as Row)["sealed"] as Uint8Array;
  }

  /** Ends what `condition` finds. Only that it was ended is remembered, for a while, so that visitors can be told. */
  #end(condition: string, value: string): void {
    const ended = this.#db.prepare(`DELETE FROM links WHERE ${condition} RETURNING slug`).all(value);
    const remember = this.#db.prepare("INSERT OR REPLACE INTO ended (slug, until) VALUES (?, ?)");
    const until = this.#clock.nowMs() + FILE_LIMITS.endedLinkMs;
    for (const row of ended) remember.run(row["slug"] as string, until);
    this.#db.prepare("DELETE FROM ended WHERE rowid <= (SELECT max(rowid) FROM ended) - ?").run(FILE_LIMITS.endedLinks);
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
      missing: this.missing(slug),
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
    // A download under way still reads it, with a key that it has.
    this.#db
      .prepare(
        `DELETE FROM listings WHERE slug IN (SELECT slug FROM links WHERE manifest IS NULL
         AND NOT EXISTS (SELECT 1 FROM leases WHERE leases.slug = links.slug))`,
      )
      .run();
    this.#db.prepare("DELETE FROM ended WHERE until <= ?").run(nowMs);
  }
}

function placeOfFolder({ folder, listing, parts }: StoredFolder): StoredPart {
  const contentBytes = parts.reduce((sum, part) => sum + part.contentBytes, listing.length);
  return { content: folderMark(folder), blob: "", contentOffset: 0, contentBytes };
}

/** Stands where a link of a file names its content. */
function folderMark(id: string): string {
  return `folder:${id}`;
}

function partOf(row: Row): StoredPart {
  return {
    content: row["content"] as string,
    blob: row["blob"] as string,
    contentOffset: row["content_offset"] as number,
    contentBytes: row["content_bytes"] as number,
  };
}

function stateOf(row: Row, nowMs: number): LinkStatus["state"] {
  if (row["uses_left"] === 0) return "used";
  const expiresAtMs = row["expires_at"] as number | null;
  return expiresAtMs !== null && expiresAtMs <= nowMs ? "expired" : "active";
}
