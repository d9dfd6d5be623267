/**
 * The capabilities that this device has given: which are good for a relay now, and which number comes next.
 *
 * Numbers go on through all capabilities and are stored before they are used, so that none names two cells. In no backup:
 * a restored vault is another device, whose capabilities have other names.
 */

import { toBase64Url, toHex } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { COURIER_LIMITS } from "../../core/cell-limits.ts";
import { randomBytes } from "../../core/random.ts";
import type { Account } from "../../vault/account.ts";
import type { Identity } from "../../vault/identity.ts";
import type { SealedTable } from "../../vault/sealed-table.ts";
import { relayHash, signCapability } from "./capability.ts";

export interface GrantRow {
  /** Of the capability. */
  readonly id: string;
  /** Hex key of the courier's device. */
  readonly device: string;
  readonly relay: string;
  /** The next number, and the one behind the last. */
  readonly next: number;
  readonly end: number;
  readonly untilMs: number;
  readonly ended: boolean;
  /** base64url of the capability. */
  readonly token: string;
}

export class Grants {
  readonly #table: SealedTable<GrantRow>;
  readonly #identity: Identity;
  readonly #clock: Clock;

  constructor(vault: Account, identity: Identity, clock: Clock) {
    this.#identity = identity;
    this.#clock = clock;
    this.#table = vault.table<GrantRow>({
      name: "courier_grants",
      key: (row) => row.id,
      indexes: { place: placeOf, device: (row) => row.device, unsaved: () => "yes" },
    });
  }

  /** The next `count` numbers at most, and the capability that has them; inside a transaction. */
  take(device: string, relay: string, count: number): { readonly grant: GrantRow; readonly numbers: number[] } {
    const grant = this.#current(device, relay) ?? this.#sign(device, relay);
    const numbers = Array.from({ length: Math.min(count, grant.end - grant.next) }, (_, i) => grant.next + i);
    this.#table.put({ ...grant, next: grant.next + numbers.length });
    return { grant, numbers };
  }

  get(id: string): GrantRow | null {
    return this.#table.get(id);
  }

  /** Nothing is handed over under it any more. */
  end(row: GrantRow): void {
    this.#table.put({ ...row, ended: true });
  }

  /** Those of a courier's device that have not ended. */
  live(device: string): GrantRow[] {
    const nowMs = this.#clock.nowMs();
    return this.#table.find("device", device).filter(({ ended, untilMs }) => !ended && nowMs < untilMs);
  }

  #current(device: string, relay: string): GrantRow | undefined {
    const sinceMs = this.#clock.nowMs() + COURIER_LIMITS.capabilitySpareMs;
    return this.#table
      .find("place", placeOf({ device, relay }))
      .find(({ next, end, untilMs, ended }) => !ended && next < end && untilMs > sinceMs);
  }

  #sign(device: string, relay: string): GrantRow {
    const nowMs = this.#clock.nowMs();
    const rows = this.#table.list();
    const first = Math.max(0, ...rows.map(({ end }) => end));
    // The newest stays, whatever its age: it tells which numbers were given.
    for (const { id, end, untilMs } of rows) if (untilMs < nowMs && end < first) this.#table.delete(id);
    const fromMs = Math.floor(nowMs / 1000) * 1000;
    const id = toHex(randomBytes(16));
    const capability = {
      id,
      courier: device,
      sender: this.#identity.device,
      relay: relayHash(relay),
      first,
      count: COURIER_LIMITS.cellsPerCapability,
      fromMs,
      untilMs: fromMs + COURIER_LIMITS.capabilityMs,
    };
    const token = toBase64Url(signCapability(capability, this.#identity.nostrSecretKey));
    const end = first + capability.count;
    return { id, device, relay, next: first, end, untilMs: capability.untilMs, ended: false, token };
  }
}

function placeOf({ device, relay }: Pick<GrantRow, "device" | "relay">): string {
  return `${device} ${relay}`;
}
