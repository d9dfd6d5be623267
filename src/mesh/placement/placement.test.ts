import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Candidate, placeFragments } from "./placement.ts";

const free = (id: string, domain = id): Candidate => ({ id, domain, holds: [], hasRoom: true });

test("each fragment gets a machine of its own, the preferred first", () => {
  const { places, happiness } = placeFragments(
    2,
    ["a", "b", "c"].map((id) => free(id)),
    1,
  );
  assert.deepEqual(
    [...places],
    [
      [0, "a"],
      [1, "b"],
    ],
  );
  assert.equal(happiness, 2);
});

test("machines of one domain count as many as it may have", () => {
  const house = ["a", "b", "c"].map((id) => free(id, "one house"));
  assert.equal(placeFragments(3, house, 1).happiness, 1);
  assert.equal(placeFragments(3, house, 2).happiness, 2);
  assert.equal(placeFragments(3, [...house, free("d")], 1).happiness, 2);
});

test("what lies somewhere stays, and copies of one fragment are one", () => {
  const there: Candidate[] = [
    { id: "a", domain: "a", holds: [1], hasRoom: false },
    { id: "b", domain: "b", holds: [1], hasRoom: false },
    free("c"),
  ];
  const { places, happiness } = placeFragments(3, there, 1);
  assert.equal(happiness, 2);
  assert.equal(places.get(1), "a");
  assert.equal([...places.values()].filter((id) => id === "c").length, 1);
});

test("a machine that holds two fragments keeps the one that nobody else has", () => {
  const there: Candidate[] = [
    { id: "a", domain: "a", holds: [0, 1], hasRoom: false },
    { id: "b", domain: "b", holds: [0], hasRoom: false },
  ];
  assert.deepEqual(
    [...placeFragments(2, there, 1).places],
    [
      [0, "b"],
      [1, "a"],
    ],
  );
});

test("nobody, or nobody with room, is no place", () => {
  assert.equal(placeFragments(4, [], 1).happiness, 0);
  assert.equal(placeFragments(4, [{ ...free("a"), hasRoom: false }], 1).happiness, 0);
});

/** The slow oracle: every way to give fragments away. */
function bestHappiness(fragments: number, candidates: readonly Candidate[], perDomain: number): number {
  const used = new Set<number>();
  const full = new Map<string, number>();
  const best = (i: number): number => {
    if (i === fragments) return 0;
    let most = best(i + 1);
    for (const [j, { domain, holds, hasRoom }] of candidates.entries()) {
      const taken = full.get(domain) ?? 0;
      if (used.has(j) || taken === perDomain || !(hasRoom || holds.includes(i))) continue;
      used.add(j);
      full.set(domain, taken + 1);
      most = Math.max(most, 1 + best(i + 1));
      used.delete(j);
      full.set(domain, taken);
    }
    return most;
  };
  return best(0);
}

test("no other way places more, and no rule is broken", () => {
  const candidate = fc.record({
    domain: fc.constantFrom("x", "y", "z"),
    holds: fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
    hasRoom: fc.boolean(),
  });
  const world = fc.tuple(
    fc.integer({ min: 0, max: 5 }),
    fc.array(candidate, { maxLength: 6 }),
    fc.integer({ min: 1, max: 2 }),
  );
  fc.assert(
    fc.property(world, ([fragments, machines, perDomain]) => {
      const candidates = machines.map((machine, j) => ({ id: `${j}`, ...machine }));
      const { places, happiness } = placeFragments(fragments, candidates, perDomain);
      assert.equal(happiness, bestHappiness(fragments, candidates, perDomain));
      assert.equal(new Set(places.values()).size, places.size, "one fragment a machine");
      const domains = [...places.values()].map((id) => candidates[Number(id)]?.domain);
      for (const domain of new Set(domains)) assert.ok(domains.filter((one) => one === domain).length <= perDomain);
      for (const [fragment, id] of places) {
        const machine = candidates[Number(id)] as Candidate;
        assert.ok(machine.hasRoom || machine.holds.includes(fragment));
      }
    }),
  );
});

test("what every fragment of has a holder for is not moved", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 12 }), (fragments, others) => {
      const holders = Array.from({ length: fragments }, (_, i) => ({ ...free(`h${i}`), holds: [i] }));
      const { places } = placeFragments(
        fragments,
        [...Array.from({ length: others }, (_, i) => free(`o${i}`)), ...holders],
        1,
      );
      for (const [fragment, id] of places) assert.equal(id, `h${fragment}`);
      assert.equal(places.size, fragments);
    }),
  );
});
