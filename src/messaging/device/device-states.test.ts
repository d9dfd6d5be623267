/** How the owner of several devices sees how far each is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorld, meet, type Person, until } from "../../../test/support/messenger-world.ts";

const stateOf = (person: Person, name: string) =>
  person.messenger.devices.list().find((device) => device.name === name)?.state;

test("a device counts as active once it is in all conversations, and each step is told to the faces", async (t) => {
  const { person } = createWorld(t);
  const [alice, laptop, bob] = [await person("Alice"), await person(""), await person("Bob")];
  await meet(alice, bob);
  await alice.messenger.send({ to: "Bob", text: "before" });
  const seen = new Set<string | undefined>();
  for (const one of [alice, laptop]) {
    one.messenger.onEvent(
      ({ event }) => event === "devices" && seen.add(`${one.settings.displayName} ${stateOf(one, "Laptop")}`),
    );
  }
  await laptop.join(alice.messenger.devices.createLink().link, "Laptop");
  laptop.messenger.onEvent(({ event }) => event === "devices" && seen.add(`laptop ${stateOf(laptop, "Laptop")}`));
  await until(() => seen.has("Alice active") && seen.has("laptop active"), "both are told");
  assert.ok(seen.has("Alice joining"));
  // Now the main device may go: Bob and the laptop share a session.
  await alice.messenger.stop();
  const { id } = await laptop.messenger.send({ to: "Bob", text: "alone" });
  await laptop.messenger.waitFor(id, "delivered", AbortSignal.timeout(20_000));
  alice.start();
  await alice.messenger.devices.revoke("Laptop");
  await until(() => seen.has("laptop unlinked"), "the laptop is told that it is out");
});
