/** Two people over a real relay whose crowd is beyond their budget: they read headers, and few bodies. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createPerson, meet, type Network, type Person, until, WAIT_MS } from "../../test/support/messenger-world.ts";
import { createPool } from "../../test/support/route.ts";
import { systemClock } from "../core/clock.ts";
import { createLogger } from "../core/log.ts";
import { createFullCell, startTestRelay } from "../relay/testing.ts";
import { directCarrier } from "../route/carrier.ts";
import { RelayPool } from "../route/relay-pool.ts";
import { FetchStore } from "./fetch/fetch-store.ts";
import type { ReadingOptions } from "./fetch/fetching.ts";

/** A budget that nothing fits, and a window so long that nobody goes back to the crowd within a test. */
const READING: ReadingOptions = {
  budgetBytesPerHour: () => 1,
  isFree: () => false,
  limits: { batchMs: 200, freshBodies: 4, olderBodies: 2, decideMs: 50, windowMs: 600_000, answerMs: 2_000 },
};

async function peopleBeyondTheirBudget(t: TestContext) {
  const relay = await startTestRelay(t, { headerBatchMs: 20 });
  const network: Network = {
    url: relay.url,
    connect: () => {
      const pool = new RelayPool({ carrier: directCarrier, log: createLogger("silent"), clock: systemClock });
      t.after(() => pool.close());
      return { pool, cut: () => void pool.close() };
    },
  };
  const [alice, bob] = [
    await createPerson(t, "Alice", network, systemClock),
    await createPerson(t, "Bob", network, systemClock),
  ];
  await meet(alice, bob);
  for (const one of [alice, bob]) {
    one.reading = READING;
    new FetchStore(one.vault, Date.now()).savePlace({
      url: relay.url,
      way: "headers",
      partner: null,
      after: null,
      asked: [],
    });
    one.crash();
  }
  const noise = createPool(t, { limits: { publishMs: WAIT_MS } });
  const publishNoise = (count: number) =>
    Promise.all(Array.from({ length: count }, () => noise.publish(relay.url, createFullCell())));
  await publishNoise(100);
  const ways = () => [alice, bob].map((one) => one.messenger.readings().relays[0]?.way);
  assert.deepEqual(ways(), ["headers", "headers"]);
  return { alice, bob, publishNoise, ways };
}

async function deliver(from: Person, to: string, text: string): Promise<void> {
  const { id } = await from.messenger.send({ to, text });
  await from.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
}

test("two people who can afford headers alone write to each other, in a crowd that goes on", async (t) => {
  const { alice, bob, publishNoise, ways } = await peopleBeyondTheirBudget(t);
  const noise = (async () => {
    for (let i = 0; i < 20; i++) await publishNoise(20);
  })();
  for (let i = 0; i < 3; i++) {
    await deliver(alice, "Bob", `question ${i}`);
    await deliver(bob, "Alice", `answer ${i}`);
  }
  await deliver(alice, "Bob", "long ".repeat(1_500));
  await noise;
  assert.deepEqual(bob.texts().slice(0, 3), ["question 0", "question 1", "question 2"]);
  assert.deepEqual(alice.texts(), ["answer 0", "answer 1", "answer 2"]);
  assert.deepEqual(ways(), ["headers", "headers"]);
  const { id } = await alice.messenger.createGroup({ name: "both", members: ["Bob"] });
  await until(() => alice.messenger.group(id).members.every(({ state }) => state === "member"), "Bob is in");
});

test("whoever crashes again and again loses nothing and sees nothing twice", async (t) => {
  const { alice, bob, publishNoise } = await peopleBeyondTheirBudget(t);
  const texts = Array.from({ length: 12 }, (_, i) => `text ${i}`);
  for (const [i, text] of texts.entries()) {
    await bob.messenger.send({ to: "Alice", text });
    await publishNoise(10);
    if (i % 3 === 1) alice.crash();
    if (i % 5 === 4) bob.crash();
  }
  await until(() => alice.texts().length >= texts.length, "all have come");
  assert.deepEqual(alice.texts(), texts);
});
