/**
 * Key packages that this device has handed out, each good for one welcome, with the secrets that open it. They are kept
 * until they expire, because a competing commit may make the same welcome necessary once more.
 */

import { fromBase64Url, toBase64Url } from "../../core/bytes.ts";
import { SESSION_LIMITS } from "../../core/limits.ts";
import type { Account } from "../../vault/account.ts";
import type { SealedTable } from "../../vault/sealed-table.ts";
import type { OwnDevice } from "./device.ts";
import { createKeyPackage, keyPackageRef, type OwnKeyPackage, welcomedRefs } from "./mls.ts";

interface KeyPackageRow {
  /** As a welcome calls it. */
  readonly ref: string;
  readonly keyPackage: string;
  readonly secrets: string;
  readonly madeMs: number;
  /** When a welcome came for it; its secrets are dropped SESSION_LIMITS.retentionMs later. */
  readonly usedMs: number | null;
}

export class KeyPackageStore {
  readonly #table: SealedTable<KeyPackageRow>;

  constructor(vault: Account) {
    this.#table = vault.table<KeyPackageRow>({
      name: "key_packages",
      key: (row) => row.ref,
      indexes: { unsaved: () => "yes" },
    });
  }

  /** A fresh one, stored before it is returned. The oldest beyond SESSION_LIMITS.keyPackages give way. */
  async create(device: OwnDevice, nowMs: number): Promise<OwnKeyPackage> {
    const own = await createKeyPackage(device, nowMs);
    const { keyPackage, secrets } = own;
    const ref = await keyPackageRef(keyPackage);
    this.#table.put({
      ref,
      keyPackage: toBase64Url(keyPackage),
      secrets: toBase64Url(secrets),
      madeMs: nowMs,
      usedMs: null,
    });
    const excess = this.#table.count() - SESSION_LIMITS.keyPackages;
    if (excess > 0) for (const row of this.#table.list({ limit: excess })) this.#table.delete(row.ref);
    return own;
  }

  /** The one of ours that a welcome was made for, or null. Throws CryptoError for what is no welcome. */
  find(welcome: Uint8Array): (OwnKeyPackage & { readonly ref: string }) | null {
    for (const ref of welcomedRefs(welcome)) {
      const row = this.#table.get(ref);
      if (row) return { ref, keyPackage: fromBase64Url(row.keyPackage), secrets: fromBase64Url(row.secrets) };
    }
    return null;
  }

  noteUsed(ref: string, nowMs: number): void {
    const row = this.#table.get(ref);
    if (row && row.usedMs === null) this.#table.put({ ...row, usedMs: nowMs });
  }

  forgetOld(nowMs: number): void {
    for (const { ref, madeMs, usedMs } of this.#table.list()) {
      const isUsedUp = usedMs !== null && usedMs + SESSION_LIMITS.retentionMs < nowMs;
      if (isUsedUp || madeMs + SESSION_LIMITS.keyPackageMs < nowMs) this.#table.delete(ref);
    }
  }
}
