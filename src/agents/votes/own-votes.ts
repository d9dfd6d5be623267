/**
 * How this agent voted: what it must know to open its commitments, in `votes.db` (SQLite, 0600).
 *
 *   votes   subject 32 | vote | reason | nonce 32 | round, null while it waits for the next commit window | opened
 *
 * A nonce is on the disk before its commitment is said: a commitment that stays closed is a vote that was not meant.
 */
import type { DatabaseSync } from "node:sqlite";
import { fromHex, toHex } from "../../core/bytes.ts";
import { CodecError } from "../../core/errors.ts";
import { randomBytes } from "../../core/random.ts";
import { openPrivateDatabase } from "../../mesh/private-database.ts";
import type { SubjectId } from "../agent-ids.ts";
import type { Vote } from "./ballot.ts";

export interface OwnVote {
  readonly id: number;
  readonly subject: SubjectId;
  readonly vote: Vote;
  readonly reason: string;
  readonly nonce: Uint8Array;
  /** In which it was committed to; null while that waits. */
  readonly round: number | null;
  readonly isOpened: boolean;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS votes (
    id INTEGER PRIMARY KEY,
    subject BLOB NOT NULL,
    vote TEXT NOT NULL CHECK (vote IN ('for', 'against')),
    reason TEXT NOT NULL,
    nonce BLOB NOT NULL,
    round INTEGER,
    is_opened INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX IF NOT EXISTS votes_subject ON votes (subject);
  CREATE INDEX IF NOT EXISTS votes_open ON votes (round) WHERE is_opened = 0;
`;
const NONCE_BYTES = 32;

export class OwnVotes implements Disposable {
  readonly #db: DatabaseSync;

  /** Opens or makes it. Throws CodecError `votes_corrupt`. */
  constructor(path: string) {
    this.#db = openPrivateDatabase(path);
    try {
      this.#db.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; ${SCHEMA}`);
    } catch (cause) {
      this.#db.close();
      throw new CodecError("votes_corrupt", "The file of this agent's votes is damaged, or something else.", { cause });
    }
  }

  /** Waits for the next commit window, in the place of one about the same subject that waits. */
  intend(subject: SubjectId, vote: Vote, reason: string): void {
    this.#db.prepare("DELETE FROM votes WHERE subject = ? AND round IS NULL").run(fromHex(subject));
    this.#db
      .prepare("INSERT INTO votes (subject, vote, reason, nonce) VALUES (?, ?, ?, ?)")
      .run(fromHex(subject), vote, reason, randomBytes(NONCE_BYTES));
  }

  /** Those that were not committed to. */
  waiting(): OwnVote[] {
    return this.#rows("round IS NULL");
  }

  /** Those that were committed to in this round and are closed. */
  closed(round: number): OwnVote[] {
    return this.#rows("is_opened = 0 AND round = ?", round);
  }

  /** What waits, and what was committed to in this round; the newest about a subject last. */
  underWay(round: number): OwnVote[] {
    return this.#rows("round IS NULL OR round >= ? ORDER BY id", round);
  }

  committed({ id }: OwnVote, round: number): void {
    this.#db.prepare("UPDATE votes SET round = ? WHERE id = ?").run(round, id);
  }

  opened({ id }: OwnVote): void {
    this.#db.prepare("UPDATE votes SET is_opened = 1 WHERE id = ?").run(id);
  }

  /** What was not opened in its round waits for another one, with a nonce of its own: the old commitment counts in no other round. */
  tryAgain(round: number): void {
    for (const { id } of this.#rows("is_opened = 0 AND round < ?", round))
      this.#db.prepare("UPDATE votes SET round = NULL, nonce = ? WHERE id = ?").run(randomBytes(NONCE_BYTES), id);
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  #rows(where: string, ...values: (number | Uint8Array)[]): OwnVote[] {
    return this.#db
      .prepare(`SELECT * FROM votes WHERE ${where}`)
      .all(...values)
      .map((row) => ({
        id: row["id"] as number,
        subject: toHex(row["subject"] as Uint8Array) as SubjectId,
        vote: row["vote"] as Vote,
        reason: row["reason"] as string,
        nonce: row["nonce"] as Uint8Array,
        round: row["round"] as number | null,
        isOpened: row["is_opened"] === 1,
      }));
  }
}
