/**
 * A machine's part in the mesh: who is there, what was signed, lines to nodes, gossip.
 *
 *   announcer -> gossip "nodes" -> roster <- meeting (neighbours that are asked) <- prober
 *   republisher -> records <-> libp2p's table, behind the guarding datastore
 *   lines, topics                                                                   network.db keeps what must last
 *
 * A client neither listens nor serves: it asks, and is announced to nobody. Nothing is dialled but what a person gave, what
 * was known from before, and nodes of the mesh to which those lead.
 */
import type { DatabaseSync } from "node:sqlite";
import type { PeerId, Stream } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import { type Clock, systemClock, systemTimers, type Timers } from "../../core/clock.ts";
import { NetworkError, toNocturneError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import { type NodeId, nodeIdOf } from "../node-id.ts";
import type { Address, Line, Records, Roster } from "../rooms.ts";
import { type Announcement, coarseRoom } from "./announcement.ts";
import { Announcer } from "./announcer.ts";
import { type Denied, gatekeeper } from "./gatekeeper.ts";
import { type MeshLibp2p, createNode } from "./libp2p-node.ts";
import { ipToBytes, isLinkLocal, isPrivateIp } from "./ip-bytes.ts";
import { StreamLine } from "./line.ts";
import { Meeting } from "./meeting.ts";
import { openNetworkDatabase } from "./network-database.ts";
import { addressOf, multiaddrOf, nodeIdOfPeer, parseMeshAddress, peerIdOf } from "./peer-ids.ts";
import { Prober } from "./prober.ts";
import { RecordDatastore } from "./record-datastore.ts";
import { TableRecords } from "./records.ts";
import { Republisher } from "./republisher.ts";
import { NodeRoster } from "./roster.ts";
import { answerQuestion, askQuestion } from "./question.ts";
import { answerRoster, ROSTER_PROTOCOL } from "./roster-protocol.ts";
import { SeenRecords } from "./seen-records.ts";
import { joinTopic, type Topic, type TopicName, type Verdict } from "./topic.ts";

export interface NetworkOptions {
  /** Who this node is. */
  readonly key: SignatureKeyPair;
  /** Where it keeps network.db. */
  readonly folder: string;
  readonly log: Logger;
  /** IP address and TCP port of libp2p (0: any); `announce`: IP addresses by which others reach it, if it does not see them itself. Null: it only dials. */
  readonly listen: (Address & { readonly announce: readonly string[] }) | null;
  /** Addresses of nodes as people type them; see `peer-ids.ts`. */
  readonly bootstrap: readonly string[];
  /** Looks for nodes in the same local network (mDNS), and shows itself there. */
  readonly findsNeighbours: boolean;
  /** 32 bytes: only nodes that have it are reached, and reach this one. */
  readonly networkKey: Uint8Array | null;
  /** Reaches nodes behind other people's routers by way of a third one, and is reached so. */
  readonly relays: boolean;
  /** Answers for the table, and keeps records of others. */
  readonly serves: boolean;
  /** What it announces; null: it keeps no fragments, and is not announced. */
  readonly exchange: ExchangeInfo | null;
  readonly denied: Denied;
  /** Puts down what this node says of itself, before it leaves. */
  readonly note?: (announcement: Uint8Array) => Promise<void>;
  readonly clock?: Clock;
  readonly timers?: Timers;
}

export interface ExchangeInfo {
  /** At the addresses of libp2p; 0: only by a line. */
  readonly port: number;
  readonly cares: boolean;
  roomBytes(): number;
  /** Whether it takes nothing more, and wants to be rid of what it has. */
  leaving(): boolean;
}

const LINE_PROTOCOL = "/nocturne/exchange/1";
/** Of the software: 1 knows the formats of today. */
const SOFTWARE = 1;

export class MeshNetwork implements AsyncDisposable {
  readonly #options: NetworkOptions;
  readonly #libp2p: MeshLibp2p;
  readonly #db: DatabaseSync;
  readonly #roster: NodeRoster;
  readonly #announcer: Announcer;
  readonly #meeting: Meeting;
  readonly #prober: Prober;
  #isClosed = false;
  readonly id: NodeId;
  readonly records: Records;
  readonly republisher: Republisher;

  private constructor(
    options: NetworkOptions,
    db: DatabaseSync,
    libp2p: MeshLibp2p,
    store: RecordDatastore,
    roster: NodeRoster,
  ) {
    const { clock = systemClock, timers = systemTimers, log, serves } = options;
    [this.#options, this.#db, this.#libp2p, this.#roster] = [options, db, libp2p, roster];
    this.id = nodeIdOf(options.key.publicKey);
    this.records = new TableRecords({
      table: libp2p.services.table,
      seen: new SeenRecords(db, clock),
      clock,
      keepOwn: (place) => store.keepOwn(place),
      isConnected: () => this.connected > 0,
    });
    this.republisher = new Republisher({ records: this.records, db, clock, timers, log });
    this.#announcer = this.#startAnnouncer(clock, timers);
    const named = options.bootstrap.map(parseMeshAddress);
    this.#meeting = new Meeting({ libp2p, roster, named, timers, log });
    this.#prober = new Prober({ roster, serves, timers, ping: (id, signal) => this.#ping(id, signal) });
  }

  /**
   * Resolves when it listens; it finds others by itself from then on. Throws UsageError `bad_mesh_address`, InternalError
   * `port_in_use`, CodecError `network_corrupt`.
   */
  static async start(options: NetworkOptions): Promise<MeshNetwork> {
    const { key, clock = systemClock, timers = systemTimers, listen, networkKey } = options;
    const written = new Set(options.bootstrap.map((text) => parseMeshAddress(text).toString()));
    const db = openNetworkDatabase(options.folder);
    const self = nodeIdOf(key.publicKey);
    const store = new RecordDatastore(db, clock, sha256(peerIdOf(self).toMultihash().bytes));
    let libp2p: MeshLibp2p | null = null;
    const connections = () => libp2p?.getConnections() ?? [];
    try {
      libp2p = await createNode({
        seed: key.secretKey,
        datastore: store,
        clock,
        gater: gatekeeper(options.denied, written, connections),
        listen: listen ? [multiaddrText(listen)] : [],
        announce: listen ? listen.announce.map((host) => multiaddrText({ host, port: listen.port })) : [],
        serves: options.serves,
        findsNeighbours: options.findsNeighbours,
        relays: options.relays,
        networkKey,
      });
      const roster = new NodeRoster({ db, self, clock, timers, isConnected: () => connections().length > 0 });
      await libp2p.handle(ROSTER_PROTOCOL, (stream) => answerQuietly(answerRoster(stream, roster)), {
        maxInboundStreams: 4,
      });
      await libp2p.start();
      return new MeshNetwork(options, db, libp2p, store, roster);
    } catch (error) {
      await libp2p?.stop();
      db.close();
      throw listenError(error);
    }
  }

  get roster(): Roster {
    return this.#roster;
  }

  /** As libp2p writes this node's id. */
  get peerId(): string {
    return this.#libp2p.peerId.toString();
  }

  /** Neighbours now. */
  get connected(): number {
    return this.#libp2p.getPeers().length;
  }

  /** By which others reach this node, as people type them. */
  addresses(): string[] {
    return this.#libp2p.getMultiaddrs().map((address) => address.toString());
  }

  /** A line to a node, for its exchange. Throws NetworkError `node_unreachable`. */
  async dial(id: NodeId, signal?: AbortSignal): Promise<Line> {
    return new StreamLine(await this.#open(id, LINE_PROTOCOL, signal));
  }

  /** Who serves lines that others open. Whoever takes one disposes of it. */
  async onLine(serve: (line: Line, from: NodeId) => void): Promise<void> {
    const options = { maxInboundStreams: MESH_LIMITS.lines, runOnLimitedConnection: this.#options.relays };
    await this.#libp2p.handle(
      LINE_PROTOCOL,
      (stream, { remotePeer }) => {
        const from = nodeIdOfPeer(remotePeer);
        if (from) serve(new StreamLine(stream), from);
        else stream.abort(new Error("no node"));
      },
      options,
    );
  }

  /**
   * A node's answer to a question of MESH_LIMITS.questionBytes at most. Throws NetworkError `node_unreachable` when it was not reached or does not know
   * this protocol, `node_failed` when it answers more than `most` bytes or nothing in time.
   */
  async ask(
    id: NodeId,
    protocol: string,
    question: Uint8Array,
    most: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const stream = await this.#open(id, protocol, signal);
    return askQuestion(stream, question, most);
  }

  /** Who answers such questions; each protocol once. What `answer` throws, the asker gets nothing of. */
  async onQuestion(protocol: string, answer: (question: Uint8Array) => Promise<Uint8Array>): Promise<void> {
    const options = { maxInboundStreams: MESH_LIMITS.questions, runOnLimitedConnection: this.#options.relays };
    await this.#libp2p.handle(protocol, (stream) => answerQuietly(answerQuestion(stream, answer)), options);
  }

  /** Who is connected now, nodes and clients. */
  neighbours(): NodeId[] {
    return this.#libp2p.getPeers().flatMap((peer) => nodeIdOfPeer(peer) ?? []);
  }

  /** These keep two histories of what they signed: they get nothing more. */
  convict(ids: ReadonlySet<string>): void {
    this.#roster.convict(ids);
  }

  /** Joins a topic of gossip; each once. */
  topic(name: Exclude<TopicName, "nodes">, judge: (bytes: Uint8Array) => Verdict): Topic {
    return joinTopic(this.#libp2p.services.gossip, name, judge);
  }

  /** Nodes that hold this machine's fragments: they are asked whether they are there even by a client. */
  watch(ids: ReadonlySet<NodeId>): void {
    this.#roster.watch(ids);
  }

  /** What is announced has changed. */
  announce(): void {
    if (this.#options.exchange) this.#announcer.change();
  }

  /** What this node last said of itself, for a tracker; null while it said nothing. */
  announcement(): Uint8Array | null {
    return this.#roster.own;
  }

  /** Announcements from elsewhere, such as a tracker; looks there for neighbours if there are few. */
  async introduce(announcements: readonly Uint8Array[]): Promise<void> {
    for (const bytes of announcements) this.#roster.hear(bytes, false);
    await this.#meeting.run();
  }

  /** Once is enough; a second time does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#meeting.close();
    this.#prober.close();
    this.#announcer.close();
    this.republisher.close();
    await this.#libp2p.stop();
    this.#roster.close();
    this.#db.close();
  }

  #startAnnouncer(clock: Clock, timers: Timers): Announcer {
    const { key, log, note = async () => {} } = this.#options;
    const gossip = this.#libp2p.services.gossip;
    const topic = joinTopic(gossip, "nodes", (bytes) => this.#roster.hear(bytes, true));
    const publish = async (announcement: Uint8Array): Promise<boolean> => {
      await note(announcement);
      this.#roster.setOwn(announcement);
      if (topic.listeners() === 0) return false;
      await topic.publish(announcement);
      return true;
    };
    const announcer = new Announcer({ key, db: this.#db, clock, timers, log, publish, say: () => this.#say() });
    if (this.#options.exchange) {
      announcer.change();
      gossip.addEventListener("subscription-change", () => announcer.listenerCame());
      this.#libp2p.addEventListener("self:peer:update", () => announcer.change());
    }
    return announcer;
  }

  #say(): Omit<Announcement, "id" | "sequence" | "madeAtMs"> {
    const { exchange } = this.#options;
    const shown = toAnnounce(this.#libp2p.getMultiaddrs().flatMap((address) => addressOf(address) ?? []));
    const port = exchange?.port ?? 0;
    return {
      addresses: port === 0 ? [] : shown.map(({ host }) => ({ host, port })),
      meshAddresses: shown,
      roomBytes: coarseRoom(exchange?.roomBytes() ?? 0),
      cares: exchange?.cares ?? false,
      isLeaving: exchange?.leaving() ?? false,
      software: SOFTWARE,
    };
  }

  async #open(id: NodeId, protocol: string, signal: AbortSignal | undefined): Promise<Stream> {
    const timeout = AbortSignal.timeout(MESH_LIMITS.dialMs);
    const options = {
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      maxOutboundStreams: MESH_LIMITS.lines,
      runOnLimitedConnection: this.#options.relays,
    };
    try {
      return await this.#reach(id, (to) => this.#libp2p.dialProtocol(to, protocol, options));
    } catch (cause) {
      signal?.throwIfAborted();
      throw new NetworkError("node_unreachable", "A node of the mesh was not reached.", { cause });
    }
  }

  /** By the connection that there is, else where the node said that it is, else as libp2p's table knows, such as by a relay. */
  async #reach<T>(id: NodeId, open: (to: PeerId | Multiaddr[]) => Promise<T>): Promise<T> {
    const peer = peerIdOf(id);
    const said = (this.#roster.saidBy(id)?.meshAddresses ?? []).map((address) => multiaddrOf(address, id));
    if (said.length === 0 || this.#libp2p.getConnections(peer).length > 0) return open(peer);
    try {
      return await open(said);
    } catch (error) {
      if (!this.#options.relays) throw error;
      return open(peer);
    }
  }

  async #ping(id: NodeId, signal: AbortSignal): Promise<boolean> {
    const peer = peerIdOf(id);
    const wasConnected = this.#libp2p.getConnections(peer).length > 0;
    try {
      await this.#reach(id, (to) => this.#libp2p.services.ping.ping(to, { signal }));
      return true;
    } catch {
      return false;
    } finally {
      // Asking a thousand nodes must not leave a thousand connections.
      if (!wasConnected) await this.#libp2p.hangUp(peer).catch(() => {});
    }
  }
}

/** Public addresses first, by which others count the node's failure domain: bridges of containers are the same everywhere. */
function toAnnounce(addresses: readonly Address[]): Address[] {
  const known = addresses.flatMap((address) => {
    const bytes = ipToBytes(address.host);
    return bytes && !isLinkLocal(bytes) ? [{ address, isPrivate: isPrivateIp(bytes) }] : [];
  });
  known.sort((a, b) => Number(a.isPrivate) - Number(b.isPrivate));
  return known.slice(0, MESH_LIMITS.nodeAddresses).map(({ address }) => address);
}

function multiaddrText({ host, port }: Address): string {
  return `/${host.includes(":") ? "ip6" : "ip4"}/${host}/tcp/${port}`;
}

/** A stream that broke is the other side's loss. */
async function answerQuietly(answer: Promise<void>): Promise<void> {
  await answer.catch(() => {});
}

/** libp2p tells why it cannot listen in the words of the system, somewhere inside. */
function listenError(error: unknown): Error {
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  if (inner instanceof Error && inner.message.includes("EADDRINUSE")) {
    return toNocturneError(Object.assign(new Error(inner.message, { cause: error }), { code: "EADDRINUSE" }));
  }
  return toNocturneError(inner);
}
