/**
 * The lanes of this device: in each epoch of a session one to every other device, and one from it.
 *
 *   out   next index; never used twice, and never more than CELL_LIMITS.window ahead of what the other is known to have seen
 *   in    a window of addresses that may come: CELL_LIMITS.window beyond the highest index that came, and as many before it
 *
 * What each side has seen travels in the cells of the other direction (`heard`). A lane whose window is used up is not
 * written to until then: cells go as intros meanwhile, which are always found.
 */

import { fromBase64Url, toBase64Url, toHex } from "../../core/bytes.ts";
import { CELL_LIMITS } from "../../core/cell-limits.ts";
import type { AesGcmKey } from "../../crypto/provider.ts";
import type { Account } from "../../vault/account.ts";
import type { SealedTable } from "../../vault/sealed-table.ts";
import { laneAddress, laneKeys, type LaneKeys } from "./cell-keys.ts";

/** What the lanes of one epoch are made from; written once. */
interface EpochRow {
  readonly session: string;
  readonly epoch: string;
  /** base64url of the exported key "cell/v1". */
  readonly exported: string;
  /** All devices of the epoch but this one. */
  readonly devices: readonly string[];
}

/** How far a pair of lanes has got. */
interface LaneRow {
  readonly id: string;
  readonly epoch: string;
  /** Indexes below were used, or may have been. */
  readonly reserved: number;
  /** The other has seen indexes below. */
  readonly acknowledged: number;
  /** Seen from the other: one more than the highest index. */
  readonly seen: number;
}

interface Lane {
  readonly session: string;
  readonly epoch: string;
  /** The other device. */
  readonly device: string;
  readonly out: LaneKeys;
  readonly in: LaneKeys;
  next: number;
  reserved: number;
  acknowledged: number;
  seen: number;
  /** Addresses below this index were opened. */
  opened: number;
  /** Those of them that may still come, by index; the lowest first. */
  readonly waiting: Map<number, string>;
}

/** The place of an address in a lane to this device. */
export interface Expected {
  readonly lane: Lane;
  readonly index: number;
}

/** The next cell of a lane. */
export interface Slot {
  readonly seal: AesGcmKey;
  readonly address: Uint8Array;
  readonly heard: number;
}

export class Lanes {
  readonly #vault: Account;
  readonly #device: string;
  readonly #epochRows: SealedTable<EpochRow>;
  readonly #laneRows: SealedTable<LaneRow>;
  /** By epoch; within, by device. */
  readonly #epochs = new Map<string, Map<string, Lane>>();
  /** Sessions and devices in them from which something came. */
  readonly #heard = new Set<string>();
  /** By address, hex. */
  readonly #expected = new Map<string, Expected>();

  constructor(vault: Account, device: string) {
    this.#vault = vault;
    this.#device = device;
    this.#epochRows = vault.table<EpochRow>({
      name: "cell_epochs",
      key: (row) => epochId(row.session, row.epoch),
      indexes: { session: (row) => row.session, unsaved: () => "yes" },
    });
    this.#laneRows = vault.table<LaneRow>({
      name: "cell_lanes",
      key: (row) => row.id,
      indexes: { epoch: (row) => row.epoch, unsaved: () => "yes" },
    });
    for (const row of this.#epochRows.list()) this.#openEpoch(row);
  }

  /** A session has another epoch; call inside the transaction that stores it. `devices` are all others in it. */
  add(session: string, epoch: string, exported: Uint8Array, devices: readonly string[]): void {
    const row = { session, epoch, exported: toBase64Url(exported), devices };
    this.#epochRows.put(row);
    // Open already if the transaction of an earlier call was undone.
    if (!this.has(session, epoch)) this.#openEpoch(row);
  }

  /** An epoch is forgotten; call inside the transaction. */
  remove(session: string, epoch: string): void {
    const name = epochId(session, epoch);
    this.#epochRows.delete(name);
    for (const { id } of this.#laneRows.find("epoch", name)) this.#laneRows.delete(id);
    for (const lane of this.#epochs.get(name)?.values() ?? []) this.#closeBelow(lane, lane.opened);
    this.#epochs.delete(name);
  }

  /** A session is forgotten; call inside the transaction. */
  removeSession(session: string): void {
    for (const { epoch, devices } of this.#epochRows.find("session", session)) {
      this.remove(session, epoch);
      for (const device of devices) this.#heard.delete(`${session}/${device}`);
    }
  }

  has(session: string, epoch: string): boolean {
    return this.#epochs.has(epochId(session, epoch));
  }

  /** True once a cell of this device came on a lane of the session: so it is in there. */
  isHeard(session: string, device: string): boolean {
    return this.#heard.has(`${session}/${device}`);
  }

  /** The next `count` cells to a device; null if it has no lane there, or its window is used up. */
  take(session: string, epoch: string, device: string, count: number): Slot[] | null {
    const lane = this.#epochs.get(epochId(session, epoch))?.get(device);
    if (!lane || lane.next + count > lane.acknowledged + CELL_LIMITS.window) return null;
    const first = lane.next;
    lane.next += count;
    // Stored before one of them leaves; some at once, because each time costs a write to the disk. What counts is what is
    // there: a transaction around an earlier call may have been undone.
    if (lane.next > (this.#laneRows.get(laneId(session, epoch, device))?.reserved ?? 0)) {
      lane.reserved = lane.next + CELL_LIMITS.reserve;
      this.#vault.transaction(() => this.#store(lane));
    }
    return Array.from({ length: count }, (_, i) => ({
      seal: lane.out.seal,
      address: laneAddress(lane.out, first + i),
      heard: lane.seen,
    }));
  }

  /** Whose cell this is; null if it is none that is expected. Nanoseconds: it is asked of every cell of the crowd. */
  find(address: string): Expected | null {
    return this.#expected.get(address) ?? null;
  }

  /** A cell came; the window goes on at once. Store that by `note`, in the transaction that takes in what it brought. */
  arrived({ lane, index }: Expected, address: string, heard: number): void {
    this.#expected.delete(address);
    lane.waiting.delete(index);
    lane.acknowledged = Math.max(lane.acknowledged, Math.min(heard, lane.next));
    if (index < lane.seen) return;
    lane.seen = index + 1;
    this.#heard.add(`${lane.session}/${lane.device}`);
    this.#openTo(lane, lane.seen + CELL_LIMITS.window);
    this.#closeBelow(lane, lane.seen - CELL_LIMITS.window);
  }

  note({ lane }: Expected): void {
    if (this.has(lane.session, lane.epoch)) this.#store(lane);
  }

  #openEpoch({ session, epoch, exported, devices }: EpochRow): void {
    const key = fromBase64Url(exported);
    const name = epochId(session, epoch);
    const rows = new Map(this.#laneRows.find("epoch", name).map((row) => [row.id, row]));
    const lanes = devices.map((device): [string, Lane] => {
      const row = rows.get(laneId(session, epoch, device));
      const seen = row?.seen ?? 0;
      if (seen > 0) this.#heard.add(`${session}/${device}`);
      const reserved = row?.reserved ?? 0;
      const lane = {
        session,
        epoch,
        device,
        out: laneKeys(key, this.#device, device),
        in: laneKeys(key, device, this.#device),
        next: reserved,
        reserved,
        acknowledged: row?.acknowledged ?? 0,
        seen,
        opened: Math.max(0, seen - CELL_LIMITS.window),
        waiting: new Map(),
      };
      this.#openTo(lane, seen + CELL_LIMITS.window);
      return [device, lane];
    });
    this.#epochs.set(name, new Map(lanes));
  }

  #openTo(lane: Lane, end: number): void {
    for (; lane.opened < end; lane.opened++) {
      const address = toHex(laneAddress(lane.in, lane.opened));
      lane.waiting.set(lane.opened, address);
      this.#expected.set(address, { lane, index: lane.opened });
    }
  }

  /** What is so far behind was lost; its sender has sent it again under another address. */
  #closeBelow(lane: Lane, end: number): void {
    for (const [index, address] of lane.waiting) {
      if (index >= end) return;
      lane.waiting.delete(index);
      this.#expected.delete(address);
    }
  }

  #store({ session, epoch, device, reserved, acknowledged, seen }: Lane): void {
    const id = laneId(session, epoch, device);
    this.#laneRows.put({ id, epoch: epochId(session, epoch), reserved, acknowledged, seen });
  }
}

function epochId(session: string, epoch: string): string {
  return `${session}/${epoch}`;
}

function laneId(session: string, epoch: string, device: string): string {
  return `${session}/${epoch}/${device}`;
}
