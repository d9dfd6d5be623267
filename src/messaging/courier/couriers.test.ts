/** Alice writes to Bob by Carol's node: three people with real messengers and vaults, and a relay between them. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createWorld, type Person, until, WAIT_MS } from "../../../test/support/messenger-world.ts";
import { openVaultsMail } from "../../../test/support/cells.ts";
import { systemClock } from "../../core/clock.ts";
import { parsePublicKey } from "../../nostr/keys.ts";
import { eventBytes, type NostrEvent } from "../../nostr/event.ts";
import { KIND } from "../../nostr/kinds.ts";
import { decodeLetter, letterHead } from "../letter.ts";
import { Entrusted } from "./entrusted.ts";
import { Offers } from "./offers.ts";

const MANY = 1_000;

async function setUp(t: TestContext, cellsPerDay = MANY) {
  const world = createWorld(t);
  const [alice, bob, carol] = [await world.person("Alice"), await world.person("Bob"), await world.person("Carol")];
  await introduce(carol, alice, "Carol", "Alice");
  await introduce(bob, alice, "Bob", "Alice");
  carol.messenger.couriers.allow("Alice", cellsPerDay);
  await until(() => alice.messenger.couriers.view().offers.length === 1, "the offer arrives");
  return { ...world, alice, bob, carol };
}

async function introduce(host: Person, guest: Person, hostName: string, guestName: string): Promise<void> {
  const { link } = await host.messenger.createInvite();
  await guest.messenger.addContact({ invite: link, name: hostName });
  await until(() => host.messenger.contacts().some(({ name }) => name === guestName), "the request arrives");
  host.messenger.accept(guestName);
  await until(() => guest.messenger.contact(hostName).state === "accepted", "the answer arrives");
}

function waiting(person: Person, who: string, id: string): string | undefined {
  return person.messenger.messages(who).messages.find((message) => message.id === id)?.waiting;
}

function stateOf(person: Person, who: string, id: string): string | undefined {
  return person.messenger.messages(who).messages.find((message) => message.id === id)?.state;
}

/** The epoch in which Alice writes to Bob. */
function epochOf({ vault, messenger }: Person): string {
  const { sessions } = openVaultsMail(vault, systemClock);
  return sessions.of(parsePublicKey(messenger.contact("Bob").npub).publicKey)?.head ?? "";
}

/** All cells that have left so far, and a way to see which ones a person sent since. */
function cells(stored: readonly NostrEvent[]): NostrEvent[] {
  return stored.filter(({ kind }) => kind === KIND.cell);
}

test("the sender closes after handing over; the courier delivers; the receipt comes later", async (t) => {
  const { alice, bob, carol, relay } = await setUp(t);
  alice.messenger.couriers.use("Carol");
  relay.reachable = false; // Carol reaches no relay yet
  const { id } = await alice.messenger.send({ to: "Bob", text: "while I am away" });
  await until(() => carol.messenger.couriers.view().carrying[0]?.queued === 1, "Carol has the cell");
  await until(() => alice.messenger.couriers.view().using?.entrusted === 1, "and Alice knows it");
  assert.match(waiting(alice, "Bob", id) ?? "", /with Carol/);
  assert.equal(stateOf(alice, "Bob", id), "queued", "handed over is not sent");
  await alice.messenger.stop();

  relay.reachable = true;
  await until(() => bob.texts().includes("while I am away"), "Bob reads it while Alice is away");
  await sleep(100);
  alice.start();
  await alice.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  await until(() => alice.messenger.couriers.view().offers[0]?.taken === 1, "Carol's report arrives");
  assert.deepEqual(alice.messenger.couriers.view().using?.entrusted, 0);
  assert.equal(carol.messenger.couriers.view().carrying[0]?.taken, 1);
});

test("both directions, many messages: all once, in order, and the courier reads nothing", async (t) => {
  const { alice, bob, carol } = await setUp(t);
  alice.messenger.couriers.use("Carol");
  // Two of them are many cells, which take several letters to the courier.
  const texts = Array.from({ length: 30 }, (_, i) => (i % 20 === 5 ? `${i} `.repeat(5_000) : `text ${i}`));
  const ids: string[] = [];
  for (const text of texts) ids.push((await alice.messenger.send({ to: "Bob", text })).id);
  await bob.messenger.send({ to: "Alice", text: "hello" });
  await until(() => bob.texts().length === texts.length, "Bob reads all");
  assert.deepEqual(bob.texts(), texts);
  for (const id of ids) await alice.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  assert.deepEqual(alice.texts(), ["hello"]);
  assert.equal(carol.texts().length, 0, "a courier reads nothing");
});

test("sent is what a relay took by the courier's report, and delivered what the recipient has acknowledged", async (t) => {
  const { alice, bob } = await setUp(t);
  alice.messenger.couriers.use("Carol");
  await bob.messenger.stop();
  const { id } = await alice.messenger.send({ to: "Bob", text: "asleep?" });
  await alice.messenger.waitFor(id, "sent", AbortSignal.timeout(WAIT_MS));
  assert.equal(alice.messenger.couriers.view().offers[0]?.taken, 1);
  bob.start();
  await alice.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
});

test("it fails closed: without the courier mail waits and says why, and goes directly only when that is said", async (t) => {
  const { alice, bob, carol, relay } = await setUp(t);
  alice.messenger.couriers.use("Carol");
  await carol.messenger.stop();
  const { id } = await alice.messenger.send({ to: "Bob", text: "patience" });
  await until(() => alice.messenger.couriers.view().using?.handing === 1, "it is on the way to Carol");
  await sleep(500);
  assert.deepEqual(bob.texts(), []);
  assert.match(waiting(alice, "Bob", id) ?? "", /Carol/);

  alice.messenger.couriers.stop();
  await alice.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  assert.deepEqual(bob.texts(), ["patience"]);
  assert.equal(alice.messenger.couriers.view().using, null);
  relay.reachable = true;
  carol.start();
  await sleep(300);
  assert.deepEqual(bob.texts(), ["patience"], "shown once");
});

test("a blocked courier gets nothing more, and nothing goes directly in silence", async (t) => {
  const { alice, bob, carol } = await setUp(t);
  alice.messenger.couriers.use("Carol");
  alice.messenger.block("Carol");
  const { id } = await alice.messenger.send({ to: "Bob", text: "and now?" });
  await sleep(300);
  assert.equal(alice.messenger.couriers.view().using?.hold, "not-a-contact");
  assert.match(waiting(alice, "Bob", id) ?? "", /blocked/);
  assert.deepEqual(bob.texts(), []);
  assert.equal(carol.messenger.couriers.view().carrying[0]?.queued, 0);
  alice.messenger.couriers.stop();
  await alice.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
});

test("kill -9 of the courier between hand-over and upload loses nothing", async (t) => {
  const { alice, bob, carol, relay } = await setUp(t);
  alice.messenger.couriers.use("Carol");
  relay.reachable = false;
  const texts = ["one", "two", "three"];
  for (const text of texts) await alice.messenger.send({ to: "Bob", text });
  await until(() => carol.messenger.couriers.view().carrying[0]?.queued === 3, "Carol has them");
  await until(() => alice.messenger.couriers.view().using?.handing === 0, "and has said so");
  await alice.messenger.stop();
  for (let i = 0; i < 3; i++) carol.crash();
  assert.equal(carol.messenger.couriers.view().carrying[0]?.queued, 3);
  relay.reachable = true;
  carol.crash();
  await until(() => bob.texts().length === 3, "all arrive");
  assert.deepEqual(bob.texts(), texts);
});

test("crashes of all three at any time: all arrives, once", async (t) => {
  const { alice, bob, carol, clock } = await setUp(t);
  alice.messenger.couriers.use("Carol");
  const texts = Array.from({ length: 12 }, (_, i) => `text ${i}`);
  for (const [i, text] of texts.entries()) {
    await alice.messenger.send({ to: "Bob", text });
    await sleep(30);
    [alice, carol, bob][i % 3]?.crash();
  }
  const deadline = performance.now() + WAIT_MS;
  while (bob.texts().length < texts.length && performance.now() < deadline) {
    clock.now += 30_000;
    for (const one of [alice, carol, bob]) one.messenger.refreshRelays();
    await sleep(100);
  }
  assert.deepEqual(bob.texts(), texts);
  // What was sent again meanwhile is still to come.
  const isDone = () =>
    alice.messenger.counts().outbox === 0 && carol.messenger.couriers.view().carrying[0]?.queued === 0;
  await until(() => {
    clock.now += 1_000;
    alice.messenger.refreshRelays();
    return isDone();
  }, "nothing is under way any more");
  await sleep(200);
  assert.deepEqual(bob.texts(), texts, "none is shown twice");
});

test("revoked: what is queued is dropped and told, and mail goes on directly", async (t) => {
  const { alice, bob, carol, relay } = await setUp(t);
  alice.messenger.couriers.use("Carol");
  relay.reachable = false;
  const { id } = await alice.messenger.send({ to: "Bob", text: "changed my mind" });
  await until(() => carol.messenger.couriers.view().carrying[0]?.queued === 1, "Carol has it");
  alice.messenger.couriers.stop();
  await until(() => carol.messenger.couriers.view().carrying[0]?.queued === 0, "it is dropped");
  await alice.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  relay.reachable = true;
  await sleep(200);
  assert.equal(carol.messenger.couriers.view().carrying[0]?.taken, 0);
  assert.deepEqual(bob.texts(), ["changed my mind"]);
});

test("a day's cells are a day's cells: the rest waits for the next one", async (t) => {
  const { alice, bob, clock } = await setUp(t, 2);
  alice.messenger.couriers.use("Carol");
  for (const text of ["one", "two", "three"]) await alice.messenger.send({ to: "Bob", text });
  await until(() => bob.texts().length === 2, "two arrive");
  await until(() => alice.messenger.couriers.view().using?.hold === "used-up", "the day is used up");
  await sleep(300);
  assert.equal(bob.texts().length, 2);
  clock.now += 86_400_000;
  await until(() => {
    alice.messenger.refreshRelays();
    return bob.texts().length === 3;
  }, "the third comes on the next day");
});

test("a voucher is good once, for whoever is first, and no more than it says", async (t) => {
  const { person, alice, bob, carol } = await setUp(t);
  carol.messenger.couriers.end("Alice");
  await until(() => alice.messenger.couriers.view().offers[0]?.cellsPerDay === 0, "Carol carries no more");
  assert.throws(() => alice.messenger.couriers.use("Carol"), { code: "courier_not_offered" });
  const { code } = carol.messenger.couriers.makeVoucher(3, 86_400_000);
  alice.messenger.couriers.redeem("Carol", code);
  await until(() => alice.messenger.couriers.view().offers[0]?.credit === 3, "the credit is there");
  alice.messenger.couriers.use("Carol");
  for (const text of ["one", "two", "three", "four"]) await alice.messenger.send({ to: "Bob", text });
  await until(() => bob.texts().length === 3, "three arrive");
  await sleep(300);
  assert.equal(bob.texts().length, 3);

  const dave = await person("Dave");
  await introduce(carol, dave, "Carol", "Dave");
  dave.messenger.couriers.redeem("Carol", code);
  await until(() => dave.messenger.couriers.view().offers[0]?.redeemed === "refused", "it was used");
  assert.equal(carol.messenger.couriers.view().vouchers[0]?.redeemedBy, "Alice");
  alice.messenger.couriers.redeem("Carol", code);
  await until(() => alice.messenger.couriers.view().offers[0]?.redeemed === "accepted", "again by the same one");
  assert.equal(alice.messenger.couriers.view().offers[0]?.credit, 0, "but not twice");
});

test("a relay sees cells of one form, carried or not, and none has a date of before; no event comes twice", async (t) => {
  const { alice, bob, carol, relay, clock } = await setUp(t);
  alice.messenger.couriers.use("Carol");
  relay.reachable = false;
  for (const text of ["to Bob", "again"]) await alice.messenger.send({ to: "Bob", text });
  await until(() => carol.messenger.couriers.view().carrying[0]?.queued === 2, "Carol has them");
  await until(() => alice.messenger.couriers.view().using?.handing === 0, "and has said so");
  await alice.messenger.stop();
  const before = cells(relay.stored).length;
  clock.now += 3 * 3_600_000;
  relay.reachable = true;
  carol.crash();
  await until(() => bob.texts().length === 2, "both arrive three hours later");
  const later = cells(relay.stored).slice(before);
  const minute = Math.floor(clock.now / 60_000) * 60;
  assert.ok(later.length >= 2);
  for (const { created_at } of later) assert.equal(created_at, minute, "dated when it left");
  const all = cells(relay.stored);
  assert.equal(
    new Set(all.map((event) => `${eventBytes(event)} ${event.tags.length} ${event.content.length}`)).size,
    1,
  );
  for (const value of [(e: NostrEvent) => e.id, (e: NostrEvent) => e.pubkey, (e: NostrEvent) => e.tags[0]?.[1]]) {
    assert.equal(new Set(all.map(value)).size, all.length);
  }
});

test("everything to other people goes by the courier: receipts, hellos, groups", async (t) => {
  const { alice, bob, person } = await setUp(t);
  alice.messenger.couriers.use("Carol");
  const before = alice.messenger.couriers.view().offers[0]?.usedToday ?? 0;
  const { id } = await bob.messenger.send({ to: "Alice", text: "are you there?" });
  await bob.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  const used = () => (alice.messenger.couriers.view().offers[0]?.usedToday ?? 0) - before;
  assert.ok(used() >= 1, "the receipt");
  const dave = await person("Dave");
  await introduce(alice, dave, "Alice", "Dave");
  const afterMeeting = used();
  assert.ok(afterMeeting > 1, "the acceptance");
  const group = await alice.messenger.createGroup({ name: "both", members: ["Bob"] });
  await until(() => alice.messenger.group(group.id).members.every(({ state }) => state === "member"), "Bob is in");
  assert.ok(used() > afterMeeting, "invitation and welcome");
});

test("the attack: a contact offers credit until a time that no calendar has; what faces are told stands", async (t) => {
  const { alice, carol, clock } = await setUp(t);
  const { publicKey, device } = carol.vault.identity();
  const say = { what: "offer", cellsPerDay: 1, usedToday: 0, credit: 1, creditUntil: Number.MAX_SAFE_INTEGER } as const;
  assert.ok(decodeLetter(JSON.stringify({ ...letterHead(clock.now), kind: "courier", say })), "such a letter is read");
  new Offers(alice.vault).note(publicKey, device, say, clock.now + 1);
  assert.equal(alice.messenger.couriers.view().offers[0]?.creditUntil, "9999-12-31T23:59:59.999Z");
});

test("what goes once, as receipts, is forgotten when it is settled", async (t) => {
  const { alice, bob } = await setUp(t);
  alice.messenger.couriers.use("Carol");
  for (const text of ["one", "two", "three"]) {
    const { id } = await bob.messenger.send({ to: "Alice", text });
    await bob.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  }
  await until(() => (alice.messenger.couriers.view().offers[0]?.taken ?? 0) >= 3, "Carol reports");
  await until(() => new Entrusted(alice.vault).list().length === 0, "nothing is kept of them");
});

test("ended and allowed again while the sender's cells are under way: he is told what holds now", async (t) => {
  const { alice, bob, carol, clock } = await setUp(t);
  alice.messenger.couriers.use("Carol");
  const first = await alice.messenger.send({ to: "Bob", text: "before" });
  await alice.messenger.waitFor(first.id, "delivered", AbortSignal.timeout(WAIT_MS));
  await alice.messenger.stop();
  carol.messenger.couriers.end("Alice");
  carol.messenger.couriers.allow("Alice", MANY);
  alice.start();
  await alice.messenger.send({ to: "Bob", text: "after" });
  await until(() => {
    clock.now += 1_000;
    alice.messenger.refreshRelays();
    return bob.texts().length === 2;
  }, "it arrives");
  assert.equal(alice.messenger.couriers.view().using?.hold, null);
  assert.deepEqual(bob.texts(), ["before", "after"]);
});

test("what does not fit into what is left says so", async (t) => {
  const { alice } = await setUp(t, 3);
  alice.messenger.couriers.use("Carol");
  const { id } = await alice.messenger.send({ to: "Bob", text: "much ".repeat(3_000) });
  await until(() => /Carol could not take/.test(waiting(alice, "Bob", id) ?? ""), "it is said why it waits");
});

test("the keys change while cells wait at the courier: letters of both epochs are shown once, in order", async (t) => {
  const { alice, bob, carol, relay, clock } = await setUp(t);
  const queued = () => carol.messenger.couriers.view().carrying[0]?.queued ?? 0;
  alice.messenger.couriers.use("Carol");
  relay.reachable = false;
  await alice.messenger.send({ to: "Bob", text: "before" });
  await until(() => queued() === 1, "Carol has it");
  await until(() => alice.messenger.couriers.view().using?.handing === 0, "and has said so");
  const before = epochOf(alice);
  for (let hours = 0; hours < 72 && epochOf(alice) === before; hours += 6) {
    clock.now += 6 * 3_600_000;
    alice.messenger.renewKeys();
    await sleep(100);
  }
  assert.notEqual(epochOf(alice), before);
  const had = queued();
  await alice.messenger.send({ to: "Bob", text: "after" });
  await until(() => queued() > had, "Carol has that as well");
  assert.deepEqual(bob.texts(), []);
  relay.reachable = true;
  carol.crash();
  await until(() => bob.texts().length === 2, "Bob reads both");
  await until(() => queued() === 0, "all cells have left");
  await sleep(300);
  assert.deepEqual(bob.texts(), ["before", "after"]);
});
