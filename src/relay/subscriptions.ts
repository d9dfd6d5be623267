/**
 * Live subscriptions, found by what an event carries, so that an event costs as much as it has
 * readers and not as much as there are subscriptions.
 *
 *   filter {"kinds": [1059], "#p": ["ab"]}   is kept under   "#p ab"
 *   event  kind 1059, tag ["p", "ab"]        looks under     its id, "#p ab", its author, its kind, "*"
 *
 * Each filter is kept under the values of its narrowest field only; the rest is matched one by one.
 */

import type { NostrEvent } from "../nostr/event.ts";
import { type Filter, matchesFilter, tagFields } from "../nostr/filter.ts";
import { isVisible } from "./visibility.ts";

/** Somebody who waits for events. */
export interface Subscriber {
  readonly filters: readonly Filter[];
  /** The keys (hex) that he has proven to hold by now. */
  readonly keys: ReadonlySet<string>;
}

interface Entry<S> {
  readonly subscriber: S;
  readonly filter: Filter;
}

export class Subscriptions<S extends Subscriber> {
  readonly #shelves: Map<string, Set<Entry<S>>> = new Map();
  readonly #entries: Map<S, Entry<S>[]> = new Map();

  get size(): number {
    return this.#entries.size;
  }

  add(subscriber: S): void {
    const entries = subscriber.filters.map((filter) => ({ subscriber, filter }));
    this.#entries.set(subscriber, entries);
    for (const entry of entries) {
      for (const label of labelsOfFilter(entry.filter)) {
        const shelf = this.#shelves.get(label);
        if (shelf) shelf.add(entry);
        else this.#shelves.set(label, new Set([entry]));
      }
    }
  }

  delete(subscriber: S): void {
    for (const entry of this.#entries.get(subscriber) ?? []) {
      for (const label of labelsOfFilter(entry.filter)) {
        const shelf = this.#shelves.get(label);
        shelf?.delete(entry);
        if (shelf?.size === 0) this.#shelves.delete(label);
      }
    }
    this.#entries.delete(subscriber);
  }

  /** Everybody who asked for this event and may see it, each once. */
  readersOf(event: NostrEvent): Set<S> {
    const readers = new Set<S>();
    for (const label of labelsOfEvent(event)) {
      for (const { subscriber, filter } of this.#shelves.get(label) ?? []) {
        if (readers.has(subscriber) || !matchesFilter(filter, event)) continue;
        if (isVisible(event, filter, subscriber.keys)) readers.add(subscriber);
      }
    }
    return readers;
  }
}

function labelsOfFilter(filter: Filter): Set<string> {
  if (filter.ids) return new Set(filter.ids.map((id) => `id ${id}`));
  const [narrowest] = tagFields(filter).sort(([, a], [, b]) => a.length - b.length);
  if (narrowest) return new Set(narrowest[1].map((value) => `#${narrowest[0]} ${value}`));
  if (filter.authors) return new Set(filter.authors.map((author) => `author ${author}`));
  if (filter.kinds) return new Set(filter.kinds.map((kind) => `kind ${kind}`));
  return new Set(["*"]);
}

function labelsOfEvent(event: NostrEvent): Set<string> {
  const labels = new Set([`id ${event.id}`, `author ${event.pubkey}`, `kind ${event.kind}`, "*"]);
  for (const [name, value] of event.tags) {
    if (name?.length === 1 && value !== undefined) labels.add(`#${name} ${value}`);
  }
  return labels;
}
