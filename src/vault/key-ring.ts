/**
 * The keys that an unlocked vault holds, all from one random 32-byte vault key (HKDF-SHA-512):
 *
 *   vault key -+- vault/index/v1          blind indexes of all tables
 *              +- vault/table/NAME/v1     rows of one table: keeps the rows sealed under one key far below the
 *              |                          2^32 that random 12-byte nonces allow
 *              +- vault/root/v1           the root secrets
 *              +- vault/personas/v1       the keys of personas, from which rings of their own are made
 *              +- vault/backup/v1         backups
 *
 * Locking overwrites them here; who asks a locked vault for a key gets LockedError from its owner.
 */

import { wipeBytes } from "../core/bytes.ts";
import { deriveKey } from "../crypto/key-derivation.ts";

export interface TableKeys {
  readonly rows: Uint8Array;
  readonly index: Uint8Array;
}

export class KeyRing {
  /** 32 bytes, the caller's copy no longer: this ring wipes it. */
  readonly vaultKey: Uint8Array;
  readonly #derived = new Map<string, Uint8Array>();

  constructor(vaultKey: Uint8Array) {
    this.vaultKey = vaultKey;
  }

  tableKeys(table: string): TableKeys {
    return { rows: this.#key(`vault/table/${table}/v1`), index: this.#key("vault/index/v1") };
  }

  get rootKey(): Uint8Array {
    return this.#key("vault/root/v1");
  }

  get personaKey(): Uint8Array {
    return this.#key("vault/personas/v1");
  }

  wipe(): void {
    wipeBytes(this.vaultKey, ...this.#derived.values());
    this.#derived.clear();
  }

  #key(label: string): Uint8Array {
    let key = this.#derived.get(label);
    if (!key) {
      key = deriveKey(this.vaultKey, label);
      this.#derived.set(label, key);
    }
    return key;
  }
}
