/**
 * Two nodes over four relays in processes of their own, each killed and started again in turn while 10,000 messages go to
 * and fro: none is lost, none is shown twice. Some six minutes: `npm run test:relays`; MESSAGES=500 for a short look.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Messenger } from "../../src/messaging/messenger.ts";
import { startApiNode } from "../support/api-node.ts";
import { freePort, startRelayProcess, temporaryFolder } from "../support/nocturne-process.ts";

const MESSAGES = Number(process.env["MESSAGES"] ?? 10_000);
const RELAYS = 4;
/** How long a relay is gone, and how long all of them are there before the next one goes. */
const GONE_MS = 2_000;
const THERE_MS = 3_000;
/** Sent before the next ones: an outbox has its limit, and people do not write 10,000 messages at once. */
const WAVE = 100;
const WAIT_MS = 600_000;

test(`four relays vanish in turn during ${MESSAGES} messages: none is lost, none comes twice`, {
  timeout: 3_600_000,
}, async (t) => {
  const relays = await startRelays(t);
  const [alice, bob] = [await startPerson(t, relays.urls), await startPerson(t, relays.urls)];
  const { link } = await alice.createInvite();
  await bob.addContact({ invite: link, name: "Alice" });
  await until(() => alice.contacts().length === 1, "the request arrives");
  alice.accept(alice.contacts()[0]?.npub ?? "");
  await until(() => bob.contact("Alice").state === "accepted", "the answer arrives");
  const bobsName = alice.contacts()[0]?.npub ?? "";
  const shown = { alice: textsShown(alice, "b"), bob: textsShown(bob, "a") };

  const stop = new AbortController();
  const killing = relays.killInTurn(stop.signal);
  const startMs = performance.now();
  const since = () => `after ${Math.round((performance.now() - startMs) / 1_000)} s`;
  for (let sent = 0; sent < MESSAGES / 2; sent += WAVE) {
    for (let i = sent; i < Math.min(sent + WAVE, MESSAGES / 2); i++) {
      await alice.send({ to: bobsName, text: `a ${i}` });
      await bob.send({ to: "Alice", text: `b ${i}` });
    }
    const floor = Math.max(0, sent - 4 * WAVE);
    await until(() => shown.bob.length >= floor && shown.alice.length >= floor, `the first ${floor} arrive`);
    if (sent % (10 * WAVE) === 0) console.log(`${shown.bob.length + shown.alice.length} of ${MESSAGES} shown`, since());
  }
  await until(() => shown.bob.length >= MESSAGES / 2 && shown.alice.length >= MESSAGES / 2, "all arrive");
  stop.abort();
  const kills = await killing;
  console.log(`${MESSAGES} messages while relays were killed ${kills} times`, since());
  const expected = (name: string) => Array.from({ length: MESSAGES / 2 }, (_, i) => `${name} ${i}`);
  assert.deepEqual(shown.bob, expected("a"));
  assert.deepEqual(shown.alice, expected("b"));
  assert.ok(kills >= RELAYS, "each relay vanished at least once");
});

async function startRelays(t: TestContext) {
  const places = await Promise.all(
    Array.from({ length: RELAYS }, async (_, i) => ({
      dataDir: join(temporaryFolder(t), `relay-${i}`),
      port: await freePort(),
    })),
  );
  const running = await Promise.all(places.map((place) => startRelayProcess(t, place)));
  const urls = running.map(({ url }) => url);
  const killInTurn = async (signal: AbortSignal): Promise<number> => {
    let kills = 0;
    for (; !signal.aborted; kills++) {
      const i = kills % RELAYS;
      await running[i]?.end("SIGKILL");
      await sleep(GONE_MS);
      running[i] = await startRelayProcess(t, places[i] as (typeof places)[number]);
      await sleep(THERE_MS);
    }
    return kills;
  };
  return { urls, killInTurn };
}

async function startPerson(t: TestContext, relays: readonly string[]): Promise<Messenger> {
  const node = await startApiNode({ embeddedRelay: false, relays });
  t.after(() => node.close());
  return node.services.messenger;
}

/** What a face is shown of the other's texts, as it comes. */
function textsShown(messenger: Messenger, other: string): string[] {
  const texts: string[] = [];
  messenger.onEvent((event) => {
    if (event.event === "message" && event.message.text.startsWith(other)) texts.push(event.message.text);
  });
  return texts;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const deadline = performance.now() + WAIT_MS; !condition(); await sleep(20)) {
    if (performance.now() > deadline) assert.fail(`did not happen: ${what}`);
  }
}
