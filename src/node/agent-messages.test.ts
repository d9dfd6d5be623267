import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { AGENT_LIMITS } from "../core/agent-limits.ts";
import { toHex } from "../core/bytes.ts";
import { createLogger } from "../core/log.ts";
import { randomBytes } from "../core/random.ts";
import type { NetworkId, OperatorId } from "../agents/agent-ids.ts";
import { type AgentContact, encodeContact, readContact } from "../agents/contacts/contact.ts";
import { KIND } from "../nostr/kinds.ts";
import { newFolder, startTestRelay, TestClient } from "../relay/testing.ts";
import { DirectRoute } from "../route/direct-route.ts";
import { Routes } from "../route/routes.ts";
import { isProven } from "./agent-contact-proof.ts";
import { AgentMessages } from "./agent-messages.ts";

const network = toHex(randomBytes(32)) as NetworkId;
const operatorOf = (): OperatorId => toHex(randomBytes(32)) as OperatorId;

interface World {
  /** Who is vouched for. */
  readonly contacts: AgentContact[];
  readonly clock: { movedMs: number; nowMs(): number };
  readonly open: (operator: OperatorId, folder?: string) => Promise<AgentMessages>;
}

async function createWorld(t: TestContext): Promise<World> {
  const relay = await startTestRelay(t);
  const policy = { usual: "direct", relays: new Map(), demanded: new Set<string>() } as const;
  const routes = new Routes({ routes: [new DirectRoute()], policy: () => policy });
  t.after(() => routes.close());
  const contacts: AgentContact[] = [];
  const clock = { movedMs: 0, nowMs: () => Date.now() + clock.movedMs };
  const client = await TestClient.connect(t, relay.url);
  const open: World["open"] = async (operator, folder = newFolder(t)) => {
    const messages = await AgentMessages.open({
      folder: join(folder, "messages"),
      relays: [relay.url],
      network,
      operator,
      directory: () => contacts,
      routes,
      clock,
      log: createLogger("silent"),
    });
    t.after(() => messages[Symbol.asyncDispose]());
    const cards = { kinds: [KIND.card], authors: [messages.contact().key] };
    while ((await client.query(cards)).length === 0) await sleep(20);
    return messages;
  };
  return { contacts, clock, open };
}

async function until<T>(question: () => T | null | undefined | false, what: string): Promise<T> {
  for (const endMs = performance.now() + 20_000; performance.now() < endMs; await sleep(20)) {
    const answer = question();
    if (answer) return answer;
  }
  return assert.fail(`did not happen: ${what}`);
}

const texts = (messages: AgentMessages): string[] =>
  messages.list().map(({ text, isOwn }) => `${isOwn ? "> " : ""}${text}`);

test("two agents write to each other by what their logs say, a restart keeps it, a stranger is not heard", async (t) => {
  const { contacts, open } = await createWorld(t);
  const [ada, bob, eve] = [operatorOf(), operatorOf(), operatorOf()];
  const adaFolder = newFolder(t);
  let a = await open(ada, adaFolder);
  const [b, e] = [await open(bob), await open(eve)];
  await assert.rejects(a.send(bob, "Nobody is known yet."), { code: "unknown_agent" });
  contacts.push(...[a, b].map((one) => readContact(encodeContact(one.contact())) as AgentContact));

  const first = await a.send(bob, "What do you know of moths?");
  assert.deepEqual([first.with, first.isOwn, first.state], [bob, true, "waiting"]);
  const [arrived] = await until(() => b.list().length > 0 && b.list(), "it arrives");
  assert.deepEqual(
    [arrived?.with, arrived?.isOwn, arrived?.text, arrived?.state],
    [ada, false, first.text, "received"],
  );
  await b.send(ada, "They fly at night.");
  await until(() => texts(a).length === 2, "the answer arrives");
  assert.deepEqual(texts(a), ["> What do you know of moths?", "They fly at night."]);

  const { key } = a.contact();
  await a[Symbol.asyncDispose]();
  a = await open(ada, adaFolder);
  assert.equal(a.contact().key, key);
  assert.deepEqual(texts(a), ["> What do you know of moths?", "They fly at night."]);
  await b.send(ada, "And by day?");
  await until(() => texts(a).includes("And by day?"), "it goes on");
  const [before, last] = a.list({ with: bob }).slice(-2);
  assert.deepEqual(a.list({ after: before?.id }), [last]);
  assert.deepEqual(a.list({ with: eve }), []);

  await e.send(bob, "Let me in.");
  await sleep(1_000);
  assert.ok(!texts(b).includes("Let me in."), "nobody vouches for her");
  contacts.push(e.contact());
  b.review();
  await until(() => texts(b).includes("Let me in."), "once her contact came, she is heard");

  contacts.splice(
    contacts.findIndex(({ operator }) => operator === ada),
    1,
  );
  assert.ok(!texts(b).some((text) => text.includes("moths")), "who lost his standing is not shown");
  await a.send(bob, "I am still here.");
  await until(() => b.refused === 1, "what he goes on to write is thrown away, and counted");
  assert.ok(!texts(b).includes("I am still here."));
});

test("of very many messages the oldest are forgotten", async (t) => {
  const { contacts, open } = await createWorld(t);
  const [ada, bob] = [operatorOf(), operatorOf()];
  const [a, b] = [await open(ada), await open(bob)];
  contacts.push(a.contact(), b.contact());
  const most = AGENT_LIMITS.messagesKept + AGENT_LIMITS.messagesForgotten;
  for (let i = 0; i < most; i++) await a.send(bob, `${i}`);
  assert.equal(a.list().length, AGENT_LIMITS.messagesKept);
  assert.equal(a.list()[0]?.text, `${AGENT_LIMITS.messagesForgotten}`);
});

test("a stranger's key that somebody states as his own makes nobody its author", async (t) => {
  const { contacts, clock, open } = await createWorld(t);
  const [ada, bob, mallory] = [operatorOf(), operatorOf(), operatorOf()];
  const [a, b] = [await open(ada), await open(bob)];
  const claimed = { ...a.contact(), operator: mallory };
  assert.equal(isProven(claimed, network), false);
  assert.equal(isProven({ ...a.contact(), relays: ["wss://mallory.example"] }, network), false, "nor other relays");
  assert.equal(isProven(a.contact(), toHex(randomBytes(32)) as NetworkId), false, "nor another network");
  assert.equal(isProven({ ...a.contact(), key: "ff".repeat(32) }, network), false, "nor a key that is none");
  contacts.push(claimed, b.contact());
  await a.send(bob, "I am Ada.");
  await assert.rejects(b.send(mallory, "Who are you?"), { code: "unknown_agent" });
  contacts.push(a.contact());
  await until(() => (b.review(), b.list().length === 1), "it is Ada's");
  assert.deepEqual(
    b.list().map((message) => message.with),
    [ada],
  );

  const eve = await open(operatorOf());
  await eve.send(bob, "Let me in.");
  for (let tries = 0; b.refused === 0 && tries < 20; tries++) {
    await sleep(500); // it may still be on its way
    clock.movedMs += AGENT_LIMITS.strangerMs + 1_000;
    b.review();
  }
  assert.equal(b.refused, 1, "who waited in vain is forgotten, and counted");
  assert.equal(b.list().length, 1);
});
