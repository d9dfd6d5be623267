/**
 * The catalogue in the care of others, so that the recovery key finds it after an absence that outlasts the `owner` record and the leases.
 *
 *   catalogue sealing key | number of the period -> manifest key -> care key -> `places` record, as any object has one
 *
 *   give     record, and carers if it is time; they follow it from one catalogue of the period to the next
 *   find     the records of all periods in which carers were asked who may care still
 *
 * Catalogues are replaced with every change: one key for all of a period spares asking new carers each time, and another one for
 * each period ends what they can do with it. NEP-25.
 */
import { toBase64Url, wipeBytes } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { deriveKey } from "../../crypto/key-derivation.ts";
import type { Locator } from "../manifest/locator.ts";
import { careKeyOf, deriveCareKeys, type RecordKeys, wipeRecordKeys } from "../mesh-keys.ts";
import { type Cared, publishAndCare } from "./caring.ts";
import type { MeshEngine, Owning } from "./engine.ts";

/** What is noted of the catalogue in care. */
export interface CatalogueCare extends Cared {
  /** base64url, of the period. */
  readonly manifestKey: string;
}

/** Half of what carers are asked for: so three periods are all that may be in care. */
const PERIOD_MS = MESH_LIMITS.leaseMaxMs / 2;

/** `before`: of the catalogue that this one replaces, or of itself. Throws what `publishAndCare` and `Records.get` throw. */
export async function giveCatalogueIntoCare(
  owning: Owning,
  locator: Locator,
  before: CatalogueCare | null,
  signal?: AbortSignal,
): Promise<CatalogueCare> {
  const { engine, keys, clock } = owning;
  const nowMs = clock.nowMs();
  const manifestKey = manifestKeyOf(keys.catalogue, periodOf(nowMs));
  try {
    const name = toBase64Url(manifestKey);
    const known = before?.manifestKey === name ? before : { sequence: 0, caredUntilMs: 0 };
    const found = await sequenceOf(engine, manifestKey, signal);
    // By the clock, not one more: a carer who says the catalogue before this one anew at this moment is outdone.
    const sequence = Math.max(nowMs, known.sequence + 1, found + 1);
    const cared = await publishAndCare(owning, manifestKey, locator, { ...known, sequence }, signal);
    return { ...cared, manifestKey: name };
  } finally {
    wipeBytes(manifestKey);
  }
}

/**
 * What the records of all periods lead to, the newest first; carers may have said any of it. A rejection where one cannot be asked for or
 * read.
 */
export async function findCataloguesInCare(
  { manifests }: Pick<MeshEngine, "manifests">,
  keys: RecordKeys,
  clock: Clock,
  signal?: AbortSignal,
): Promise<PromiseSettledResult<Locator | null>[]> {
  const nowMs = clock.nowMs();
  const newest = periodOf(nowMs + MESH_LIMITS.clockSkewMs);
  const oldest = periodOf(nowMs - MESH_LIMITS.leaseMaxMs - MESH_LIMITS.clockSkewMs);
  const periods = Array.from({ length: newest - oldest + 1 }, (_, back) => newest - back);
  const asked = periods.map(async (period) => {
    const manifestKey = manifestKeyOf(keys, period);
    const careKey = careKeyOf(manifestKey);
    try {
      return (await manifests.find(careKey, signal))?.locator ?? null;
    } finally {
      wipeBytes(manifestKey, careKey);
    }
  });
  return Promise.allSettled(asked);
}

/** Of the record under this manifest key, whoever signed it; 0 if there is none. */
async function sequenceOf(
  { records }: Pick<MeshEngine, "records">,
  manifestKey: Uint8Array,
  signal?: AbortSignal,
): Promise<number> {
  const careKey = careKeyOf(manifestKey);
  const keys = deriveCareKeys(careKey);
  try {
    return (await records.get("places", keys.signing.publicKey, signal))?.sequence ?? 0;
  } finally {
    wipeRecordKeys(keys);
    wipeBytes(careKey);
  }
}

function periodOf(timeMs: number): number {
  return Math.floor(timeMs / PERIOD_MS);
}

function manifestKeyOf({ sealing }: RecordKeys, period: number): Uint8Array {
  return deriveKey(sealing, `mesh/catalogue-manifest/v1/${period}`);
}
