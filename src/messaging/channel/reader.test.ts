import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toBase64Url } from "../../core/bytes.ts";
import { CHANNEL_LIMITS } from "../../core/limits.ts";
import { type EpochKey, epochKeyAt } from "./epoch-key.ts";
import { openChannel, type OwnerState, renew, write } from "./owner.ts";
import { decodeCard, decodePost, postHash } from "./post.ts";
import {
  type Arrival,
  forgetKeys,
  keysToFollow,
  type Neighbours,
  offerKey,
  questionOf,
  type ReaderState,
  receive,
  startReading,
} from "./reader.ts";
import type { Draft } from "./sealed-event.ts";
import { countMissing } from "./sequence.ts";

const digest = new Uint8Array(32).fill(4);
const random = (fill: number) => toBase64Url(new Uint8Array(32).fill(fill));
const START = Date.parse("2026-01-01T00:00:00Z");
const DAY_MS = CHANNEL_LIMITS.epochMs;

/** An owner who writes, and everything he ever wrote. */
class Owner {
  state: OwnerState;
  readonly drafts: Draft[];
  nowMs = START;

  constructor() {
    const { state, output } = openChannel({ seed: random(1), key: random(2), name: "News", description: "" }, START);
    [this.state, this.drafts] = [state, [...output]];
  }

  say(text: string): this {
    return this.take(write(this.state, { kind: "text", text, files: [] }, this.nowMs, digest));
  }

  renew(key: string): this {
    return this.take(renew(this.state, key, this.nowMs));
  }

  wait(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  take({ state, output }: { state: OwnerState; output: readonly Draft[] }): this {
    this.state = state;
    this.drafts.push(...output);
    return this;
  }
}

/** A reader who keeps what the machine tells him to. */
class Reader {
  state: ReaderState;
  readonly posts = new Map<number, { hash: string; prev: string }>();

  constructor(key: EpochKey) {
    this.state = startReading(key);
  }

  take(draft: Draft, nowMs = START, isNext = false): string {
    const arrival = arrivalOf(draft, isNext);
    const n = arrival.kind === "card" ? arrival.body.first : arrival.body.n;
    const near: Neighbours = {
      same: this.posts.get(n)?.hash ?? null,
      before: this.posts.get(n - 1)?.hash ?? null,
      after: this.posts.get(n + 1)?.prev ?? null,
    };
    const { state, output } = receive(this.state, arrival, near, nowMs, digest);
    this.state = state;
    if (output === "keep" && arrival.kind === "post")
      this.posts.set(n, { hash: arrival.hash, prev: arrival.body.prev });
    return output;
  }
}

function arrivalOf({ kind, key, body }: Draft, isNext: boolean): Arrival {
  if (kind === "card") return { kind, epoch: key.epoch, isNext, body: decodeCard(body), publicKeys: random(9) };
  return { kind, epoch: key.epoch, isNext, body: decodePost(body), hash: postHash(body) };
}

test("an epoch ends after so many posts, or with the first post after a day", () => {
  const owner = new Owner();
  for (let i = 0; i < CHANNEL_LIMITS.postsPerEpoch; i++) owner.say("x");
  assert.equal(owner.state.key.epoch, 0);
  assert.equal(owner.say("x").state.key.epoch, 1);
  assert.equal(owner.wait(DAY_MS - 1).say("x").state.key.epoch, 1);
  assert.equal(owner.wait(1).say("x").state.key.epoch, 2);
  assert.deepEqual(owner.state.key, epochKeyAt({ epoch: 0, key: random(2) }, 2, digest));
  const cards = owner.drafts.filter(({ kind }) => kind === "card").map(({ body }) => decodeCard(body).first);
  assert.deepEqual(cards, [1, CHANNEL_LIMITS.postsPerEpoch + 1, CHANNEL_LIMITS.postsPerEpoch + 3]);
});

test("whatever a relay reorders, repeats or withholds: nothing is forked, and what is missing is known", () => {
  const owner = new Owner();
  for (let n = 1; n <= 12; n++) owner.say(String(n)).wait(DAY_MS / 3);
  const [first, ...rest] = owner.drafts as [Draft, ...Draft[]];
  const order = fc.array(fc.nat(rest.length - 1), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(order, (picks) => {
      const reader = new Reader(first.key);
      reader.take(first);
      for (const pick of picks) reader.take(rest[pick] as Draft);
      assert.equal(reader.state.forked, false);
      const { sequence } = reader.state;
      assert.equal(countMissing(sequence), (sequence?.last ?? 0) - reader.posts.size);
      for (const draft of rest) reader.take(draft);
      assert.equal(countMissing(reader.state.sequence), 0);
      assert.equal(reader.posts.size, 12);
    }),
  );
});

test("a card shows what was withheld before its epoch, even when nothing later came", () => {
  const owner = new Owner().say("1").say("2").wait(DAY_MS).say("3");
  const [card, one, , nextCard] = owner.drafts as [Draft, Draft, Draft, Draft];
  const reader = new Reader(card.key);
  for (const draft of [card, one, nextCard]) reader.take(draft);
  assert.deepEqual(reader.state.sequence?.gaps, [[2, 2]]);
});

test("who joins later is told nothing older, and misses nothing of it", () => {
  const owner = new Owner().say("1").say("2").wait(DAY_MS).say("3").say("4");
  const [, , , card, three, four] = owner.drafts;
  const reader = new Reader((card as Draft).key);
  for (const draft of [card, four]) reader.take(draft as Draft);
  assert.deepEqual(reader.state.sequence, { first: 3, last: 4, gaps: [[3, 3]] });
  reader.take(three as Draft);
  assert.equal(reader.state.forked, false);
});

test("an owner who signs two posts with one number, or another past, is found out", () => {
  const common = new Owner().say("1").say("2");
  const other = new Owner().say("1");
  other.say("not 2").say("3");
  const [card, one, two] = common.drafts as [Draft, Draft, Draft];
  const [, , otherTwo, otherThree] = other.drafts as [Draft, Draft, Draft, Draft];
  const reader = new Reader(card.key);
  for (const draft of [card, one, two]) assert.notEqual(reader.take(draft), "forked");
  assert.equal(reader.take(two), "known");
  assert.equal(reader.take(otherTwo), "forked");
  assert.equal(reader.state.forked, true);
  for (const order of [
    [card, one, two, otherThree],
    [card, one, otherThree, two],
  ]) {
    const second = new Reader(card.key);
    for (const draft of order) second.take(draft);
    assert.equal(second.state.forked, true);
  }
  const anchored = new Reader(card.key);
  anchored.take(new Owner().say("other 1").wait(DAY_MS).say("2").drafts[2] as Draft);
  anchored.take(new Owner().say("1").wait(DAY_MS).say("2").drafts[3] as Draft);
  assert.equal(anchored.state.forked, true, "the card of the epoch named another post before");
});

test("keys are forgotten a while after their epoch ended, and no sooner", () => {
  const owner = new Owner().say("1").wait(DAY_MS).say("2").wait(DAY_MS).say("3");
  const reader = new Reader(owner.drafts[0]?.key as EpochKey);
  const times = [0, 0, DAY_MS, DAY_MS, 2 * DAY_MS, 2 * DAY_MS].map((ms) => START + ms);
  owner.drafts.forEach((draft, index) => reader.take(draft, times[index]));
  const oldestAfter = (ms: number) => forgetKeys(reader.state, START + ms, digest).oldest;
  assert.equal(oldestAfter(DAY_MS + CHANNEL_LIMITS.keyKeptMs - 1).epoch, 0);
  assert.deepEqual(oldestAfter(DAY_MS + CHANNEL_LIMITS.keyKeptMs), epochKeyAt(reader.state.oldest, 1, digest));
  const late = forgetKeys(reader.state, START + 1_000 * DAY_MS, digest);
  assert.equal(late.oldest.epoch, 2);
  assert.ok(!JSON.stringify(late).includes(reader.state.oldest.key), "the old key is nowhere");
  assert.deepEqual(late.turns, []);
});

test("an owner who turns epochs without end costs a bounded number of keys", () => {
  const owner = new Owner();
  const reader = new Reader(owner.drafts[0]?.key as EpochKey);
  for (let i = 0; i < 600; i++) owner.say("x").wait(DAY_MS);
  for (const draft of owner.drafts) reader.take(draft);
  assert.equal(reader.state.head, 599);
  assert.equal(keysToFollow(reader.state, digest).length, CHANNEL_LIMITS.epochsKept + CHANNEL_LIMITS.epochsAhead + 1);
  assert.ok(reader.state.turns.length <= CHANNEL_LIMITS.turns);
});

test("after a fresh start the old keys lead nowhere, and a new link goes on", () => {
  const owner = new Owner().say("1").renew(random(7)).say("3");
  const [card, one, moved, newCard, three] = owner.drafts as [Draft, Draft, Draft, Draft, Draft];
  const reader = new Reader(card.key);
  for (const draft of [card, moved]) reader.take(draft);
  assert.equal(reader.state.moved, true);
  reader.take(one);
  assert.equal(reader.state.moved, true, "a post that comes late does not bring it back");
  const reach = keysToFollow(reader.state, digest).map(({ key }) => key.key);
  assert.ok(!reach.includes(newCard.key.key));
  assert.equal(newCard.key.epoch, 1);

  const before = questionOf(reader.state);
  reader.state = offerKey(reader.state, newCard.key, digest);
  assert.notEqual(questionOf(reader.state), before);
  assert.ok(keysToFollow(reader.state, digest).some(({ key, isNext }) => isNext && key.key === newCard.key.key));
  reader.take(newCard, START, true);
  reader.take(three, START, true);
  assert.deepEqual([reader.state.moved, reader.state.next, reader.state.oldest], [false, null, newCard.key]);
  assert.equal(countMissing(reader.state.sequence), 0);
  assert.equal(reader.take(moved), "known", "an old word that it moved changes nothing");
  assert.equal(reader.state.moved, false);
});

test("a forged, old or known link does not cut off a channel that works", () => {
  const owner = new Owner().say("1");
  const reader = new Reader((owner.drafts[0] as Draft).key);
  for (const draft of owner.drafts) reader.take(draft);
  const { state } = reader;
  assert.equal(offerKey(state, epochKeyAt(state.oldest, 9, digest), digest), state);
  const late = { ...state, oldest: epochKeyAt(state.oldest, 3, digest), head: 3 };
  assert.equal(offerKey(late, state.oldest, digest), late);
  const forged = offerKey(state, { epoch: 900_000, key: random(66) }, digest);
  assert.deepEqual([forged.oldest, forged.head], [state.oldest, state.head]);
  reader.state = forged;
  assert.equal(reader.take(owner.say("2").drafts.at(-1) as Draft), "keep");
});
