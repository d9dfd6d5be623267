/**
 * Whether a head fits what was heard of its signer before. This is where a second history is found.
 *
 *   head of signer S --> a proof against S is here         fork
 *                    --> same size here: same root         known        other root   fork, and the proof is kept
 *                    --> other size: ask for the way from the smaller to the bigger one
 *                          right                           longer, shorter: kept
 *                          right, but from another root    fork, and the proof is kept
 *                          wrong, or no answer             unproven: nothing is kept
 *
 * One after the other for each signer: of two heads that came at once, each fitting what was here before, both would be
 * taken, although they do not fit each other.
 */
import { equalBytes, toHex } from "../../core/bytes.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { verifyConsistency } from "../../crypto/merkle-tree.ts";
import { type Beginning, forkOfBeginning, forkOfHeads } from "./fork-proof.ts";
import type { HeadBook } from "./head-book.ts";
import type { SignedHead } from "./head.ts";

/** Somebody who has a signer's ledger: the signer itself, or whoever keeps a copy. */
export interface HeadSource {
  /**
   * How the log of `to` entries began when it had `from` (1 <= from < to); null if that is not known. Rejects when it cannot
   * be asked, or `signal` is aborted. What comes back was not checked.
   */
  consistency(signer: Uint8Array, from: number, to: number, signal: AbortSignal): Promise<Beginning | null>;
}

/**
 * `first`, `known`, `longer`, `shorter`: it fits, and is remembered. `fork`: there is proof against the signer. `unproven`: nobody
 * showed that it fits. `stranger`: not a signer that this node has to do with, or no room for it. `busy`: asked too often.
 */
export type HeadVerdict = "first" | "known" | "longer" | "shorter" | "fork" | "unproven" | "stranger" | "busy";

export interface ComparerOptions {
  readonly book: HeadBook;
  readonly source: HeadSource;
  readonly clock?: Clock;
}

export class HeadComparer {
  readonly #book: HeadBook;
  readonly #source: HeadSource;
  readonly #clock: Clock;
  /** The last comparison of each signer that is under way. */
  readonly #underWay = new Map<string, Promise<unknown>>();
  #count = 0;
  /** When the last question was asked, by signer and direction; oldest first. */
  readonly #askedAtMs = new Map<string, number>();

  constructor({ book, source, clock = systemClock }: ComparerOptions) {
    [this.#book, this.#source, this.#clock] = [book, source, clock];
  }

  /** Never rejects for what a signer or a source does. */
  async compare(head: SignedHead): Promise<HeadVerdict> {
    const signer = toHex(head.signer);
    if (!this.#book.knows(signer)) return "stranger";
    if (this.#count >= MESH_LIMITS.headChecks) return "busy";
    this.#count += 1;
    const before = this.#underWay.get(signer) ?? Promise.resolve();
    const verdict = before.then(() => this.#compare(signer, head));
    const settled = verdict.catch(() => undefined);
    this.#underWay.set(signer, settled);
    try {
      return await verdict;
    } finally {
      this.#count -= 1;
      if (this.#underWay.get(signer) === settled) this.#underWay.delete(signer);
    }
  }

  async #compare(signer: string, head: SignedHead): Promise<HeadVerdict> {
    if (this.#book.fork(signer)) return "fork";
    const same = this.#book.find(signer, head.size);
    if (same) return equalBytes(same.root, head.root) ? "known" : this.#convict(signer, forkOfHeads(same, head));
    const newest = this.#book.newest(signer);
    if (!newest) return this.#keep(head, "first");
    return newest.size < head.size
      ? this.#compareTwo(signer, newest, head, "longer")
      : this.#compareTwo(signer, head, newest, "shorter");
  }

  async #compareTwo(
    signer: string,
    smaller: SignedHead,
    bigger: SignedHead,
    way: "longer" | "shorter",
  ): Promise<HeadVerdict> {
    // By direction: whoever sends old heads of a signer again must not keep its new ones from being looked at.
    if (!this.#mayAsk(`${way} ${signer}`)) return "busy";
    const beginning = await this.#ask(smaller, bigger.size);
    if (!beginning) return "unproven";
    const proof = forkOfBeginning(smaller, bigger, beginning);
    if (proof) return this.#convict(signer, proof);
    const fits = equalBytes(beginning.root, smaller.root) && verifyConsistency(smaller, bigger, beginning.path);
    return fits ? this.#keep(way === "longer" ? bigger : smaller, way) : "unproven";
  }

  async #ask({ signer, size }: SignedHead, to: number): Promise<Beginning | null> {
    try {
      return await this.#source.consistency(signer, size, to, AbortSignal.timeout(MESH_LIMITS.stallMs));
    } catch {
      return null; // It could not be asked: the head waits until it can.
    }
  }

  #mayAsk(key: string): boolean {
    const nowMs = this.#clock.nowMs();
    const askedAtMs = this.#askedAtMs.get(key);
    if (askedAtMs !== undefined && Math.abs(nowMs - askedAtMs) < MESH_LIMITS.headCheckMs) return false;
    this.#askedAtMs.delete(key);
    this.#askedAtMs.set(key, nowMs);
    const [oldest] = this.#askedAtMs.keys();
    if (this.#askedAtMs.size > MESH_LIMITS.ledgerSigners) this.#askedAtMs.delete(oldest as string);
    return true;
  }

  #keep(head: SignedHead, verdict: HeadVerdict): HeadVerdict {
    return this.#book.keep(head) ? verdict : "stranger";
  }

  #convict(signer: string, proof: Uint8Array | null): HeadVerdict {
    if (!proof) return "unproven";
    this.#book.keepFork(signer, proof);
    return "fork";
  }
}
