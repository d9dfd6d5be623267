/** People of whom only the key is known: their cards are looked for, and nothing leaves before one is found. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceOf, letterCells } from "../../test/support/cells.ts";
import { testIdentity } from "../../test/support/identity.ts";
import { createWorld, until } from "../../test/support/messenger-world.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { signEvent, verifyEvent, type VerifiedEvent } from "../nostr/event.ts";
import { KIND } from "../nostr/kinds.ts";
import { isOtherCard, makeCard, parseCard } from "./card.ts";

const bob = testIdentity("bob");

test("a person known by npub alone: his card is found, and already the hello is hybrid", async (t) => {
  const { relay, person } = createWorld(t);
  const [alice, carol] = [await person("Alice"), await person("Carol")];
  await until(() => relay.cards.size === 2, "both told their cards");
  const contact = await alice.messenger.addContact({ invite: carol.npub });
  assert.equal(contact.encryption, "hybrid");
  assert.notEqual(contact.safety, null, "the safety number can be compared before anything is said");
  await until(() => carol.messenger.contacts().length === 1, "the hello arrives");
  carol.messenger.accept("Alice");
  await until(() => alice.messenger.contact(carol.npub).state === "accepted", "the answer arrives");
  assert.equal(alice.messenger.contact(carol.npub).cardChanged, false);
});

test("no card: nothing is sent, it is said why, and it is looked for at growing intervals", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const alice = await person("Alice");
  const added = await alice.messenger.addContact({ invite: bob.npub });
  assert.equal(added.encryption, "card-unknown");
  const { id } = await alice.messenger.send({ to: bob.npub, text: "are you there?" });
  assert.match(alice.messenger.message(id).waiting ?? "", /card was not found yet/);
  assert.equal(alice.messenger.cardsMissing(), 1);
  relay.cards.set(bob.publicKey, makeCard(bob, [], clock.now));
  alice.messenger.findCards();
  alice.messenger.findCards();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(alice.messenger.contact(bob.npub).encryption, "card-unknown", "it is not its turn yet");
  assert.equal(relay.stored.length, 0, "not one cell has left");
  clock.now += MESSAGE_LIMITS.cardRetryMs;
  alice.messenger.findCards();
  await until(() => relay.stored.length > 0, "the hello leaves");
  assert.equal(alice.messenger.contact(bob.npub).encryption, "hybrid");
  assert.equal(alice.messenger.message(id).waiting, undefined);
});

test("the attack: a relay tells other cards in the place of the one that was asked for", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const alice = await person("Alice");
  const mallory = testIdentity("mallory");
  const mine = makeCard(mallory, [], clock.now);
  const real = makeCard(bob, ["ws://127.0.0.1:1/"], clock.now);
  const moved = signEvent({ ...real, tags: [["relay", "ws://evil.example/"]] }, bob.nostrSecretKey);
  for (const [why, forged] of [
    ["another person's", mine],
    ["another person's under his name", { ...mine, pubkey: bob.publicKey }],
    ["his keys with other relays, under his Nostr signature alone", moved],
    ["none at all", signEvent({ kind: KIND.card, created_at: 1, tags: [], content: "" }, bob.nostrSecretKey)],
  ] as const) {
    relay.cards.set(bob.publicKey, forged);
    relay.fetchAnything = true;
    clock.now += MESSAGE_LIMITS.cardRetryMaxMs;
    await alice.messenger.addContact({ invite: bob.npub });
    assert.equal(alice.messenger.contact(bob.npub).encryption, "card-unknown", why);
    alice.messenger.removeContact(bob.npub);
  }
  relay.cards.set(bob.publicKey, real);
  clock.now += MESSAGE_LIMITS.cardRetryMaxMs;
  await alice.messenger.addContact({ invite: bob.npub });
  assert.equal(alice.messenger.contact(bob.npub).encryption, "hybrid", "the control");
});

test("a card that was found is the one that counts: another one in the answer is a changed card", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const alice = await person("Alice");
  const known = makeCard(bob, [], clock.now);
  relay.cards.set(bob.publicKey, known);
  await alice.messenger.addContact({ invite: bob.npub, name: "Bob" });
  const other = { ...bob, hybrid: testIdentity("mallory").hybrid };
  const card = makeCard(other, [], clock.now + 1_000);
  assert.ok(isOtherCard(parseCard(known), parseCard(card)));
  const accept = { v: 1, id: "0".repeat(32), at: clock.now, kind: "accept", name: "Bob", card } as const;
  for (const cell of letterCells(accept, bob, deviceOf(alice.vault.identity()), clock.now)) {
    await relay.connect().pool.publish("", cell);
  }
  await until(() => alice.messenger.contact("Bob").cardChanged, "it waits for a decision");
});

test("one's own card is told once at each start, as the same event until the relays change", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const alice = await person("Alice");
  const told = () => relay.cards.get(alice.vault.identity().publicKey);
  await until(() => told() !== undefined, "it is told");
  const first = told() as VerifiedEvent;
  assert.ok(verifyEvent(first) && parseCard(first).publicKey === alice.vault.identity().publicKey);
  assert.equal(JSON.stringify(first).includes("Alice"), false, "no name is in it");
  relay.cards.clear();
  clock.now += 86_400_000;
  alice.messenger.findCards();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(told(), undefined, "the relay took it already");
  alice.crash();
  await until(() => told() !== undefined, "it is told again");
  assert.deepEqual(told(), first);
});

test("a card that says something else is later than the one before, also within a second and after the clock was set back", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const alice = await person("Alice");
  const told = () => relay.cards.get(alice.vault.identity().publicKey)?.created_at ?? 0;
  await until(() => told() > 0, "it is told");
  for (const backMs of [0, 60_000]) {
    const before = told();
    clock.now -= backMs;
    alice.settings.strangerWork++;
    alice.messenger.findCards();
    await until(() => told() !== before, "another one is told");
    assert.equal(told(), before + 1, "or relays would keep the older one");
  }
});
