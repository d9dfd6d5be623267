/**
 * One question to each relay for up to CHANNEL_LIMITS.channelsPerQuestion channels, asked again when what is
 * wanted has changed.
 *
 *   follow([channel: addresses, relays]) -> REQ {kinds [4521], "#x": addresses, since} ...
 *
 * A relay sees which addresses one connection asks for: that somebody reads them, and that they belong together.
 */

import type { Clock } from "../../core/clock.ts";
import { CHANNEL_LIMITS } from "../../core/limits.ts";
import type { Logger } from "../../core/log.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import { CHANNEL_KIND } from "./sealed-event.ts";

/** What is wanted of one channel. */
export interface Question {
  readonly channel: string;
  /** Another number: another question. */
  readonly asked: number;
  readonly relays: readonly string[];
  readonly addresses: readonly string[];
}

export interface ChannelSubscriptionsOptions {
  readonly pool: RelayPool;
  /** Until when a relay told everything; undefined: ask for all. Read again at each connection. */
  readonly cursor: (channel: string, url: string) => number | undefined;
  readonly onEvent: (event: VerifiedEvent) => void;
  /** A relay has told everything until `untilMs`. */
  readonly onStored: (question: Question, url: string, untilMs: number) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export class ChannelSubscriptions {
  readonly #o: ChannelSubscriptionsOptions;
  readonly #open = new Map<string, { close(): void }>();

  constructor(options: ChannelSubscriptionsOptions) {
    this.#o = options;
  }

  /** Asks exactly this from now on. */
  follow(questions: readonly Question[]): void {
    const wanted = new Map<string, () => { close(): void }>();
    for (const url of new Set(questions.flatMap((question) => question.relays))) {
      const here = questions.filter((question) => question.relays.includes(url));
      for (let i = 0; i < here.length; i += CHANNEL_LIMITS.channelsPerQuestion) {
        const group = here.slice(i, i + CHANNEL_LIMITS.channelsPerQuestion);
        wanted.set(JSON.stringify([url, ...group.map(({ channel, asked }) => [channel, asked])]), () =>
          this.#ask(url, group),
        );
      }
    }
    for (const [name, subscription] of this.#open) {
      if (wanted.has(name)) continue;
      subscription.close();
      this.#open.delete(name);
    }
    for (const [name, ask] of wanted) if (!this.#open.has(name)) this.#tryToOpen(name, ask);
  }

  close(): void {
    for (const subscription of this.#open.values()) subscription.close();
    this.#open.clear();
  }

  /** A pool that is full says no; the next change of what we follow tries again. */
  #tryToOpen(name: string, ask: () => { close(): void }): void {
    try {
      this.#open.set(name, ask());
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
      this.#o.log.warn({ code }, "a channel's relay cannot be asked");
    }
  }

  #ask(url: string, group: readonly Question[]): { close(): void } {
    const { pool, clock, cursor, onEvent, onStored } = this.#o;
    let askedAtMs = 0;
    const filters = () => {
      askedAtMs = clock.nowMs();
      return group.map(({ channel, addresses }) => {
        const untilMs = cursor(channel, url);
        // Events are dated down to the hour.
        const since = untilMs === undefined ? {} : { since: Math.floor((untilMs - CHANNEL_LIMITS.lookBackMs) / 1000) };
        return { kinds: [CHANNEL_KIND], "#x": addresses, ...since };
      });
    };
    return pool.subscribe(url, filters, {
      onEvent,
      onStored: () => group.forEach((question) => onStored(question, url, askedAtMs)),
    });
  }
}
