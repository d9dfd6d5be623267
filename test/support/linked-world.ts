/** A person with two devices and a friend, over the unruly relay: what tests of several devices begin with. */
import { createWorld, meet, type Person, until, WAIT_MS, type World } from "./messenger-world.ts";
import type { TestContext } from "node:test";

export interface LinkedWorld extends World {
  /** Alice's main device, and the laptop that she linked. */
  readonly alice: Person;
  readonly laptop: Person;
  readonly bob: Person;
}

/** Alice and Bob know each other and have each said something; then Alice links a laptop, which is in all conversations. */
export async function createLinkedWorld(t: TestContext): Promise<LinkedWorld> {
  const world = createWorld(t);
  const [alice, bob, laptop] = [await world.person("Alice"), await world.person("Bob"), await world.person("")];
  await meet(alice, bob);
  await deliver(alice, "Bob", "before");
  await deliver(bob, "Alice", "before, too");
  await linkDevice(alice, laptop, "Laptop");
  await until(() => textsOf(laptop, "Bob").length === 2, "the laptop has the history");
  await until(() => inSession(bob, laptop), "Bob knows of the laptop");
  await until(() => sessionsOf(laptop).includes("direct"), "the laptop is in the session with Bob");
  return { ...world, alice, laptop, bob };
}

export async function linkDevice(main: Person, device: Person, name: string): Promise<void> {
  await device.join(main.messenger.devices.createLink().link, name);
  await until(() => stateOf(main, name) === "active", "the device is in the account's session");
}

export async function deliver(from: Person, to: string, text: string): Promise<string> {
  const { id } = await from.messenger.send({ to, text });
  await from.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  return id;
}

/** Of several devices of that name the newest. */
export function stateOf(person: Person, name: string): string | undefined {
  return person.messenger.devices.list().findLast((device) => device.name === name)?.state;
}

/** Texts of a conversation in their order, without what was deleted; none while it is not known. */
export function textsOf(person: Person, who: string): string[] {
  try {
    const { messages } = person.messenger.messages(who, { limit: 200 });
    return messages.flatMap(({ kind, text, deleted }) => (kind === "text" && !deleted ? [text] : []));
  } catch {
    return [];
  }
}

function sessionsOf({ vault }: Person): string[] {
  const rows = vault.table<{ id: string; kind: string }>({ name: "sessions", key: (row) => row.id });
  return rows.list().map(({ kind }) => kind);
}

/** `other` learnt of a linked device by a session. */
export function inSession(other: Person, device: Person): boolean {
  const rows = other.vault.table<{ device: string }>({ name: "other_devices", key: (row) => row.device });
  return rows.get(device.vault.identity().device) !== null;
}
