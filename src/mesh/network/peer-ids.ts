/**
 * A node by its three names: NodeId (64 hex digits, everywhere in the mesh), libp2p's peer id (`12D3Koo...`), and an
 * address that people type and `status` prints:
 *
 *   /ip4/203.0.113.7/tcp/4001/p2p/12D3KooW...      also /ip6/... and, where a person wrote it, /dns4/name/...
 *
 * Both names hold the same Ed25519 key; nodes with keys of another kind are no nodes of the mesh.
 */
import { publicKeyFromRaw } from "@libp2p/crypto/keys";
import type { PeerId } from "@libp2p/interface";
import { peerIdFromPublicKey, peerIdFromString } from "@libp2p/peer-id";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { UsageError } from "../../core/errors.ts";
import { type NodeId, nodeIdOf, publicKeyOf } from "../node-id.ts";
import type { Address } from "../rooms.ts";

export function peerIdOf(id: NodeId): PeerId {
  return peerIdFromPublicKey(publicKeyFromRaw(publicKeyOf(id)));
}

/** Null for a peer whose key is not Ed25519. */
export function nodeIdOfPeer(peer: PeerId): NodeId | null {
  return peer.type === "Ed25519" ? nodeIdOf(peer.publicKey.raw) : null;
}

/** Where libp2p of a node listens. */
export function multiaddrOf({ host, port }: Address, id: NodeId): Multiaddr {
  return multiaddr(`/${host.includes(":") ? "ip6" : "ip4"}/${host}/tcp/${port}/p2p/${peerIdOf(id).toString()}`);
}

/** The IP address and TCP port that it leads to; null for a name, a relay or another transport. */
export function addressOf(address: Multiaddr): Address | null {
  const [ip, tcp, next] = address.getComponents();
  if ((ip?.name !== "ip4" && ip?.name !== "ip6") || tcp?.name !== "tcp") return null;
  if (next !== undefined && (next.name !== "p2p" || isRelayed(address))) return null;
  return { host: ip.value ?? "", port: Number(tcp.value) };
}

function isRelayed(address: Multiaddr): boolean {
  return address.getComponents().some(({ name }) => name === "p2p-circuit");
}

/** Whether it has to be looked up in the DNS. */
export function hasName(address: Multiaddr): boolean {
  return address.getComponents().some(({ name }) => name.startsWith("dns"));
}

/** An address as people type it. Throws UsageError `bad_mesh_address`. */
export function parseMeshAddress(text: string): Multiaddr {
  try {
    const address = multiaddr(text);
    const last = address.getComponents().at(-1);
    if (last?.name === "p2p" && nodeIdOfPeer(peerIdFromString(last.value ?? ""))) return address;
  } catch {
    // Said below.
  }
  throw new UsageError("bad_mesh_address", "This is not the address of a node.", {
    hint: "Take it from `nocturne-node status` on that machine; it looks like /ip4/203.0.113.7/tcp/4001/p2p/12D3KooW...",
  });
}
