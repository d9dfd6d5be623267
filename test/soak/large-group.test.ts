/**
 * A large group in the product: 50 people with a vault and a messenger each, all in this process, on a relay in memory.
 * Welcomes and commits travel as blobs. What everybody says to everybody grows with the square of their number, which
 * is what keeps 200 out of one process. Some minutes: `npm run test:large-group`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createWorld, type Person } from "../support/messenger-world.ts";

const PEOPLE = 50;
const WAIT_MS = 1_800_000;

test(`a group of ${PEOPLE}: all come in, all read, and who is removed reads no more`, {
  timeout: 3_600_000,
}, async (t) => {
  const { person } = createWorld(t);
  const startMs = performance.now();
  const told = (what: string) => console.log(`${Math.round((performance.now() - startMs) / 1000)} s: ${what}`);
  const ada = await person("Ada");
  const others: Person[] = [];
  const { link } = await ada.messenger.createInvite();
  for (let i = 1; i < PEOPLE; i++) {
    const other = await person(`P${i}`);
    await other.messenger.addContact({ invite: link, name: "Ada" });
    await becomes(() => ada.messenger.contacts().some(({ name }) => name === `P${i}`), "a request arrives");
    ada.messenger.accept(`P${i}`);
    others.push(other);
  }
  await becomes(() => others.every((one) => one.messenger.contact("Ada").state === "accepted"), "all know Ada");
  told(`${PEOPLE} people with vaults, all contacts of one`);
  const members = others.map((_, i) => `P${i + 1}`);
  const { id } = await ada.messenger.createGroup({ name: "Everybody", members });
  const all = [ada, ...others];
  const countOf = (one: Person) => (isThere(one, id) ? one.messenger.group(id).members.length : 0);
  await becomes(() => others.every((one) => isThere(one, id)), "all are in");
  told("all are in");
  await becomes(() => all.every((one) => countOf(one) === PEOPLE), "all see all");
  told("all see all");
  const [first, last] = [others[0] as Person, others.at(-1) as Person];
  for (const one of [ada, first, last]) await one.messenger.send({ to: id, text: `by ${one.npub}` });
  await becomes(() => all.every((one) => textsOf(one, id).length === 3), "three texts are read by all");
  told("three texts were read by all");
  await ada.messenger.removeFromGroup(id, last.npub);
  await becomes(() => !last.messenger.group(id).joined, "the removed one knows");
  await ada.messenger.send({ to: id, text: "without the last" });
  const rest = all.filter((one) => one !== last);
  await becomes(() => rest.every((one) => textsOf(one, id).includes("without the last")), "the rest reads on");
  told("one was removed, and the rest read what came after");
  assert.ok(!textsOf(last, id).includes("without the last"));
});

function isThere({ messenger }: Person, id: string): boolean {
  return messenger.conversations().some((one) => one.id === id);
}

function textsOf({ messenger }: Person, id: string): string[] {
  return messenger.messages(id, { limit: 200 }).messages.flatMap(({ kind, text }) => (kind === "text" ? [text] : []));
}

async function becomes(condition: () => boolean, what: string): Promise<void> {
  for (const deadline = performance.now() + WAIT_MS; !condition(); await sleep(250)) {
    if (performance.now() > deadline) assert.fail(`did not happen: ${what}`);
  }
}
