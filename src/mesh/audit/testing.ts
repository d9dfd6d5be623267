/**
 * A mesh in memory whose nodes forget, damage, refuse and lie, for tests of what finds and repairs that.
 *
 *   TestNode      what a node's disk holds, and what is wrong with it
 *   TestPeer      what a client makes of its answers: every leaf is checked, unless `isChecked` is off
 *   TestMesh      the roster, by what was heard and audited, with a clock; one Exchange to all nodes
 */
import { setImmediate as turn } from "node:timers/promises";
import { equalBytes, toHex, u32 } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { NetworkError, PolicyError, ValidationError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { leafHash } from "../../crypto/merkle-tree.ts";
import { createLocator, type Locator, type PlacedFragment } from "../manifest/locator.ts";
import { type NodeId, type OwnerId, ownerIdOf } from "../node-id.ts";
import { SegmentMemory } from "../objects/segment-memory.ts";
import { type FragmentId, fragmentId, leafCount, leafHashes } from "../pieces/fragment-tree.ts";
import { segmentsOf } from "../pieces/segments.ts";
import { isCounted, nodeState } from "../placement/node-state.ts";
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

const { leafBytes } = MESH_LIMITS;
const OWNER: OwnerId = ownerIdOf(new Uint8Array(32));

interface Kept {
  readonly content: Uint8Array;
  readonly hashes: readonly Uint8Array[];
  untilMs: number;
}

/** What a node does is changed while a test runs. */
export class TestNode {
  readonly id: NodeId;
  readonly domain: string;
  readonly kept: Map<FragmentId, Kept> = new Map();
  isSilent = false;
  isLeaving = false;
  /** Answers audits, and gives nothing away. */
  refusesDownloads = false;
  /** Takes a question and never answers, whatever the asker's signal says. */
  hangs = false;
  roomBytes = 1e12;
  readonly record: { answeredAtMs: number; auditedAtMs: number };
  /** Outcomes of its audits. */
  readonly audits: boolean[] = [];
  /** Fragments that a leaving node was told of. */
  readonly released: FragmentId[] = [];
  /** Of leaves that were asked for in audits, and downloads. */
  questions = 0;
  downloads = 0;
  stores = 0;

  constructor(number: number, nowMs: number) {
    this.id = toHex(sha256(u32(number))) as NodeId;
    this.domain = `10.0.${number}.0/24`;
    this.record = { answeredAtMs: nowMs, auditedAtMs: nowMs };
  }

  put(content: Uint8Array, untilMs: number): void {
    const hashes = leafHashes(content);
    this.kept.set(fragmentId(content.length, hashes), { content: content.slice(), hashes, untilMs });
  }

  /** A sector of its disk goes bad. */
  damage(id: FragmentId, leaf: number): void {
    const { content } = this.kept.get(id) as Kept;
    content[leaf * leafBytes] = (content[leaf * leafBytes] as number) ^ 1;
  }
}

/** As the exchange's client, which checks all that it is told. */
class TestPeer implements FragmentPeer {
  readonly node: NodeId;
  readonly #of: TestNode;
  readonly #mesh: TestMesh;

  constructor(of: TestNode, mesh: TestMesh) {
    this.node = of.id;
    this.#of = of;
    this.#mesh = mesh;
  }

  async store(fragment: FragmentRef, content: Uint8Array, untilMs: number): Promise<void> {
    await this.#answer();
    this.#of.stores++;
    if (this.#of.roomBytes < fragment.bytes) throw new PolicyError("node_full", "It is full.");
    // Without the check a node takes whatever it is sent under that name.
    if (this.#mesh.isChecked && fragmentId(content.length, leafHashes(content)) !== fragment.id) {
      throw new ValidationError("node_refused", "It is another fragment.");
    }
    this.#of.kept.set(fragment.id, { content: content.slice(), hashes: leafHashes(content), untilMs });
    this.#of.roomBytes -= fragment.bytes;
  }

  async receipt(fragments: readonly FragmentRef[]): Promise<Receipt> {
    await this.#answer();
    return { node: this.node, owner: OWNER, untilMs: 0, madeAtMs: 0, fragments, bytes: new Uint8Array(0) };
  }

  async *fetch(
    fragment: FragmentRef,
    from = { first: 0, count: leafCount(fragment.bytes) },
  ): AsyncGenerator<Uint8Array> {
    await this.#answer();
    this.#of.downloads++;
    if (this.#of.refusesDownloads) throw new NetworkError("node_failed", "It gives nothing.");
    const kept = this.#of.kept.get(fragment.id);
    if (!kept) throw new ValidationError("fragment_missing", "It has no such fragment.");
    for (let leaf = from.first; leaf < from.first + from.count; leaf++) {
      if (this.#mesh.isChecked && !isRight(kept, leaf)) throw new ValidationError("wrong_fragment", "It is not that.");
      yield leafOf(kept, leaf);
    }
  }

  async audit(questions: readonly LeafQuestion[]): Promise<AuditVerdict[]> {
    await this.#answer();
    return questions.map(({ id, leaves }) => {
      this.#of.questions += leaves.length;
      const kept = this.#of.kept.get(id);
      if (!kept) return "missing";
      return leaves.every((leaf) => isRight(kept, leaf)) ? "kept" : "wrong";
    });
  }

  async renew(ids: readonly FragmentId[], untilMs: number): Promise<FragmentId[]> {
    await this.#answer();
    const renewed = ids.filter((id) => this.#of.kept.has(id));
    for (const id of renewed) (this.#of.kept.get(id) as Kept).untilMs = untilMs;
    return renewed;
  }

  async drop(): Promise<FragmentId[]> {
    throw new ValidationError("node_refused", "A carer may not drop anything.");
  }

  async room(): Promise<number> {
    return this.#of.roomBytes;
  }

  async released(ids: readonly FragmentId[]): Promise<void> {
    await this.#answer();
    this.#of.released.push(...ids);
  }

  async care(): Promise<void> {
    throw new PolicyError("no_care", "It does not take care of files of others.");
  }

  async #answer(): Promise<void> {
    await turn();
    if (this.#of.isSilent) throw new NetworkError("node_unreachable", "It does not answer.");
    if (this.#of.hangs) await new Promise(() => {});
  }
}

function leafOf({ content }: Kept, leaf: number): Uint8Array {
  return content.subarray(leaf * leafBytes, (leaf + 1) * leafBytes);
}

function isRight(kept: Kept, leaf: number): boolean {
  return equalBytes(leafHash(leafOf(kept, leaf)), kept.hashes[leaf] as Uint8Array);
}

export class TestMesh {
  readonly nodes: readonly TestNode[];
  readonly roster: Roster;
  readonly exchange: Exchange;
  readonly clock: Clock;
  /** Whether clients check what nodes show. */
  isChecked = true;
  readonly #listeners = new Set<() => void>();

  constructor(count: number, clock: Clock) {
    this.clock = clock;
    this.nodes = Array.from({ length: count }, (_, number) => new TestNode(number, clock.nowMs()));
    this.roster = {
      nodes: () => this.nodes.map((node) => this.#known(node)),
      find: (id) => {
        const node = this.find(id);
        return node ? this.#known(node) : null;
      },
      heard: (id, answered) => {
        const node = this.find(id);
        if (!node || !answered) return;
        // Who was not away for long still has what it had.
        if (isCounted(this.#known(node).state)) node.record.auditedAtMs = clock.nowMs();
        node.record.answeredAtMs = clock.nowMs();
      },
      audited: (id, outcome) => {
        const node = this.find(id);
        if (outcome !== "silent") node?.audits.push(outcome === "kept");
        if (node && outcome === "kept") node.record.auditedAtMs = clock.nowMs();
      },
      onChange: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
    this.exchange = {
      peer: async (id) => {
        const node = this.find(id);
        if (!node || node.isSilent) throw new NetworkError("node_unreachable", "It does not answer.");
        return new TestPeer(node, this);
      },
      [Symbol.asyncDispose]: async () => {},
    };
  }

  find(id: NodeId | null): TestNode | undefined {
    return this.nodes.find((node) => node.id === id);
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** A long time has passed, and all that are not silent were there meanwhile. */
  refresh(): void {
    const nowMs = this.clock.nowMs();
    for (const { isSilent, record } of this.nodes) if (!isSilent) record.answeredAtMs = record.auditedAtMs = nowMs;
  }

  /** All that are not silent are heard of. */
  announce(): void {
    for (const { id, isSilent } of this.nodes) if (!isSilent) this.roster.heard(id, true);
  }

  /** Stores an object, the fragments of each segment at the first `total` nodes. */
  store(content: Uint8Array, needed: number, total: number, untilMs = 1e15): Locator {
    const rows = segmentsOf(content.length).map(({ start, bytes }) => {
      const memory = new SegmentMemory({ bytes, needed, total });
      memory.clear(0);
      memory.fill(0, content.subarray(start, start + bytes));
      memory.encode();
      return memory.fragments.map((fragment, index): PlacedFragment => {
        const node = this.nodes[index] as TestNode;
        node.put(fragment, untilMs);
        return { id: fragmentId(fragment.length, leafHashes(fragment)), node: node.id };
      });
    });
    return createLocator({ bytes: content.length, needed, total }, rows);
  }

  #known(node: TestNode): KnownNode {
    return {
      id: node.id,
      addresses: [],
      domain: node.domain,
      roomBytes: node.isLeaving ? 0 : node.roomBytes,
      cares: false,
      isLeaving: node.isLeaving,
      isForked: false,
      uptime: 0.9,
      state: nodeState(node.record, this.clock.nowMs()),
    };
  }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
