/**
 * A node's disk: fragments that others keep here, with leases, a trash, and a limit in real bytes.
 *
 *   <folder>/fragments/       the bytes: see `fragment-folders.ts`, `fragment-file.ts`
 *   <folder>/fragments.db     who keeps what until when: see `index-database.ts`, `lease-table.ts`
 *
 *   begin -> room promised -> .part -> rename -> sync, then of the folder -> row committed: only now "kept" is said
 *   last lease gone -> row removed and committed -> file removed
 *
 * So at every moment a file without a row is one that was not acknowledged, or is being removed, and goes at the next
 * start. A row without a file is damage: then the node says that it has none, and never again that it keeps it.
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { prepareDataDirectory } from "../../vault/data-directory.ts";
import type { OwnerId } from "../node-id.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import type {
  Arrival,
  DiskUsage,
  FragmentDisk,
  FragmentReader,
  FragmentRef,
  HeldLease,
  StoreRequest,
} from "../rooms.ts";
import { createFile } from "./descriptor.ts";
import { openFragment } from "./fragment-file.ts";
import { folderIndexes, FragmentFolders } from "./fragment-folders.ts";
import { IncomingFragment } from "./incoming-fragment.ts";
import { IndexDatabase } from "./index-database.ts";
import { LeaseTable } from "./lease-table.ts";
import { Room } from "./room.ts";
import { diskProblem, indexDamaged, nodeClosed, wrongFragment } from "./store-errors.ts";
import { Turns } from "./turns.ts";

export interface FragmentStoreOptions {
  /** Its own; made (0700) if it is not there. */
  readonly folder: string;
  /** Of the disk, all that is in `folder` counted. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const FRAGMENT_ID = /^[0-9a-f]{64}$/;

export class FragmentStore implements FragmentDisk {
  readonly #database: IndexDatabase;
  readonly #leases: LeaseTable;
  readonly #folders: FragmentFolders;
  readonly #room: Room;
  readonly #log: Logger;
  /** Whatever looks at a fragment's file and changes its rows, one after the other for each fragment. */
  readonly #turns = new Turns();
  readonly #arrivals = new Set<IncomingFragment>();
  #sweeping: Promise<void> | null = null;
  #isClosed = false;

  /**
   * Opens the folder, which no other may use meanwhile, and removes what an earlier process did not finish. Throws InternalError
   * `node_in_use`, CodecError `fragment_index_damaged`, ValidationError `node_newer`, `shared_directory`.
   */
  static async open(options: FragmentStoreOptions): Promise<FragmentStore> {
    prepareDataDirectory(options.folder);
    const root = join(options.folder, "fragments");
    const hasFragments = existsSync(root);
    const database = new IndexDatabase(join(options.folder, "fragments.db"), hasFragments);
    try {
      const leases = new LeaseTable(database, options.clock);
      // Without this, whoever moves the folder away for a moment would lose all leases.
      if (!hasFragments && !leases.isEmpty()) throw indexDamaged("the folder fragments is gone.");
      const store = new FragmentStore(options, database, leases, new FragmentFolders(root));
      await store.#reconcile();
      return store;
    } catch (error) {
      await database.close();
      throw diskProblem(error);
    }
  }

  private constructor(
    options: FragmentStoreOptions,
    database: IndexDatabase,
    leases: LeaseTable,
    folders: FragmentFolders,
  ) {
    this.#database = database;
    this.#leases = leases;
    this.#folders = folders;
    this.#room = new Room({ folder: options.folder, maxBytes: options.maxBytes, folders, database });
    this.#log = options.log;
  }

  /** From now on it takes so many bytes of the disk; if it has more already, it takes nothing more. */
  resize(maxBytes: number): void {
    this.#room.resize(maxBytes);
  }

  /** Also throws ValidationError `wrong_fragment` for a length that the fragment of that name does not have. */
  async begin(request: StoreRequest): Promise<Arrival | null> {
    this.#mustBeOpen();
    refuseImpossible(request);
    const isKept = await this.#turns.take(request.id, () => this.#keepAgain(request));
    return isKept ? null : this.#arrive(request);
  }

  async open(id: FragmentId): Promise<FragmentReader | null> {
    this.#mustBeOpen();
    const known = this.#leases.find(id);
    if (!known?.isKept) return null;
    const reader = await openFragment(this.#folders.pathOf(id), id, known.bytes);
    if (reader === null) await this.#turns.take(id, () => this.#forgetIfDamaged(id));
    return reader;
  }

  async renew(owner: OwnerId, ids: readonly FragmentId[], untilMs: number): Promise<FragmentId[]> {
    this.#mustBeOpen();
    return this.#leases.renew(owner, ids, untilMs);
  }

  async drop(owner: OwnerId, ids: readonly FragmentId[]): Promise<FragmentId[]> {
    this.#mustBeOpen();
    return this.#leases.drop(owner, ids);
  }

  held(owner: OwnerId, ids: readonly FragmentId[]): HeldLease[] {
    this.#mustBeOpen();
    return this.#leases.held(owner, ids);
  }

  usedBy(owner: OwnerId): number {
    return this.#leases.totals.usedBy(owner);
  }

  /** Of one fragment all kept leases, so that there may be more than `limit`. */
  list(after: FragmentId | null, limit: number): HeldLease[] {
    this.#mustBeOpen();
    return this.#leases.list(after, limit);
  }

  usage(): DiskUsage {
    const { fragments, trashBytes, owners } = this.#leases.totals;
    return { fragments, usedBytes: this.#room.usedBytes(), maxBytes: this.#room.maxBytes, trashBytes, owners };
  }

  sweep(): Promise<void> {
    this.#mustBeOpen();
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = null;
    });
    return this.#sweeping;
  }

  /** Gives up what is on its way in and frees the folder. Fragments that are open stay readable. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.all([...this.#arrivals].map((arrival) => arrival.abort()));
    await this.#sweeping?.catch(() => undefined);
    await this.#turns.idle();
    await this.#leases.settled();
    await this.#database.close();
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw nodeClosed();
  }

  /** In the fragment's turn. True if it is here already, and is now kept for this owner too. */
  async #keepAgain(request: StoreRequest): Promise<boolean> {
    const known = this.#leases.find(request.id);
    if (!known) return false;
    if (known.bytes !== request.bytes) throw wrongFragment();
    // Who is told "kept already" sends nothing: only what is really there may say so.
    if (!(await this.#folders.isThere(request.id, request.bytes))) {
      await this.#forget(request.id, known.diskBytes);
      return false;
    }
    await this.#leases.keep(request, known.diskBytes);
    return true;
  }

  async #arrive(request: StoreRequest): Promise<Arrival> {
    this.#mustBeOpen();
    const giveBack = this.#room.promise(request.bytes);
    try {
      const path = this.#folders.newPart(request.id);
      const file = await createFile(path);
      const keep = (written: number): Promise<void> =>
        this.#turns.take(request.id, () => this.#keepNew(request, path, written));
      const over = (): void => {
        giveBack();
        this.#arrivals.delete(arrival);
      };
      const arrival = new IncomingFragment({ request, file, path, keep, over });
      this.#arrivals.add(arrival);
      if (!this.#isClosed) return arrival;
      await arrival.abort();
      throw nodeClosed();
    } catch (error) {
      giveBack();
      throw diskProblem(error);
    }
  }

  /**
   * In the fragment's turn. Another may have brought the same one meanwhile, which is on the disk and stays: a file that is not
   * synced yet must not take its place.
   */
  async #keepNew(request: StoreRequest, part: string, file: number): Promise<void> {
    if (await this.#keepAgain(request)) return rm(part, { force: true });
    try {
      const diskBytes = await this.#folders.name(part, file, request.id);
      await this.#leases.keep(request, diskBytes);
      this.#room.count(diskBytes);
    } catch (error) {
      // After a failed sync the row may be there: then so must be the file.
      if (this.#leases.find(request.id) === null) await this.#folders.remove(request.id);
      throw error;
    }
  }

  /** In the fragment's turn, which may have come after somebody brought it anew. */
  async #forgetIfDamaged(id: FragmentId): Promise<void> {
    const known = this.#leases.find(id);
    if (!known) return;
    await using reader = await openFragment(this.#folders.pathOf(id), id, known.bytes);
    if (reader === null) await this.#forget(id, known.diskBytes);
  }

  /** In the fragment's turn. What is not whole is of no use to anybody, and a node must not promise it any more. */
  async #forget(id: FragmentId, diskBytes: number): Promise<void> {
    this.#log.warn({ fragment: id }, "a fragment is damaged or gone from the disk");
    await this.#leases.removeAll(id);
    await this.#removeFile(id, diskBytes);
  }

  async #sweep(): Promise<void> {
    while (!this.#isClosed && (await this.#leases.trashEnded()) > 0) await nextTurn();
    for (;;) {
      const due = this.#isClosed ? [] : this.#leases.dueFragments();
      if (due.length === 0) return;
      await Promise.all(due.map((id) => this.#turns.take(id, () => this.#removeDue(id))));
    }
  }

  async #removeDue(id: FragmentId): Promise<void> {
    const known = this.#leases.find(id);
    if (!known) return;
    await this.#leases.removeDue(id);
    if (this.#leases.find(id) === null) await this.#removeFile(id, known.diskBytes);
  }

  /** A file that the disk does not let go still takes its room, and goes at the next start. */
  async #removeFile(id: FragmentId, diskBytes: number): Promise<void> {
    try {
      await this.#folders.remove(id);
      this.#room.count(-diskBytes);
    } catch (error) {
      this.#log.warn({ fragment: id, code: diskProblem(error).code }, "a fragment could not be removed from the disk");
    }
  }

  /** Brings files and rows together, one folder after the other. */
  async #reconcile(): Promise<void> {
    let [unknown, gone] = [0, 0];
    for (const index of folderIndexes()) {
      const files = await this.#folders.takeStock(index);
      const counted = await this.#leases.count(index, files);
      const forgotten = files.difference(counted.known);
      for (const id of forgotten) await this.#folders.remove(id);
      this.#room.count(counted.diskBytes);
      [unknown, gone] = [unknown + forgotten.size, gone + counted.gone.length];
    }
    if (unknown + gone > 0) this.#log.info({ unknown, gone }, "fragments that were not whole were removed");
  }
}

/** Only names become paths. */
function refuseImpossible({ id, bytes }: FragmentRef): void {
  const isPossible =
    FRAGMENT_ID.test(id) && Number.isSafeInteger(bytes) && bytes >= 1 && bytes <= MESH_LIMITS.segmentBytes;
  if (!isPossible) throw wrongFragment();
}
