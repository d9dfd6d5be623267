/**
 * The web app of a running node in a browser, as a person meets it: a profile of one's own, a launch link,
 * scenes. Whatever the browser complains of on the way (an error, a warning, a broken content security
 * policy) is kept, so that a test can end with `assert.deepEqual(complaints, [])`.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { Launch } from "../../src/api/contract.ts";
import type { NocturneProcess } from "./nocturne-process.ts";
import { ask } from "./people.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** For one step of a person; generous, because several browsers and nodes may share two cores. */
const STEP_MS = 20_000;

export const PHONE = { width: 360, height: 740 } as const;
export const DESK = { width: 1440, height: 900 } as const;

/** Builds the pages unless they are there and newer than everything they are made of. */
export function buildPages(): void {
  const sources = globSync("{web/**/*.*,src/{crypto,core}/*.ts}", { cwd: ROOT });
  const newestMs = Math.max(...sources.map((path) => modifiedMs(join(ROOT, path))));
  const built = ["app", "download"].map((part) => modifiedMs(join(ROOT, "dist/web", part, "index.html")));
  if (Math.min(...built) >= newestMs) return;
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, "scripts/prepare.mjs")], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

/** A window of a new profile, which shares nothing with any other. Its complaints are added to the list. */
export async function openProfile(
  browser: Browser,
  complaints: string[],
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ viewport: DESK, ...options });
  context.setDefaultTimeout(STEP_MS);
  context.on("console", (message) => {
    const { url, lineNumber } = message.location();
    if (["error", "warning"].includes(message.type())) complaints.push(`${message.text()} (${url}:${lineNumber})`);
  });
  context.on("weberror", (error) => complaints.push(error.error().stack || String(error.error())));
  return context.newPage();
}

/** A new profile in which the node's app is open: by the link it printed at its start, or by another one. */
export async function openApp(
  browser: Browser,
  node: NocturneProcess,
  complaints: string[],
  options: BrowserContextOptions & { readonly url?: string } = {},
): Promise<Page> {
  const { url = node.url, ...rest } = options;
  const page = await openProfile(browser, complaints, rest);
  await page.goto(url);
  await page.getByRole("navigation", { name: "Nocturne" }).waitFor();
  // The way from "/" to the first scene is over: it would undo a step that is taken before.
  await page.getByRole("main").getByRole("heading").first().waitFor({ state: "attached" });
  return page;
}

/** A further launch link, which `nocturne open` prints too. */
export async function launchLink(node: NocturneProcess): Promise<string> {
  return (await ask<Launch>(node, "POST", "/launch")).url;
}

/** To a scene by its address, without a reload: a reload would end the session. */
export async function visit(page: Page, address: string): Promise<void> {
  await page.evaluate(`location.assign(${JSON.stringify(`#${address}`)})`);
}

/** Waits for the scene or dialog of this heading. */
export async function hears(page: Page, heading: string | RegExp): Promise<void> {
  await page.getByRole("heading", { name: heading, exact: typeof heading === "string" }).waitFor();
}

export async function press(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole("button", { name, exact: typeof name === "string" }).click();
}

export async function follow(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole("link", { name, exact: typeof name === "string" }).click();
}

function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
