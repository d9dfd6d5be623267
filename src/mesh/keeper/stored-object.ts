/**
 * One object on its way in and out of the mesh, with its record of places.
 *
 *   store    content -> fragments at nodes -> locator -> record of places under a fresh manifest key
 *   drop     every node that has fragments of it -> into its trash; who does not answer has leases that end
 */
import { fromBase64Url, toBase64Url, wipeBytes } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { type Locator, type LocatedFragment, nodeOf, objectIdOf } from "../manifest/locator.ts";
import { careKeyOf, createManifestKey } from "../mesh-keys.ts";
import type { NodeId } from "../node-id.ts";
import type { WriteOptions } from "../objects/object-writer.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import { publishAndCare } from "./caring.ts";
import type { MeshEngine, Owning } from "./engine.ts";
import type { ObjectRow } from "./keeper-tables.ts";

export interface StoredObject {
  readonly row: Omit<ObjectRow, "parts">;
  readonly locator: Locator;
}

export interface Content {
  readonly kind: "files" | "backup";
  readonly bytes: number;
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** Throws what `ObjectWriter.write` and `Records.put` throw. */
export async function storeObject(
  { engine, keys, clock }: Owning,
  { kind, bytes, pieces }: Content,
  options: WriteOptions,
): Promise<StoredObject> {
  const { locator, redundancy } = await engine.writer.write(pieces, bytes, options);
  const manifestKey = createManifestKey();
  try {
    const cared = await publishAndCare(
      { engine, keys, clock },
      manifestKey,
      locator,
      { sequence: 1, caredUntilMs: 0 },
      options.signal,
    );
    const { needed, total } = redundancy;
    const known = { object: objectIdOf(locator), kind, manifestKey: toBase64Url(manifestKey), bytes, needed, total };
    return { row: { ...known, ...cared, madeAtMs: clock.nowMs(), leavingMs: null }, locator };
  } finally {
    wipeBytes(manifestKey);
  }
}

/** Where it lies by what the mesh says now; null if nobody knows, or what is said is of another object. Throws as `Manifests.find`. */
export async function findObject(
  { manifests }: Pick<MeshEngine, "manifests">,
  { manifestKey, object, sequence }: Pick<ObjectRow, "manifestKey" | "object" | "sequence">,
  signal?: AbortSignal,
): Promise<{ readonly locator: Locator; readonly sequence: number } | null> {
  const key = fromBase64Url(manifestKey);
  const careKey = careKeyOf(key);
  try {
    const found = await manifests.find(careKey, signal);
    // A carer signs places, and must not be able to put another object, or places of long ago, in the place of this one.
    return found && found.sequence >= sequence && objectIdOf(found.locator) === object ? found : null;
  } finally {
    wipeBytes(key, careKey);
  }
}

/** Whether every node was told. Throws only the signal's reason. */
export async function dropObject(
  { exchange }: Pick<MeshEngine, "exchange">,
  locator: Locator,
  signal: AbortSignal,
): Promise<boolean> {
  const told = [...fragmentsByNode(locator)].map(async ([node, ids]) => {
    const peer = await exchange.peer(node, signal);
    for (let at = 0; at < ids.length; at += MESH_LIMITS.batch) await peer.drop(ids.slice(at, at + MESH_LIMITS.batch));
  });
  const answers = await Promise.allSettled(told);
  signal.throwIfAborted();
  return answers.every(({ status }) => status === "fulfilled");
}

export function fragmentsByNode(locator: Locator): Map<NodeId, FragmentId[]> {
  const held = new Map<NodeId, FragmentId[]>();
  for (const { fragments } of locator.segments) {
    for (const fragment of fragments) add(held, nodeOf(locator, fragment), fragment);
  }
  return held;
}

function add(held: Map<NodeId, FragmentId[]>, node: NodeId | null, { id }: LocatedFragment): void {
  if (node === null) return;
  const ids = held.get(node);
  if (ids) ids.push(id);
  else held.set(node, [id]);
}
