/**
 * Fragments of any node, for one owner or for nobody: connections are made when they are needed, at each of the node's
 * addresses in turn and then over libp2p, used by all, and closed when nobody asks for anything.
 *
 *   peer(node) -> NodePool -> Connection -> dial | TLS, pinned to the node's key
 *                                        -> line of libp2p, whose other end libp2p has made sure of
 */
import type { Duplex } from "node:stream";
import { type Clock, systemTimers, type Timers } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import { readCareCertificate } from "../manifest/care-certificate.ts";
import { type NodeId, type OwnerId, ownerIdOf } from "../node-id.ts";
import type { Address, Exchange, FragmentPeer, Line } from "../rooms.ts";
import { Connection, unreachable } from "./connection.ts";
import { NodePeer } from "./node-peer.ts";
import { NodePool } from "./node-pool.ts";
import type { Credentials } from "./proof.ts";
import { connectToNode, socketLine } from "./tls.ts";
import { broken } from "./wire.ts";

export interface ExchangeClientOptions {
  /** A plain connection to an address, by the route; nothing here opens one by itself. */
  readonly dial: (address: Address, signal: AbortSignal) => Promise<Duplex>;
  /** A stream of libp2p to this node, or null if it cannot be had. */
  readonly line: (node: NodeId) => Promise<Line | null>;
  readonly addressesOf: (node: NodeId) => readonly Address[];
  /** The owner's, or with `certificate` the carer's; null to fetch and audit only. */
  readonly key: SignatureKeyPair | null;
  /** The owner's word for the carer. */
  readonly certificate?: Uint8Array;
  /** What a node promised us. */
  readonly vouchers: (node: NodeId) => Uint8Array | null;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether a node answered when a connection was made. */
  readonly heard: (node: NodeId, answered: boolean) => void;
  readonly timers?: Timers;
}

export class ExchangeClient implements Exchange {
  readonly #options: ExchangeClientOptions;
  readonly #owner: OwnerId | null;
  readonly #timers: Timers;
  readonly #pools = new Map<NodeId, NodePool>();
  readonly #ended = new AbortController();
  #opening = 0;

  constructor(options: ExchangeClientOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#owner = ownerOf(options);
  }

  async peer(node: NodeId, signal?: AbortSignal): Promise<FragmentPeer> {
    await this.#with(node, (pool) => pool.reach(signal));
    const { clock } = this.#options;
    return new NodePeer({
      node,
      owner: this.#owner,
      clock,
      take: (later) => this.#with(node, (pool) => pool.take(later)),
    });
  }

  /** What is under way fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(broken());
    const all = this.#connections();
    for (const connection of all) connection.close(broken());
    await Promise.all(all.map((connection) => connection.closed()));
  }

  async #with<T>(node: NodeId, use: (pool: NodePool) => Promise<T>): Promise<T> {
    const pool = this.#pools.get(node) ?? new NodePool((onClosed, until) => this.#open(node, onClosed, until));
    this.#pools.set(node, pool);
    try {
      return await use(pool);
    } finally {
      this.#tidy(node);
    }
  }

  async #open(node: NodeId, onClosed: (ended: Connection) => void, signal?: AbortSignal): Promise<Connection> {
    const until = signal ? AbortSignal.any([signal, this.#ended.signal]) : this.#ended.signal;
    until.throwIfAborted();
    this.#makeRoom();
    this.#opening++;
    const leave = (ended: Connection): void => {
      onClosed(ended);
      this.#tidy(node);
    };
    try {
      const connection = await this.#connect(node, leave, until);
      this.#options.heard(node, true);
      return connection;
    } catch (error) {
      if (!until.aborted) this.#options.heard(node, false);
      throw error;
    } finally {
      this.#opening--;
    }
  }

  #tidy(node: NodeId): void {
    if (this.#pools.get(node)?.isEmpty) this.#pools.delete(node);
  }

  /** At each address, then over libp2p; throws why the last one failed. */
  async #connect(node: NodeId, onClosed: (ended: Connection) => void, signal: AbortSignal): Promise<Connection> {
    const ways = [...this.#options.addressesOf(node)].map((address) => () => this.#dialled(address, node, signal));
    let error: unknown = unreachable("No address of the node is known.");
    for (const way of [...ways, () => this.#options.line(node)]) {
      signal.throwIfAborted();
      try {
        const line = await way();
        if (!line) continue;
        const credentials = this.#credentials(node);
        return await Connection.open({ line, node, timers: this.#timers, credentials, onClosed }, signal);
      } catch (cause) {
        error = unreachable("The node cannot be reached.", cause);
        this.#options.log.debug({ node, code: (cause as { code?: string } | null)?.code }, "a way to a node failed");
      }
    }
    signal.throwIfAborted();
    throw error;
  }

  async #dialled(address: Address, node: NodeId, signal: AbortSignal): Promise<Line> {
    const late = new AbortController();
    const cancel = this.#timers.schedule(() => late.abort(unreachable("The node is silent.")), MESH_LIMITS.handshakeMs);
    const until = AbortSignal.any([signal, late.signal]);
    try {
      return socketLine(await connectToNode(await this.#options.dial(address, until), node, until));
    } finally {
      cancel();
    }
  }

  #credentials(node: NodeId): Credentials | null {
    const { key, certificate = null, vouchers } = this.#options;
    return key && this.#owner ? { key, owner: this.#owner, certificate, voucher: vouchers(node) } : null;
  }

  /** Throws NetworkError `node_unreachable` when all MESH_LIMITS.dialled connections are in use. */
  #makeRoom(): void {
    const all = this.#connections();
    if (all.length + this.#opening < MESH_LIMITS.dialled) return;
    const unused = all.find(({ wanted }) => wanted === 0);
    if (!unused) throw unreachable("Too many nodes are being asked at the same time.");
    unused.close(broken());
  }

  #connections(): Connection[] {
    return [...this.#pools.values()].flatMap(({ connections }) => connections);
  }
}

/** For whom a client speaks. */
function ownerOf({ key, certificate, clock }: ExchangeClientOptions): OwnerId | null {
  if (!key) return null;
  const care = certificate ? readCareCertificate(certificate, clock.nowMs()) : null;
  return care?.owner ?? ownerIdOf(key.publicKey);
}
