import assert from "node:assert/strict";
import { test } from "node:test";
import { base64 } from "@scure/base";
import { randomBytes } from "../../core/random.ts";
import { isOnionHost, onionHost, onionSecret } from "./onion-key.ts";

/** Made by ADD_ONION of tor 0.4.9.11 from the key of this seed: bytes 0 to 31. */
const SEED = Uint8Array.from({ length: 32 }, (_, i) => i);
const HOST = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4bqead.onion";

test("address and expanded key are those that Tor has", () => {
  assert.equal(onionHost(SEED), HOST);
  const secret = base64.decode(onionSecret(SEED));
  assert.equal(secret.length, 64);
  assert.equal((secret[0] as number) & 0b111, 0);
  assert.equal((secret[31] as number) & 0b1100_0000, 0b0100_0000);
  assert.throws(() => onionHost(new Uint8Array(31)), RangeError);
});

test("an address with a slip is none", () => {
  assert.ok(isOnionHost(HOST) && isOnionHost(HOST.toUpperCase()));
  for (let i = 0; i < 56; i++) {
    const other = HOST[i] === "a" ? "b" : "a";
    assert.ok(!isOnionHost(HOST.slice(0, i) + other + HOST.slice(i + 1)), `slip at ${i}`);
  }
  const others = [
    "",
    "onion",
    ".onion",
    HOST.slice(1),
    `a${HOST}`,
    `www.${HOST}`,
    HOST.replace(".onion", ""),
    `${HOST}.`,
    "a".repeat(16) + ".onion",
  ];
  for (const host of others) assert.ok(!isOnionHost(host), host);
  for (let i = 0; i < 20; i++) assert.ok(isOnionHost(onionHost(randomBytes(32))));
});
