/** Several devices of one account: whole messengers over a relay that keeps everything. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorld, meet, type Person, until, type World } from "../../../test/support/messenger-world.ts";

interface Link {
  readonly alice: Person;
  readonly laptop: Person;
  readonly bob: Person;
  readonly world: World;
}

/** Alice and Bob know each other and have talked; Alice links a laptop. */
async function linked(world: World): Promise<Link> {
  const [alice, bob, laptop] = [await world.person("Alice"), await world.person("Bob"), await world.person("")];
  await meet(alice, bob);
  await delivered(alice, "Bob", "before");
  await delivered(bob, "Alice", "before, too");
  await laptop.join(alice.messenger.devices.createLink().link, "Laptop");
  await until(() => stateOf(alice, "Laptop") === "active", "the laptop is in the account's session");
  await until(() => textsOf(laptop, "Bob").length === 2, "the laptop has the history");
  return { alice, laptop, bob, world };
}

async function delivered(from: Person, to: string, text: string): Promise<string> {
  const { id } = await from.messenger.send({ to, text });
  await from.messenger.waitFor(id, "delivered", AbortSignal.timeout(20_000));
  return id;
}

function stateOf(person: Person, name: string): string | undefined {
  return person.messenger.devices.list().find((device) => device.name === name)?.state;
}

function textsOf(person: Person, who: string): string[] {
  const known = person.messenger.contacts().some(({ name }) => name === who);
  return known ? person.messenger.messages(who, { limit: 200 }).messages.map(({ text }) => text) : [];
}

/** The laptop writes and is written to in the conversation with Bob. */
async function isInSession({ laptop, bob }: Link): Promise<void> {
  const { id } = await bob.messenger.send({ to: "Alice", text: "for both" });
  await bob.messenger.waitFor(id, "delivered", AbortSignal.timeout(20_000));
  await until(() => textsOf(laptop, "Bob").includes("for both"), "the laptop reads what Bob writes");
}

test("a linked device has the past, reads and writes, and all devices show the same", async (t) => {
  const link = await linked(createWorld(t));
  const { alice, laptop, bob } = link;
  assert.deepEqual(textsOf(laptop, "Bob"), ["before", "before, too"]);
  assert.equal(laptop.npub, alice.npub);
  await isInSession(link);
  await delivered(laptop, "Bob", "from the laptop");
  await until(() => textsOf(alice, "Bob").includes("from the laptop"), "the main device shows it");
  assert.equal(bob.messenger.contacts().length, 1, "Bob sees one person");
  const seen = bob.messenger.messages("Alice").messages.at(-1);
  assert.equal(seen?.text, "from the laptop");
  assert.equal(seen?.from.npub, alice.npub);
  const mirrored = alice.messenger.messages("Bob").messages.at(-1);
  assert.equal(mirrored?.mine, true);
  await delivered(alice, "Bob", "from the main device");
  await until(() => textsOf(laptop, "Bob").includes("from the main device"), "the laptop shows it");
  for (const person of [alice, laptop]) {
    assert.deepEqual(textsOf(person, "Bob"), textsOf(bob, "Alice"));
  }
});
