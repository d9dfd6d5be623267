/**
 * A signer's own ledger, in `<folder>/<signer, 64 hex digits>.db` (SQLite, 0600):
 *
 *   entries   sequence | entry                       as signed
 *   nodes     level, place | hash 32                 whole subtrees over the entries' hashes (`hash-tree.ts`)
 *   facts     "ahead" | size                         a head of ours was met that this file does not know
 *
 * An append is on the disk before it resolves; what is asked for in one turn of the loop goes in one write. Each write
 * reads the last entry inside its own transaction, so that two processes cannot give one number twice.
 *
 * An operator who puts back an older copy of this file and signs on would make a second history, and look like a cheat
 * for ever. So whoever hears heads shows ours to `meet`: after one that this file does not know, nothing is signed any more.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { equalBytes, toHex } from "../../core/bytes.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { CodecError, InternalError, isSystemError, toNocturneError, ValidationError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { inTransaction } from "../../core/transaction.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import { createPrivateFile, syncDirectory } from "../../vault/durable-file.ts";
import { bodyOf, type EntryKind, type LedgerEntry, NO_ENTRY, readEntry, signEntry } from "./entry.ts";
import type { Beginning } from "./fork-proof.ts";
import { appendLeaf, treeConsistency, treeEdge, treeInclusion, treeRoot, type TreeNodes } from "./hash-tree.ts";
import { signHead, type SignedHead } from "./head.ts";

/** Under the folder of a machine's part in the mesh. */
export const LEDGER_NAME = "ledger";

/** Of the app, in the data directory. */
export const LEDGER_FOLDER: string = join("mesh", LEDGER_NAME);

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS entries (sequence INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS nodes (
    level INTEGER NOT NULL,
    place INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (level, place)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

export interface LedgerOptions {
  readonly folder: string;
  readonly by: SignatureKeyPair;
  /** Entries say nothing but the hashes of statements: for whoever signs what others should not read on the disk. */
  readonly hashesOnly?: boolean;
  readonly clock?: Clock;
}

interface Waiting {
  readonly kind: EntryKind;
  readonly body: Uint8Array;
  readonly resolve: (entry: LedgerEntry) => void;
  readonly reject: (error: unknown) => void;
}

export class LedgerLog {
  readonly #db: DatabaseSync;
  readonly #by: SignatureKeyPair;
  readonly #hashesOnly: boolean;
  readonly #clock: Clock;
  readonly #nodes: TreeNodes;
  readonly #last: StatementSync;
  #waiting: Waiting[] = [];

  /** Opens or makes it. Throws CodecError `ledger_corrupt` when the file is something else, or its end is not what was signed. */
  constructor({ folder, by, hashesOnly = false, clock = systemClock }: LedgerOptions) {
    [this.#by, this.#hashesOnly, this.#clock] = [by, hashesOnly, clock];
    this.#db = openFile(folder, join(folder, `${toHex(by.publicKey)}.db`));
    try {
      this.#db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
      this.#db.exec(SCHEMA);
      this.#nodes = nodesOf(this.#db);
      this.#last = this.#db.prepare("SELECT sequence, bytes FROM entries ORDER BY sequence DESC LIMIT 1");
      this.#readLast();
    } catch (cause) {
      this.#db.close();
      throw cause instanceof CodecError ? cause : ledgerCorrupt(cause);
    }
  }

  /** Ed25519 public key, 32 bytes. */
  get signer(): Uint8Array {
    return this.#by.publicKey;
  }

  /** How many entries there are. */
  get size(): number {
    return (this.#last.get()?.["sequence"] as number | undefined) ?? 0;
  }

  /** Whether others know entries of it that it does not have: then nothing is signed any more. */
  get isBehind(): boolean {
    return this.#db.prepare("SELECT 1 FROM facts WHERE name = 'ahead'").get() !== undefined;
  }

  /**
   * Signs that `statement` (of any length) was signed, and resolves when that is on the disk. Rejects with ValidationError `ledger_behind`
   * after a head of ours that this file does not know, with InternalError `ledger_busy` or `disk_full`.
   */
  append(kind: EntryKind, statement: Uint8Array): Promise<LedgerEntry> {
    if (this.#waiting.length >= MESH_LIMITS.ledgerQueue) return Promise.reject(busy());
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    const { promise, resolve, reject } = Promise.withResolvers<LedgerEntry>();
    const body = this.#hashesOnly ? sha256(statement) : bodyOf(statement);
    this.#waiting.push({ kind, body, resolve, reject });
    return promise;
  }

  /** The bytes of an entry; null if there is none of that number. */
  entry(sequence: number): Uint8Array | null {
    return (
      (this.#db.prepare("SELECT bytes FROM entries WHERE sequence = ?").get(sequence)?.["bytes"] as
        | Uint8Array
        | undefined) ?? null
    );
  }

  /** `count` entries from number `first` on, fewer at the end; MESH_LIMITS.ledgerPage of them in memory. */
  *entries(first: number, count: number): Generator<Uint8Array> {
    const page = this.#db.prepare("SELECT bytes FROM entries WHERE sequence >= ? ORDER BY sequence LIMIT ?");
    for (let done = 0; done < count; ) {
      const rows = page.all(first + done, Math.min(count - done, MESH_LIMITS.ledgerPage));
      if (rows.length === 0) return;
      for (const row of rows) yield row["bytes"] as Uint8Array;
      done += rows.length;
    }
  }

  /** Signed now. Throws UsageError `ledger_head` while there is no entry. */
  head(): SignedHead {
    const { size } = this;
    return signHead({ size, root: this.root(size), madeAtMs: this.#clock.nowMs() }, this.#by);
  }

  /** Of the first `size` entries, 32 bytes. */
  root(size: number): Uint8Array {
    return treeRoot(this.#nodes, size);
  }

  /** Shows an entry under the root of `size` entries. Throws UsageError `merkle_index`. */
  inclusion(sequence: number, size: number): Uint8Array[] {
    return treeInclusion(this.#nodes, Math.min(size, this.size), sequence - 1);
  }

  /** Shows that the log of `to` entries began with the first `from`. Throws UsageError `merkle_index`. */
  path(from: number, to: number): Uint8Array[] {
    return treeConsistency(this.#nodes, from, Math.min(to, this.size));
  }

  edge(size: number): Uint8Array[] {
    return treeEdge(this.#nodes, size);
  }

  /** What a `HeadSource` answers of this ledger; null for sizes that it does not have. */
  consistency(from: number, to: number): Beginning | null {
    const isThere =
      Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 1 && from <= to && to <= this.size;
    return isThere ? { root: this.root(from), path: this.path(from, to) } : null;
  }

  /** Takes note of a head of ours that somebody else has. False if this file does not know it: then nothing is signed any more. */
  meet({ signer, size, root }: SignedHead): boolean {
    if (!equalBytes(signer, this.signer)) return true;
    if (size <= this.size && equalBytes(this.root(size), root)) return true;
    this.#db.prepare("INSERT OR REPLACE INTO facts (name, value) VALUES ('ahead', ?)").run(size);
    return false;
  }

  /** What waits is written first. */
  close(): void {
    if (!this.#db.isOpen) return;
    this.#flush();
    this.#db.close();
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    try {
      // All of them, or none.
      const entries = inTransaction(this.#db, () => this.#sign(waiting));
      for (const [i, { resolve }] of waiting.entries()) resolve(entries[i] as LedgerEntry);
    } catch (thrown) {
      const error = toNocturneError(thrown);
      for (const { reject } of waiting) reject(error);
    }
  }

  #sign(waiting: readonly Waiting[]): LedgerEntry[] {
    if (this.isBehind) throw behind();
    const insert = this.#db.prepare("INSERT INTO entries (sequence, bytes) VALUES (?, ?)");
    let { size, hash } = this.#readLast();
    return waiting.map(({ kind, body }) => {
      const about = { sequence: size + 1, previous: hash, madeAtMs: this.#clock.nowMs(), kind, body };
      const entry = signEntry(about, this.#by);
      insert.run(entry.sequence, entry.bytes);
      appendLeaf(this.#nodes, size, entry.hash);
      [size, hash] = [entry.sequence, entry.hash];
      return entry;
    });
  }

  /** Size and last hash. Throws CodecError `ledger_corrupt` if the last entry is not what was signed. */
  #readLast(): { size: number; hash: Uint8Array } {
    const row = this.#last.get();
    if (!row) return { size: 0, hash: NO_ENTRY };
    const entry = readEntry(row["bytes"] as Uint8Array, this.signer);
    if (!entry || entry.sequence !== row["sequence"]) throw ledgerCorrupt();
    if (!equalBytes(entry.hash, this.#nodes.get(0, entry.sequence - 1))) throw ledgerCorrupt();
    return { size: entry.sequence, hash: entry.hash };
  }
}

/** The subtrees in a ledger's file. */
export function nodesOf(db: DatabaseSync): TreeNodes {
  const select = db.prepare("SELECT hash FROM nodes WHERE level = ? AND place = ?");
  const insert = db.prepare("INSERT INTO nodes (level, place, hash) VALUES (?, ?, ?)");
  return {
    get: (level, place) => {
      const row = select.get(level, place);
      if (!row) throw ledgerCorrupt();
      return row["hash"] as Uint8Array;
    },
    put: (level, place, hash) => insert.run(level, place, hash),
  };
}

/** Makes the file, and its folder, for this user alone. */
export function openFile(folder: string, path: string): DatabaseSync {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    createPrivateFile(path);
    syncDirectory(folder);
  } catch (error) {
    if (!isSystemError(error) || error.code !== "EEXIST") throw toNocturneError(error);
  }
  return new DatabaseSync(path, { timeout: 10_000 });
}

export function ledgerCorrupt(cause?: unknown): CodecError {
  return new CodecError("ledger_corrupt", "The ledger's file is damaged, or something else.", {
    hint: "See what is wrong: nocturne verify. Do not put an older copy back: signing on from it would be a second history.",
    cause,
  });
}

function behind(): ValidationError {
  return new ValidationError(
    "ledger_behind",
    "Others know entries of this ledger that its file does not have, so nothing is signed.",
    {
      hint: "An older copy was put back, or the key is used elsewhere, too. Put the newest copy in its place, or begin with a new key.",
    },
  );
}

function busy(): InternalError {
  return new InternalError("ledger_busy", "Too much waits to be written to the ledger.", {
    hint: "Try again in a moment.",
  });
}
