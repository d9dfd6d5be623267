/**
 * What a node signed that it keeps. Whoever has it can show that the node promised; a fragment that is named there and not
 * shown before it ends is the node's fault.
 *
 *   receipt    version 1 | node 32 | owner 32 | until u64, ms | made at u64, ms | count u16 | fragment ... | signature 64
 *   fragment   id 32 | bytes u32
 *
 * Numbers are big-endian; `until` is when the first of its leases ends, 0 for none. The signature (Ed25519, by the node)
 * is over "nocturne/receipt/v1" and everything before it. Specified in NEP-24.
 */
import { concatBytes, fromHex, toHex, u16, u32, utf8Encode } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { ByteReader, isCount, u64 } from "../byte-reader.ts";
import { nodeIdOf, ownerIdOf, publicKeyOf } from "../node-id.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import type { FragmentRef, Receipt } from "../rooms.ts";

const VERSION = 1;
const DOMAIN = utf8Encode("nocturne/receipt/v1");
const KEY_BYTES = 32;
const ID_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Throws UsageError `receipt` for more than MESH_LIMITS.batch fragments and for numbers that are none. */
export function signReceipt(
  { owner, untilMs, madeAtMs, fragments }: Omit<Receipt, "node" | "bytes">,
  node: SignatureKeyPair,
): Uint8Array {
  const isWrong = fragments.length > MESH_LIMITS.batch || !isCount(untilMs) || !isCount(madeAtMs);
  if (isWrong || !fragments.every(isFragment)) throw new UsageError("receipt", "A receipt cannot hold this.");
  const head = concatBytes(Uint8Array.of(VERSION), node.publicKey, publicKeyOf(owner), u64(untilMs), u64(madeAtMs));
  const said = concatBytes(head, encodeRefs(fragments));
  return concatBytes(said, ed25519.sign(concatBytes(DOMAIN, said), node.secretKey));
}

/** Null for whatever is none: another version, a length that does not fit, a fragment that cannot be, a wrong signature. Never throws. */
export function readReceipt(bytes: Uint8Array): Receipt | null {
  if (bytes.length < SIGNATURE_BYTES || bytes[0] !== VERSION) return null;
  const said = bytes.subarray(0, bytes.length - SIGNATURE_BYTES);
  const reader = new ByteReader(said.subarray(1));
  const [node, owner] = [reader.take(KEY_BYTES), reader.take(KEY_BYTES)];
  const [untilMs, madeAtMs, fragments] = [reader.u64(), reader.u64(), readRefs(reader)];
  if (!reader.isDone || !node || !owner || untilMs === null || madeAtMs === null || !fragments) return null;
  if (!ed25519.verify(concatBytes(DOMAIN, said), bytes.slice(said.length), node)) return null;
  return { node: nodeIdOf(node), owner: ownerIdOf(owner), untilMs, madeAtMs, fragments, bytes };
}

/** count u16 | (id 32 | bytes u32) ... */
export function encodeRefs(fragments: readonly FragmentRef[]): Uint8Array {
  return concatBytes(u16(fragments.length), ...fragments.flatMap(({ id, bytes }) => [fromHex(id), u32(bytes)]));
}

/** Null for more than a batch, or for a fragment that cannot be. */
export function readRefs(reader: ByteReader): FragmentRef[] | null {
  const count = reader.u16();
  if (count === null || count > MESH_LIMITS.batch) return null;
  const fragments: FragmentRef[] = [];
  for (let i = 0; i < count; i++) {
    const [id, bytes] = [reader.view(ID_BYTES), reader.u32()];
    if (!id || bytes === null || !isFragment({ bytes })) return null;
    fragments.push({ id: toHex(id) as FragmentId, bytes });
  }
  return fragments;
}

/** Whether there can be a fragment of this length. */
export function isFragment({ bytes }: Pick<FragmentRef, "bytes">): boolean {
  return Number.isInteger(bytes) && bytes >= 1 && bytes <= MESH_LIMITS.segmentBytes;
}
