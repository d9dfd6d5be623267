import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../../test/support/wait.ts";
import { PIR_LIMITS } from "../../core/cell-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { ScanClient } from "./scan-client.ts";

test("a thread that dies takes its databases with it, fails what waits, and is replaced", async (t) => {
  let lost = 0;
  const thread = new ScanClient(() => lost++);
  t.after(() => thread.close());
  const records = randomBytes(PIR_LIMITS.recordBytes);
  const build = async () => {
    assert.deepEqual(await thread.ask({ type: "make", name: "a", count: 1 }), []);
    assert.deepEqual(await thread.ask({ type: "put", name: "a", first: 0, records }), []);
  };
  await build();
  const query = Uint8Array.of(1);
  assert.deepEqual(await thread.ask({ type: "scan", name: "a", queries: [query] }), [records]);
  const waiting = thread.ask({ type: "scan", name: "a", queries: [query] });
  await thread.close();
  const answer = await waiting;
  assert.ok(answer === null || answer.length === 1, "it failed, or was quicker");
  await waitUntil("the loss is told", () => lost === 1);
  assert.equal(await thread.ask({ type: "scan", name: "a", queries: [query] }), null);
  await build();
  assert.deepEqual(await thread.ask({ type: "scan", name: "a", queries: [query] }), [records]);
});

test("what cannot be done fails alone: no memory, no such database, a query that does not fit", async (t) => {
  const thread = new ScanClient(() => undefined);
  assert.equal(await thread.ask({ type: "make", name: "a", count: PIR_LIMITS.records + 1 }), null);
  assert.equal(await thread.ask({ type: "scan", name: "b", queries: [Uint8Array.of(1)] }), null);
  assert.deepEqual(await thread.ask({ type: "make", name: "c", count: 8 }), []);
  assert.equal(
    await thread.ask({ type: "put", name: "c", first: 8, records: randomBytes(PIR_LIMITS.recordBytes) }),
    null,
  );
  assert.equal(await thread.ask({ type: "scan", name: "c", queries: [new Uint8Array(2)] }), null);
  assert.deepEqual(await thread.ask({ type: "scan", name: "c", queries: [Uint8Array.of(255)] }), [
    new Uint8Array(PIR_LIMITS.recordBytes),
  ]);
  assert.deepEqual(await thread.ask({ type: "drop", name: "c" }), []);
  assert.equal(await thread.ask({ type: "scan", name: "c", queries: [Uint8Array.of(1)] }), null);
  t.after(() => thread.close());
});
