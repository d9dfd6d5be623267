/**
 * The network page. Of a real node: what an observer sees, another usual way, the way of one relay, and what is said when
 * something is refused. Of routes that a test makes up, whose states a real network takes minutes for: that each is shown
 * as it comes, and that each control asks for what it says.
 */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { Page } from "playwright-core";
import type { Launch, NetworkView, RouteView, Settings } from "../../src/api/contract.ts";
import { ValidationError } from "../../src/core/errors.ts";
import { assertAccessible, assertHandy } from "../support/accessibility.ts";
import { type ApiNode, startApiNode } from "../support/api-node.ts";
import { launchBrowser } from "../support/browser.ts";
import { atEnd } from "../support/cleanup.ts";
import { startNocturne } from "../support/nocturne-process.ts";
import { ask } from "../support/people.ts";
import { NetworkDouble, ONION, sampleNetwork } from "../support/sample-network.ts";
import { buildPages, DESK, follow, hears, openApp, openProfile, PHONE, press, visit } from "../support/web-app.ts";

before(buildPages);

/** Nobody answers there: what is shown is how it is tried. */
const RELAY = "ws://relay.invalid";

test("what leaves by which way is seen and chosen, and goes no other way", async (t) => {
  const browser = await launchBrowser(t);
  if (!browser) return;
  const complaints: string[] = [];
  const node = await startNocturne(t);
  await ask<Settings>(node, "PATCH", "/settings", { relays: [RELAY] });
  const page = await openApp(browser, node, complaints);

  await follow(page, "Network: Direct");
  await hears(page, "Network");
  const usual = page.getByRole("group", { name: /^How everything leaves/ });
  assert.ok(await usual.getByRole("radio", { name: /^Direct/ }).isChecked());
  const way = page.getByRole("list", { name: "The way to a relay" });
  assert.equal(await way.getByRole("listitem").count(), 3);
  for (const size of [PHONE, DESK]) {
    await page.setViewportSize(size);
    await assertAccessible(page, "the network page");
    await assertHandy(page, "the network page");
  }

  await page.getByRole("combobox", { name: `Way of ${RELAY}` }).selectOption("Always direct");
  await usual.getByRole("radio", { name: /^Tor/ }).click();
  await way.getByText("Guard").waitFor();
  const chosen = await ask<NetworkView>(node, "GET", "/network");
  assert.equal(chosen.usual, "tor");
  assert.equal(chosen.uses.find(({ what }) => what === RELAY)?.choice, "direct");
  await page.getByText("1 place is reached directly").waitFor();
  await page.getByRole("combobox", { name: `Way of ${RELAY}` }).selectOption("As usual (Tor)");
  await page.getByText("1 place is reached directly").waitFor({ state: "detached" });
  await usual.getByRole("radio", { name: /^Direct/ }).click();
  await way.getByText("Guard").waitFor({ state: "detached" });

  await page.setViewportSize(PHONE);
  await visit(page, "/settings/network");
  await follow(page, "Network and Tor");
  await hears(page, "Network");
  assert.deepEqual(complaints, []);
});

test("whatever a route does is shown as it happens, and every control asks for what it says", async (t) => {
  const browser = await launchBrowser(t);
  if (!browser) return;
  const complaints: string[] = [];
  const double = new NetworkDouble(sampleNetwork({ browsing: { windows: [], problem: null } }));
  const node = await startApiNode({}, { network: double.methods });
  atEnd(t, () => node.close());
  const page = await openProfile(browser, complaints, { viewport: PHONE, colorScheme: "light" });
  await page.addInitScript(`localStorage.setItem("nocturne-preferences", '{"theme":"system"}')`);
  await page.goto((await node.call<Launch>("POST", "/api/launch")).body.url);
  await page.getByRole("navigation", { name: "Nocturne" }).waitFor();
  await visit(page, "/network");
  await hears(page, "Network");
  await t.test("states of Tor", () => seeStates(page, node, double));
  await t.test("a window of private browsing", () => browse(page, double));
  await t.test("bridges", () => giveBridges(page, double));
  await t.test("onion services, I2P, new circuits", () => turn(page, double));
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await assertAccessible(page, `the whole network page, ${colorScheme}`);
  }
  await assertHandy(page, "the whole network page");
  assert.match(complaints.splice(0).join("\n"), /^Failed to load resource: [^\n]* 400 [^\n]*$/); // lines that were refused
});

async function seeStates(page: Page, node: ApiNode, double: NetworkDouble): Promise<void> {
  const show = (change: Partial<RouteView>): void => {
    const routes = double.shown.routes.map((one) => (one.name === "tor" ? { ...one, ...change } : one));
    double.shown = { ...double.shown, routes };
    node.services.bus.emit({ event: "network" });
  };
  const problem = {
    code: "tor_missing",
    message: "There is no Tor here.",
    hint: "Install it: sudo apt install tor. Then wait.",
  };
  show({ state: "missing", problem });
  const alert = page.getByRole("alert").filter({ hasText: problem.message });
  await alert.getByText("sudo apt install tor", { exact: true }).waitFor();
  await alert.getByRole("button", { name: "Copy command" }).waitFor();
  await page
    .getByText("Tor is not on this machine: until it is up, nothing that goes by it leaves this machine.")
    .waitFor();

  show({ state: "starting", progress: 45, doing: "Loading descriptors", problem: null });
  const bar = page.getByRole("progressbar", { name: "Tor is starting" });
  await bar.waitFor();
  assert.equal(await bar.getAttribute("aria-valuenow"), "45");
  await page.getByText("Loading descriptors").waitFor();
  assert.equal(await alert.count(), 0);
  const way = page.getByRole("list", { name: "The way to a relay" });
  assert.equal(await way.getByText("(not reached now)").count(), 4);

  show({ state: "up", progress: null, doing: null });
  await bar.waitFor({ state: "detached" });
  assert.equal(await way.getByText("(not reached now)").count(), 0);
  const event = { at: new Date().toISOString(), route: "tor", text: "Another guard is used." } as const;
  double.shown = { ...double.shown, events: [...double.shown.events, event] };
  node.services.bus.emit({ event: "network" });
  const newest = page.getByRole("region", { name: "Lately" }).getByRole("listitem").first();
  await newest.getByText(event.text).waitFor();
  await newest.getByText("just now").waitFor();
}

async function browse(page: Page, double: NetworkDouble): Promise<void> {
  const region = page.getByRole("region", { name: "Private browsing" });
  await press(page, "Open a private window");
  await region.getByText("No site yet.").waitFor();
  const [window] = double.shown.browsing.windows;
  const [site] = sampleNetwork().browsing.windows[0]?.sites ?? [];
  assert.ok(window && site);
  double.shown = { ...double.shown, browsing: { windows: [{ ...window, sites: [site] }], problem: null } };
  await press(page, "New identity");
  const circuit = region.getByRole("list", { name: "Circuit" });
  await circuit.getByText("Sweden (Quintex42)").waitFor();
  await press(page, /^Close the window of /);
  await circuit.waitFor({ state: "detached" });
  const asked = double.asked.filter(([name]) => name !== "view");
  assert.deepEqual(asked, [["openWindow"], ["renewWindow", window.id], ["closeWindow", window.id]]);
}

/** What is refused is said beside the lines, which stay as they were typed. */
async function giveBridges(page: Page, double: NetworkDouble): Promise<void> {
  double.asked.length = 0;
  double.fails = new ValidationError("bad_bridges", "Line 1 is no bridge.", { hint: "Copy it again." });
  const region = page.getByRole("region", { name: "Bridges" });
  await region.getByRole("radio", { name: /^obfs4/ }).click();
  const lines = region.getByRole("textbox", { name: "Lines" });
  await lines.fill("nonsense\n\n  obfs4 192.0.2.1:443  \n");
  await press(page, "Save bridges");
  await region.getByRole("alert").getByText("Line 1 is no bridge. Copy it again.").waitFor();
  assert.match(await lines.inputValue(), /^nonsense/);
  assert.equal(double.shown.bridges.kind, "none");
  await lines.fill("obfs4 192.0.2.1:443");
  await press(page, "Save bridges");
  await page.getByRole("list", { name: "The way to a relay" }).getByText("Bridge", { exact: true }).waitFor();
  const asked = double.asked.flatMap(([name, patch]) => (name === "change" ? [patch] : []));
  assert.deepEqual(asked, [
    { bridges: { kind: "obfs4", lines: ["nonsense", "", "  obfs4 192.0.2.1:443"] } }, // numbered as they are seen
    { bridges: { kind: "obfs4", lines: ["obfs4 192.0.2.1:443"] } },
  ]);
}

async function turn(page: Page, double: NetworkDouble): Promise<void> {
  double.asked.length = 0;
  const services = page.getByRole("region", { name: "Onion services" });
  await services.getByText(ONION).waitFor();
  await services.getByRole("switch", { name: "My links at an onion address" }).click();
  await services.getByRole("button", { name: "Copy onion address of your links" }).waitFor();
  await page.getByRole("switch", { name: "Use I2P, too" }).click();
  await page.getByText("I2P is up").waitFor();
  await press(page, "New circuits for everything");
  await page.getByRole("dialog").filter({ hasText: "New circuits for everything" }).waitFor();
  const asked = double.asked.filter(([name]) => name !== "view");
  assert.deepEqual(asked, [["change", { onionLinks: true }], ["change", { i2p: true }], ["renew"]]);
}
