/**
 * Files in the web app: put in by the chooser and by drag and drop, got out again byte for byte, shared by a
 * link that a stranger's browser opens, deleted with a way back. Files are compared by SHA-256.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, globSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, CDPSession, Download, Locator, Page } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { type NocturneProcess, startNocturne, temporaryFolder } from "../support/nocturne-process.ts";
import { buildPages, follow, hears, launchLink, openApp, openProfile, press } from "../support/web-app.ts";

before(buildPages);

const MIB = 1_048_576;
const PASSWORD = "correct horse, battery";
/** Slow enough that a person, or a test, sees the upload under way. */
const SLOW_BYTES_PER_SECOND = 8 * MIB;

interface World {
  readonly browser: Browser;
  readonly node: NocturneProcess;
  readonly page: Page;
  readonly folder: string;
  readonly complaints: string[];
}

interface FileJson {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly cipher: string;
}

/** A new node, and its app on the scene of the files. */
async function openWorld(t: TestContext): Promise<World | null> {
  const browser = await launchBrowser(t);
  if (!browser) return null;
  const node = await startNocturne(t);
  const complaints: string[] = [];
  const page = await openApp(browser, node, complaints);
  await follow(page, "Files");
  await hears(page, "No files yet");
  return { browser, node, page, folder: temporaryFolder(t), complaints };
}

test("what is chosen or dropped is listed, and comes back as it went in", async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const { page, node, folder } = world;
  const plan = makeFile(folder, "Überblick – plan (1) \"final\" 'ok' 100%.pdf", 3 * MIB + 17);
  await addFiles(page, [plan.path]);
  const notes = [makeFile(folder, "notes.txt", 0), makeFile(folder, "картина.png", 70_000)];
  await drop(
    page,
    notes.map(({ path }) => path),
  );
  await hears(page, "Add 2 files");
  await page.getByText("Noctis-256").click();
  await press(page, "Encrypt and add");
  await page.getByText("3 files · 3.2 MB on this machine").waitFor();

  assert.deepEqual((await listed(node)).map(({ name, bytes, cipher }) => [name, bytes, cipher]).sort(), [
    ["notes.txt", 0, "noctis-256"],
    [plan.name, plan.bytes, "aes-256-gcm"],
    ["картина.png", 70_000, "noctis-256"],
  ]);
  for (const file of [plan, ...notes]) {
    const download = await downloading(page, () => downloadButton(page, file.name).click());
    assert.equal(download.suggestedFilename(), file.name.replaceAll('"', "_"));
    assert.equal(await sha256Of(download), file.sha256, file.name);
  }
  assert.deepEqual(world.complaints, []);
});

test("an upload shows how far it is, and one that is stopped leaves nothing", async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const { page, node, folder } = world;
  const network = await slowUploads(page);
  await addFiles(page, [makeFile(folder, "film.mkv", 24 * MIB).path]);
  const uploads = page.getByRole("region", { name: "Uploads" });
  const seen = await watchProgress(uploads.getByRole("progressbar", { name: "film.mkv" }));
  assert.ok(new Set(seen).size >= 3, `progress: ${seen}`);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
    "progress never goes back",
  );
  await uploads.getByText("Added").waitFor();

  await addFiles(page, [makeFile(folder, "unwanted.bin", 40 * MIB).path]);
  await uploads.getByRole("progressbar", { name: "unwanted.bin" }).waitFor();
  await page.getByText("uploaded", { exact: false }).first().waitFor(); // also beside the room's name
  await press(page, "Cancel unwanted.bin");
  await uploads.getByText("Cancelled").waitFor();
  await network.detach();
  assert.deepEqual(
    (await listed(node)).map(({ name }) => name),
    ["film.mkv"],
  );
  assert.equal(
    await settled(() => globSync(join(node.dataDir, "blobs/*")).length, 1),
    1,
    "no piece of it stays on disk",
  );
  await press(page, "Clear");
  await uploads.waitFor({ state: "detached" });
  assert.deepEqual(world.complaints, []);
});

test("a one-time link with a password works once, in the browser of a stranger", async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const { page, browser, complaints } = world;
  const file = makeFile(world.folder, "photos.zip", 2 * MIB);
  await addFiles(page, [file.path]);
  await press(page, `Make a link to ${file.name}`);
  await page.getByLabel("Link password (optional)", { exact: true }).fill(PASSWORD);
  await press(page, "Make the link");
  await hears(page, "Your link");
  await page.getByRole("img", { name: `QR code: Link to ${file.name}` }).waitFor();
  const url = await page.getByRole("dialog").locator("code").innerText();
  await press(page, "Done");

  const stranger = await openProfile(browser, complaints);
  await stranger.goto(url);
  await hears(stranger, "A file for you");
  await stranger.getByLabel("Password", { exact: true }).fill(PASSWORD);
  const download = await downloading(stranger, () => press(stranger, "Download"));
  assert.equal(download.suggestedFilename(), file.name);
  assert.equal(await sha256Of(download), file.sha256);
  await hears(stranger, "Your file is saved");
  const late = await openProfile(browser, complaints);
  await late.goto(url);
  await hears(late, "This link was already used");

  await follow(page, "Links");
  await page.getByRole("listitem").filter({ hasText: file.name }).getByText("Used up").waitFor();
  assert.deepEqual(complaints, []);
});

test("a file with a password opens with it, and with the recovery key when it is forgotten", async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const { page } = world;
  const file = makeFile(world.folder, "diary.odt", 300_000);
  await addFiles(page, [file.path], PASSWORD);
  await downloadButton(page, file.name).click();
  await page.getByLabel("Password of this file", { exact: true }).fill("wrong");
  await page.getByRole("dialog").getByRole("button", { name: "Download" }).click();
  await page.getByRole("alert").waitFor();
  assert.match(world.complaints.splice(0).join("\n"), /^Failed to load resource: .* 4\d\d [^\n]*$/);
  await page.getByLabel("Password of this file", { exact: true }).fill(PASSWORD);
  const download = await downloading(page, () =>
    page.getByRole("dialog").getByRole("button", { name: "Download" }).click(),
  );
  assert.equal(await sha256Of(download), file.sha256);

  await choose(page, file.name, "Forgot the password");
  await press(page, "Show the password");
  assert.equal(await page.getByRole("dialog").locator("code").innerText(), PASSWORD);
  await press(page, "Close");
  await choose(page, file.name, "Change password");
  await page.getByLabel("Current password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("New password", { exact: true }).fill("another one");
  await press(page, "Change");
  await page.getByText("The password was changed").waitFor();
  await choose(page, file.name, "Forgot the password");
  await press(page, "Show the password");
  await page.getByRole("dialog").getByText("another one").waitFor();
  assert.deepEqual(world.complaints, []);
});

test("a deleted file can be had back until its notice is gone, or the tab", async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const { page, node, folder } = world;
  const names = ["one.txt", "two.txt", "three.txt"];
  await addFiles(
    page,
    names.map((name) => makeFile(folder, name, 1_000).path),
  );
  const present = async () => (await listed(node)).map(({ name }) => name).sort();

  await choose(page, "one.txt", "Delete");
  await row(page, "one.txt").waitFor({ state: "detached" });
  assert.deepEqual(await present(), names.toSorted(), "nothing is deleted while it can be undone");
  await press(page, "Undo");
  await row(page, "one.txt").waitFor();
  await page.getByText("Moved one.txt to the trash").waitFor({ state: "detached" });
  assert.deepEqual(await present(), names.toSorted());

  await choose(page, "two.txt", "Delete");
  await press(page, "Dismiss");
  await page.getByText("2 files · 2.0 KB on this machine").waitFor();
  assert.deepEqual(await settled(present, ["one.txt", "three.txt"]), ["one.txt", "three.txt"]);

  await choose(page, "three.txt", "Delete");
  await page.getByText("Moved three.txt to the trash").waitFor();
  await page.goto("about:blank");
  assert.deepEqual(await settled(present, ["one.txt"]), ["one.txt"], "a closed tab keeps the promise");
  await page.goto(await launchLink(node));
  await follow(page, "Files");
  await row(page, "one.txt").waitFor();
  assert.deepEqual(world.complaints, []);
});

interface LocalFile {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

function makeFile(folder: string, name: string, bytes: number): LocalFile {
  const path = join(folder, name);
  const content = randomBytes(bytes);
  writeFileSync(path, content);
  return { path, name, bytes, sha256: createHash("sha256").update(content).digest("hex") };
}

/** By the file chooser behind the button, as a click on it would. */
async function addFiles(page: Page, paths: readonly string[], password = ""): Promise<void> {
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), press(page, "Add files")]);
  await chooser.setFiles([...paths]);
  await page.getByLabel("Password (optional)", { exact: true }).fill(password);
  await press(page, "Encrypt and add");
  await page.getByRole("region", { name: "Uploads" }).waitFor();
}

/** The events of a real drag from the desktop, which no page can make by itself. */
async function drop(page: Page, files: string[]): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  const at = { x: 700, y: 500, data };
  await devtools.send("Input.dispatchDragEvent", { type: "dragEnter", ...at });
  await devtools.send("Input.dispatchDragEvent", { type: "dragOver", ...at });
  await page.getByText("Drop to add to your files").waitFor();
  await devtools.send("Input.dispatchDragEvent", { type: "drop", ...at });
  await page.getByText("Drop to add to your files").waitFor({ state: "detached" });
  await devtools.detach();
}

async function slowUploads(page: Page): Promise<CDPSession> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: SLOW_BYTES_PER_SECOND,
  });
  return devtools;
}

/** The percents that the bar tells to a screen reader until it is gone. */
async function watchProgress(bar: Locator): Promise<number[]> {
  await bar.waitFor();
  const seen: number[] = [];
  while ((await bar.count()) > 0) {
    const value = await bar.getAttribute("aria-valuenow", { timeout: 1_000 }).catch(() => null);
    if (value !== null) seen.push(Number(value));
    await sleep(50);
  }
  return seen;
}

async function downloading(page: Page, click: () => Promise<void>): Promise<Download> {
  const [download] = await Promise.all([page.waitForEvent("download"), click()]);
  return download;
}

async function sha256Of(download: Download): Promise<string> {
  assert.equal(await download.failure(), null);
  const hash = createHash("sha256");
  for await (const piece of createReadStream(await download.path())) hash.update(piece as Buffer);
  return hash.digest("hex");
}

/** The file in the list, known by its menu. */
function row(page: Page, name: string): Locator {
  return page.getByRole("button", { name: `More for ${name}`, exact: true });
}

function downloadButton(page: Page, name: string): Locator {
  return page.getByRole("button", { name: `Download ${name}`, exact: true });
}

async function choose(page: Page, name: string, action: string): Promise<void> {
  await row(page, name).click();
  await page.getByRole("menuitem", { name: action, exact: true }).click();
}

async function listed(node: NocturneProcess): Promise<readonly FileJson[]> {
  const { json, code, stderr } = await node.run<FileJson[]>(["files", "ls", "--json"]);
  assert.equal(code, 0, stderr);
  return json;
}

/** The value once it equals what is expected, or what it is after a while. */
async function settled<T>(ask: () => T | Promise<T>, expected: T): Promise<T> {
  const same = (value: T): boolean => JSON.stringify(value) === JSON.stringify(expected);
  let value = await ask();
  for (let i = 0; i < 20 && !same(value); i++) {
    await sleep(250);
    value = await ask();
  }
  return value;
}
