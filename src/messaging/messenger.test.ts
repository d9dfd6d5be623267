import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceOf, publishLetter } from "../../test/support/cells.ts";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { testIdentity } from "../../test/support/identity.ts";
import { createWorld, meet, RELAY, seeded, until, WAIT_MS } from "../../test/support/messenger-world.ts";
import type { Mischief } from "../../test/support/unruly-relay.ts";
import { toBase64Url } from "../core/bytes.ts";
import { LockedError, type NocturneError, PolicyError } from "../core/errors.ts";
import { MESSAGE_LIMITS, RELAY_LIMITS } from "../core/limits.ts";
import { eventBytes } from "../nostr/event.ts";
import { makeCard } from "./card.ts";
import { type Letter, letterHead } from "./letter.ts";
import type { Messenger } from "./messenger.ts";

function hasCode(code: string): (error: NocturneError) => boolean {
  return (error) => error.code === code;
}

test("invite, request, accept, message, receipt", async (t) => {
  const { person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  const { link } = await alice.messenger.createInvite();
  const added = await bob.messenger.addContact({ invite: link });
  assert.equal(added.encryption, "hybrid", "the card of the invite protects the first letter already");
  await until(() => alice.messenger.contacts()[0]?.name === "Bob", "the request arrives");
  const request = alice.messenger.contact("bob");
  assert.equal(request.state, "request");
  assert.equal(request.invited, true);
  assert.equal(request.encryption, "hybrid");

  const early = await bob.messenger.send({ to: added.npub, text: "are you there?" });
  await until(() => alice.messenger.messages("Bob").messages.length === 1, "the first message shows in the request");
  assert.deepEqual(alice.messenger.inbox(), [], "a request is not in the inbox");
  assert.equal(
    bob.messenger.messages(added.npub).messages[0]?.state,
    "sent",
    "nothing is acknowledged before acceptance",
  );

  alice.messenger.accept("Bob");
  assert.equal(await bob.messenger.waitFor(early.id, "delivered", AbortSignal.timeout(WAIT_MS)), "delivered");
  await until(() => bob.messenger.contact(added.npub).state === "accepted", "the answer arrives");
  assert.equal(alice.messenger.contact("Bob").safety, bob.messenger.contact("Alice").safety);
  assert.match(alice.messenger.contact("Bob").safety ?? "", /^(\d{5} ){11}\d{5}$/);
  assert.equal(bob.messenger.verify("Alice", bob.messenger.contact("Alice").safety ?? "").verified, true);
  assert.equal(bob.messenger.verify("Alice", "1".repeat(60)).verified, false);
});

test("read receipts are sent only by who wants to", async (t) => {
  const { person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  const first = await bob.messenger.send({ to: "Alice", text: "one" });
  await bob.messenger.waitFor(first.id, "delivered", AbortSignal.timeout(WAIT_MS));
  assert.equal(alice.messenger.counts().unread, 1);
  alice.messenger.markRead("Bob", Number.MAX_SAFE_INTEGER - 1);
  assert.equal(alice.messenger.counts().unread, 0);
  alice.settings.readReceipts = true;
  const second = await bob.messenger.send({ to: "Alice", text: "two" });
  await bob.messenger.waitFor(second.id, "delivered", AbortSignal.timeout(WAIT_MS));
  alice.messenger.markRead("Bob", Number.MAX_SAFE_INTEGER - 1);
  await bob.messenger.waitFor(second.id, "read", AbortSignal.timeout(WAIT_MS));
  const states = bob.messenger.messages("Alice").messages.map((message) => message.state);
  assert.deepEqual(states, ["delivered", "read"]);
});

test("a repeated send with the same id is one message", async (t) => {
  const { person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  const id = "ab".repeat(16);
  for (let i = 0; i < 3; i++) await bob.messenger.send({ id, to: "Alice", text: "only once" });
  await bob.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  assert.deepEqual(alice.texts(), ["only once"]);
});

test("the largest message there may be fits through a relay, also as NIP-17", async (t) => {
  const { relay, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  const roomLeft = 300; // for the letter's other fields
  const text = '"'.repeat((MESSAGE_LIMITS.letterBytes - roomLeft) / 2);
  await bob.messenger.send({ to: "Alice", text });
  await bob.messenger.send({ to: "Alice", text, interop: true });
  await until(() => alice.messenger.inbox().length === 2, "both arrive");
  assert.deepEqual(new Set(alice.texts()), new Set([text]));
  for (const event of relay.stored) assert.ok(eventBytes(event) <= RELAY_LIMITS.eventBytes);
});

test("attachments travel as links", async (t) => {
  const { person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  await bob.messenger.send({ to: "Alice", text: "", files: ["f1"] });
  await until(() => alice.messenger.inbox().length === 1, "the message arrives");
  assert.deepEqual(alice.messenger.inbox()[0]?.files, [
    { id: "f1", name: "plan.pdf", bytes: 3, url: "http://localhost/s/f1#key" },
  ]);
});

test("whatever the relay does and whoever crashes: every message once, in order", async (t) => {
  const seeds = fc.sample(fc.integer(), 3);
  for (const seed of seeds) {
    await t.test(`seed ${seed}`, async (t) => {
      const { relay, clock, person } = createWorld(t);
      const [alice, bob] = [await person("Alice"), await person("Bob")];
      await meet(alice, bob);
      const random = seeded(seed);
      const mischief: Mischief = { loseEvent: 0.2, loseAnswer: 0.2, repeat: 0.3, delay: 0.4, random };
      relay.behave(mischief);
      const sent: Record<"alice" | "bob", string[]> = { alice: [], bob: [] };
      for (let i = 0; i < 24; i++) {
        const [from, to, name] = random() < 0.5 ? ([alice, "Bob", "alice"] as const) : ([bob, "Alice", "bob"] as const);
        const text = `${name} ${i}`;
        await from.messenger.send({ to, text });
        sent[name].push(text);
        if (random() < 0.1) (random() < 0.5 ? alice : bob).crash();
        if (random() < 0.3) await sleep(2);
      }
      relay.behave({ ...mischief, loseEvent: 0.05, loseAnswer: 0.05 });
      await until(() => {
        clock.now += 250;
        for (const one of [alice, bob]) one.messenger.refreshRelays();
        const open = [alice, bob].flatMap((one) => one.messenger.conversations()[0]?.last ?? []);
        return open.length === 2 && bob.texts().length >= sent.alice.length && alice.texts().length >= sent.bob.length;
      }, "everything arrives");
      assert.deepEqual(bob.texts(), sent.alice);
      assert.deepEqual(alice.texts(), sent.bob);
    });
  }
});

test("a gap that is never filled is shown after a while", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const alice = await person("Alice");
  const bob = testIdentity("bob");
  const to = deviceOf(alice.vault.identity());
  const deliver = (letter: Letter) => publishLetter(relay.connect().pool, letter, bob, to, clock.now);
  const at = clock.now;
  await deliver({ ...letterHead(at), kind: "hello", name: "Bob", card: makeCard(bob, [RELAY], at) });
  await until(() => alice.messenger.contacts().length === 1, "the request arrives");
  alice.messenger.accept("Bob");
  await deliver({ ...letterHead(at), kind: "text", n: 1, text: "one", files: [] });
  await deliver({ ...letterHead(at), kind: "text", n: 3, text: "three", files: [] });
  await until(() => alice.texts().length === 1, "the first arrives");
  await sleep(20);
  assert.deepEqual(alice.texts(), ["one"], "three waits for two");
  clock.now += MESSAGE_LIMITS.heldMs + 1;
  alice.crash();
  alice.messenger.releaseOverdue();
  assert.deepEqual(alice.texts(), ["one", "three"]);
  await deliver({ ...letterHead(at), kind: "text", n: 2, text: "two", files: [] });
  await until(() => alice.texts().length === 3, "the late one is not lost");
});

test("the attack: a contact that comes back with other keys gets nothing before it is accepted again", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const alice = await person("Alice");
  const bob = testIdentity("bob");
  const to = {
    publicKey: alice.vault.identity().publicKey,
    hybridPublicKey: toBase64Url(alice.vault.identity().hybrid.publicKey),
  };
  const hello = (card: unknown) => ({ ...letterHead(clock.now), kind: "hello", name: "Bob", card }) as const;
  const deliver = (card: unknown) => publishLetter(relay.connect().pool, hello(card), bob, to, clock.now);
  await deliver(makeCard(bob, [RELAY], clock.now));
  await until(() => alice.messenger.contacts().length === 1, "the request arrives");
  alice.messenger.accept("Bob");
  assert.equal(alice.messenger.verify("Bob", alice.messenger.contact("Bob").safety ?? "").verified, true);

  await deliver(makeCard({ ...bob, hybrid: testIdentity("other keys").hybrid }, [RELAY], clock.now + 1000));
  await until(() => alice.messenger.contact("Bob").cardChanged, "the change is noticed");
  const before = relay.stored.length;
  await assert.rejects(alice.messenger.send({ to: "Bob", text: "secret" }), PolicyError);
  assert.equal(relay.stored.length, before, "nothing left the machine");
  const accepted = alice.messenger.accept("Bob");
  assert.equal(accepted.cardChanged, false);
  assert.equal(accepted.verified, false, "a new key is not verified");
  await alice.messenger.send({ to: "Bob", text: "ok" });
});

test("a changed card is compared before it is accepted: its own number counts, and a match accepts it", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const { messenger, vault } = await person("Alice");
  const { publicKey, hybrid } = vault.identity();
  const to = { publicKey, hybridPublicKey: toBase64Url(hybrid.publicKey) };
  const bob = testIdentity("bob");
  const deliver = (card: unknown) => {
    const hello = { ...letterHead(clock.now), kind: "hello", name: "Bob", card } as const;
    return publishLetter(relay.connect().pool, hello, bob, to, clock.now);
  };
  await deliver(makeCard(bob, [RELAY], clock.now));
  await until(() => messenger.contacts().length === 1, "the request arrives");
  const first = messenger.accept("Bob");
  const trusted = first.safety ?? "";
  assert.equal(first.changedSafety, null);
  messenger.verify("Bob", trusted);

  await deliver(makeCard({ ...bob, hybrid: testIdentity("other keys").hybrid }, [RELAY], clock.now + 1000));
  await until(() => messenger.contact("Bob").cardChanged, "the change is noticed");
  const { safety, changedSafety, verified } = messenger.contact("Bob");
  assert.equal(verified, false, "what was compared does not vouch for other keys");
  assert.equal(safety, trusted);
  assert.ok(changedSafety !== null && changedSafety !== trusted);
  assert.deepEqual(messenger.verify("Bob"), { verified: false, safety: changedSafety });
  assert.equal(messenger.verify("Bob", trusted).verified, false, "the number of before is not the one to compare");
  await assert.rejects(messenger.send({ to: "Bob", text: "secret" }), PolicyError);

  assert.equal(messenger.verify("Bob", changedSafety).verified, true);
  const now = messenger.contact("Bob");
  assert.deepEqual([now.cardChanged, now.verified, now.safety], [false, true, changedSafety]);
  await messenger.send({ to: "Bob", text: "ok" });
});

test("strangers: requests are bounded, can be refused, blocked, and never acknowledged unasked", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const alice = await person("Alice");
  const mallory = testIdentity("mallory");
  const to = deviceOf(alice.vault.identity());
  const write = (n: number) => {
    const letter = { ...letterHead(clock.now), kind: "text", n, text: `spam ${n}`, files: [] } as const;
    return publishLetter(relay.connect().pool, letter, mallory, to, clock.now);
  };
  const flood = MESSAGE_LIMITS.messagesPerRequest + 5;
  for (let n = 1; n <= flood; n++) await write(n);
  await until(
    () => alice.messenger.messages(mallory.npub).messages.length === MESSAGE_LIMITS.messagesPerRequest,
    "kept",
  );
  await sleep(50);
  assert.equal(
    alice.messenger.messages(mallory.npub, { limit: 100 }).messages.length,
    MESSAGE_LIMITS.messagesPerRequest,
  );
  assert.equal(relay.stored.length, flood, "not one answer went out");
  await assert.rejects(alice.messenger.send({ to: mallory.npub, text: "who?" }), hasCode("not_accepted"));
  alice.messenger.block(mallory.npub);
  await write(flood + 1);
  await sleep(50);
  assert.deepEqual(alice.messenger.inbox(), []);
  alice.messenger.removeContact(mallory.npub);
  alice.settings.invitedOnly = true;
  await write(flood + 2);
  await sleep(50);
  assert.deepEqual(alice.messenger.contacts(), [], "only invited people may ask");
});

test("a receipt from somebody else takes nothing out of the outbox", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  await bob.messenger.stop();
  const sent = await alice.messenger.send({ to: "Bob", text: "for Bob" });
  const mallory = testIdentity("mallory");
  const to = deviceOf(alice.vault.identity());
  const forged = { ...letterHead(clock.now), kind: "receipt", delivered: [sent.id], read: [sent.id] } as const;
  await publishLetter(relay.connect().pool, forged, mallory, to, clock.now);
  await sleep(50);
  assert.notEqual(alice.messenger.messages("Bob").messages.at(-1)?.state, "delivered");
  bob.start();
  assert.equal(await alice.messenger.waitFor(sent.id, "delivered", AbortSignal.timeout(WAIT_MS)), "delivered");
});

test("what cannot be sent is refused in plain words and leaves no trace", async (t) => {
  const { person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  const cases: [Parameters<Messenger["send"]>[0], string][] = [
    [{ to: "Bob", text: "" }, "empty_message"],
    [{ to: "Bob", text: "x".repeat(MESSAGE_LIMITS.textBytes + 1) }, "text_too_long"],
    [{ to: "Bob", text: "\u0001".repeat(MESSAGE_LIMITS.textBytes) }, "text_too_long"],
    [{ to: "nobody", text: "hi" }, "unknown_contact"],
    [{ to: "npub1qqqq", text: "hi" }, "bad_public_key"],
    [{ to: alice.npub, text: "hi" }, "own_key"],
    [{ id: "short", to: "Bob", text: "hi" }, "bad_message_id"],
    [{ to: "Bob", text: "hi", files: Array(11).fill("f") }, "too_many_files"],
  ];
  for (const [request, code] of cases) await assert.rejects(alice.messenger.send(request), hasCode(code), code);
  assert.equal(alice.messenger.messages("Bob").messages.length, 0);
  await assert.rejects(alice.messenger.addContact({ invite: "nocturne:invite/AAAA" }), hasCode("bad_invite"));
  await alice.messenger.stop();
  assert.throws(() => alice.messenger.contacts(), LockedError);
});
