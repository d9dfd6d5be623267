/** Which two of our relays hold the same cells, so that bodies can be read from both in private (NEP-14). */

import type { Clock } from "../../core/clock.ts";
import type { RelayPair } from "../../route/private-retrieval.ts";
import type { FetchLimits } from "./fetch-limits.ts";
import type { EpochSource } from "./private-reader.ts";

export class Pairs {
  readonly #source: EpochSource;
  readonly #clock: Clock;
  readonly #limits: FetchLimits;
  /** Both ways. */
  readonly #partners = new Map<string, string>();
  #probedAtMs = Number.NEGATIVE_INFINITY;

  constructor(source: EpochSource, clock: Clock, limits: FetchLimits) {
    this.#source = source;
    this.#clock = clock;
    this.#limits = limits;
  }

  partnerOf(url: string): string | null {
    return this.#partners.get(url) ?? null;
  }

  /** Nothing if either has a partner. */
  add([a, b]: RelayPair): void {
    if (this.#partners.has(a) || this.#partners.has(b)) return;
    this.#partners.set(a, b).set(b, a);
  }

  remove(url: string): void {
    const partner = this.#partners.get(url);
    this.#partners.delete(url);
    if (partner !== undefined) this.#partners.delete(partner);
  }

  /** Asks relays that have no partner whether two of them make a pair; not too often. True if some do. */
  async probe(urls: readonly string[]): Promise<boolean> {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#probedAtMs < this.#limits.probeMs) return false;
    this.#probedAtMs = nowMs;
    const before = this.#partners.size;
    const single = urls.slice(0, this.#limits.probedRelays);
    for (const [i, a] of single.entries()) {
      for (const b of single.slice(i + 1)) {
        if (this.#partners.has(a) || this.#partners.has(b)) continue;
        if (await this.#isPair([a, b])) this.add([a, b]);
      }
    }
    return this.#partners.size > before;
  }

  /** Do they mirror each other? Relays of one operator are refused; they are no pair, either. */
  async #isPair(pair: RelayPair): Promise<boolean> {
    const epochs = await this.#source.epochs(pair, 0).catch(() => []);
    return 2 * epochs.filter(({ count, differing }) => count > 0 && !differing).length > epochs.length;
  }
}
