import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleMessage } from "../testing/samples.ts";
import { withChanged, withMessage, withState, withoutMessage } from "./message-cache.ts";
import {
  KEPT_PAGES,
  type MessagePages,
  messagesOf,
  newerParam,
  olderParam,
  PAGE_MESSAGES,
  pageQuery,
  type PageParam,
  reachesNewest,
  trimmed,
} from "./message-pages.ts";

/** Two pages: messages 3 and 5 are the newest, 1 and 2 older. */
const PAGES: MessagePages = {
  pages: [
    { messages: [sampleMessage(3), sampleMessage(5)], more: true, newer: false },
    { messages: [sampleMessage(1), sampleMessage(2)], more: false, newer: true },
  ],
  pageParams: [null, { before: 3 }],
};

const idsOf = (pages: MessagePages): string[] => messagesOf(pages).map(({ id }) => id);

test("pages are read oldest first", () => {
  assert.deepEqual(idsOf(PAGES), ["m1", "m2", "m3", "m5"]);
  assert.deepEqual(messagesOf(undefined), []);
});

test("a new message takes its place by position, also when it comes late", () => {
  assert.deepEqual(idsOf(withMessage(PAGES, sampleMessage(6))), ["m1", "m2", "m3", "m5", "m6"]);
  assert.deepEqual(idsOf(withMessage(PAGES, sampleMessage(4))), ["m1", "m2", "m3", "m4", "m5"]);
});

test("a message that is told twice stands once, in its newer form", () => {
  const again = withMessage(PAGES, sampleMessage(2, { text: "edited" }));
  assert.deepEqual(idsOf(again), ["m1", "m2", "m3", "m5"]);
  assert.equal(messagesOf(again)[1]?.text, "edited");
});

test("a state reaches any page, and a message that left no longer waits", () => {
  const waiting = withMessage(PAGES, sampleMessage(1, { mine: true, state: "queued", waiting: "no relay answers" }));
  assert.equal(messagesOf(withState(waiting, "m1", "queued"))[0]?.waiting, "no relay answers");
  const sent = messagesOf(withState(waiting, "m1", "sent"))[0];
  assert.equal(sent?.state, "sent");
  assert.equal(sent?.waiting, undefined);
});

test("the cache is never changed in place", () => {
  const before = structuredClone(PAGES);
  withMessage(PAGES, sampleMessage(9));
  withState(PAGES, "m1", "read");
  assert.deepEqual(PAGES, before);
});

test("an edit reaches a known message only; a message that is gone leaves its page", () => {
  const edited = withChanged(PAGES, sampleMessage(2, { text: "edited" }));
  assert.equal(messagesOf(edited)[1]?.text, "edited");
  assert.deepEqual(idsOf(withChanged(PAGES, sampleMessage(9))), idsOf(PAGES));
  assert.deepEqual(idsOf(withoutMessage(PAGES, "m3")), ["m1", "m2", "m5"]);
});

/** What the newest pages let go of a conversation whose messages are numbered from 1. */
const PAST: MessagePages = {
  pages: [{ messages: [sampleMessage(3), sampleMessage(4)], more: true, newer: true }],
  pageParams: [{ before: 5 }],
};

test("a new message does not join pages that end before the newest", () => {
  assert.ok(!reachesNewest(PAST));
  assert.deepEqual(idsOf(withMessage(PAST, sampleMessage(9))), ["m3", "m4"]);
  assert.equal(messagesOf(withMessage(PAST, sampleMessage(4, { text: "edited" })))[1]?.text, "edited");
});

test("pages lead on both ways until there is nothing", () => {
  const [page] = PAST.pages;
  assert.ok(page);
  assert.deepEqual(olderParam(page, PAST.pages, { before: 5 }), { before: 3 });
  assert.deepEqual(newerParam(page, PAST.pages, { before: 5 }), { after: 4 });
  assert.equal(newerParam({ ...page, newer: false }, PAST.pages, { around: 4 }), null);
  assert.equal(olderParam({ ...page, more: false }, PAST.pages, null), null);
  assert.deepEqual(olderParam({ ...page, more: false }, PAST.pages, { after: 2 }), { before: 3 });
  assert.equal(pageQuery({ around: 7 }), `limit=${PAGE_MESSAGES}&around=7`);
  assert.equal(pageQuery(null), `limit=${PAGE_MESSAGES}`);
});

test("however many messages come or are scrolled past, a bounded number is kept, in order", () => {
  let pages: MessagePages = { pages: [{ messages: [], more: false, newer: false }], pageParams: [null] };
  const many = 3 * KEPT_PAGES * PAGE_MESSAGES;
  for (let position = 1; position <= many; position++) pages = withMessage(pages, sampleMessage(position));
  const held = messagesOf(pages).map(({ position }) => position);
  assert.ok(held.length <= (KEPT_PAGES + 1) * PAGE_MESSAGES, `${held.length} are held`);
  assert.deepEqual(
    held,
    Array.from({ length: held.length }, (_, i) => many - held.length + 1 + i),
  );
  assert.ok(reachesNewest(pages));
  const oldest = pages.pages.at(-1);
  assert.ok(oldest);
  assert.deepEqual(olderParam(oldest, pages.pages, pages.pageParams.at(-1) as PageParam), { before: held[0] });
});

test("what is let go is what is far away", () => {
  const pages = {
    pages: Array.from({ length: KEPT_PAGES + 2 }, (_, i) => ({
      messages: [sampleMessage(99 - i)],
      more: true,
      newer: false,
    })),
    pageParams: Array.from({ length: KEPT_PAGES + 2 }, (_, i) => (i === 0 ? null : { before: 100 - i })),
  };
  assert.equal(messagesOf(trimmed(pages, "oldest")).at(-1)?.position, 99);
  assert.equal(messagesOf(trimmed(pages, "newest"))[0]?.position, 99 - KEPT_PAGES - 1);
  assert.ok(!reachesNewest(trimmed(pages, "newest")));
});
