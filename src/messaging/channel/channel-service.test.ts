/** Channels between people with real vaults, over the real relay. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ChannelPerson, MovableClock, startChannelRelay } from "../../../test/support/channels.ts";
import { temporaryFolder } from "../../../test/support/cleanup.ts";
import { createPool } from "../../../test/support/route.ts";
import { waitUntil } from "../../../test/support/wait.ts";
import { CHANNEL_LIMITS } from "../../core/limits.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import { createSigner } from "./channel-keys.ts";
import { epochAddress } from "./epoch-key.ts";
import { encodeChannelLink, parseChannelLink } from "./link.ts";
import { decodePost, encodeBody, NO_POST } from "./post.ts";
import { keysToFollow, startReading } from "./reader.ts";
import { CHANNEL_KIND, openEvent, sealDraft, wrapContent } from "./sealed-event.ts";

const DAY_MS = 86_400_000;

async function world(t: TestContext) {
  const relay = await startChannelRelay(t);
  const clock = new MovableClock();
  const person = () => ChannelPerson.create(t, clock, [relay.url]);
  return { relay, clock, person };
}

async function allEvents(t: TestContext, url: string): Promise<VerifiedEvent[]> {
  return createPool(t).fetch(url, [{ kinds: [CHANNEL_KIND] }], 5_000);
}

function sees(person: ChannelPerson, id: string, shown: readonly string[], limitMs?: number): Promise<void> {
  const isThere = () => JSON.stringify(person.shown(id)) === JSON.stringify(shown);
  return waitUntil(`the posts are ${shown.join(", ")}`, isThere, limitMs);
}

function sent(person: ChannelPerson, id: string, limitMs?: number): Promise<void> {
  const isSent = () =>
    person.service.posts(id).entries.every((entry) => entry.type !== "post" || entry.state === "sent");
  return waitUntil("the relay has all", isSent, limitMs);
}

test("create, join by link, post, edit, delete: readers see it, live and afterwards", async (t) => {
  const { person } = await world(t);
  const [owner, early, late] = [await person(), await person(), await person()];
  const { id } = owner.service.create({ name: "News", description: "From the tower" });
  const joined = early.service.join(owner.service.link(id));
  assert.deepEqual([joined.id, joined.state, joined.mine], [id, "waiting", false]);
  await waitUntil("the card arrives", () => early.service.get(id).state === "open");
  assert.equal(early.service.get(id).name, "News");
  assert.equal(early.service.get(id).description, "From the tower");

  const file = { id: "f", name: "plan.pdf", bytes: 3, url: "https://home.example/s/f#key" };
  owner.service.post(id, { text: "one" });
  owner.service.post(id, { text: "two", files: [file], replyTo: 1 });
  owner.service.post(id, { text: "three" });
  await sees(early, id, ["one", "two", "three"]);
  owner.service.editPost(id, 1, "one, better");
  owner.service.deletePost(id, 3);
  await sees(early, id, ["one, better", "two", "[deleted]"]);
  await sees(owner, id, ["one, better", "two", "[deleted]"]);
  const [first, second] = early.service.posts(id).entries;
  assert.ok(first?.type === "post" && first.editedAt !== null && first.state === "received");
  assert.ok(second?.type === "post" && second.replyTo === 1);
  assert.deepEqual(second.files, [file]);
  assert.equal(early.service.get(id).last?.n, 3);
  await sent(owner, id);

  late.service.join(owner.service.link(id));
  await sees(late, id, ["one, better", "two", "[deleted]"]);
  assert.equal(late.service.get(id).missing, 0);
  assert.equal(late.service.get(id).forked, false);
  const kinds = late.events.map(({ event }) => event);
  assert.ok(kinds.includes("channel") && kinds.includes("channel-post"));

  late.service.leave(id);
  assert.deepEqual(late.service.list(), []);
  assert.throws(() => late.service.posts(id), { code: "no_such_channel" });
});

test("a reader who was away catches up over epochs, and sees each post once", async (t) => {
  const { person, clock } = await world(t);
  const [owner, reader] = [await person(), await person()];
  const { id } = owner.service.create({ name: "News" });
  reader.service.join(owner.service.link(id));
  owner.service.post(id, { text: "day 0" });
  await sees(reader, id, ["day 0"]);
  await reader.stop();
  const expected = ["day 0"];
  for (let day = 1; day <= 5; day++) {
    clock.move(DAY_MS);
    owner.service.post(id, { text: `day ${day}` });
    expected.push(`day ${day}`);
  }
  await sent(owner, id);
  assert.equal(parseChannelLink(owner.service.link(id)).key.epoch, 5);
  reader.start();
  await sees(reader, id, expected);
  reader.events.length = 0;
  await reader.stop();
  reader.start();
  await pause(300);
  assert.deepEqual(reader.shown(id), expected);
  assert.deepEqual(
    reader.events.filter(({ event }) => event === "channel-post"),
    [],
  );
});

test("an absence of more epochs than one question asks for is caught up, too", async (t) => {
  const { person, clock } = await world(t);
  const [owner, reader] = [await person(), await person()];
  const { id } = owner.service.create({ name: "News" });
  reader.service.join(owner.service.link(id));
  owner.service.post(id, { text: "0" });
  await sees(reader, id, ["0"]);
  await reader.stop();
  const days = CHANNEL_LIMITS.epochsAhead + 20;
  for (let day = 1; day <= days; day++) {
    clock.move(DAY_MS);
    owner.service.post(id, { text: String(day) });
  }
  await sent(owner, id, 20_000);
  reader.start();
  await sees(
    reader,
    id,
    Array.from({ length: days + 1 }, (_, day) => String(day)),
    20_000,
  );
});

test("a post survives the end of its process and a relay that is away", async (t) => {
  const dataDir = temporaryFolder(t);
  const first = await startChannelRelay(t, { dataDir });
  const clock = new MovableClock();
  const [owner, reader] = [
    await ChannelPerson.create(t, clock, [first.url]),
    await ChannelPerson.create(t, clock, [first.url]),
  ];
  const { id } = owner.service.create({ name: "News" });
  reader.service.join(owner.service.link(id));
  await waitUntil("the card arrives", () => reader.service.get(id).state === "open");
  await first.close();
  owner.service.post(id, { text: "written into the void" });
  await owner.stop();
  owner.start();
  const [entry] = owner.service.posts(id).entries;
  assert.ok(entry?.type === "post" && entry.state === "queued");
  await startChannelRelay(t, { dataDir, port: first.port });
  await sees(reader, id, ["written into the void"]);
  await sent(owner, id);
});

test("a post survives kill -9 in the middle of everything", async (t) => {
  const { relay, clock, person } = await world(t);
  const dataDir = temporaryFolder(t);
  const child = spawnSync(process.execPath, ["--input-type=module", "--eval", childProgram(dataDir, relay.port)]);
  assert.equal(child.signal, "SIGKILL", child.stderr.toString());
  const { id, link } = JSON.parse(child.stdout.toString()) as { id: string; link: string };
  const reader = await person();
  reader.service.join(link);
  assert.deepEqual(await allEvents(t, relay.url), [], "nothing went out before it was killed");
  const owner = await ChannelPerson.create(t, clock, [relay.url], dataDir);
  await sees(reader, id, ["said before the end"]);
  await sent(owner, id);
});

/** An owner who creates a channel and posts, and dies in the same turn of the event loop. */
function childProgram(dataDir: string, port: number): string {
  const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  return `
    import { writeSync } from "node:fs";
    import { ChannelService } from ${url("./channel-service.ts")};
    import { RelayPool } from ${url("../../route/relay-pool.ts")};
    import { directCarrier } from ${url("../../route/carrier.ts")};
    import { openVault } from ${url("../../vault/vault.ts")};
    const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
    const clock = { nowMs: () => Date.now() };
    const vault = await openVault({ dataDir: ${JSON.stringify(dataDir)}, clock, log });
    const pool = new RelayPool({ carrier: directCarrier, clock, log });
    const service = new ChannelService({ vault, pool, ownRelays: () => ["ws://127.0.0.1:${port}"], clock, log });
    service.start();
    const { id } = service.create({ name: "News" });
    service.post(id, { text: "said before the end" });
    writeSync(1, JSON.stringify({ id, link: service.link(id) }));
    process.kill(process.pid, "SIGKILL");`;
}

test("a dead relay does not hold up the other one", async (t) => {
  const relay = await startChannelRelay(t);
  const dead = await startChannelRelay(t);
  await dead.close();
  const clock = new MovableClock();
  const owner = await ChannelPerson.create(t, clock, [dead.url, relay.url]);
  const reader = await ChannelPerson.create(t, clock, []);
  const { id } = owner.service.create({ name: "News" });
  reader.service.join(owner.service.link(id));
  owner.service.post(id, { text: "hello" });
  await sees(reader, id, ["hello"]);
  await sent(owner, id);
});

test("after a fresh start the old link reads nothing new, and old readers are told", async (t) => {
  const { person, relay } = await world(t);
  const [owner, shed, kept] = [await person(), await person(), await person()];
  const { id } = owner.service.create({ name: "News" });
  const oldLink = owner.service.link(id);
  for (const reader of [shed, kept]) reader.service.join(oldLink);
  owner.service.post(id, { text: "before" });
  for (const reader of [shed, kept]) await sees(reader, id, ["before"]);
  const newLink = owner.service.freshStart(id);
  owner.service.post(id, { text: "after" });
  for (const reader of [shed, kept]) {
    await sees(reader, id, ["before", "[moved]"]);
    assert.equal(reader.service.get(id).state, "moved");
    assert.throws(() => reader.service.link(id), { code: "channel_moved" });
  }
  kept.service.join(newLink);
  await sees(kept, id, ["before", "[moved]", "after"]);
  assert.equal(kept.service.get(id).state, "open");
  await pause(300);
  assert.deepEqual(shed.shown(id), ["before", "[moved]"]);

  // The attack: somebody with the old link rolls its key forward and looks at every address that he can know.
  const { digest, key } = parseChannelLink(oldLink);
  const addresses = keysToFollow(startReading(key), digest).map((place) => epochAddress(place.key, digest));
  const inReach = (await allEvents(t, relay.url)).filter((event) => addresses.includes(event.tags[0]?.[1] ?? ""));
  assert.equal(inReach.length, 3, "card, post and the word that it moved");
  const other = await person();
  other.service.join(newLink);
  await sees(other, id, ["after"]);
});

test("withheld posts are shown as a gap, and filled when another relay has them", async (t) => {
  const { relay, person, clock } = await world(t);
  const owner = await person();
  const { id } = owner.service.create({ name: "News" });
  for (const text of ["1", "2", "3", "4"]) owner.service.post(id, { text });
  await sent(owner, id);
  await waitUntil("the card is there, too", () => owner.service.get(id).last?.state === "sent");
  const stored = await allEvents(t, relay.url);
  // A relay that keeps back the two posts in the middle. Which they are only its friend among the readers can tell it.
  const withholding = await startChannelRelay(t);
  const link = parseChannelLink(owner.service.link(id));
  const pool = createPool(t);
  for (const event of stored) {
    const opened = openEvent(event, link.key, link.digest);
    const n = opened.kind === "post" ? decodePost(opened.body).n : 0;
    if (n !== 2 && n !== 3) await pool.publish(withholding.url, event);
  }
  const reader = await ChannelPerson.create(t, clock, []);
  reader.service.join(encodeChannelLink({ ...link, relays: [withholding.url] }));
  await sees(reader, id, ["1", "[2-3]", "4"]);
  assert.equal(reader.service.get(id).missing, 2);
  reader.service.join(owner.service.link(id));
  await sees(reader, id, ["1", "2", "3", "4"]);
  assert.equal(reader.service.get(id).missing, 0);
});

test("what a relay cuts from a long answer is asked for epoch by epoch, the card as well", async (t) => {
  const relay = await startChannelRelay(t, { limits: { eventsPerFilter: 4 } });
  const clock = new MovableClock();
  const owner = await ChannelPerson.create(t, clock, [relay.url]);
  const { id } = owner.service.create({ name: "News" });
  const link = owner.service.link(id);
  const texts = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
  for (const text of texts) {
    owner.service.post(id, { text });
    if (Number(text) % 3 === 0) clock.move(DAY_MS);
  }
  await sent(owner, id);
  const reader = await ChannelPerson.create(t, clock, []);
  reader.service.join(link);
  await sees(reader, id, texts, 30_000);
});

test("whoever reads cannot post, and cannot cut others off by a forged link", async (t) => {
  const { relay, person } = await world(t);
  const [owner, reader] = [await person(), await person()];
  const { id } = owner.service.create({ name: "News" });
  reader.service.join(owner.service.link(id));
  owner.service.post(id, { text: "true" });
  await sees(reader, id, ["true"]);
  const link = parseChannelLink(owner.service.link(id));
  // He has all that a post takes but the secret key: the epoch's key, the address, the owner's public keys.
  const cards = (await allEvents(t, relay.url)).map((event) => openEvent(event, link.key, link.digest));
  const { publicKeys } = cards.find(({ kind }) => kind === "card") as { publicKeys: Uint8Array };
  const { sign } = createSigner(new Uint8Array(32).fill(9));
  const body = encodeBody({ v: 1, kind: "text", at: Date.now(), n: 2, prev: NO_POST, text: "false", files: [] });
  const forged = wrapContent(sealDraft({ kind: "post", key: link.key, body }, { publicKeys, sign }), Date.now());
  assert.equal(openEvent(forged, link.key, link.digest).kind, "post", "only the signature is wrong");
  await createPool(t).publish(relay.url, forged);
  owner.service.post(id, { text: "true again" });
  await sees(reader, id, ["true", "true again"]);

  reader.service.join(encodeChannelLink({ ...link, key: { epoch: 900_000, key: link.key.key } }));
  owner.service.post(id, { text: "still here" });
  await sees(reader, id, ["true", "true again", "still here"]);
  assert.throws(() => reader.service.post(id, { text: "me too" }), { code: "not_your_channel" });
  assert.throws(() => reader.service.editPost(id, 1, "x"), { code: "not_your_channel" });
  assert.throws(() => reader.service.deletePost(id, 1), { code: "not_your_channel" });
  assert.throws(() => reader.service.freshStart(id), { code: "not_your_channel" });
});

test("what cannot be is refused with its own code", async (t) => {
  const { person, clock } = await world(t);
  const owner = await person();
  const { id } = owner.service.create({ name: "News" });
  const { service } = owner;
  assert.throws(() => service.join(service.link(id)), { code: "own_channel" });
  assert.throws(() => service.join("nocturne:channel/AAAA"), { code: "bad_channel_link" });
  assert.throws(() => service.post(id, { text: " " }), { code: "empty_post" });
  assert.throws(() => service.post(id, { text: "x".repeat(CHANNEL_LIMITS.textBytes + 1) }), { code: "bad_post" });
  assert.throws(() => service.post(id, { text: "\u0001".repeat(CHANNEL_LIMITS.textBytes) }), {
    code: "post_too_large",
  });
  assert.throws(() => service.post(id, { text: "x", replyTo: 7 }), { code: "no_such_post" });
  assert.throws(() => service.editPost(id, 7, "x"), { code: "no_such_post" });
  assert.throws(() => service.create({ name: "" }), { code: "bad_post" });
  assert.throws(() => service.get("c00"), { code: "no_such_channel" });
  const homeless = await ChannelPerson.create(t, clock, []);
  assert.throws(() => homeless.service.create({ name: "News" }), { code: "no_relays" });
});

test("pages go back through all posts", async (t) => {
  const { person } = await world(t);
  const owner = await person();
  const { id } = owner.service.create({ name: "News" });
  for (let n = 1; n <= 25; n++) owner.service.post(id, { text: String(n) });
  owner.service.deletePost(id, 25);
  const seen: number[] = [];
  for (let before: number | null | undefined; before !== null; ) {
    const page = owner.service.posts(id, { limit: 10, ...(before === undefined ? {} : { before }) });
    seen.unshift(...page.entries.map((entry) => (entry.type === "post" ? entry.n : 0)));
    before = page.before;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, i) => i + 1),
  );
});
