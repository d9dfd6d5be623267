import assert from "node:assert/strict";
import { test } from "node:test";
import { isOwnUrl, relayUrl } from "./relay-address.ts";

test("a URL for programs on this machine", () => {
  assert.equal(relayUrl("127.0.0.1", 7), "ws://127.0.0.1:7");
  assert.equal(relayUrl("0.0.0.0", 7), "ws://127.0.0.1:7");
  assert.equal(relayUrl("::", 7), "ws://[::1]:7");
  assert.equal(relayUrl("::1", 7), "ws://[::1]:7");
  assert.equal(relayUrl("relay.local", 7), "ws://relay.local:7");
});

test("the relay knows its own URLs", () => {
  const arrival = { host: "0.0.0.0", port: 7447, localAddress: "::ffff:192.168.1.5", publicUrls: [] };
  const own = (text: string, change: Partial<typeof arrival> = {}): boolean =>
    isOwnUrl(new URL(text), { ...arrival, ...change });
  for (const host of ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "[::1]", "192.168.1.5"]) {
    assert.ok(own(`ws://${host}:7447/`), host);
  }
  assert.ok(own("wss://relay.example", { host: "relay.example", port: 443 }));
  assert.ok(own("ws://relay.example/path", { host: "relay.example", port: 80 }));
  assert.ok(own("ws://[fe80::1]:7447", { localAddress: "fe80::1" }));
  const others = [
    "ws://192.168.1.5:7448",
    "ws://192.168.1.6:7447",
    "ws://relay.example:7447",
    "ws://localhost",
    "wss://localhost",
  ];
  for (const text of [...others, "ws://localhost.evil.example:7447", "ws://127.0.0.1.evil.example:7447"]) {
    assert.ok(!own(text), text);
  }
});

test("a public name counts exactly when the operator gave it", () => {
  const arrival = { host: "127.0.0.1", port: 7447, localAddress: "127.0.0.1" };
  const named = { ...arrival, publicUrls: ["wss://relay.example/"] };
  assert.ok(isOwnUrl(new URL("wss://relay.example"), named));
  assert.ok(isOwnUrl(new URL("wss://relay.example:443/"), named));
  for (const other of [
    "ws://relay.example",
    "wss://relay.example:7447",
    "wss://evil.example",
    "wss://relay.example.evil.example",
  ]) {
    assert.ok(!isOwnUrl(new URL(other), named), other);
  }
  assert.ok(!isOwnUrl(new URL("wss://relay.example"), { ...arrival, publicUrls: [] }));
});
