/** The public download page in Firefox: straight to disk through its service worker, and in a private window. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import { type Firefox, launchFirefox } from "../support/firefox.ts";
import { LIMIT_MS, MIB } from "../support/link-visit.ts";
import { type NocturneProcess, startNocturne, temporaryFolder } from "../support/nocturne-process.ts";
import { buildPages } from "../support/web-app.ts";

before(buildPages);

interface SharedFile {
  readonly url: string;
  readonly sha256: string;
}

async function share(t: TestContext, node: NocturneProcess, bytes: number): Promise<SharedFile> {
  const content = randomBytes(bytes);
  const path = join(temporaryFolder(t), "photos.bin");
  writeFileSync(path, content);
  const put = await node.run<{ id: string }>(["files", "put", path, "--json"]);
  const link = await node.run<{ url: string }>(["files", "link", put.json.id, "--mode", "one-time", "--json"]);
  assert.equal(link.code, 0, link.stderr);
  return { url: link.json.url, sha256: createHash("sha256").update(content).digest("hex") };
}

const SMALL_ONLY = `document.body.innerText.includes("In this window your browser can save files of up to")`;

/** True when the page said that it can stream to disk. */
async function receive({ page, saved }: Firefox, { url, sha256 }: SharedFile): Promise<boolean> {
  await page.goto(url);
  await page.until(`document.querySelector("form")`);
  const streams = !(await page.evaluate<boolean>(SMALL_ONLY));
  await page.press("Download");
  await page.until(`document.querySelector("h1")?.textContent === "Your file is saved"`);
  const content = readFileSync(await saved("photos.bin"));
  assert.equal(createHash("sha256").update(content).digest("hex"), sha256);
  return streams;
}

test("a one-time link opens in a Firefox that has never seen the app, and streams to disk", {
  timeout: LIMIT_MS,
}, async (t) => {
  const firefox = await launchFirefox(t);
  if (!firefox) return;
  const file = await share(t, await startNocturne(t), 40 * MIB);
  assert.ok(await receive(firefox, file));
  const { page } = firefox;
  assert.equal(await page.evaluate("location.hash"), "");
  await page.goto(file.url);
  await page.until(`document.querySelector("h1")?.textContent === "This link was already used"`);
});

test("in a private window of Firefox a small file arrives too, and whether larger ones would is told", {
  timeout: LIMIT_MS,
}, async (t) => {
  const firefox = await launchFirefox(t, { "browser.privatebrowsing.autostart": true });
  if (!firefox) return;
  const file = await share(t, await startNocturne(t), 2 * MIB);
  t.diagnostic(`a private window ${(await receive(firefox, file)) ? "streams" : "collects in memory, and says so"}`);
});

test("in a Firefox without service workers a small file arrives, and the bound is told", {
  timeout: LIMIT_MS,
}, async (t) => {
  const firefox = await launchFirefox(t, { "dom.serviceWorkers.enabled": false });
  if (!firefox) return;
  assert.equal(await receive(firefox, await share(t, await startNocturne(t), 2 * MIB)), false);
});
