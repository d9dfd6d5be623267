/**
 * A node that enters the Tor network by an obfs4 bridge, with real programs: who watches its wire sees the bridge alone.
 * Without the bridge the same wire shows relays, which is the control; a bridge that does not answer lets nothing out.
 */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { NetworkView, Status } from "../../src/api/contract.ts";
import { type Capture, type Machine, makeStreet, missingForNamespaces } from "../support/network-namespace.ts";
import { type NocturneProcess, startNocturne, temporaryFolder } from "../support/nocturne-process.ts";
import { ask } from "../support/people.ts";
import { findProgram } from "../support/tools.ts";
import { missingForTor, startTorNetwork } from "../support/tor-network.ts";
import { askUntil } from "../support/wait.ts";

const missing = missingForTor({ bridge: true }) ?? missingForNamespaces();
if (missing !== null) console.error(`SKIPPED: bridges: ${missing}`);

const UP_MS = 60_000;
const SILENT_MS = 6_000;

const untilUp = (node: NocturneProcess): Promise<NetworkView> =>
  askUntil(
    "Tor is up, and its onion service",
    () => ask<NetworkView>(node, "GET", "/network"),
    ({ routes, services }) =>
      routes.some(({ name, state }) => name === "tor" && state === "up") && services[0]?.state === "up",
    UP_MS,
  );

/** Ends of the wire that a machine sent to, each once. */
function reached(capture: Capture, { address }: Machine): string[] {
  return [...new Set(capture.packets().flatMap(({ from, to }) => (from.startsWith(`${address}.`) ? [to] : [])))];
}

test("the wire of who enters by a bridge shows the bridge alone", {
  skip: missing ?? false,
  timeout: 240_000,
}, async (t) => {
  const street = makeStreet(t, 3);
  const network = await startTorNetwork({ namespace: street.middle, bridge: true, told: (text) => t.diagnostic(text) });
  t.after(() => network.stop());
  const bridge = network.bridgeLine ?? "";
  const [, place = ""] = bridge.split(" ");
  const [entry, relays] = [
    place.replace(":", "."),
    network.relays.map(({ address, orPort }) => `${address}.${orPort}`),
  ];
  // Where Tor Browser lies on most machines, the path of its plugin has a space.
  const programs = join(temporaryFolder(t), "Tor Browser");
  mkdirSync(programs);
  symlinkSync(findProgram("obfs4proxy") ?? "", join(programs, "obfs4proxy"));
  const start = async (
    machine: Machine,
    lines: string | null,
  ): Promise<{ node: NocturneProcess; capture: Capture }> => {
    const capture = await machine.capture();
    t.after(() => capture.stop());
    const env = { NOCTURNE_TORRC: network.extraTorrc, PATH: `${programs}:${process.env["PATH"] ?? ""}` };
    const node = await startNocturne(t, { wrap: machine.inside, env });
    if (lines !== null) assert.equal((await node.run(["route", "bridge", "obfs4", "-"], { stdin: lines })).code, 0);
    await ask(node, "PATCH", "/network", { usual: "tor", onionRelay: true });
    return { node, capture };
  };
  const [first, second, third] = street.machines as [Machine, Machine, Machine];
  const dead = bridge.replace(place, `${network.address}:9`);
  const [bridged, plain, cut] = await Promise.all([start(first, bridge), start(second, null), start(third, dead)]);

  await t.test("by the bridge: up, with an onion service, and nothing else on the wire", async () => {
    const startedAtMs = performance.now();
    await untilUp(bridged.node);
    t.diagnostic(`up after ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`);
    assert.deepEqual(reached(bridged.capture, first), [entry]);
  });

  await t.test("without it the wire shows relays", async () => {
    await untilUp(plain.node);
    const ends = reached(plain.capture, second);
    assert.ok(ends.some((end) => relays.includes(end)));
    assert.ok(!ends.includes(entry));
  });

  await t.test(
    "by the bridge it reaches the other's onion service, and still nothing else is on the wire",
    async (t) => {
      const startedAtMs = performance.now();
      const { services } = await ask<NetworkView>(plain.node, "GET", "/network");
      const relay = `ws://${services[0]?.host}`;
      await ask(bridged.node, "PATCH", "/settings", { relays: [relay] });
      await askUntil(
        "it is reached",
        () => ask<Status>(bridged.node, "GET", "/status"),
        (status) => status.relays.some(({ url, state }) => url === relay && state === "connected"),
        UP_MS,
      );
      t.diagnostic(`reached after ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`);
      assert.deepEqual(reached(bridged.capture, first), [entry]);
    },
  );

  await t.test("a bridge that does not answer lets nothing out", async () => {
    await sleep(SILENT_MS);
    const { routes } = await ask<NetworkView>(cut.node, "GET", "/network");
    assert.notEqual(routes.find(({ name }) => name === "tor")?.state, "up");
    const ends = reached(cut.capture, third);
    assert.deepEqual(ends, [`${network.address}.9`]);
  });

  await t.test(
    "a line that is chosen instead counts at once, and Tor is not asked to do without meanwhile",
    async (t) => {
      const startedAtMs = performance.now();
      const { code, stderr } = await cut.node.run(["route", "bridge", "obfs4", "-"], { stdin: bridge });
      assert.equal(code, 0, stderr);
      await untilUp(cut.node);
      t.diagnostic(`up after ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`);
      assert.deepEqual(reached(cut.capture, third), [`${network.address}.9`, entry]);
    },
  );

  await t.test("lines that are no bridges are refused, and the old ones stay", async () => {
    const { code, stderr } = await bridged.node.run(["route", "bridge", "obfs4", "-"], { stdin: "obfs4 nonsense" });
    assert.notEqual(code, 0);
    assert.match(stderr, /Line 1/);
    const { bridges } = await ask<NetworkView>(bridged.node, "GET", "/network");
    assert.deepEqual(bridges.lines, [bridge]);
  });
});
