import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { sayYes, startSamBridge, type SamAnswer, type SamBridge } from "../../../test/support/sam-bridge.ts";
import { waitUntil } from "../../../test/support/wait.ts";
import { systemClock } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import type { SamLimits } from "./sam-client.ts";
import { I2p } from "./i2p.ts";

const FAST = { probeMs: 20, probeAnswerMs: 2_000, retryMs: 10, retryMaxMs: 20 } as const;
const never = new AbortController().signal;
const TARGET = { host: "abc.b32.i2p", port: 80 };

function routeTo(t: TestContext, { place }: SamBridge, more: Partial<SamLimits> = {}, enabled = () => true): I2p {
  const log = createLogger("silent");
  const route = new I2p({ enabled, sam: place, log, clock: systemClock, limits: { ...FAST, ...more } });
  t.after(() => route.close());
  return route;
}

const sessionsOf = ({ asked }: SamBridge): string[] =>
  asked.flatMap((line) => /^SESSION CREATE .* ?ID=(\S+)/.exec(line)?.[1] ?? []);
const dialledBy = ({ asked }: SamBridge): string[] =>
  asked.flatMap((line) => /^STREAM CONNECT ID=(\S+)/.exec(line)?.[1] ?? []);

async function dial(route: I2p, isolation: string): Promise<Socket> {
  const socket = await route.dial(TARGET, { isolation, signal: never });
  socket.on("error", () => {});
  return socket;
}

test("switched off, it says how to switch it on and asks nobody", async (t) => {
  const bridge = await startSamBridge(t);
  const route = routeTo(t, bridge, {}, () => false);
  await assert.rejects(dial(route, "root|a"), { code: "route_down", hint: /nocturne route i2p on/ });
  assert.equal(route.health().state, "off");
  assert.deepEqual(bridge.asked, []);
});

test("without a router it is missing, and is found once there is one", async (t) => {
  const gone = await startSamBridge(t);
  await gone.stop();
  const route = routeTo(t, gone);
  route.start();
  await waitUntil("it is missing", () => route.health().state === "missing");
  assert.match(route.health().problem?.hint ?? "", /sudo apt install i2pd/);
  await assert.rejects(dial(route, "root|a"), { code: "route_missing" });
  const late = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => void socket.write(sayYes(bytes.toString()) ?? ""));
  }).listen(gone.place.port, "127.0.0.1");
  t.after(() => late.close());
  await waitUntil("it is up", () => route.health().state === "up");
});

test("places outside I2P are not dialled", async (t) => {
  const bridge = await startSamBridge(t);
  const route = routeTo(t, bridge);
  for (const host of ["example.org", "127.0.0.1", "i2p", "a.i2p.example.org", "a.i2p\nX", "a..i2p"]) {
    const dialled = route.dial({ host, port: 80 }, { isolation: "root|a", signal: never });
    await assert.rejects(dialled, { code: "target_unreachable" }, host);
  }
  assert.deepEqual(dialledBy(bridge), []);
});

test("identities never share a destination, and what is one identity's does", async (t) => {
  const bridge = await startSamBridge(t);
  const route = routeTo(t, bridge);
  const sockets = [];
  for (const label of ["root|a", "root|b", "persona|a", "root|c", "persona|b"]) sockets.push(await dial(route, label));
  const [a, b, c, d, e] = dialledBy(bridge);
  assert.deepEqual([b, d, e], [a, a, c]);
  assert.notEqual(a, c);
  assert.equal(sessionsOf(bridge).length, 2, "the first takes the spare");
  for (const line of bridge.asked.filter((text) => text.startsWith("SESSION")))
    assert.match(line, /DESTINATION=TRANSIENT/);
  for (const socket of sockets) socket.destroy();
});

test("beyond the number of sessions the longest unused ends, with its streams", async (t) => {
  const bridge = await startSamBridge(t, undefined, {});
  const route = routeTo(t, bridge, { sessions: 2 });
  await dial(route, "one");
  await dial(route, "two");
  await dial(route, "one");
  await dial(route, "three");
  await dial(route, "one");
  await dial(route, "two");
  const [one, two, again, three, still, anew] = dialledBy(bridge);
  assert.deepEqual([again, still], [one, one]);
  assert.equal(new Set([one, two, three, anew]).size, 4);
});

test("a session with a stream that lasts is not ended for another identity while one without streams is there", async (t) => {
  const bridge = await startSamBridge(t);
  const route = routeTo(t, bridge, { sessions: 2 });
  const lasting = await dial(route, "root|relay");
  const brief = await dial(route, "persona|a");
  brief.destroy();
  await once(brief, "close");
  await dial(route, "other|a");
  await dial(route, "root|b");
  const [root, persona, , again] = dialledBy(bridge);
  assert.equal(again, root);
  assert.notEqual(persona, root);
  assert.equal(lasting.destroyed, false);
});

test("a router that does not get into its network is down, asked again, and up once it does", async (t) => {
  let isIn = false;
  const refuse: SamAnswer = (line) =>
    line.startsWith("SESSION") && !isIn ? "SESSION STATUS RESULT=I2P_ERROR\n" : sayYes(line);
  const bridge = await startSamBridge(t, refuse);
  const route = routeTo(t, bridge);
  route.start();
  await waitUntil("it is down", () => route.health().problem?.code === "i2p_no_tunnels");
  await assert.rejects(dial(route, "root|a"), { code: "route_down" });
  isIn = true;
  await waitUntil("it is up", () => route.health().state === "up");
  (await dial(route, "root|a")).destroy();
});

test("a router that hangs is down soon, what is dialled fails, and it is up when it goes on", async (t) => {
  let hangs = false;
  const bridge = await startSamBridge(t, (line) => (hangs || line.startsWith("STREAM") ? null : sayYes(line)));
  const route = routeTo(t, bridge, { probeAnswerMs: 100 });
  route.start();
  await waitUntil("it is up", () => route.health().state === "up");
  const waiting = assert.rejects(dial(route, "root|a"), { code: "route_down" });
  hangs = true;
  await waitUntil("it is down", () => route.health().state === "down", 1_000);
  assert.equal(route.health().problem?.code, "i2p_hangs");
  await waiting;
  hangs = false;
  await waitUntil("it is up again", () => route.health().state === "up", 1_000);
  assert.equal(sessionsOf(bridge).length, 1, "a session that was not lost is used on");
});

test("a router that ends is down at once", async (t) => {
  const bridge = await startSamBridge(t);
  const route = routeTo(t, bridge, { probeMs: 60_000 });
  const events: string[] = [];
  route.onEvent(({ text }) => void events.push(text));
  route.start();
  await waitUntil("it is up", () => route.health().state === "up");
  await bridge.stop();
  await waitUntil("it is down", () => route.health().problem?.code === "i2p_gone", 1_000);
  assert.deepEqual(events, ["I2P is connected to its network.", "The I2P router of this machine has ended."]);
});

test("a session that the router has forgotten is built anew, and a peer that is away is no loss of the route", async (t) => {
  const forgotten = new Set<string>();
  const bridge = await startSamBridge(t, (line) => {
    const [, id = "", host] = /^STREAM CONNECT ID=(\S+) DESTINATION=(\S+)/.exec(line) ?? [];
    if (host === "away.i2p") return "STREAM STATUS RESULT=CANT_REACH_PEER\n";
    return forgotten.has(id) ? "STREAM STATUS RESULT=INVALID_ID\n" : sayYes(line);
  });
  const route = routeTo(t, bridge);
  (await dial(route, "root|a")).destroy();
  forgotten.add(dialledBy(bridge)[0] as string);
  await assert.rejects(dial(route, "root|a"), { code: "route_down" });
  await waitUntil("there is another", () => sessionsOf(bridge).length === 2 && route.health().state === "up");
  (await dial(route, "root|a")).destroy();
  const away = route.dial({ host: "away.i2p", port: 80 }, { isolation: "root|a", signal: never });
  await assert.rejects(away, { code: "target_unreachable" });
  assert.equal(route.health().loss, 1 / 3);
});

test("a service is published with its key, and again after its session was lost", async (t) => {
  const sessions: Socket[] = [];
  const bridge = await startSamBridge(t, (line, socket) => {
    if (line.startsWith("SESSION") && !line.includes("TRANSIENT")) sessions.push(socket);
    return sayYes(line);
  });
  const route = routeTo(t, bridge);
  const handle = route.publish({ seed: new Uint8Array(32).fill(7), localPort: 4_000 });
  assert.match(handle.host, /^[a-z2-7]{52}\.b32\.i2p$/);
  await waitUntil("it is up", () => handle.state() === "up");
  sessions[0]?.destroy();
  await waitUntil("it is published again", () => sessions.length === 2 && handle.state() === "up");
  const keys = bridge.asked.flatMap((line) => /^SESSION .*DESTINATION=([A-Za-z0-9~-]{300,}=*)/.exec(line)?.[1] ?? []);
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  const ended = once(sessions[1] as Socket, "close");
  handle.close();
  await ended;
  assert.equal(handle.state(), "off");
});

test("switched off again, nothing of it is left", async (t) => {
  const bridge = await startSamBridge(t);
  let isOn = true;
  const route = routeTo(t, bridge, {}, () => isOn);
  const socket = await dial(route, "root|a");
  const handle = route.publish({ seed: new Uint8Array(32), localPort: 4_000 });
  await waitUntil("it is up", () => handle.state() === "up");
  isOn = false;
  route.stop();
  if (!socket.closed) await once(socket.resume(), "close");
  assert.deepEqual([route.health().state, handle.state()], ["off", "off"]);
  const count = bridge.asked.length;
  await assert.rejects(dial(route, "root|a"), { code: "route_down" });
  assert.equal(bridge.asked.length, count);
});

test("a session by which a host is silent again and again is replaced, and one by which it answers is not", async (t) => {
  const answer: SamAnswer = (line) => {
    const reply = sayYes(line);
    return line.includes("DESTINATION=alive.i2p") ? `${reply}hello` : reply;
  };
  const bridge = await startSamBridge(t, answer);
  const route = routeTo(t, bridge, { renewMs: 0 });
  const dialHost = async (host: string): Promise<void> => {
    const socket = await route.dial({ host, port: 80 }, { isolation: "root|a", signal: never });
    socket
      .on("error", () => {})
      .on("data", () => {})
      .resume();
    await sleep(20);
  };
  for (let i = 0; i < 6; i++) await dialHost("alive.i2p");
  assert.equal(new Set(dialledBy(bridge)).size, 1);
  for (let i = 0; i < 3; i++) await dialHost("silent.i2p");
  await waitUntil("there is another session", () => sessionsOf(bridge).length === 2);
  await dialHost("silent.i2p");
  assert.equal(new Set(dialledBy(bridge)).size, 2);
});

test("who is silent does not make a young session end", async (t) => {
  const bridge = await startSamBridge(t);
  const route = routeTo(t, bridge);
  for (let i = 0; i < 6; i++) await dial(route, "root|a");
  await sleep(50);
  assert.equal(sessionsOf(bridge).length, 1);
});
