import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { formOf, openVaultsMail } from "../../../test/support/cells.ts";
import { createWorld, meet, RELAY, until, WAIT_MS, type World } from "../../../test/support/messenger-world.ts";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import { systemTimers } from "../../core/clock.ts";
import { COVER_LIMITS } from "../../core/cell-limits.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import { KIND } from "../../nostr/kinds.ts";
import { PIECE_BYTES } from "../cell/cell.ts";
import { Chaff, type ChaffOptions } from "./chaff.ts";

const START_MS = Date.parse("2026-01-01T00:00:00Z");
const HOUR_MS = 3_600_000;
/** Faster than anybody may ask for, so that a test sees many. */
const PER_HOUR = 360_000;

/** Chaff in virtual time, and the cells with the times at which they left. */
function setUp(options: Partial<ChaffOptions> = {}) {
  const time = new VirtualTime(START_MS);
  const sent: { readonly event: VerifiedEvent; readonly atMs: number }[] = [];
  const chaff = new Chaff({
    perHour: 120,
    fetchNotes: async () => [],
    publish: async (event) => void sent.push({ event, atMs: time.nowMs() }),
    clock: time,
    timers: time,
    ...options,
  });
  return { time, sent, chaff };
}

/** Chaff to the relay of a world. */
function startChaff(t: TestContext, { relay, clock }: World): Chaff {
  const { pool } = relay.connect();
  const publish = (event: VerifiedEvent) => pool.publish(RELAY, event);
  const fetchNotes = async () => ["gm", "a note that is longer than a cell ".repeat(100)];
  const chaff = new Chaff({ perHour: PER_HOUR, fetchNotes, publish, clock, timers: systemTimers });
  t.after(() => chaff.close());
  return chaff;
}

test("so many cells an hour leave, one in each period, whether or not there are notes", async () => {
  for (const fetchNotes of [async () => [], async () => ["gm"], () => Promise.reject(new Error("no relay"))]) {
    const { time, sent, chaff } = setUp({ fetchNotes });
    await time.advance(10 * HOUR_MS);
    assert.ok(Math.abs(sent.length - 1_200) < 40, `${sent.length} cells in ten hours`);
    assert.equal(chaff.sent, sent.length);
    const gaps = sent.slice(1).map(({ atMs }, i) => atMs - (sent[i]?.atMs ?? 0));
    assert.ok(
      Math.max(...gaps) <= 2 * 30_000 * (1 + COVER_LIMITS.periodSpreadPercent / 100),
      "no gap beyond two periods",
    );
    assert.ok(new Set(gaps.map(Math.round)).size > 900, "and no rhythm");
    chaff.close();
    const before = sent.length;
    await time.advance(HOUR_MS);
    assert.equal(sent.length, before, "it ends");
  }
});

test("notes are fetched anew, and what a relay refuses is not counted", async () => {
  let asked = 0;
  const refuse = () => Promise.reject(new Error("blocked"));
  const { time, chaff } = setUp({ fetchNotes: async () => [`note ${asked++}`], publish: refuse });
  await time.advance(3.5 * COVER_LIMITS.chaffNotesMs);
  assert.deepEqual([asked, chaff.sent], [4, 0]);
});

test("real mail, its dummies and chaff have one form, and nobody opens chaff", async (t) => {
  const world = createWorld(t);
  const [alice, bob] = [await world.person("Alice"), await world.person("Bob")];
  const chaff = startChaff(t, world);
  await meet(alice, bob);
  const { id } = await alice.messenger.send({ to: "Bob", text: "in the crowd" });
  await alice.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  await until(() => chaff.sent > 50, "enough chaff");
  chaff.close();
  assert.deepEqual(bob.texts(), ["in the crowd"]);
  const cells = world.relay.stored.filter(({ kind }) => kind === KIND.cell);
  assert.ok(cells.length > chaff.sent, "both are there");
  assert.equal(new Set(cells.map(formOf)).size, 1);
  assert.equal(new Set(cells.map(({ tags }) => tags[0]?.[1])).size, cells.length, "no address twice");
});

test("a quiet relay: without chaff its readers count each cell of two people; with it, a crowd that opens for nobody", async (t) => {
  const world = createWorld(t);
  const [alice, bob] = [await world.person("Alice"), await world.person("Bob")];
  await meet(alice, bob);
  await sleep(300);
  world.relay.stored.length = 0;
  await sleep(300);
  assert.equal(world.relay.stored.length, 0, "the control: nobody writes, and the relay shows it");
  const chaff = startChaff(t, world);
  await until(() => chaff.sent >= 30, "chaff");
  chaff.close();
  const cells = world.relay.stored.slice();
  assert.ok(cells.length >= 30);
  for (const { vault } of [alice, bob]) {
    const { mailbox } = openVaultsMail(vault, world.clock);
    assert.deepEqual(
      cells.flatMap((event) => mailbox.take(event) ?? []),
      [],
    );
  }
  assert.deepEqual([alice.texts(), bob.texts()], [[], []]);
});

test("a note that does not fit a cell is cut", async () => {
  const { time, sent, chaff } = setUp({ fetchNotes: async () => ["ü".repeat(PIECE_BYTES)] });
  await time.advance(HOUR_MS);
  assert.equal(new Set(sent.map(({ event }) => event.content.length)).size, 1);
  chaff.close();
});
