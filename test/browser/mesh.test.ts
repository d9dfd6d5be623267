/**
 * The mesh page. Of a real node in a small real mesh: it is joined through the page, a file goes there, picture and table say
 * what the node says, this machine becomes a node, and the mesh is left again. Of meshes that a test makes up: that none, one,
 * 40 and 400 nodes can be seen, by eye, by keyboard and by ear, and that what goes wrong is said.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { before, type TestContext, test } from "node:test";
import type { Browser, Locator, Page } from "playwright-core";
import type { FileView, Launch, MeshView } from "../../src/api/contract.ts";
import { inspect } from "../support/accessibility.ts";
import { until } from "../support/acquaintance.ts";
import { type ApiNode, startApiNode } from "../support/api-node.ts";
import { launchBrowser } from "../support/browser.ts";
import { atEnd } from "../support/cleanup.ts";
import { MeshWorld } from "../support/mesh-world.ts";
import { type NocturneProcess, startNocturne } from "../support/nocturne-process.ts";
import { ask } from "../support/people.ts";
import { sampleMesh, sampleNodes, sampleOff, sampleOwn } from "../support/sample-mesh.ts";
import { buildPages, DESK, follow, hears, openProfile, press, visit } from "../support/web-app.ts";

before(buildPages);

const NODES = 8;
const FILE = "holiday.jpg";
const FILE_BYTES = 300_000;
/** The world's processes and the browser share two cores. */
const SLOW_MS = 60_000;

test("a mesh is joined, keeps a file, is shown as it is, and is left", async (t) => {
  const browser = await launchBrowser(t);
  if (!browser) return;
  const world = await MeshWorld.start({ processes: 2, nodesEach: NODES / 2 });
  atEnd(t, () => world[Symbol.asyncDispose]());
  const complaints: string[] = [];
  const node = await startNocturne(t);
  const page = await open(browser, node.url, complaints);
  await t.test("joining", () => join(page, node, world));
  await t.test("a file goes into the mesh", () => keepFile(page, node));
  await t.test("picture and table say the same", () => compare(page, node));
  await t.test("this machine is a node", () => share(page, node));
  await inspect(page, "the page of a real mesh");
  await t.test("a file is taken out, and in again", () => takeOut(page, node));
  await t.test("leaving", () => leave(page, node));
  assert.deepEqual(complaints, []);
});

async function join(page: Page, node: NocturneProcess, world: MeshWorld): Promise<void> {
  await follow(page, "Files");
  await follow(page, "Storage mesh");
  await hears(page, "What joining reveals");
  const addresses = page.getByRole("textbox", { name: "Nodes to begin with" });
  await page.getByRole("switch", { name: "Nodes in the local network" }).click();
  await inspect(page, "before joining");
  await addresses.fill(world.bootstrap.join("\n"));
  await press(page, "Join the mesh");
  await page.getByText(`You are in the mesh: ${NODES} nodes are there now.`).waitFor({ timeout: SLOW_MS });
  const { on, lan, bootstrap } = await ask<MeshView>(node, "GET", "/mesh");
  assert.deepEqual({ on, lan, bootstrap }, { on: true, lan: false, bootstrap: world.bootstrap });
}

async function keepFile(page: Page, node: NocturneProcess): Promise<void> {
  await follow(page, "Go to your files");
  const file = { name: FILE, mimeType: "image/jpeg", buffer: randomBytes(FILE_BYTES) };
  await page.getByLabel("Files to add").setInputFiles([file]);
  await page.getByRole("switch", { name: "Keep in the mesh, too" }).click();
  await press(page, "Encrypt and add");
  await page.getByText("In the mesh, too").waitFor({ timeout: SLOW_MS });
  await visit(page, "/mesh");
  const kept = page.getByRole("list", { name: "Files in the mesh" }).getByRole("listitem");
  await kept.getByText(/^Kept, survives the loss of \d+ more nodes?$/).waitFor({ timeout: SLOW_MS });
  assert.match((await kept.innerText()).replaceAll("\n", " "), new RegExp(`^${FILE} `));
  const [told] = await ask<FileView[]>(node, "GET", "/files");
  assert.equal(told?.storage, "mesh");
  await kept.getByText(`any ${told.mesh?.needed} of ${told.mesh?.total} fragments`).waitFor();
}

/** What each node is called, in the picture, in the table, and by the node itself. */
async function compare(page: Page, node: NocturneProcess): Promise<void> {
  const told = async () => (await ask<MeshView>(node, "GET", "/mesh")).nodes;
  await until("fragments of mine are counted", async () => (await told()).some(({ fragments }) => fragments > 0));
  const wanted = async () =>
    (await told()).map(({ id, domain, fragments }) => `${shortened(id)} ${domain} up ${fragments}`).toSorted();
  const table = page.getByRole("table", { name: "Nodes of the mesh" });
  const rows = async () => {
    const texts = await table.getByRole("row").allInnerTexts();
    return texts
      .slice(1)
      .map(
        (text) => /(\S+ \S+)\s+(\S+\/24)\s+(Up)\s+\d+ %\s+\S+ GB\s+(\d+)\s+Yes/.exec(text)?.slice(1).join(" ") ?? text,
      )
      .map((text) => text.replace(" Up ", " up "))
      .toSorted();
  };
  await until("the table says what the node says", async () => `${await rows()}` === `${await wanted()}`);
  const named = await picture(page)
    .getByRole("button")
    .evaluateAll((dots) => dots.map((dot) => dot.getAttribute("aria-label") ?? ""));
  const dots = named.map((name) => {
    const [, id, domain, state, fragments] =
      /^Node (\S+ \S+) in (\S+): (up), .* for .*, (?:(\d+) fragments?|nothing) of yours/.exec(name) ?? [];
    return `${id} ${domain} ${state} ${fragments ?? 0}`;
  });
  assert.deepEqual(dots.toSorted(), await rows());
  const { kept } = await ask<MeshView>(node, "GET", "/mesh");
  assert.equal(kept.files, 1);
  await page.getByText("1 file kept").waitFor();
}

/** The address at which it listens is of loopback, and stays as it was when the page changes the size. */
async function share(page: Page, node: NocturneProcess): Promise<void> {
  const before = { maxBytes: 50_000_000, host: "127.200.0.1", port: 0, care: true };
  await ask(node, "POST", "/mesh/join", { share: before });
  const region = page.getByRole("region", { name: "What this machine keeps for others" });
  await region.getByText("of 50 MB").waitFor({ timeout: SLOW_MS });
  const size = page.getByRole("textbox", { name: "How much, in gigabytes" });
  assert.equal(await size.inputValue(), "0.05");
  await page.getByText(/ free on this disk\.$/).waitFor();
  await size.fill("much");
  await press(page, "Save");
  await page.getByText("Give a size, such as 10 or 0.5.").waitFor();
  await size.fill("0.06");
  await press(page, "Save");
  await dismiss(page, "Saved");
  await region.getByText("of 60 MB").waitFor({ timeout: SLOW_MS });
  assert.deepEqual((await ask<MeshView>(node, "GET", "/mesh")).share, { ...before, maxBytes: 60_000_000 });
  const bar = region.getByRole("meter", { name: "Disk for others" });
  assert.equal(await bar.getAttribute("aria-valuemax"), "60000000");
  await region
    .getByText(/^\/ip4\/127\.200\.0\.1\//)
    .first()
    .waitFor();
}

async function takeOut(page: Page, node: NocturneProcess): Promise<void> {
  const mesh = async () => (await ask<FileView[]>(node, "GET", "/files"))[0]?.mesh ?? null;
  await page.setViewportSize(DESK);
  await visit(page, "/files");
  const sign = page.getByText(/^In the mesh, /);
  await sign.waitFor({ timeout: SLOW_MS });
  await inspect(page, "files in the mesh");
  await choose(page, "Take out of the mesh");
  await sign.waitFor({ state: "detached" });
  await page
    .getByRole("dialog", { name: /is only on this/ })
    .getByRole("button", { name: "Undo" })
    .click();
  await sign.waitFor();
  assert.notEqual(await mesh(), null, "what is undone in time never was");
  await choose(page, "Take out of the mesh");
  await dismiss(page, /is only on this machine again$/);
  await until("it is only here", async () => (await mesh()) === null);
  await choose(page, "Keep in the mesh");
  await sign.waitFor({ timeout: SLOW_MS });
  await choose(page, "Take off this disk");
  await dismiss(page, /is in the mesh only$/);
  await page.getByText("0 B on this machine · 300 KB in the mesh only").waitFor({ timeout: SLOW_MS });
}

/** A notice that fades by itself is read half faded by who looks at colours. */
async function dismiss(page: Page, title: string | RegExp): Promise<void> {
  const notice = page.getByRole("dialog", { name: title });
  await notice.getByRole("button", { name: "Dismiss" }).click();
  await notice.waitFor({ state: "detached" });
}

async function choose(page: Page, action: string): Promise<void> {
  await press(page, `More for ${FILE}`);
  await page.getByRole("menuitem", { name: action, exact: true }).click();
}

/** What lies in the mesh alone comes back first. */
async function leave(page: Page, node: NocturneProcess): Promise<void> {
  await visit(page, "/mesh");
  await press(page, "Leave the mesh…");
  const dialog = page.getByRole("dialog", { name: "Leave the mesh?" });
  await dialog.getByText(/1 file lies in the mesh and nowhere else/).waitFor();
  await inspect(page, "the question before leaving");
  await press(page, "Bring back and leave");
  await page.getByText("Your files are on this machine alone.").waitFor({ timeout: SLOW_MS });
  const [file] = await ask<FileView[]>(node, "GET", "/files");
  assert.equal(file?.mesh, null);
  assert.equal((await ask<MeshView>(node, "GET", "/mesh")).on, false);
}

test("no node, one, 40 and 400 of them, and whatever goes wrong", async (t) => {
  const opened = await openSample(t);
  if (!opened) return;
  const { page, show, complaints } = opened;
  for (const count of [0, 1, 40, 400]) {
    await show(sampleMesh({ nodes: sampleNodes(count), own: sampleOwn() }));
    const drawn = Math.min(count, 120);
    await until(`${count} nodes are shown`, async () => (await picture(page).getByRole("button").count()) === drawn);
    await inspect(page, `${count} nodes`);
  }
  await t.test("by the keyboard", () => byKeyboard(page));
  await t.test("the table's pages and order", () => turn(page));
  const problem = { code: "mesh_needs_direct", message: "Nodes see who asks.", hint: "Choose the direct way." };
  await show(sampleMesh({ state: "waiting", nodes: [], coding: null, problem }));
  await page.getByRole("alert").getByText(problem.message).waitFor();
  await page.getByRole("main").getByRole("link", { name: "Network and Tor" }).waitFor();
  await inspect(page, "a mesh that waits");
  assert.deepEqual(complaints, []);
});

async function byKeyboard(page: Page): Promise<void> {
  await page.getByRole("table").getByRole("button", { name: /^Node/ }).focus();
  await page.keyboard.press("Shift+Tab");
  const focused = () => page.evaluate<string>("document.activeElement.getAttribute('aria-label')");
  const first = await focused();
  assert.match(first, /^Node /, "one step of the Tab key leads into the picture");
  await page.keyboard.press("ArrowRight");
  const second = await focused();
  assert.notEqual(second, first);
  assert.match(second, /^Node /);
  await page.getByRole("figure").getByText(second, { exact: true }).last().waitFor();
  await page.keyboard.press("Tab");
  assert.doesNotMatch((await focused()) ?? "", /^Node .*uptime/, "and one step leads out of it");
}

async function turn(page: Page): Promise<void> {
  const table = page.getByRole("table", { name: "Nodes of the mesh" });
  await page.getByText("1 to 12 of 400").waitFor();
  await press(page, "Next nodes");
  await page.getByText("13 to 24 of 400").waitFor();
  await table.getByRole("button", { name: "State" }).click();
  await page.getByText("1 to 12 of 400").waitFor();
  await table.getByRole("button", { name: "State" }).click();
  assert.equal(await table.getByRole("columnheader", { name: "State" }).getAttribute("aria-sort"), "descending");
  const forked = (await table.getByRole("row").allInnerTexts()).filter((text) => text.includes("Forked"));
  assert.equal(forked.length, 10, "the worst ones come first");
}

test("who hides the own address is told why no mesh is joined, and joins none", async (t) => {
  const opened = await openSample(t);
  if (!opened) return;
  const { page, node, complaints } = opened;
  await page.getByRole("button", { name: "Join the mesh" }).waitFor();
  await node.call("PATCH", "/api/network", { usual: "tor" });
  await page.getByText("You hide your network address, and nodes would see it").waitFor();
  assert.equal(await page.getByRole("button", { name: "Join the mesh" }).count(), 0);
  await inspect(page, "a mesh that cannot be joined");
  await node.call("PATCH", "/api/network", { usual: "direct" });
  await page.getByRole("textbox", { name: "Nodes to begin with" }).fill("nonsense");
  await press(page, "Join the mesh");
  await page.getByRole("alert").filter({ hasText: "This is not the address of a node." }).waitFor();
  assert.match(complaints.splice(0).join("\n"), /^Failed to load resource: [^\n]* 400 [^\n]*$/);
});

interface Sample {
  readonly node: ApiNode;
  readonly page: Page;
  readonly complaints: string[];
  /** Another mesh than the node's is told, from now on. */
  readonly show: (mesh: MeshView) => Promise<void>;
}

/** A node without a mesh, on its mesh page, whose mesh can be made up. */
async function openSample(t: TestContext): Promise<Sample | null> {
  const browser = await launchBrowser(t);
  if (!browser) return null;
  const complaints: string[] = [];
  const node = await startApiNode();
  atEnd(t, () => node.close());
  const { services } = node;
  const show = async (mesh: MeshView): Promise<void> => {
    Object.assign(services.mesh, { view: () => mesh });
    services.bus.emit({ event: "mesh" });
  };
  await show(sampleOff());
  const page = await open(browser, (await node.call<Launch>("POST", "/api/launch")).body.url, complaints);
  await visit(page, "/mesh");
  await hears(page, "Storage mesh");
  return { node, page, complaints, show };
}

/** A profile that follows the colours of its system, so that one page can be seen in both. */
async function open(browser: Browser, url: string, complaints: string[]): Promise<Page> {
  const page = await openProfile(browser, complaints);
  await page.addInitScript(`localStorage.setItem("nocturne-preferences", '{"theme":"system"}')`);
  await page.goto(url);
  await page.getByRole("navigation", { name: "Nocturne" }).waitFor();
  await page.getByRole("main").getByRole("heading").first().waitFor({ state: "attached" });
  return page;
}

function picture(page: Page): Locator {
  return page.getByRole("group", { name: /^Picture of the mesh/ });
}

function shortened(id: string): string {
  return `${id.slice(0, 4)} ${id.slice(4, 8)}`;
}
