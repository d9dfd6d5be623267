/** A small mesh in memory for tests of what is above it: nodes that keep what they are given, and ones that do not. */
import { setTimeout as sleep } from "node:timers/promises";
import { u32 } from "../../core/bytes.ts";
import { NetworkError, PolicyError, ValidationError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { readReceipt, signReceipt } from "../exchange/receipt.ts";
import { type NodeId, nodeIdOf, type OwnerId, ownerIdOf } from "../node-id.ts";
import { type FragmentId, fragmentId, leafHashes, leafCount } from "../pieces/fragment-tree.ts";
import type { NodeState } from "../placement/node-state.ts";
import type {
  AuditVerdict,
  Exchange,
  FragmentPeer,
  FragmentRef,
  KnownNode,
  LeafQuestion,
  Receipt,
  Roster,
} from "../rooms.ts";

const OWNER: OwnerId = ownerIdOf(new Uint8Array(32));

/** One node; what it does is changed while a test runs. */
export class MemoryNode implements FragmentPeer {
  readonly node: NodeId;
  readonly kept: Map<FragmentId, Uint8Array> = new Map();
  readonly domain: string;
  readonly #key: SignatureKeyPair;
  /** For whom it signs receipts. */
  owner: OwnerId = OWNER;
  /** When what it keeps ends, by its receipts. */
  untilMs = 0;
  /** Receipts that it was asked for; it gives none while `isMum`. */
  asked = 0;
  isMum = false;
  /** `silent`: nobody answers. `stuck`: whatever is asked of it never ends. */
  is: "up" | "silent" | "stuck" = "up";
  state: NodeState = "up";
  roomBytes = 1e12;
  delayMs = 0;
  /** Bytes that were asked of it. */
  given = 0;

  constructor(number: number, domain: string = `10.0.${number}.0/24`) {
    this.#key = ed25519.createKeyPair(sha256(u32(number)));
    this.node = nodeIdOf(this.#key.publicKey);
    this.domain = domain;
  }

  async store(fragment: FragmentRef, content: Uint8Array, untilMs: number, signal?: AbortSignal): Promise<void> {
    await this.#answer(signal);
    if (this.roomBytes < fragment.bytes) throw new PolicyError("node_full", "It is full.");
    if (fragmentId(content.length, leafHashes(content)) !== fragment.id) {
      throw new ValidationError("node_refused", "It is another fragment.");
    }
    this.kept.set(fragment.id, content.slice());
    this.untilMs = untilMs;
    this.roomBytes -= fragment.bytes;
  }

  async receipt(fragments: readonly FragmentRef[]): Promise<Receipt> {
    await this.#answer();
    this.asked++;
    if (this.isMum) throw new ValidationError("node_refused", "It promises nothing.");
    const kept = fragments.filter(({ id }) => this.kept.has(id));
    const said = { owner: this.owner, untilMs: this.untilMs, madeAtMs: Date.now(), fragments: kept };
    return readReceipt(signReceipt(said, this.#key)) as Receipt;
  }

  async *fetch(
    fragment: FragmentRef,
    from: { readonly first: number; readonly count: number } = { first: 0, count: leafCount(fragment.bytes) },
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    await this.#answer(signal);
    const content = this.kept.get(fragment.id);
    if (!content) throw new ValidationError("fragment_missing", "It has no such fragment.");
    const { leafBytes } = MESH_LIMITS;
    for (let leaf = from.first; leaf < Math.min(from.first + from.count, leafCount(content.length)); leaf++) {
      const piece = content.subarray(leaf * leafBytes, (leaf + 1) * leafBytes);
      this.given += piece.length;
      yield piece;
    }
  }

  async audit(questions: readonly LeafQuestion[], signal?: AbortSignal): Promise<AuditVerdict[]> {
    await this.#answer(signal);
    return questions.map(({ id, bytes }) => {
      const content = this.kept.get(id);
      if (!content) return "missing";
      return fragmentId(bytes, leafHashes(content)) === id ? "kept" : "wrong";
    });
  }

  async renew(ids: readonly FragmentId[]): Promise<FragmentId[]> {
    await this.#answer();
    return ids.filter((id) => this.kept.has(id));
  }

  async drop(ids: readonly FragmentId[]): Promise<FragmentId[]> {
    await this.#answer();
    return ids.filter((id) => this.kept.delete(id));
  }

  async room(): Promise<number> {
    await this.#answer();
    return this.roomBytes;
  }

  async released(): Promise<void> {
    await this.#answer();
  }

  async care(): Promise<void> {
    await this.#answer();
    throw new PolicyError("no_care", "It does not take care of files of others.");
  }

  async #answer(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.is === "silent") throw new NetworkError("node_unreachable", "It does not answer.");
    if (this.is === "stuck") {
      await new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      });
    }
    if (this.delayMs > 0) await sleep(this.delayMs, undefined, signal ? { signal } : {});
  }
}

/** Numbered nodes, each in a failure domain of its own. */
export class MemoryMesh {
  readonly nodes: readonly MemoryNode[];
  readonly roster: Roster;
  readonly exchange: Exchange;

  constructor(count: number) {
    this.nodes = Array.from({ length: count }, (_, number) => new MemoryNode(number));
    const find = (id: NodeId): MemoryNode | undefined => this.nodes.find(({ node }) => node === id);
    const known = (one: MemoryNode): KnownNode => ({
      id: one.node,
      addresses: [],
      domain: one.domain,
      roomBytes: one.roomBytes,
      cares: false,
      isLeaving: false,
      isForked: false,
      uptime: 0.9,
      state: one.state,
    });
    this.roster = {
      nodes: () => this.nodes.map(known),
      find: (id) => {
        const one = find(id);
        return one ? known(one) : null;
      },
      heard: () => {},
      audited: () => {},
      onChange: () => () => {},
    };
    this.exchange = {
      peer: async (id) => {
        const one = find(id);
        if (!one || one.is === "silent") throw new NetworkError("node_unreachable", "It does not answer.");
        return one;
      },
      [Symbol.asyncDispose]: async () => {},
    };
  }
  /** The receipts of all nodes are this person's from now on. */
  signFor(owner: OwnerId): void {
    for (const node of this.nodes) node.owner = owner;
  }
}
