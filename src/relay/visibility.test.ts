import assert from "node:assert/strict";
import { test } from "node:test";
import type { NostrEvent } from "../nostr/event.ts";
import { asksOnlyForWraps, isVisible, mayShowWraps } from "./visibility.ts";

const event: NostrEvent = { id: "", pubkey: "alice", created_at: 0, kind: 1, tags: [], content: "", sig: "" };
const nobody: ReadonlySet<string> = new Set();
const bob: ReadonlySet<string> = new Set(["bob"]);

test("a question for wraps alone is recognised", () => {
  assert.ok(asksOnlyForWraps({ kinds: [1059] }));
  assert.ok(asksOnlyForWraps({ kinds: [1059, 1059], "#p": ["bob"] }));
  assert.ok(!asksOnlyForWraps({ kinds: [1059, 1] }));
  assert.ok(!asksOnlyForWraps({ kinds: [] }));
  assert.ok(!asksOnlyForWraps({ "#p": ["bob"] }));
});

test("wraps are shown to the proven key that is the only #p", () => {
  assert.ok(mayShowWraps({ "#p": ["bob"] }, bob));
  assert.ok(!mayShowWraps({ "#p": ["bob"] }, nobody));
  assert.ok(!mayShowWraps({ "#p": ["bob", "carol"] }, bob));
  assert.ok(!mayShowWraps({ "#p": ["carol"] }, bob));
  assert.ok(!mayShowWraps({ "#p": [] }, bob));
  assert.ok(!mayShowWraps({ ids: ["x"] }, bob));
});

test("the same holds for each event", () => {
  const wrap = { ...event, kind: 1059, tags: [["p", "bob"]] };
  assert.ok(isVisible(wrap, { "#p": ["bob"] }, bob));
  assert.ok(!isVisible(wrap, {}, bob));
  assert.ok(!isVisible(wrap, { "#p": ["bob"] }, nobody));
  assert.ok(isVisible(event, {}, nobody));
});

test("a list of deleted wraps is for its author", () => {
  const deletion = {
    ...event,
    kind: 5,
    pubkey: "bob",
    tags: [
      ["e", "x"],
      ["k", "1059"],
    ],
  };
  assert.ok(!isVisible(deletion, {}, nobody));
  assert.ok(isVisible(deletion, {}, bob));
  assert.ok(isVisible({ ...deletion, tags: [["k", "1"]] }, {}, nobody));
});
