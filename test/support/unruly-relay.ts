/**
 * A relay in memory that misbehaves on command, behind the interface of the relay pool: it loses events,
 * loses its answers, repeats and reorders what it delivers. For tests of what must survive all that.
 *
 *   pool.publish -> store -> (shuffled, repeated) -> handlers of every subscription
 */

import type { NostrEvent, VerifiedEvent } from "../../src/nostr/event.ts";
import { matchesFilter } from "../../src/nostr/filter.ts";
import { KIND } from "../../src/nostr/kinds.ts";
import type { RelayPool } from "../../src/route/relay-pool.ts";
import { takeEvent } from "../../src/route/subscriptions.ts";

export interface Mischief {
  /** Chances from 0 to 1, for each event. */
  readonly loseEvent: number;
  readonly loseAnswer: number;
  readonly repeat: number;
  readonly delay: number;
  /** A number from 0 to 1, the same sequence at every run of a test. */
  readonly random: () => number;
}

type Filters = Parameters<RelayPool["subscribe"]>[1];
type Asked = ReturnType<Filters>;
type Handlers = Parameters<RelayPool["subscribe"]>[2];

export class UnrulyRelay {
  /** All but cards, which everybody tells at each start. */
  readonly stored: VerifiedEvent[] = [];
  /** Of couriers: whether a connection could be made. */
  reachable = true;
  /** The newest of each author. */
  readonly cards: Map<string, VerifiedEvent> = new Map();
  /** It answers whoever fetches something by all that it has. */
  fetchAnything: boolean = false;
  /** Hears what is fetched. */
  onFetch: (asked: Asked) => void = () => {};
  #mischief: Mischief | null = null;
  readonly #subscriptions = new Set<{ asked: Asked; handlers: Handlers; line: Line }>();

  behave(mischief: Mischief | null): void {
    this.#mischief = mischief;
  }

  /** A pool of one process. `cut()` ends it as a crash would: nothing passes any more, no one is told. */
  connect(): { pool: RelayPool; cut(): void } {
    const line: Line = { alive: true };
    const pool = {
      keep: () => {},
      reach: () => line.alive && this.reachable,
      publish: (_url: string, event: NostrEvent) => this.#publish(event as VerifiedEvent, line),
      subscribe: (_url: string, filters: Filters, handlers: Handlers) => this.#subscribe(filters, handlers, line),
      fetch: async (_url: string, filters: Asked) => {
        this.onFetch(filters);
        return [...this.cards.values(), ...this.stored].filter(
          (event) => this.fetchAnything || filters.some((filter) => matchesFilter(filter, event)),
        );
      },
    };
    return { pool: pool as unknown as RelayPool, cut: () => (line.alive = false) };
  }

  async #publish(event: VerifiedEvent, line: Line): Promise<void> {
    await Promise.resolve();
    if (!line.alive) return new Promise(() => {});
    if (this.#happens("loseEvent")) throw new Error("the relay could not be reached");
    if (event.kind === KIND.card) this.cards.set(event.pubkey, event);
    else this.stored.push(event);
    for (const { asked, handlers, line } of this.#subscriptions) {
      if (!asked.some((filter) => matchesFilter({ ...filter, since: 0 }, event))) continue;
      this.#deliver(event, handlers, line);
      if (this.#happens("repeat")) this.#deliver(event, handlers, line);
    }
    if (this.#happens("loseAnswer")) throw new Error("the relay did not answer");
  }

  #subscribe(filters: Filters, handlers: Handlers, line: Line): { close(): void } {
    const asked = filters();
    const subscription = { asked, handlers, line };
    this.#subscriptions.add(subscription);
    // Newest first, as relays do.
    const matching = this.stored.filter((event) => asked.some((filter) => matchesFilter(filter, event)));
    for (const event of matching.reverse()) this.#deliver(event, handlers, line);
    queueMicrotask(() => line.alive && handlers.onStored?.());
    return { close: () => this.#subscriptions.delete(subscription) };
  }

  #deliver(event: VerifiedEvent, handlers: Handlers, line: Line): void {
    const send = () => line.alive && takeEvent(event, handlers);
    if (this.#happens("delay")) setTimeout(send, Math.floor((this.#mischief?.random() ?? 0) * DELAY_MS));
    else queueMicrotask(send);
  }

  #happens(what: "loseEvent" | "loseAnswer" | "repeat" | "delay"): boolean {
    return this.#mischief !== null && this.#mischief.random() < this.#mischief[what];
  }
}

interface Line {
  alive: boolean;
}

const DELAY_MS = 20;
