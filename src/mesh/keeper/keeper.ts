/**
 * Keeps a person's sealed files in the mesh: what is to be there, what is there, and how it is read.
 *
 *   FileLibrary -> keep(blob) -> row waits -> Storing -> row in an object          attach: a mesh is joined, and up
 *   BlobStore   -> find, read  <- reader of the mesh <- locator <- row             detach: all of it waits
 *   what nodes signed that they keep  <- ReceiptCollector <- an object is stored, said anew or moved
 *
 * Rows are in the vault: a locked vault keeps everything waiting, and gives nothing of what lies in the mesh alone.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { fromBase64Url, fromHex, toBase64Url } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { InternalError, NetworkError, type NocturneError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { BlobStore } from "../../files/blob-store.ts";
import type { DistantBlob, MeshCopies } from "../../files/mesh-copies.ts";
import { meshOff } from "../../files/mesh-files.ts";
import type { MeshCopyView } from "../../files/views.ts";
import type { Account } from "../../vault/account.ts";
import { type CatalogueEntry } from "../manifest/catalogue.ts";
import type { Locator, ObjectId } from "../manifest/locator.ts";
import type { MeshKeys } from "../mesh-keys.ts";
import type { NodeId } from "../node-id.ts";
import type { MeshEngine } from "./engine.ts";
import { HealthWatch } from "./health-watch.ts";
import { type BlobRow, KeeperTables, type ObjectRow } from "./keeper-tables.ts";
import { ReceiptCollector } from "./receipt-collector.ts";
import { RetryLoop } from "./retry-loop.ts";
import { findObject } from "./stored-object.ts";
import { storeWaiting } from "./storing.ts";

export interface KeeperOptions {
  readonly account: Pick<Account, "table" | "transaction">;
  readonly blobs: Pick<BlobStore, "size" | "read">;
  /** Whether the person joined a mesh, be it up or not. */
  readonly isJoined: () => boolean;
  /** Why it is not up, in plain words; null while it is. */
  readonly whyDown: () => string | null;
  /** Something that `view` or `totals` says is another. */
  readonly changed: () => void;
  /** A blob is kept now: the account's copy in the mesh is behind. */
  readonly kept: () => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** Other waits, for tests. */
  readonly limits?: { readonly retryMs: number; readonly retryMaxMs: number; readonly healthMs: number };
}

/** What a person has in the mesh. */
export interface KeeperTotals {
  readonly objects: number;
  readonly bytes: number;
  readonly blobs: number;
  readonly waiting: number;
  /** Nodes are still to be told to drop these. */
  readonly leaving: number;
  /** By which nodes are there now: enough is missing to repair it; it cannot be read. */
  readonly due: number;
  readonly unreadable: number;
  readonly problem: NocturneError | null;
}

interface Joined {
  readonly engine: MeshEngine;
  readonly keys: MeshKeys;
}

/** How often it is looked whether the last node was told. */
const LOOK_MS = 50;
const TOO_FEW = "Too few of the nodes that have it are there now; it can be read again when they are back.";

export class MeshKeeper implements MeshCopies {
  readonly tables: KeeperTables;
  readonly #o: KeeperOptions;
  readonly #loop: RetryLoop;
  readonly #health: HealthWatch;
  readonly #receipts: ReceiptCollector;
  /** How far blobs on their way are. */
  readonly #sent = new Map<string, number>();
  readonly #stuck = new Map<string, NocturneError>();
  readonly #locators = new Map<ObjectId, Locator>();
  /** Objects whose deletion stands in the ledger: nodes that are silent are told again and again. */
  readonly #dropped = new Set<ObjectId>();
  #joined: Joined | null = null;
  #problem: NocturneError | null = null;
  /** Nodes that were up when the last round failed. */
  #upThen = 0;
  #stopListening: () => void = () => {};

  constructor(options: KeeperOptions) {
    this.#o = options;
    this.tables = new KeeperTables(options.account);
    const { clock, log, changed, limits } = options;
    this.#loop = new RetryLoop({
      round: (signal) => this.#round(signal),
      told: (problem) => this.#note(problem),
      work: "what is to be kept in the mesh",
      log,
      ...(limits ? { limits } : {}),
    });
    this.#health = new HealthWatch({
      tables: this.tables,
      changed,
      log,
      ...(limits ? { healthMs: limits.healthMs } : {}),
    });
    this.#receipts = new ReceiptCollector({ tables: this.tables, clock, log, ...(limits ? { limits } : {}) });
  }

  requireJoined(): void {
    if (!this.#o.isJoined()) throw meshOff();
  }

  keep(blob: string): void {
    if (this.tables.blobs.has(blob)) return;
    this.tables.blobs.put({ blob, object: null, offset: 0, bytes: 0, head: null });
    // Next turn: a transaction around this is over then.
    setImmediate(() => this.wake());
  }

  drop(blob: string): void {
    const row = this.tables.blobs.get(blob);
    if (!row) return;
    this.tables.transaction(() => {
      this.tables.blobs.delete(blob);
      if (row.object !== null) this.tables.leaveIfEmpty(row.object, this.#o.clock.nowMs());
    });
    setImmediate(() => this.wake());
  }

  blobs(): string[] {
    return this.tables.blobs.list().map(({ blob }) => blob);
  }

  view(blob: string): MeshCopyView | null {
    // Most people have nothing there, and long lists of files.
    const row = this.tables.blobs.count() === 0 ? null : this.tables.blobs.get(blob);
    if (!row) return null;
    const object = row.object === null ? null : this.tables.objects.get(row.object);
    return object ? this.#viewKept(object) : this.#viewWaiting(blob);
  }

  find(blob: string): DistantBlob | null {
    const row = this.tables.blobs.get(blob);
    if (!row || row.object === null) return null;
    return { bytes: row.bytes, head: row.head === null ? new Uint8Array(0) : fromBase64Url(row.head) };
  }

  setHead(blob: string, head: Uint8Array): void {
    const row = this.tables.blobs.get(blob);
    if (row) this.tables.blobs.put({ ...row, head: toBase64Url(head) });
  }

  async *read(blob: string, start: number, end: number): AsyncGenerator<Uint8Array, void, undefined> {
    const { offset, object } = this.#keptRow(blob);
    let at = start;
    for (let isNewest = false; ; isNewest = true) {
      const { engine } = this.#requireUp();
      const locator = isNewest ? await this.#findAnew(engine, object) : await this.#locator(engine, object);
      try {
        for await (const piece of engine.reader.read(locator, offset + at, offset + end)) {
          at += piece.length;
          yield piece;
        }
        return;
      } catch (error) {
        // Who repairs for this person may have brought it elsewhere.
        if (isNewest || !(error instanceof NetworkError && error.code === "too_few_nodes")) throw error;
      }
    }
  }

  /** A mesh is up. `keys` are the caller's, and live until `detach` has ended. */
  attach(engine: MeshEngine, keys: MeshKeys): void {
    this.#joined = { engine, keys };
    this.#health.start(engine.roster);
    this.#receipts.start(engine.exchange);
    this.#stopListening = engine.roster.onChange(() => this.#followRoster(engine));
    this.#loop.hurry();
  }

  /** Breaks off what is under way; it begins anew with the next mesh. */
  async detach(): Promise<void> {
    this.#stopListening();
    await Promise.all([this.#loop.pause(), this.#health.stop(), this.#receipts.stop()]);
    this.#joined = null;
    this.#problem = null;
    this.#sent.clear();
    this.#stuck.clear();
    this.#locators.clear();
  }

  /** Gives up everything there, the account's copy too; what nodes could be told within `waitMs` they were told. */
  async leaveAll(waitMs: number): Promise<void> {
    const nowMs = this.#o.clock.nowMs();
    this.tables.transaction(() => {
      for (const blob of this.blobs()) this.tables.blobs.delete(blob);
      for (const row of this.tables.objects.list())
        this.tables.objects.put({ ...row, leavingMs: row.leavingMs ?? nowMs });
    });
    await this.#loop.pause(); // whatever it is about is not wanted any more
    this.wake();
    const endMs = performance.now() + waitMs;
    while (this.#joined && this.totals().leaving > 0 && performance.now() < endMs) await sleep(LOOK_MS);
  }

  /** There may be something to store or to drop. */
  wake(): void {
    if (!this.#joined) return;
    this.#loop.wake();
    this.#receipts.wake();
  }

  /** What the recovery key is to find. */
  entries(): CatalogueEntry[] {
    return this.tables.objects.find("kind", "files").flatMap((row) => {
      const blobs = this.tables.blobs
        .find("object", row.object)
        .map(({ blob, offset, bytes }) => ({ id: blob, offset, bytes }));
      if (row.leavingMs !== null || blobs.length === 0) return [];
      return [
        entryOf(
          row,
          blobs.toSorted((a, b) => a.offset - b.offset),
        ),
      ];
    });
  }

  /** Takes over what a catalogue names and these tables do not know: it was stored after the backup that they came from. */
  adopt(entries: readonly CatalogueEntry[]): void {
    this.tables.transaction(() => {
      for (const { kind, manifestKey, object, bytes, madeAtMs, blobs } of entries) {
        if (this.tables.objects.has(object)) continue;
        const row = { object, kind, manifestKey: toBase64Url(manifestKey), bytes, needed: 0, total: 0, sequence: 0 };
        this.tables.objects.put({ ...row, parts: 0, madeAtMs, caredUntilMs: 0, leavingMs: null });
        for (const { id: blob, offset, bytes: length } of blobs) {
          const known = this.tables.blobs.get(blob);
          if (known?.object) continue;
          this.tables.blobs.put({ blob, object, offset, bytes: length, head: known?.head ?? null });
        }
      }
    });
  }

  /** Of this person at a node, as of the last look. */
  fragmentsAt(node: NodeId): number {
    return this.#health.fragmentsAt(node);
  }

  totals(): KeeperTotals {
    const objects = this.tables.objects.list();
    const staying = objects.filter(({ leavingMs }) => leavingMs === null);
    const outlooks = this.#health.all();
    return {
      objects: staying.length,
      bytes: staying.reduce((sum, { bytes }) => sum + bytes, 0),
      blobs: this.tables.blobs.count() - this.tables.blobs.count("waiting", "yes"),
      waiting: this.tables.blobs.count("waiting", "yes"),
      leaving: objects.length - staying.length,
      due: outlooks.filter(({ isDue, fatalLosses }) => isDue && fatalLosses > 0).length,
      unreadable: outlooks.filter(({ fatalLosses }) => fatalLosses === 0).length,
      problem: this.#problem,
    };
  }

  #viewKept({ object, needed, total }: ObjectRow): MeshCopyView {
    const outlook = this.#health.of(object);
    return {
      state: "kept",
      progress: 1,
      needed: needed || null,
      total: total || null,
      survives: outlook && Math.max(0, outlook.fatalLosses - 1),
      problem: outlook?.fatalLosses === 0 ? TOO_FEW : this.#o.whyDown(),
    };
  }

  #viewWaiting(blob: string): MeshCopyView {
    const progress = this.#sent.get(blob);
    const problem = this.#stuck.get(blob)?.message ?? this.#problem?.message ?? this.#o.whyDown();
    const unknown = { needed: null, total: null, survives: null };
    if (progress === undefined) return { state: "waiting", progress: 0, ...unknown, problem };
    return { state: "sending", progress, ...unknown, problem: null };
  }

  async #round(signal: AbortSignal): Promise<void> {
    if (!this.#joined) return;
    const { blobs, clock, log, changed, kept } = this.#o;
    const { engine } = this.#joined;
    await storeWaiting(
      {
        ...this.#joined,
        tables: this.tables,
        blobs,
        clock,
        log,
        sent: (blob, progress) => {
          if (progress === null) this.#sent.delete(blob);
          else this.#sent.set(blob, progress);
          changed();
        },
        stuck: (blob, problem) => {
          if (problem) this.#stuck.set(blob, problem);
          else this.#stuck.delete(blob);
        },
        dropping: (object) => this.#noteDrop(engine, object),
        kept: ({ row, locator }) => {
          this.#health.note(row.object, locator);
          this.#receipts.wake();
          kept();
        },
      },
      signal,
    );
    await this.#refreshDue(this.#joined, signal);
  }

  async #noteDrop({ note }: MeshEngine, object: ObjectId): Promise<void> {
    if (this.#dropped.has(object)) return;
    await note("deletion", fromHex(object));
    this.#dropped.add(object);
  }

  /** Whoever repairs it brought fragments elsewhere, and said so in the record of this sequence. */
  #noteMoved(object: ObjectId, locator: Locator, sequence: number): void {
    const row = this.tables.objects.get(object);
    if (!row || row.sequence > sequence) return;
    this.tables.putObject({ ...row, needed: locator.needed, total: locator.total, sequence }, locator);
    this.#locators.delete(object);
    this.#health.note(object, locator);
    this.#receipts.wake(); // who has it now has signed nothing yet
  }

  /** Where repair has been done, by this machine's caretaker or another, only the record tells it. */
  async #refreshDue({ engine }: Joined, signal: AbortSignal): Promise<void> {
    const due = this.tables.objects.list().filter(({ object, leavingMs }) => {
      return leavingMs === null && this.#health.of(object)?.isDue;
    });
    for (const row of due.slice(0, MESH_LIMITS.refreshes)) {
      const found = await findObject(engine, row, signal).catch(() => null);
      signal.throwIfAborted();
      if (found) this.#noteMoved(row.object, found.locator, found.sequence);
    }
  }

  #note(problem: NocturneError | null): void {
    this.#problem = problem;
    this.#upThen = problem ? this.#countUp() : 0;
    this.#o.changed();
  }

  /** More nodes may be what it waited for. */
  #followRoster(engine: MeshEngine): void {
    if (this.#joined?.engine !== engine) return;
    if (this.#problem && this.#countUp() > this.#upThen) {
      this.#upThen = this.#countUp();
      this.#loop.hurry();
    }
    this.#o.changed();
  }

  #countUp(): number {
    return this.#joined?.engine.roster.nodes().filter(({ state }) => state === "up").length ?? 0;
  }

  #requireUp(): Joined {
    if (this.#joined) return this.#joined;
    if (!this.#o.isJoined()) throw meshOff();
    throw new NetworkError("mesh_down", this.#o.whyDown() ?? "The storage mesh is not up yet.", {
      hint: "Look with: nocturne mesh status",
    });
  }

  #keptRow(blob: string): BlobRow & { readonly object: ObjectId } {
    const row = this.tables.blobs.get(blob);
    if (row && row.object !== null) return { ...row, object: row.object };
    throw new InternalError("file_missing", "The mesh does not keep the bytes of this file.");
  }

  async #locator(engine: MeshEngine, object: ObjectId): Promise<Locator> {
    const known = this.#locators.get(object);
    const row = this.tables.objects.get(object);
    const locator = known ?? (row && this.tables.locator(row)) ?? (await this.#findAnew(engine, object));
    this.#locators.delete(object); // to the end of the order
    this.#locators.set(object, locator);
    const [oldest] = this.#locators.keys();
    if (this.#locators.size > MESH_LIMITS.openLocators && oldest) this.#locators.delete(oldest);
    return locator;
  }

  async #findAnew(engine: MeshEngine, object: ObjectId): Promise<Locator> {
    const row = this.tables.objects.get(object);
    const found = row && (await findObject(engine, row));
    if (!found) throw tooFewNodes();
    this.#noteMoved(object, found.locator, found.sequence);
    return found.locator;
  }
}

function entryOf(row: ObjectRow, blobs: CatalogueEntry["blobs"]): CatalogueEntry {
  const { object, bytes, madeAtMs, manifestKey } = row;
  return { kind: "files", manifestKey: fromBase64Url(manifestKey), object, bytes, madeAtMs, blobs };
}

function tooFewNodes(): NetworkError {
  return new NetworkError("too_few_nodes", TOO_FEW, { hint: "Look with: nocturne mesh status" });
}
