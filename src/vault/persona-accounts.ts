/**
 * Personas in the vault: accounts that share nothing with the root but the file. Layout: NEP-11.
 *
 *   persona key 32 -+- vault/table/pID_NAME/v1, vault/index/v1    rows and blind indexes of its tables
 *     (random)      +- vault/root/v1                              its own root secrets, in the table pID_meta
 *
 *   row in the root's table "personas": what its owner says of it | sealed: nonce 12 | persona key 32 | tag 16
 *
 * The row is the only way to the persona key. Destroying deletes it together with the tables, in one transaction;
 * what is left of their bytes on the disk opens with no key that exists.
 */

import { fromBase64Url, toBase64Url, toHex, utf8Encode } from "../core/bytes.ts";
import { CryptoError, ValidationError } from "../core/errors.ts";
import { PERSONA_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { openBytes, sealBytes } from "../crypto/aead.ts";
import { RECOVERY_KEY_BYTES } from "../crypto/recovery-key.ts";
import type { Account } from "./account.ts";
import type { Database } from "./database.ts";
import { createRoot, type Identity, identityOf, type RootSecrets, wipeIdentity, wipeRoot } from "./identity.ts";
import { KeyRing } from "./key-ring.ts";
import { MetaTable } from "./meta-table.ts";
import { SealedTable, type TableDefinition } from "./sealed-table.ts";

/** What its owner says of a persona; nothing of it but `displayName` and `relays` is ever told to anybody. */
export interface PersonaFacts {
  readonly label: string;
  /** Shown to its contacts; empty means none. */
  readonly displayName: string;
  /** Where it collects its letters. */
  readonly relays: readonly string[];
  readonly expiresAtMs: number | null;
}

export interface PersonaRow extends PersonaFacts {
  /** 16 hex characters, random; part of its tables' names in the file. */
  readonly id: string;
  readonly createdAtMs: number;
  /** base64url; see the head of this file. */
  readonly sealed: string;
}

interface OpenPersona {
  readonly ring: KeyRing;
  readonly root: RootSecrets;
  readonly identity: Identity;
}

const ID_BYTES = 8;
const PERSONA_KEY_BYTES = 32;

/** The name of a persona's table in the file, and what its keys are derived with. */
export function personaTableName(id: string, name: string): string {
  return `p${id}_${name}`;
}

/** The persona key as its row keeps it: base64url. `wrappingKey` is the vault's for personas. */
function sealPersonaKey(personaKey: Uint8Array, id: string, wrappingKey: Uint8Array): string {
  return toBase64Url(sealBytes(wrappingKey, personaKey, utf8Encode(id)));
}

/** The 32 bytes. Throws CryptoError. */
export function openPersonaKey(sealed: string, id: string, wrappingKey: Uint8Array): Uint8Array {
  const personaKey = openBytes(wrappingKey, fromBase64Url(sealed), utf8Encode(id));
  if (personaKey.length !== PERSONA_KEY_BYTES) throw new CryptoError();
  return personaKey;
}

/** Every call throws LockedError while the vault is locked. */
export class PersonaAccounts {
  readonly #database: Database;
  readonly #vaultRing: () => KeyRing;
  readonly #rows: SealedTable<PersonaRow>;
  readonly #open = new Map<string, OpenPersona>();

  constructor(database: Database, vaultRing: () => KeyRing) {
    this.#database = database;
    this.#vaultRing = vaultRing;
    const definition = { name: "personas", key: (row: PersonaRow) => row.id };
    this.#rows = new SealedTable(database, definition, () => vaultRing().tableKeys("personas"));
  }

  /** In the order in which they were made. */
  list(): PersonaRow[] {
    return this.#rows.list();
  }

  /** A new identity from a random seed of its own. Throws ValidationError `too_many_personas`. */
  create(facts: PersonaFacts, nowMs: number): PersonaRow {
    if (this.#rows.count() >= PERSONA_LIMITS.personas) throw tooMany();
    const id = toHex(randomBytes(ID_BYTES));
    const personaKey = randomBytes(PERSONA_KEY_BYTES);
    const root = createRoot(randomBytes(RECOVERY_KEY_BYTES), nowMs);
    const { label, displayName, relays, expiresAtMs } = facts;
    const sealed = sealPersonaKey(personaKey, id, this.#vaultRing().personaKey);
    const ring = new KeyRing(personaKey);
    try {
      const row = { id, label, displayName, relays, expiresAtMs, createdAtMs: nowMs, sealed };
      this.#database.transaction(() => {
        this.#rows.put(row);
        this.#metaTable(id, () => ring).writeRoot(root);
      });
      return row;
    } finally {
      ring.wipe();
      wipeRoot(root);
    }
  }

  /** The persona's account; usable until it is destroyed or the vault locked. Throws ValidationError `unknown_persona`. */
  account(id: string): Account {
    this.#state(id);
    const ring = (): KeyRing => this.#state(id).ring;
    const database = this.#database;
    const meta = this.#metaTable(id, ring);
    return {
      identity: () => this.#state(id).identity,
      table: <Row extends object>(definition: TableDefinition<Row>): SealedTable<Row> => {
        const name = personaTableName(id, definition.name);
        this.#state(id); // a straggler must not make a table of a destroyed persona anew
        return new SealedTable(database, { ...definition, name }, () => ring().tableKeys(name));
      },
      transaction: (work) => database.transaction(work),
      readMeta: (key) => meta.read(key),
      writeMeta: (key, value) => meta.write(key, value),
      emptyLog: () => database.emptyLog(),
      scrub: () => database.scrub(),
    };
  }

  /**
   * Takes a persona out of the vault for good: its key and its tables, all or nothing. What SQLite may have left
   * between its pages is sealed under a key that is gone; empty the log and scrub, so that it goes, too.
   */
  destroy(id: string): void {
    this.#database.transaction(() => {
      this.#rows.delete(id);
      this.#database.dropTables(personaTableName(id, ""));
    });
    this.#forget(id);
  }

  /** At the lock: overwrites all keys. */
  dropKeys(): void {
    for (const id of this.#open.keys()) this.#forget(id);
  }

  #forget(id: string): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    if (!open) return;
    open.ring.wipe();
    wipeRoot(open.root);
    wipeIdentity(open.identity);
  }

  #state(id: string): OpenPersona {
    this.#vaultRing();
    const known = this.#open.get(id);
    if (known) return known;
    const row = this.#rows.get(id);
    if (!row) throw unknownPersona();
    const made = this.#unseal(row);
    this.#open.set(id, made);
    return made;
  }

  /** Throws CryptoError if the row was altered, CodecError `vault_corrupt` if the persona's own tables were. */
  #unseal(row: PersonaRow): OpenPersona {
    const ring = new KeyRing(openPersonaKey(row.sealed, row.id, this.#vaultRing().personaKey));
    const root = this.#metaTable(row.id, () => ring).readRoot();
    return { ring, root, identity: identityOf(root) };
  }

  #metaTable(id: string, ring: () => KeyRing): MetaTable {
    return new MetaTable(this.#database, ring, personaTableName(id, "meta"));
  }
}

export function unknownPersona(): ValidationError {
  return new ValidationError("unknown_persona", "There is no such persona; it may have expired.", {
    hint: "See them with: nocturne id persona list",
  });
}

function tooMany(): ValidationError {
  return new ValidationError("too_many_personas", `You can have ${PERSONA_LIMITS.personas} personas at most.`, {
    hint: "Remove one that you need no more: nocturne id persona remove NAME",
  });
}
