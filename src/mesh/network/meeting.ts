/**
 * Keeps this machine in touch with the mesh: while it has few neighbours, it tries those that a person named, and some that
 * it knows from before.
 *
 *   at the start, every MESH_LIMITS.meetMs, and when somebody was found near by  -> fewer than neighboursLeast? -> dial
 *
 * The first that a neighbour is good for is to be asked who else is there.
 */
import type { IdentifyResult, PeerId, PeerInfo, Stream } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { Timers } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBelow } from "../../core/random.ts";
import type { NodeId } from "../node-id.ts";
import type { MeshLibp2p } from "./libp2p-node.ts";
import { multiaddrOf } from "./peer-ids.ts";
import type { NodeRoster } from "./roster.ts";
import { askRoster, ROSTER_PROTOCOL } from "./roster-protocol.ts";

/** Of known nodes, how many are tried at a time. */
const TRIES = 4;
const FIRST_WAIT_MS = 1_000;
/** After the first questions somebody is asked again, then ever more rarely: gossip misses some while it finds its ways. */
const ASK_AGAIN_MS = 2_000;
const ASK_FACTOR = 4;

export interface MeetingTools {
  readonly libp2p: MeshLibp2p;
  readonly roster: NodeRoster;
  /** Addresses that a person gave. */
  readonly named: readonly Multiaddr[];
  readonly timers: Timers;
  readonly log: Logger;
}

export class Meeting {
  readonly #tools: MeetingTools;
  readonly #stopped = new AbortController();
  #cancel: () => void = () => {};
  #cancelAsk: () => void = () => {};
  /** Neighbours that were asked as they came. */
  #asked = 0;

  constructor(tools: MeetingTools) {
    this.#tools = tools;
    tools.libp2p.addEventListener("peer:discovery", (event) => this.#found(event.detail));
    tools.libp2p.addEventListener("peer:identify", (event) => this.#met(event.detail));
    this.#round();
    this.#askLater(ASK_AGAIN_MS);
  }

  /** Looks for neighbours now, if there are few. */
  async run(): Promise<void> {
    if (!this.#hasFew()) return;
    await Promise.all([...this.#tools.named.map((address) => [address]), ...this.#known()].map((to) => this.#dial(to)));
  }

  close(): void {
    this.#stopped.abort();
    this.#cancel();
    this.#cancelAsk();
  }

  /** Soon again while nobody was met, since the one who was dialled may have been busy; then at its pace. */
  #round(waitMs: number = FIRST_WAIT_MS): void {
    void this.run().finally(() => {
      if (this.#stopped.signal.aborted) return;
      const isAlone = this.#tools.libp2p.getPeers().length === 0;
      const delayMs = isAlone ? Math.min(waitMs, MESH_LIMITS.meetMs) : MESH_LIMITS.meetMs;
      this.#cancel = this.#tools.timers.schedule(() => this.#round(isAlone ? 2 * waitMs : FIRST_WAIT_MS), delayMs);
    });
  }

  #hasFew(): boolean {
    return this.#tools.libp2p.getPeers().length < MESH_LIMITS.neighboursLeast && !this.#stopped.signal.aborted;
  }

  /** Some nodes of the roster, with their addresses. */
  #known(): Multiaddr[][] {
    const { roster } = this.#tools;
    const all = roster.nodes();
    const ids = new Set<NodeId>();
    for (let i = 0; i < TRIES && all.length > 0; i++) ids.add((all[randomBelow(all.length)] as { id: NodeId }).id);
    const addresses = [...ids].map((id) => (roster.saidBy(id)?.meshAddresses ?? []).map((at) => multiaddrOf(at, id)));
    return addresses.filter((found) => found.length > 0);
  }

  async #dial(to: Multiaddr[] | PeerId): Promise<void> {
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(MESH_LIMITS.dialMs)]);
    await this.#tools.libp2p.dial(to, { signal }).catch((error: Error) => {
      this.#tools.log.debug({ reason: error.name }, "a node of the mesh was not reached");
    });
  }

  /** libp2p tells of peers that it heard of; those near by (mDNS) have nobody else who would dial them. */
  #found({ id }: PeerInfo): void {
    if (this.#hasFew()) void this.#dial(id);
  }

  #met({ peerId, protocols }: IdentifyResult): void {
    if (protocols.includes(ROSTER_PROTOCOL) && this.#asked < MESH_LIMITS.rosterAsks) void this.#ask(peerId);
  }

  #askLater(delayMs: number): void {
    this.#cancelAsk = this.#tools.timers.schedule(() => {
      const peers = this.#tools.libp2p.getPeers();
      const peer = peers.length > 0 ? peers[randomBelow(peers.length)] : undefined;
      if (peer) void this.#ask(peer);
      this.#askLater(Math.min(MESH_LIMITS.announceMs, peer ? ASK_FACTOR * delayMs : delayMs));
    }, delayMs);
  }

  async #ask(peer: PeerId): Promise<void> {
    this.#asked++;
    const { libp2p, roster, log } = this.#tools;
    const open = (): Promise<Stream> => {
      const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(MESH_LIMITS.dialMs)]);
      return libp2p.dialProtocol(peer, ROSTER_PROTOCOL, { signal });
    };
    try {
      await askRoster(open, roster);
    } catch (error) {
      this.#asked--;
      log.debug({ reason: (error as Error).name }, "a neighbour did not say who is there");
    }
  }
}
