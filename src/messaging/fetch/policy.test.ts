import assert from "node:assert/strict";
import { test } from "node:test";
import { FETCH_LIMITS } from "../../core/cell-limits.ts";
import { chooseWays, type RelayFacts, wayCost } from "./policy.ts";
import { Volume } from "./volume.ts";

const BUDGET: number = FETCH_LIMITS.budgetBytesPerHour;
/** 160 people under `balanced`. */
const MANY = 160 * 720;

function relay(cellsPerHour: number, more: Partial<RelayFacts> = {}): RelayFacts {
  const urls = more.urls ?? [`wss://relay-${cellsPerHour}`];
  return { urls, cellsPerHour, isSettled: true, way: "crowd", knows: ["headers"], isFree: false, ...more };
}

function waysOf(relays: readonly RelayFacts[], budget = BUDGET) {
  const { ways, fits } = chooseWays(relays, budget, FETCH_LIMITS);
  return { ways: relays.map(({ urls }) => ways.get(urls[0] as string)), fits };
}

test("a small crowd is read whole, a large one by headers where the relay tells them", () => {
  assert.deepEqual(waysOf([relay(100)]), { ways: ["crowd"], fits: true });
  assert.deepEqual(waysOf([relay(10_000)]), { ways: ["headers"], fits: true });
  assert.deepEqual(waysOf([relay(10_000, { knows: [] })]), { ways: ["crowd"], fits: false });
  assert.deepEqual(waysOf([relay(10_000, { isFree: true, knows: [] })]), { ways: ["crowd"], fits: true });
});

test("the default budget bears a crowd of 160 people under balanced", () => {
  const cost = wayCost("headers", MANY, FETCH_LIMITS);
  assert.ok(cost > 0.9 * BUDGET && cost <= BUDGET, `${cost}`);
  assert.ok(wayCost("crowd", MANY, FETCH_LIMITS) > 360_000_000);
  assert.deepEqual(waysOf([relay(MANY)]), { ways: ["headers"], fits: true });
});

test("private retrieval comes before headers with decoys, after the crowd, and costs two relays once", () => {
  const pair = { urls: ["a", "b"], knows: ["headers", "private"] } as const;
  assert.deepEqual(waysOf([relay(10_000, pair)]), { ways: ["private"], fits: true });
  assert.deepEqual(waysOf([relay(100, pair)]), { ways: ["crowd"], fits: true });
  assert.deepEqual(waysOf([relay(MANY, pair)]), { ways: ["private"], fits: true });
  assert.ok(wayCost("private", MANY, FETCH_LIMITS) < wayCost("headers", MANY, FETCH_LIMITS));
});

test("the budget is for all relays together, and small crowds are read whole first", () => {
  assert.deepEqual(waysOf([relay(3_000, { urls: ["a"] }), relay(3_000, { urls: ["b"] })]), {
    ways: ["crowd", "crowd"],
    fits: true,
  });
  assert.deepEqual(waysOf([relay(30_000), relay(1_000)]), { ways: ["headers", "crowd"], fits: true });
  assert.deepEqual(waysOf([relay(MANY), relay(1_000)]), { ways: ["headers", "crowd"], fits: false });
});

test("when nothing fits, the cheapest is taken and said to be too much", () => {
  assert.deepEqual(waysOf([relay(10 * MANY)]), { ways: ["headers"], fits: false });
  assert.deepEqual(waysOf([relay(100)], 0), { ways: ["crowd"], fits: false });
});

test("ways do not flap: the crowd is read again only when it fits well, and was watched", () => {
  const full = BUDGET / wayCost("crowd", 1, FETCH_LIMITS);
  assert.deepEqual(waysOf([relay(full * 0.99)]).ways, ["crowd"]);
  assert.deepEqual(waysOf([relay(full * 1.01)]).ways, ["headers"]);
  assert.deepEqual(waysOf([relay(full * 0.9, { way: "headers" })]).ways, ["headers"]);
  assert.deepEqual(waysOf([relay(full * 0.6, { way: "headers", isSettled: false })]).ways, ["headers"]);
  assert.deepEqual(waysOf([relay(full * 0.6, { way: "headers" })]).ways, ["crowd"]);
  // A crowd that breathes around the budget, minute by minute.
  let way: RelayFacts["way"] = "crowd";
  let changes = 0;
  for (let minute = 0; minute < 600; minute++) {
    const cells = full * (1 + 0.2 * Math.sin(minute));
    const next: RelayFacts["way"] =
      chooseWays([relay(cells, { urls: ["a"], way })], BUDGET, FETCH_LIMITS).ways.get("a") ?? "crowd";
    if (next !== way) changes++;
    way = next;
  }
  assert.equal(changes, 1);
  assert.deepEqual(
    waysOf([relay(10_000, { way: "headers", knows: [] })]).ways,
    ["crowd"],
    "it does not tell headers any more",
  );
});

test("a volume is what came in the window, and says when that was watched", () => {
  const volume = new Volume(600_000, 0);
  for (let second = 0; second < 600; second++) volume.note(2, second * 1_000);
  assert.equal(volume.isSettled(599_000), false);
  assert.equal(volume.isSettled(600_000), true);
  assert.equal(volume.perHour(599_000), 7_200);
  assert.equal(volume.perHour(599_000 + 300_000), 3_600);
  assert.equal(volume.perHour(10_000_000), 0);
});
