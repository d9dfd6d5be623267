/**
 * Who may connect, and whom we dial.
 *
 *   in    refused: denied nodes and failure domains, keys that are not Ed25519, more than a share from one domain
 *   out   refused: the same, and every address with a name in it that no person wrote here
 *
 * A name in an address that a stranger told us would make this machine look it up: the stranger's name server would learn
 * that we are here, and anybody on the way which names we ask for. Connections from this machine itself have no share:
 * loopback is no failure domain, and relays of several nodes on one machine are its owner's business.
 */
import type { Connection, ConnectionGater, PeerId } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import { isLoopbackHost } from "../../core/loopback.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { NodeId } from "../node-id.ts";
import { failureDomain } from "../placement/failure-domain.ts";
import { addressOf, hasName, nodeIdOfPeer } from "./peer-ids.ts";

export interface Denied {
  readonly nodes: ReadonlySet<NodeId>;
  /** As `failureDomain` names them. */
  readonly domains: ReadonlySet<string>;
}

/** `written`: addresses that a person gave, whose names may be looked up. */
export function gatekeeper(
  denied: Denied,
  written: ReadonlySet<string>,
  connections: () => readonly Connection[],
): ConnectionGater {
  const isDeniedNode = (peer: PeerId): boolean => {
    const id = nodeIdOfPeer(peer);
    return id === null || denied.nodes.has(id);
  };
  const isDeniedPlace = (address: Multiaddr): boolean => denied.domains.has(domainOf(address) ?? "");
  const isUnwritten = (address: Multiaddr): boolean => hasName(address) && !written.has(address.toString());
  return {
    denyDialPeer: isDeniedNode,
    denyDialMultiaddr: (address) => isDeniedPlace(address) || isUnwritten(address),
    denyInboundConnection: ({ remoteAddr }) => isDeniedPlace(remoteAddr) || isCrowded(remoteAddr, connections()),
    denyInboundEncryptedConnection: isDeniedNode,
    denyOutboundEncryptedConnection: isDeniedNode,
    filterMultiaddrForPeer: (_, address) => !isUnwritten(address),
  };
}

/** Null for a relayed connection: it comes from the relay. */
export function domainOf(address: Multiaddr): string | null {
  const found = addressOf(address);
  return found && failureDomain(found.host);
}

function isCrowded(address: Multiaddr, connections: readonly Connection[]): boolean {
  const domain = domainOf(address);
  if (domain === null || isLoopbackHost(addressOf(address)?.host ?? "")) return false;
  const near = connections.filter(
    ({ direction, remoteAddr }) => direction === "inbound" && domainOf(remoteAddr) === domain,
  );
  return near.length >= MESH_LIMITS.neighboursPerDomain;
}
