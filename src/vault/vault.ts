/**
 * The owner of everything secret on this machine: it makes the identity at first start, opens and locks
 * it, and hands out sealed tables.
 *
 *   first start -> open, key file --setPassphrase--> open, passphrase --lock--> locked
 *                      ^                                    ^---- unlock ---------+
 *                      +------------------ unlockWithRecoveryKey ----------------+
 *
 * A locked vault holds no key: whatever needs one throws LockedError. The database stays open all the
 * time, because it is the lock of the data directory.
 */

import { wipeBytes } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { LockedError, ValidationError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { deriveKey } from "../crypto/key-derivation.ts";
import { type KeySlot, sealWithPassword, sealWithKey } from "../crypto/key-slots.ts";
import type { DecodedHeader } from "../crypto/sealed-header.ts";
import {
  checkPassphrase,
  hasPassphrase,
  openByKeyFile,
  openByPassphrase,
  openByRecoveryKey,
  sealRecoverySlot,
} from "./access.ts";
import type { Account } from "./account.ts";
import { createBackup } from "./backup.ts";
import type { Database } from "./database.ts";
import { createVault } from "./first-start.ts";
import {
  createRoot,
  type Identity,
  identityOf,
  isImported,
  type LinkedAccount,
  type RootSecrets,
  wipeIdentity,
  wipeRoot,
  withNostrKey,
} from "./identity.ts";
import { KeyRing } from "./key-ring.ts";
import { MetaTable } from "./meta-table.ts";
import { PersonaAccounts } from "./persona-accounts.ts";
import { SealedTable, type TableDefinition } from "./sealed-table.ts";
import { claimDataDirectory } from "./startup.ts";
import { destroyKeyFile, readVaultFile, writeKeyFile, writeVaultFile } from "./vault-file.ts";
import { removeWipeMark, wipeFiles } from "./wipe.ts";

export interface VaultOptions {
  readonly dataDir: string;
  /** The passphrase: set at a first start, opens the vault later. */
  readonly secret?: string;
  /**
   * 32 bytes. At a first start the identity is made from it. An existing vault is opened by it, and
   * from then on by `secret`, or by a key file if there is no `secret`.
   */
  readonly recoveryKey?: Uint8Array;
  readonly clock: Clock;
  readonly log: Logger;
}

export type VaultEvent = "locked" | "unlocked";

/** What an open vault holds, dropped as a whole. */
interface OpenState {
  readonly ring: KeyRing;
  readonly root: RootSecrets;
  readonly identity: Identity;
}

/**
 * Opens the vault of a data directory, or makes it at first start without asking anything. It is locked if it has
 * a passphrase and no `secret` was given.
 * Throws CryptoError for a wrong `secret` or `recoveryKey`; CodecError `vault_corrupt`; ValidationError
 * `vault_in_use`, `vault_newer`, `passphrase_too_short`; InternalError of the file system. A failure changes nothing.
 */
export function openVault(options: VaultOptions): Promise<Vault> {
  return Vault.open(options);
}

export class Vault implements Account {
  readonly #dataDir: string;
  readonly #database: Database;
  readonly #meta: MetaTable;
  /** The accounts beside the root's. */
  readonly personas: PersonaAccounts;
  readonly #listeners: Record<VaultEvent, Set<() => void>> = { locked: new Set(), unlocked: new Set() };
  #compared: { readonly root: RootSecrets; readonly isImported: boolean } | null = null;
  #header: DecodedHeader;
  #open: OpenState | null = null;
  #closed = false;
  /** Counts locks, so that an unlock that was under way does not undo a later lock. */
  #locks = 0;
  #lastChange: Promise<unknown> = Promise.resolve();

  private constructor(dataDir: string, database: Database, header: DecodedHeader) {
    this.#dataDir = dataDir;
    this.#database = database;
    this.#header = header;
    this.#meta = new MetaTable(database, () => this.#state().ring);
    this.personas = new PersonaAccounts(database, () => this.#state().ring);
  }

  static async open(options: VaultOptions): Promise<Vault> {
    const { dataDir, clock } = options;
    const { database, header } = claimDataDirectory(dataDir);
    try {
      if (header) {
        const vault = new Vault(dataDir, database, header);
        await vault.#openAtStart(options);
        return vault;
      }
      const made = await createVault(database, { ...options, nowMs: clock.nowMs() });
      const vault = new Vault(dataDir, database, made.header);
      vault.#admit(made.vaultKey, vault.#locks);
      return vault;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  get locked(): boolean {
    return this.#open === null;
  }

  get protection(): "key-file" | "passphrase" {
    return hasPassphrase(this.#header.slots) ? "passphrase" : "key-file";
  }

  /** Throws LockedError. The keys in it are live: a lock overwrites them. */
  identity(): Identity {
    return this.#state().identity;
  }

  /** A copy of the 32 bytes that restore everything; the caller wipes it. Throws LockedError. */
  recoveryKey(): Uint8Array {
    return this.#state().root.recoveryKey.slice();
  }

  /** The Nostr key if it was put in the place of the derived one, a copy; else null. Throws LockedError. */
  importedKey(): Uint8Array | null {
    const { root } = this.#state();
    // Deriving takes 60 ms, so it is done once for each root.
    if (this.#compared?.root !== root) this.#compared = { root, isImported: isImported(root) };
    return this.#compared.isImported ? root.nostrSecretKey.slice() : null;
  }

  /** A 32-byte key of another room that the recovery key alone brings back, such as `files/v1`. Throws LockedError. */
  secretFor(label: string): Uint8Array {
    return deriveKey(this.#state().root.recoveryKey, label);
  }

  /** The table of this definition, made if it does not exist. It may be kept while the vault is locked. */
  table<Row extends object>(definition: TableDefinition<Row>): SealedTable<Row> {
    return new SealedTable(this.#database, definition, () => this.#state().ring.tableKeys(definition.name));
  }

  /** All that `work` writes, or nothing of it; nested calls join. `work` is synchronous. */
  transaction<T>(work: () => T): T {
    return this.#database.transaction(work);
  }

  /** Takes deleted rows out of the database's log. False: not now, because of a backup; ask again. */
  emptyLog(): boolean {
    return this.#database.emptyLog();
  }

  /** Leaves not a byte of deleted rows in the database; slow, about 7 ms a MiB. False: not now, ask again. */
  scrub(): boolean {
    return this.#database.scrub();
  }

  /** A JSON value kept under a name, or null. Throws LockedError. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- spares every caller the same cast
  readMeta<T>(key: string): T | null {
    return this.#meta.read<T>(key);
  }

  writeMeta(key: string, value: unknown): void {
    this.#meta.write(key, value);
  }

  /** Puts a Nostr key of the person's in the place of the derived one. Throws ValidationError `bad_secret_key`. */
  importIdentity(nostrSecretKey: Uint8Array): void {
    const { ring, root, identity } = this.#state();
    const next = withNostrKey(root, nostrSecretKey);
    this.#meta.writeRoot(next);
    this.#open = { ring, root: next, identity: identityOf(next) };
    wipeBytes(root.nostrSecretKey);
    wipeIdentity(identity);
  }

  /**
   * Makes this vault that of another recovery key and the identity that comes from it. Only for one that holds nothing yet:
   * what other keys sealed stays sealed with them. A crash leaves one of both keys, and the vault key opens both.
   */
  adoptRecoveryKey(recoveryKey: Uint8Array, nowMs: number): void {
    const { ring, root, identity } = this.#state();
    const next = createRoot(recoveryKey.slice(), nowMs);
    const others = this.#header.slots.filter(({ type }) => type !== "recovery");
    this.#header = writeVaultFile(
      this.#dataDir,
      [...others, sealRecoverySlot(ring.vaultKey, recoveryKey)],
      ring.vaultKey,
    );
    this.#meta.writeRoot(next);
    this.#open = { ring, root: next, identity: identityOf(next) };
    wipeRoot(root);
    wipeIdentity(identity);
  }

  /**
   * From now on this is a device of an account whose keys lie elsewhere: it keeps its own keys, and speaks for the
   * account. With null it is an account of its own again.
   */
  linkTo(account: LinkedAccount | null): void {
    const { ring, root } = this.#state();
    const next = { ...root, account };
    this.#meta.writeRoot(next);
    const before = this.identity();
    this.#open = { ring, root: next, identity: identityOf(next) };
    wipeIdentity(before);
  }

  /**
   * From now on the vault opens with `next` (or the recovery key) only; the key file is destroyed.
   * Throws ValidationError `passphrase_too_short`, `passphrase_too_long`, `current_passphrase_needed`;
   * CryptoError if `current` is wrong.
   */
  setPassphrase(next: string, current?: string): Promise<void> {
    return this.#serially(async () => {
      checkPassphrase(next);
      // A copy: a lock during the stretching below overwrites the ring, and zeros must not be wrapped as the key.
      const vaultKey = this.#state().ring.vaultKey.slice();
      try {
        await this.#demandCurrent(current);
        await this.#relock(vaultKey, next);
      } finally {
        wipeBytes(vaultKey);
      }
    });
  }

  /** Drops and overwrites all keys. Throws ValidationError `no_passphrase`: a key file on the disk would make it a pretence. */
  lock(): void {
    if (this.protection === "key-file") throw noPassphrase();
    this.#dropKeys();
  }

  /** Throws CryptoError for a wrong passphrase. Does nothing if the vault is open. */
  unlock(passphrase: string): Promise<void> {
    const locks = this.#locks;
    return this.#serially(async () => {
      if (this.locked) this.#admit(await openByPassphrase(this.#header, passphrase), locks);
    });
  }

  /**
   * Opens the vault for who lost the passphrase or the key file. Afterwards the passphrase `next` opens it, or
   * without `next` a key file. Throws CryptoError for a wrong key.
   */
  unlockWithRecoveryKey(recoveryKey: Uint8Array, next?: string): Promise<void> {
    const locks = this.#locks;
    return this.#serially(async () => {
      if (next !== undefined) checkPassphrase(next);
      const vaultKey = openByRecoveryKey(this.#header, recoveryKey);
      try {
        // A key file that works stays: replacing it would need two files to change at once.
        if (next !== undefined || !this.#keyFileWorks()) await this.#relock(vaultKey, next);
        if (this.locked) this.#admit(vaultKey.slice(), locks);
      } finally {
        wipeBytes(vaultKey);
      }
    });
  }

  /**
   * Everything in one sealed stream that the recovery key opens, and the passphrase if there is one: identity, rows
   * and sealed files, not the public side of links (a restored one-time link would live twice). Bounded memory.
   * `withBlobs: false` leaves the sealed files out. Throws LockedError, also in the middle if the vault is locked meanwhile.
   */
  backup({ withBlobs = true }: { readonly withBlobs?: boolean } = {}): AsyncGenerator<Uint8Array> {
    const { vaultKey } = this.#state().ring;
    const source = { dataDir: this.#dataDir, database: this.#database, slots: this.#header.slots };
    return createBackup({ ...source, vaultKey, requireOpen: () => void this.#state(), withBlobs });
  }

  /** Destroys this identity's data on this machine: keys first. The vault is closed afterwards. */
  async wipe(): Promise<void> {
    this.#closed = true;
    this.#dropKeys();
    try {
      wipeFiles(this.#dataDir);
    } finally {
      this.#database.close();
    }
    removeWipeMark(this.#dataDir);
  }

  /** Calls the listener after each such change, until the returned function is called. */
  on(event: VaultEvent, listener: () => void): () => void {
    this.#listeners[event].add(listener);
    return () => this.#listeners[event].delete(listener);
  }

  /** Drops the keys and frees the data directory. */
  close(): void {
    this.#closed = true;
    this.#dropKeys();
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #openAtStart({ secret, recoveryKey, log }: VaultOptions): Promise<void> {
    if (recoveryKey) return this.unlockWithRecoveryKey(recoveryKey, secret);
    if (this.protection === "key-file") {
      this.#admit(openByKeyFile(this.#dataDir, this.#header), this.#locks);
      if (secret !== undefined) log.warn({}, "a secret was given, but this vault has no passphrase: set one");
      return;
    }
    // Left by a crash between the two steps of setPassphrase.
    destroyKeyFile(this.#dataDir);
    if (secret !== undefined) await this.unlock(secret);
  }

  /**
   * Takes over the vault key, unless a lock came after the call that asked for it (`locks` is its count then).
   * Throws LockedError in that case; CodecError `vault_corrupt` if the key does not open the database.
   */
  #admit(vaultKey: Uint8Array, locks: number): void {
    const ring = new KeyRing(vaultKey);
    try {
      if (this.#locks !== locks) throw new LockedError();
      const root = new MetaTable(this.#database, () => ring).readRoot();
      this.#open = { ring, root, identity: identityOf(root) };
    } catch (error) {
      ring.wipe();
      throw error;
    }
    if (!this.#database.isComplete) this.#database.markComplete();
    this.#emit("unlocked");
  }

  /** Replaces the first way in by a passphrase or a key file. Each crash point leaves one that works. */
  async #relock(vaultKey: Uint8Array, passphrase: string | undefined): Promise<void> {
    const passwordSlot = passphrase === undefined ? null : await sealWithPassword(vaultKey, passphrase);
    // A wipe during the stretching is final: nothing may be written after it.
    if (this.#closed) throw new LockedError();
    const slot = passwordSlot ?? this.#keyFileSlot(vaultKey);
    const others = this.#header.slots.filter(({ type }) => type === "recovery");
    try {
      writeVaultFile(this.#dataDir, [slot, ...others], vaultKey);
    } finally {
      // Even a failed write may have replaced the file: what the disk says holds.
      this.#header = readVaultFile(this.#dataDir) ?? this.#header;
    }
    if (passphrase !== undefined) destroyKeyFile(this.#dataDir);
  }

  #keyFileWorks(): boolean {
    if (this.protection === "passphrase") return false;
    try {
      wipeBytes(openByKeyFile(this.#dataDir, this.#header));
      return true;
    } catch {
      return false;
    }
  }

  #keyFileSlot(vaultKey: Uint8Array): KeySlot {
    return sealWithKey("key-file", vaultKey, writeKeyFile(this.#dataDir));
  }

  async #demandCurrent(current: string | undefined): Promise<void> {
    if (this.protection === "key-file") return;
    if (current === undefined) throw currentPassphraseNeeded();
    wipeBytes(await openByPassphrase(this.#header, current));
  }

  #dropKeys(): void {
    this.#locks++;
    const open = this.#open;
    if (!open) return;
    this.#open = null;
    this.personas.dropKeys();
    open.ring.wipe();
    wipeRoot(open.root);
    wipeIdentity(open.identity);
    this.#emit("locked");
  }

  #state(): OpenState {
    if (!this.#open) throw new LockedError();
    return this.#open;
  }

  /** One change of the locks at a time: two at once would each write slots that the other does not know. */
  #serially<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#lastChange.then(change);
    this.#lastChange = result.catch(() => undefined);
    return result;
  }

  #emit(event: VaultEvent): void {
    for (const listener of this.#listeners[event]) listener();
  }
}

function noPassphrase(): ValidationError {
  return new ValidationError("no_passphrase", "Without a passphrase a lock would protect nothing.", {
    hint: "Set a passphrase first.",
  });
}

function currentPassphraseNeeded(): ValidationError {
  return new ValidationError("current_passphrase_needed", "The vault already has a passphrase.", {
    hint: "Give the current passphrase too.",
  });
}
