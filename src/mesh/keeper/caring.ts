/**
 * Who looks after a person's objects: this machine while it runs, and a few nodes that do so for others.
 *
 *   stored, or a quarter of the time is over -> certificate -> record of places -> own caretaker, carers
 *
 * So what belongs to somebody who is away is looked after for 60 days at least. Carers are of use, not needed: who refuses or is
 * silent is left out, and asked again with the next certificate.
 */
import { fromBase64Url, wipeBytes } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomUnit } from "../../core/random.ts";
import { signCareCertificate } from "../manifest/care-certificate.ts";
import type { Locator } from "../manifest/locator.ts";
import { careKeyOf, deriveCareKeys, wipeRecordKeys } from "../mesh-keys.ts";
import { type NodeId, ownerIdOf } from "../node-id.ts";
import { nowhere, signCareEnd } from "../repair/care-end.ts";
import type { Roster } from "../rooms.ts";
import type { Owning } from "./engine.ts";
import type { ObjectRow } from "./keeper-tables.ts";

export interface Cared {
  /** Until then the owner's word counts. */
  readonly caredUntilMs: number;
  /** Of the record of places. */
  readonly sequence: number;
}

/** 67 days: of what is stored anew once a week, 60 are left a week later. */
const LEAST_CARE_MS = (MESH_LIMITS.leaseMaxMs * 3) / 4;

/** Whether others are to be asked again. */
export function isCareDue(caredUntilMs: number, nowMs: number): boolean {
  return caredUntilMs - nowMs <= LEAST_CARE_MS;
}

/**
 * Says where an object lies, in the record of this sequence, and gives it into care; `caredUntilMs`: until then carers were asked
 * already, 0 if none were, and are not asked again before that is due. Throws what `Manifests.publish` throws.
 */
export async function publishAndCare(
  { engine, keys, clock }: Owning,
  manifestKey: Uint8Array,
  locator: Locator,
  { sequence, caredUntilMs: askedUntilMs }: Cared,
  signal?: AbortSignal,
): Promise<Cared> {
  const nowMs = clock.nowMs();
  const isDue = isCareDue(askedUntilMs, nowMs);
  const caredUntilMs = isDue ? nowMs + MESH_LIMITS.leaseMaxMs : askedUntilMs;
  const careKey = careKeyOf(manifestKey);
  const care = deriveCareKeys(careKey);
  try {
    const certificate = signCareCertificate(care.signing.publicKey, caredUntilMs, keys.owner);
    if (isDue) await engine.note("care", certificate);
    await engine.manifests.publish(careKey, locator, sequence, certificate, signal);
    const asked = (isDue ? carersIn(engine.roster) : []).map(async (node) =>
      (await engine.exchange.peer(node, signal)).care(careKey, caredUntilMs),
    );
    await Promise.allSettled([engine.caretaker.care(careKey, caredUntilMs, ownerIdOf(keys.owner.publicKey)), ...asked]);
    return { caredUntilMs, sequence };
  } finally {
    wipeRecordKeys(care);
    wipeBytes(careKey);
  }
}

/**
 * The object is dropped: this machine does not look after it any more, and its record tells carers that they need not either. Throws what
 * `Manifests.publish` throws.
 */
export async function endCare(
  { engine, keys, clock }: Owning,
  { manifestKey, sequence }: Pick<ObjectRow, "manifestKey" | "sequence">,
  locator: Locator | null,
  signal: AbortSignal,
): Promise<void> {
  const key = fromBase64Url(manifestKey);
  const careKey = careKeyOf(key);
  const care = deriveCareKeys(careKey);
  try {
    await engine.caretaker.end(careKey);
    if (!locator) return;
    const certificate = signCareEnd(care.signing.publicKey, keys.owner);
    // By the clock: a carer who says it anew at this moment is outdone.
    const said = Math.max(clock.nowMs(), sequence + 1);
    await engine.note("care", certificate);
    await engine.manifests.publish(careKey, nowhere(locator), said, certificate, signal);
  } finally {
    wipeRecordKeys(care);
    wipeBytes(key, careKey);
  }
}

/** A few, in different houses. */
function carersIn(roster: Roster): NodeId[] {
  const nodes = roster.nodes().filter(({ cares, state }) => cares && state === "up");
  const byDomain = new Map(nodes.map(({ domain, id }) => [domain, id]));
  const drawn = [...byDomain.values()].map((id) => ({ id, lot: randomUnit() })).toSorted((a, b) => a.lot - b.lot);
  return drawn.slice(0, MESH_LIMITS.carers).map(({ id }) => id);
}
