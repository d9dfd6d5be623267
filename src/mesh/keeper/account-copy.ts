/**
 * A copy of the account in the mesh, which the recovery key alone brings back.
 *
 *   something changed -> quiet for 10 s, and no more than 32 KiB/s on average
 *     -> vault's sealed backup without files -> object -> row
 *     -> catalogue of it and of all objects with files -> object -> into care, `owner` record
 *     -> one transaction: these are the current ones; the copies before them leave
 *
 * The copy before is given up only after the records lead to the new one: at each moment there is one whole copy.
 */
import { createReadStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { fromBase64Url, toBase64Url } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { NocturneError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { PRIVATE_FILE_MODE, temporaryPath } from "../../vault/durable-file.ts";
import type { Vault } from "../../vault/vault.ts";
import type { CatalogueEntry } from "../manifest/catalogue.ts";
import { type Locator, type ObjectId, objectIdOf } from "../manifest/locator.ts";
import type { MeshKeys } from "../mesh-keys.ts";
import { giveCatalogueIntoCare } from "./catalogue-care.ts";
import { putAgain, putCatalogue, type PutCatalogue } from "./catalogue-record.ts";
import type { MeshEngine, Owning } from "./engine.ts";
import type { MeshKeeper } from "./keeper.ts";
import type { ObjectRow } from "./keeper-tables.ts";
import { RetryLoop } from "./retry-loop.ts";
import { findObject, type StoredObject, storeObject } from "./stored-object.ts";

export interface AccountCopyOptions {
  readonly vault: Pick<Vault, "backup" | "readMeta" | "writeMeta">;
  readonly dataDir: string;
  readonly keeper: MeshKeeper;
  readonly changed: () => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** Other waits, for tests. */
  readonly limits?: {
    readonly retryMs: number;
    readonly retryMaxMs: number;
    readonly accountQuietMs: number;
    readonly accountBytesPerS: number;
  };
}

export interface AccountCopyView {
  /** When the newest whole copy was made; null before the first. */
  readonly madeAtMs: number | null;
  readonly bytes: number;
  /** False: the account changed since, and a newer one is on its way or waits. */
  readonly isCurrent: boolean;
  readonly problem: NocturneError | null;
}

interface CopyState {
  readonly backup: ObjectId;
  readonly catalogue: ObjectId;
  /** Of the `owner` record, and what stands in it, base64url. */
  readonly sequence: number;
  readonly value: string;
  readonly madeAtMs: number;
  readonly bytes: number;
}

interface Joined {
  readonly engine: MeshEngine;
  readonly keys: MeshKeys;
}

const META_KEY = "mesh-account/v1";
/** Begins as what a start sweeps away. */
const SPOOL_NAME = "vault.copy";

export class AccountCopy {
  readonly #o: AccountCopyOptions;
  readonly #loop: RetryLoop;
  #joined: Joined | null = null;
  #isBehind = false;
  #isCopying = false;
  #problem: NocturneError | null = null;
  #copying: NodeJS.Timeout | null = null;
  #publishing: NodeJS.Timeout | null = null;

  constructor(options: AccountCopyOptions) {
    this.#o = options;
    const { log, changed, limits } = options;
    this.#loop = new RetryLoop({
      round: (signal) => this.#round(signal),
      told: (problem) => {
        this.#problem = problem;
        changed();
      },
      work: "the account's copy in the mesh",
      log,
      ...(limits ? { limits } : {}),
    });
  }

  /** Throws LockedError. */
  view(): AccountCopyView {
    const { madeAtMs = null, bytes = 0 } = this.#state() ?? {};
    return {
      madeAtMs,
      bytes,
      isCurrent: madeAtMs !== null && !this.#isBehind && !this.#isCopying,
      problem: this.#problem,
    };
  }

  attach(engine: MeshEngine, keys: MeshKeys): void {
    this.#joined = { engine, keys };
    // What changed while no mesh was up is not known.
    this.touch();
    this.#publishing = setInterval(() => {
      if (this.#o.clock.nowMs() - (this.#state()?.madeAtMs ?? 0) >= MESH_LIMITS.accountMs) this.touch();
      this.#loop.wake();
    }, MESH_LIMITS.republishMs).unref();
  }

  async detach(): Promise<void> {
    if (this.#publishing) clearInterval(this.#publishing);
    if (this.#copying) clearTimeout(this.#copying);
    this.#copying = null;
    await this.#loop.pause();
    this.#joined = null;
    this.#problem = null;
  }

  /** The account is another than in its copy. Returns at once. */
  touch(): void {
    this.#isBehind = true;
    if (!this.#joined) return;
    this.#copying ??= setTimeout(() => {
      this.#copying = null;
      this.#loop.wake();
    }, this.#dueInMs()).unref();
  }

  #dueInMs(): number {
    const { accountQuietMs, accountBytesPerS } = this.#o.limits ?? MESH_LIMITS;
    const { madeAtMs, bytes } = this.#state() ?? { madeAtMs: 0, bytes: 0 };
    const earliestMs = madeAtMs + (1000 * bytes) / accountBytesPerS;
    return Math.max(accountQuietMs, earliestMs - this.#o.clock.nowMs());
  }

  async #round(signal: AbortSignal): Promise<void> {
    if (!this.#joined) return;
    // Woken for the record alone, or by a failure while a newer change waits for its time.
    if (this.#isBehind && !this.#copying) await this.#copy(this.#joined, signal);
    else await this.#publishAgain(this.#joined, signal);
  }

  async #copy({ engine, keys }: Joined, signal: AbortSignal): Promise<void> {
    const { clock, keeper } = this.#o;
    this.#isBehind = false;
    this.#isCopying = true;
    try {
      const backup = await this.#storeBackup({ engine, keys }, signal);
      const entries = [entryOf(backup), ...keeper.entries()];
      const before = { sequence: this.#state()?.sequence ?? 0, care: this.#catalogue()?.row ?? null };
      const put = await putCatalogue({ engine, keys, clock }, entries, before, signal);
      this.#adopt(backup, put);
      this.#o.keeper.wake();
    } catch (error) {
      this.#isBehind = true;
      throw error;
    } finally {
      this.#isCopying = false;
    }
  }

  async #storeBackup({ engine, keys }: Joined, signal: AbortSignal): Promise<StoredObject> {
    const { vault, dataDir, clock, keeper } = this.#o;
    engine.writer.redundancy(); // without nodes the work would be for nothing
    const path = temporaryPath(join(dataDir, SPOOL_NAME));
    try {
      const bytes = await spool(path, vault.backup({ withBlobs: false }), signal);
      const content = { kind: "backup", bytes, pieces: read(path) } as const;
      const stored = await storeObject({ engine, keys, clock }, content, { signal });
      // Noted before it is current: one that never gets there is dropped with the others by the next.
      keeper.tables.putObject(stored.row, stored.locator);
      return stored;
    } finally {
      await rm(path, { force: true });
    }
  }

  #adopt(backup: StoredObject, { locator, care, sequence, value }: PutCatalogue): void {
    const { vault, keeper, clock } = this.#o;
    const { tables } = keeper;
    const nowMs = clock.nowMs();
    const catalogue = objectIdOf(locator);
    const { bytes, needed, total } = locator;
    const row = { object: catalogue, kind: "catalogue", bytes, needed, total, ...care } as const;
    const current: readonly ObjectId[] = [backup.row.object, catalogue];
    tables.transaction(() => {
      tables.putObject({ ...row, madeAtMs: nowMs, leavingMs: null }, locator);
      const copies = [...tables.objects.find("kind", "backup"), ...tables.objects.find("kind", "catalogue")];
      for (const one of copies) {
        if (!current.includes(one.object) && one.leavingMs === null) tables.objects.put({ ...one, leavingMs: nowMs });
      }
      const state = { backup: backup.row.object, catalogue, sequence, value: toBase64Url(value) };
      vault.writeMeta(META_KEY, { ...state, madeAtMs: nowMs, bytes: backup.row.bytes } satisfies CopyState);
    });
  }

  async #publishAgain({ engine, keys }: Joined, signal: AbortSignal): Promise<void> {
    const state = this.#state();
    if (!state) return;
    const owning = { engine, keys, clock: this.#o.clock };
    const sequence = await putAgain(owning, fromBase64Url(state.value), state.sequence, signal);
    this.#o.vault.writeMeta(META_KEY, { ...state, sequence } satisfies CopyState);
    await this.#careAgain(owning, signal);
  }

  /** While it is the catalogue that its record in care leads to, those who care for it say so themselves. */
  async #careAgain(owning: Owning, signal: AbortSignal): Promise<void> {
    const catalogue = this.#catalogue();
    if (!catalogue) return;
    const { row, locator } = catalogue;
    const found = await findObject(owning.engine, row, signal).catch(() => null);
    signal.throwIfAborted();
    if (found) return;
    const care = await giveCatalogueIntoCare(owning, locator, row, signal);
    this.#o.keeper.tables.putObject({ ...row, ...care }, locator);
    this.#o.keeper.wake();
  }

  /** The one that the recovery key finds now; null before the first. */
  #catalogue(): { readonly row: ObjectRow; readonly locator: Locator } | null {
    const { tables } = this.#o.keeper;
    const state = this.#state();
    const row = state && tables.objects.get(state.catalogue);
    const locator = row && tables.locator(row);
    return row && locator ? { row, locator } : null;
  }

  #state(): CopyState | null {
    return this.#o.vault.readMeta<CopyState>(META_KEY);
  }
}

/** Its length, which is known only once it was made. */
async function spool(path: string, source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<number> {
  await using file = await open(path, "wx", PRIVATE_FILE_MODE);
  let bytes = 0;
  for await (const piece of source) {
    signal.throwIfAborted();
    await file.writeFile(piece);
    bytes += piece.length;
  }
  return bytes;
}

/** Opened when the first byte is asked for, and so closed by whoever asks. */
async function* read(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path) as AsyncIterable<Uint8Array>;
}

function entryOf({ row }: StoredObject): CatalogueEntry {
  const { object, bytes, madeAtMs, manifestKey } = row;
  return { kind: "backup", manifestKey: fromBase64Url(manifestKey), object, bytes, madeAtMs, blobs: [] };
}
