import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { NostrEvent } from "../nostr/event.ts";
import { type Filter, matchesFilter } from "../nostr/filter.ts";
import { type Subscriber, Subscriptions } from "./subscriptions.ts";
import { isVisible } from "./visibility.ts";

const names = ["a", "b", "c"];
const some = <T>(...values: T[]): fc.Arbitrary<T[]> => fc.array(fc.constantFrom(...values), { maxLength: 2 });

const filters: fc.Arbitrary<Filter> = fc.record(
  {
    ids: some(...names),
    authors: some(...names),
    kinds: some(1, 1059),
    "#p": some(...names),
    "#t": some(...names),
    since: fc.integer({ min: 0, max: 3 }),
  },
  { requiredKeys: [] },
);
const subscribers: fc.Arbitrary<Subscriber> = fc.record({
  filters: fc.array(filters, { minLength: 1, maxLength: 3 }),
  keys: some(...names).map((keys) => new Set(keys)),
});
const events: fc.Arbitrary<NostrEvent> = fc.record({
  id: fc.constantFrom(...names),
  pubkey: fc.constantFrom(...names),
  kind: fc.constantFrom(1, 1059),
  created_at: fc.integer({ min: 0, max: 3 }),
  tags: fc.array(fc.tuple(fc.constantFrom("p", "t", "u"), fc.constantFrom(...names)), { maxLength: 3 }),
  content: fc.constant(""),
  sig: fc.constant(""),
});

test("the index finds whom asking everybody finds", () => {
  fc.assert(
    fc.property(fc.array(subscribers, { maxLength: 8 }), fc.array(events, { maxLength: 8 }), (everybody, stream) => {
      const subscriptions = new Subscriptions<Subscriber>();
      for (const subscriber of everybody) subscriptions.add(subscriber);
      for (const event of stream) {
        const expected = everybody.filter(({ filters: asked, keys }) =>
          asked.some((filter) => matchesFilter(filter, event) && isVisible(event, filter, keys)),
        );
        assert.deepEqual(subscriptions.readersOf(event), new Set(expected));
      }
      for (const subscriber of everybody) subscriptions.delete(subscriber);
      for (const event of stream) assert.equal(subscriptions.readersOf(event).size, 0);
      assert.equal(subscriptions.size, 0);
    }),
    { numRuns: 300 },
  );
});

test("an event costs as much as it has readers", () => {
  const subscriptions = new Subscriptions<Subscriber>();
  let looks = 0;
  const filterOf = (author: string): Filter => ({
    get authors() {
      looks++;
      return [author];
    },
  });
  for (let i = 0; i < 1_000; i++) subscriptions.add({ filters: [filterOf(`author ${i}`)], keys: new Set() });
  looks = 0;
  const event: NostrEvent = { id: "", pubkey: "author 7", kind: 1, created_at: 0, tags: [], content: "", sig: "" };
  assert.equal(subscriptions.readersOf(event).size, 1);
  assert.ok(looks < 10, `${looks} looks`);
});
