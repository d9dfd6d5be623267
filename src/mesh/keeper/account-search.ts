/**
 * The way back: from the recovery key's mesh keys to the account's backup, with nothing else at hand.
 *
 *   owner record, records in care -> catalogue -> newest backup whose object can be found -> its sealed bytes
 */
import { NetworkError } from "../../core/errors.ts";
import { toBase64Url } from "../../core/bytes.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import type { CatalogueEntry } from "../manifest/catalogue.ts";
import type { Locator } from "../manifest/locator.ts";
import type { MeshKeys } from "../mesh-keys.ts";
import { findCatalogue } from "./catalogue-record.ts";
import type { MeshEngine } from "./engine.ts";
import { findObject } from "./stored-object.ts";

export interface FoundAccount {
  readonly madeAtMs: number;
  readonly entries: readonly CatalogueEntry[];
  /** What `restoreBackup` takes; it opens with the recovery key. Read once. Throws NetworkError `too_few_nodes`. */
  readonly backup: AsyncIterable<Uint8Array>;
}

type SearchTools = Pick<MeshEngine, "records" | "reader" | "manifests">;

/** Null if the mesh has no copy of the account. Throws NetworkError `account_unreachable`, and what `findCatalogue` throws. */
export async function findAccount(
  engine: SearchTools,
  keys: MeshKeys,
  signal?: AbortSignal,
  clock: Clock = systemClock,
): Promise<FoundAccount | null> {
  const entries = await findCatalogue({ engine, keys: keys.catalogue, clock }, signal);
  const backups = (entries ?? []).filter(({ kind }) => kind === "backup").toSorted((a, b) => b.madeAtMs - a.madeAtMs);
  for (const entry of backups) {
    const locator = await locate(engine, entry, signal);
    if (!locator) continue;
    return {
      madeAtMs: entry.madeAtMs,
      entries: entries ?? [],
      backup: engine.reader.read(locator, 0, locator.bytes, signal),
    };
  }
  if (backups.length === 0) return null;
  throw new NetworkError(
    "account_unreachable",
    "The mesh has a copy of this account, but where it lies cannot be found now.",
    {
      hint: "Try again later, or with more addresses of nodes.",
    },
  );
}

async function locate(
  engine: SearchTools,
  { manifestKey, object }: CatalogueEntry,
  signal?: AbortSignal,
): Promise<Locator | null> {
  const found = await findObject(engine, { manifestKey: toBase64Url(manifestKey), object, sequence: 0 }, signal);
  return found?.locator ?? null;
}
