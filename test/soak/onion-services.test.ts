/**
 * Onion services in a private network of real tors: reached by somebody else, again after their tor was killed, by who
 * has a key alone when they are for some alone, and set up anew when they answer nobody. One network for the file.
 */
import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { after, before, type TestContext, test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { randomBytes } from "../../src/core/random.ts";
import { clientLine, forgetVisit, readClientLine, visitWith } from "../../src/route/tor/client-authorization.ts";
import { type OnionHandle, OnionServices, type OnionServicesOptions } from "../../src/route/tor/onion-services.ts";
import { Tor } from "../../src/route/tor/tor.ts";
import { atEnd, temporaryFolder } from "../support/cleanup.ts";
import { missingForTor, startTorNetwork, type TorNetwork } from "../support/tor-network.ts";
import { askUntil, waitUntil } from "../support/wait.ts";

const skip = missingForTor() ?? false;
if (skip) console.error(`SKIPPED: onion services: ${skip}`);

const UP_MS = 60_000;
const DIAL_MS = 20_000;
const GREETING = "from behind the onion";

let network: TorNetwork;
let localPort: number;
let dials = 0;
const greeter = createServer((socket) => {
  socket.on("error", () => {});
  socket.end(GREETING);
});

before(async () => {
  if (skip) return;
  await new Promise<void>((resolve) => greeter.listen(0, "127.0.0.1", resolve));
  localPort = (greeter.address() as AddressInfo).port;
  network = await startTorNetwork();
});

after(async () => {
  greeter.close();
  await network?.stop();
});

function createTor(t: TestContext): Tor {
  const tor = new Tor({
    folder: join(temporaryFolder(t), "tor"),
    searchPath: `${process.env["PATH"] ?? ""}:/usr/sbin`,
    extraTorrc: network.extraTorrc,
    bridges: () => ({ lines: [], plugins: [] }),
    log: createLogger("silent"),
    clock: systemClock,
  });
  atEnd(t, () => tor.close());
  return tor;
}

function createServices(t: TestContext, tor: Tor, limits: OnionServicesOptions["limits"] = {}) {
  const told: string[] = [];
  const options = { changed: () => {}, tell: (text: string) => void told.push(text), limits };
  const services = new OnionServices({ tor, log: createLogger("silent"), ...options });
  atEnd(t, () => services.close());
  return { services, told };
}

const untilUp = (handle: OnionHandle): Promise<void> =>
  waitUntil("the onion service is up", () => handle.state() === "up", UP_MS);

/** What it says to a stranger who was never there. */
async function visit(tor: Tor, { host }: OnionHandle, limitMs = DIAL_MS): Promise<string> {
  const options = { isolation: `visitor ${dials++}`, signal: AbortSignal.timeout(limitMs) };
  const socket = await tor.dial({ host, port: 80 }, options);
  return Buffer.concat(await socket.toArray()).toString();
}

const isReached = (tor: Tor, handle: OnionHandle): Promise<string> =>
  askUntil(
    "it is reached",
    () => visit(tor, handle).catch(() => ""),
    (text) => text === GREETING,
    UP_MS,
  );

test("onion services", { skip, timeout: 240_000 }, async (t) => {
  const [server, visitor] = [createTor(t), createTor(t)];
  const { services } = createServices(t, server);
  const secret = randomBytes(32);
  const open = services.publish({ seed: randomBytes(32), port: 80, localPort });
  const closed = services.publish({
    seed: randomBytes(32),
    port: 80,
    localPort,
    clients: [readClientLine(clientLine(secret)), readClientLine(clientLine(randomBytes(32)))],
  });
  visitor.start();
  await Promise.all([untilUp(open), untilUp(closed)]);
  await waitUntil("the visitor's tor is up", () => visitor.health().state === "up", UP_MS);

  await t.test("who has the address reaches it; Tor has the address that its key gives", async () => {
    assert.equal(await visit(visitor, open), GREETING);
    const known = (await server.control()?.getInfo("onions/current"))?.get("onions/current") ?? "";
    assert.deepEqual(known.split("\n").sort(), [open.host, closed.host].map((host) => host.slice(0, 56)).sort());
  });

  await t.test("one for some alone: nobody without a key, nobody with another; with the key it answers", async () => {
    await assert.rejects(visit(visitor, closed), { code: "target_unreachable" });
    const control = visitor.control();
    assert.ok(control);
    await visitWith(control, closed.host, randomBytes(32));
    await assert.rejects(visit(visitor, closed), { code: "target_unreachable" });
    await visitWith(control, closed.host, secret);
    assert.equal(await visit(visitor, closed), GREETING);
    await forgetVisit(control, closed.host);
  });

  await t.test("its tor killed: it is published and reached again", async (t) => {
    const killedMs = performance.now();
    process.kill(Number((await server.control()?.getInfo("process/pid"))?.get("process/pid")), "SIGKILL");
    await waitUntil("the end is noticed", () => open.state() !== "up");
    await untilUp(open);
    const upMs = performance.now() - killedMs;
    await isReached(visitor, open);
    const reachedMs = performance.now() - killedMs;
    t.diagnostic(`up after ${(upMs / 1_000).toFixed(1)} s, reached after ${(reachedMs / 1_000).toFixed(1)} s`);
  });

  await t.test("one that answers nobody although all looks well is noticed, and set up anew", async (t) => {
    const limits = { serviceProbeMs: 4_000, serviceAnswerMs: 10_000 };
    const { services: probed, told } = createServices(t, server, limits);
    const handle = probed.publish({ seed: randomBytes(32), port: 80, localPort });
    await untilUp(handle);
    assert.equal(await visit(visitor, handle), GREETING);
    const brokenMs = performance.now();
    for (const { host } of [handle, open]) await server.control()?.command("DEL_ONION", host.slice(0, 56));
    await assert.rejects(visit(visitor, handle, 3_000));
    await waitUntil("it is noticed", () => handle.state() === "starting", UP_MS);
    const noticedMs = performance.now() - brokenMs;
    assert.match(told.join(), /did not answer/);
    await untilUp(handle);
    await isReached(visitor, handle);
    const reachedMs = performance.now() - brokenMs;
    t.diagnostic(
      `noticed after ${(noticedMs / 1_000).toFixed(1)} s, reached after ${(reachedMs / 1_000).toFixed(1)} s`,
    );
    assert.equal(open.state(), "up");
    await assert.rejects(visit(visitor, open, 3_000), "control: one that is not called stays as it is");
  });
});
