/** What a relay can do with gift wraps whose signatures nobody checks, because they hold frames; and that it can do no more. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createWorld, meet, type Person, RELAY, until, type World } from "../../test/support/messenger-world.ts";
import { MESSAGE_LIMITS, SESSION_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import {
  createRumor,
  type EventTemplate,
  type NostrEvent,
  tagValue,
  type VerifiedEvent,
  verifyEvent,
} from "../nostr/event.ts";

const NO_SIGNATURE = "0".repeat(128);

/** An event that nobody signed, with an id that is its hash. */
function unsigned(event: NostrEvent, changes: Partial<EventTemplate> = {}): NostrEvent {
  const { kind, created_at, tags, content } = { ...event, ...changes };
  return { ...createRumor({ kind, created_at, tags, content }, event.pubkey), sig: NO_SIGNATURE };
}

/** Two people with a session; the relay has told Bob nothing of what `write` makes Alice send. */
async function held(t: TestContext, write: (alice: Person, world: World) => Promise<void>) {
  const world = createWorld(t);
  const [alice, bob] = [await world.person("Alice"), await world.person("Bob")];
  await meet(alice, bob);
  for (const [from, to] of [
    [alice, "Bob"],
    [bob, "Alice"],
  ] as const) {
    const { id } = await from.messenger.send({ to, text: "hello" });
    await from.messenger.waitFor(id, "delivered", AbortSignal.timeout(10_000));
  }
  await bob.messenger.stop();
  const toBob = (event: NostrEvent) => tagValue(event, "p") === bob.vault.identity().publicKey;
  world.relay.stored.length = 0;
  await write(alice, world);
  const events = world.relay.stored.filter(toBob);
  world.relay.stored.length = 0;
  bob.start();
  const tell = (event: NostrEvent) => world.relay.connect().pool.publish(RELAY, event);
  return { world, alice, bob, events, tell };
}

async function send(alice: Person, text: string): Promise<void> {
  const { id } = await alice.messenger.send({ to: "Bob", text });
  await alice.messenger.waitFor(id, "sent", AbortSignal.timeout(10_000));
}

test("a frame is taken in whoever signed its wrap, and once", async (t) => {
  const { bob, events, tell } = await held(t, async (alice) => {
    await send(alice, "one");
    await send(alice, "two");
  });
  const [one, two] = events as [VerifiedEvent, VerifiedEvent];
  assert.equal(verifyEvent(unsigned(one)), null);
  await tell(unsigned(one));
  await until(() => bob.texts().includes("one"), "the unsigned one is read");
  await tell(one);
  await tell(two);
  await until(() => bob.texts().includes("two"), "the control");
  assert.deepEqual(bob.texts(), ["hello", "one", "two"]);
});

test("the attack: a frame is repeated under other ids", async (t) => {
  const { bob, events, tell } = await held(t, async (alice) => {
    await send(alice, "one");
    await send(alice, "two");
  });
  const [one, two] = events as [VerifiedEvent, VerifiedEvent];
  for (let i = 0; i < 5; i++) await tell(unsigned(one, { created_at: one.created_at + i }));
  await tell(two);
  await until(() => bob.texts().includes("two"), "what follows is read");
  assert.deepEqual(bob.texts(), ["hello", "one", "two"]);
});

test("the attack: a frame takes the id of another wrap, so that this one counts as seen", async (t) => {
  const { bob, events, tell } = await held(t, async (alice) => {
    await send(alice, "one");
    await send(alice, "two");
  });
  const [one, two] = events as [VerifiedEvent, VerifiedEvent];
  await tell({ ...one, id: two.id });
  await tell(one);
  await until(() => bob.texts().includes("one"), "the frame is read under its own id");
  await tell({ ...one, id: two.id });
  await tell(two);
  await until(() => bob.texts().includes("two"), "the other one, too");
});

test("the attack: a damaged frame takes the place of the real one", async (t) => {
  const { bob, events, tell } = await held(t, (alice) => send(alice, "one"));
  const [one] = events as [VerifiedEvent];
  const payload = Buffer.from(one.content, "base64");
  payload[payload.length - 1] = (payload.at(-1) as number) ^ 1;
  await tell(unsigned(one, { content: payload.toString("base64") }));
  await tell({ ...one, content: payload.toString("base64") });
  await tell(one);
  await until(() => bob.texts().includes("one"), "the real one is read");
});

for (const kind of ["a NIP-17 message", "an envelope"]) {
  test(`the attack: ${kind} with a wrong signature is no letter, and hides no real one`, async (t) => {
    const { bob, events, tell } = await held(t, async (alice, world) => {
      await alice.messenger.send({ to: "Bob", text: "interop", interop: true });
      await until(() => alice.messenger.messages("Bob").messages.at(-1)?.state === "sent", "sent");
      const eve = await world.person("Eve");
      await eve.messenger.addContact({ invite: tagValue(world.relay.stored[0] as NostrEvent, "p") as string });
      await until(() => world.relay.stored.length > 1, "the hello is sent");
      await eve.messenger.stop();
    });
    const [message, hello] = events as [VerifiedEvent, VerifiedEvent];
    const hasMessage = () => bob.texts().includes("interop");
    const hasHello = () => bob.messenger.contacts().length === 2;
    const isMessage = kind === "a NIP-17 message";
    const [forged, isTaken] = isMessage ? [message, hasMessage] : [hello, hasHello];
    const [other, isOtherTaken] = isMessage ? [hello, hasHello] : [message, hasMessage];
    await tell({ ...forged, sig: NO_SIGNATURE });
    await tell(other);
    await until(isOtherTaken, "what came later is taken in");
    assert.equal(isTaken(), false);
    await tell(forged);
    await until(isTaken, "the real one, too");
  });
}

test("the attack: unsigned noise pushes out what waits for its epoch", async (t) => {
  const { bob, events, tell } = await held(t, async (alice, { clock, relay }) => {
    clock.now += SESSION_LIMITS.epochMs + SESSION_LIMITS.turnMs * SESSION_LIMITS.turns;
    alice.messenger.renewKeys();
    await until(() => relay.stored.length === 1, "the commit is sent");
    await send(alice, "in the next epoch");
  });
  assert.equal(events.length, 2, "a commit and a message");
  const [commit, message] = events as [VerifiedEvent, VerifiedEvent];
  await tell(message);
  for (let i = 0; i <= MESSAGE_LIMITS.earlyWraps; i++) {
    const noise = Buffer.concat([Uint8Array.of(2), randomBytes(500)]).toString("base64");
    await tell(unsigned(message, { content: noise }));
  }
  await tell(commit);
  await until(() => bob.texts().includes("in the next epoch"), "the message was kept");
});
