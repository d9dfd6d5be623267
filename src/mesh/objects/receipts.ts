/**
 * What nodes sign that they keep of an object, asked for once it lies there.
 *
 *   locator -> of each node its fragments -> batches -> receipts         one that refuses, is silent or says that it keeps none is left out
 *
 * A receipt is a promise that can be shown to others; whether it is kept, audits find.
 */
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { unlessAborted } from "../../core/unless-aborted.ts";
import { abreast } from "../audit/abreast.ts";
import { type Locator, nodeOf } from "../manifest/locator.ts";
import type { NodeId } from "../node-id.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import { fragmentBytes, segmentsOf } from "../pieces/segments.ts";
import type { Exchange, FragmentRef, Receipt } from "../rooms.ts";

/** `nodes`: of the locator, all of them unless fewer are to be asked. Throws the signal's reason, and nothing else. */
export async function collectReceipts(
  exchange: Pick<Exchange, "peer">,
  locator: Locator,
  signal?: AbortSignal,
  nodes: readonly NodeId[] = locator.nodes,
): Promise<Receipt[]> {
  const asked = new Set(nodes);
  const places = [...placesOf(locator)].filter(([node]) => asked.has(node));
  const receipts = await abreast(places, MESH_LIMITS.receiptNodes, async ([node, fragments]) =>
    askNode(exchange, node, [...fragments.values()], signal),
  );
  return receipts.flat();
}

/** What lies at each node, each fragment once: two segments alike have the same ones. */
export function placesOf(locator: Locator): Map<NodeId, Map<FragmentId, FragmentRef>> {
  const places = new Map<NodeId, Map<FragmentId, FragmentRef>>();
  for (const { id, bytes, node } of fragmentsOf(locator)) {
    if (node === null) continue;
    const known = places.get(node) ?? new Map<FragmentId, FragmentRef>();
    places.set(node, known.set(id, { id, bytes }));
  }
  return places;
}

/** All that an object was made into, with a place or without one. */
export function* fragmentsOf(locator: Locator): Generator<FragmentRef & { readonly node: NodeId | null }> {
  for (const [index, segment] of segmentsOf(locator.bytes).entries()) {
    const bytes = fragmentBytes(segment, locator.needed);
    for (const fragment of locator.segments[index]?.fragments ?? [])
      yield { id: fragment.id, bytes, node: nodeOf(locator, fragment) };
  }
}

async function askNode(
  exchange: Pick<Exchange, "peer">,
  node: NodeId,
  fragments: readonly FragmentRef[],
  signal?: AbortSignal,
): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  try {
    const peer = await exchange.peer(node, signal);
    for (let at = 0; at < fragments.length; at += MESH_LIMITS.batch) {
      // Whoever gives up need not wait until a silent node is left.
      const receipt = await unlessAborted(peer.receipt(fragments.slice(at, at + MESH_LIMITS.batch)), signal);
      if (receipt.fragments.length > 0) receipts.push(receipt);
    }
  } catch {
    signal?.throwIfAborted();
  }
  return receipts;
}
