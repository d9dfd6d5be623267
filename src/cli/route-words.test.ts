import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleNetwork } from "../../test/support/sample-network.ts";
import { describeChoice, describeHealth, describeProblem, describeService, usualWords } from "./route-words.ts";

const UP = { state: "up", progress: null, doing: null, loss: 0, latencyMs: null } as const;

test("the health of a route in a few words", () => {
  const lines = [
    [UP, "up"],
    [{ ...UP, latencyMs: 319.6, loss: 0.049 }, "up, 320 ms, 5 % of the last attempts failed"],
    [{ ...UP, state: "off" }, "off"],
    [{ ...UP, state: "off", loss: 1 }, "off"],
    [{ ...UP, state: "missing" }, "not on this machine"],
    [{ ...UP, state: "down", latencyMs: 20, loss: 1 }, "down, comes back by itself, 100 % of the last attempts failed"],
    [{ ...UP, state: "starting", progress: 0 }, "starting, 0 %"],
    [{ ...UP, state: "starting", progress: 45, doing: "Loading\nrelays\u001b[2J" }, "starting, 45 %: Loading relays"],
    [{ ...UP, state: "starting" }, "starting"],
  ] as const;
  for (const [health, words] of lines) assert.equal(describeHealth(health), words);
});

test("why something goes as it goes: a demand counts before a choice, an address before both", () => {
  const [local, usual, chosen, demanded, onion] = sampleNetwork().uses;
  const lines = [
    [local, "by its address"],
    [usual, "as usual"],
    [chosen, "chosen: direct"],
    [demanded, "demanded by Grace, Committee"],
    [{ ...demanded, choice: "direct" }, "demanded by Grace, Committee"],
    [onion, "by its address"],
  ] as const;
  for (const [use, words] of lines) assert.equal(describeChoice(use as NonNullable<typeof usual>), words);
});

test("what is wrong comes with what to do, and a service with its address", () => {
  const view = sampleNetwork({ changeable: false, usual: "direct" });
  const [, tor] = view.routes;
  assert.ok(tor);
  const problem = { code: "tor_missing", message: "Tor is not installed.", hint: "Install it: sudo apt install tor" };
  assert.equal(describeProblem(tor), null);
  assert.equal(describeProblem({ ...tor, problem }), "Tor: Tor is not installed. Install it: sudo apt install tor");
  assert.match(usualWords(view), /^Directly.*which relays you use.*chosen when Nocturne was started\.$/);
  const [relay, links] = view.services.map(describeService);
  assert.match(relay ?? "", /^Your relay as an onion service: up {2}\S+\.onion$/);
  assert.match(links ?? "", /^Your links as an onion service: off/);
});
