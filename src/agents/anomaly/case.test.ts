/** Cases: what they may say, and that no two have one id. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { UsageError } from "../../core/errors.ts";
import type { NetworkId } from "../agent-ids.ts";
import { operatorNamed, RULES } from "../votes/testing.ts";
import { type Case, caseIdOf, compareReferences, encodeCase, readCase } from "./case.ts";
import type { Reference } from "./deed.ts";
import { caseAbout, deviceNamed, hashNamed } from "./testing.ts";

function references(count: number): Reference[] {
  const all = Array.from({ length: count }, (_, n) => ({
    device: deviceNamed(`${n % 3}`),
    sequence: n + 1,
    hash: hashNamed(`${n}`),
  }));
  return all.sort(compareReferences);
}

test("what is said is read again", () => {
  for (const told of [
    caseAbout("w"),
    caseAbout("w", { action: "reinstate", words: "It was an import." }),
    caseAbout("w", { detector: "mirroring", evidence: references(AGENT_LIMITS.caseEvidence) }),
    caseAbout("w", { evidence: references(1) }),
  ])
    assert.deepEqual(readCase(encodeCase(told)), told);
  const longest = caseAbout("w", { words: "x".repeat(255), evidence: references(64), detector: "vote_burst" });
  assert.ok(encodeCase(longest).length < AGENT_LIMITS.statementBytes);
});

test("what no case may say", () => {
  const [first, second] = references(2) as [Reference, Reference];
  const wrong: readonly Partial<Case>[] = [
    { words: "" },
    { words: "  " },
    { words: "two\nlines" },
    { words: "x".repeat(AGENT_LIMITS.noteBytes + 1) },
    { detector: "mirroring" },
    { detector: "mirroring", action: "reinstate", evidence: [first] },
    { evidence: references(AGENT_LIMITS.caseEvidence + 1) },
    { evidence: [second, first] },
    { evidence: [first, first] },
    { evidence: [{ ...first, sequence: 0 }] },
    { evidence: [{ ...first, sequence: 2 ** 53 }] },
    { evidence: [{ ...first, hash: "ab" }] },
    { accused: "ab" as Case["accused"] },
    { action: "toString" as Case["action"] },
    { detector: "toString" as Case["detector"] },
  ];
  for (const changes of wrong)
    assert.throws(
      () => encodeCase(caseAbout("w", changes)),
      (error) => error instanceof UsageError && error.code === "case",
      JSON.stringify(changes),
    );
});

test("the id holds the network, who said it, when, and all that he said", () => {
  const body = encodeCase(caseAbout("w"));
  const [operator, atMs] = [operatorNamed("a"), 1_000];
  const ids = [
    caseIdOf(RULES.network, operator, atMs, body),
    caseIdOf(hashNamed("elsewhere") as NetworkId, operator, atMs, body),
    caseIdOf(RULES.network, operatorNamed("b"), atMs, body),
    caseIdOf(RULES.network, operator, atMs + 1, body),
    caseIdOf(RULES.network, operator, atMs, encodeCase(caseAbout("w", { words: "It floods!" }))),
    caseIdOf(RULES.network, operator, atMs, encodeCase(caseAbout("w", { action: "reinstate" }))),
  ];
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(caseIdOf(RULES.network, operator, atMs, body.slice()), ids[0]);
});
