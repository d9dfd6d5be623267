/**
 * What a node remembers of the ledgers of others, in `<folder>/heard.db` (SQLite, 0600):
 *
 *   heads    signer, size | head | our cosignature or null | when it was heard      the newest few of each signer
 *   forks    signer | proof | when it was heard
 *
 * Heads of one signer in it are consistent with each other; who puts one in has seen to that. What was cosigned, and proofs, are
 * on the disk before the call returns, because a witness that forgets could be made to cosign a second history. Heads that were
 * only heard are there a little later: a node hears those of all others.
 *
 * Only known signers have a place, and only those that are not known any more lose theirs: otherwise whoever makes up
 * many keys would push out what is remembered of himself.
 */
import { join } from "node:path";
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { toHex } from "../../core/bytes.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { readHead, type SignedHead } from "./head.ts";
import { ledgerCorrupt, openFile } from "./log.ts";

const HEARD_FILE = "heard.db";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS heads (
    signer TEXT NOT NULL,
    size INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    cosignature BLOB,
    heard_at INTEGER NOT NULL,
    PRIMARY KEY (signer, size)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS forks (signer TEXT PRIMARY KEY, proof BLOB NOT NULL, heard_at INTEGER NOT NULL) STRICT;
`;

export interface HeadBookOptions {
  readonly folder: string;
  /** Whether a signer (64 hex digits) is one that this node has to do with. */
  readonly knows: (signer: string) => boolean;
  /** There is proof against a signer now. */
  readonly forked?: (signer: string) => void;
  readonly clock?: Clock;
}

export class HeadBook {
  /** Whether a signer (64 hex digits) is one that this node has to do with. */
  readonly knows: (signer: string) => boolean;
  readonly #db: DatabaseSync;
  readonly #forked: (signer: string) => void;
  readonly #clock: Clock;

  /** Opens or makes it. Throws CodecError `ledger_corrupt` when the file is something else. */
  constructor({ folder, knows, forked = () => {}, clock = systemClock }: HeadBookOptions) {
    [this.knows, this.#forked, this.#clock] = [knows, forked, clock];
    this.#db = openFile(folder, join(folder, HEARD_FILE));
    try {
      this.#db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
      this.#db.exec(SCHEMA);
    } catch (cause) {
      this.#db.close();
      throw ledgerCorrupt(cause);
    }
  }

  /** The largest head of a signer (64 hex digits). */
  newest(signer: string): SignedHead | null {
    return headOf(this.#db.prepare("SELECT bytes FROM heads WHERE signer = ? ORDER BY size DESC LIMIT 1").get(signer));
  }

  find(signer: string, size: number): SignedHead | null {
    return headOf(this.#db.prepare("SELECT bytes FROM heads WHERE signer = ? AND size = ?").get(signer, size));
  }

  /** The newest head of each signer, rising by signer. */
  heads(): SignedHead[] {
    const rows = this.#db.prepare("SELECT bytes, max(size) FROM heads GROUP BY signer ORDER BY signer").all();
    return rows.map((row) => headOf(row) as SignedHead);
  }

  /** Remembers a head that fits those that are here; of one signer the largest stay. False if there is no room for this signer. */
  keep(head: SignedHead): boolean {
    const signer = toHex(head.signer);
    if (!this.#hasRoom("heads", signer, MESH_LIMITS.ledgerSigners)) return false;
    this.#db
      .prepare("INSERT OR IGNORE INTO heads (signer, size, bytes, heard_at) VALUES (?, ?, ?, ?)")
      .run(signer, head.size, head.bytes, this.#clock.nowMs());
    this.#db
      .prepare(
        `DELETE FROM heads WHERE signer = :signer AND size <=
         (SELECT size FROM heads WHERE signer = :signer ORDER BY size DESC LIMIT 1 OFFSET :kept)`,
      )
      .run({ signer, kept: MESH_LIMITS.headsPerSigner });
    return true;
  }

  cosignature(signer: string, size: number): Uint8Array | null {
    const row = this.#db.prepare("SELECT cosignature FROM heads WHERE signer = ? AND size = ?").get(signer, size);
    return (row?.["cosignature"] as Uint8Array | null | undefined) ?? null;
  }

  keepCosignature(signer: string, size: number, cosignature: Uint8Array): void {
    this.#durably(() => {
      this.#db.prepare("UPDATE heads SET cosignature = ? WHERE signer = ? AND size = ?").run(cosignature, signer, size);
    });
  }

  /** The proof against a signer (64 hex digits). */
  fork(signer: string): Uint8Array | null {
    const row = this.#db.prepare("SELECT proof FROM forks WHERE signer = ?").get(signer);
    return (row?.["proof"] as Uint8Array | undefined) ?? null;
  }

  /** Keeps a proof that was checked; the first one against a signer stays. False if it was not needed, or there is no room. */
  keepFork(signer: string, proof: Uint8Array): boolean {
    if (this.fork(signer) || !this.#hasRoom("forks", signer, MESH_LIMITS.forkProofs)) return false;
    this.#durably(() => {
      this.#db
        .prepare("INSERT INTO forks (signer, proof, heard_at) VALUES (?, ?, ?)")
        .run(signer, proof, this.#clock.nowMs());
    });
    this.#forked(signer);
    return true;
  }

  /** Of the proofs any `count`; fewer if there are not so many. */
  forks(count: number): Uint8Array[] {
    const rows = this.#db.prepare("SELECT proof FROM forks ORDER BY random() LIMIT ?").all(count);
    return rows.map((row) => row["proof"] as Uint8Array);
  }

  /** Everybody against whom there is proof, 64 hex digits each. */
  forkedSigners(): string[] {
    return this.#db
      .prepare("SELECT signer FROM forks")
      .all()
      .map((row) => row["signer"] as string);
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  /** Waits for the disk, which then has all that was written before, too. */
  #durably(work: () => void): void {
    this.#db.exec("PRAGMA synchronous=FULL");
    try {
      work();
    } finally {
      this.#db.exec("PRAGMA synchronous=NORMAL");
    }
  }

  /** Whether a signer has a place in this table, or gets that of one that is not known any more. */
  #hasRoom(table: "heads" | "forks", signer: string, most: number): boolean {
    if (!this.knows(signer)) return false;
    if (this.#db.prepare(`SELECT 1 FROM ${table} WHERE signer = ?`).get(signer)) return true;
    const signers = this.#db.prepare(`SELECT signer FROM ${table} GROUP BY signer ORDER BY max(heard_at)`).all();
    if (signers.length < most) return true;
    const gone = signers.map((row) => row["signer"] as string).find((other) => !this.knows(other));
    if (gone === undefined) return false;
    this.#db.prepare(`DELETE FROM ${table} WHERE signer = ?`).run(gone);
    return true;
  }
}

function headOf(row: Record<string, SQLOutputValue> | undefined): SignedHead | null {
  if (!row) return null;
  const head = readHead(row["bytes"] as Uint8Array);
  if (!head) throw ledgerCorrupt();
  return head;
}
