/**
 * Who a node of the mesh is: the Ed25519 key that it signs with, which is also its identity in libp2p.
 *
 * Both kinds are 64 hex digits, and must not be mixed: an owner may run no node, and a node belongs to whoever runs it.
 */
import { fromHex, toHex } from "../core/bytes.ts";

/** A node's Ed25519 public key, 64 hex digits. */
export type NodeId = string & { readonly __brand: "NodeId" };
/** The Ed25519 public key under which a person keeps fragments at nodes, 64 hex digits; it leads to nobody's npub. */
export type OwnerId = string & { readonly __brand: "OwnerId" };

export function nodeIdOf(publicKey: Uint8Array): NodeId {
  return toHex(publicKey) as NodeId;
}

export function ownerIdOf(publicKey: Uint8Array): OwnerId {
  return toHex(publicKey) as OwnerId;
}

/** 32 bytes. */
export function publicKeyOf(id: NodeId | OwnerId): Uint8Array {
  return fromHex(id);
}
