import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outgoing } from "../stores/outgoing.ts";
import { sampleMessage } from "../testing/samples.ts";
import { firstUnread, type Row, rowsOf } from "./message-rows.ts";

const OWN: Outgoing = {
  id: "own",
  persona: null,
  who: "npub1alice",
  text: "on its way",
  files: [],
  interop: false,
  replyTo: null,
  voiceSeconds: null,
  at: "2025-11-21T13:00:00.000Z",
  failure: null,
};

const shape = (rows: readonly Row[]): string[] =>
  rows.map((row) => (row.kind === "message" ? row.message.id : row.kind));

test("a day stands before its first message only", () => {
  const yesterday = sampleMessage(1, { at: "2025-11-19T12:00:00.000Z" });
  assert.deepEqual(shape(rowsOf([yesterday, sampleMessage(2), sampleMessage(3)], [], null)), [
    "day",
    "m1",
    "day",
    "m2",
    "m3",
  ]);
});

test("the line above what is new stands below the day", () => {
  assert.deepEqual(shape(rowsOf([sampleMessage(1), sampleMessage(2)], [], "m2")), ["day", "m1", "new", "m2"]);
  assert.deepEqual(shape(rowsOf([sampleMessage(1)], [], "m1")), ["day", "new", "m1"]);
});

test("a message on its way comes last, and never twice", () => {
  assert.deepEqual(shape(rowsOf([sampleMessage(1)], [OWN], null)), ["day", "m1", "own"]);
  const taken = sampleMessage(2, { id: "own", mine: true });
  assert.deepEqual(shape(rowsOf([sampleMessage(1), taken], [OWN], null)), ["day", "m1", "own"]);
});

test("every row has a key of its own, also when days alternate", () => {
  const late = sampleMessage(3, { at: "2025-11-19T12:00:00.000Z" });
  const rows = rowsOf([sampleMessage(1), sampleMessage(2), late, sampleMessage(4)], [OWN], "m2");
  assert.equal(new Set(rows.map(({ key }) => key)).size, rows.length);
});

test("the oldest unread message is counted back over incoming ones", () => {
  const messages = [sampleMessage(1), sampleMessage(2), sampleMessage(3, { mine: true }), sampleMessage(4)];
  assert.equal(firstUnread(messages, 2), "m2");
  assert.equal(firstUnread(messages, 0), null);
  assert.equal(firstUnread(messages, 9), null);
});
