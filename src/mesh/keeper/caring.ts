/**
 * Who looks after a person's objects: this machine while it runs, and a few nodes that do so for others.
 *
 *   stored, or half of the time is over -> certificate -> record of places -> own caretaker, carers
 *
 * Carers are of use, not needed: who refuses or is silent is left out, and asked again with the next certificate.
 */
import { fromBase64Url, wipeBytes } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomUnit } from "../../core/random.ts";
import { signCareCertificate } from "../manifest/care-certificate.ts";
import type { Locator } from "../manifest/locator.ts";
import { careKeyOf, deriveCareKeys, wipeRecordKeys } from "../mesh-keys.ts";
import { type NodeId, ownerIdOf } from "../node-id.ts";
import type { Roster } from "../rooms.ts";
import type { Owning } from "./engine.ts";

export interface Cared {
  /** Until then the owner's word counts. */
  readonly caredUntilMs: number;
  /** Of the record of places. */
  readonly sequence: number;
}

/** Says where an object lies, and gives it into care. Throws what `Manifests.publish` throws. */
export async function publishAndCare(
  { engine, keys, clock }: Owning,
  manifestKey: Uint8Array,
  locator: Locator,
  sequence: number,
  signal?: AbortSignal,
): Promise<Cared> {
  const caredUntilMs = clock.nowMs() + MESH_LIMITS.leaseMaxMs;
  const careKey = careKeyOf(manifestKey);
  const care = deriveCareKeys(careKey);
  try {
    const certificate = signCareCertificate(care.signing.publicKey, caredUntilMs, keys.owner);
    await engine.note("care", certificate);
    await engine.manifests.publish(careKey, locator, sequence, certificate, signal);
    const asked = carersIn(engine.roster).map(async (node) =>
      (await engine.exchange.peer(node, signal)).care(careKey, caredUntilMs),
    );
    await Promise.allSettled([engine.caretaker.care(careKey, caredUntilMs, ownerIdOf(keys.owner.publicKey)), ...asked]);
    return { caredUntilMs, sequence };
  } finally {
    wipeRecordKeys(care);
    wipeBytes(careKey);
  }
}

/** This machine does not look after it any more; others cannot bring back what no node has. */
export async function endCare({ engine }: Pick<Owning, "engine">, manifestKey: string): Promise<void> {
  const key = fromBase64Url(manifestKey);
  const careKey = careKeyOf(key);
  await engine.caretaker.end(careKey);
  wipeBytes(key, careKey);
}

/** A few, in different houses. */
function carersIn(roster: Roster): NodeId[] {
  const nodes = roster.nodes().filter(({ cares, state }) => cares && state === "up");
  const byDomain = new Map(nodes.map(({ domain, id }) => [domain, id]));
  const drawn = [...byDomain.values()].map((id) => ({ id, lot: randomUnit() })).toSorted((a, b) => a.lot - b.lot);
  return drawn.slice(0, MESH_LIMITS.carers).map(({ id }) => id);
}
