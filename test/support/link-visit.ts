/** What tests of the public download page do: a node, a browser, and somebody who opens a link in it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { TestContext } from "node:test";
import type { Browser, Download, Page } from "playwright-core";
import { launchBrowser } from "./browser.ts";
import { type NocturneProcess, startNocturne } from "./nocturne-process.ts";

export const MIB = 1_048_576;
/** A download that neither ends nor fails must not hold up the other tests. */
export const LIMIT_MS = 180_000;
/** A telephone and a desk. */
export const WIDTHS: readonly number[] = [360, 1440];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export interface World {
  readonly node: NocturneProcess;
  readonly browser: Browser;
  /** What the browser complained of on any page. */
  readonly complaints: string[];
}

export async function openWorld(t: TestContext, more: readonly string[] = []): Promise<World | null> {
  const browser = await launchBrowser(t, more);
  return browser && { node: await startNocturne(t), browser, complaints: [] };
}

/** A window of somebody who has never been here; what its console says is kept as a complaint. */
export async function visit(world: World, url: string, width = 1440): Promise<Page> {
  const context = await world.browser.newContext({ viewport: { width, height: 800 } });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) world.complaints.push(message.text());
  });
  page.on("pageerror", (error) => world.complaints.push(error.message));
  await page.goto(url);
  return page;
}

export async function press(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name }).click();
}

export async function download(page: Page): Promise<Download> {
  const [started] = await Promise.all([page.waitForEvent("download"), press(page, "Download")]);
  return started;
}

export async function hears(page: Page, heading: string): Promise<void> {
  await page.getByRole("heading", { name: heading }).waitFor();
}

export async function sha256Of(finished: Download): Promise<string> {
  assert.equal(await finished.failure(), null);
  const hash = createHash("sha256");
  for await (const piece of createReadStream(await finished.path())) hash.update(piece as Buffer);
  return hash.digest("hex");
}

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

export async function assertAccessible(page: Page): Promise<void> {
  const { violations } = await page.evaluate<AxeResult>(`${AXE}; axe.run()`);
  assert.deepEqual(violations, []);
}

/** Buttons and fields a thumb can hit, and nothing that sticks out of the screen. */
export async function assertHandy(page: Page): Promise<void> {
  const heights = await page
    .locator("button, input:not([type=checkbox]), label:has(input)")
    .evaluateAll((nodes) => nodes.map((node) => node.getBoundingClientRect().height));
  assert.ok(heights.length > 0 && heights.every((height) => height >= 44), `heights: ${heights.join(" ")}`);
  assert.equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
}
