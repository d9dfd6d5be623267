/** What strangers can make of a messenger, with and without work demanded of them. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { deviceOf, letterCells, publishLetter } from "../../test/support/cells.ts";
import { testIdentity } from "../../test/support/identity.ts";
import {
  createWorld,
  meet,
  type Person,
  RELAY,
  until,
  WAIT_MS,
  type World,
} from "../../test/support/messenger-world.ts";
import { WORK_LIMITS } from "../core/cell-limits.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { toHex } from "../core/bytes.ts";
import { publicKeyOf } from "../nostr/keys.ts";
import { KIND } from "../nostr/kinds.ts";
import type { Identity } from "../vault/identity.ts";
import { makeCard, parseCard } from "./card.ts";
import { wrapRumor, writeRumor } from "./interop.ts";
import { type Letter, letterHead } from "./letter.ts";
import { mineWork } from "./pass/mining.ts";
import type { Pass } from "./pass/pass.ts";

/** Few enough for a test, enough that nobody has them by chance. */
const BITS = 16;
const SPAMMERS = MESSAGE_LIMITS.pendingRequests + 20;
const NEVER = new AbortController().signal;
const mallory = testIdentity("mallory");

/** One of the many that a spammer makes in an instant. */
function anybody(): Identity {
  const nostrSecretKey = randomBytes(32);
  const publicKey = publicKeyOf(nostrSecretKey);
  return { ...mallory, nostrSecretKey, publicKey, device: publicKey };
}

function hello(sender: Identity, nowMs: number): Letter {
  return { ...letterHead(nowMs), kind: "hello", name: "spam", card: makeCard(sender, [RELAY], nowMs) };
}

function text(nowMs: number, n = 1): Letter {
  return { ...letterHead(nowMs), kind: "text", n, text: `spam ${n}`, files: [] };
}

async function workFor(sender: Identity, to: Person, nowMs: number, bits = BITS): Promise<Pass> {
  const pair = { from: sender.publicKey, to: to.vault.identity().publicKey };
  return { proof: null, work: await mineWork(pair, bits, nowMs, NEVER) };
}

/** Alice, who demands work, and a way to write to her. */
async function demanding(t: TestContext, bits = BITS) {
  const world = createWorld(t);
  const alice = await world.person("Alice");
  await demand(world, alice, bits);
  const to = deviceOf(alice.vault.identity());
  const { pool } = world.relay.connect();
  const write = (letter: Letter, sender: Identity, pass: Pass | null = null) =>
    publishLetter(pool, letter, sender, to, world.clock.now, pass);
  return { world, alice, to, write };
}

/** From now on, as the person's public card tells. */
async function demand({ relay }: World, person: Person, bits: number): Promise<void> {
  person.settings.strangerWork = bits;
  person.messenger.findCards();
  const told = () => relay.cards.get(person.vault.identity().publicKey);
  await until(() => told() !== undefined && (parseCard(told()).work ?? 0) === bits, "the card says so");
}

/** First letters by keys that nobody knows, more than requests are kept: texts, and hellos, which are six times as large. */
async function flood({ relay, clock }: World, alice: Person): Promise<void> {
  const to = deviceOf(alice.vault.identity());
  const { pool } = relay.connect();
  for (let i = 0; i < SPAMMERS; i++) {
    const sender = anybody();
    const letter = i % 10 === 0 ? hello(sender, clock.now) : text(clock.now);
    for (const cell of letterCells(letter, sender, to, clock.now)) await pool.publish(RELAY, cell);
  }
}

/** Everybody looks for cards that are due after this time. */
async function later({ clock }: World, person: Person, ms: number): Promise<void> {
  clock.now += ms;
  person.messenger.findCards();
  await sleep(50);
}

/** What of what came was written down. */
function seenRows({ vault }: Person): number {
  return vault
    .table<{ id: string; day: string }>({
      name: "seen_wraps",
      key: (row) => row.id,
      indexes: { day: (row) => row.day },
    })
    .count();
}

test("the attack: first letters by many unknown keys fill the requests; where work is demanded they leave no trace", async (t) => {
  const { world, alice } = await demanding(t);
  await flood(world, alice);
  await until(() => alice.messenger.counts().refused === SPAMMERS, "all were looked at");
  assert.deepEqual([alice.messenger.contacts(), seenRows(alice)], [[], 0]);
  const before = world.relay.stored.length;
  await sleep(100);
  assert.equal(world.relay.stored.length, before, "nothing was answered");
  const bob = await world.person("Bob");
  await bob.messenger.addContact({ invite: alice.npub });
  await bob.messenger.send({ to: alice.npub, text: "it is me" });
  await until(() => alice.messenger.counts().requests === 1, "whoever works gets through");
  await until(() => alice.messenger.messages("Bob").messages.length === 1, "with what he wrote");

  // The control: the relay still holds them all, and nothing is demanded.
  alice.settings.strangerWork = 0;
  alice.crash();
  await until(() => alice.messenger.counts().requests === MESSAGE_LIMITS.pendingRequests, "as many as there may be");
  const dan = await world.person("Dan");
  await dan.messenger.addContact({ invite: alice.npub });
  await until(() => !dan.messenger.contact(alice.npub).working, "Dan's hello");
  await sleep(200);
  assert.equal(
    alice.messenger.contacts().some(({ name }) => name === "Dan"),
    false,
    "there is no room for Dan",
  );
});

test("a request is for whom, by whom and when it was worked for", async (t) => {
  const { world, alice, write } = await demanding(t);
  const { clock } = world;
  const [bob, carol] = [await world.person("Bob"), anybody()];
  const works = workFor(carol, alice, clock.now);
  const cases: [string, Identity, Pass][] = [
    ["another's", anybody(), await works],
    ["for another", carol, await workFor(carol, bob, clock.now)],
    ["old", carol, await workFor(carol, alice, clock.now - WORK_LIMITS.validMs - 1_000)],
    ["ahead of its time", carol, await workFor(carol, alice, clock.now + WORK_LIMITS.aheadMs + 1_000)],
    ["too little", carol, await workFor(carol, alice, clock.now, BITS - 1)],
    ["a proof that is none", carol, { proof: toHex(randomBytes(32)), work: null }],
  ];
  for (const [index, [why, sender, pass]] of cases.entries()) {
    await write(text(clock.now), sender, pass);
    await until(() => alice.messenger.counts().refused === index + 1, why);
  }
  assert.deepEqual([alice.messenger.contacts(), seenRows(alice)], [[], 0]);
  await write(text(clock.now), carol, await works);
  await until(() => alice.messenger.counts().requests === 1, "the control");
  await write(text(clock.now, 2), carol);
  await until(() => alice.messenger.conversations()[0]?.last?.text === "spam 2", "who was let in works no more");
});

test("what cannot be opened leaves no trace either", async (t) => {
  const { world, alice, to, write } = await demanding(t, 0);
  const forged = { ...anybody(), publicKey: mallory.publicKey, device: mallory.publicKey };
  for (let i = 0; i < 20; i++) await write(text(world.clock.now), forged);
  assert.equal(world.relay.stored.length, 20);
  await publishLetter(world.relay.connect().pool, text(world.clock.now), mallory, to, world.clock.now);
  await until(() => alice.messenger.counts().requests === 1, "the control");
  assert.equal(seenRows(alice), 1);
});

test("whoever holds an invite works for nothing, also for what overtakes his hello", async (t) => {
  const { world, alice } = await demanding(t, WORK_LIMITS.bits);
  const bob = await world.person("Bob");
  const { link } = await alice.messenger.createInvite();
  const { npub, working } = await bob.messenger.addContact({ invite: link });
  assert.equal(working, false);
  await bob.messenger.send({ to: npub, text: "hello" });
  await until(() => alice.messenger.counts().requests === 1, "the request");
  await until(() => alice.messenger.messages(bob.npub).messages.length === 1, "the text");
  assert.deepEqual([alice.messenger.contact("Bob").invited, alice.messenger.counts().refused], [true, 0]);
});

test("people who know each other, and the members of a group, need no pass", async (t) => {
  const world = createWorld(t);
  const people = [await world.person("Alice"), await world.person("Bob"), await world.person("Cyd")] as const;
  const [alice, bob, cyd] = people;
  for (const person of people) person.settings.strangerWork = WORK_LIMITS.bits;
  await meet(alice, bob);
  const { link: invite } = await alice.messenger.createInvite();
  await cyd.messenger.addContact({ invite, name: "Alice" });
  await until(() => alice.messenger.contacts().length === 2, "Cyd's request");
  alice.messenger.accept("Cyd");
  await until(() => cyd.messenger.contact("Alice").state === "accepted", "the answer");
  const { id } = await alice.messenger.createGroup({ name: "Trip", members: ["Bob"] });
  await until(() => bob.messenger.conversations().some(({ name }) => name === "Trip"), "Bob is in");
  const { link } = await alice.messenger.createGroupLink(id);
  await cyd.messenger.joinGroup(link as string);
  await until(() => alice.messenger.group(id).members.some(({ state }) => state === "applied"), "Cyd applies");
  await alice.messenger.approveMember(id, cyd.npub);
  await until(() => cyd.messenger.conversations().some(({ name }) => name === "Trip"), "Cyd is in");
  const sent = await cyd.messenger.send({ to: id, text: "hello Bob, whom I do not know" });
  await cyd.messenger.waitFor(sent.id, "delivered", AbortSignal.timeout(WAIT_MS));
  assert.deepEqual(
    people.map(({ messenger }) => messenger.counts().refused),
    [0, 0, 0],
  );
});

test("the work begins anew after a crash, and is seen to be done", async (t) => {
  const { world, alice } = await demanding(t, BITS + 4);
  const bob = await world.person("Bob");
  const { name } = await bob.messenger.addContact({ invite: alice.npub });
  await until(() => bob.messenger.contact(name).working, "work");
  bob.crash();
  await until(() => bob.messenger.contact(name).working, "it works again");
  await until(() => alice.messenger.counts().requests === 1, "Bob's request");
  await until(() => !bob.messenger.contact(name).working, "the work is done");
});

test("work ends with the contact that it was for, and the next one's turn comes", async (t) => {
  const { world, alice } = await demanding(t, WORK_LIMITS.bits);
  const [bob, cyd] = [await world.person("Bob"), await world.person("Cyd")];
  await demand(world, cyd, BITS);
  const { link } = await alice.messenger.createInvite();
  await alice.messenger.stop();
  await bob.messenger.addContact({ invite: link, name: "Alice" });
  world.clock.now += WORK_LIMITS.freshMs + 1_000;
  bob.crash();
  await until(() => bob.messenger.contact("Alice").working, "after a day without an answer, work for minutes");
  await bob.messenger.addContact({ invite: cyd.npub, name: "Cyd" });
  await until(() => bob.messenger.contact("Cyd").working, "waits for its turn");
  bob.messenger.removeContact("Alice");
  await until(() => cyd.messenger.counts().requests === 1, "Cyd gets the hello");
});

test("other Nostr programs show no work: a few of their first messages are kept, apart from the others", async (t) => {
  const { world, alice, write } = await demanding(t);
  const { pool } = world.relay.connect();
  const knock = (sender: Identity) => {
    const rumor = JSON.stringify(writeRumor(sender, alice.vault.identity().publicKey, "gm", world.clock.now));
    return pool.publish(RELAY, wrapRumor(rumor, sender, alice.vault.identity().publicKey, world.clock.now));
  };
  for (let i = 0; i < MESSAGE_LIMITS.interopRequests + 10; i++) await knock(anybody());
  await until(() => alice.messenger.counts().requests === MESSAGE_LIMITS.interopRequests, "a few");
  const rows = seenRows(alice);
  await knock(anybody());
  await sleep(100);
  assert.deepEqual([alice.messenger.counts().requests, seenRows(alice)], [MESSAGE_LIMITS.interopRequests, rows]);
  const carol = anybody();
  await write(text(world.clock.now), carol, await workFor(carol, alice, world.clock.now));
  await until(() => alice.messenger.counts().requests === MESSAGE_LIMITS.interopRequests + 1, "room for who works");
  alice.settings.strangerWork = 0;
  await knock(anybody());
  await until(() => alice.messenger.counts().requests === MESSAGE_LIMITS.interopRequests + 2, "the control");
});

test("a card tells what is demanded, and an invite that may be over is shown beside work", async (t) => {
  const { world, alice } = await demanding(t, BITS + 1);
  const bob = await world.person("Bob");
  const { link } = await alice.messenger.createInvite();
  await alice.messenger.stop();
  await bob.messenger.addContact({ invite: link });
  world.clock.now += MESSAGE_LIMITS.inviteMs + 1_000;
  world.relay.stored.length = 0;
  bob.crash();
  alice.start();
  await until(() => alice.messenger.counts().requests === 1, "the request");
  assert.equal(alice.messenger.contact("Bob").invited, false, "the invite is over, the work counts");
});

test("who demands more by now drops what was worked for less: the sender finds out, works anew, and gets through", async (t) => {
  const { world, alice } = await demanding(t, BITS - 4);
  const bob = await world.person("Bob");
  await alice.messenger.stop();
  const { name } = await bob.messenger.addContact({ invite: alice.npub });
  const { id } = await bob.messenger.send({ to: name, text: "it is me" });
  await bob.messenger.waitFor(id, "sent", AbortSignal.timeout(WAIT_MS));
  world.clock.now += 1_000;
  alice.start();
  await demand(world, alice, BITS);
  await until(() => alice.messenger.counts().refused >= 2, "hello and text are dropped");
  await later(world, bob, 60_000);
  bob.crash();
  await sleep(200);
  assert.equal(alice.messenger.counts().requests, 0, "the control: by the card that he has he never gets through");

  await later(world, bob, MESSAGE_LIMITS.cardAgainMs);
  await until(() => alice.messenger.counts().requests === 1, "the request");
  await until(() => alice.messenger.messages("Bob").messages.length === 1, "with what he wrote");
});

test("an invite's holder does not look for its maker while the proof alone lets him in", async (t) => {
  const { world, alice } = await demanding(t, BITS);
  const bob = await world.person("Bob");
  const { link } = await alice.messenger.createInvite();
  await alice.messenger.stop();
  await bob.messenger.addContact({ invite: link, name: "Alice" });
  let asked = 0;
  world.relay.onFetch = ([filter]) => void (asked += filter?.kinds?.includes(KIND.card) ? 1 : 0);
  await later(world, bob, WORK_LIMITS.freshMs - 1_000);
  assert.equal(asked, 0);
  await later(world, bob, 1_000);
  assert.equal(asked, 1, "the invite may be over by now");
  await later(world, bob, MESSAGE_LIMITS.cardAgainMs - 1);
  assert.equal(asked, 1);
  await later(world, bob, 1);
  assert.equal(asked, 2);
});

test("the attack: who asks into a group by its link writes for nothing; only who is let in does", async (t) => {
  const { world, alice, write } = await demanding(t);
  const mal = await world.person("Mal");
  const { id } = await alice.messenger.createGroup({ name: "Open", members: [] });
  const { link } = await alice.messenger.createGroupLink(id);
  await mal.messenger.joinGroup(link as string);
  const isAsking = () => alice.messenger.group(id).members.some(({ state }) => state === "applied");
  await until(isAsking, "Mal applies, and works for nothing");
  await write(text(world.clock.now), mal.vault.identity());
  await until(() => alice.messenger.counts().refused === 1, "his text is dropped");
  await alice.messenger.removeFromGroup(id, mal.npub);
  await write(text(world.clock.now), mal.vault.identity());
  await until(() => alice.messenger.counts().refused === 2, "also once he was turned away");
  assert.deepEqual(alice.messenger.contacts(), []);

  const cyd = await world.person("Cyd");
  await cyd.messenger.joinGroup(link as string);
  await until(isAsking, "Cyd applies");
  await alice.messenger.approveMember(id, cyd.npub);
  await until(() => cyd.messenger.conversations().some(({ name }) => name === "Open"), "and is let in");
  await write(text(world.clock.now), cyd.vault.identity());
  await until(() => alice.messenger.counts().requests === 1, "the control");
});
