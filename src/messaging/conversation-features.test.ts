/** Replies, reactions, edits, deletions, typing, search and the choices of a conversation, between two people. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceOf, publishLetter } from "../../test/support/cells.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { testIdentity } from "../../test/support/identity.ts";
import { createWorld, meet, type Person, RELAY, seeded, until, WAIT_MS } from "../../test/support/messenger-world.ts";
import { toBase64Url } from "../core/bytes.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import type { NocturneError } from "../core/errors.ts";
import { makeCard } from "./card.ts";
import { type Letter, letterHead } from "./letter.ts";
import type { Message } from "./views.ts";

const FOR_EVER = "9999-12-31T00:00:00.000Z";

function hasCode(code: string): (error: NocturneError) => boolean {
  return (error) => error.code === code;
}

function view(person: Person, who: string, id: string): Message {
  const found = person.messenger.messages(who, { limit: 200 }).messages.find((message) => message.id === id);
  assert.ok(found, "the message is there");
  return found;
}

/** Sends and waits until it was delivered. */
async function deliver(from: Person, to: string, text: string, more: { replyTo?: string } = {}): Promise<string> {
  const { id } = await from.messenger.send({ to, text, ...more });
  await from.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  return id;
}

test("a reply quotes, a reaction is replaced and taken back, an edit is marked", async (t) => {
  const { person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  const question = await deliver(bob, "Alice", "tea or coffee?");
  const answer = await deliver(alice, "Bob", "tea", { replyTo: question });
  const { position } = view(bob, "Alice", question);
  assert.deepEqual(view(bob, "Alice", answer).replyTo, {
    id: question,
    from: { npub: bob.npub, name: "Bob" },
    excerpt: "tea or coffee?",
    position,
  });

  assert.equal(alice.messenger.react(question, "👍").reactions[0]?.mine, true);
  bob.messenger.react(question, "👍");
  await until(() => view(bob, "Alice", question).reactions[0]?.by.length === 2, "both thumbs are there");
  alice.messenger.react(question, "❤️");
  const emojis = () => view(bob, "Alice", question).reactions.map((one) => `${one.emoji}${one.by.length}${one.mine}`);
  await until(() => emojis().includes("❤️1false"), "it is replaced");
  assert.deepEqual(emojis().toSorted(), ["❤️1false", "👍1true"]);
  alice.messenger.react(question, null);
  await until(() => emojis().length === 1, "it is taken back");

  const edited = bob.messenger.edit(question, "tea or cocoa?");
  assert.notEqual(edited.editedAt, null);
  await until(() => view(alice, "Bob", question).text === "tea or cocoa?", "the edit arrives");
  assert.notEqual(view(alice, "Bob", question).editedAt, null);
  await until(
    () => bob.messenger.counts().outbox === 0 && alice.messenger.counts().outbox === 0,
    "all is acknowledged",
  );
  assert.ok(alice.events.some((one) => one.event === "message-changed" && one.message.id === question));
});

test("a message deleted for all leaves a tombstone, one deleted here nothing, and neither returns", async (t) => {
  const { relay, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  const { id } = await bob.messenger.send({ to: "Alice", text: "wrong window", files: ["f1"] });
  await bob.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  alice.messenger.react(id, "👍");
  bob.messenger.deleteMessage(id, true);
  await until(() => view(alice, "Bob", id).deleted, "the deletion arrives");
  const { text, files, reactions } = view(alice, "Bob", id);
  assert.deepEqual([text, files, reactions], ["", [], []]);
  assert.deepEqual(bob.revoked, ["http://localhost/s/f1#key"]);
  assert.deepEqual(alice.texts(), [], "a tombstone is nothing to read");
  assert.equal(alice.messenger.counts().unread, 0);

  const second = await deliver(bob, "Alice", "for my eyes only");
  alice.messenger.deleteMessage(second, false);
  assert.ok(alice.events.some((one) => one.event === "message-gone" && one.id === second));
  for (const wrap of relay.stored.slice()) await relay.connect().pool.publish(RELAY, wrap);
  alice.crash();
  await sleep(50);
  assert.deepEqual(alice.texts(), []);
  assert.equal(view(bob, "Alice", second).text, "for my eyes only");
});

test("what was deleted before it left the machine never leaves it", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  relay.behave({ loseEvent: 1, loseAnswer: 0, repeat: 0, delay: 0, random: () => 0 });
  const { id } = await bob.messenger.send({ to: "Alice", text: "never mind" });
  await until(() => view(bob, "Alice", id).waiting !== undefined, "a relay was tried");
  bob.messenger.deleteMessage(id, true);
  await sleep(20);
  relay.behave(null);
  await bob.messenger.send({ to: "Alice", text: "after it" });
  await until(() => {
    clock.now += 250;
    bob.messenger.refreshRelays();
    return alice.texts().length > 0;
  }, "nobody waits for its number");
  assert.deepEqual(alice.texts(), ["after it"]);
  assert.ok(!alice.events.some((one) => one.event === "message" && one.message.text === "never mind"));
});

test("the attack: nobody changes or deletes what another wrote, nor reaches into another conversation", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  const mallory = testIdentity("mallory");
  const { publicKey, hybrid } = alice.vault.identity();
  const to = { publicKey, hybridPublicKey: toBase64Url(hybrid.publicKey) };
  const write = (letter: Letter) => publishLetter(relay.connect().pool, letter, mallory, to, clock.now);
  await write({
    ...letterHead(clock.now),
    kind: "hello",
    name: "Mallory",
    card: makeCard(mallory, [RELAY], clock.now),
  });
  await until(() => alice.messenger.contacts().length === 2, "the request arrives");
  alice.messenger.accept("Mallory");

  const fromBob = await deliver(bob, "Alice", "pay Bob");
  const fromAlice = await deliver(alice, "Bob", "yes");
  for (const target of [fromBob, fromAlice]) {
    await write({ ...letterHead(clock.now), kind: "edit", target, text: "pay Mallory" });
    await write({ ...letterHead(clock.now), kind: "delete", target });
    await write({ ...letterHead(clock.now), kind: "reaction", target, emoji: "👎" });
  }
  await write({ ...letterHead(clock.now), kind: "text", n: 1, text: "quote", files: [], replyTo: fromBob });
  await until(() => alice.texts().includes("quote"), "all of it arrived");
  assert.equal(view(alice, "Bob", fromBob).text, "pay Bob");
  assert.equal(view(alice, "Bob", fromAlice).text, "yes");
  for (const id of [fromBob, fromAlice]) assert.deepEqual(view(alice, "Bob", id).reactions, []);
  const quoting = alice.messenger.messages("Mallory").messages.find(({ text }) => text === "quote");
  assert.deepEqual(quoting?.replyTo, { id: fromBob, from: null, excerpt: null, position: null });

  bob.messenger.react(fromAlice, "👍");
  await until(() => view(alice, "Bob", fromAlice).reactions.length === 1, "a reaction of the right person counts");
  assert.throws(() => bob.messenger.edit(fromAlice, "no"), hasCode("not_yours"));
  assert.throws(() => bob.messenger.deleteMessage(fromAlice, true), hasCode("not_yours"));
});

test("marks that come before their message wait for it, and a deletion wins", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const alice = await person("Alice");
  const bob = testIdentity("bob");
  const to = deviceOf(alice.vault.identity());
  const write = (letter: Letter) => publishLetter(relay.connect().pool, letter, bob, to, clock.now);
  const at = clock.now;
  await write({ ...letterHead(at), kind: "hello", name: "Bob", card: makeCard(bob, [RELAY], at) });
  await until(() => alice.messenger.contacts().length === 1, "the request arrives");
  alice.messenger.accept("Bob");
  const [kept, dropped] = ["aa".repeat(16), "bb".repeat(16)];
  await write({ ...letterHead(at + 2), kind: "edit", target: kept, text: "second" });
  await write({ ...letterHead(at + 1), kind: "edit", target: kept, text: "first" });
  await write({ ...letterHead(at), kind: "delete", target: dropped });
  for (const id of Array.from({ length: MESSAGE_LIMITS.earlyMarks / 50 }, (_, i) => i.toString(16).padStart(32, "0"))) {
    await write({ ...letterHead(at), kind: "reaction", target: id, emoji: "👍" });
  }
  await write({ ...letterHead(at, kept), kind: "text", n: 1, text: "zeroth", files: [] });
  await write({ ...letterHead(at, dropped), kind: "text", n: 2, text: "oops", files: [] });
  await until(() => alice.messenger.messages("Bob").messages.length === 2, "both arrive");
  assert.deepEqual(alice.texts(), ["second"]);
  assert.equal(view(alice, "Bob", dropped).deleted, true);
});

test("whatever the relay does and whoever crashes: both see the same messages with the same marks", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  const seed = Date.now();
  t.diagnostic(`seed ${seed}`);
  const random = seeded(seed);
  const mischief = { loseEvent: 0.2, loseAnswer: 0.2, repeat: 0.3, delay: 0.4, random };
  relay.behave(mischief);
  const ids: string[] = [];
  const pick = () => ids[Math.floor(random() * ids.length)] as string;
  for (let i = 0; i < 40; i++) {
    const [me, other] = random() < 0.5 ? ([alice, "Bob"] as const) : ([bob, "Alice"] as const);
    const mine = ids.filter((id) =>
      me.messenger.messages(other, { limit: 200 }).messages.some((m) => m.id === id && m.mine && !m.deleted),
    );
    const target = mine[Math.floor(random() * mine.length)];
    const dice = random();
    try {
      if (dice < 0.4 || !target) ids.push((await me.messenger.send({ to: other, text: `text ${i}` })).id);
      else if (dice < 0.6) me.messenger.edit(target, `edit ${i}`);
      else if (dice < 0.7) me.messenger.deleteMessage(target, true);
      else if (dice < 0.8) me.messenger.changeConversation(other, { timerSeconds: 86_400 + i });
      else me.messenger.react(pick(), random() < 0.3 ? null : "👍");
    } catch (error) {
      // What has not arrived, or was deleted, cannot be reacted to.
      assert.match((error as NocturneError).code, /^(unknown_message|message_deleted)$/);
    }
    if (random() < 0.1) (random() < 0.5 ? alice : bob).crash();
    clock.now += 1 + Math.floor(random() * 3);
    if (random() < 0.3) await sleep(2);
  }
  relay.behave({ ...mischief, loseEvent: 0.05, loseAnswer: 0.05 });
  const state = (person: Person, who: string) =>
    person.messenger
      .messages(who, { limit: 200 })
      .messages.filter(({ kind, deleted }) => kind === "text" && !deleted)
      .map((m) => [m.id, m.text, m.reactions.map((one) => [one.emoji, one.by.map(({ npub }) => npub)])])
      .toSorted((a, b) => String(a[0]).localeCompare(String(b[0])));
  const timer = (person: Person) => person.messenger.conversations()[0]?.timerSeconds;
  const unsettled = (person: Person) =>
    person.vault.table<{ id: string }>({ name: "outbox", key: ({ id }) => id }).count();
  const same = () =>
    unsettled(alice) + unsettled(bob) === 0 &&
    JSON.stringify(state(alice, "Bob")) === JSON.stringify(state(bob, "Alice")) &&
    timer(alice) === timer(bob);
  await until(() => {
    clock.now += 250;
    for (const one of [alice, bob]) one.messenger.refreshRelays();
    return same();
  }, "both see the same");
  const everything = alice.messenger.messages("Bob", { limit: 200 }).messages.map(({ id }) => id);
  assert.ok(
    ids.every(
      (id) =>
        everything.includes(id) ||
        bob.messenger.messages("Alice", { limit: 200 }).messages.find((m) => m.id === id)?.deleted !== false,
    ),
  );
});

test("mute, pin, archive and a draft are kept; a new message brings an archived conversation back", async (t) => {
  const { person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  alice.messenger.changeConversation("Bob", { archived: true, pinned: true, draft: "dear B", mutedUntil: FOR_EVER });
  alice.crash();
  const kept = alice.messenger.conversations()[0];
  assert.deepEqual(
    [kept?.archived, kept?.pinned, kept?.draft, kept?.mutedUntil, kept?.kind, kept?.name, kept?.id],
    [true, true, "dear B", FOR_EVER, "direct", "Bob", bob.npub],
  );
  await deliver(bob, "Alice", "muted");
  assert.equal(alice.messenger.conversations()[0]?.archived, true);
  alice.messenger.changeConversation(bob.npub, { mutedUntil: null });
  await deliver(bob, "Alice", "heard");
  assert.equal(alice.messenger.conversations()[0]?.archived, false);
  assert.ok(alice.events.some((one) => one.event === "conversation" && !one.conversation.archived));
  alice.messenger.changeConversation("Bob", { mutedUntil: "2001-01-01T00:00:00Z" });
  assert.equal(alice.messenger.conversations()[0]?.mutedUntil, null, "that time is over");
  assert.throws(() => alice.messenger.changeConversation("Bob", { mutedUntil: "soon" }), hasCode("bad_time"));
  assert.throws(() => alice.messenger.changeConversation("Bob", { timerSeconds: 0.5 }), hasCode("bad_timer"));
});

test("typing is told only by who wants to, to accepted people, and is forgotten", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  await until(() => bob.messenger.counts().outbox === 0, "all is quiet");
  await sleep(50);
  const before = relay.stored.length;
  bob.messenger.noteTyping("Alice");
  await sleep(50);
  assert.equal(relay.stored.length, before, "off unless chosen");
  bob.settings.typingIndicators = true;
  bob.messenger.noteTyping("Alice");
  bob.messenger.noteTyping("Alice");
  await until(() => alice.messenger.conversations()[0]?.typing[0] === "Bob", "it is shown");
  await sleep(50);
  assert.equal(relay.stored.length, before + 1, "once, and nothing acknowledges it");
  await deliver(bob, "Alice", "done");
  assert.deepEqual(alice.messenger.conversations()[0]?.typing, [], "a message ends it");
  const told = alice.events.flatMap((one) => (one.event === "typing" ? [[one.name, one.on]] : []));
  assert.deepEqual(told, [
    ["Bob", true],
    ["Bob", false],
  ]);
  clock.now += MESSAGE_LIMITS.typingAgeMs + 1;
  alice.crash();
  await sleep(50);
  assert.deepEqual(alice.messenger.conversations()[0]?.typing, [], "an old letter says nothing about now");
});

test("under cover nobody's message waits behind the sign that he was typing", async (t) => {
  const { person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  bob.settings.typingIndicators = true;
  bob.law = { meanPeriodMs: () => 20, onChange: () => () => {} };
  bob.crash();
  bob.messenger.noteTyping("Alice");
  await deliver(bob, "Alice", "done");
  assert.deepEqual(
    alice.events.filter(({ event }) => event === "typing"),
    [],
  );
});

test("search finds by the beginnings of words, follows changes, and pages lead around a hit", async (t) => {
  const { person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  const ids: string[] = [];
  for (let i = 0; i < 30; i++) ids.push((await bob.messenger.send({ to: "Alice", text: `Número ${i} straße` })).id);
  await until(() => alice.texts().length === 30, "all arrive");
  alice.crash();
  const found = async (q: string, more = {}) =>
    (await alice.messenger.search({ q, ...more })).map(({ message }) => message.id);
  assert.deepEqual(await found("NUMER 7"), [ids[7]]);
  assert.deepEqual(await found("str num 12", { in: "Bob" }), [ids[12]]);
  assert.equal((await found("numero")).length, 30);
  assert.deepEqual(await found("umero"), []);
  assert.deepEqual(await found("..."), []);
  assert.deepEqual(await found("numero", { limit: 2 }), [ids[29], ids[28]]);
  assert.equal((await alice.messenger.search({ q: "7 str" }))[0]?.excerpt, "Número 7 straße");
  await assert.rejects(alice.messenger.search({ q: "x", in: "Nobody" }), hasCode("unknown_contact"));
  bob.messenger.edit(ids[7] as string, "something else");
  await until(() => view(alice, "Bob", ids[7] as string).editedAt !== null, "the edit arrives");
  assert.deepEqual(await found("numero 7"), []);
  assert.deepEqual(await found("something"), [ids[7]]);

  const { position } = view(alice, "Bob", ids[15] as string);
  const page = (query: object) => alice.messenger.messages("Bob", query);
  const around = page({ around: position, limit: 10 });
  assert.deepEqual(
    around.messages.map(({ id }) => id),
    ids.slice(10, 20),
  );
  assert.deepEqual([around.more, around.newer], [true, true]);
  const after = page({ after: around.messages.at(-1)?.position, limit: 100 });
  assert.deepEqual(
    after.messages.map(({ id }) => id),
    ids.slice(20),
  );
  assert.deepEqual([after.more, after.newer], [true, false]);
  const before = page({ before: around.messages[0]?.position, limit: 100 });
  assert.deepEqual(
    before.messages.map(({ id }) => id),
    ids.slice(0, 10),
  );
  assert.deepEqual([before.more, before.newer], [false, true]);
  const nothing = page({ after: Number.MAX_SAFE_INTEGER - 2 });
  assert.deepEqual([nothing.messages, nothing.more, nothing.newer], [[], true, false]);
  assert.throws(() => page({ after: 1, before: 2 }), hasCode("bad_page"));
});

test("with another Nostr program none of this is pretended", async (t) => {
  const { person } = createWorld(t);
  const alice = await person("Alice");
  const { npub } = testIdentity("stranger");
  const { id } = await alice.messenger.send({ to: npub, text: "hi", interop: true });
  for (const work of [
    () => alice.messenger.react(id, "👍"),
    () => alice.messenger.edit(id, "x"),
    () => alice.messenger.deleteMessage(id, true),
    () => alice.messenger.changeConversation(npub, { timerSeconds: 60 }),
  ]) {
    assert.throws(work, hasCode("interop_unsupported"));
  }
  await assert.rejects(
    alice.messenger.send({ to: npub, text: "x", interop: true, replyTo: id }),
    hasCode("interop_unsupported"),
  );
  alice.messenger.deleteMessage(id, false);
  assert.equal(alice.messenger.messages(npub).messages.length, 0);
});

test("what cannot be changed says why", async (t) => {
  const { clock, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  const id = await deliver(bob, "Alice", "hi");
  assert.throws(() => bob.messenger.react(id, "x"), hasCode("bad_emoji"));
  assert.throws(() => bob.messenger.react("00".repeat(16), "👍"), hasCode("unknown_message"));
  assert.throws(() => bob.messenger.edit(id, " "), hasCode("empty_message"));
  assert.throws(() => bob.messenger.edit(id, "x".repeat(MESSAGE_LIMITS.textBytes + 1)), hasCode("text_too_long"));
  await assert.rejects(
    bob.messenger.send({ to: "Alice", text: "x", replyTo: "00".repeat(16) }),
    hasCode("unknown_message"),
  );
  await assert.rejects(bob.messenger.send({ to: "Alice", text: "x", voiceSeconds: 3 }), hasCode("bad_voice_note"));
  clock.now += MESSAGE_LIMITS.editMs + 1;
  assert.throws(() => bob.messenger.edit(id, "too late"), hasCode("too_late"));
  assert.throws(() => bob.messenger.deleteMessage(id, true), hasCode("too_late"));
  alice.messenger.block("Bob");
  assert.throws(() => alice.messenger.react(id, "👍"), hasCode("contact_blocked"));
});

test("whoever follows the inbox by position meets what was written before the request was accepted", async (t) => {
  const { person } = createWorld(t);
  const [alice, bob, carol] = [await person("Alice"), await person("Bob"), await person("Carol")];
  await meet(alice, bob);
  const { link } = await alice.messenger.createInvite();
  await carol.messenger.addContact({ invite: link });
  await carol.messenger.send({ to: alice.npub, text: "before" });
  await until(() => alice.messenger.conversations().some(({ last }) => last?.text === "before"), "it is kept");
  const later = await deliver(bob, "Alice", "meanwhile");
  const { position } = view(alice, "Bob", later);
  assert.deepEqual(alice.messenger.inbox({ after: position }), []);
  alice.messenger.accept("Carol");
  const followed = alice.messenger.inbox({ after: position });
  assert.deepEqual(
    followed.map(({ text }) => text),
    ["before"],
  );
  assert.ok(alice.events.some((one) => one.event === "message-changed" && one.message.id === followed[0]?.id));
});

test("a voice note is a file that says how long it plays", async (t) => {
  const { person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  await bob.messenger.send({ to: "Alice", text: "", files: ["f1"], voiceSeconds: 7 });
  await until(() => alice.messenger.inbox().length === 1, "it arrives");
  assert.equal(alice.messenger.inbox()[0]?.files[0]?.voiceSeconds, 7);
});
