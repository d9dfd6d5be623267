import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { ed25519 } from "../../crypto/signing.ts";
import type { DeviceId } from "../agent-ids.ts";
import type { Gate } from "./log-sync.ts";
import { follow, newClock, newFolder, newJournal, words } from "./testing.ts";

test("logs come from whichever neighbour has them, page by page", async (t) => {
  const [a, b, c] = [newJournal(t), newJournal(t), newJournal(t)];
  await Promise.all(Array.from({ length: 600 }, (_, i) => a.say(words(`a ${i} ${"x".repeat(900)}`))));
  await b.say(words("b"));
  const { round } = follow(t, c, [a, b]);
  await round();
  assert.equal(c.sizeOf(a.device), 600);
  await round();
  assert.equal(c.sizeOf(b.device), 1);
  await a.say(words("more"));
  await round();
  assert.equal(c.sizeOf(a.device), 601);
});

test("whose beginning is not admitted is not kept, and is left alone for a while", async (t) => {
  const [stranger, c] = [newJournal(t), newJournal(t)];
  await stranger.say(words("let me in"));
  const asked: DeviceId[] = [];
  let isKnown = false;
  const gate: Gate = {
    admits: () => true,
    admitsNew: ([first]) => {
      asked.push(first?.device as DeviceId);
      return isKnown;
    },
  };
  const clock = newClock();
  const { round } = follow(t, c, [stranger], gate, clock);
  await round();
  isKnown = true;
  await round();
  assert.deepEqual([c.sizeOf(stranger.device), asked.length], [0, 1]);
  clock.atMs += 61_000;
  await round();
  assert.equal(c.sizeOf(stranger.device), 1);
});

test("two histories of one device are found, whichever is longer, and the proof is told on", async (t) => {
  for (const more of [0, 2]) {
    const folder = newFolder(t);
    const key = ed25519.createKeyPair();
    const journal = newJournal(t, { folder, key });
    for (let i = 0; i < 5; i++) await journal.say(words(`${i}`));
    const elsewhere = newFolder(t);
    for (const name of ["journal.db", "journal.db-wal"]) cpSync(join(folder, name), join(elsewhere, name));
    const twin = newJournal(t, { folder: elsewhere, key });
    for (let i = 0; i < 3; i++) await journal.say(words(`one history ${i}`));
    for (let i = 0; i < 3 + more; i++) await twin.say(words(`another ${i}`));
    const [left, right, far] = [newJournal(t), newJournal(t), newJournal(t)];
    await follow(t, left, [journal]).round();
    await follow(t, right, [twin]).round();
    await follow(t, far, [journal]).round();
    await follow(t, left, [right]).round();
    assert.deepEqual([...left.forked()], [journal.device]);
    await follow(t, far, [left]).round();
    assert.deepEqual([...far.forked()], [journal.device]);
    assert.deepEqual(far.fork(journal.device), left.fork(journal.device));
  }
});

test("a flood of new logs is begun a few at a time", async (t) => {
  const c = newJournal(t);
  const many = newJournal(t);
  const crowd = Array.from({ length: AGENT_LIMITS.newLogs + 10 }, () => newJournal(t));
  for (const one of crowd) many.take([await one.say(words("here I am"))]);
  const { round } = follow(t, c, [many]);
  await round();
  assert.equal(c.ends().size, AGENT_LIMITS.newLogs);
  await round();
  assert.equal(c.ends().size, AGENT_LIMITS.newLogs + 10);
});

test("a neighbour that answers nonsense is left alone, and others are asked", async (t) => {
  const [good, c] = [newJournal(t), newJournal(t)];
  await good.say(words("good"));
  const bad = {
    ends: () => new Map([["zz" as DeviceId, { size: 1, hash: new Uint8Array(3) }]]),
    after: () => [],
    fork: () => null,
  };
  const { round, sync } = follow(t, c, [bad, good]);
  await round();
  await round();
  await sync.met;
  assert.equal(c.sizeOf(good.device), 1);
});

test("who finds nobody looks again soon, asks whom he finds often at first, and less and less", async (t) => {
  const [a, c] = [newJournal(t), newJournal(t)];
  await a.say(words("a"));
  const others: (typeof a)[] = [];
  const { sync, timers } = follow(t, c, others);
  const wait = async (ms: number): Promise<void> => {
    timers.advance(ms);
    await sync.idle();
  };
  const { hurryMs, syncMs } = AGENT_LIMITS;
  for (let i = 0; i < 100; i++) await wait(hurryMs);
  others.push(a);
  await wait(hurryMs);
  assert.equal(c.sizeOf(a.device), 1);
  await a.say(words("b"));
  await wait(2 * hurryMs);
  assert.equal(c.sizeOf(a.device), 2);
  for (let i = 0; i < 10; i++) await wait(2 * syncMs);
  await a.say(words("c"));
  await wait(2 * hurryMs);
  assert.equal(c.sizeOf(a.device), 2, "now it takes its time");
  await wait(2 * syncMs);
  assert.equal(c.sizeOf(a.device), 3);
});
