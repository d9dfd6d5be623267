import assert from "node:assert/strict";
import { test } from "node:test";
import { type Decision, decide, placeOf, type RoutePolicy, targetOf, type Way } from "./policy.ts";

const RELAY = { host: "relay.example", port: 443 };
const PLACE = "relay.example:443";

const policy = (usual: Way | null, chosen: Way | null = null, demanded = false): RoutePolicy => ({
  usual,
  relays: new Map(chosen === null ? [] : [[PLACE, chosen]]),
  demanded: new Set(demanded ? [PLACE] : []),
});

test("a demand goes before a relay's choice, and that before the usual way", () => {
  const cases: readonly [RoutePolicy, Decision][] = [
    [policy("direct"), "direct"],
    [policy("tor"), "tor"],
    [policy("tor", "direct"), "direct"],
    [policy("direct", "tor"), "tor"],
    [policy("direct", "direct", true), "tor"],
    [policy("direct", null, true), "tor"],
    [policy(null), "unknown"],
    [policy(null, "direct"), "direct"],
  ];
  for (const [given, expected] of cases) assert.equal(decide(RELAY, given), expected);
  assert.equal(
    decide({ ...RELAY, port: 80 }, policy("direct", "tor", true)),
    "direct",
    "another port is another place",
  );
  assert.equal(decide({ ...RELAY, host: "RELAY.example" }, policy("direct", "tor")), "tor", "however it is spelled");
});

test("some addresses leave no choice", () => {
  const anyPolicy = [policy("direct"), policy("tor"), policy(null)];
  const cases: readonly [string, Decision][] = [
    ["localhost", "local"],
    ["127.0.0.1", "local"],
    ["127.1.2.3", "local"],
    ["[::1]", "local"],
    ["abc.onion", "tor"],
    ["ABC.ONION", "tor"],
    ["abc.b32.i2p", "i2p"],
  ];
  for (const [host, expected] of cases) {
    for (const given of anyPolicy) assert.equal(decide({ host, port: 80 }, given), expected, host);
  }
  for (const host of ["localhost.example", "1127.0.0.1", "onion", "127.0.0.1.example", "notonion.example"]) {
    assert.equal(decide({ host, port: 80 }, policy("tor")), "tor");
    assert.equal(decide({ host, port: 80 }, policy("direct")), "direct");
  }
});

test("targets are read from URLs, and in one spelling", () => {
  assert.deepEqual(targetOf("wss://Relay.Example/path"), { host: "relay.example", port: 443 });
  assert.deepEqual(targetOf("ws://relay.example./"), { host: "relay.example", port: 80 });
  assert.deepEqual(targetOf("http://[2001:db8::1]:81/"), { host: "[2001:db8::1]", port: 81 });
  // Every way to write an address of this machine is one of them.
  for (const text of ["ws://0x7f000001/", "ws://2130706433/", "ws://127.1/"]) {
    assert.deepEqual(targetOf(text), { host: "127.0.0.1", port: 80 });
  }
  for (const text of ["", "relay.example", "ftp://relay.example", "file:///etc", "ws://"])
    assert.equal(targetOf(text), null);
  assert.equal(placeOf({ host: "RELAY.example", port: 443 }), PLACE);
});
