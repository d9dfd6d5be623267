import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import * as fc from "fast-check";
import type { NostrEvent } from "../nostr/event.ts";
import { type Filter, matchesFilter } from "../nostr/filter.ts";
import { EventQuery, selectFrom } from "./event-query.ts";
import { EventStore } from "./event-store.ts";
import { newFolder } from "./testing.ts";
import { isVisible } from "./visibility.ts";

const NOW_S = 1_000;
const authors = ["a", "b", "c"].map((letter) => letter.repeat(64));
const values = ["x", "Y", "", "a\u0000b", authors[0] as string];
function newStore(t: TestContext): { store: EventStore; query: EventQuery } {
  const store = new EventStore(join(newFolder(t), "relay"), 2 ** 30);
  t.after(() => store.close());
  return { store, query: new EventQuery(store.database) };
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

const tag = fc.tuple(fc.constantFrom("p", "p", "P", "t", "k", "long"), fc.constantFrom(...values));
const events: fc.Arbitrary<Omit<NostrEvent, "id">> = fc.record({
  pubkey: fc.constantFrom(...authors),
  created_at: fc.integer({ min: 0, max: 8 }),
  kind: fc.constantFrom(1, 5, 7, 1059),
  tags: fc.array(fc.oneof(tag, fc.constantFrom(["p"], ["k", "1059"])), { maxLength: 6 }),
  content: fc.constant(""),
  sig: fc.constant(""),
});

const list = <T>(...from: T[]): fc.Arbitrary<T[]> => fc.array(fc.constantFrom(...from), { maxLength: 4 });
const time = fc.integer({ min: 0, max: 8 });
const fields: { readonly [name: string]: fc.Arbitrary<unknown> } = {
  ids: list(...Array.from({ length: 30 }, (_, i) => hash(String(i)))),
  authors: list(...authors),
  kinds: list(1, 5, 7, 1059),
  since: time,
  until: time,
  "#p": fc.oneof(list(...values), fc.constant([authors[0]])),
  "#P": list(...values),
  "#t": list(...values),
  limit: fc.integer({ min: 0, max: 6 }),
};
// Three conditions at most: with more there is hardly ever an answer to compare.
const filters: fc.Arbitrary<Filter> = fc
  .subarray(Object.keys(fields), { maxLength: 3 })
  .chain((names) =>
    fc.record(Object.fromEntries(names.map((name) => [name, fields[name] as fc.Arbitrary<unknown>]))),
  ) as fc.Arbitrary<Filter>;

/** The answer by the letter of NIP-01: look at everything, sort, cut. */
function obviousAnswer(stored: readonly NostrEvent[], filter: Filter, keys: ReadonlySet<string>): string[] {
  const found = stored.filter((event) => matchesFilter(filter, event) && isVisible(event, filter, keys));
  found.sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1));
  return found.slice(0, filter.limit ?? 5_000).map(({ id }) => id);
}

function answer(query: EventQuery, filter: Filter, keys: readonly string[]): string[] {
  const remaining = filter.limit ?? 5_000;
  const page = query.page({ filter, keys, from: null, remaining, snapshot: null }, NOW_S);
  assert.equal(page.next, null);
  for (const { id, json } of page.events) assert.equal((JSON.parse(json) as NostrEvent).id, id);
  return page.events.map(({ id }) => id);
}

test("SQL finds what the letter of NIP-01 finds", (t) => {
  const { store, query } = newStore(t);
  const contents = fc.array(events, { minLength: 5, maxLength: 30 });
  const asked = fc.array(fc.tuple(filters, list(...authors)), { minLength: 20, maxLength: 20 });
  fc.assert(
    fc.property(contents, asked, (bodies, questions) => {
      store.database.exec("DELETE FROM ev; DELETE FROM tag");
      // Without e tags a deletion deletes nothing, so that all of them are there.
      const stored = bodies.map((body, i) => {
        return { id: hash(String(i)), ...body, tags: body.tags.filter(([name]) => name !== "e") };
      });
      store.putAll(stored);
      for (const [filter, keys] of questions) {
        assert.deepEqual(answer(query, filter, keys), obviousAnswer(stored, filter, new Set(keys)));
      }
    }),
    { numRuns: 150 },
  );
});

/** `count` events of one author, every `step` of them in the same second. */
function many(count: number, step: number): NostrEvent[] {
  return Array.from({ length: count }, (_, i) => ({
    id: hash(`many ${i}`),
    pubkey: authors[i % 2] as string,
    created_at: Math.floor(i / step),
    kind: [1, 2, 4][i % 3] as number,
    tags: [["t", i % 2 ? "odd" : "even"]],
    content: "",
    sig: "",
  }));
}

/** Every page of a question, and the sizes of the pages. */
function readAll(
  query: EventQuery,
  filter: Filter,
  limit: number,
  afterPage: () => void = () => undefined,
): { ids: string[]; pages: number[] } {
  const ids: string[] = [];
  const pages: number[] = [];
  let from = null;
  let snapshot = null;
  for (let remaining = limit; ; ) {
    const page = query.page({ filter, keys: [], from, remaining, snapshot }, NOW_S);
    ids.push(...page.events.map(({ id }) => id));
    pages.push(page.events.length);
    if (!page.next) return { ids, pages };
    ({ from, remaining } = page.next);
    snapshot = page.snapshot;
    afterPage();
  }
}

test("pages follow one another without a gap or an overlap", (t) => {
  const { store, query } = newStore(t);
  const stored = many(5_000, 700);
  store.putAll(stored);
  const questions: Filter[] = [
    {},
    { kinds: [1, 2, 4] },
    { authors },
    { authors, kinds: [1, 4] },
    { "#t": ["odd", "even"] },
  ];
  for (const filter of questions) {
    const { ids, pages } = readAll(query, filter, 4_500);
    assert.deepEqual(ids, obviousAnswer(stored, { ...filter, limit: 4_500 }, new Set()), JSON.stringify(filter));
    assert.ok(pages.length > 1);
  }
});

test("a page that finds nothing ends after so many looks all the same", (t) => {
  const { store, query } = newStore(t);
  store.putAll(many(5_000, 1));
  const { ids, pages } = readAll(query, { kinds: [1], "#t": ["odd"], authors: [authors[0] as string] }, 10);
  assert.deepEqual(ids, []);
  assert.deepEqual(pages, [0, 0]);
});

test("a page holds only so many bytes", (t) => {
  const { store, query } = newStore(t);
  store.putAll(many(100, 1).map((event) => ({ ...event, content: "x".repeat(60_000) })));
  const { ids, pages } = readAll(query, {}, 100);
  assert.equal(ids.length, 100);
  assert.ok(Math.max(...pages) <= 5, `${Math.max(...pages)} events of 60 kB on one page`);
});

test("what comes after the first page is not in the others", (t) => {
  const { store, query } = newStore(t);
  const [late, ...stored] = many(3_000, 1_500) as [NostrEvent, ...NostrEvent[]];
  store.putAll(stored);
  const { ids, pages } = readAll(query, {}, 3_000, () => void store.putAll([late]));
  assert.ok(pages.length > 1);
  assert.deepEqual(ids, obviousAnswer(stored, {}, new Set()));
  assert.ok(readAll(query, {}, 3_000).ids.includes(late.id));
});

test("expired events are hidden before they are swept", (t) => {
  const { store, query } = newStore(t);
  const [gone, here] = many(2, 1).map((event, i) => ({ ...event, tags: [["expiration", String(NOW_S + i)]] }));
  store.putAll([gone as NostrEvent, here as NostrEvent]);
  assert.deepEqual(answer(query, {}, []), [here?.id]);
});

test("a thousand values are answered from the index", (t) => {
  const { store, query } = newStore(t);
  const stored = many(2_000, 1);
  store.putAll(stored);
  const strangers = Array.from({ length: 999 }, (_, i) => hash(`stranger ${i}`));
  const ids = [...stored.slice(0, 3).map(({ id }) => id), ...strangers];
  assert.equal(answer(query, { ids }, []).length, 3);
  assert.equal(answer(query, { authors: [...strangers, authors[0] as string], limit: 7 }, []).length, 7);
  assert.equal(answer(query, { "#t": [...strangers, "odd"], limit: 7 }, []).length, 7);
  const pairs = {
    authors: [...strangers.slice(0, 500), authors[0] as string],
    kinds: Array.from({ length: 400 }, (_, i) => i),
  };
  assert.equal(answer(query, { ...pairs, limit: 7 }, []).length, 7);
});

test("no question sorts a table", (t) => {
  const { store } = newStore(t);
  const plans: string[] = [];
  const { prepare } = store.database;
  store.database.prepare = (sql) => {
    if (sql.includes("ORDER BY")) {
      const rows = prepare.call(store.database, `EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
      plans.push(rows.map(({ detail }) => detail).join("; "));
    }
    return prepare.call(store.database, sql);
  };
  assert.ok(new EventQuery(store.database));
  assert.equal(plans.length, 6);
  for (const plan of plans) {
    assert.match(plan, /INDEX|PRIMARY KEY/);
    assert.doesNotMatch(plan, /TEMP B-TREE FOR ORDER BY/, plan);
  }
});

// A chunk is some events of maybe thousands of one second: sorted for each chunk, they would hold up the store.
test("events of one second are not sorted to be read in order", (t) => {
  const { store } = newStore(t);
  for (const source of ["author", "authorKind", "kind", "any"] as const) {
    const plan = store.database.prepare(`EXPLAIN QUERY PLAN ${selectFrom(source)}`).all() as { detail: string }[];
    const steps = plan.map(({ detail }) => detail).join("\n");
    assert.ok(steps.includes("USING INDEX") && !steps.includes("TEMP B-TREE"), steps);
  }
});
