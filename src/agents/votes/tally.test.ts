import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, u16, u32 } from "../../core/bytes.ts";
import type { Side } from "./sides.ts";
import { type CountedVote, encodeTally, levelOf, readTally, type Tally, tallyOf } from "./tally.ts";
import { entryNamed, operatorNamed, ROUND, RULES } from "./testing.ts";

/** A vote a letter: `f`or, `a`gainst, `n`one; capitals weigh four times as much. */
function votesOf(letters: string): CountedVote[] {
  const sides: Readonly<Record<string, Side>> = { f: "for", a: "against", n: "none" };
  return [...letters].map((letter, i) => ({
    operator: operatorNamed(i),
    side: sides[letter.toLowerCase()] as Side,
    weight: letter === letter.toLowerCase() ? 1_000 : 4_000,
  }));
}

const place = { network: RULES.network, subject: entryNamed("x"), round: ROUND };
const tally = tallyOf(place, votesOf("ffaN"));
const bytes = encodeTally(tally);

test("two of three is two thirds", () => {
  assert.equal(levelOf(votesOf("ffa")), "high");
  assert.equal(levelOf(votesOf("aaf")), "rejected");
});

test("levels follow from weights, and from how many took a side", () => {
  const levels = {
    low: ["", "f", "a", "aa", "fa", "FFnnnnnnnn", "ffan", "fffaaa", "FaAa", "aan", "fnn"],
    medium: ["ff", "Fa", "ffffaaa", "ffn", "ffffaan"],
    high: ["fff", "Fff", "Faa", "ffffaa", "FFffaan", "fffn", "fffffnfnn"],
    rejected: ["aaa", "Aff", "ffAA", "aaan"],
  };
  for (const [level, all] of Object.entries(levels))
    for (const letters of all) assert.equal(levelOf(votesOf(letters)), level, letters);
});

test("a tally is written in one way, whatever the order of votes", () => {
  assert.deepEqual([tally.level, tally.for, tally.against], ["low", 2_000, 1_000]);
  assert.equal(bytes.length, 1 + 32 + 32 + 8 + 1 + 8 + 8 + 2 + 4 * 37);
  assert.deepEqual(encodeTally(tallyOf(place, votesOf("ffaN").toReversed())), bytes);
  assert.deepEqual(readTally(bytes), tally);
});

test("bytes that were altered so that nothing else follows, cut or made longer are no tally", () => {
  for (let length = 0; length < bytes.length; length++) assert.equal(readTally(bytes.subarray(0, length)), null);
  assert.equal(readTally(concatBytes(bytes, Uint8Array.of(0))), null);
  const alterations: [string, number, Uint8Array][] = [
    ["version", 0, Uint8Array.of(2)],
    ["round beyond exact numbers", 65, u32(0x00400000)],
    ["level high", 73, Uint8Array.of(3)],
    ["level none", 73, Uint8Array.of(0)],
    ["sum for", 74, new Uint8Array(8)],
    ["sum against", 82, new Uint8Array(8)],
    ["count", 90, u16(3)],
    ["side", 92 + 32, Uint8Array.of(3)],
    ["weight too high", 92 + 33, u32(4_001)],
    ["weight too low", 92 + 33, u32(999)],
    ["operators in another order", 92, new Uint8Array(32).fill(255)],
  ];
  for (const [why, at, put] of alterations) {
    const altered = bytes.slice();
    altered.set(put, at);
    assert.equal(readTally(altered), null, why);
  }
  assert.equal(readTally(concatBytes(bytes.subarray(0, 90), u16(0))), null, "nobody voted");
});

test("what does not follow from the votes is not written", () => {
  const [first, ...others] = tally.votes as [CountedVote, ...CountedVote[]];
  const wrong: Partial<Tally>[] = [
    { level: "high" },
    { for: 2_001 },
    { against: 0 },
    { votes: [] },
    { votes: [...others, first] },
    { votes: [first, ...tally.votes] },
    { votes: [{ ...first, weight: 4_001 }, ...others] },
    { round: -1 },
    { subject: "x" as Tally["subject"] },
  ];
  for (const one of wrong) assert.throws(() => encodeTally({ ...tally, ...one }), { code: "tally" });
});
