/** A relay that writes down who asks for which body when, and tries to find out which of them were mail. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import { FETCH_LIMITS } from "../../core/cell-limits.ts";
import type { HashedEvent } from "../../nostr/event.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import type { CellHeader } from "../cell/cell-header.ts";
import { Batches } from "./batches.ts";
import { HeaderPool } from "./header-pool.ts";

const BATCH = FETCH_LIMITS.freshBodies + FETCH_LIMITS.olderBodies;
const CELLS_PER_SECOND = 8; // 93 MB an hour
const HOUR_MS = 3_600_000;

interface Asked {
  readonly atMs: number;
  readonly ids: readonly string[];
}

/** A relay in virtual time: what it was asked, and whether it hands a body out. */
class Relay {
  readonly log: Asked[] = [];
  readonly #time: VirtualTime;
  hands: (id: string) => boolean = () => true;
  /** False: it is connected and does not answer. */
  answers = true;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  readonly subscribe: RelayPool["subscribe"] = (_url, filters, { claim, onStored }) => {
    const ids = filters()[0]?.ids ?? [];
    this.log.push({ atMs: this.#time.nowMs(), ids });
    if (this.answers) {
      for (const id of ids) if (this.hands(id)) claim?.({ id } as HashedEvent);
      onStored?.();
    }
    return { close: () => {} };
  };
}

/** A reader whose mail comes as `mail` says: how many of the cells of this second are his. */
async function read(options: { mail: (second: number) => number; seconds: number; decoys?: boolean }) {
  const time = new VirtualTime(Date.UTC(2026, 0, 1));
  const relay = new Relay(time);
  const headers = new HeaderPool(FETCH_LIMITS);
  const bodies: string[] = [];
  const givenUp: string[] = [];
  const saved: string[][] = [];
  const batches = new Batches({
    url: "ws://relay",
    pool: relay,
    headers,
    unfinished: [],
    save: (asked) => void saved.push(asked.map(({ id }) => id)),
    onBody: (event) => void bodies.push(event.id),
    onGivenUp: (id) => void givenUp.push(id),
    clock: time,
    timers: time,
    limits: FETCH_LIMITS,
  });
  const ours = new Set<string>();
  /** When a relay told of a cell, ours or not. */
  const toldAtMs = new Map<string, number>();
  for (let second = 0; second < options.seconds; second++) {
    const mine = options.mail(second);
    for (let i = 0; i < CELLS_PER_SECOND; i++) {
      const header = nextHeader();
      toldAtMs.set(header.id, time.nowMs());
      if (i < mine) ours.add(header.id);
      // Without decoys other people's headers are not even remembered: the same code has nothing to hide behind.
      if (i < mine || options.decoys !== false) headers.add(header, i < mine);
    }
    await time.advance(1_000);
  }
  return { time, relay, headers, batches, bodies, givenUp, saved, ours, toldAtMs };
}

let count = 0;

function nextHeader(): CellHeader {
  const id = (++count).toString(16).padStart(64, "0");
  return { ephemeral: id, address: id, id };
}

const nothing = () => 0;
/** One cell in two batches. */
const steady = (second: number) => (second % 23 === 0 ? 1 : 0);
/** 24 cells within half a minute, again and again. */
const bursts = (second: number) => (second % 120 < 24 ? 1 : 0);
const WARM_UP = 2;

test("number, size and times of batches are the same with mail and without", async () => {
  const runs = [await read({ mail: nothing, seconds: 3_600 }), await read({ mail: bursts, seconds: 3_600 })];
  const gaps = runs.map(({ relay }) => {
    const log = relay.log.slice(WARM_UP);
    assert.ok(log.every(({ ids }) => ids.length === BATCH && new Set(ids).size === BATCH));
    const expected = HOUR_MS / FETCH_LIMITS.batchMs;
    assert.ok(Math.abs(log.length - expected) < expected / 10, `${log.length} batches`);
    return log.slice(1).map(({ atMs }, i) => atMs - (log[i]?.atMs ?? 0));
  });
  const all = gaps.flat();
  assert.ok(Math.max(...all) <= FETCH_LIMITS.batchMs * 1.2 + 1 && Math.min(...all) >= FETCH_LIMITS.batchMs * 0.8 - 1);
  // 300 gaps each: by chance one pair in a thousand is further apart.
  assert.ok(distance(gaps[0] ?? [], gaps[1] ?? []) < 0.16);
});

test("the attack: who knows which batches held mail finds it among the fresh bodies by luck alone, and without decoys always", async () => {
  const guess = async (decoys: boolean) => {
    const { relay, ours, toldAtMs } = await read({ mail: steady, seconds: 7_200, decoys });
    const chances: number[] = [];
    const ages = { ours: [] as number[], decoys: [] as number[] };
    for (const [i, { ids, atMs }] of relay.log.entries()) {
      if (i < WARM_UP || !ids.some((id) => ours.has(id))) continue;
      const before = relay.log[i - 1]?.atMs ?? 0;
      const fresh = ids.filter((id) => (toldAtMs.get(id) ?? 0) >= before);
      chances.push(fresh.filter((id) => ours.has(id)).length / fresh.length);
      for (const id of fresh) ages[ours.has(id) ? "ours" : "decoys"].push(atMs - (toldAtMs.get(id) ?? 0));
    }
    assert.ok(chances.length > 200);
    return { chance: chances.reduce((sum, one) => sum + one, 0) / chances.length, ages };
  };
  const hidden = await guess(true);
  assert.ok(hidden.chance <= 1.02 / FETCH_LIMITS.freshBodies, `right with a chance of ${hidden.chance}`);
  // 300 of ours: by chance one run in a thousand is further apart.
  assert.ok(distance(hidden.ages.ours, hidden.ages.decoys) < 0.13, "nor does the age of a body tell");
  const bare = await guess(false);
  assert.equal(bare.chance, 1);
});

test("in a burst at most half of what is fresh, and of what is not, is ours; the rest waits and comes", async () => {
  const { relay, ours, bodies } = await read({ mail: bursts, seconds: 3_600 });
  const most = Math.ceil(FETCH_LIMITS.freshBodies / 2) + Math.ceil(FETCH_LIMITS.olderBodies / 2);
  const counts = relay.log.slice(WARM_UP).map(({ ids }) => ids.filter((id) => ours.has(id)).length);
  assert.equal(Math.max(...counts), most);
  const asked = relay.log.flatMap(({ ids }) => ids);
  assert.equal(new Set(asked).size, asked.length, "nothing is asked for twice");
  const came = bodies.filter((id) => ours.has(id)).length;
  assert.ok(came >= ours.size - 24, `${came} of ${ours.size}`);
});

test("the attack: a relay that withholds bodies sees ours and decoys asked for again alike", async () => {
  const run = await read({ mail: () => 1, seconds: 120 });
  const { relay, ours, givenUp, bodies } = run;
  relay.log.length = 0;
  relay.hands = () => false;
  await run.time.advance(FETCH_LIMITS.batchMs * 8);
  const asked = new Map<string, number>();
  for (const id of relay.log.flatMap(({ ids }) => ids)) asked.set(id, (asked.get(id) ?? 0) + 1);
  const first = relay.log[0]?.ids ?? [];
  assert.ok(first.some((id) => ours.has(id)) && first.some((id) => !ours.has(id)));
  for (const id of first) assert.equal(asked.get(id), FETCH_LIMITS.tries, ours.has(id) ? "ours" : "a decoy");
  assert.ok(first.every((id) => givenUp.includes(id)));
  relay.hands = () => true;
  const before = bodies.length;
  await run.time.advance(FETCH_LIMITS.batchMs * 3);
  assert.ok(bodies.length > before, "and it goes on");
});

test("a relay that does not answer is not asked for more, and what it owes is asked for again later", async () => {
  const run = await read({ mail: nothing, seconds: 120 });
  const { relay, time } = run;
  relay.log.length = 0;
  relay.answers = false;
  await time.advance(FETCH_LIMITS.answerMs);
  assert.equal(relay.log.length, 1);
  relay.answers = true;
  await time.advance(FETCH_LIMITS.batchMs * 3);
  assert.deepEqual(relay.log[1]?.ids.toSorted(), relay.log[0]?.ids.toSorted());
});

test("the attack: a relay that is slow for long, but connected, makes nobody give up mail", async () => {
  const run = await read({ mail: () => 1, seconds: 120 });
  const { relay, time, givenUp, bodies, ours } = run;
  relay.answers = false;
  const asked = () => relay.log.at(-1)?.ids.filter((id) => ours.has(id)) ?? [];
  await time.advance(FETCH_LIMITS.batchMs * 2);
  const mail = asked();
  assert.ok(mail.length > 0);
  await time.advance(FETCH_LIMITS.answerMs * 2 * FETCH_LIMITS.tries);
  assert.ok(relay.log.length > FETCH_LIMITS.tries, "it was asked again and again");
  relay.answers = true;
  await time.advance(FETCH_LIMITS.answerMs * 2);
  assert.deepEqual(givenUp, []);
  assert.ok(mail.every((id) => bodies.includes(id)));
});

test("a batch is noted down before it is asked for, and asked for as it was by the next process", async () => {
  const { relay, saved } = await read({ mail: bursts, seconds: 60 });
  assert.deepEqual(
    saved,
    relay.log.map(({ ids }) => ids),
  );
  const time = new VirtualTime(0);
  const again = new Relay(time);
  const unfinished = (saved.at(-1) ?? []).map((id) => ({ ...nextHeader(), id }));
  const headers = new HeaderPool(FETCH_LIMITS);
  for (let i = 0; i < 100; i++) headers.add(nextHeader(), false);
  const next = new Batches({
    url: "ws://relay",
    pool: again,
    headers,
    unfinished,
    save: () => {},
    onBody: () => {},
    onGivenUp: () => {},
    clock: time,
    timers: time,
    limits: FETCH_LIMITS,
  });
  await time.advance(FETCH_LIMITS.batchMs);
  assert.deepEqual(again.log[0]?.ids, saved.at(-1));
  next.close();
});

/** Kolmogorov-Smirnov: the largest difference of the two distributions. */
function distance(a: readonly number[], b: readonly number[]): number {
  const below = (values: readonly number[], x: number) => values.filter((value) => value <= x).length / values.length;
  return Math.max(...[...a, ...b].map((x) => Math.abs(below(a, x) - below(b, x))));
}
