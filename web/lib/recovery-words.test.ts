import assert from "node:assert/strict";
import { test } from "node:test";
import { givenWords, restoredWords, summaryWords } from "./recovery-words.ts";

const AT = "2026-11-26T10:15:00.000Z";
const nothing = { possible: true, madeAt: null, relays: [], leftOut: 0 };

test("where the summary lies, or why there is none", () => {
  assert.match(summaryWords({ ...nothing, possible: false }), /^You use no relay of others/);
  assert.match(summaryWords(nothing), /The first one is made within minutes\.$/);
  assert.match(summaryWords({ ...nothing, madeAt: AT }), /It is on its way\.$/);
  const told = summaryWords({ ...nothing, madeAt: AT, relays: ["wss://a", "wss://b"], leftOut: 3 });
  assert.match(told, /It lies at wss:\/\/a, wss:\/\/b\. 3 people did not fit: keep a backup, too\.$/);
});

test("what came back", () => {
  const result = { npub: "npub1", contacts: 2, files: 0 };
  assert.equal(restoredWords(result), "Your identity is back.");
  const summary = { madeAt: AT, groups: 1, channels: 0, relays: [], warnings: [] };
  assert.match(
    restoredWords({ ...result, summary }),
    /^Your identity is back, with 2 contacts, 1 group, 0 channels, as/,
  );
  assert.equal(restoredWords({ ...result, summary: { ...summary, madeAt: null } }), "Your identity is back.");
});

test("who keeps shares", () => {
  assert.equal(givenWords({ given: null, kept: 0 }), "You gave nobody a share yet.");
  const people = [
    { name: "Bob", npub: "npub1b", arrived: true, underWay: false },
    { name: "Carol", npub: "npub1c", arrived: false, underWay: true },
    { name: "Dan", npub: "npub1d", arrived: false, underWay: false },
  ];
  assert.match(
    givenWords({ given: { need: 2, at: AT, people }, kept: 0 }),
    /any 2 of these .*: Bob, Carol \(on its way\), Dan \(not sent: give it again\)\.$/,
  );
});
