/** Groups seen from outside: whole messengers and a relay that misbehaves. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { openVaultsMail } from "../../test/support/cells.ts";
import { createWorld, meet, type Person, seeded, until, type World } from "../../test/support/messenger-world.ts";
import type { NocturneError } from "../core/errors.ts";
import { systemClock } from "../core/clock.ts";
import { GROUP_LIMITS } from "../core/limits.ts";
import { DROP_KIND } from "./invite.ts";

interface Circle extends World {
  readonly ada: Person;
  readonly others: readonly Person[];
  readonly all: readonly Person[];
  readonly id: string;
}

const NAMES = ["Bob", "Cyd", "Dan"];

/** Ada knows everybody and founds a group with them; the others do not know each other. */
async function createCircle(t: TestContext, names: readonly string[] = NAMES): Promise<Circle> {
  const world = createWorld(t);
  const ada = await world.person("Ada");
  const others: Person[] = [];
  for (const name of names) {
    const other = await world.person(name);
    await befriend(ada, other, name);
    others.push(other);
  }
  const { id } = await ada.messenger.createGroup({ name: "Circle", members: names });
  await until(
    () => others.every((other) => other.messenger.conversations().some((one) => one.id === id)),
    "all are in",
  );
  await until(() => [ada, ...others].every((one) => membersOf(one, id).length === others.length + 1), "all see all");
  return { ...world, ada, others, all: [ada, ...others], id };
}

async function befriend(ada: Person, other: Person, name: string): Promise<void> {
  const { link } = await ada.messenger.createInvite();
  await other.messenger.addContact({ invite: link, name: "Ada" });
  await until(() => ada.messenger.contacts().some((contact) => contact.name === name), "the request arrives");
  ada.messenger.accept(name);
  await until(() => other.messenger.contact("Ada").state === "accepted", "the answer arrives");
}

function membersOf(person: Person, id: string): string[] {
  return person.messenger.group(id).members.flatMap(({ npub, state }) => (state === "member" ? [npub] : []));
}

function textsOf(person: Person, id: string): string[] {
  return person.messenger
    .messages(id, { limit: 200 })
    .messages.flatMap(({ kind, text, deleted }) => (kind === "text" && !deleted ? [text] : []));
}

function noticesOf(person: Person, id: string): string[] {
  const { messages } = person.messenger.messages(id, { limit: 200 });
  return messages.flatMap(({ kind, text }) => (kind === "notice" ? [text] : []));
}

function hasCode(code: string): (error: NocturneError) => boolean {
  return (error) => error.code === code;
}

test("four people, three of whom do not know each other: everybody reads everybody", async (t) => {
  const { all, id } = await createCircle(t);
  for (const [i, person] of all.entries()) await person.messenger.send({ to: id, text: `text ${i}` });
  const expected = all.map((_, i) => `text ${i}`).sort();
  await until(() => all.every((person) => textsOf(person, id).length === all.length), "all texts arrive");
  for (const person of all) assert.deepEqual(textsOf(person, id).sort(), expected);
  await until(
    () => all.every((person) => person.messenger.messages(id).messages.some((m) => m.mine && m.state === "delivered")),
    "delivered",
  );
  const named = new Set(all.flatMap((person) => person.messenger.group(id).members.map(({ name }) => name)));
  // Who is no contact of the reader bears the name that he chose himself, with a mark.
  assert.deepEqual([...named].sort(), ["Ada", "Bob", "Cyd", "Dan", "~Bob", "~Cyd", "~Dan"]);
});

test("reply, reaction, edit, deletion and timer reach the whole group", async (t) => {
  const { ada, others, all, id } = await createCircle(t);
  const [bob] = others as [Person];
  const { id: first } = await ada.messenger.send({ to: id, text: "frist" });
  await until(() => textsOf(bob, id).length === 1, "it arrives");
  await bob.messenger.send({ to: id, text: "you mean first", replyTo: first });
  bob.messenger.react(first, "👍");
  ada.messenger.edit(first, "first");
  const { id: second } = await ada.messenger.send({ to: id, text: "to be deleted" });
  await until(() => others.every((other) => textsOf(other, id).includes("to be deleted")), "it arrives, too");
  ada.messenger.deleteMessage(second, true);
  ada.messenger.changeConversation(id, { timerSeconds: 3600 });
  await until(
    () =>
      all.every((person) => {
        const { messages } = person.messenger.messages(id);
        const message = messages.find((one) => one.id === first);
        const isMarked = message?.text === "first" && message.reactions[0]?.emoji === "👍";
        const isGone = messages.some((one) => one.id === second && one.deleted);
        return (
          isMarked &&
          isGone &&
          messages.some((one) => one.replyTo?.id === first) &&
          noticesOf(person, id).some((n) => n.includes("1 hour"))
        );
      }),
    "all marks arrive",
  );
});

test("rename, admins, removal: a removed member reads nothing more, and keeps what was", async (t) => {
  const { ada, others, id } = await createCircle(t);
  const [bob, cyd, dan] = others as [Person, Person, Person];
  await assert.rejects(bob.messenger.renameGroup(id, "Mine"), hasCode("not_admin"));
  await ada.messenger.renameGroup(id, "Round table");
  await until(() => dan.messenger.group(id).name === "Round table", "the name arrives");
  await ada.messenger.setGroupAdmin(id, "Bob", true);
  await until(() => bob.messenger.group(id).admin, "bob is admin");
  await ada.messenger.send({ to: id, text: "with cyd" });
  await until(() => textsOf(cyd, id).includes("with cyd"), "cyd reads");
  await bob.messenger.removeFromGroup(id, cyd.npub);
  await until(() => membersOf(ada, id).length === 3 && membersOf(dan, id).length === 3, "cyd is out");
  await ada.messenger.send({ to: id, text: "without cyd" });
  await until(() => textsOf(dan, id).includes("without cyd"), "dan reads");
  await until(() => !cyd.messenger.group(id).joined, "cyd knows");
  assert.deepEqual(textsOf(cyd, id), ["with cyd"]);
  await assert.rejects(cyd.messenger.send({ to: id, text: "hello?" }), hasCode("not_a_member"));
  assert.ok(noticesOf(dan, id).some((notice) => notice === "~Bob removed ~Cyd"));
});

test("leaving: a farewell, and the others go on without", async (t) => {
  const { ada, others, id, clock } = await createCircle(t);
  const [bob, cyd] = others as [Person, Person];
  await assert.rejects(ada.messenger.leaveGroup(id), hasCode("last_admin"));
  await cyd.messenger.leaveGroup(id);
  await until(() => {
    clock.now += GROUP_LIMITS.farewellTurnMs / 10;
    ada.messenger.renewKeys();
    return membersOf(bob, id).length === 3;
  }, "cyd is out");
  await ada.messenger.send({ to: id, text: "cyd has left" });
  await until(() => textsOf(bob, id).includes("cyd has left"), "bob reads");
  assert.deepEqual(textsOf(cyd, id), []);
  assert.ok(noticesOf(bob, id).includes("~Cyd left"));
});

test("a stranger with the link applies, an admin decides; without the link nobody is heard", async (t) => {
  const { ada, others, id, person } = await createCircle(t, ["Bob"]);
  const [bob] = others as [Person];
  const eve = await person("Eve");
  const { link } = await ada.messenger.createGroupLink(id);
  assert.ok(link);
  assert.equal((await eve.messenger.joinGroup(link)).name, "Circle");
  await until(() => ada.messenger.group(id).members.some(({ state }) => state === "applied"), "eve applies");
  assert.equal(
    eve.messenger.conversations().some((one) => one.id === id),
    false,
  );
  await ada.messenger.approveMember(id, eve.npub);
  await until(() => eve.messenger.conversations().some((one) => one.id === id), "eve is in");
  await until(() => membersOf(bob, id).length === 3, "bob sees eve");
  await bob.messenger.send({ to: id, text: "welcome" });
  await eve.messenger.send({ to: id, text: "thanks" });
  await until(() => textsOf(eve, id).includes("welcome") && textsOf(bob, id).includes("thanks"), "both read");
  await ada.messenger.removeGroupLink(id);
  const mallory = await person("Mallory");
  await mallory.messenger.joinGroup(link);
  await bob.messenger.send({ to: id, text: "later" });
  await until(() => textsOf(ada, id).includes("later"), "time passes");
  assert.ok(
    ada.messenger.group(id).members.every(({ state }) => state === "member"),
    "an old link is worth nothing",
  );
});

test("whatever the relay does and whoever crashes: each text once, in its author's order", async (t) => {
  const { all, id, relay, clock } = await createCircle(t);
  const random = seeded(7);
  relay.behave({ loseEvent: 0.2, loseAnswer: 0.2, repeat: 0.3, delay: 0.4, random });
  const sent = new Map<Person, string[]>(all.map((person) => [person, []]));
  for (let i = 0; i < 24; i++) {
    const from = all[Math.floor(random() * all.length)] as Person;
    await from.messenger.send({ to: id, text: `${i}` });
    sent.get(from)?.push(`${i}`);
    if (random() < 0.1) all[Math.floor(random() * all.length)]?.crash();
  }
  relay.behave({ loseEvent: 0.05, loseAnswer: 0.05, repeat: 0, delay: 0, random });
  await until(() => {
    clock.now += 250;
    for (const person of all) person.messenger.refreshRelays();
    return all.every((person) => textsOf(person, id).length === 24);
  }, "everything arrives");
  for (const reader of all) {
    const { messages } = reader.messenger.messages(id, { limit: 200 });
    for (const [author, texts] of sent) {
      const read = messages
        .filter(({ from, kind }) => kind === "text" && from.npub === author.npub)
        .map(({ text }) => text);
      assert.deepEqual(read, texts);
    }
  }
});

test("who lost the session (a restored backup) asks again, is let in unasked, and nothing written meanwhile is lost", async (t) => {
  const { ada, others, id } = await createCircle(t);
  const [bob, cyd] = others as [Person, Person];
  await bob.messenger.stop();
  const { sessions } = openVaultsMail(bob.vault, systemClock);
  bob.vault.transaction(() => sessions.remove(id.slice(1)));
  bob.start();
  await bob.messenger.send({ to: id, text: "written without a session" });
  await until(() => textsOf(cyd, id).includes("written without a session"), "cyd reads it");
  await cyd.messenger.send({ to: id, text: "and back" });
  await until(() => textsOf(bob, id).includes("and back"), "bob reads again");
  assert.equal(membersOf(ada, id).length, 4);
});

test("a welcome that is too large for a letter waits on the relay, sealed", async (t) => {
  const names = Array.from({ length: 8 }, (_, i) => `Member ${i + 1}`);
  const { all, id, relay } = await createCircle(t, names);
  assert.ok(
    relay.stored.some(({ kind }) => kind === DROP_KIND),
    "a blob was left",
  );
  const [ada, , , , , last] = all as [Person, Person, Person, Person, Person, Person];
  await last.messenger.send({ to: id, text: "hello, all" });
  await until(() => all.every((person) => textsOf(person, id).includes("hello, all")), "everybody reads");
  assert.equal(membersOf(ada, id).length, 9);
});

test("what cannot be done says why", async (t) => {
  const { person } = createWorld(t);
  const [ada, bob] = [await person("Ada"), await person("Bob")];
  await meet(ada, bob);
  await assert.rejects(ada.messenger.createGroup({ name: " ", members: [] }), hasCode("bad_name"));
  await assert.rejects(ada.messenger.createGroup({ name: "x", members: ["Nobody"] }), hasCode("unknown_contact"));
  await assert.rejects(ada.messenger.joinGroup("nocturne:group/AAAA"), hasCode("bad_group_link"));
  assert.throws(() => ada.messenger.group("g".repeat(33)), hasCode("unknown_group"));
  const { id } = await ada.messenger.createGroup({ name: "alone", members: [] });
  await assert.rejects(ada.messenger.removeFromGroup(id, bob.npub), hasCode("not_a_member"));
  await ada.messenger.send({ to: id, text: "note to myself" });
  assert.equal((await ada.messenger.leaveGroup(id)).joined, false);
});
