import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { matchFilter } from "nostr-tools/filter";
import { CodecError } from "../core/errors.ts";
import { RELAY_LIMITS } from "../core/limits.ts";
import type { NostrEvent } from "./event.ts";
import { matchesFilter, parseFilter, tagFields } from "./filter.ts";

const few = (...values: string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const keys = few("a".repeat(64), "b".repeat(64));
const times = fc.integer({ min: 0, max: 4 });

const filters = fc.record(
  {
    ids: fc.array(keys, { maxLength: 2 }),
    authors: fc.array(keys, { maxLength: 2 }),
    kinds: fc.array(times, { maxLength: 2 }),
    // nostr-tools takes 0 for "not said".
    since: fc.integer({ min: 1, max: 4 }),
    until: fc.integer({ min: 1, max: 4 }),
    "#p": fc.array(few("x", "y"), { maxLength: 2 }),
    "#T": fc.array(few("x", "y"), { maxLength: 2 }),
    limit: times,
  },
  { requiredKeys: [] },
);
const events: fc.Arbitrary<NostrEvent> = fc.record({
  id: keys,
  pubkey: keys,
  kind: times,
  created_at: times,
  tags: fc.array(fc.tuple(few("p", "T", "q"), few("x", "y")), { maxLength: 2 }),
  content: fc.constant(""),
  sig: fc.constant(""),
});

test("matching agrees with nostr-tools", () => {
  fc.assert(
    fc.property(filters, events, (filter, event) => {
      const theirs = matchFilter(filter, event as Parameters<typeof matchFilter>[1]);
      assert.equal(matchesFilter(parseFilter(filter), event), theirs);
    }),
    { numRuns: 2_000 },
  );
});

test("both ends of a time span are included, and 0 is a time", () => {
  const [event] = fc.sample(events, 1) as [NostrEvent];
  assert.ok(matchesFilter({ since: event.created_at, until: event.created_at }, event));
  assert.ok(!matchesFilter({ until: 0 }, { ...event, created_at: 1 }));
});

test("parseFilter throws nothing but CodecError and keeps what it accepts", () => {
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.jsonValue(), filters), (value) => {
      try {
        assert.deepEqual(parseFilter(value), { ...(value as object) });
      } catch (error) {
        assert.ok(error instanceof CodecError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test("wrong shapes are refused one by one", () => {
  const wrong = [
    null,
    [],
    { ids: ["ab"] },
    { authors: ["A".repeat(64)] },
    { kinds: ["1"] },
    { kinds: [70_000] },
    { kinds: 1 },
    { since: -1 },
    { limit: 1.5 },
    { "#p": "x" },
    { "#pp": [] },
    { "#p": ["\ud800"] },
    { "#p": ["x".repeat(RELAY_LIMITS.tagValueBytes + 1)] },
    { search: "word" },
    JSON.parse('{"__proto__": ["x"]}'),
  ];
  for (const value of wrong) assert.throws(() => parseFilter(value), { code: "bad_filter" }, JSON.stringify(value));
});

test("the number of values is bounded over all fields", () => {
  const half = RELAY_LIMITS.filterValues / 2;
  const kinds = Array<number>(half).fill(1);
  assert.ok(parseFilter({ kinds, "#t": Array(half).fill("x") }));
  assert.throws(() => parseFilter({ kinds, "#t": Array(half + 1).fill("x") }), /1000 values/);
});

test("tag conditions are listed by name", () => {
  assert.deepEqual(tagFields({ kinds: [1], "#p": ["x"], "#e": [] }), [
    ["p", ["x"]],
    ["e", []],
  ]);
});
