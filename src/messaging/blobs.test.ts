import assert from "node:assert/strict";
import { test } from "node:test";
import { UnrulyRelay } from "../../test/support/unruly-relay.ts";
import { CryptoError, NetworkError } from "../core/errors.ts";
import { BLOB_LIMITS, RELAY_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { eventBytes } from "../nostr/event.ts";
import { Blobs } from "./blobs.ts";

const RELAY = "ws://127.0.0.1:1/";

function createBlobs(): { relay: UnrulyRelay; blobs: Blobs } {
  const relay = new UnrulyRelay();
  const { pool } = relay.connect();
  return {
    relay,
    blobs: new Blobs({ pool, ownRelays: () => [RELAY], arrived: () => {}, clock: { nowMs: () => Date.now() } }),
  };
}

test("any size comes back, in pieces that every relay takes", async () => {
  for (const size of [0, 1, BLOB_LIMITS.pieceBytes, BLOB_LIMITS.pieceBytes + 1, 300_000]) {
    const { relay, blobs } = createBlobs();
    const bytes = randomBytes(size);
    const ref = await blobs.publish(bytes);
    assert.deepEqual(await blobs.fetch(ref), bytes);
    assert.equal(relay.stored.length, ref.pieces);
    for (const event of relay.stored) assert.ok(eventBytes(event) <= RELAY_LIMITS.eventBytes);
  }
});

test("the attack: a relay that alters, swaps or withholds pieces gives nothing that is taken for whole", async () => {
  const { relay, blobs } = createBlobs();
  const ref = await blobs.publish(randomBytes(100_000));
  const [first, ...others] = [...relay.stored];
  assert.ok(first);
  const altered: typeof first = { ...first, content: `${first.content.slice(0, -2)}AA` };
  for (const events of [others, [altered, ...others]]) {
    relay.stored.length = 0;
    relay.stored.push(...events);
    await assert.rejects(blobs.fetch(ref), (error) => error instanceof NetworkError || error instanceof CryptoError);
  }
  relay.stored.length = 0;
  relay.stored.push(...others, first);
  assert.equal((await blobs.fetch(ref)).length, 100_000, "the order does not matter");
});

test("without a relay nothing is promised", async () => {
  const { relay, blobs } = createBlobs();
  relay.behave({ loseEvent: 1, loseAnswer: 0, repeat: 0, delay: 0, random: () => 0 });
  await assert.rejects(blobs.publish(randomBytes(10)), { code: "no_relay" });
});
