import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { NOW, operatorCalled, TestIndex } from "./testing.ts";

const ben = operatorCalled("ben");

test("a domain is what stands in it", (t) => {
  const all = new TestIndex(t);
  const first = all.put({ content: "1" }, "low", NOW - 5);
  all.put({ content: "2", operator: ben }, "high", NOW - 3);
  all.put({ content: "rejected" }, "rejected");
  all.put({ content: "over", ttlS: 1 }, "low", NOW - 1_000);
  all.put({ content: "later" }, "low", NOW + AGENT_LIMITS.clockSkewMs + 1);
  all.put({ content: "other", domain: "sqlite" });
  assert.deepEqual(all.index.view("rust/async", NOW), {
    domain: "rust/async",
    entries: 2,
    operators: 2,
    newestMs: NOW - 3,
    unmerged: 2,
  });
  assert.equal(all.index.view("nowhere", NOW), null);
  assert.deepEqual(all.index.domains(10), [
    { domain: "rust/async", entries: 5 },
    { domain: "sqlite", entries: 1 },
  ]);
  assert.deepEqual(all.index.domains(1).length, 1);
  all.put({ content: "3", supersedes: [first] }, "low", NOW - 1);
  assert.equal(all.index.view("rust/async", NOW)?.entries, 2, "what was superseded does not stand");
});

test("an observation is merged by a synthesis that has it as a source, while that stands", (t) => {
  const all = new TestIndex(t);
  const [one, two] = [all.put({ content: "1" }, "low", NOW - 2), all.put({ content: "2" }, "low", NOW - 1)];
  all.put({ content: "a prediction", type: "prediction" });
  const unmerged = (nowMs = NOW) => all.index.unmerged("rust/async", nowMs, 10);
  assert.deepEqual(unmerged(), [one, two]);
  assert.deepEqual(all.index.unmerged("rust/async", NOW, 1), [one]);
  all.put({ content: "not one", type: "correction", sources: [{ entry: one }] });
  assert.deepEqual(unmerged(), [one, two]);
  const merging = { type: "synthesis", operator: ben, domain: "rust", ttlS: 60 } as const;
  const synthesis = all.put({ ...merging, content: "both", sources: [{ entry: one }, { entry: two }] });
  assert.deepEqual(unmerged(), []);
  assert.equal(all.index.view("rust/async", NOW)?.unmerged, 0);
  assert.deepEqual(unmerged(NOW + 60_000), [one, two], "it ended");
  all.index.setLevel(synthesis, "rejected");
  assert.deepEqual(unmerged(), [one, two]);
});
