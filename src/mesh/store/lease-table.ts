/**
 * Who keeps which fragment, until when.
 *
 *   none --keep--> kept --drop, or its time ended--> trashed --after MESH_LIMITS.trashMs--> none
 *                   ^-----------keep, renew------------'
 *
 * Each call resolves when what it says survives a power cut. Many that come at the same time are one transaction, because
 * each waits for the disk; `MESH_LIMITS.leaseBatch` of one call at a time, so that no transaction stops all else for long.
 */
import type { StatementSync } from "node:sqlite";
import { fromHex, toHex } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { OwnerId } from "../node-id.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import type { HeldLease, StoreRequest } from "../rooms.ts";
import { GroupCommit } from "./group-commit.ts";
import { type IndexDatabase, inOwnWords } from "./index-database.ts";
import { better, type LeaseChange, type LeaseState, LeaseTotals } from "./lease-totals.ts";

/** A fragment as its leases tell it. */
export interface KnownFragment {
  readonly bytes: number;
  readonly diskBytes: number;
  /** False if all its leases are in the trash. */
  readonly isKept: boolean;
}

/** What the rows of one folder say. */
export interface Counted {
  readonly known: ReadonlySet<FragmentId>;
  /** Of `known`, those that were not there. */
  readonly gone: readonly FragmentId[];
  /** Bytes of the disk that those take that are there. */
  readonly diskBytes: number;
}

const STATEMENTS = {
  fragment: "SELECT bytes, disk_bytes, min(trashed_at IS NOT NULL) AS trashed FROM leases WHERE id = ?",
  lease: "SELECT * FROM leases WHERE id = ? AND owner = ?",
  ofFragment: "SELECT * FROM leases WHERE id = ?",
  /** All leases of so many fragments. */
  page: `SELECT * FROM leases WHERE trashed_at IS NULL AND id IN
    (SELECT DISTINCT id FROM leases WHERE id > ? AND trashed_at IS NULL ORDER BY id LIMIT ?) ORDER BY id, owner`,
  between: "SELECT * FROM leases WHERE id >= ? AND id < ? ORDER BY id",
  any: "SELECT 1 FROM leases LIMIT 1",
  ended: "SELECT * FROM leases WHERE trashed_at IS NULL AND until <= ? ORDER BY until LIMIT ?",
  due: "SELECT DISTINCT id FROM (SELECT id FROM leases WHERE trashed_at <= ? ORDER BY trashed_at LIMIT ?)",
  put: `INSERT INTO leases (id, owner, bytes, disk_bytes, until) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET until = max(until, excluded.until), trashed_at = NULL`,
  trash: "UPDATE leases SET trashed_at = ? WHERE id = ? AND owner = ?",
  remove: "DELETE FROM leases WHERE id = ? AND owner = ?",
} as const;

type Row = Readonly<Record<string, unknown>>;

interface Lease extends HeldLease {
  readonly diskBytes: number;
}

export class LeaseTable {
  readonly totals: LeaseTotals = new LeaseTotals();
  readonly #clock: Clock;
  readonly #commits: GroupCommit;
  readonly #statements: Record<keyof typeof STATEMENTS, StatementSync>;

  /** Resolves when no change is under way. */
  #settled: Promise<void> = Promise.resolve();

  /** Knows no sums until `count` went over all rows. */
  constructor(database: IndexDatabase, clock: Clock) {
    this.#clock = clock;
    this.#commits = new GroupCommit(database);
    const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, inOwnWords(() => database.prepare(sql))]);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof STATEMENTS, StatementSync>;
  }

  /** Resolves when all that was asked for is over. */
  settled(): Promise<void> {
    return this.#settled;
  }

  isEmpty(): boolean {
    return this.#rows("any").length === 0;
  }

  /** Null if nobody keeps it and it is not in the trash. */
  find(id: FragmentId): KnownFragment | null {
    const row = inOwnWords(() => this.#statements.fragment.get(fromHex(id)));
    if (!row || row["bytes"] === null) return null;
    return { bytes: row["bytes"] as number, diskBytes: row["disk_bytes"] as number, isKept: row["trashed"] === 0 };
  }

  /** What this owner has of these, kept or in the trash. */
  held(owner: OwnerId, ids: readonly FragmentId[]): HeldLease[] {
    return unique(ids).flatMap((id) => this.#leases("lease", fromHex(id), fromHex(owner)).map(withoutDisk));
  }

  /** Kept leases of the `limit` fragments after `after`, in the order of names. */
  list(after: FragmentId | null, limit: number): HeldLease[] {
    return this.#leases("page", fromHex(after ?? ""), limit).map(withoutDisk);
  }

  /** Adds or renews a lease, and takes it out of the trash; it is never made shorter. All leases of a fragment have the same `diskBytes`. */
  async keep(request: StoreRequest, diskBytes: number): Promise<void> {
    await this.#change(() => [this.#put({ ...request, diskBytes })]);
  }

  /** Which of these this owner has. */
  async renew(owner: OwnerId, ids: readonly FragmentId[], untilMs: number): Promise<FragmentId[]> {
    return this.#changeEach(owner, ids, (lease) => this.#put({ ...lease, untilMs }));
  }

  /** Which of these this owner kept until now. */
  async drop(owner: OwnerId, ids: readonly FragmentId[]): Promise<FragmentId[]> {
    return this.#changeEach(owner, ids, (lease) => (lease.trashedAtMs === null ? this.#trash(lease) : null));
  }

  /** Puts leases that ended into the trash, at most MESH_LIMITS.leaseBatch. Returns how many. */
  async trashEnded(): Promise<number> {
    const changes = await this.#change(() =>
      this.#leases("ended", this.#clock.nowMs(), MESH_LIMITS.leaseBatch).map((lease) => this.#trash(lease)),
    );
    return changes.length;
  }

  /** Fragments of which a lease was in the trash for its time, at most MESH_LIMITS.leaseBatch. */
  dueFragments(): FragmentId[] {
    return this.#rows("due", this.#trashEnd(), MESH_LIMITS.leaseBatch).map(
      ({ id }) => toHex(id as Uint8Array) as FragmentId,
    );
  }

  /** Removes the leases of a fragment whose time in the trash is over. */
  async removeDue(id: FragmentId): Promise<void> {
    await this.#removeWhere(id, ({ trashedAtMs }) => trashedAtMs !== null && trashedAtMs <= this.#trashEnd());
  }

  /** Removes all leases of a fragment that is not on the disk. */
  async removeAll(id: FragmentId): Promise<void> {
    await this.#removeWhere(id, () => true);
  }

  /**
   * Counts all fragments whose names begin with the byte `first`, once when the node starts. Those that `isThere` does not
   * have lose their leases, and are returned as `gone`.
   */
  async count(first: number, isThere: ReadonlySet<FragmentId>): Promise<Counted> {
    const next = first === 255 ? new Uint8Array(33).fill(255) : Uint8Array.of(first + 1);
    const known = new Map<FragmentId, Lease[]>();
    for (const lease of this.#leases("between", Uint8Array.of(first), next)) {
      known.set(lease.id, [...(known.get(lease.id) ?? []), lease]);
    }
    for (const leases of known.values()) this.#count(leases);
    const gone = [...known.keys()].filter((id) => !isThere.has(id));
    await Promise.all(gone.map((id) => this.removeAll(id)));
    const here = [...known].filter(([id]) => isThere.has(id)).map(([, [lease]]) => (lease as Lease).diskBytes);
    return { known: new Set(known.keys()), gone, diskBytes: here.reduce((sum, bytes) => sum + bytes, 0) };
  }

  #count(leases: readonly Lease[]): void {
    let others: LeaseState = "none";
    for (const { owner, diskBytes, trashedAtMs } of leases) {
      const to = stateOf(trashedAtMs);
      this.totals.apply({ owner, diskBytes, from: "none", to, others });
      others = better(others, to);
    }
  }

  async #removeWhere(id: FragmentId, condition: (lease: Lease) => boolean): Promise<void> {
    await this.#change(() =>
      this.#leases("ofFragment", fromHex(id)).flatMap((lease) => (condition(lease) ? [this.#remove(lease)] : [])),
    );
  }

  async #changeEach(
    owner: OwnerId,
    ids: readonly FragmentId[],
    work: (lease: Lease) => LeaseChange | null,
  ): Promise<FragmentId[]> {
    const all = unique(ids);
    const changed: FragmentId[] = [];
    for (let at = 0; at < all.length; at += MESH_LIMITS.leaseBatch) {
      const batch = all.slice(at, at + MESH_LIMITS.leaseBatch);
      const changes = await this.#change(() =>
        batch.flatMap((id) => {
          const [lease] = this.#leases("lease", fromHex(id), fromHex(owner));
          const change = lease ? work(lease) : null;
          return change ? [{ id, ...change }] : [];
        }),
      );
      changed.push(...changes.map(({ id }) => id));
    }
    return changed;
  }

  /** The sums follow once the rows are on the disk: `work` may be undone, and done again. */
  async #change<C extends LeaseChange>(work: () => C[]): Promise<C[]> {
    const changing = this.#commits.run(work);
    this.#settled = Promise.allSettled([this.#settled, changing]).then(() => undefined);
    const changes = await changing;
    for (const change of changes) this.totals.apply(change);
    return changes;
  }

  #put({ id, owner, bytes, diskBytes, untilMs }: Omit<Lease, "trashedAtMs">): LeaseChange {
    const change = this.#changeOf({ id, owner, diskBytes }, "kept");
    const granted = Math.min(untilMs, this.#clock.nowMs() + MESH_LIMITS.leaseMaxMs);
    this.#statements.put.run(fromHex(id), fromHex(owner), bytes, diskBytes, granted);
    return change;
  }

  #trash(lease: Lease): LeaseChange {
    const change = this.#changeOf(lease, "trashed");
    this.#statements.trash.run(this.#clock.nowMs(), fromHex(lease.id), fromHex(lease.owner));
    return change;
  }

  #remove(lease: Lease): LeaseChange {
    const change = this.#changeOf(lease, "none");
    this.#statements.remove.run(fromHex(lease.id), fromHex(lease.owner));
    return change;
  }

  /** Call it before the row is changed. */
  #changeOf({ id, owner, diskBytes }: Pick<Lease, "id" | "owner" | "diskBytes">, to: LeaseState): LeaseChange {
    let [from, others]: [LeaseState, LeaseState] = ["none", "none"];
    for (const lease of this.#leases("ofFragment", fromHex(id))) {
      const state = stateOf(lease.trashedAtMs);
      if (lease.owner === owner) from = state;
      else others = better(others, state);
    }
    return { owner, diskBytes, from, to, others };
  }

  #trashEnd(): number {
    return this.#clock.nowMs() - MESH_LIMITS.trashMs;
  }

  #leases(name: keyof typeof STATEMENTS, ...values: (Uint8Array | number)[]): Lease[] {
    return this.#rows(name, ...values).map(leaseOf);
  }

  #rows(name: keyof typeof STATEMENTS, ...values: (Uint8Array | number)[]): Row[] {
    return inOwnWords(() => this.#statements[name].all(...values));
  }
}

function leaseOf(row: Row): Lease {
  return {
    id: toHex(row["id"] as Uint8Array) as FragmentId,
    owner: toHex(row["owner"] as Uint8Array) as OwnerId,
    bytes: row["bytes"] as number,
    diskBytes: row["disk_bytes"] as number,
    untilMs: row["until"] as number,
    trashedAtMs: row["trashed_at"] as number | null,
  };
}

function withoutDisk({ diskBytes: _, ...lease }: Lease): HeldLease {
  return lease;
}

function stateOf(trashedAtMs: number | null): LeaseState {
  return trashedAtMs === null ? "kept" : "trashed";
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
