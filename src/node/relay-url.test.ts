import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isLoopbackRelay, normalizeRelayUrl } from "./relay-url.ts";

test("one spelling each", () => {
  for (const text of ["wss://Relay.Example", "wss://relay.example/", " wss://relay.example:443 "]) {
    assert.equal(normalizeRelayUrl(text), "wss://relay.example");
  }
  assert.equal(normalizeRelayUrl("ws://relay.example:81/inbox"), "ws://relay.example:81/inbox");
});

test("what is no relay, or tells more than an address, is none", () => {
  const others = [
    "",
    "relay.example",
    "https://relay.example",
    "wss://",
    "wss://a:b@relay.example",
    "wss://r.example/?token=1",
    "wss://r.example/#x",
  ];
  for (const text of others) assert.equal(normalizeRelayUrl(text), null, text);
  fc.assert(
    fc.property(fc.domain(), fc.nat(65_535), fc.stringMatching(/^[\w/.:@?#-]{0,20}$/), (host, port, rest) => {
      const once = normalizeRelayUrl(`wss://${host}:${port}${rest}`);
      assert.ok(once === null || normalizeRelayUrl(once) === once);
    }),
  );
});

test("loopback is this machine, by every name", () => {
  for (const url of ["ws://127.0.0.1:7447", "ws://localhost:1", "ws://[::1]:1", "ws://127.9.9.9"])
    assert.ok(isLoopbackRelay(url), url);
  for (const url of ["wss://nos.lol", "ws://localhost.example", "ws://192.168.1.2", "ws://10.0.0.1"])
    assert.ok(!isLoopbackRelay(url), url);
});
