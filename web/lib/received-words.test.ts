import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReceivedFile } from "../../src/api/contract.ts";
import { percentOf, receivedWords, sourceWords } from "./received-words.ts";

const FILE: ReceivedFile = {
  message: "m",
  file: "f",
  name: "plan.pdf",
  bytes: 2_000_000,
  done: 0,
  state: "fetching",
  retryAt: null,
  savedAs: null,
  error: null,
};

test("each state of a file on its way has its words", () => {
  assert.equal(receivedWords(FILE), "Asking the sender’s machine…");
  assert.equal(receivedWords({ ...FILE, done: 1_000_000 }), "1.0 MB of 2.0 MB");
  const waiting = { ...FILE, state: "waiting", done: 1_000_000, retryAt: "2026-01-01T10:00:00.000Z" } as const;
  assert.match(
    receivedWords(waiting),
    /^The sender’s machine does not answer\. 1\.0 MB of 2\.0 MB are here\. It is asked again by itself at /,
  );
  const savedAs = { id: "x", path: "/Received/Ada/plan.pdf", folder: "y" };
  assert.equal(receivedWords({ ...FILE, state: "saved", savedAs }), "In your files: /Received/Ada/plan.pdf");
  const error = { code: "link_ended", message: "It ended.", hint: "Ask again." };
  assert.equal(receivedWords({ ...FILE, state: "failed", error }), "It ended. Ask again.");
});

test("where it comes from is said before it is asked for", () => {
  assert.match(sourceWords("http://localhost:8080/s/x#y"), /only if the sender uses this machine/);
  assert.match(sourceWords("https://ada.example/s/x#y"), /Comes from ada\.example, which sees your address/);
});

test("progress is whole and never beyond the end", () => {
  assert.deepEqual(
    [0, 1, 999, 1_000].map((done) => percentOf({ done, bytes: 1_000 })),
    [0, 0, 99, 100],
  );
  assert.equal(percentOf({ done: 0, bytes: 0 }), 0);
});
