import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkView, RouteView } from "../../src/api/contract.ts";
import { NO_BRIDGES, sampleNetwork } from "../../test/support/sample-network.ts";
import {
  circuitWords,
  countryName,
  exceptionsOf,
  hopsOf,
  measuredWords,
  namesTogether,
  routeLineWords,
  splitHint,
  stateWords,
} from "./network-words.ts";

function withTor(change: Partial<RouteView>, more: Partial<NetworkView> = {}): NetworkView {
  const routes = sampleNetwork().routes.map((one) => (one.name === "tor" ? { ...one, ...change } : one));
  return sampleNetwork({ routes, ...more });
}

test("the shell's line says the usual way, and how far Tor is", () => {
  const lines = [
    [sampleNetwork(), "By Tor"],
    [sampleNetwork({ usual: "direct" }), "Direct"],
    [withTor({ state: "starting", progress: 45 }), "Tor starts 45 %"],
    [withTor({ state: "starting", progress: null }), "Tor starts"],
    [withTor({ state: "missing" }), "Tor is missing"],
    [withTor({ state: "down" }), "Tor is down"],
  ] as const;
  for (const [network, words] of lines) assert.equal(routeLineWords(network), words);
});

test("what the usual way does not cover is said: what waits, and what goes directly", () => {
  assert.deepEqual(exceptionsOf(sampleNetwork({ uses: [] })), []);
  assert.deepEqual(exceptionsOf(sampleNetwork()), ["1 place is reached directly: an observer sees that, too."]);
  const [waits] = exceptionsOf(withTor({ state: "missing" }));
  assert.equal(waits, "Tor is not on this machine: until it is up, nothing that goes by it leaves this machine.");
  const direct = withTor({ state: "down" }, { usual: "direct" });
  assert.deepEqual(exceptionsOf(direct), [], "who goes directly waits for no Tor");
});

test("the way to a relay is lit as far as it is there", () => {
  const lit = (network: NetworkView) => hopsOf(network).map((hop) => `${hop.name}${hop.lit ? "" : "?"}`);
  assert.deepEqual(lit(sampleNetwork()), ["You", "Your line", "Guard", "Middle", "Exit", "Relay"]);
  assert.deepEqual(lit(withTor({ state: "starting" })), ["You", "Your line", "Guard?", "Middle?", "Exit?", "Relay?"]);
  const bridged = withTor({ state: "missing" }, { bridges: { ...NO_BRIDGES, kind: "obfs4" } });
  assert.deepEqual(lit(bridged), ["You", "Your line?", "Bridge?", "Middle?", "Exit?", "Relay?"]);
  assert.match(hopsOf(bridged)[1]?.knows ?? "", /^An observer sees a connection to the bridge/);
  assert.deepEqual(lit(sampleNetwork({ usual: "direct" })), ["You", "Your line", "Relay"]);
});

test("a hint gives the line to type, and only that", () => {
  const hints = [
    ["Install it: sudo apt install tor", "Install it:", "sudo apt install tor", ""],
    ["Install it, then try again: brew install tor.", "Install it, then try again:", "brew install tor", ""],
    [
      "Install it: sudo apt install tor. Nocturne notices by itself.",
      "Install it:",
      "sudo apt install tor",
      "Nocturne notices by itself.",
    ],
    ["Take this: sudo sh install.sh v1.2 now", "Take this:", "sudo sh install.sh v1.2 now", ""],
    [
      "Install one: sudo apt install chromium (not as a snap).",
      "Install one:",
      "sudo apt install chromium",
      "(not as a snap).",
    ],
    ["Install it: nix-env -iA nixos.tor. Then wait.", "Install it:", "nix-env -iA nixos.tor", "Then wait."],
    ["See: nocturne doctor", "See:", "nocturne doctor", ""],
    ["Take another: lines of 3 bridges.", "Take another: lines of 3 bridges.", null, ""],
    ["Wait a minute.", "Wait a minute.", null, ""],
    ["", "", null, ""],
  ] as const;
  for (const [hint, words, command, after] of hints) assert.deepEqual(splitHint(hint), { words, command, after });
});

test("the state of a route, and what was measured of it", () => {
  const [, tor, i2p] = sampleNetwork().routes as [RouteView, RouteView, RouteView];
  assert.equal(stateWords(i2p), "I2P is off");
  assert.deepEqual(measuredWords(tor), ["320 ms to open a connection", "5 % of the last attempts failed"]);
  assert.deepEqual(measuredWords({ ...tor, state: "down", loss: 1 }), ["100 % of the last attempts failed"]);
  assert.deepEqual(measuredWords({ ...tor, state: "missing", loss: 1 }), []);
});

test("hops by country and nickname; names as people say them", () => {
  const circuit = sampleNetwork().browsing.windows[0]?.sites[1]?.circuit;
  assert.ok(circuit);
  assert.deepEqual(circuitWords(circuit), ["United States (moria1)", "unknown country (NTH15R4)", "France (F3Netze)"]);
  assert.equal(countryName("??"), "unknown country", "as Tor writes what it does not know");
  assert.equal(namesTogether(["Grace"]), "Grace");
  assert.equal(namesTogether(["Grace", "Ada"]), "Grace and Ada");
  assert.equal(namesTogether(["Grace", "Ada", "Committee"]), "Grace, Ada and Committee");
});
