/** Chromium for the browser tests, driven by playwright-core. */
import type { TestContext } from "node:test";
import { type Browser, chromium } from "playwright-core";
import { atEnd } from "./cleanup.ts";
import { requireTool } from "./tools.ts";

/** Quiet and deterministic: no sandbox (the tests may run as root), no calls to anybody but the page under test. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A headless browser that closes with the test; null after a loud skip where Chromium is not installed. */
export async function launchBrowser(t: TestContext, more: readonly string[] = []): Promise<Browser | null> {
  const executablePath = requireTool(t, "chromium");
  if (executablePath === null) return null;
  const browser = await chromium.launch({ executablePath, headless: true, args: [...ARGUMENTS, ...more] });
  atEnd(t, () => browser.close());
  return browser;
}
