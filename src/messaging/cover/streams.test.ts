import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import { COVER_LIMITS } from "../../core/cell-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { aesGcmKey } from "../../crypto/provider.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import { ephemeralKey, sealCell } from "../cell/cell.ts";
import { CoverLaw, type CoverProfile } from "./cover-law.ts";
import { isBadPath } from "./path-score.ts";
import { Streams } from "./streams.ts";

const START_MS = 1_800_000_000_000;
const [ONE, TWO, THREE] = ["ws://one", "ws://two", "ws://three"];

/** Streams to relays of which `dead` take nothing. */
function setUp(profile: CoverProfile, dead: readonly string[] = []) {
  const time = new VirtualTime(START_MS);
  const sent: { url: string; event: VerifiedEvent }[] = [];
  const publish = async (url: string, event: VerifiedEvent) => {
    sent.push({ url, event });
    if (dead.includes(url)) throw new Error("no answer");
  };
  const pool = { publish } as unknown as RelayPool;
  const streams = new Streams({ pool, law: new CoverLaw(profile), clock: time, timers: time });
  const to = (url: string) => sent.filter((one) => one.url === url).map(({ event }) => event);
  return { time, sent, streams, to };
}

function cell(nowMs: number): VerifiedEvent {
  const piece = { parcel: "00".repeat(12), index: 0, count: 1, bytes: randomBytes(5), heard: 0 };
  return sealCell(aesGcmKey(randomBytes(32)), randomBytes(32), piece, ephemeralKey().publicKey, nowMs);
}

test("each followed relay has a stream, of events that no other one has; who is followed no more has none", async () => {
  const { time, sent, streams, to } = setUp("balanced");
  streams.follow([ONE], [TWO]);
  await time.advance(150_000);
  for (const url of [ONE, TWO]) assert.ok(to(url).length > 20 && to(url).length < 40, `${to(url).length}`);
  assert.equal(new Set(sent.map(({ event }) => event.tags[0]?.[1])).size, sent.length);
  const before = to(TWO).length;
  streams.follow([ONE], []);
  await time.advance(60_000);
  assert.equal(to(TWO).length, before);
  streams.close();
});

test("under fast nothing is sent but what is to be sent, and that at once", async () => {
  const { time, sent, streams } = setUp("fast");
  streams.follow([ONE], [TWO]);
  await time.advance(600_000);
  assert.equal(sent.length, 0);
  assert.equal(await streams.send(THREE, () => cell(time.nowMs())), true);
  assert.equal(sent.length, 1);
});

test("loops that come back are known once, and score the way; those that do not make it a bad one", async () => {
  const { time, streams, to } = setUp("balanced");
  streams.follow([ONE, TWO], []);
  await time.advance(60_000);
  for (const { id } of to(ONE)) assert.equal(streams.takeReturn(ONE, id), true);
  const [first] = to(ONE);
  assert.equal(streams.takeReturn(ONE, first?.id ?? ""), false);
  assert.equal(streams.takeReturn(ONE, cell(0).id), false, "somebody else's");
  assert.ok(!isBadPath(streams.scoreOf(ONE)));
  // The second one takes everything and tells nothing.
  await time.advance(COVER_LIMITS.loopMs + 60_000);
  streams.takeReturn(TWO, cell(0).id);
  assert.ok(isBadPath(streams.scoreOf(TWO)), JSON.stringify(streams.scoreOf(TWO)));
  streams.close();
});

test("what we sent is known when it comes back, also without a stream", async () => {
  const { time, streams, to } = setUp("fast");
  streams.follow([ONE], [TWO]);
  for (const url of [ONE, TWO]) await streams.send(url, () => cell(time.nowMs()));
  assert.equal(streams.takeReturn(ONE, to(ONE)[0]?.id ?? ""), true);
  assert.equal(streams.takeReturn(TWO, to(TWO)[0]?.id ?? ""), false, "its crowd is not read");
});

test("a relay that takes nothing is chosen rarely; one that is blamed, too", async () => {
  const { time, streams } = setUp("fast", [ONE]);
  for (let i = 0; i < 10; i++) assert.equal(await streams.send(ONE, () => cell(time.nowMs())), false);
  const relays = [ONE, TWO, THREE, "ws://four"];
  const timesOf = (url: string) =>
    Array.from({ length: 500 }, () => streams.choose(relays)).filter((two) => two.includes(url)).length;
  assert.ok(timesOf(ONE) < 50);
  assert.ok(timesOf(TWO) > 200);
  for (let i = 0; i < 5; i++) streams.blame([TWO]);
  assert.ok(timesOf(TWO) < 100);
  assert.equal(streams.choose(relays).length, COVER_LIMITS.copies);
  assert.deepEqual(streams.choose([ONE]), [ONE], "where there is no other");
});

test("the end does not wait for a relay that does not answer", { timeout: 5_000 }, async () => {
  const time = new VirtualTime(START_MS);
  const publish = (_url: string, _event: VerifiedEvent, signal: AbortSignal) =>
    new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
  const pool = { publish } as unknown as RelayPool;
  const streams = new Streams({ pool, law: new CoverLaw("fast"), clock: time, timers: time });
  const sent = streams.send(ONE, () => cell(time.nowMs()));
  streams.close();
  assert.equal(await sent, false);
  assert.ok(!isBadPath(streams.scoreOf(ONE)) && streams.scoreOf(ONE).loss === 0, "it is not the relay's fault");
});

test("a relay that takes everything and tells nobody anything is a bad way, also if nothing ever comes from it", async () => {
  const { time, streams } = setUp("balanced");
  streams.follow([ONE], []);
  await time.advance(COVER_LIMITS.loopMs + 60_000);
  assert.ok(isBadPath(streams.scoreOf(ONE)), JSON.stringify(streams.scoreOf(ONE)));
  streams.close();
});

test("a relay that loses every third cell is a bad way, though it says that it took each", async () => {
  const { time, streams, to } = setUp("balanced");
  streams.follow([ONE], []);
  let told = 0;
  for (let i = 0; i < 120; i++) {
    await time.advance(5_000);
    for (; told < to(ONE).length; told++) if (told % 3 > 0) streams.takeReturn(ONE, to(ONE)[told]?.id ?? "");
  }
  const losses: number[] = [];
  for (let i = 0; i < 120; i++) {
    await time.advance(5_000);
    for (; told < to(ONE).length; told++) if (told % 3 > 0) streams.takeReturn(ONE, to(ONE)[told]?.id ?? "");
    losses.push(streams.scoreOf(ONE).loss);
  }
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  assert.ok(mean > 0.28 && mean < 0.4, `${mean}`);
  streams.close();
});

test("after the end nothing is taken, and no stream begins anew", async () => {
  const { time, sent, streams } = setUp("balanced");
  streams.follow([ONE], []);
  streams.close();
  assert.equal(await Promise.race([streams.send(TWO, () => cell(time.nowMs())), Promise.resolve("waits")]), false);
  streams.follow([ONE, TWO], [THREE]);
  await time.advance(60_000);
  assert.equal(sent.length, 0);
});

test("what waits at the end is not taken", async () => {
  const { time, streams } = setUp("stealth");
  const waiting = streams.send(ONE, () => cell(time.nowMs()));
  streams.close();
  assert.equal(await waiting, false);
});
