/**
 * The `owner` record: what the recovery key finds first.
 *
 *   put    catalogue -> sealed, an object -> root -> sealed, signed -> record         one above the newest that is known
 *   find   record -> root -> object -> opened -> entries
 */
import { concatBytes } from "../../core/bytes.ts";
import { NetworkError } from "../../core/errors.ts";
import type { Clock } from "../../core/clock.ts";
import { type CatalogueEntry, openCatalogue, sealCatalogue } from "../manifest/catalogue.ts";
import type { Locator } from "../manifest/locator.ts";
import { openCatalogueRoot, sealCatalogueRoot } from "../manifest/sealed-value.ts";
import { nextVersion } from "../manifest/versions.ts";
import type { RecordKeys } from "../mesh-keys.ts";
import { signRecord } from "../records/record.ts";
import type { MeshEngine } from "./engine.ts";

export interface PutCatalogue {
  /** Of the catalogue's object. */
  readonly locator: Locator;
  readonly sequence: number;
  /** What stands in the record, sealed. */
  readonly value: Uint8Array;
}

interface Tools {
  readonly engine: Pick<MeshEngine, "records" | "writer" | "reader" | "manifests" | "note">;
  readonly keys: RecordKeys;
  readonly clock: Clock;
}

/** `seen`: the highest sequence that was put or seen before. Throws what `ObjectWriter.write` and `Records` throw. */
export async function putCatalogue(
  { engine, keys, clock }: Tools,
  entries: readonly CatalogueEntry[],
  seen: number,
  signal: AbortSignal,
): Promise<PutCatalogue> {
  const sealed = sealCatalogue(entries, keys.sealing);
  const { locator } = await engine.writer.write(once(sealed), sealed.length, { signal });
  const value = sealCatalogueRoot(await engine.manifests.rootOf(locator, keys, signal), keys);
  const found = await engine.records.get("owner", keys.signing.publicKey, signal);
  const sequence = await putAgain({ engine, keys, clock }, value, Math.max(seen, found?.sequence ?? 0), signal);
  return { locator, sequence, value };
}

/** The same once more, because nodes forget records. Returns its sequence. Throws as `Records.put`. */
export async function putAgain(
  { engine, keys, clock }: Omit<Tools, "engine"> & { readonly engine: Pick<MeshEngine, "records" | "note"> },
  value: Uint8Array,
  seen: number,
  signal: AbortSignal,
): Promise<number> {
  const version = nextVersion(seen, clock.nowMs());
  const record = signRecord({ kind: "owner", ...version, value }, keys.signing);
  await engine.note("record", record);
  await engine.records.put(record, signal);
  return version.sequence;
}

/** Null if the mesh knows nothing of this person. Throws NetworkError `catalogue_unreadable`, and what reading throws. */
export async function findCatalogue(
  {
    engine,
    keys,
  }: { readonly engine: Pick<MeshEngine, "records" | "reader" | "manifests">; readonly keys: RecordKeys },
  signal?: AbortSignal,
): Promise<CatalogueEntry[] | null> {
  const record = await engine.records.get("owner", keys.signing.publicKey, signal);
  if (record === null) return null;
  const root = openCatalogueRoot(record, keys);
  if (root === null) throw unreadable();
  const locator = await engine.manifests.locatorOf(root, keys.sealing, signal);
  const sealed = concatBytes(...(await Array.fromAsync(engine.reader.read(locator, 0, locator.bytes, signal))));
  const entries = openCatalogue(sealed, keys.sealing);
  if (entries === null) throw unreadable();
  return entries;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function unreadable(): NetworkError {
  return new NetworkError("catalogue_unreadable", "What the mesh has of this account cannot be read.", {
    hint: "It was written by another version of Nocturne, or not all of it can be had now. Try again later.",
  });
}
