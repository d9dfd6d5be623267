/** What tests of the public download page do: a node, a browser, and somebody who opens a link in it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { after, type TestContext } from "node:test";
import type { Browser, Download, Page } from "playwright-core";
import { assertAccessible, assertHandy } from "./accessibility.ts";
import { launchBrowser } from "./browser.ts";
import { untilTheEnd } from "./cleanup.ts";
import { type NocturneProcess, startNocturne } from "./nocturne-process.ts";
import { askUntil } from "./wait.ts";

export const MIB = 1_048_576;
/** A download that neither ends nor fails must not hold up the other tests. */
export const LIMIT_MS = 180_000;
/** A telephone and a desk. */
export const WIDTHS: readonly number[] = [360, 1440];

export interface World {
  readonly node: NocturneProcess;
  readonly browser: Browser;
  /** What the browser complained of on any page. */
  readonly complaints: string[];
}

/** One node serves all tests of a file, which know their links; `alone` is for those that end it or name their files alike. */
export async function openWorld(
  t: TestContext,
  { args = [], alone = false }: { readonly args?: readonly string[]; readonly alone?: boolean } = {},
): Promise<World | null> {
  const browser = await launchBrowser(t, args);
  if (!browser) return null;
  const node = alone ? await startNocturne(t) : await (shared ??= startNocturne(wholeFile));
  return { node, browser, complaints: [] };
}

let shared: Promise<NocturneProcess> | null = null;
const { owner: wholeFile, end } = untilTheEnd();
after(end);

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

/**
 * Waits until the tab has forgotten the link's secret and its lease. Not by waitForFunction, which calls eval again and
 * again: the page's policy forbids that to everybody but the debugger, so it works only when the first look is right.
 */
export async function untilNothingIsKept(page: Page): Promise<void> {
  const look = (): Promise<unknown> => page.evaluate("[sessionStorage.length, history.state]");
  await askUntil("the tab keeps nothing", look, (kept) => JSON.stringify(kept) === "[0,null]");
}

/** A view for everybody, on every screen; each of these has something to press. */
export async function assertUsable(page: Page, what: string): Promise<void> {
  await assertAccessible(page, what);
  assert.ok((await assertHandy(page, what)) > 0, `${what}: nothing to press`);
}

export async function sha256Of(finished: Download): Promise<string> {
  assert.equal(await finished.failure(), null);
  const hash = createHash("sha256");
  for await (const piece of createReadStream(await finished.path())) hash.update(piece as Buffer);
  return hash.digest("hex");
}
