/** Chromium for the browser tests, driven by playwright-core. */
import { after, type TestContext } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { atEnd } from "./cleanup.ts";
import { findProgram, requireTool } from "./tools.ts";

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

const TELL_MS = 5_000;
const TOLD_LINES = 60;
const TOLD_CHARACTERS = 2_000;

/** A start costs seconds, so tests of one file share a browser; its profiles, which share nothing, end with their test. */
const running = new Map<string, Browser>();
after(async () => {
  for (const browser of running.values()) await browser.close();
});

/**
 * A headless browser without a profile; null after a loud skip where Chromium is not installed. Unless it has to be `whole`,
 * it is the build without a window, where it is installed: the same pages for a fifth less work, and no PDF viewer.
 */
export async function launchBrowser(
  t: TestContext,
  more: readonly string[] = [],
  { whole = false }: { readonly whole?: boolean } = {},
): Promise<Browser | null> {
  const shell = whole ? null : findProgram("chromium-headless-shell");
  const executablePath = shell ?? requireTool(t, "chromium");
  if (executablePath === null) return null;
  const key = [executablePath, ...more].join(" ");
  const known = running.get(key);
  const browser = known?.isConnected() // one that crashed fails its own test, and not those after it
    ? known
    : await chromium.launch({ executablePath, headless: true, args: [...ARGUMENTS, ...more] });
  running.set(key, browser);
  atEnd(t, async () => {
    if (!hasPassed(t)) for (const context of browser.contexts()) for (const page of context.pages()) await tell(page);
    await Promise.all(browser.contexts().map((context) => context.close()));
  });
  return browser;
}

/** `passed` is documented, and missing from the types of this version. */
function hasPassed(t: TestContext): boolean {
  return "passed" in t && t.passed === true;
}

/** What a page showed when its test failed: on a machine of others it is all that one gets to see of it. */
async function tell(page: Page): Promise<void> {
  const text = await page.locator("body").innerText({ timeout: TELL_MS }).catch(String);
  const lines = text.split(/\n+/).slice(-TOLD_LINES).join(" | ");
  console.log(`page ${page.url()} showed: ${lines.slice(-TOLD_CHARACTERS)}`);
}
