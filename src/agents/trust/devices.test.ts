import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { DeviceId, NetworkId } from "../agent-ids.ts";
import type { Certificate } from "./certificate.ts";
import { devicesOf, isEntitled } from "./devices.ts";
import { endorse, genesisOf, nameOf, named, NETWORK, NOW, words } from "./testing.ts";
import { standing } from "./trust-graph.ts";

const genesis = genesisOf("g1 g2 g3");
const endorsements = [...endorse("g1 g2 g3", "a", { mostAgents: 2 }), ...endorse("g1 g2 g3", "b")];
const enrolled = standing(genesis, { endorsements, revocations: [] }, NOW);

const deviceNamed = (name: string): DeviceId => named(name) as string as DeviceId;

function certify(operator: string, devices: string, said: Partial<Certificate> = {}): Certificate[] {
  const times = { madeAtMs: NOW, notAfterMs: NOW + 10 };
  return words(devices).map((device) => {
    const usual = { network: NETWORK, label: "", operator: named(operator), device: deviceNamed(device), ...times };
    return { ...usual, ...said };
  });
}

function devices(certificates: readonly Certificate[], atMs: number = NOW): Record<string, string> {
  const found = [...devicesOf(genesis, certificates, enrolled, atMs)];
  return Object.fromEntries(found.map(([id, list]) => [nameOf(id), list.map(nameOf).join(" ")]));
}

test("a device counts by its operator's certificate, as long as that is valid", () => {
  const certificates = [...certify("a", "d1"), ...certify("g1", "d2 d3")];
  assert.deepEqual(devices(certificates), { a: "d1", g1: "d2 d3" });
  assert.deepEqual(devices(certificates, NOW + 10), { a: "d1", g1: "d2 d3" });
  assert.deepEqual(devices(certificates, NOW + 11), { a: "", g1: "" });
  assert.deepEqual(devices(certificates, NOW - 1), {});
  const found = devicesOf(genesis, certificates, enrolled, NOW);
  assert.ok(isEntitled(deviceNamed("d1"), named("a"), found));
  assert.ok(!isEntitled(deviceNamed("d1"), named("g1"), found));
  assert.ok(!isEntitled(deviceNamed("d9"), named("a"), found));
});

test("whoever has no standing has no devices; nor do certificates of another network give any", () => {
  assert.deepEqual(devices(certify("x", "d1")), {});
  assert.deepEqual(devices(certify("a", "d1", { network: "11".repeat(32) as NetworkId })), {});
});

test("no more devices count than endorsers allow: those that were certified first, also when they are renewed", () => {
  const certificates = [
    ...certify("a", "d3", { madeAtMs: NOW - 5 }),
    ...certify("a", "d1 d2", { madeAtMs: NOW - 4 }),
    ...certify("a", "d3", { madeAtMs: NOW - 1 }),
  ];
  assert.deepEqual(devices(certificates), { a: "d3 d1" });
  const gone = certify("a", "d3", { madeAtMs: NOW - 1, notAfterMs: NOW - 1 });
  assert.deepEqual(devices([...certificates, ...gone]), { a: "d1 d2" }, "a lost device is taken out by a certificate");
});

test("the attack: somebody certifies another one's device, or has its key endorsed", () => {
  const certificates = [...certify("a", "d1"), ...certify("b", "d1", { madeAtMs: NOW - 9 })];
  const found = devicesOf(genesis, certificates, enrolled, NOW);
  assert.ok(isEntitled(deviceNamed("d1"), named("a"), found));
  const endorsed = { endorsements: [...endorsements, ...endorse("g1 g2 g3", "d1")], revocations: [] };
  const after = devicesOf(genesis, certificates, standing(genesis, endorsed, NOW), NOW);
  assert.ok(isEntitled(deviceNamed("d1"), named("a"), after));
});

test("an operator's key is no device", () => {
  const certificates = [...certify("a", "g2 b d1"), ...certify("b", "d2")];
  assert.deepEqual(devices(certificates), { a: "d1", b: "d2" });
});

test("the order of certificates does not matter, nor how often they come", () => {
  const one = fc
    .record({ ago: fc.nat(3), left: fc.nat(3), device: fc.constantFrom("d1", "d2", "d3", "d4") })
    .map(({ ago, left, device }) => certify("a", device, { madeAtMs: NOW - ago, notAfterMs: NOW - 1 + left }));
  const orders = fc
    .array(one, { maxLength: 8 })
    .chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray([...list, ...list], { minLength: 2 * list.length })),
    );
  fc.assert(
    fc.property(orders, ([list, shuffled]) => assert.deepEqual(devices(shuffled.flat()), devices(list.flat()))),
    { numRuns: 60 },
  );
});
