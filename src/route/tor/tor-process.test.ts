/** A tor that another process of ours has started, as a script: when it is used, and when not. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { atEnd } from "../../../test/support/cleanup.ts";
import { type ControlServer, startControlServer } from "../../../test/support/control-server.ts";
import { waitUntil } from "../../../test/support/wait.ts";
import { LockedError } from "../../core/errors.ts";
import { createLogger } from "../../core/log.ts";
import { TOR_LIMITS } from "../../core/route-limits.ts";
import { TorProcess } from "./tor-process.ts";
import { cookiePath } from "./torrc.ts";

const [MINE, OTHER] = ["192.0.2.1:443", "192.0.2.2:443"];
const UP = '250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"';

interface World {
  readonly tor: TorProcess;
  readonly server: ControlServer;
}

async function build(t: TestContext, used: readonly string[], bridges: () => readonly string[]): Promise<World> {
  const answers: Record<string, readonly string[]> = {
    "GETCONF UseBridges": [`250 UseBridges=${used.length > 0 ? 1 : 0}`],
    "GETCONF Bridge": used.length === 0 ? ["250 Bridge"] : listed(used.map((line) => `Bridge=${line}`)),
    "GETINFO status/bootstrap-phase": [UP, "250 OK"],
  };
  const server = await startControlServer(t, { answer: (line) => answers[line] ?? ["250 OK"] });
  const folder = dirname(server.place.path);
  mkdirSync(dirname(cookiePath(folder)), { recursive: true });
  writeFileSync(cookiePath(folder), server.cookie);
  const tor = new TorProcess({
    folder,
    binary: join(folder, "no-tor"),
    searchPath: "",
    extraTorrc: null,
    bridges: () => ({ lines: bridges(), plugins: [] }),
    log: createLogger("silent"),
    limits: { ...TOR_LIMITS, restartMs: 5, restartMaxMs: 5 },
  });
  atEnd(t, () => tor.stop());
  return { tor, server };
}

/** The lines of a reply of several. */
function listed(texts: readonly string[]): string[] {
  return texts.map((text, i) => `250${i === texts.length - 1 ? " " : "-"}${text}`);
}

const comesTo = ({ tor }: World, state: string): Promise<void> =>
  waitUntil(`tor is ${state}`, () => tor.status.state === state);

test("another's tor is used if it enters as was chosen", async (t) => {
  for (const [used, chosen] of [
    [[], []],
    [[MINE], [MINE]],
    [
      [OTHER, MINE],
      [MINE, OTHER],
    ],
    [[MINE], []],
  ] as const) {
    const world = await build(t, used, () => chosen);
    world.tor.start();
    await comesTo(world, "up");
  }
});

test("another's tor without the bridges that were chosen, or with others, is not used", async (t) => {
  for (const used of [[], [OTHER], [MINE, OTHER]]) {
    let chosen: readonly string[] = [MINE];
    const world = await build(t, used, () => chosen);
    world.tor.start();
    await comesTo(world, "down");
    assert.deepEqual([world.tor.status.problem?.code, world.tor.socks], ["tor_other_bridges", null]);
    chosen = used;
    await comesTo(world, "up");
  }
});

test("nothing is used while nobody knows which bridges were chosen", async (t) => {
  let isLocked = true;
  const world = await build(t, [], () => {
    if (isLocked) throw new LockedError();
    return [];
  });
  world.tor.start();
  await comesTo(world, "down");
  assert.deepEqual([world.tor.status.problem?.code, world.tor.socks], ["locked", null]);
  isLocked = false;
  await comesTo(world, "up");
});

test("restarted twice at once it runs once, with what is chosen last", async (t) => {
  const world = await build(t, [], () => []);
  const { tor, server } = world;
  tor.start();
  await comesTo(world, "up");
  const before = greetings(server);
  let dials = 0; // of somebody who dials as soon as it is off
  const stop = tor.onStatus(({ state }) => {
    if (state === "off" && dials++ < 2) tor.start();
  });
  await Promise.all([tor.restart(), tor.restart()]);
  stop();
  await comesTo(world, "up");
  assert.equal(greetings(server) - before, 1);
  await tor.stop();
  assert.equal(tor.status.state, "off");
  assert.equal(tor.control, null);
});

function greetings({ heard }: ControlServer): number {
  return heard.filter((line) => line.startsWith("AUTHCHALLENGE")).length;
}
