import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { testIdentity } from "../../../test/support/identity.ts";
import { toBase64Url } from "../../core/bytes.ts";
import { systemClock, systemTimers } from "../../core/clock.ts";
import { CELL_LIMITS, COVER_LIMITS } from "../../core/cell-limits.ts";
import { createLogger } from "../../core/log.ts";
import { randomBytes } from "../../core/random.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import { openVault } from "../../vault/vault.ts";
import { CoverLaw, type CoverProfile } from "../cover/cover-law.ts";
import { Streams } from "../cover/streams.ts";
import { CellPost } from "./cell-post.ts";
import { Lanes } from "./lanes.ts";
import { Mailbox } from "./mailbox.ts";
import { PIECE_BYTES } from "./cell.ts";

const [SESSION, EPOCH] = ["01".repeat(16), "02".repeat(16)];
const SHARED = { session: SESSION, epoch: EPOCH };
const [alice, bob] = [testIdentity("alice"), testIdentity("bob")];
const TO_BOB = { publicKey: bob.device, hybridPublicKey: toBase64Url(bob.hybrid.publicKey) };
const RELAYS = ["ws://one", "ws://two"];

/** Alice's post over relays of which `dead` take nothing, and Bob's mailbox. */
async function setUp(t: TestContext, dead: readonly string[] = [], profile: CoverProfile = "fast") {
  const exported = randomBytes(32);
  const lanesOf = async (own: string, other: string) => {
    const dataDir = mkdtempSync(join(tmpdir(), "nocturne-test-"));
    const vault = await openVault({ dataDir, clock: systemClock, log: createLogger("silent") });
    t.after(() => {
      vault.close();
      rmSync(dataDir, { recursive: true, force: true });
    });
    const lanes = new Lanes(vault, own);
    vault.transaction(() => lanes.add(SESSION, EPOCH, exported, [other]));
    return lanes;
  };
  const stored = new Map(RELAYS.map((url): [string, VerifiedEvent[]] => [url, []]));
  const publish = async (url: string, event: VerifiedEvent) => {
    if (dead.includes(url)) throw new Error("no answer");
    stored.get(url)?.push(event);
  };
  const pool = { publish } as unknown as RelayPool;
  const law = new CoverLaw(profile);
  const streams = new Streams({ pool, law, clock: systemClock, timers: systemTimers });
  t.after(() => streams.close());
  const lanes = await lanesOf(alice.device, bob.device);
  const post = new CellPost({ streams, lanes, clock: systemClock });
  const mailbox = new Mailbox(await lanesOf(bob.device, alice.device), bob);
  const read = (events: readonly VerifiedEvent[]) => events.flatMap((event) => mailbox.take(event)?.parcel ?? []);
  return { post, streams, lanes, stored, read, of: (url: string) => stored.get(url) ?? [] };
}

function parcelOf(bytes: number) {
  return { kind: "session", session: SESSION, epoch: EPOCH, body: randomBytes(bytes) } as const;
}

for (const [way, shared] of [
  ["on a lane", SHARED],
  ["as an intro", null],
] as const) {
  test(`two relays get all pieces ${way}, and have nothing in common; any mixture is the parcel, once`, async (t) => {
    const { post, read, of } = await setUp(t);
    const parcel = parcelOf(3 * PIECE_BYTES);
    assert.equal((await post.send(parcel, TO_BOB, shared, RELAYS)).taken, true);
    const [one, two] = RELAYS.map(of) as [VerifiedEvent[], VerifiedEvent[]];
    assert.equal(one.length, two.length);
    const marks = [...one, ...two].flatMap(({ id, pubkey, tags, content }) => [id, pubkey, tags[0]?.[1], content]);
    assert.equal(new Set(marks).size, marks.length);
    const mixed = one.map((event, i) => (i % 2 === 0 ? event : (two[i] as VerifiedEvent)));
    assert.deepEqual(read([...mixed, ...one, ...two]), [parcel]);
  });
}

test("one relay of two is enough, none is not", async (t) => {
  const half = await setUp(t, ["ws://one"]);
  const parcel = parcelOf(100);
  assert.equal((await half.post.send(parcel, TO_BOB, SHARED, RELAYS)).taken, true);
  assert.deepEqual(half.read(half.of("ws://two")), [parcel]);
  const none = await setUp(t, RELAYS);
  assert.equal((await none.post.send(parcel, TO_BOB, SHARED, RELAYS)).taken, false);
  assert.equal((await none.post.send(parcel, TO_BOB, SHARED, [])).taken, false, "nowhere to send it");
});

test("while streams are full nothing is taken, and no place of the lane is used up; what goes goes whole", async (t) => {
  const { post, streams, lanes } = await setUp(t, [], "stealth");
  const nothing = (): never => assert.fail("its turn does not come");
  for (const url of RELAYS) for (let i = 0; i < COVER_LIMITS.queuedCells - 1; i++) void streams.send(url, nothing);
  for (let i = 0; i < CELL_LIMITS.window; i++) {
    const sent = post.send(parcelOf(2 * PIECE_BYTES), TO_BOB, SHARED, RELAYS);
    assert.equal((await Promise.race([sent, sleep(100, null)]))?.taken, false, "there is room for one of three cells");
  }
  assert.equal(lanes.take(SESSION, EPOCH, bob.device, CELL_LIMITS.window)?.length, CELL_LIMITS.window);
});

test("what is not wanted any more when its turn comes does not leave", async (t) => {
  const { post, of, streams } = await setUp(t);
  let wanted = true;
  const send = () => post.send(parcelOf(2 * PIECE_BYTES), TO_BOB, SHARED, ["ws://one"], () => wanted);
  assert.equal((await send()).taken, true);
  const sent = of("ws://one").length;
  wanted = false;
  assert.equal((await send()).taken, false);
  assert.equal(of("ws://one").length, sent);
  assert.equal(streams.scoreOf("ws://one").loss, 0, "nor is it the relay's fault");
});

test("a lane whose window is used up is left for intros, which are found", async (t) => {
  const { post, read, of } = await setUp(t);
  const sent = CELL_LIMITS.window + 10;
  for (let i = 0; i < sent; i++) await post.send(parcelOf(10), TO_BOB, SHARED, ["ws://one"]);
  assert.equal(read(of("ws://one").reverse()).length, sent, "all of it, the newest first");
});
