import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../core/clock.ts";
import { randomBytes } from "../../core/random.ts";
import { aesGcmKey } from "../../crypto/provider.ts";
import type { HashedEvent } from "../../nostr/event.ts";
import type { Filter } from "../../nostr/filter.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import type { SubscriptionHandlers } from "../../route/subscriptions.ts";
import { ephemeralKey, sealCell } from "../cell/cell.ts";
import { Crowd } from "./crowd.ts";

const URL = "ws://relay";

function cell(nowMs: number): HashedEvent {
  const piece = { parcel: "00".repeat(12), index: 0, count: 1, bytes: randomBytes(5), heard: 0 };
  return sealCell(aesGcmKey(randomBytes(32)), randomBytes(32), piece, ephemeralKey().publicKey, nowMs);
}

test("what a relay tells again, on the same connection or the next, is looked at once", () => {
  const opened: { filters: () => readonly Filter[]; handlers: SubscriptionHandlers }[] = [];
  const subscribe = (_url: string, filters: () => readonly Filter[], handlers: SubscriptionHandlers) => {
    opened.push({ filters, handlers });
    return { close: () => {} };
  };
  const told: string[] = [];
  let stored = 0;
  const crowd = new Crowd({ subscribe } as unknown as RelayPool, systemClock);
  crowd.follow(URL, () => null, {
    onCell: ({ id }) => told.push(id) > 0,
    onStored: () => stored++,
    onTold: () => {},
    onLost: () => {},
  });
  const connect = (...pages: HashedEvent[][]) => {
    const first = opened.length - 1;
    opened[0]?.filters();
    for (const [i, page] of pages.entries()) {
      const { handlers } = opened[i === 0 ? 0 : first + i] ?? assert.fail("no page was asked for");
      for (const event of page) assert.ok(handlers.claim?.(event));
      handlers.onStored?.();
    }
  };
  const [newest, older, meanwhile] = [cell(600_000), cell(60_000), cell(660_000)];
  connect([newest], [older], []);
  assert.deepEqual([told, stored], [[newest.id, older.id], 1]);
  connect([meanwhile, newest], [older], []);
  assert.deepEqual([told, stored], [[newest.id, older.id, meanwhile.id], 2]);
});

test("cells that come while the stored ones are read do not make it read on without end", () => {
  const opened: { filters: () => readonly Filter[]; handlers: SubscriptionHandlers }[] = [];
  const subscribe = (_url: string, filters: () => readonly Filter[], handlers: SubscriptionHandlers) => {
    opened.push({ filters, handlers });
    return { close: () => {} };
  };
  const seen = { stored: 0 };
  const crowd = new Crowd({ subscribe } as unknown as RelayPool, systemClock);
  const onStored = () => seen.stored++;
  crowd.follow(URL, () => null, { onCell: () => false, onTold: () => {}, onStored, onLost: () => {} });
  const [live] = opened;
  live?.filters();
  const told = [cell(60_000)];
  for (const event of told) live?.handlers.claim?.(event);
  live?.handlers.onStored?.();
  for (let page = 1; page < 5 && seen.stored === 0; page++) {
    told.push(cell(60_000)); // the same minute: a page of it has all of them
    live?.handlers.claim?.(told.at(-1) as HashedEvent);
    const [{ until = 0 } = {}] = opened[page]?.filters() ?? [];
    for (const event of told) if (event.created_at <= until) opened[page]?.handlers.claim?.(event);
    opened[page]?.handlers.onStored?.();
  }
  assert.deepEqual([opened.length, seen.stored], [3, 1], "the minute again, then what is older");
});
