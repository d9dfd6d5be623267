import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../core/clock.ts";
import { createLogger } from "../core/log.ts";
import type { Way } from "../route/policy.ts";
import { isOnionHost } from "../route/tor/onion-key.ts";
import { openVault, type Vault } from "../vault/vault.ts";
import { NetworkSettingsStore } from "./network-settings.ts";
import { Routing } from "./routing.ts";

const PASSPHRASE = "three words here";
const RELAY = { host: "relay.example", port: 443 };

async function vaultOf(t: TestContext): Promise<{ vault: Vault; again: () => Promise<Vault> }> {
  const dataDir = join(mkdtempSync(join(tmpdir(), "nocturne-")), "data");
  const options = { dataDir, clock: systemClock, log: createLogger("silent") };
  const vault = await openVault({ ...options, secret: PASSPHRASE });
  const open = [vault];
  t.after(() => {
    for (const one of open) one.close();
    rmSync(join(dataDir, ".."), { recursive: true, force: true });
  });
  const again = async (): Promise<Vault> => {
    open.pop()?.close();
    const next = await openVault(options); // without its passphrase: locked
    open.push(next);
    return next;
  };
  return { vault, again };
}

function routingOf(vault: Vault, route: Way | null, demanded: () => Map<string, string[]> | null): Routing {
  return new Routing({ config: { route }, settings: new NetworkSettingsStore(vault), routes: [], demanded });
}

test("what a person chose counts, flags before it, and a demand before both", async (t) => {
  const { vault } = await vaultOf(t);
  const settings = new NetworkSettingsStore(vault);
  const demands = new Map<string, string[]>();
  const decide = (route: Way | null): string => routingOf(vault, route, () => demands).routes.decide(RELAY);
  assert.equal(decide(null), "direct");
  assert.equal(decide("tor"), "tor");
  settings.change({ usual: "tor" });
  assert.equal(decide(null), "tor");
  assert.equal(decide("direct"), "direct");
  settings.change({ usual: "direct", relays: { "relay.example:443": "tor" } });
  assert.equal(decide(null), "tor");
  settings.change({ relays: {} });
  demands.set("wss://relay.example/", ["Ada"]);
  assert.equal(decide("direct"), "tor");
});

test("a node that starts locked knows nothing and lets nothing out, whatever its flags", async (t) => {
  const { vault, again } = await vaultOf(t);
  new NetworkSettingsStore(vault).change({ usual: "tor" });
  const locked = await again();
  assert.equal(locked.locked, true);
  for (const route of [null, "direct", "tor"] as const) {
    const routing = routingOf(locked, route, () => null);
    assert.equal(routing.routes.decide(RELAY), "unknown");
    assert.equal(routing.routes.decide({ host: "127.0.0.1", port: 80 }), "local");
  }
});

test("what was known stays known while the vault is locked again, demands included", async (t) => {
  const { vault } = await vaultOf(t);
  let demands: Map<string, string[]> | null = new Map([["wss://relay.example", ["Ada"]]]);
  const routing = routingOf(vault, null, () => demands);
  assert.equal(routing.routes.decide(RELAY), "tor");
  vault.lock();
  demands = null;
  assert.equal(routing.routes.decide(RELAY), "tor");
  assert.equal(routing.routes.decide({ host: "other.example", port: 443 }), "direct");
});

test("services have addresses of their own, which stay", async (t) => {
  const { vault } = await vaultOf(t);
  const settings = new NetworkSettingsStore(vault);
  const [relay, links] = [settings.host("onion", "relay"), settings.host("onion", "links")];
  assert.ok(relay && isOnionHost(relay) && links && isOnionHost(links));
  assert.notEqual(relay, links);
  assert.equal(new NetworkSettingsStore(vault).host("onion", "relay"), relay);
  vault.lock();
  assert.equal(settings.host("onion", "relay"), relay);
  assert.equal(new NetworkSettingsStore(vault).host("onion", "relay"), null);
});
