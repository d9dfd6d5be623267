/**
 * A machine among those that watch each other's ledgers.
 *
 *   start    own head asked of neighbours -> others know more? nothing is signed, ever : the ledger opens
 *   round    grew?  -> head -> gossip -> MESH_LIMITS.witnesses others cosign it -> papers
 *            heads of others -> checkpoint -> papers               proofs -> book -> the network gives a forked node nothing
 *   asked    way, cosign, head, forks, papers                      (`questions.ts`)
 *
 * A head that was cosigned is told to all by its witness: a signer who shows two heads to two witnesses, and gossips neither, has
 * both of them told. A client has no ledger of its own here; it hears proofs, and asks who is forked.
 */
import { join } from "node:path";
import { equalBytes, toHex } from "../../core/bytes.ts";
import type { Clock, Timers } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomUnit } from "../../core/random.ts";
import type { MeshNetwork } from "../network/mesh-network.ts";
import type { NodeId } from "../node-id.ts";
import { signCheckpoint } from "./checkpoint.ts";
import { HeadComparer } from "./comparison.ts";
import { LedgerGossip } from "./gossip.ts";
import { HeadBook } from "./head-book.ts";
import type { SignedHead } from "./head.ts";
import { LEDGER_NAME } from "./log.ts";
import type { OwnLedger } from "./own-ledger.ts";
import { type Ask, askCosignature, askForks, askHead, LEDGER_PROTOCOL, LedgerDesk, sourceFrom } from "./questions.ts";
import { STATEMENT_BYTES } from "./tree-statement.ts";
import { type Cosignature, encodeWitnessedHead, readCosignature, Witness } from "./witness.ts";

export interface MemberOptions {
  /** Of the machine's part in the mesh. */
  readonly folder: string;
  /** Null for a client. */
  readonly own: OwnLedger | null;
  readonly network: Pick<MeshNetwork, "roster" | "neighbours" | "ask" | "onQuestion" | "topic" | "convict">;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
}

/** For the operator. */
export interface LedgerView {
  /** In the own ledger. */
  readonly entries: number;
  /** Of the newest head that was told to others. */
  readonly headSize: number;
  /** Under the newest head that others cosigned. */
  readonly cosignatures: number;
  /** Signers of which it is proven that they keep two histories. */
  readonly forksSeen: number;
  /** Others know entries that the disk does not have: nothing is signed. */
  readonly isBehind: boolean;
  /** There is proof against this node itself. */
  readonly isForked: boolean;
}

/** Proofs in one answer are any of these. */
const FORKS_SHOWN = 64;

export class LedgerMember implements AsyncDisposable {
  readonly #o: MemberOptions;
  readonly #self: string | null;
  readonly #book: HeadBook;
  readonly #gossip: LedgerGossip;
  readonly #witness: Witness | null;
  readonly #stop = new AbortController();
  readonly #startedMs: number;
  /** Who answered what the own head is. */
  readonly #asked = new Set<NodeId>();
  #told: { readonly head: SignedHead; readonly atMs: number } | null = null;
  #witnessing: { atMs: number; againMs: number } = { atMs: Number.NEGATIVE_INFINITY, againMs: 0 };
  #forkAsks = { count: 0, atMs: Number.NEGATIVE_INFINITY };
  /** When a head of each signer was cosigned last. */
  readonly #cosignedAtMs = new Map<string, number>();
  #cancel: () => void = () => {};
  #round: Promise<void> = Promise.resolve();

  private constructor(options: MemberOptions) {
    this.#o = options;
    const { folder, own, network, clock, timers, log } = options;
    this.#self = own && toHex(own.by.publicKey);
    this.#startedMs = clock.nowMs();
    this.#book = new HeadBook({
      folder: join(folder, LEDGER_NAME),
      knows: (signer) => signer === this.#self || network.roster.find(signer as NodeId) !== null,
      forked: () => this.#convict(),
      clock,
    });
    const comparer = own && new HeadComparer({ book: this.#book, source: sourceFrom(this.#ask), clock });
    this.#witness = own && comparer && new Witness({ book: this.#book, comparer, by: own.by, note: own.note, clock });
    this.#gossip = new LedgerGossip({
      join: (judge) => network.topic("heads", judge),
      book: this.#book,
      comparer,
      log: own?.log ?? null,
      logger: log,
      clock,
      timers,
    });
    this.#convict();
  }

  /** Throws CodecError `ledger_corrupt`. */
  static async join(options: MemberOptions): Promise<LedgerMember> {
    const member = new LedgerMember(options);
    if (options.own) await options.network.onQuestion(LEDGER_PROTOCOL, member.#desk());
    member.#schedule();
    return member;
  }

  view(): LedgerView {
    const { own } = this.#o;
    return {
      entries: own?.log.size ?? 0,
      headSize: this.#told?.head.size ?? 0,
      cosignatures: own?.papers.newest("witnessed-head")?.body[STATEMENT_BYTES] ?? 0,
      forksSeen: this.#book.forkedSigners().length,
      isBehind: own?.log.isBehind ?? false,
      isForked: this.#self !== null && this.#book.fork(this.#self) !== null,
    };
  }

  /** What is under way is broken off. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#cancel();
    await this.#round;
    await this.#gossip[Symbol.asyncDispose]();
    this.#book.close();
  }

  readonly #ask: Ask = (node, question, most, signal) => {
    const { network } = this.#o;
    return network.ask(node, LEDGER_PROTOCOL, question, most, AbortSignal.any([signal, this.#stop.signal]));
  };

  #convict(): void {
    this.#o.network.convict(new Set(this.#book.forkedSigners()));
  }

  #schedule(): void {
    this.#cancel = this.#o.timers.schedule(() => {
      this.#round = this.#run().finally(() => {
        if (!this.#stop.signal.aborted) this.#schedule();
      });
    }, MESH_LIMITS.ledgerTickMs);
  }

  async #run(): Promise<void> {
    const { own, log } = this.#o;
    try {
      await this.#askWhoIsForked();
      if (!own) return;
      await this.#hearOfItself(own);
      if (!own.isOpen || own.log.isBehind) return;
      await this.#tell(own);
      await this.#beWitnessed(own);
      await this.#makeCheckpoint(own);
    } catch (error) {
      if (!this.#stop.signal.aborted) log.warn({ error: String(error) }, "a round about ledgers failed");
    }
  }

  /** Until enough neighbours were asked for it, or the time is over. */
  async #hearOfItself(own: OwnLedger): Promise<void> {
    const { network, clock, log } = this.#o;
    if (own.isOpen) return;
    const left = this.#startedMs + MESH_LIMITS.ownHeadMs - clock.nowMs();
    const fresh = network.neighbours().filter((node) => !this.#asked.has(node));
    const signal = AbortSignal.timeout(Math.max(1, Math.min(left, MESH_LIMITS.ownHeadMs)));
    await Promise.allSettled(
      fresh.map(async (node) => {
        const head = await askHead(this.#ask, node, own.by.publicKey, signal);
        this.#asked.add(node);
        if (head) await this.#gossip.hearHead(head);
      }),
    );
    const isOver =
      this.#asked.size >= MESH_LIMITS.ownHeadAsks || clock.nowMs() - this.#startedMs >= MESH_LIMITS.ownHeadMs;
    if (!isOver) return;
    own.open();
    if (own.log.isBehind)
      log.error({ entries: own.log.size }, "an older copy of this node's disk was put back: it signs nothing");
  }

  /** Often at first, for the roster fills meanwhile: proofs against nodes that nobody knows have no place. */
  async #askWhoIsForked(): Promise<void> {
    const { network, clock } = this.#o;
    const waitMs = this.#forkAsks.count < MESH_LIMITS.forkAsks ? 60_000 / MESH_LIMITS.forkAsks : MESH_LIMITS.announceMs;
    const [node] = shuffled(network.neighbours());
    if (!node || clock.nowMs() - this.#forkAsks.atMs < waitMs) return;
    this.#forkAsks = { count: this.#forkAsks.count + 1, atMs: clock.nowMs() };
    const proofs = await askForks(this.#ask, node, AbortSignal.timeout(MESH_LIMITS.dialMs)).catch(() => []);
    for (const proof of proofs) this.#gossip.hearProof(proof);
  }

  async #tell({ log, grownTo }: OwnLedger): Promise<void> {
    const nowMs = this.#o.clock.nowMs();
    if (grownTo <= (this.#told?.head.size ?? 0)) return;
    if (this.#told && nowMs - this.#told.atMs < MESH_LIMITS.headMs) return;
    const head = log.head();
    this.#told = { head, atMs: nowMs };
    await this.#gossip.tell(head);
  }

  async #beWitnessed({ papers }: OwnLedger): Promise<void> {
    const nowMs = this.#o.clock.nowMs();
    const { atMs, againMs } = this.#witnessing;
    if (!this.#told || nowMs - atMs < againMs) return;
    const { head } = this.#told;
    const cosignatures = await this.#cosignaturesFor(head);
    const isEnough = cosignatures.length >= MESH_LIMITS.witnesses;
    const nextMs = isEnough ? MESH_LIMITS.witnessMs : Math.max(MESH_LIMITS.witnessAgainMs, 2 * againMs);
    this.#witnessing = { atMs: nowMs, againMs: Math.min(nextMs, MESH_LIMITS.witnessMs) };
    if (cosignatures.length > 0)
      papers.keep("witnessed-head", { madeAtMs: nowMs, body: encodeWitnessedHead(head, cosignatures) });
  }

  /** Of nodes in different houses; others take the place of those that do not. */
  async #cosignaturesFor(head: SignedHead): Promise<Cosignature[]> {
    const nodes = this.#o.network.roster.nodes().filter(({ state, isForked }) => state === "up" && !isForked);
    const houses = new Map(shuffled(nodes).map(({ domain, id }) => [domain, id]));
    const cosignatures: Cosignature[] = [];
    for (const node of shuffled([...houses.values()]).slice(0, 2 * MESH_LIMITS.witnesses)) {
      const bytes = await askCosignature(this.#ask, node, head, AbortSignal.timeout(MESH_LIMITS.dialMs)).catch(
        () => null,
      );
      this.#stop.signal.throwIfAborted();
      const cosignature = bytes && readCosignature(head, bytes);
      if (cosignature && toHex(cosignature.witness) === node) cosignatures.push(cosignature);
      if (cosignatures.length === MESH_LIMITS.witnesses) break;
    }
    return cosignatures;
  }

  async #makeCheckpoint({ papers, by, note }: OwnLedger): Promise<void> {
    const nowMs = this.#o.clock.nowMs();
    const newest = papers.newest("ledger-checkpoint");
    if (newest && Math.abs(nowMs - newest.madeAtMs) < MESH_LIMITS.checkpointMs) return;
    const heads = this.#book.heads();
    if (heads.length === 0 || !papers.newest("witnessed-head")) return;
    const checkpoint = signCheckpoint(heads, nowMs, by);
    await note("checkpoint", checkpoint.statement.bytes);
    papers.keep("ledger-checkpoint", { madeAtMs: nowMs, body: checkpoint.bytes });
  }

  #desk(): (question: Uint8Array) => Promise<Uint8Array> {
    const { log, papers, by } = this.#o.own as OwnLedger;
    const isOwn = (signer: Uint8Array): boolean => equalBytes(signer, by.publicKey);
    const desk = new LedgerDesk({
      way: (signer, from, to) => (isOwn(signer) ? log.consistency(from, to) : null),
      cosign: (head) => this.#cosign(head),
      head: (signer) => (isOwn(signer) ? (this.#told?.head ?? null) : this.#book.newest(toHex(signer))),
      forks: () => this.#book.forks(FORKS_SHOWN),
      witnessed: () => papers.newest("witnessed-head")?.body ?? null,
      checkpoint: () => papers.newest("ledger-checkpoint")?.body ?? null,
    });
    return (question) => desk.answer(question);
  }

  /** Also a head that is not cosigned is compared, and the proof told that it may give. */
  async #cosign(head: SignedHead): Promise<Uint8Array> {
    const signer = toHex(head.signer);
    await this.#gossip.hearHead(head);
    const nowMs = this.#o.clock.nowMs();
    const isAgain = this.#book.cosignature(signer, head.size) !== null;
    if (!this.#witness || (!isAgain && nowMs - (this.#cosignedAtMs.get(signer) ?? 0) < MESH_LIMITS.cosignMs))
      return new Uint8Array(0);
    const cosignature = await this.#witness.cosign(head);
    if (isAgain) return cosignature;
    if (this.#cosignedAtMs.size >= MESH_LIMITS.ledgerSigners) this.#cosignedAtMs.clear();
    this.#cosignedAtMs.set(signer, nowMs);
    await this.#gossip.tell(head);
    return cosignature;
  }
}

function shuffled<T>(all: readonly T[]): T[] {
  return all
    .map((one) => ({ one, lot: randomUnit() }))
    .toSorted((a, b) => a.lot - b.lot)
    .map(({ one }) => one);
}
