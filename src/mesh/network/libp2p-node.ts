/**
 * The libp2p node under the mesh: TCP, noise, yamux, and what the mesh needs of the rest.
 *
 *   gossip  records  identify  ping  (relay: circuit, hole punching, reachability)
 *   -------------------------------------------------------------------------------
 *   yamux    noise    (private network key: XSalsa20 below everything)    TCP
 *
 * All protocols have names of their own, so that no node of another network takes part by accident. No public address is
 * built in and nothing is told to anybody who was not connected on purpose; what identify tells of the software is the one
 * word "nocturne".
 *
 * Bytes of Nocturne leave by `src/route`; here, libp2p's TCP connects by itself (`node:net`), to nodes of the mesh alone.
 * That is why only somebody who joins the mesh on purpose starts this.
 */
import { noise } from "@chainsafe/libp2p-noise";
import { autoNAT } from "@libp2p/autonat";
import { circuitRelayServer, circuitRelayTransport } from "@libp2p/circuit-relay-v2";
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { dcutr } from "@libp2p/dcutr";
import { type GossipSub, gossipsub, StrictNoSign } from "@libp2p/gossipsub";
import { type Identify, identify, identifyPush } from "@libp2p/identify";
import type { ConnectionGater, Libp2p } from "@libp2p/interface";
import { type KadDHT, kadDHT, passthroughMapper } from "@libp2p/kad-dht";
import { mdns } from "@libp2p/mdns";
import { type Ping, ping } from "@libp2p/ping";
import { preSharedKey } from "@libp2p/pnet";
import { tcp } from "@libp2p/tcp";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { Datastore } from "interface-datastore";
import { createLibp2p, type Libp2pOptions } from "libp2p";
import { toHex, utf8Encode } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { isLoopbackHost } from "../../core/loopback.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { newerRecord, readRecord } from "../records/record.ts";
import { streamMuxer } from "./muxer.ts";
import { addressOf } from "./peer-ids.ts";
import { NAMESPACE, placeOfTableKey } from "./record-places.ts";
import { TOPICS, topicText } from "./topic.ts";

export type MeshServices = {
  readonly identify: Identify;
  readonly ping: Ping;
  readonly table: KadDHT;
  readonly gossip: GossipSub;
};

export type MeshLibp2p = Libp2p<MeshServices>;

export interface NodeSetup {
  /** Ed25519 seed, 32 bytes. */
  readonly seed: Uint8Array;
  readonly datastore: Datastore;
  readonly clock: Clock;
  readonly gater: ConnectionGater;
  /** Multiaddrs; none: it only dials. */
  readonly listen: readonly string[];
  /** Multiaddrs by which others reach it, where they are not those it listens on. */
  readonly announce: readonly string[];
  /** Answers for the table and keeps records. */
  readonly serves: boolean;
  readonly findsNeighbours: boolean;
  readonly relays: boolean;
  /** 32 bytes. */
  readonly networkKey: Uint8Array | null;
}

const PREFIX = "nocturne";
/**
 * A neighbour is asked so often whether it is there, over a stream of its own, and hung up on if not: until then searches wait for those
 * that a cut wire took away.
 */
const PING_MS = 120_000; // 2 min
/** First look at the neighbourhood, ms after the start. */
const FIRST_LOOK_MS = 250;

/** Ready to be started. */
export async function createNode(setup: NodeSetup): Promise<MeshLibp2p> {
  const privateKey = await generateKeyPairFromSeed("Ed25519", setup.seed);
  const { datastore, gater, listen, announce, relays, networkKey } = setup;
  const options: Libp2pOptions<MeshServices> = {
    privateKey,
    datastore,
    connectionGater: gater,
    nodeInfo: { name: PREFIX, version: "", userAgent: PREFIX },
    addresses: {
      listen: relays ? [...listen, "/p2p-circuit"] : [...listen],
      appendAnnounce: [...announce],
      announceFilter: withoutLoopback,
    },
    transports: relays ? [tcp(), circuitRelayTransport()] : [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [streamMuxer()],
    connectionManager: CONNECTIONS,
    connectionMonitor: { protocolPrefix: PREFIX, pingInterval: PING_MS },
    peerDiscovery: setup.findsNeighbours ? [mdns({ serviceTag: "_nocturne._udp.local" })] : [],
    services: services(setup),
  };
  if (networkKey) options.connectionProtector = preSharedKey({ psk: pskFile(networkKey) });
  return createLibp2p({ ...options, start: false });
}

const CONNECTIONS = {
  maxConnections: MESH_LIMITS.neighbours,
  inboundConnectionThreshold: MESH_LIMITS.knocksPerSecond,
  maxIncomingPendingConnections: MESH_LIMITS.greetings,
  dialTimeout: MESH_LIMITS.dialMs,
  addressDialTimeout: MESH_LIMITS.dialMs,
  maxParallelDials: MESH_LIMITS.dials,
  maxPeerAddrsToDial: 2 * MESH_LIMITS.nodeAddresses,
  resolvers: {}, // "dnsaddr" would look up whatever a stranger wrote
};

function services(setup: NodeSetup): NonNullable<Libp2pOptions<MeshServices>["services"]> {
  return {
    identify: identify({ protocolPrefix: PREFIX }),
    ping: ping({ protocolPrefix: PREFIX }),
    table: kadDHT({
      protocol: "/nocturne/table/1",
      clientMode: !setup.serves,
      // Nodes of one house or one machine are nodes too; libp2p would leave private addresses out.
      peerInfoMapper: passthroughMapper,
      initialQuerySelfInterval: FIRST_LOOK_MS,
      validators: { [NAMESPACE]: validator(setup.clock), pk: refuse },
      selectors: { [NAMESPACE]: selector },
    }),
    gossip: gossipsub({
      globalSignaturePolicy: StrictNoSign,
      fallbackToFloodsub: false,
      allowPublishToZeroTopicPeers: true,
      ignoreDuplicatePublishError: true,
      allowedTopics: TOPICS.map(topicText),
      maxInboundDataLength: 4 * MESH_LIMITS.gossipBytes,
      decodeRpcLimits: RPC_LIMITS,
      scoreParams: { IPColocationFactorWhitelist: new LoopbackHosts() },
    }),
    ...(setup.relays ? relayServices(setup.serves) : {}),
  };
}

const RPC_LIMITS = {
  maxSubscriptions: 16,
  maxMessages: 256,
  maxIhaveMessageIDs: 5_000,
  maxIwantMessageIDs: 1_000,
  maxIdontwantMessageIDs: 512,
  maxControlMessages: 256,
  maxPeerInfos: 0,
};

/** Only a node that others reach can be a relay; libp2p gives each little of it. */
function relayServices(serves: boolean): object {
  return {
    autoNAT: autoNAT({ protocolPrefix: PREFIX }),
    dcutr: dcutr(),
    // Of addresses that come later, such as those by a relay. Others tell theirs when they connect.
    identifyPush: identifyPush({ protocolPrefix: PREFIX }),
    ...(serves ? { relay: circuitRelayServer() } : {}),
  };
}

/** Nodes of one machine share an address, and are not many liars for it. Elsewhere gossip distrusts more than ten behind one. */
class LoopbackHosts extends Set<string> {
  override has(host: string): boolean {
    return isLoopbackHost(host) || host === "::1";
  }
}

/** What lies at loopback is of use on this machine alone; it is told only where nothing else is there. */
function withoutLoopback(addresses: Multiaddr[]): Multiaddr[] {
  const outside = addresses.filter((address) => {
    const host = addressOf(address)?.host ?? "";
    return !isLoopbackHost(host) && host !== "::1";
  });
  return outside.length > 0 ? outside : addresses;
}

function validator(clock: Clock): (key: Uint8Array, value: Uint8Array) => void {
  return (key, value) => {
    const place = placeOfTableKey(key);
    if (!place || !readRecord(value, place, clock.nowMs())) refuse();
  };
}

function refuse(): never {
  throw new Error("no record of the mesh");
}

function selector(_: Uint8Array, records: Uint8Array[]): number {
  const newest = records.reduce((a, b) => newerRecord(a, b) as Uint8Array);
  return records.indexOf(newest);
}

/** As libp2p reads keys of private networks. */
function pskFile(key: Uint8Array): Uint8Array {
  return utf8Encode(`/key/swarm/psk/1.0.0/\n/base16/\n${toHex(key)}`);
}
