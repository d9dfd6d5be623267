import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import { SNAPSHOT_LIMITS } from "../../core/cell-limits.ts";
import { createLogger } from "../../core/log.ts";
import { type Filter, matchesFilter } from "../../nostr/filter.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import { openVault, type Vault } from "../../vault/vault.ts";
import { ContactBook } from "../contact-book.ts";
import { ConversationBook } from "../conversation-book.ts";
import { DeviceBook } from "../device/device-book.ts";
import { GroupBook } from "../group-book.ts";
import { findSnapshot } from "./finder.ts";
import { continueChain, readSnapshotState, SnapshotPublisher } from "./publisher.ts";
import { SNAPSHOT_SECRET } from "./snapshot-keys.ts";

const START_MS = 1_800_000_000_000;
const [ONE, TWO] = ["ws://one", "ws://two"];
const log = createLogger("silent");

async function setUp(t: TestContext) {
  const time = new VirtualTime(START_MS);
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-snapshot-"));
  const vault = await openVault({ dataDir, clock: time, log });
  const relays = { here: [ONE, TWO] };
  const stored: Record<string, NostrEvent[]> = { [ONE]: [], [TWO]: [] };
  const mood = { refuses: (_url: string, _count: number) => false, waiting: 0, mostWaiting: 0, slowMs: 0, tried: 0 };
  const send = async (url: string, makeEvent: () => NostrEvent) => {
    mood.mostWaiting = Math.max(mood.mostWaiting, ++mood.waiting);
    if (mood.slowMs > 0) await new Promise<void>((done) => time.schedule(done, mood.slowMs));
    mood.waiting--;
    if (mood.refuses(url, ++mood.tried)) return false;
    stored[url]?.push(makeEvent());
    return true;
  };
  const contacts = new ContactBook(vault);
  const shared = {
    displayName: "A",
    readReceipts: false,
    typingIndicators: false,
    invitedOnly: false,
    strangerWork: 0,
  };
  const parts = () => ({
    settings: { shared, cover: "fast" as const, readingMegabytesPerHour: 20, relays: relays.here },
    channels: [],
    nostrKey: null,
  });
  const start = (on: Vault = vault) =>
    new SnapshotPublisher({
      vault: on,
      contacts,
      conversations: new ConversationBook(on, contacts),
      groups: new GroupBook(on),
      devices: new DeviceBook(on, on.identity()),
      streams: { send },
      source: { secret: () => on.secretFor(SNAPSHOT_SECRET), parts, relays: () => relays.here },
      clock: time,
      timers: time,
      log,
    });
  const fetch = async (url: string, filters: readonly Filter[]) =>
    (stored[url] ?? []).filter((event) => filters.some((filter) => matchesFilter(filter, event)));
  const pool = { fetch } as unknown as RelayPool;
  const find = () => findSnapshot({ pool, clock: time }, vault.secretFor(SNAPSHOT_SECRET), [ONE, TWO]);
  t.after(() => {
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const meet = (name: string) =>
    contacts.create(`${name.charCodeAt(0)}`.repeat(32).slice(0, 64), "accepted", time.nowMs(), { name });
  return { time, vault, stored, mood, relays, start, find, meet };
}

test("it follows a change within minutes, at most once in an epoch, and is made anew every day", async (t) => {
  const { time, vault, stored, start, find, meet } = await setUp(t);
  const publisher = start();
  await time.advance(SNAPSHOT_LIMITS.checkMs);
  assert.equal(readSnapshotState(vault)?.sequence, 1);
  meet("Bob");
  await time.advance(2 * SNAPSHOT_LIMITS.epochMs);
  assert.equal(readSnapshotState(vault)?.sequence, 2);
  const { found } = await find();
  assert.deepEqual([found?.sequence, found?.summary.contacts.map(({ contact }) => contact.name)], [2, ["Bob"]]);
  const count = stored[ONE]?.length;
  assert.equal(count, 2 * SNAPSHOT_LIMITS.cellsMin);
  await time.advance(SNAPSHOT_LIMITS.renewMs - 3 * SNAPSHOT_LIMITS.epochMs);
  assert.equal(stored[ONE]?.length, count, "nothing changed");
  await time.advance(3 * SNAPSHOT_LIMITS.epochMs);
  assert.equal(readSnapshotState(vault)?.sequence, 3);
  for (let i = 0; i < 20; i++) {
    meet(`${i}`);
    await time.advance(SNAPSHOT_LIMITS.epochMs / 10);
  }
  assert.ok((readSnapshotState(vault)?.sequence ?? 0) <= 6, "two epochs and a little");
  publisher.close();
});

test("only one cell of it waits at a relay, and no two relays see the same address or size", async (t) => {
  const { time, stored, mood, start } = await setUp(t);
  mood.slowMs = 5_000;
  const publisher = start();
  await time.advance(SNAPSHOT_LIMITS.checkMs + 200_000);
  assert.equal(mood.mostWaiting, 2, "one for each of two relays");
  const events = [...(stored[ONE] ?? []), ...(stored[TWO] ?? [])];
  assert.equal(events.length, 2 * SNAPSHOT_LIMITS.cellsMin);
  assert.equal(new Set(events.map(({ tags }) => tags[0]?.[1])).size, events.length);
  assert.equal(new Set(events.map(({ pubkey }) => pubkey)).size, events.length);
  publisher.close();
});

test("a cell that is not taken is made again elsewhere; a relay that takes nothing is left out, and tried in a later epoch", async (t) => {
  const { time, vault, stored, mood, start, find } = await setUp(t);
  mood.refuses = (url, count) => url === TWO || count % 3 === 0;
  const publisher = start();
  await time.advance(SNAPSHOT_LIMITS.checkMs);
  assert.deepEqual(readSnapshotState(vault)?.relays, [ONE]);
  assert.equal((await find()).found?.sequence, 1);
  mood.refuses = () => true;
  await time.advance(SNAPSHOT_LIMITS.epochMs);
  await assert.rejects(publisher.publish(), { code: "no_relay" });
  assert.deepEqual(readSnapshotState(vault)?.relays, []);
  mood.refuses = () => false;
  await time.advance(4 * SNAPSHOT_LIMITS.epochMs);
  assert.deepEqual(readSnapshotState(vault)?.relays, [ONE, TWO]);
  assert.equal(new Set(stored[ONE]?.map(({ tags }) => tags[0]?.[1])).size, stored[ONE]?.length);
  publisher.close();
});

test("a crash in the middle uses no address twice, and the chain goes on", async (t) => {
  const { time, vault, stored, mood, start, find } = await setUp(t);
  mood.slowMs = 1_000;
  const crashed = start();
  await time.advance(SNAPSHOT_LIMITS.checkMs + 5_000);
  crashed.close();
  const begun = readSnapshotState(vault);
  assert.deepEqual([begun?.sequence, begun?.relays], [1, []]);
  await time.advance(60_000);
  mood.slowMs = 0;
  const publisher = start();
  await time.advance(2 * SNAPSHOT_LIMITS.epochMs);
  const addresses = stored[ONE]?.map(({ tags }) => tags[0]?.[1]);
  assert.equal(new Set(addresses).size, addresses?.length);
  const search = await find();
  assert.deepEqual([search.found?.sequence, search.forked], [2, false]);
  publisher.close();
});

test("several that are asked for at once go one after another, and share nothing", async (t) => {
  const { time, stored, mood, start, find } = await setUp(t);
  mood.slowMs = 20_000;
  const publisher = start();
  const asked = [publisher.publish(), publisher.publish(), publisher.publish()];
  const together = Promise.all([...asked, asked[1]?.then(() => publisher.publish())]);
  await time.advance(4 * 20_000 * SNAPSHOT_LIMITS.cellsMin);
  const made = await together;
  for (const values of [made.map((one) => one?.sequence), made.map((one) => one?.epoch)]) {
    assert.equal(new Set(values).size, made.length, values.join());
  }
  const addresses = Object.values(stored).flatMap((events) => events.map(({ tags }) => tags[0]?.[1]));
  assert.equal(addresses.length, made.length * 2 * SNAPSHOT_LIMITS.cellsMin);
  assert.equal(new Set(addresses).size, addresses.length);
  assert.equal(mood.mostWaiting, 2, "one at a time for each relay");
  const search = await find();
  assert.deepEqual([search.found?.sequence, search.forked], [made.length, false]);
  publisher.close();
});

test("one that is under way, or that nobody took, does not hide where the last whole one lies", async (t) => {
  const { time, vault, mood, start } = await setUp(t);
  const publisher = start();
  const { atMs } = await publisher.publish();
  const whole = { atMs, relays: [ONE, TWO] };
  assert.deepEqual(readSnapshotState(vault)?.whole, whole);
  mood.refuses = () => true;
  await time.advance(SNAPSHOT_LIMITS.epochMs);
  await assert.rejects(publisher.publish(), { code: "no_relay" });
  assert.deepEqual([readSnapshotState(vault)?.relays, readSnapshotState(vault)?.whole], [[], whole]);
  mood.refuses = () => false;
  mood.slowMs = 1_000;
  await time.advance(SNAPSHOT_LIMITS.epochMs);
  publisher.close();
  const begun = readSnapshotState(vault);
  assert.deepEqual([begun?.relays, begun?.whole], [[], whole]);
  mood.slowMs = 0;
  await time.advance(SNAPSHOT_LIMITS.epochMs);
  const later = start();
  const last = await later.publish();
  assert.deepEqual(readSnapshotState(vault)?.whole, { atMs: last.atMs, relays: [ONE, TWO] });
  later.close();
});

test("without a relay of others, on a linked device, and too often nothing is made", async (t) => {
  const { time, vault, stored, relays, start } = await setUp(t);
  relays.here = [];
  const publisher = start();
  await time.advance(SNAPSHOT_LIMITS.renewMs);
  await assert.rejects(publisher.publish(), { code: "no_outside_relay" });
  relays.here = [ONE];
  for (let i = 0; i <= SNAPSHOT_LIMITS.aheadEpochs; i++) await publisher.publish();
  await assert.rejects(publisher.publish(), { code: "snapshot_too_soon" });
  publisher.close();
  const { length } = stored[ONE] ?? [];
  const { nostrSecretKey: _, ...identity } = vault.identity();
  vault.linkTo({ publicKey: "ab".repeat(32), hybridPublicKey: "", signatureKey: "" });
  assert.notEqual(vault.identity().publicKey, identity.publicKey);
  const linked = start();
  await time.advance(SNAPSHOT_LIMITS.renewMs);
  assert.equal(stored[ONE]?.length, length);
  linked.close();
});

test("an account that was brought back goes on where the chain ended", async (t) => {
  const { time, vault, start, find } = await setUp(t);
  const publisher = start();
  const first = await publisher.publish();
  continueChain(vault, { epoch: first.epoch, sequence: first.sequence, digest: Buffer.from(first.digest, "hex") });
  await time.advance(2 * SNAPSHOT_LIMITS.epochMs);
  const search = await find();
  assert.deepEqual([search.found?.sequence, search.forked], [2, false]);
  publisher.close();
});
