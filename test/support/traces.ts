/**
 * Finds what would link two things: the same key, name, address or word in both, however it is written.
 *
 *   facts of one side  ->  each in every encoding  ->  searched in all that the other side holds, and in what is
 *                                                      base64 within it, decoded
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromHex } from "../../src/core/bytes.ts";
import type { Identity } from "../../src/vault/identity.ts";
import type { Account } from "../../src/vault/account.ts";

/** What each fact is called, and its bytes in all encodings. */
export type Facts = ReadonlyMap<string, readonly Buffer[]>;

const BASE64 = /[A-Za-z0-9+/_-]{24,}/g;
const DECODED_DEPTH = 3;
/** A public key is told by its beginning; inside other bytes nothing shorter comes by chance. */
const KEY_START_BYTES = 32;

export function factsOf(identity: Identity, words: Readonly<Record<string, string>>): Facts {
  const facts = new Map<string, readonly Buffer[]>();
  const key = (name: string, bytes: Uint8Array): void => void facts.set(name, encodings(Buffer.from(bytes)));
  key("key", fromHex(identity.publicKey));
  key("X-Wing key", identity.hybrid.publicKey.subarray(0, KEY_START_BYTES));
  key("ML-DSA key", identity.signing.publicKey.subarray(0, KEY_START_BYTES));
  facts.set(
    "device",
    identity.devices.map(({ id }) => Buffer.from(id)),
  );
  for (const [name, word] of Object.entries({ npub: identity.npub, ...words })) facts.set(name, [Buffer.from(word)]);
  return facts;
}

/** The names of the facts that stand somewhere in `texts`. */
export function tracesOf(facts: Facts, texts: readonly string[]): string[] {
  const layers = texts.flatMap((text) => decoded(Buffer.from(text), DECODED_DEPTH));
  const found = [...facts].filter(([, forms]) => layers.some((layer) => forms.some((form) => layer.includes(form))));
  return found.map(([name]) => name);
}

/** Every row of an account's tables, as JSON. */
export function rowsOf(account: Account, tables: readonly string[]): string[] {
  return tables.map((name) => JSON.stringify(account.table({ name, key: () => "" }).list()));
}

/** The names of the sealed tables in a data directory that is in use. */
export function tableNames(dataDir: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), "nocturne-tables-"));
  try {
    // By another process: reading vault.db here would drop the lock that this one holds.
    execFileSync("sh", ["-c", `cp "$1"/vault.db* "$2"/`, "cp", dataDir, folder]);
    using database = new DatabaseSync(join(folder, "vault.db"));
    const rows = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    return rows.all().map(({ name }) => String(name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function encodings(bytes: Buffer): Buffer[] {
  const texts = [
    bytes.toString("hex"),
    bytes.toString("base64").slice(0, -4),
    bytes.toString("base64url").slice(0, -4),
  ];
  return [bytes, ...texts.map((text) => Buffer.from(text))];
}

function decoded(bytes: Buffer, depth: number): Buffer[] {
  if (depth === 0) return [bytes];
  const inner = bytes.toString("latin1").match(BASE64) ?? [];
  return [bytes, ...inner.flatMap((text) => decoded(Buffer.from(text, "base64"), depth - 1))];
}
