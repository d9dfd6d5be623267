/**
 * Two machines on one wire and nothing else in the world: nodes that nobody told of each other meet by mDNS and keep a
 * file for owners on both, and people on both write to each other. Whatever leaves the machines is watched on the wire.
 * `npm run test:mesh-lan`; needs root.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import process from "node:process";
import { test, type TestContext } from "node:test";
import type { OperatorStatus, Status } from "../../src/api/contract.ts";
import { MESH_LIMITS } from "../../src/core/mesh-limits.ts";
import { meet, texts } from "../support/acquaintance.ts";
import { isAstray, makeWire, triedWithoutRoute } from "../support/lone-wire.ts";
import { MeshOwner } from "../support/mesh-owner-process.ts";
import { type Machine, missingForNamespaces } from "../support/network-namespace.ts";
import {
  type MeshDaemonProcess,
  type NocturneProcess,
  startMeshDaemonProcess,
  startNocturne,
  startRelayProcess,
  temporaryFolder,
} from "../support/nocturne-process.ts";
import { ask } from "../support/people.ts";
import { askUntil } from "../support/wait.ts";

process.setMaxListeners(32); // each program that is started has one, so that none is left behind

const skip = missingForNamespaces() ?? false;
if (skip) console.error(`SKIPPED: the mesh in a network without internet: ${skip}`);

/** Each of a /24 of its own, so that it counts as a house. */
const LEFT = ["10.80.1.1", "10.80.2.1", "10.80.3.1"] as const;
const RIGHT = ["10.80.101.1", "10.80.102.1", "10.80.103.1"] as const;
const PORT = 4_001;
const RELAY_PORT = 7_447;
const FILE_BYTES = MESH_LIMITS.segmentBytes + 1_234_567;
const MEET_MS = 120_000;
/** Nobody answers there, on any machine; TEST-NET-1. */
const OUTSIDE = "192.0.2.1";

async function startNodes(t: TestContext, machine: Machine, hosts: readonly string[]): Promise<MeshDaemonProcess[]> {
  const nodes: MeshDaemonProcess[] = [];
  for (const host of hosts) {
    const args = ["--host", host, "--port", `${PORT}`, "--max-storage", "1GB"];
    nodes.push(await startMeshDaemonProcess(t, args, { wrap: machine.inside }));
  }
  return nodes;
}

async function statusOf(node: MeshDaemonProcess): Promise<OperatorStatus> {
  const { code, json, stderr } = await node.run<OperatorStatus>(["status"]);
  assert.equal(code, 0, stderr);
  return json;
}

async function startPerson(t: TestContext, machine: Machine): Promise<NocturneProcess> {
  const place = { dataDir: temporaryFolder(t), port: RELAY_PORT, wrap: machine.inside };
  const relay = await startRelayProcess(t, { ...place, args: ["--host", machine.address] });
  const node = await startNocturne(t, { wrap: machine.inside, args: ["--relay", relay.url] });
  await askUntil(
    "the relay is connected",
    () => ask<Status>(node, "GET", "/status"),
    ({ relays }) => relays.some(({ url, state }) => url === relay.url && state === "connected"),
  );
  return node;
}

/** `open`, or what the system says instead. */
function dial(machine: Machine, host: string, port: number): string {
  const words = "const net = require('node:net'); const [host, port] = process.argv.slice(1);";
  const script = `${words} net.connect(port, host, () => end('open')).on('error', (e) => end(e.code));`;
  const end = "function end(text) { process.stdout.write(text); process.exit(); }";
  const [program = "", ...args] = machine.inside([process.execPath, "-e", `${script}${end}`, host, `${port}`]);
  return execFileSync(program, args).toString();
}

test("a network without internet is a mesh, and carries messages", { skip, timeout: 900_000 }, async (t) => {
  const { left, right } = makeWire(t, LEFT, RIGHT);
  const captures = [await left.capture(), await right.capture()];
  for (const capture of captures) t.after(() => capture.stop());
  const nodes = [...(await startNodes(t, left, LEFT)), ...(await startNodes(t, right, RIGHT))];

  await t.test("nodes that nobody told of each other are found by mDNS alone, across the wire", async () => {
    for (const node of nodes) {
      const { known, peers } = await askUntil(
        "all are known",
        () => statusOf(node),
        ({ known }) => known === 5,
        MEET_MS,
      );
      t.diagnostic(`knows ${known}, connected to ${peers}`);
    }
    const mdns = captures[0]?.packets().filter(({ to }) => to === "224.0.0.251.5353") ?? [];
    for (const side of ["10.80.1.", "10.80.101."]) {
      assert.ok(
        mdns.some(({ from }) => from.startsWith(side)),
        `${side} asked everybody`,
      );
    }
  });

  await t.test(
    "a file that an owner keeps from one machine is read on the other, and the other way round",
    async () => {
      const secret = randomBytes(32).toString("hex");
      const plan = { secret, bootstrap: [], lan: true };
      const owners = [await MeshOwner.start(t, left, 6, plan), await MeshOwner.start(t, right, 6, plan)] as const;
      for (const [writer, reader] of [owners, owners.toReversed() as [MeshOwner, MeshOwner]]) {
        const content = randomBytes(FILE_BYTES);
        const careKey = randomBytes(32);
        const locator = await writer.call("write", content);
        const kept = await writer.call("publish", careKey, locator, 1);
        const found = await reader.call("find", careKey);
        assert.deepEqual(found?.locator, locator);
        const read = await reader.call("read", locator);
        assert.ok(content.equals(read), "it is the same file");
        t.diagnostic(
          `${locator.needed} of ${locator.total} fragments, on ${locator.nodes.length} nodes; ${kept} keep the manifest`,
        );
        assert.equal(locator.nodes.length, 6, "every house has a part of it");
      }
      for (const node of nodes) assert.ok((await statusOf(node)).fragments > 0);
    },
  );

  await t.test("two people write to each other", async () => {
    const [alice, bob] = [await startPerson(t, left), await startPerson(t, right)];
    await meet(alice, bob);
    const [there, back] = ["hello over the wire", "and back"];
    const options = ["--wait", "delivered", "--timeout", "60"];
    for (const [from, to, text] of [
      [alice, "bob", there],
      [bob, "alice", back],
    ] as const) {
      const { code, stderr } = await from.run(["send", to, text, ...options]);
      assert.equal(code, 0, stderr);
    }
    assert.deepEqual(await texts(bob, 1), [there]);
    assert.deepEqual(await texts(alice, 1), [back]);
  });

  await t.test("nothing else was reached, and nothing tried to", async () => {
    for (const [i, machine] of [left, right].entries()) {
      const packets = captures[i]?.packets() ?? [];
      assert.deepEqual(packets.filter(isAstray), []);
      assert.ok(packets.length > 1_000, `only ${packets.length} packets were seen`);
      const tried = triedWithoutRoute(machine);
      t.diagnostic(`${machine.name}: ${packets.length} packets, 0 astray; ${tried} tries without a route`);
      assert.equal(tried, 0, "nobody looked for anything outside");
      assert.equal(dial(machine, OUTSIDE, 443), "ENETUNREACH");
      assert.ok(triedWithoutRoute(machine) > tried, "who does is counted");
    }
    assert.equal(dial(left, RIGHT[0], PORT), "open", "only the wire leads anywhere");
  });
});
