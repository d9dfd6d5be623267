/**
 * Where an object of the mesh lies: which fragments its segments were made into, and which node has each.
 *
 *   locator    version 1 | k u8 | n u8 | bytes u64 | nodes u16 | nodes * 32 | segments * n * fragment
 *   fragment   FragmentId 32 | index into nodes u16, ffff: has no place
 *   object     SHA-256("nocturne/mesh-object/v1" | k u8 | n u8 | bytes u64 | of each segment SHA-256(its n FragmentIds))
 *
 * Numbers are big-endian. `bytes` is the length before padding; from it and k follow the number of segments and all sizes
 * (`pieces/segments.ts`). There is one encoding of everything that can be said: nodes rise, and each of them has a fragment.
 * An object keeps its name wherever its fragments go, so who knows the name cannot be led to another object. NEP-25.
 */
import { concatBytes, fromHex, toHex, u16, utf8Encode } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import type { NodeId } from "../node-id.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import { paddedBytes } from "../pieces/segments.ts";
import { ByteReader, isCount, joinBytes, u64 } from "../byte-reader.ts";

/** The name of an object, 64 hex digits. */
export type ObjectId = string & { readonly __brand: "ObjectId" };

export interface LocatedFragment {
  readonly id: FragmentId;
  /** Index into the locator's nodes; null: has no place. */
  readonly node: number | null;
}

export interface LocatedSegment {
  /** `total` of them. */
  readonly fragments: readonly LocatedFragment[];
}

export interface ObjectShape {
  /** Length of the object before padding, 1 to MESH_LIMITS.objectBytes. */
  readonly bytes: number;
  /** k: so many fragments give a segment back. */
  readonly needed: number;
  /** n: fragments of each segment, at most MESH_LIMITS.fragments. */
  readonly total: number;
}

export interface Locator extends ObjectShape {
  /** Each once, rising, and each has a fragment. */
  readonly nodes: readonly NodeId[];
  /** As many as `segmentsOf(bytes)`. */
  readonly segments: readonly LocatedSegment[];
}

/** A fragment with the node itself. */
export interface PlacedFragment {
  readonly id: FragmentId;
  readonly node: NodeId | null;
}

const VERSION = 1;
const DOMAIN = utf8Encode("nocturne/mesh-object/v1");
const ID = /^[0-9a-f]{64}$/;
const ID_BYTES = 32;
const FRAGMENT_BYTES = ID_BYTES + 2;
const HEAD_BYTES = 13;
const NO_PLACE = 0xffff;

/** The locator of fragments and their nodes, those of each segment together. Throws UsageError `mesh_locator` for what is none. */
export function createLocator(shape: ObjectShape, segments: readonly (readonly PlacedFragment[])[]): Locator {
  const used = segments.flatMap((fragments) => fragments.flatMap(({ node }) => node ?? []));
  const nodes = [...new Set(used)].toSorted();
  const indexes = new Map(nodes.map((node, i) => [node, i]));
  const indexOf = (node: NodeId | null): number | null => (node === null ? null : (indexes.get(node) as number));
  const { bytes, needed, total } = shape;
  return checked({
    bytes,
    needed,
    total,
    nodes,
    segments: segments.map((all) => ({ fragments: all.map(({ id, node }) => ({ id, node: indexOf(node) })) })),
  });
}

/** The node that has this fragment of the locator, or null. */
export function nodeOf({ nodes }: Pick<Locator, "nodes">, { node }: LocatedFragment): NodeId | null {
  return node === null ? null : (nodes[node] ?? null);
}

/** Throws UsageError `mesh_locator` for what `createLocator` would not have made. */
export function encodeLocator(locator: Locator): Uint8Array {
  const { needed, total, bytes, nodes, segments } = checked(locator);
  const head = concatBytes(Uint8Array.of(VERSION, needed, total), u64(bytes), u16(nodes.length));
  const encoded = new Uint8Array(locatorBytes(locator, nodes.length));
  encoded.set(head);
  let at = HEAD_BYTES;
  for (const node of nodes) {
    encoded.set(fromHex(node), at);
    at += ID_BYTES;
  }
  for (const { id, node } of segments.flatMap(({ fragments }) => fragments)) {
    encoded.set(fromHex(id), at);
    encoded.set(u16(node ?? NO_PLACE), at + ID_BYTES);
    at += FRAGMENT_BYTES;
  }
  return encoded;
}

/** Null for whatever `encodeLocator` does not write. Never throws. */
export function decodeLocator(encoded: Uint8Array): Locator | null {
  const reader = new ByteReader(encoded);
  const [version, needed, total] = [reader.u8(), reader.u8(), reader.u8()];
  const [bytes, nodeCount] = [reader.u64(), reader.u16()];
  if (version !== VERSION || !needed || !total || !bytes || nodeCount === null) return null;
  const shape = { bytes, needed, total };
  // Before anything is read of what could be as long as its head says.
  if (!isShape(shape) || encoded.length !== locatorBytes(shape, nodeCount)) return null;
  const nodes = Array.from({ length: nodeCount }, () => toHex(reader.view(ID_BYTES) as Uint8Array) as NodeId);
  const segments = Array.from({ length: segmentCount(bytes) }, () => ({
    fragments: Array.from({ length: total }, () => readFragment(reader)),
  }));
  const locator = { ...shape, nodes, segments };
  return isCanonical(locator) ? locator : null;
}

/** The name of the object: of its fragments, not of where they are. */
export function objectIdOf({ needed, total, bytes, segments }: Locator): ObjectId {
  const hashes = segments.map(({ fragments }) => sha256(concatBytes(...fragments.map(({ id }) => fromHex(id)))));
  return toHex(sha256(joinBytes([DOMAIN, Uint8Array.of(needed, total), u64(bytes), ...hashes]))) as ObjectId;
}

function readFragment(reader: ByteReader): LocatedFragment {
  const id = toHex(reader.view(ID_BYTES) as Uint8Array) as FragmentId;
  const node = reader.u16();
  return { id, node: node === NO_PLACE ? null : node };
}

/** Length of a locator of this shape with so many nodes. */
function locatorBytes({ bytes, total }: ObjectShape, nodes: number): number {
  return HEAD_BYTES + nodes * ID_BYTES + segmentCount(bytes) * total * FRAGMENT_BYTES;
}

/** As many as `segmentsOf` gives, without making them. */
function segmentCount(bytes: number): number {
  return Math.ceil(paddedBytes(bytes) / MESH_LIMITS.segmentBytes);
}

function isShape({ bytes, needed, total }: ObjectShape): boolean {
  const isLength = isCount(bytes) && bytes >= 1 && bytes <= MESH_LIMITS.objectBytes;
  const isCode = Number.isInteger(needed) && Number.isInteger(total) && needed >= 1 && needed <= total;
  return isLength && isCode && total <= MESH_LIMITS.fragments;
}

function isCanonical(locator: Locator): boolean {
  const { bytes, total, nodes, segments } = locator;
  if (!isShape(locator) || nodes.length > MESH_LIMITS.locatorNodes || segments.length !== segmentCount(bytes))
    return false;
  if (!nodes.every((node, i) => ID.test(node) && (i === 0 || node > (nodes[i - 1] as string)))) return false;
  const isUsed = new Uint8Array(nodes.length);
  for (const { fragments } of segments) {
    if (fragments.length !== total) return false;
    for (const { id, node } of fragments) {
      if (!ID.test(id) || (node !== null && nodes[node] === undefined)) return false;
      if (node !== null) isUsed[node] = 1;
    }
  }
  return isUsed.every((used) => used === 1);
}

function checked(locator: Locator): Locator {
  if (!isCanonical(locator)) throw new UsageError("mesh_locator", "Fragments cannot lie so in the mesh.");
  return locator;
}
