import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NodeId } from "../node-id.ts";
import { ed25519 } from "../../crypto/signing.ts";
import { readRecord, recordPlace, signRecord } from "../records/record.ts";
import { type Locator, nodeOf } from "./locator.ts";
import { isSameObject, mergeLocators } from "./merge.ts";
import { drawn, namedNode } from "./testing.ts";
import { nextVersion, refuseRollback } from "./versions.ts";

/** Letters of the nodes, a row for each segment. */
function rowsOf(locator: Locator | null, letters = "abcdefx"): string[] {
  const letterOf = new Map([...letters].map((letter) => [namedNode(letter), letter]));
  return (locator?.segments ?? []).map(({ fragments }) =>
    fragments.map((fragment) => letterOf.get(nodeOf(locator as Locator, fragment) as NodeId) ?? ".").join(""),
  );
}

const isUp = (...letters: string[]) => {
  const up = new Set(letters.map(namedNode));
  return (node: NodeId) => up.has(node);
};

test("a place that counts beats one that does not, and any place beats none", () => {
  const merged = mergeLocators(drawn(1, "ab.x.", "xxxx."), drawn(1, "xcd..", "abcdx"), isUp("a", "b", "c", "d"));
  const [tie = ""] = [namedNode("b"), namedNode("c")].toSorted();
  assert.deepEqual(rowsOf(merged), [`a${tie === namedNode("b") ? "b" : "c"}dx.`, "abcdx"]);
});

test("locators of two objects are not merged", () => {
  const one = drawn(2, "abc", "abc");
  const [first, second] = one.segments as [Locator["segments"][0], Locator["segments"][0]];
  for (const other of [
    drawn(1, "abc", "abc"),
    drawn(2, "abc"),
    drawn(2, "abcd", "abcd"),
    { ...one, segments: [second, first] },
  ]) {
    assert.equal(isSameObject(one, other), false);
    assert.equal(
      mergeLocators(one, other, () => true),
      null,
    );
  }
  assert.ok(isSameObject(one, drawn(2, "...", "xyz")));
});

const row = fc.string({ unit: fc.constantFrom(..."abcdef."), minLength: 4, maxLength: 4 });
const versions = fc.tuple(row, row).map((rows) => drawn(2, ...rows));
const states = fc.subarray([..."abcdef"]).map((letters) => isUp(...letters));

test("it does not matter who merges what first, or how often", () => {
  fc.assert(
    fc.property(versions, versions, versions, states, (a, b, c, counts) => {
      const merge = (one: Locator, other: Locator) => mergeLocators(one, other, counts) as Locator;
      assert.deepEqual(merge(a, b), merge(b, a));
      assert.deepEqual(merge(a, a), a);
      assert.deepEqual(merge(merge(a, b), c), merge(a, merge(b, c)));
      assert.deepEqual(merge(merge(a, b), b), merge(a, b));
    }),
  );
});

test("merging loses no fragment that counts", () => {
  fc.assert(
    fc.property(versions, versions, states, (a, b, counts) => {
      const merged = mergeLocators(a, b, counts) as Locator;
      const isThere = (locator: Locator, s: number, i: number) => {
        const fragment = locator.segments[s]?.fragments[i];
        const node = fragment ? nodeOf(locator, fragment) : null;
        return node !== null && counts(node);
      };
      for (let s = 0; s < 2; s++)
        for (let i = 0; i < 4; i++) assert.equal(isThere(merged, s, i), isThere(a, s, i) || isThere(b, s, i));
    }),
  );
});

test("a node's state may change meanwhile: it is asked once", () => {
  let asked = 0;
  mergeLocators(drawn(2, "aaaa", "aaab"), drawn(2, "abbb", "abab"), () => ++asked % 2 === 0);
  assert.equal(asked, 4);
});

test("an older version than was seen is refused, the same one is not", () => {
  assert.throws(() => refuseRollback(7, { sequence: 6 }), { code: "mesh_rollback" });
  for (const sequence of [7, 8]) refuseRollback(7, { sequence });
  refuseRollback(0, { sequence: 1 });
});

test("the attack: a carer takes the last number there is, so that nobody can say anything after him", () => {
  const nowMs = Date.UTC(2026, 10, 27);
  const carer = ed25519.createKeyPair();
  const place = recordPlace("places", carer.publicKey);
  const put = (sequence: number, madeAtMs: number) =>
    readRecord(signRecord({ kind: "places", sequence, madeAtMs, value: new Uint8Array(1) }, carer), place, nowMs);
  assert.equal(put(Number.MAX_SAFE_INTEGER, nowMs), null);
  assert.equal(put(nowMs + 1, nowMs), null);
  // The most that he can take.
  const taken = put(nowMs + 599_000, nowMs + 599_000);
  assert.ok(taken);
  const next = nextVersion(taken.sequence, nowMs);
  assert.equal(put(next.sequence, next.madeAtMs)?.sequence, taken.sequence + 1);
  assert.deepEqual(nextVersion(3, nowMs), { sequence: 4, madeAtMs: nowMs });
});
