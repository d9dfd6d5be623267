/**
 * Brings blobs that wait into the mesh, and takes out what is not needed any more.
 *
 *   leaving objects -> nodes are told -> no row            not all answered: asked again later, for as long as a node's trash
 *   waiting blobs   -> packed -> stored, record -> one transaction: the object's row, its blobs' rows
 *   objects of whose time in care a quarter is over -> said anew, and given into care again
 *
 * A restart in the middle begins that object anew; nodes say that they have the fragments which arrived.
 */
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { fromBase64Url, wipeBytes } from "../../core/bytes.ts";
import { InternalError, type NocturneError, toNocturneError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { BlobStore } from "../../files/blob-store.ts";
import type { Locator, ObjectId } from "../manifest/locator.ts";
import { type Blob, type Pack, packBlobs } from "../manifest/packing.ts";
import type { KeeperTables, ObjectRow } from "./keeper-tables.ts";
import { endCare, isCareDue, publishAndCare } from "./caring.ts";
import type { Owning } from "./engine.ts";
import { dropObject, findObject, type StoredObject, storeObject } from "./stored-object.ts";

export interface StoringOptions extends Owning {
  readonly tables: KeeperTables;
  readonly blobs: Pick<BlobStore, "size" | "read">;
  /** How far a blob is, 0 to 1; null: it is not on its way any more. */
  readonly sent: (blob: string, progress: number | null) => void;
  /** Why one blob by itself cannot be stored; null: nothing is wrong with it. */
  readonly stuck: (blob: string, problem: NocturneError | null) => void;
  readonly kept: (stored: StoredObject) => void;
  /** Nodes are told to drop this object. */
  readonly dropping: (object: ObjectId) => Promise<void>;
  readonly log: Logger;
}

/** Throws why what is left waits, or the signal's reason. */
export async function storeWaiting(o: StoringOptions, signal: AbortSignal): Promise<void> {
  await dropLeaving(o, signal);
  const packs = packBlobs(await measure(o));
  const failed: NocturneError[] = [];
  const lane = async (): Promise<void> => {
    // Where one object finds no nodes the next one finds none either.
    for (let pack = packs.shift(); pack && failed.length === 0; pack = packs.shift()) {
      signal.throwIfAborted();
      await storePack(o, pack, signal).catch((error: unknown) => {
        if (!isOwn(error)) failed.push(toNocturneError(error));
        else for (const { id } of pack.blobs) o.stuck(id, error);
      });
    }
  };
  await Promise.all(Array.from({ length: MESH_LIMITS.objectsAtOnce }, lane));
  signal.throwIfAborted();
  if (failed[0]) throw failed[0];
  await careAgain(o, signal);
}

/** Those whose bytes are there; of the others it is told. */
async function measure({ tables, blobs, stuck }: StoringOptions): Promise<Blob[]> {
  const there: Blob[] = [];
  for (const { blob } of tables.blobs.find("waiting", "yes")) {
    try {
      there.push({ id: blob, bytes: await blobs.size(blob) });
    } catch (error) {
      if (!isOwn(error)) throw error;
      stuck(blob, error);
    }
  }
  return there;
}

async function storePack(o: StoringOptions, pack: Pack, signal: AbortSignal): Promise<void> {
  const tell = (progress: number | null): void => {
    for (const { id } of pack.blobs) o.sent(id, progress);
  };
  tell(0);
  try {
    const content = { kind: "files", bytes: pack.bytes, pieces: read(o, pack) } as const;
    const stored = await storeObject(o, content, { signal, onProgress: (bytes) => tell(bytes / pack.bytes) });
    note(o, pack, stored);
    o.kept(stored);
  } finally {
    tell(null);
  }
}

async function* read({ blobs }: StoringOptions, pack: Pack): AsyncGenerator<Uint8Array> {
  for (const { id, bytes } of pack.blobs) yield* blobs.read(id, 0, bytes);
}

/** What was dropped meanwhile stays dropped, and with the last one the object. */
function note({ tables, clock, stuck }: StoringOptions, pack: Pack, { row, locator }: StoredObject): void {
  tables.transaction(() => {
    tables.putObject(row, locator);
    for (const { id, offset, bytes } of pack.blobs) {
      const waiting = tables.blobs.get(id);
      if (waiting && waiting.object === null) tables.blobs.put({ ...waiting, object: row.object, offset, bytes });
    }
    tables.leaveIfEmpty(row.object, clock.nowMs());
  });
  for (const { id } of pack.blobs) stuck(id, null);
}

async function dropLeaving(o: StoringOptions, signal: AbortSignal): Promise<void> {
  const leaving = o.tables.objects.find("leaving", "yes");
  // A node that is silent holds up its own objects only.
  const lane = async (): Promise<void> => {
    for (let row = leaving.shift(); row; row = leaving.shift()) await drop(o, row, signal);
  };
  await Promise.all(Array.from({ length: MESH_LIMITS.objectsAtOnce }, lane));
}

async function drop(o: StoringOptions, row: ObjectRow, signal: AbortSignal): Promise<void> {
  const { tables, engine, clock, dropping } = o;
  signal.throwIfAborted();
  const isOld = clock.nowMs() - (row.leavingMs ?? 0) >= MESH_LIMITS.trashMs;
  const known = tables.locator(row) ?? (await findObject(engine, row, signal).catch(() => null))?.locator;
  const locator = isOld ? null : (known ?? null);
  signal.throwIfAborted();
  if (locator) await dropping(row.object);
  const [isDropped] = await Promise.all([
    locator === null || dropObject(engine, locator, signal),
    endCareOf(o, row, locator, signal),
  ]);
  if (isDropped) tables.deleteObject(row.object);
}

/** Carers who are not told find that nobody has it, and end with their time. */
async function endCareOf(
  o: StoringOptions,
  row: ObjectRow,
  locator: Locator | null,
  signal: AbortSignal,
): Promise<void> {
  const { tables, log } = o;
  if (isKeyInUse(tables, row)) return;
  try {
    await endCare(o, row, row.caredUntilMs > 0 ? locator : null, signal);
    const now = tables.objects.get(row.object);
    if (now) tables.objects.put({ ...now, caredUntilMs: 0 }); // once is enough
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ code: toNocturneError(error).code }, "carers were not told that an object was dropped");
  }
}

/** Catalogues of one period share a key: the care goes on for the one that stays. */
function isKeyInUse({ objects }: KeeperTables, { kind, manifestKey }: ObjectRow): boolean {
  const isStaying = (one: ObjectRow): boolean => one.manifestKey === manifestKey && one.leavingMs === null;
  return kind === "catalogue" && objects.find("kind", kind).some(isStaying);
}

/**
 * Also of what came back from the mesh, which this machine does not look after yet; not of catalogues, which are made anew sooner.
 * What cannot be had now waits for the next round.
 */
async function careAgain(o: StoringOptions, signal: AbortSignal): Promise<void> {
  const nowMs = o.clock.nowMs();
  for (const row of o.tables.objects.list()) {
    if (row.kind === "catalogue" || row.leavingMs !== null || !isCareDue(row.caredUntilMs, nowMs)) continue;
    await careFor(o, row, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      o.log.warn({ code: toNocturneError(error).code }, "an object in the mesh could not be given into care again");
    });
  }
}

async function careFor(o: StoringOptions, row: ObjectRow, signal: AbortSignal): Promise<void> {
  const found = await findObject(o.engine, row, signal);
  const locator = found?.locator ?? o.tables.locator(row);
  if (!locator) return;
  const manifestKey = fromBase64Url(row.manifestKey);
  const next = { sequence: Math.max(found?.sequence ?? 0, row.sequence) + 1, caredUntilMs: 0 };
  const cared = await publishAndCare(o, manifestKey, locator, next, signal).finally(() => wipeBytes(manifestKey));
  const { needed, total } = locator;
  const now = { ...(o.tables.objects.get(row.object) ?? row), needed, total, ...cared };
  o.tables.putObject(now, locator);
  o.kept({ row: now, locator });
}

/** Ours or the disk's, so that it holds up no other blob. */
function isOwn(error: unknown): error is InternalError {
  return error instanceof InternalError;
}
