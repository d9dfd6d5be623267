/** The healer against a scripted Tor in virtual time: who is left, who is not, and how soon. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { atEnd } from "../../../test/support/cleanup.ts";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import { TOR_LIMITS } from "../../core/route-limits.ts";
import { Healer, type TorHands, type Watched } from "./healer.ts";

const START_MS = Date.UTC(2026, 10, 26);

/** A Tor in which the test says who hangs. Circuits are `via G1` and the like, one a guard. */
class World implements TorHands {
  readonly time = new VirtualTime(START_MS);
  readonly events: string[] = [];
  readonly hung = new Set<string>();
  readonly probed: string[] = [];
  readonly closed: string[] = [];
  guards = ["G1", "G2", "G3", "G4"];
  excluded: readonly string[] = [];
  guard = "G1";
  /** Null: guards whose circuits are not known. */
  certain = true;
  pathAnswer: "alive" | "dead" | "unknown" = "alive";
  pathProbes = 0;
  up = true;
  readonly healer: Healer;

  constructor(t: TestContext) {
    this.healer = new Healer({
      hands: this,
      limits: TOR_LIMITS,
      clock: this.time,
      timers: this.time,
      isUp: () => this.up,
      tell: (text) => void this.events.push(text),
      onChange: () => {},
    });
    this.healer.start();
    atEnd(t, () => this.healer.stop());
  }

  /** A stream whose counters the test moves. */
  stream(open = true): { sent: number; received: number; destroyed: boolean } {
    const state = { sent: 0, received: 0, destroyed: false };
    const watched: Watched = {
      target: { host: "example.org", port: 443 },
      credentials: { user: "u", password: "0" },
      open,
      sample: () => ({ sent: state.sent, received: state.received, reads: true }),
      destroy: () => {
        state.destroyed = true;
        stop();
      },
    };
    const stop = this.healer.add(watched);
    return state;
  }

  async pathOf(): Promise<{ circuits: string[]; guards: string[]; certain: boolean }> {
    return { circuits: [`via ${this.guard}`], guards: [this.guard], certain: this.certain };
  }
  async guardsInUse(): Promise<string[]> {
    return [this.guard];
  }
  async otherGuards(without: readonly string[]): Promise<string[]> {
    return this.guards.filter((guard) => !without.includes(guard)).slice(0, 2);
  }
  async probeGuard(guard: string): Promise<boolean> {
    this.probed.push(guard);
    if (!this.hung.has(guard)) return true;
    await new Promise<void>((resolve) => void this.time.schedule(resolve, TOR_LIMITS.probeMs));
    return false;
  }
  async probePath(): Promise<"alive" | "dead" | "unknown"> {
    this.pathProbes++;
    if (this.pathAnswer === "dead") {
      await new Promise<void>((resolve) => void this.time.schedule(resolve, TOR_LIMITS.probeMs));
    }
    return this.pathAnswer;
  }
  async exclude(guards: readonly string[]): Promise<void> {
    this.excluded = [...guards];
    this.guard = this.guards.find((guard) => !guards.includes(guard)) ?? "none";
  }
  async closePath({ circuits }: { circuits: readonly string[] }): Promise<void> {
    this.closed.push(...circuits);
  }
  async closeUnbuilt(olderMs: number): Promise<void> {
    this.closed.push(`unbuilt since ${Math.round(olderMs / 1_000)} s`);
  }
  async closeThrough(guard: string): Promise<void> {
    this.closed.push(`all via ${guard}`);
  }
}

test("a hung guard is left within ten seconds of what was sent, and allowed again after its rest", async (t) => {
  const world = new World(t);
  const stream = world.stream();
  world.hung.add("G1");
  stream.sent = 1;
  await world.time.advance(10_000);
  assert.deepEqual(world.excluded, ["G1"]);
  assert.deepEqual(world.closed, ["all via G1"]);
  assert.equal(world.healer.left, 1);
  assert.deepEqual(world.events, ["A guard stopped answering; it rests for 10 minutes and another was taken."]);
  assert.equal(world.probed.filter((guard) => guard === "G1").length, 2, "a second probe confirms");
  world.hung.clear();
  await world.time.advance(TOR_LIMITS.guardRestMs);
  assert.deepEqual(world.excluded, []);
  assert.equal(world.events.at(-1), "A guard has rested; it may be used again.");
});

test("a dial that does not open makes the guard suspect, too", async (t) => {
  const world = new World(t);
  world.stream(false).sent = 1;
  world.hung.add("G1");
  await world.time.advance(10_000);
  assert.deepEqual(world.excluded, ["G1"]);
  assert.equal(world.pathProbes, 0);
});

test("a dial that does not open while its guard answers: circuits stuck in building go, each time later", async (t) => {
  const world = new World(t);
  const dial = world.stream(false);
  for (let i = 0; i < 88; i++) {
    dial.sent++;
    await world.time.advance(250);
  }
  assert.deepEqual(world.closed, ["unbuilt since 3 s", "unbuilt since 6 s", "unbuilt since 12 s"]);
  assert.equal(dial.destroyed, false);
});

test("a guard that answers the second probe stays", async (t) => {
  const world = new World(t);
  world.stream().sent = 1;
  world.hung.add("G1");
  await world.time.advance(TOR_LIMITS.suspectMs + TOR_LIMITS.probeMs / 4);
  assert.deepEqual(world.probed, ["G1"]);
  world.hung.clear(); // it was busy for a moment
  await world.time.advance(10_000);
  assert.deepEqual(world.excluded, []);
});

test("where no guard answers this machine is cut off: nobody is left, and it is noticed when that is over", async (t) => {
  const world = new World(t);
  const stream = world.stream();
  stream.sent = 1;
  for (const guard of world.guards) world.hung.add(guard);
  await world.time.advance(20_000);
  assert.deepEqual(world.excluded, [], "or every outage would cost two guards");
  assert.equal(world.healer.problem?.code, "tor_cut_off");
  world.hung.clear();
  await world.time.advance(TOR_LIMITS.suspectMs + 1_000);
  assert.equal(world.healer.problem, null);
  assert.equal(world.events.at(-1), "Tor's network answers again.");
});

test("the only bridge is never excluded; it is said that it does not answer", async (t) => {
  const world = new World(t);
  world.guards = ["G1"];
  world.hung.add("G1");
  world.stream().sent = 1;
  await world.time.advance(20_000);
  assert.deepEqual(world.excluded, []);
  assert.equal(world.healer.problem?.code, "tor_only_bridge_silent");
});

test("an attacker who makes one guard after the other hang moves us past two of them only", async (t) => {
  const world = new World(t);
  const stream = world.stream();
  for (const guard of ["G1", "G2", "G3"]) {
    world.hung.add(guard);
    stream.sent++;
    await world.time.advance(15_000);
    stream.received++;
    await world.time.advance(1_000);
  }
  assert.deepEqual(world.excluded, ["G1", "G2"]);
  assert.ok(world.events.some((text) => /is kept/.test(text)));
});

test("a path that was silent only while its guard was stays", async (t) => {
  const world = new World(t);
  const stream = world.stream();
  world.pathAnswer = "dead";
  world.hung.add("G1");
  stream.sent = 1;
  await world.time.advance(TOR_LIMITS.suspectMs + 1_000);
  world.hung.clear();
  await world.time.advance(2_500);
  stream.received = 1;
  await world.time.advance(10_000);
  assert.deepEqual([world.closed, stream.destroyed], [[], false]);
});

test("a path that does not answer while its guard does is closed alone", async (t) => {
  const world = new World(t);
  const stream = world.stream();
  world.pathAnswer = "dead";
  stream.sent = 1;
  await world.time.advance(7_000);
  assert.deepEqual([world.closed, stream.destroyed, world.excluded], [["via G1"], true, []]);
});

test("a peer that thinks, or is uploaded to, is left alone", async (t) => {
  const world = new World(t);
  const stream = world.stream();
  for (let i = 0; i < 600; i++) {
    stream.sent++;
    await world.time.advance(500);
  }
  assert.deepEqual([world.closed, stream.destroyed], [[], false]);
  assert.ok(world.pathProbes < 12, `${world.pathProbes} probes in five minutes`);
});

test("a stream whose circuit cannot be asked is given up later, and no circuit of others with it", async (t) => {
  const world = new World(t);
  const stream = world.stream();
  world.pathAnswer = "unknown";
  world.certain = false;
  stream.sent = 1;
  await world.time.advance(7_500);
  assert.equal(stream.destroyed, false);
  await world.time.advance(5_000);
  assert.deepEqual([world.closed, stream.destroyed], [[], true]);
});

test("no more paths are closed in a minute than the limit", async (t) => {
  const world = new World(t);
  world.pathAnswer = "dead";
  const streams = Array.from({ length: TOR_LIMITS.closedPerMinute + 5 }, () => world.stream());
  for (const stream of streams) stream.sent = 1;
  await world.time.advance(30_000);
  assert.equal(streams.filter(({ destroyed }) => destroyed).length, TOR_LIMITS.closedPerMinute);
});

test("when nothing is received for long the guard is probed, and left when it hangs; not while Tor is down", async (t) => {
  const world = new World(t);
  world.up = false;
  await world.time.advance(120_000);
  assert.deepEqual(world.probed, []);
  world.up = true;
  await world.time.advance(TOR_LIMITS.quietProbeMs * 3);
  assert.ok(world.probed.length >= 3 && world.probed.length <= 4, `${world.probed.length} probes`);
  world.hung.add("G1");
  await world.time.advance(TOR_LIMITS.quietProbeMs + 10_000);
  assert.deepEqual(world.excluded, ["G1"]);
});

test("a tor that starts is told who rests", async (t) => {
  const world = new World(t);
  world.hung.add("G1");
  world.stream().sent = 1;
  await world.time.advance(10_000);
  world.excluded = [];
  await world.healer.remind();
  assert.deepEqual(world.excluded, ["G1"]);
});
