/**
 * How much owners may keep on a node whose operator does not know them, so that nobody hoards it for nothing.
 *
 *   with a voucher      its bytes
 *   without             strangerShare of the node's room for an owner, the same for all of one failure domain, and
 *                       strangersShare for all strangers together
 *
 * Owner keys cost nothing, so the bound of one owner alone bounds nobody; that of a domain does. An owner belongs to the domain
 * from which it first kept something, which is all that is written down (`guests.db`, 0600): bytes are the disk's to count. A row
 * stands for an owner without a voucher who takes something, be it in the trash; a power cut may lose the last ones, until they store again.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../core/clock.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { OwnerId } from "../node-id.ts";
import { openPrivateDatabase } from "../private-database.ts";
import type { FragmentDisk } from "../rooms.ts";
import { Refusal } from "./refusal.ts";
import type { Voucher } from "./voucher.ts";

export interface GuestsOptions {
  /** Made where it is missing. */
  readonly folder: string;
  readonly disk: Pick<FragmentDisk, "usedBy" | "usage">;
  readonly clock: Clock;
}

/** Who wants to keep something, from where. */
export interface Guest {
  readonly owner: OwnerId;
  readonly voucher: Voucher | null;
  readonly domain: string;
}

interface Stranger {
  readonly domain: string;
  /** As the disk last said. */
  used: number;
}

export class Guests {
  readonly #disk: GuestsOptions["disk"];
  readonly #clock: Clock;
  readonly #database: DatabaseSync;
  readonly #strangers = new Map<OwnerId, Stranger>();
  /** Of strangers, by domain; without what is on its way. */
  readonly #byDomain = new Map<string, number>();
  /** Bytes on their way in: of an owner, of strangers in a domain, of all strangers. */
  readonly #arriving = new Map<string, number>();
  #used = 0;
  #recountedMs = Number.NEGATIVE_INFINITY;

  constructor({ folder, disk, clock }: GuestsOptions) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    [this.#disk, this.#clock] = [disk, clock];
    const path = join(folder, "guests.db");
    this.#database = openPrivateDatabase(path);
    this.#database.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
       CREATE TABLE IF NOT EXISTS guests (owner TEXT PRIMARY KEY, domain TEXT NOT NULL) STRICT, WITHOUT ROWID`,
    );
    for (const row of this.#database.prepare("SELECT owner, domain FROM guests").all()) {
      this.#strangers.set(row["owner"] as OwnerId, { domain: row["domain"] as string, used: 0 });
    }
    this.#recount();
  }

  /** Bytes that this guest may still store, whatever room the node has; counted anew if they are not `wanted`, and that was long ago. */
  left(guest: Guest, wanted = 1): number {
    const here = this.#left(guest);
    if (here >= wanted || this.#clock.nowMs() - this.#recountedMs < MESH_LIMITS.recountMs) return here;
    this.#recount();
    return this.#left(guest);
  }

  /** Sets bytes aside for a fragment on its way; returns what is to be called once it was kept or given up. Throws a Refusal `owner_full`. */
  admit(guest: Guest, bytes: number): () => void {
    const [vouched, left] = [this.#vouched(guest), this.left(guest, bytes)];
    if (bytes > left) throw new Refusal("owner_full", Math.max(0, left));
    const isStranger = bytes > vouched;
    const counts = isStranger ? [ownerKey(guest), domainKey(this.#domainOf(guest)), ALL] : [ownerKey(guest)];
    for (const key of counts) this.#add(key, bytes);
    return () => {
      for (const key of counts) this.#add(key, -bytes);
      this.#settle(guest, isStranger);
    };
  }

  /** What an owner keeps has changed. */
  changed(owner: OwnerId): void {
    const stranger = this.#strangers.get(owner);
    if (stranger) this.#count(stranger, this.#disk.usedBy(owner));
  }

  close(): void {
    this.#database.close();
  }

  #left(guest: Guest): number {
    const { strangerShare, strangersShare } = MESH_LIMITS;
    const { maxBytes } = this.#disk.usage();
    const domain = this.#domainOf(guest);
    // What is there already and was not counted among strangers would be with the next fragment.
    const more = this.#strangers.has(guest.owner) ? 0 : this.#disk.usedBy(guest.owner);
    const inDomain = (this.#byDomain.get(domain) ?? 0) + this.#arrivingOf(domainKey(domain)) + more;
    const stranger = Math.min(
      strangerShare * maxBytes - this.#taken(guest),
      strangerShare * maxBytes - inDomain,
      strangersShare * maxBytes - this.#used - this.#arrivingOf(ALL) - more,
    );
    return Math.floor(Math.max(this.#vouched(guest), stranger));
  }

  /** What a voucher leaves; less than nothing without one. */
  #vouched(guest: Guest): number {
    const { voucher } = guest;
    const isLive = voucher !== null && voucher.untilMs > this.#clock.nowMs();
    return isLive ? voucher.bytes - this.#taken(guest) : Number.NEGATIVE_INFINITY;
  }

  #taken(guest: Guest): number {
    return this.#disk.usedBy(guest.owner) + this.#arrivingOf(ownerKey(guest));
  }

  #domainOf({ owner, domain }: Guest): string {
    return this.#strangers.get(owner)?.domain ?? domain;
  }

  #settle(guest: Guest, isStranger: boolean): void {
    const used = this.#disk.usedBy(guest.owner);
    const known = this.#strangers.get(guest.owner);
    // A voucher ends being a stranger only where it covers all: else one of a byte would empty a domain's account.
    if (known && !isStranger && used <= (guest.voucher?.bytes ?? 0)) return this.#forget(guest.owner, known);
    if (known) return this.#count(known, used);
    if (!isStranger || used === 0) return;
    const stranger = { domain: guest.domain, used: 0 };
    this.#strangers.set(guest.owner, stranger);
    this.#database.prepare("INSERT OR REPLACE INTO guests VALUES (?, ?)").run(guest.owner, guest.domain);
    this.#count(stranger, used);
  }

  #forget(owner: OwnerId, stranger: Stranger): void {
    this.#count(stranger, 0);
    this.#strangers.delete(owner);
    this.#database.prepare("DELETE FROM guests WHERE owner = ?").run(owner);
  }

  #count(stranger: Stranger, used: number): void {
    const change = used - stranger.used;
    stranger.used = used;
    this.#used += change;
    const inDomain = (this.#byDomain.get(stranger.domain) ?? 0) + change;
    if (inDomain > 0) this.#byDomain.set(stranger.domain, inDomain);
    else this.#byDomain.delete(stranger.domain);
  }

  #recount(): void {
    this.#recountedMs = this.#clock.nowMs();
    for (const [owner, stranger] of this.#strangers) {
      const used = this.#disk.usedBy(owner);
      if (used === 0) this.#forget(owner, stranger);
      else this.#count(stranger, used);
    }
  }

  #arrivingOf(key: string): number {
    return this.#arriving.get(key) ?? 0;
  }

  #add(key: string, bytes: number): void {
    const sum = this.#arrivingOf(key) + bytes;
    if (sum > 0) this.#arriving.set(key, sum);
    else this.#arriving.delete(key);
  }
}

const ALL = "all";

function ownerKey({ owner }: Guest): string {
  return `owner ${owner}`;
}

function domainKey(domain: string): string {
  return `domain ${domain}`;
}
