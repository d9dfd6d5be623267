import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NetworkId, OperatorId } from "../agent-ids.ts";
import type { Endorsement } from "./endorsement.ts";
import type { Genesis } from "./genesis.ts";
import type { Revocation } from "./revocation.ts";
import { DAY_MS, depths, endorse, genesisOf, named, NETWORK, NOW, revoke, standingOf } from "./testing.ts";
import { type Papers, standing } from "./trust-graph.ts";

const genesis = genesisOf("g1 g2 g3 g4");
const GENESIS = { g1: 0, g2: 0, g3: 0, g4: 0 };

test("three endorsements hold up, one step beyond the third nearest endorser", () => {
  const endorsements = [...endorse("g1 g2 g3", "a b c"), ...endorse("g1 g2 a", "d"), ...endorse("g1 c d", "e")];
  assert.deepEqual(depths(genesis, { endorsements }), { ...GENESIS, a: 1, b: 1, c: 1, d: 2, e: 3 });
  const more = [...endorsements, ...endorse("g3", "d")];
  assert.deepEqual(depths(genesis, { endorsements: more }), { ...GENESIS, a: 1, b: 1, c: 1, d: 1, e: 2 });
});

test("what is told of somebody: his three nearest, what they call him, for how many agents they vouch", () => {
  const endorsements = [
    ...endorse("g4", "a", { label: "one", mostAgents: 9 }),
    ...endorse("g2", "a", { label: "two", mostAgents: 2 }),
    ...endorse("g1", "a", { label: "one", mostAgents: 8, notAfterMs: NOW + 2 * DAY_MS }),
    ...endorse("g3", "a", { label: "two", mostAgents: 8, notAfterMs: NOW + 2 * DAY_MS }),
  ];
  assert.deepEqual(standingOf("a", genesis, { endorsements }), {
    depth: 1,
    endorsers: ["g1", "g2", "g3"].map(named),
    mostAgents: 8,
    label: "two",
    untilMs: NOW + DAY_MS,
  });
  assert.deepEqual(standingOf("g1", genesis, { endorsements }), {
    depth: 0,
    endorsers: [],
    mostAgents: 64,
    label: "",
    untilMs: null,
  });
});

test("if all three call him something else, the first is believed", () => {
  const endorsements = ["g3", "g1", "g2"].flatMap((by) => endorse(by, "a", { label: by }));
  assert.equal(standingOf("a", genesis, { endorsements })?.label, "g1");
});

test("the attack: a fourth endorser, who allows fewer agents, or one who is farther out and allows more", () => {
  const endorsements = [
    ...endorse("g2 g3 g4", "a", { mostAgents: 5 }),
    ...endorse("g1", "a", { mostAgents: 1 }),
    ...endorse("g1 g2 g3", "b c d"),
    ...endorse("b c d", "a", { mostAgents: 64 }),
  ];
  assert.equal(standingOf("a", genesis, { endorsements })?.mostAgents, 5);
});

test("two endorsers are not enough", () => {
  assert.deepEqual(depths(genesis, { endorsements: endorse("g1 g2", "a") }), GENESIS);
});

test("three endorsements of one endorser are one", () => {
  const labels = ["one", "two", "three"];
  const endorsements = labels.flatMap((label, n) => endorse("g1", "a", { label, madeAtMs: NOW - n }));
  assert.deepEqual(depths(genesis, { endorsements: [...endorsements, ...endorse("g2", "a")] }), GENESIS);
});

test("nobody's endorsement of himself counts, also not as the third", () => {
  assert.deepEqual(depths(genesis, { endorsements: endorse("g1 g2 a", "a") }), GENESIS);
});

test("a circle of sybils who endorse each other is held up by nobody, also not with two real endorsers each", () => {
  const names = Array.from({ length: 20 }, (_, n) => `s${n}`).join(" ");
  assert.deepEqual(depths(genesis, { endorsements: endorse(names, names) }), GENESIS);
  const endorsements = [...endorse(names, names), ...endorse("g1 g2", names)];
  assert.deepEqual(depths(genesis, { endorsements }), GENESIS);
});

test("nobody is four steps from the genesis", () => {
  const endorsements = [
    ...endorse("g1 g2 g3", "a1 a2 a3"),
    ...endorse("a1 a2 a3", "b1 b2 b3"),
    ...endorse("b1 b2 b3", "c1 c2 c3"),
    ...endorse("c1 c2 c3", "d"),
  ];
  const found = depths(genesis, { endorsements });
  assert.deepEqual([found["a1"], found["b1"], found["c1"], found["d"]], [1, 2, 3, undefined]);
});

test("an endorsement of another network, one from the future and one that has expired do not count", () => {
  const usual = endorse("g1 g2", "a");
  const third = (said: Partial<Endorsement>) =>
    depths(genesis, { endorsements: [...usual, ...endorse("g3", "a", said)] });
  assert.equal(third({})["a"], 1);
  assert.equal(third({ network: "11".repeat(32) as NetworkId })["a"], undefined);
  assert.equal(third({ madeAtMs: NOW + 1 })["a"], undefined);
  assert.equal(third({ madeAtMs: NOW - 2, notAfterMs: NOW - 1 })["a"], undefined);
  assert.equal(third({ notAfterMs: NOW })["a"], 1, "its last moment");
});

test("an endorser takes his word back by a newer one, whichever comes first", () => {
  const usual = endorse("g1 g2 g3", "a", { madeAtMs: NOW - 2 });
  const back = endorse("g3", "a", { madeAtMs: NOW - 1, notAfterMs: NOW - 1 });
  for (const endorsements of [
    [...usual, ...back],
    [...back, ...usual],
  ]) {
    assert.equal(depths(genesis, { endorsements })["a"], undefined);
    assert.equal(depths(genesis, { endorsements }, NOW - 2)["a"], 1, "before that it counted");
  }
});

test("whoever loses his nearest endorsers goes on farther out, until those are gone as well", () => {
  const endorsements = [
    ...endorse("g1 g2 g3", "a b c", { notAfterMs: NOW + 3 * DAY_MS }),
    ...endorse("g1 g2 g3", "d", { notAfterMs: NOW + DAY_MS }),
    ...endorse("a b c", "d", { notAfterMs: NOW + 2 * DAY_MS }),
  ];
  assert.equal(standingOf("d", genesis, { endorsements })?.untilMs, NOW + 2 * DAY_MS);
  assert.equal(depths(genesis, { endorsements }, NOW + DAY_MS)["d"], 1);
  assert.equal(depths(genesis, { endorsements }, NOW + DAY_MS + 1)["d"], 2);
  assert.equal(depths(genesis, { endorsements }, NOW + 2 * DAY_MS + 1)["d"], undefined);
});

const tree = [...endorse("g1 g2 g3", "a b c d"), ...endorse("a b c", "e f g"), ...endorse("a b d", "h")];

test("three revoke, two do not, and nobody three times", () => {
  assert.equal(depths(genesis, { endorsements: tree, revocations: revoke("g1 g2", "d") })["d"], 1);
  const again = [
    ...revoke("g1 g2", "d"),
    ...revoke("g1", "d", { note: "again" }),
    ...revoke("g2", "d", { madeAtMs: 1 }),
  ];
  assert.equal(depths(genesis, { endorsements: tree, revocations: again })["d"], 1);
  assert.equal(depths(genesis, { endorsements: tree, revocations: revoke("g1 g2 g3", "d") })["d"], undefined);
  assert.equal(depths(genesis, { endorsements: tree, revocations: revoke("g1 a b", "d") })["d"], undefined);
});

test("a revoked endorser drops those who are held up by him alone, and nobody else", () => {
  const found = depths(genesis, { endorsements: tree, revocations: revoke("g1 g2 g3", "c") });
  assert.deepEqual(found, { ...GENESIS, a: 1, b: 1, d: 1, h: 2 });
  const other = [...tree, ...endorse("d", "e")];
  const held = depths(genesis, { endorsements: other, revocations: revoke("g1 g2 g3", "c") });
  assert.deepEqual(held, { ...GENESIS, a: 1, b: 1, d: 1, e: 2, h: 2 });
});

test("a revocation of another network, or from the future, does not count", () => {
  const others = [{ network: "11".repeat(32) as NetworkId }, { madeAtMs: NOW + 1 }];
  for (const said of others) {
    const revocations = [...revoke("g1 g2", "d"), ...revoke("g3", "d", said)];
    assert.equal(depths(genesis, { endorsements: tree, revocations })["d"], 1);
  }
});

test("one's own key is laid down alone, and for good: also a genesis operator's, with all that hangs on it", () => {
  assert.equal(depths(genesis, { endorsements: tree, revocations: revoke("d", "d") })["d"], undefined);
  const found = depths(genesis, { endorsements: tree, revocations: revoke("g1", "g1") });
  assert.deepEqual(found, { g2: 0, g3: 0, g4: 0 });
  const again = [...tree, ...endorse("g2 g3 g4", "g1", { madeAtMs: NOW + 1 })];
  assert.equal(depths(genesis, { endorsements: again, revocations: revoke("g1", "g1") }, NOW + 2)["g1"], undefined);
});

test("the attack: a clique that revokes everybody above it, its own endorsers first", () => {
  const revocations = [...revoke("e f g h", "a b c d"), ...revoke("a b c d", "g1 g2 g3 g4")];
  assert.deepEqual(depths(genesis, { endorsements: tree, revocations }), depths(genesis, { endorsements: tree }));
});

test("the attack: whoever has no standing revokes", () => {
  const revocations = revoke("x y z g1 g2", "e d");
  assert.deepEqual(depths(genesis, { endorsements: tree, revocations }), depths(genesis, { endorsements: tree }));
});

test("the attack: who is revoked revokes back. Nearer ones' word goes before his", () => {
  const revocations = [...revoke("g1 g2 g3", "a b c"), ...revoke("a b c", "d")];
  assert.deepEqual(depths(genesis, { endorsements: tree, revocations }), { ...GENESIS, d: 1 });
});

test("the attack: three of one depth revoke all others of it. They fall before, if more revoke them", () => {
  const endorsements = endorse("g1 g2 g3", "a b c p q r s");
  const attack = revoke("a b c", "p q r s");
  assert.deepEqual(depths(genesis, { endorsements, revocations: attack }), { ...GENESIS, a: 1, b: 1, c: 1 });
  const answered = [...attack, ...revoke("p q r s", "a b c")];
  assert.deepEqual(depths(genesis, { endorsements, revocations: answered }), { ...GENESIS, p: 1, q: 1, r: 1, s: 1 });
});

test("the attack: three operators of a genesis of ten, and three hundred sybils of theirs", () => {
  const names = Array.from({ length: 10 }, (_, n) => `g${n}`);
  const ten = genesisOf(names.join(" "));
  const [bad, good] = [names.slice(0, 3).join(" "), names.slice(3).join(" ")];
  const sybils = Array.from({ length: 300 }, (_, n) => `s${n}`).join(" ");
  const endorsements = [...endorse(bad, sybils), ...endorse(good, "a b c d")];
  const attack = [...revoke(bad, good), ...revoke(sybils, `a b c d ${good}`)];
  const answer = revoke(good, bad);
  const found = depths(ten, { endorsements, revocations: [...attack, ...answer] });
  const left = Object.fromEntries(names.slice(3).map((name) => [name, 0]));
  assert.deepEqual(found, { ...left, a: 1, b: 1, c: 1, d: 1 });
});

test("three against three of one depth: all of them fall, and nobody else", () => {
  const endorsements = endorse("g1 g2 g3", "a b c p q r s");
  const revocations = [...revoke("a b c", "p q r"), ...revoke("p q r", "a b c")];
  assert.deepEqual(depths(genesis, { endorsements, revocations }), { ...GENESIS, s: 1 });
});

/** The rule once more, without any thought for time: depths from scratch whenever somebody falls. */
function slowly({ operators }: Genesis, papers: Papers): Map<OperatorId, number> {
  const edges = [...papers.endorsements].map(({ endorser, target }) => [endorser, target] as const);
  const words = [...papers.revocations].map(({ by, target }) => [by, target] as const);
  const everybody = new Set([...operators, ...edges.flat()]);
  const fallen = new Set(words.filter(([by, target]) => by === target).map(([by]) => by));
  const depthsNow = (): Map<OperatorId, number> => {
    let found = new Map(operators.filter((id) => !fallen.has(id)).map((id) => [id, 0]));
    for (;;) {
      const next = new Map(found);
      for (const target of [...everybody].filter((id) => !fallen.has(id) && !operators.includes(id))) {
        const by = new Set(edges.flatMap(([one, other]) => (other === target && one !== target ? [one] : [])));
        const third = [...by].flatMap((id) => found.get(id) ?? []).sort((a, b) => a - b)[2];
        if (third !== undefined && third < 3) next.set(target, third + 1);
      }
      if (JSON.stringify([...next].sort()) === JSON.stringify([...found].sort())) return next;
      found = next;
    }
  };
  for (let depth = 0; depth <= 3; depth++) {
    const now = [...depthsNow()];
    const nearer = now.flatMap(([id, at]) => (at < depth ? [id] : []));
    let layer = now.flatMap(([id, at]) => (at === depth ? [id] : []));
    const against = (target: OperatorId, allowed: readonly OperatorId[]): number =>
      new Set(words.filter(([by, other]) => other === target && allowed.includes(by)).map(([by]) => by)).size;
    const drop = (ids: readonly OperatorId[]): void => {
      for (const id of ids) fallen.add(id);
      layer = layer.filter((id) => !fallen.has(id));
    };
    drop(layer.filter((id) => against(id, nearer) >= 3));
    for (;;) {
      const counts = layer.map((id) => [id, against(id, [...nearer, ...layer])] as const);
      const most = Math.max(0, ...counts.map(([, count]) => count));
      if (most < 3) break;
      drop(counts.flatMap(([id, count]) => (count === most ? [id] : [])));
    }
  }
  return depthsNow();
}

const PEOPLE = ["g1", "g2", "g3", "g4", "a", "b", "c", "d", "e", "f", "g", "h"];
const person = fc.integer({ min: 0, max: PEOPLE.length - 1 }).map((at) => named(PEOPLE[at] as string));
/** Mostly from earlier people to later ones, so that some stand far out. */
const pair = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(person, person).map(([a, b]) => inOrder(a, b)) },
  { weight: 1, arbitrary: fc.tuple(person, person) },
);
const time = fc.integer({ min: 0, max: 5 });

function inOrder(a: OperatorId, b: OperatorId): [OperatorId, OperatorId] {
  const rank = (id: OperatorId): number => PEOPLE.findIndex((name) => named(name) === id);
  return rank(a) < rank(b) ? [a, b] : [b, a];
}

const endorsement = fc
  .tuple(pair, time, time, fc.constantFrom("one", "two"), fc.integer({ min: 1, max: 3 }))
  .map(([[endorser, target], ago, left, label, mostAgents]): Endorsement => {
    const times = { madeAtMs: NOW - ago, notAfterMs: NOW + left };
    return { network: NETWORK, endorser, target, label, mostAgents, ...times };
  });
const revocation = fc
  .tuple(person, person)
  .map(([by, target]): Revocation => ({ network: NETWORK, by, target, note: "", madeAtMs: NOW }));
const papers = fc.record({
  endorsements: fc.array(endorsement, { minLength: 30, maxLength: 90, size: "max" }),
  revocations: fc.array(revocation, { maxLength: 50, size: "max" }),
});

test("depths are those of the rule as it is written, with revocations in all directions", () => {
  const seen = new Set<number>();
  fc.assert(
    fc.property(papers, (papers) => {
      const found = [...standing(genesis, papers, NOW)].map(([id, { depth }]) => [id, depth] as const);
      for (const [, depth] of found) seen.add(depth);
      assert.deepEqual(new Map(found), slowly(genesis, papers));
    }),
    { numRuns: 60 },
  );
  assert.ok(seen.has(1) && seen.has(2), "the examples reach beyond the first step");
});

test("the order of papers does not matter, nor how often they come", () => {
  const orders = papers.chain((one) => {
    const shuffled = <T>(list: readonly T[]) =>
      fc.shuffledSubarray([...list, ...list], { minLength: list.length * 2, maxLength: list.length * 2 });
    return fc.tuple(
      fc.constant(one),
      fc.record({ endorsements: shuffled(one.endorsements), revocations: shuffled(one.revocations) }),
    );
  });
  fc.assert(
    fc.property(orders, ([one, other]) => {
      assert.deepEqual([...standing(genesis, other, NOW)], [...standing(genesis, one, NOW)]);
    }),
    { numRuns: 60 },
  );
});

test("without news standing lasts until the moment that it tells, and not longer", () => {
  fc.assert(
    fc.property(papers, ({ endorsements }) => {
      const known = { endorsements, revocations: [] };
      for (const [id, { untilMs }] of standing(genesis, known, NOW)) {
        if (untilMs === null) continue;
        assert.ok(standing(genesis, known, untilMs).has(id));
        assert.ok(!standing(genesis, known, untilMs + 1).has(id));
      }
    }),
    { numRuns: 30 },
  );
});
