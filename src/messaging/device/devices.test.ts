/** Several devices of one account in everyday use: whole messengers over a relay that keeps everything. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLinkedWorld, deliver, linkDevice, stateOf, textsOf } from "../../../test/support/linked-world.ts";
import { createWorld, meet, seeded, until } from "../../../test/support/messenger-world.ts";
import type { NocturneError } from "../../core/errors.ts";
import { MessageStore, type NewMessage } from "../message-store.ts";

const LAST = Number.MAX_SAFE_INTEGER - 1;

function hasCode(code: string): (error: NocturneError) => boolean {
  return (error) => error.code === code;
}

test("a linked device has the past, reads and writes, and all devices show the same", async (t) => {
  const { alice, laptop, bob } = await createLinkedWorld(t);
  assert.deepEqual(textsOf(laptop, "Bob"), ["before", "before, too"]);
  assert.equal(laptop.npub, alice.npub);
  assert.equal(laptop.settings.displayName, "Alice", "settings come along");
  assert.equal(laptop.messenger.contact("Bob").safety, alice.messenger.contact("Bob").safety);
  await deliver(bob, "Alice", "for both");
  await until(() => textsOf(laptop, "Bob").includes("for both"), "the laptop reads what Bob writes");
  await deliver(laptop, "Bob", "from the laptop");
  await until(() => textsOf(alice, "Bob").includes("from the laptop"), "the main device shows it");
  assert.equal(bob.messenger.contacts().length, 1, "Bob sees one person");
  assert.equal(bob.messenger.messages("Alice").messages.at(-1)?.from.npub, alice.npub);
  const mirrored = alice.messenger.messages("Bob").messages.at(-1);
  assert.equal(mirrored?.mine, true);
  await until(() => alice.messenger.message(mirrored?.id ?? "").state === "delivered", "its ticks follow");
  await deliver(alice, "Bob", "from the main device");
  await until(() => textsOf(laptop, "Bob").includes("from the main device"), "the laptop shows it");
  for (const person of [alice, laptop]) assert.deepEqual(textsOf(person, "Bob"), textsOf(bob, "Alice"));
});

test("a linked device works while the main one is off, and the main one catches up", async (t) => {
  const { alice, laptop, bob } = await createLinkedWorld(t);
  await alice.messenger.stop();
  for (let i = 0; i < 5; i++) {
    await deliver(laptop, "Bob", `laptop ${i}`);
    await bob.messenger.send({ to: "Alice", text: `bob ${i}` });
  }
  await until(() => textsOf(laptop, "Bob").length === 12, "all of Bob's arrive");
  alice.start();
  await until(() => textsOf(alice, "Bob").length === 12, "the main device has them, too");
  assert.deepEqual(textsOf(alice, "Bob").toSorted(), textsOf(laptop, "Bob").toSorted());
});

test("replies, reactions, edits, deletions and timers by one device show on the other", async (t) => {
  const { alice, laptop, bob } = await createLinkedWorld(t);
  const id = await deliver(laptop, "Bob", "a tpyo");
  await until(() => textsOf(alice, "Bob").includes("a tpyo"), "it is on both");
  alice.messenger.edit(id, "a typo");
  await until(() => textsOf(laptop, "Bob").includes("a typo") && textsOf(bob, "Alice").includes("a typo"), "edited");
  laptop.messenger.react(id, "👍");
  await until(() => bob.messenger.message(id).reactions.length === 1, "Bob sees the reaction");
  await until(() => alice.messenger.message(id).reactions[0]?.mine === true, "it is Alice's on both");
  laptop.messenger.deleteMessage(id, true);
  await until(() => alice.messenger.message(id).deleted && bob.messenger.message(id).deleted, "deleted for all");
  laptop.messenger.changeConversation("Bob", { timerSeconds: 3_600 });
  await until(
    () =>
      [alice.messenger.conversations(), bob.messenger.conversations()].every(([one]) => one?.timerSeconds === 3_600),
    "the timer holds on all",
  );
});

test("what one chooses or reads on one device holds on the other", async (t) => {
  const { alice, laptop, bob } = await createLinkedWorld(t);
  laptop.settings.typingIndicators = true;
  laptop.messenger.noteTyping("Bob");
  await until(() => bob.messenger.conversations()[0]?.typing[0] === "Alice", "typing on either is typing");
  const id = await deliver(bob, "Alice", "unread");
  await until(() => [alice, laptop].every((one) => textsOf(one, "Bob").includes("unread")), "it is on both");
  assert.ok(alice.messenger.counts().unread > 0);
  laptop.messenger.markRead("Bob", LAST);
  await until(() => alice.messenger.counts().unread === 0, "read on both");
  alice.messenger.changeConversation("Bob", { pinned: true, mutedUntil: "2099-01-01T00:00:00.000Z" });
  await until(() => laptop.messenger.conversations()[0]?.pinned === true, "pinned on both");
  assert.notEqual(laptop.messenger.conversations()[0]?.mutedUntil, null);
  laptop.messenger.deleteMessage(id, false);
  await until(() => !textsOf(alice, "Bob").includes("unread"), "deleted for oneself on both");
  assert.ok(textsOf(bob, "Alice").includes("unread"));
  laptop.messenger.rename("Bob", "Robert");
  await until(() => alice.messenger.contacts()[0]?.name === "Robert", "named alike");
  alice.messenger.verify("Robert", alice.messenger.contact("Robert").safety ?? "");
  await until(() => laptop.messenger.contact("Robert").verified, "verified on both");
  laptop.messenger.block("Robert");
  await until(() => alice.messenger.contact("Robert").state === "blocked", "blocked on both");
  alice.messenger.removeContact("Robert");
  await until(() => laptop.messenger.contacts().length === 0, "forgotten on both");
});

test("people met by the main device are there on the linked one, with what they wrote before", async (t) => {
  const { alice, laptop, person } = await createLinkedWorld(t);
  const cyd = await person("Cyd");
  const { link } = await alice.messenger.createInvite();
  await cyd.messenger.addContact({ invite: link, name: "Alice" });
  await cyd.messenger.send({ to: "Alice", text: "early" });
  await until(() => laptop.messenger.contacts().some(({ name }) => name === "Cyd"), "the request is on both");
  await until(() => textsOf(laptop, "Cyd").includes("early"), "with its text");
  laptop.messenger.accept("Cyd");
  await until(() => cyd.messenger.contact("Alice").state === "accepted", "accepting on the linked device counts");
  await deliver(cyd, "Alice", "later");
  await until(() => textsOf(laptop, "Cyd").includes("later"), "the laptop is in the new conversation");
  await deliver(laptop, "Cyd", "hello");
  assert.deepEqual(textsOf(cyd, "Alice"), ["early", "later", "hello"]);
  const dan = await person("Dan");
  await alice.messenger.addContact({ invite: (await dan.messenger.createInvite()).link, name: "Dan" });
  await until(
    () => laptop.messenger.contacts().some(({ name }) => name === "Dan"),
    "who has not answered yet is there",
  );
  await assert.rejects(laptop.messenger.send({ to: "Dan", text: "hi" }), hasCode("main_device_only"));
  await assert.rejects(laptop.messenger.send({ to: "Bob", text: "hi", interop: true }), hasCode("main_device_only"));
  await assert.rejects(laptop.messenger.createInvite(), hasCode("main_device_only"));
  await assert.rejects(laptop.messenger.addContact({ invite: link }), hasCode("main_device_only"));
  assert.throws(() => laptop.messenger.devices.createLink(), hasCode("main_device_only"));
  await assert.rejects(laptop.messenger.devices.revoke("Main device"), hasCode("main_device_only"));
});

test("a linked device is in groups from before and after, and manages them as the main one does", async (t) => {
  const world = createWorld(t);
  const [alice, bob, laptop] = [await world.person("Alice"), await world.person("Bob"), await world.person("")];
  await meet(alice, bob);
  const { id: before } = await alice.messenger.createGroup({ name: "Before", members: ["Bob"] });
  await until(() => textsOf(bob, before).length === 0 && isIn(bob.messenger, before), "Bob is in");
  await alice.messenger.send({ to: before, text: "old" });
  await until(() => textsOf(bob, before).includes("old"), "Bob reads it");
  await linkDevice(alice, laptop, "Laptop");
  await until(() => textsOf(laptop, before).includes("old"), "the group came with its past");
  const { id: after } = await alice.messenger.createGroup({ name: "After", members: ["Bob"] });
  for (const id of [before, after]) {
    await until(() => isIn(laptop.messenger, id) && isIn(bob.messenger, id), "both groups are there");
    const hasBob = () => laptop.messenger.group(id).members.filter(({ state }) => state === "member").length === 2;
    await until(hasBob, "the laptop knows that Bob is in");
    await laptop.messenger.send({ to: id, text: "from the laptop" });
    await until(() => textsOf(bob, id).includes("from the laptop"), "Bob reads the laptop");
    await until(() => textsOf(alice, id).includes("from the laptop"), "and the main device");
    await bob.messenger.send({ to: id, text: "from Bob" });
    await until(() => textsOf(laptop, id).includes("from Bob"), "the laptop reads Bob");
    assert.equal(bob.messenger.group(id).members.length, 2, "people are counted, not devices");
  }
  await laptop.messenger.renameGroup(before, "Renamed");
  await until(() => bob.messenger.group(before).name === "Renamed", "the account's right is the device's, too");
  const { id: own } = await laptop.messenger.createGroup({ name: "Laptop's", members: ["Bob"] });
  await until(() => isIn(alice.messenger, own) && isIn(bob.messenger, own), "a group that the laptop makes has all");
  await alice.messenger.send({ to: own, text: "main" });
  await until(() => textsOf(bob, own).includes("main") && textsOf(laptop, own).includes("main"), "and all read");
});

function isIn(
  messenger: { conversations(): { id: string }[]; group(id: string): { joined: boolean } },
  id: string,
): boolean {
  return messenger.conversations().some((one) => one.id === id) && messenger.group(id).joined;
}

test("a third device, and the first two go on", async (t) => {
  const { alice, laptop, bob, person } = await createLinkedWorld(t);
  const phone = await person("");
  await linkDevice(alice, phone, "Phone");
  await until(() => textsOf(phone, "Bob").length === 2, "the phone has the history");
  await until(() => stateOf(laptop, "Phone") !== undefined, "the laptop knows of it");
  await deliver(phone, "Bob", "from the phone");
  await deliver(bob, "Alice", "for all three");
  await until(
    () => [alice, laptop, phone].every((one) => textsOf(one, "Bob").length === 4),
    "all three have everything",
  );
});

test("whatever the relay does and whoever crashes: both devices and the friend have every text once", async (t) => {
  const { alice, laptop, bob, relay, clock } = await createLinkedWorld(t);
  const random = seeded(7);
  relay.behave({ loseEvent: 0.2, loseAnswer: 0.2, repeat: 0.2, delay: 0.5, random });
  const expected = ["before", "before, too"];
  for (let round = 0; round < 6; round++) {
    for (const [from, to] of [
      [alice, "Bob"],
      [laptop, "Bob"],
      [bob, "Alice"],
    ] as const) {
      const text = `${from === alice ? "main" : from === laptop ? "laptop" : "bob"} ${round}`;
      expected.push(text);
      await from.messenger.send({ to, text });
    }
    if (round % 3 === 1) laptop.crash();
    if (round % 3 === 2) alice.crash();
    clock.now += 30_000;
  }
  relay.behave(null);
  const all = () => [textsOf(alice, "Bob"), textsOf(laptop, "Bob"), textsOf(bob, "Alice")];
  const pulse = setInterval(() => {
    clock.now += 30_000;
    for (const person of [alice, laptop, bob]) person.messenger.refreshRelays();
  }, 500);
  try {
    await until(() => all().every((texts) => texts.length >= expected.length), "everything arrives everywhere");
  } finally {
    clearInterval(pulse);
  }
  for (const texts of all()) assert.deepEqual(texts.toSorted(), expected.toSorted());
});

test("a revoked device that is on learns of it, keeps what it has, and writes no more; the others go on", async (t) => {
  const { alice, laptop, bob, person } = await createLinkedWorld(t);
  const phone = await person("");
  await linkDevice(alice, phone, "Phone");
  await until(() => textsOf(phone, "Bob").length === 2, "the phone has the history");
  await assert.rejects(alice.messenger.devices.revoke("Tablet"), hasCode("unknown_device"));
  await assert.rejects(alice.messenger.devices.revoke("Main device"), hasCode("own_device"));
  await alice.messenger.devices.revoke("laptop");
  await until(() => laptop.messenger.devices.list().find(({ me }) => me)?.state === "unlinked", "the laptop knows");
  await until(() => stateOf(phone, "Laptop") === "revoked", "the phone knows");
  await assert.rejects(laptop.messenger.send({ to: "Bob", text: "still here?" }), hasCode("device_unlinked"));
  await deliver(bob, "Alice", "for those who are left");
  await until(() => textsOf(phone, "Bob").includes("for those who are left"), "the phone reads on");
  await deliver(phone, "Bob", "thanks");
  assert.deepEqual(textsOf(laptop, "Bob"), ["before", "before, too"]);
  await linkDevice(alice, await person(""), "Laptop");
  assert.equal(
    alice.messenger.devices.list().filter(({ name }) => name === "Laptop").length,
    2,
    "the name is free again",
  );
  await alice.messenger.devices.revoke("Laptop");
  const { link } = bob.messenger.devices.createLink();
  const asking = alice.messenger.devices.ask({ link, name: "Alice's" }, AbortSignal.timeout(1_000));
  await assert.rejects(asking, hasCode("has_devices"));
});

test("a long history comes in parts, also if the new device crashes in between, and keeps its order", async (t) => {
  const world = createWorld(t);
  const [alice, bob, laptop] = [await world.person("Alice"), await world.person("Bob"), await world.person("")];
  await meet(alice, bob);
  const { publicKey } = bob.vault.identity();
  const store = new MessageStore(alice.vault);
  const long = "x".repeat(2_000);
  alice.vault.transaction(() => {
    for (let i = 0; i < 700; i++) store.add(messageBy(publicKey, `${i} ${long}`, i));
  });
  await laptop.join(alice.messenger.devices.createLink().link, "Laptop");
  const countOf = () => (textsOf(laptop, "Bob").length === 0 ? 0 : new MessageStore(laptop.vault).countIn(publicKey));
  await until(() => countOf() > 0, "the first part is there");
  laptop.crash();
  await bob.messenger.send({ to: "Alice", text: "live" });
  await until(() => countOf() === 701, "all of it is there");
  const all = new MessageStore(laptop.vault).page(publicKey, 1_000).map(({ text }) => text.split(" ")[0]);
  assert.deepEqual(all, [...Array.from({ length: 700 }, (_, i) => String(i)), "live"]);
  assert.equal(laptop.messenger.devices.list().find(({ me }) => me)?.history, null, "and that is told");
});

function messageBy(author: string, text: string, atMs: number): NewMessage {
  const id = atMs.toString(16).padStart(32, "0");
  const shown = { state: "read", profile: "hidden", mine: false, files: [] } as const;
  return { id, conversation: author, author, atMs, text, ...shown };
}
