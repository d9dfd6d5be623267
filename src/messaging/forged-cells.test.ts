/** What a relay can do with cells, whose signatures nobody checks; and that it can do no more. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createWorld, meet, type Person, RELAY, until, type World } from "../../test/support/messenger-world.ts";
import { toHex } from "../core/bytes.ts";
import { CELL_LIMITS } from "../core/cell-limits.ts";
import { SESSION_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { createRumor, type EventTemplate, type NostrEvent, type VerifiedEvent, verifyEvent } from "../nostr/event.ts";
import { KIND } from "../nostr/kinds.ts";

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
  world.relay.stored.length = 0;
  await write(alice, world);
  const events = world.relay.stored.slice();
  world.relay.stored.length = 0;
  bob.start();
  const tell = (event: NostrEvent) => world.relay.connect().pool.publish(RELAY, event);
  return { world, alice, bob, events, tell };
}

async function send(alice: Person, text: string): Promise<void> {
  const { id } = await alice.messenger.send({ to: "Bob", text });
  await alice.messenger.waitFor(id, "sent", AbortSignal.timeout(10_000));
}

test("a cell is taken in whoever signed it, and once", async (t) => {
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

test("the attack: a cell is repeated under other ids", async (t) => {
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

test("the attack: a cell takes the id of another one, so that this one counts as seen", async (t) => {
  const { bob, events, tell } = await held(t, async (alice) => {
    await send(alice, "one");
    await send(alice, "two");
  });
  const [one, two] = events as [VerifiedEvent, VerifiedEvent];
  await tell({ ...one, id: two.id });
  await tell(one);
  await until(() => bob.texts().includes("one"), "it is read under its own id");
  await tell({ ...one, id: two.id });
  await tell(two);
  await until(() => bob.texts().includes("two"), "the other one, too");
});

test("the attack: a damaged cell takes the place of the real one", async (t) => {
  const { bob, events, tell } = await held(t, (alice) => send(alice, "one"));
  const [one] = events as [VerifiedEvent];
  const payload = Buffer.from(one.content, "base64");
  payload[payload.length - 1] = (payload.at(-1) as number) ^ 1;
  await tell(unsigned(one, { content: payload.toString("base64") }));
  await tell({ ...one, content: payload.toString("base64") });
  await tell(one);
  await until(() => bob.texts().includes("one"), "the real one is read");
});

test("the attack: a NIP-17 message with a wrong signature is no message, and hides no real one", async (t) => {
  const { bob, events, tell } = await held(t, async (alice) => {
    for (const text of ["interop", "later"]) {
      await alice.messenger.send({ to: "Bob", text, interop: true });
      await until(() => alice.messenger.messages("Bob").messages.at(-1)?.state === "sent", "sent");
    }
  });
  const [forged, other] = events.filter(({ kind }) => kind === KIND.wrap) as [VerifiedEvent, VerifiedEvent];
  await tell({ ...forged, sig: NO_SIGNATURE });
  await tell(other);
  await until(() => bob.texts().includes("later"), "what came later is taken in");
  assert.equal(bob.texts().includes("interop"), false);
  await tell(forged);
  await until(() => bob.texts().includes("interop"), "the real one, too");
});

const COMMIT_MS = 100;

/** Alice renews her keys and writes in the new epoch; the relay tells Bob of the message first. */
async function holdAnEpoch(t: TestContext) {
  const { world, bob, events, tell } = await held(t, async (alice, { clock, relay }) => {
    clock.now += SESSION_LIMITS.epochMs + SESSION_LIMITS.turnMs * SESSION_LIMITS.turns;
    alice.messenger.renewKeys();
    await until(() => relay.stored.length > 1, "the commit is sent");
    await sleep(COMMIT_MS); // all cells of it
    await send(alice, "in the next epoch");
  });
  const message = events.pop() as VerifiedEvent;
  await tell(message);
  return { world, bob, commit: events, message, tell };
}

for (const { noise, kept } of [
  { noise: CELL_LIMITS.strangers - 100, kept: true },
  { noise: CELL_LIMITS.strangers, kept: false },
]) {
  test(`the attack: ${noise} cells of noise ${kept ? "do not push" : "push"} out what waits for its epoch`, async (t) => {
    const { world, bob, commit, message, tell } = await holdAnEpoch(t);
    for (let i = 0; i < noise; i++) await tell(unsigned(message, { tags: [["x", toHex(randomBytes(32))]] }));
    for (const cell of commit) await tell(cell);
    const isRead = () => bob.texts().includes("in the next epoch");
    if (kept) return until(isRead, "the message was kept");
    const told = world.relay.stored.length;
    await until(() => world.relay.stored.length > told, "the commit is acknowledged");
    assert.equal(isRead(), false);
    await tell(unsigned(message, { created_at: message.created_at + 60 }));
    await until(isRead, "it is read when it comes again");
  });
}
