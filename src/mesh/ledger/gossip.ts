/**
 * Heads and fork proofs, told to everybody: a signer who shows two histories to two nodes must keep them from talking.
 *
 *   out     our own head, every MESH_LIMITS.announceMs; with it any of the proofs, for those who came later; heads that we cosigned
 *   judge   nonsense, wrong signature -> reject     known, or too many in this second -> ignore     else -> take
 *   in      head: ours -> `LedgerLog.meet`, else compared (`comparison.ts`), and a fork is told on at once
 *           proof: kept
 *
 * Messages are files of `portable.ts`. What is judged "take" is passed on by the topic also by nodes that have nothing to
 * do with the signer; they keep nothing of it.
 */
import { toHex } from "../../core/bytes.ts";
import { type Clock, systemClock, systemTimers, type Timers } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { HeadComparer } from "./comparison.ts";
import { accusedBy, verifyForkProof } from "./fork-proof.ts";
import type { HeadBook } from "./head-book.ts";
import { claimOf, readHead, type SignedHead } from "./head.ts";
import type { LedgerLog } from "./log.ts";
import { fromPortable, toPortable } from "./portable.ts";

/** `take`: told to listeners and passed on; `ignore`: neither; `reject`: neither, and who passed it on loses standing. */
export type MessageVerdict = "take" | "ignore" | "reject";

/** Where all nodes hear each other. */
export interface LedgerTopic {
  /** Rejects when nobody could be told. */
  publish(bytes: Uint8Array): Promise<void>;
  /** What was judged "take". Returns how to stop listening. */
  onMessage(listener: (bytes: Uint8Array) => void): () => void;
}

export interface GossipOptions {
  /** Joins the topic, on which `judge` decides about every message. */
  readonly join: (judge: (bytes: Uint8Array) => MessageVerdict) => LedgerTopic;
  readonly book: HeadBook;
  /** Null for a client, which compares no heads: it passes on what it hears, and keeps proofs. */
  readonly comparer: HeadComparer | null;
  /** This node's own; null for a client. */
  readonly log: LedgerLog | null;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly timers?: Timers;
}

const SECOND_MS = 1_000;

export class LedgerGossip implements AsyncDisposable {
  readonly #options: Required<GossipOptions>;
  readonly #topic: LedgerTopic;
  readonly #stopListening: () => void;
  #stopTimer: () => void = () => {};
  /** What is under way, so that closing can wait for it; as many as MESH_LIMITS.headChecks and messages in flight. */
  readonly #pending = new Set<Promise<void>>();
  #second = { startMs: 0, checked: 0 };

  constructor(options: GossipOptions) {
    this.#options = { clock: systemClock, timers: systemTimers, ...options };
    this.#topic = options.join((bytes) => this.#judge(bytes));
    this.#stopListening = this.#topic.onMessage((bytes) => this.#hear(bytes));
    this.#schedule();
  }

  /** Tells our own head, if there is one that counts, and one of the proofs. */
  async announce(): Promise<void> {
    const { log, book } = this.#options;
    if (log && log.size > 0 && !log.isBehind) await this.tell(log.head());
    for (const proof of book.forks(1)) await this.#publish(toPortable("fork-proof", proof));
  }

  async tell(head: SignedHead): Promise<void> {
    await this.#publish(toPortable("ledger-head", head.bytes));
  }

  /** Takes in a head that came by another way than the topic; resolves when it was compared. */
  async hearHead(head: SignedHead): Promise<void> {
    const { log, comparer, logger } = this.#options;
    const signer = toHex(head.signer);
    if (!log || !comparer) return;
    if (signer !== toHex(log.signer)) await this.#compare(comparer, signer, head);
    else if (!log.meet(head))
      logger.error({ size: head.size }, "others know entries of our ledger that its file does not have");
  }

  /** Takes in a proof, from whomever. */
  hearProof(proof: Uint8Array): void {
    const accused = accusedBy(proof);
    if (accused === null || this.#options.book.fork(accused)) return;
    const finding = verifyForkProof(proof);
    if (!finding || !this.#options.book.keepFork(toHex(finding.signer), proof)) return;
    this.#options.logger.warn({}, "another node proved that a signer keeps two histories");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopListening();
    this.#stopTimer();
    await Promise.all(this.#pending);
  }

  #schedule(): void {
    this.#stopTimer = this.#options.timers.schedule(() => {
      this.#run(this.announce());
      this.#schedule();
    }, MESH_LIMITS.announceMs);
  }

  #judge(bytes: Uint8Array): MessageVerdict {
    const message = fromPortable(bytes);
    if (message?.kind === "ledger-head") return this.#judgeHead(message.body);
    return message?.kind === "fork-proof" ? this.#judgeProof(message.body) : "reject";
  }

  #judgeHead(bytes: Uint8Array): MessageVerdict {
    const claim = claimOf(bytes);
    if (!claim) return "reject";
    const known = this.#options.book.find(claim.signer, claim.size);
    if (known && toHex(known.root) === claim.root) return "ignore";
    if (!this.#mayCheck()) return "ignore";
    return readHead(bytes) ? "take" : "reject";
  }

  #judgeProof(proof: Uint8Array): MessageVerdict {
    const accused = accusedBy(proof);
    if (accused === null) return "reject";
    if (this.#options.book.fork(accused) || !this.#mayCheck()) return "ignore";
    return verifyForkProof(proof) ? "take" : "reject";
  }

  #hear(bytes: Uint8Array): void {
    const message = fromPortable(bytes);
    const head = message?.kind === "ledger-head" ? readHead(message.body) : null;
    if (head) this.#run(this.hearHead(head));
    if (message?.kind === "fork-proof") this.hearProof(message.body);
  }

  async #compare(comparer: HeadComparer, signer: string, head: SignedHead): Promise<void> {
    const { book, logger } = this.#options;
    const hadProof = book.fork(signer) !== null;
    await comparer.compare(head);
    const proof = book.fork(signer);
    if (hadProof || !proof) return;
    logger.warn({ size: head.size }, "a signer keeps two histories");
    await this.#publish(toPortable("fork-proof", proof));
  }

  /** Whether another message's signatures may be checked within this second. */
  #mayCheck(): boolean {
    const nowMs = this.#options.clock.nowMs();
    if (Math.abs(nowMs - this.#second.startMs) >= SECOND_MS) this.#second = { startMs: nowMs, checked: 0 };
    this.#second.checked += 1;
    return this.#second.checked <= MESH_LIMITS.ledgerMessages;
  }

  /** Gossip is repeated, so a message that nobody took is no failure. */
  async #publish(bytes: Uint8Array): Promise<void> {
    try {
      await this.#topic.publish(bytes);
    } catch {
      this.#options.logger.debug({ bytes: bytes.length }, "nobody to tell about ledgers");
    }
  }

  #run(work: Promise<void>): void {
    const done = work
      .catch(() => this.#options.logger.error({}, "a message about ledgers could not be handled"))
      .finally(() => this.#pending.delete(done));
    this.#pending.add(done);
  }
}
