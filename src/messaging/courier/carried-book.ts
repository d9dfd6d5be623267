/**
 * What a courier has taken on: capabilities, and the cells that wait or of which the sender was not told yet.
 *
 *   queued -> leaving -> taken | lost          leaving after a crash is lost: it may have left, and leaves once only
 *
 * What never leaves is deleted. Settled cells stay, without their bytes, until they are reported. In no backup: a restored vault is another device.
 */

import { fromBase64Url, toBase64Url } from "../../core/bytes.ts";
import type { Account } from "../../vault/account.ts";
import type { SealedTable } from "../../vault/sealed-table.ts";
import type { EndReason } from "./courier-letter.ts";

export interface CarriedRow {
  /** Of the capability. */
  readonly id: string;
  /** Whose it is, and the device that signed it; hex keys. */
  readonly account: string;
  readonly device: string;
  /** URL; empty for one that was revoked before it was ever used. */
  readonly relay: string;
  readonly first: number;
  readonly count: number;
  readonly untilMs: number;
  /** base64url of a bit for each number: taken on already. */
  readonly used: string;
  readonly ended: EndReason | null;
}

export interface CarriedCell {
  readonly capability: string;
  readonly n: number;
  readonly account: string;
  readonly relay: string;
  /** base64url; empty once it has left. */
  readonly cell: string;
  readonly state: "queued" | "leaving" | "taken" | "lost";
}

export class CarriedBook {
  readonly capabilities: SealedTable<CarriedRow>;
  readonly #cells: SealedTable<CarriedCell>;

  constructor(vault: Account) {
    this.capabilities = vault.table<CarriedRow>({
      name: "courier_capabilities",
      key: (row) => row.id,
      indexes: { account: (row) => row.account, unsaved: () => "yes" },
    });
    this.#cells = vault.table<CarriedCell>({
      name: "courier_cells",
      key: cellKey,
      indexes: {
        capability: (row) => (row.state === "queued" ? row.capability : null),
        account: (row) => (row.state === "queued" ? row.account : null),
        relay: (row) => (row.state === "queued" ? row.relay : null),
        state: (row) => row.state,
        unsaved: () => "yes",
      },
    });
  }

  put(row: CarriedCell): void {
    this.#cells.put(row);
  }

  get(row: Pick<CarriedCell, "capability" | "n">): CarriedCell | null {
    return this.#cells.get(cellKey(row));
  }

  delete(row: CarriedCell): void {
    this.#cells.delete(cellKey(row));
  }

  queuedUnder(capability: string): CarriedCell[] {
    return this.#cells.find("capability", capability);
  }

  /** Oldest first. */
  queuedFor(relay: string, limit: number): CarriedCell[] {
    return this.#cells.find("relay", relay, { limit });
  }

  countQueued(account?: string): number {
    return account === undefined ? this.#cells.count("state", "queued") : this.#cells.count("account", account);
  }

  inState(state: CarriedCell["state"]): CarriedCell[] {
    return this.#cells.find("state", state);
  }

  /** Relays for which something may still come, each once. */
  relays(account?: string): string[] {
    const rows = account === undefined ? this.capabilities.list() : this.capabilities.find("account", account);
    return [...new Set(rows.flatMap(({ ended, relay }) => (ended === null ? [relay] : [])))];
  }
}

/** An empty set of the numbers of a capability. */
export function noNumbers(count: number): string {
  return toBase64Url(new Uint8Array(Math.ceil(count / 8)));
}

export function isUsed({ used, first }: CarriedRow, n: number): boolean {
  const bit = n - first;
  return (((fromBase64Url(used)[bit >>> 3] ?? 0) >>> (bit & 7)) & 1) === 1;
}

/** The row with more of its numbers used. */
export function useNumbers(row: CarriedRow, numbers: readonly number[]): CarriedRow {
  const bits = fromBase64Url(row.used);
  for (const n of numbers) {
    const bit = n - row.first;
    bits[bit >>> 3] = (bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
  }
  return { ...row, used: toBase64Url(bits) };
}

/** The name of a cell among all that are carried. */
export function cellKey({ capability, n }: Pick<CarriedCell, "capability" | "n">): string {
  return `${capability}/${n}`;
}
