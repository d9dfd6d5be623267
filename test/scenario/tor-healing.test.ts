/**
 * The route through Tor in a private network of real tors: it starts, keeps labels apart, fails closed when tor ends or
 * hangs, and leaves relays that hang or die. One network for the file; targets are on loopback.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import type { RouteHealth, Target } from "../../src/route/route.ts";
import type { Circuit } from "../../src/route/tor/circuits.ts";
import { Tor, type TorOptions } from "../../src/route/tor/tor.ts";
import { atEnd, temporaryFolder } from "../support/cleanup.ts";
import { missingForTor, startTorNetwork, type TorNetwork } from "../support/tor-network.ts";
import { askUntil, waitUntil } from "../support/wait.ts";

const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin`;
const OWNER = fileURLToPath(new URL("../support/tor-owner.ts", import.meta.url));
const DIAL_MS = 30_000;
const WRITE_MS = 100;

const skip = missingForTor() ?? false;
let network: TorNetwork;
let target: Target;
const echo = createServer((socket) => {
  socket.on("error", () => {});
  socket.pipe(socket);
});

before(async () => {
  if (skip) return;
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  target = { host: "127.0.0.1", port: (echo.address() as AddressInfo).port };
  network = await startTorNetwork();
});

after(async () => {
  echo.close();
  await network?.stop();
});

function createTor(t: TestContext, options: Partial<TorOptions> = {}): Tor {
  const tor = new Tor({
    folder: join(temporaryFolder(t), "tor"),
    searchPath: PATH,
    extraTorrc: network.extraTorrc,
    bridges: () => ({ lines: [], plugins: [] }),
    log: createLogger("silent"),
    clock: systemClock,
    ...options,
  });
  atEnd(t, () => tor.close());
  return tor;
}

const dial = (tor: Tor, isolation: string): Promise<Socket> =>
  tor.dial(target, { isolation, signal: AbortSignal.timeout(DIAL_MS) });

const stateOf = async (tor: Tor, state: RouteHealth["state"], limitMs: number): Promise<RouteHealth> =>
  askUntil(
    `tor to be ${state}`,
    async () => tor.health(),
    (health) => health.state === state,
    limitMs,
  );

async function guardOf(tor: Tor, label: string): Promise<string> {
  const [guard] = (await tor.circuitOf(label))?.hops ?? [];
  assert.ok(guard, `${label} has a circuit`);
  return guard.nickname;
}

const isPaired = (circuits: readonly Circuit[]): boolean =>
  circuits.filter(({ purpose }) => purpose === "conflux_linked").length >= 6;

/** The circuit of a label, or the pair that carries it together. */
async function wayOf(tor: Tor, label: string): Promise<string> {
  const id = (await tor.circuitOf(label))?.id;
  const circuit = (await tor.circuits()).find((known) => known.id === id);
  assert.ok(circuit, `${label} has a circuit`);
  return circuit.conflux ?? circuit.id;
}

/** Sends a byte again and again on one label, and dials again whenever the stream ends, as the pool of relays does. */
class Speaker {
  lastAnsweredMs = 0;
  #stopped = false;
  #socket: Socket | null = null;
  readonly #tor: Tor;
  readonly #label: string;
  readonly #note: (text: string) => void;
  readonly #timer: NodeJS.Timeout;

  constructor(t: TestContext, tor: Tor, label: string, note: (text: string) => void = () => {}) {
    this.#tor = tor;
    this.#note = note;
    this.#label = label;
    this.#timer = setInterval(() => this.#socket?.write("x"), WRITE_MS);
    void this.#connect();
    atEnd(t, () => this.stop());
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#socket?.destroy();
  }

  async isAnswered(limitMs: number): Promise<void> {
    const sinceMs = performance.now() + 2 * WRITE_MS; // what was on its way does not count
    await waitUntil("an answer", () => this.lastAnsweredMs > sinceMs, limitMs);
  }

  async #connect(): Promise<void> {
    while (!this.#stopped && !this.#socket) {
      try {
        const socket = await dial(this.#tor, this.#label);
        this.#socket = socket;
        this.#note("a stream is open");
        socket.on("data", () => {
          this.lastAnsweredMs = performance.now();
        });
        socket.once("close", () => {
          this.#socket = null;
          void this.#connect();
        });
      } catch (error) {
        this.#note(`dialling failed: ${String(error)}`);
        await sleep(WRITE_MS);
      }
    }
  }
}

/** How long after `breaking` until it is answered again. */
async function recovery(speaker: Speaker, breaking: () => unknown, limitMs: number): Promise<number> {
  const brokenMs = performance.now();
  await breaking();
  await speaker.isAnswered(limitMs);
  return performance.now() - brokenMs;
}

test("it starts with progress; labels have circuits of their own, and a new identity has new ones", {
  skip,
}, async (t) => {
  const tor = createTor(t);
  const progress: number[] = [];
  tor.onChange(() => progress.push(tor.health().progress ?? -1));
  assert.equal(tor.health().state, "off");
  (await dial(tor, "first")).destroy();
  t.diagnostic(`progress ${progress.join(" ")}`);
  assert.ok(
    progress.some((part) => part > 0 && part < 100),
    "the start was seen",
  );
  await askUntil("circuits in pairs, which Tor prefers from then on", () => tor.circuits(), isPaired);
  const labels = ["ann", "bob", "cyd"];
  const people = await Promise.all(labels.map((label) => dial(tor, label)));
  const used = (await tor.circuits()).filter(({ user }) => user !== null);
  assert.ok(new Set(used.map(({ user }) => user)).size >= labels.length, "the control port knows their users");
  const ways = await Promise.all(labels.map((label) => wayOf(tor, label)));
  assert.equal(new Set(ways).size, labels.length, "three labels, three ways");
  people.push(await dial(tor, "ann"));
  assert.equal(await wayOf(tor, "ann"), ways[0], "the same label stays on its way");
  await tor.renew();
  people.push(await dial(tor, "ann"));
  assert.notEqual(await wayOf(tor, "ann"), ways[0]);
  const nobody = { host: "127.0.0.1", port: 1 };
  await assert.rejects(tor.dial(nobody, { isolation: "ann", signal: AbortSignal.timeout(DIAL_MS) }), {
    code: "target_unreachable",
  });
  for (const socket of people) socket.destroy();
});

test("a hung guard, and tor itself: what ends or hangs is left, and nothing leaves meanwhile", { skip }, async (t) => {
  const [folder, copy] = [temporaryFolder(t), temporaryFolder(t)];
  const first = createTor(t, { folder: join(folder, "tor") });
  (await dial(first, "first")).destroy();
  await first.close(); // it writes down its guards now
  cpSync(join(folder, "tor/data"), join(copy, "tor/data"), { recursive: true });
  // Of a pair of circuits, by two guards, the other one would go on at once: what is healed here is a circuit alone.
  const extraTorrc = join(copy, "torrc");
  writeFileSync(extraTorrc, `%include "${network.extraTorrc}"\nConfluxEnabled 0\n`);
  const watched = createTor(t, { folder: join(folder, "tor"), extraTorrc });
  const never = 1_000_000_000;
  const unwatched = createTor(t, {
    folder: join(copy, "tor"),
    extraTorrc,
    limits: { suspectMs: never, quietProbeMs: never },
  });
  const speaker = new Speaker(t, watched, "healed");
  const control = new Speaker(t, unwatched, "left alone");
  await Promise.all([speaker.isAnswered(DIAL_MS), control.isAnswered(DIAL_MS)]);
  const guard = await guardOf(watched, "healed");
  const controlGuard = await guardOf(unwatched, "left alone");

  const events: string[] = [];
  watched.onEvent(({ text }) => events.push(text));
  atEnd(t, () => network.wake(guard));
  const brokenMs = performance.now();
  const recovered = recovery(speaker, () => network.hang(guard), 20_000);
  const fingerprint = network.relays.find(({ name }) => name === guard)?.fingerprint ?? "";
  const [recoveredMs] = await Promise.all([recovered, endsAndHangs(t, fingerprint)]);
  t.diagnostic(`hung guard left, stream answered again after ${(recoveredMs / 1_000).toFixed(1)} s`);
  assert.ok(recoveredMs < 10_000, "within ten seconds");
  assert.ok(
    events.some((text) => text.startsWith("A guard stopped answering")),
    events.join("; "),
  );
  assert.notEqual(await guardOf(watched, "healed"), guard);

  // Mostly both take the same of the guards that their common state names; else the control's hangs now.
  const controlBrokenMs = controlGuard === guard ? brokenMs : performance.now();
  atEnd(t, () => network.wake(controlGuard));
  network.hang(controlGuard);
  await sleep(Math.max(0, controlBrokenMs + 20_000 - performance.now()));
  const answeredS = (control.lastAnsweredMs - controlBrokenMs) / 1_000;
  assert.ok(answeredS < 5, `control: Tor alone has not left it in 20 s, but was answered after ${answeredS} s`);
});

/** While that guard hangs, with a tor that does not know it. */
async function endsAndHangs(t: TestContext, exclude: string): Promise<void> {
  const extraTorrc = join(temporaryFolder(t), "torrc");
  writeFileSync(extraTorrc, `%include "${network.extraTorrc}"\nExcludeNodes ${exclude}\n`);
  const tor = createTor(t, { extraTorrc });
  (await dial(tor, "ann")).destroy();
  const pidOf = async () => Number((await tor.control()?.getInfo("process/pid"))?.get("process/pid"));

  const killed = await pidOf();
  process.kill(killed, "SIGKILL");
  await stateOf(tor, "down", 2_000);
  await assert.rejects(dial(tor, "ann"), { code: "route_down" });
  await stateOf(tor, "up", DIAL_MS);
  (await dial(tor, "ann")).destroy();
  const restarted = await pidOf();
  assert.notEqual(restarted, killed);

  const stoppedMs = performance.now();
  process.kill(restarted, "SIGSTOP");
  atEnd(t, () => process.kill(restarted, "SIGCONT"));
  const waiting = assert.rejects(dial(tor, "ann"), { code: "route_down" });
  assert.equal((await stateOf(tor, "down", 10_000)).problem?.code, "tor_hangs");
  t.diagnostic(`a hung tor is noticed after ${((performance.now() - stoppedMs) / 1_000).toFixed(1)} s`);
  await waiting;
  await assert.rejects(dial(tor, "ann"), { code: "route_down" }, "at once");
  process.kill(restarted, "SIGCONT");
  await stateOf(tor, "up", 10_000);
  (await dial(tor, "ann")).destroy();
  assert.equal(await pidOf(), restarted);
}

test("a hung exit and a dead one are replaced", { skip }, async (t) => {
  const tor = createTor(t);
  const begunMs = performance.now();
  const note = (text: string): void => t.diagnostic(`${((performance.now() - begunMs) / 1_000).toFixed(1)} s: ${text}`);
  tor.onEvent(({ text }) => note(text));
  const speaker = new Speaker(t, tor, "ann", note);
  await speaker.isAnswered(DIAL_MS);
  const exitOf = async () => (await tor.circuitOf("ann"))?.hops.at(-1)?.nickname ?? "";
  const hung = await exitOf();
  atEnd(t, () => network.wake(hung));
  const hungMs = await recovery(speaker, () => network.hang(hung), 40_000);
  network.wake(hung);
  const dead = await exitOf();
  note(`${hung} was hung, now ${dead} dies`);
  const deadMs = await recovery(speaker, () => network.kill(dead), 20_000);
  t.diagnostic(`hung exit ${(hungMs / 1_000).toFixed(1)} s, dead exit ${(deadMs / 1_000).toFixed(1)} s`);
});

test("a second process of ours takes the tor that runs; tor does not outlive its owner", { skip }, async (t) => {
  const folder = join(temporaryFolder(t), "tor");
  const owner = spawn(process.execPath, [OWNER, folder, network.extraTorrc, PATH], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  atEnd(t, () => owner.kill("SIGKILL"));
  const pid = await new Promise<number>((resolve) => owner.stdout.once("data", (text) => resolve(Number(text))));
  const guest = createTor(t, { folder });
  (await dial(guest, "ann")).destroy();
  const pidOfGuest = (await guest.control()?.getInfo("process/pid"))?.get("process/pid");
  assert.equal(Number(pidOfGuest), pid, "no second tor was started");
  await guest.close();
  assert.ok(isAlive(pid), "a guest does not end it");
  owner.kill("SIGKILL");
  await waitUntil("tor ended with its owner", () => !isAlive(pid), 10_000);
});

test("a tor that cannot be, and one that will not start", { skip }, async (t) => {
  const missing = createTor(t, { binary: "/nowhere/tor" });
  await assert.rejects(dial(missing, "ann"), { code: "route_missing" });
  assert.equal(missing.health().problem?.code, "tor_missing");
  const extraTorrc = join(temporaryFolder(t), "torrc");
  writeFileSync(extraTorrc, "NoSuchSetting 1\n");
  const refusing = createTor(t, { extraTorrc });
  await assert.rejects(dial(refusing, "ann"), { code: "route_down", message: /Tor ended at once: .*NoSuchSetting/ });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
