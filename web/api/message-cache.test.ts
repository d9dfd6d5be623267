import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleMessage } from "../testing/samples.ts";
import { messagesOf, withMessage, withState } from "./message-cache.ts";
import type { MessagePages } from "./queries.ts";

/** Two pages: messages 3 and 5 are the newest, 1 and 2 older. */
const PAGES: MessagePages = {
  pages: [
    { messages: [sampleMessage(3), sampleMessage(5)], more: true },
    { messages: [sampleMessage(1), sampleMessage(2)], more: false },
  ],
  pageParams: [null, 3],
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
