/**
 * Two people who reach each other by I2P and by nothing else: they and the routers are in one network namespace from which
 * nothing leads anywhere, each with a router of their own. Tor is there, too, and never gets into its network.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Message, NetworkView, SendResult } from "../../src/api/contract.ts";
import type { RouteState } from "../../src/route/route.ts";
import { type I2pNetwork, missingForI2p, startI2pNetwork } from "../support/i2p-network.ts";
import { type NocturneProcess, startNocturne } from "../support/nocturne-process.ts";
import { ask, befriend } from "../support/people.ts";
import { askUntil } from "../support/wait.ts";

const [ALICE, BOB] = [0, 1];
const UP_MS = 90_000;

async function startPerson(t: TestContext, network: I2pNetwork, router: number): Promise<NocturneProcess> {
  const node = await startNocturne(t, {
    wrap: network.inside.bind(network),
    env: { NOCTURNE_SAM: network.sam(router) },
  });
  await ask(node, "PATCH", "/network", { onionRelay: true, i2p: true });
  return node;
}

/** Of the route and of what is served by it. */
async function statesOf(node: NocturneProcess): Promise<string> {
  const { routes, services } = await ask<NetworkView>(node, "GET", "/network");
  const route = routes.find(({ name }) => name === "i2p")?.state;
  return `${route}, ${services.find(({ name }) => name === "relay")?.i2pState}`;
}

/** Seconds until both are in this state. */
async function until(node: NocturneProcess, state: RouteState): Promise<number> {
  const begunMs = Date.now();
  const wanted = `${state}, ${state}`;
  const isWanted = (states: string): boolean => states === wanted;
  await askUntil(`I2P is ${state}`, () => statesOf(node), isWanted, UP_MS);
  return (Date.now() - begunMs) / 1_000;
}

async function send(from: NocturneProcess, to: NocturneProcess, text: string): Promise<string> {
  return (await ask<SendResult>(from, "POST", "/messages", { to: to.npub, text })).id;
}

async function stateAfter(node: NocturneProcess, id: string, timeoutS: number): Promise<string> {
  return (await ask<SendResult>(node, "GET", `/messages/${id}/wait?state=delivered&timeoutS=${timeoutS}`)).state;
}

test("two people over I2P alone", { skip: missingForI2p() ?? false, timeout: 240_000 }, async (t) => {
  const begunMs = Date.now();
  const told = (what: string): void => t.diagnostic(`${((Date.now() - begunMs) / 1_000).toFixed(1)} s: ${what}`);
  const network = await startI2pNetwork();
  t.after(() => network.stop());
  const [alice, bob] = await Promise.all([startPerson(t, network, ALICE), startPerson(t, network, BOB)]);

  await t.test("they meet, and write to each other", async () => {
    await Promise.all([until(alice, "up"), until(bob, "up")]);
    told("I2P is up, and both are reached by it");
    const { services } = await ask<NetworkView>(alice, "GET", "/network");
    assert.match(services.find(({ name }) => name === "relay")?.i2pHost ?? "", /^[a-z2-7]{52}\.b32\.i2p$/);
    await befriend(alice, bob, { host: "alice", guest: "bob" });
    told("they know each other");
    for (const [from, to] of [[alice, bob] as const, [bob, alice] as const]) {
      assert.equal(await stateAfter(from, await send(from, to, "hello over I2P"), 30), "delivered");
    }
    told("they wrote to each other");
    const { uses } = await ask<NetworkView>(bob, "GET", "/network");
    const away = uses.filter(({ route, state }) => route !== "local" && state === "connected");
    assert.ok(away.length > 0 && away.every(({ what, route }) => what.endsWith(".b32.i2p") && route === "i2p"));
  });

  await t.test(
    "a router that hangs: it is said soon, nothing goes another way, and all comes once it goes on",
    async () => {
      network.hang(ALICE);
      const noticedS = await until(alice, "down");
      told(`a stopped router was noticed after ${noticedS.toFixed(1)} s`);
      assert.ok(noticedS <= 10);
      const id = await send(alice, bob, "while mine hangs");
      assert.notEqual(await stateAfter(alice, id, 1), "delivered");
      network.wake(ALICE);
      assert.equal(await stateAfter(alice, id, 60), "delivered");
      told("delivered");
    },
  );

  await t.test("a router that ended: it is said at once, and all comes after its restart", async () => {
    await network.kill(BOB);
    const noticedS = await until(bob, "down");
    told(`a killed router was noticed after ${noticedS.toFixed(1)} s`);
    assert.ok(noticedS <= 5);
    const id = await send(bob, alice, "while mine is gone");
    assert.notEqual(await stateAfter(bob, id, 1), "delivered");
    network.launch(BOB);
    // Her receipt comes later: her router has to learn how his is reached now.
    const inboxOf = async (): Promise<Message[]> => (await alice.run<Message[]>(["inbox", "--json"])).json;
    const isThere = (messages: Message[]): boolean =>
      [messages].flat().some(({ text }) => text === "while mine is gone");
    await askUntil("the message that waited", inboxOf, isThere, UP_MS);
    told("it arrived");
  });
});
