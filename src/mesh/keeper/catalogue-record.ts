/**
 * The catalogue in the mesh: what the recovery key finds first.
 *
 *   put    catalogue -> sealed, an object -> into care -> root -> sealed, signed -> `owner` record      one above the newest that is known
 *   find   `owner` record, by the owner alone, for MESH_LIMITS.recordMs     \
 *          records in care, by whoever repaired it, while that lasts        -> objects -> opened -> the entries that were made last
 */
import { concatBytes } from "../../core/bytes.ts";
import { NetworkError } from "../../core/errors.ts";
import type { Clock } from "../../core/clock.ts";
import { type CatalogueEntry, openCatalogue, sealCatalogue } from "../manifest/catalogue.ts";
import { type Locator, objectIdOf } from "../manifest/locator.ts";
import { openCatalogueRoot, sealCatalogueRoot } from "../manifest/sealed-value.ts";
import { nextVersion } from "../manifest/versions.ts";
import type { RecordKeys } from "../mesh-keys.ts";
import { signRecord } from "../records/record.ts";
import { type CatalogueCare, findCataloguesInCare, giveCatalogueIntoCare } from "./catalogue-care.ts";
import type { MeshEngine, Owning } from "./engine.ts";

export interface PutCatalogue {
  /** Of the catalogue's object. */
  readonly locator: Locator;
  readonly care: CatalogueCare;
  /** Of the `owner` record. */
  readonly sequence: number;
  /** What stands in that record, sealed. */
  readonly value: Uint8Array;
}

/** Of the catalogue before, or of what was seen of it. */
export interface PutBefore {
  /** Of the `owner` record, 0 if none was put or seen. */
  readonly sequence: number;
  readonly care: CatalogueCare | null;
}

/** Throws what `ObjectWriter.write`, `Manifests.publish` and `Records` throw. */
export async function putCatalogue(
  owning: Owning,
  entries: readonly CatalogueEntry[],
  before: PutBefore,
  signal: AbortSignal,
): Promise<PutCatalogue> {
  const { engine } = owning;
  const keys = owning.keys.catalogue;
  const sealed = sealCatalogue(entries, keys.sealing);
  const { locator } = await engine.writer.write(once(sealed), sealed.length, { signal });
  const value = sealCatalogueRoot(await engine.manifests.rootOf(locator, keys, signal), keys);
  const care = await giveCatalogueIntoCare(owning, locator, before.care, signal);
  const found = await engine.records.get("owner", keys.signing.publicKey, signal);
  const sequence = await putAgain(owning, value, Math.max(before.sequence, found?.sequence ?? 0), signal);
  return { locator, care, sequence, value };
}

/** The `owner` record once more, because nodes forget records. Returns its sequence. Throws as `Records.put`. */
export async function putAgain(
  { engine, keys, clock }: Owning,
  value: Uint8Array,
  seen: number,
  signal: AbortSignal,
): Promise<number> {
  const version = nextVersion(seen, clock.nowMs());
  const record = signRecord({ kind: "owner", ...version, value }, keys.catalogue.signing);
  await engine.note("record", record);
  await engine.records.put(record, signal);
  return version.sequence;
}

/** What `findCatalogue` asks. */
export interface CatalogueSearch {
  readonly engine: Pick<MeshEngine, "records" | "reader" | "manifests">;
  readonly keys: RecordKeys;
  readonly clock: Clock;
}

/**
 * Null if the mesh knows nothing of this person. Only the owner can have sealed what opens, so that of several catalogues the one counts whose
 * backup was made last, whoever led to it. Throws NetworkError `catalogue_unreadable`, and what reading throws.
 */
export async function findCatalogue(search: CatalogueSearch, signal?: AbortSignal): Promise<CatalogueEntry[] | null> {
  const { engine, keys, clock } = search;
  const [inCare, byOwner] = await Promise.all([
    findCataloguesInCare(engine, keys, clock, signal),
    Promise.allSettled([locateByOwner(search, signal)]),
  ]);
  // Carers first: where they and the owner mean the same object, they may have repaired it.
  const found = [...inCare, ...byOwner];
  const locators = found.flatMap((one) => (one.status === "fulfilled" && one.value ? [one.value] : []));
  const byObject = Map.groupBy(locators, objectIdOf);
  const opened = await Promise.allSettled([...byObject.values()].map((places) => openAny(search, places, signal)));
  signal?.throwIfAborted();
  const catalogues = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const [newest] = catalogues.toSorted((a, b) => madeAtMs(b) - madeAtMs(a));
  if (newest) return newest;
  const failed = [...opened, ...found].find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
  return null;
}

async function locateByOwner({ engine, keys }: CatalogueSearch, signal?: AbortSignal): Promise<Locator | null> {
  const record = await engine.records.get("owner", keys.signing.publicKey, signal);
  if (record === null) return null;
  const root = openCatalogueRoot(record, keys);
  if (root === null) throw unreadable();
  return engine.manifests.locatorOf(root, keys.sealing, signal);
}

/** From the first of its places at which it can be had. Throws what the last one threw. */
async function openAny(
  { engine, keys }: CatalogueSearch,
  places: readonly Locator[],
  signal?: AbortSignal,
): Promise<CatalogueEntry[]> {
  let problem: unknown = unreadable();
  for (const locator of places) {
    try {
      const sealed = concatBytes(...(await Array.fromAsync(engine.reader.read(locator, 0, locator.bytes, signal))));
      const entries = openCatalogue(sealed, keys.sealing);
      if (entries) return entries;
    } catch (error) {
      problem = error;
    }
  }
  throw problem;
}

function madeAtMs(entries: readonly CatalogueEntry[]): number {
  return entries.reduce((latest, one) => (one.kind === "backup" ? Math.max(latest, one.madeAtMs) : latest), 0);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function unreadable(): NetworkError {
  return new NetworkError("catalogue_unreadable", "What the mesh has of this account cannot be read.", {
    hint: "It was written by another version of Nocturne, or not all of it can be had now. Try again later.",
  });
}
