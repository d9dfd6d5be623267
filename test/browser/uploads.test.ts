/**
 * Uploads in the web app that something comes in between: a closed tab, a lost network, a person who pauses; and whole
 * folders, by the chooser and by drag and drop. Files are compared by SHA-256.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import type { CDPSession, Page } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { type NocturneProcess, startNocturne, temporaryFolder } from "../support/nocturne-process.ts";
import { buildPages, follow, hears, launchLink, openApp, press } from "../support/web-app.ts";

before(buildPages);

const MIB = 1_048_576;
const FILM_BYTES = 24 * MIB;
const MANY = 90;
const FEW = 30;
/** Slow enough that something can come in between. */
const SLOW = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 12 * MIB };

interface FileJson {
  readonly id: string;
  readonly name: string;
  readonly path: string;
}

interface World {
  readonly node: NocturneProcess;
  readonly page: Page;
  readonly folder: string;
  readonly complaints: string[];
}

async function openWorld(t: TestContext): Promise<World | null> {
  const browser = await launchBrowser(t);
  if (!browser) return null;
  const node = await startNocturne(t);
  const complaints: string[] = [];
  const page = await openApp(browser, node, complaints);
  await follow(page, "Files");
  await hears(page, "No files yet");
  return { node, page, folder: temporaryFolder(t), complaints };
}

function makeFile(folder: string, name: string, bytes: number): { path: string; sha256: string } {
  const path = join(folder, name);
  writeFileSync(path, randomBytes(bytes));
  return { path, sha256: sha256Of(path) };
}

function sha256Of(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

async function network(page: Page, conditions: typeof SLOW): Promise<CDPSession> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", conditions);
  return devtools;
}

async function choose(page: Page, button: string, path: string): Promise<void> {
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), press(page, button)]);
  await chooser.setFiles(path);
}

async function add(page: Page, path: string): Promise<void> {
  await choose(page, "Add files", path);
  await press(page, "Encrypt and add");
}

/** Waits until the bar of this file tells so many percent. */
async function untilPercent(page: Page, name: string, percent: number): Promise<void> {
  const bar = page.getByRole("progressbar", { name });
  for (;;) if (Number(await bar.getAttribute("aria-valuenow", { timeout: 10_000 })) >= percent) return;
}

async function assertInside(t: TestContext, node: NocturneProcess, sha256: string): Promise<void> {
  const { json } = await node.run<FileJson[]>(["files", "ls", "--json"]);
  assert.equal(json.length, 1);
  const output = join(temporaryFolder(t), "out");
  await node.run(["files", "get", json[0]?.id ?? "", "-o", output]);
  assert.equal(sha256Of(output), sha256);
}

test("an upload that a closed browser cut in the middle goes on when the same file is chosen again", async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const { node, folder, complaints } = world;
  const film = makeFile(folder, "film.mkv", FILM_BYTES);
  await network(world.page, SLOW);
  await add(world.page, film.path);
  await untilPercent(world.page, "film.mkv", 50);
  await world.page.close();

  const page = await world.page.context().newPage();
  const sent: number[] = [];
  page.on("request", (request) => {
    if (request.method() === "PATCH") sent.push(Number(request.headers()["upload-offset"]));
  });
  await page.goto(await launchLink(node));
  await follow(page, "Files");
  await page.getByText(/Interrupted at [4-9]\d %/).waitFor();
  const other = makeFile(temporaryFolder(t), "film.mkv", FILM_BYTES);
  utimesSync(other.path, 1, 1);
  await choose(page, "Choose the file again", other.path);
  await page.getByText("This is another file.").waitFor();
  await choose(page, "Choose the file again", film.path);
  await page
    .getByRole("region", { name: "Uploads" })
    .getByText(/^Added/)
    .waitFor();
  await page.getByText("1 file · 25 MB on this machine").waitFor();
  assert.ok((sent[0] ?? 0) > 0.4 * FILM_BYTES, `it went on at ${sent[0]}`);
  await assertInside(t, node, film.sha256);
  assert.deepEqual(complaints, []);
});

test("a network that is lost is waited for; a pause holds an upload until it is resumed", async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const { node, page, folder } = world;
  const film = makeFile(folder, "film.mkv", FILM_BYTES);
  const devtools = await network(page, SLOW);
  await add(page, film.path);
  await untilPercent(page, "film.mkv", 25);
  await devtools.send("Network.emulateNetworkConditions", { ...SLOW, offline: true });
  const uploads = page.getByRole("region", { name: "Uploads" });
  await uploads.getByText("Waiting for Nocturne").waitFor();
  await devtools.send("Network.emulateNetworkConditions", SLOW);
  await untilPercent(page, "film.mkv", 60);
  await press(page, "Pause film.mkv");
  await uploads.getByText("Paused").waitFor();
  const offset = async (): Promise<number | undefined> =>
    (await node.run<{ offset: number }[]>(["files", "uploads", "--json"])).json[0]?.offset;
  const before = await offset();
  assert.ok(before !== undefined && before > 0.5 * FILM_BYTES && before < FILM_BYTES);
  assert.equal(await offset(), before, "nothing comes while it is paused");
  await press(page, "Resume film.mkv");
  await uploads.getByText(/^Added/).waitFor();
  await assertInside(t, node, film.sha256);
  const complaints = world.complaints.filter((words) => !words.includes("ERR_INTERNET_DISCONNECTED"));
  assert.deepEqual(complaints, []);
});

test("what the node refuses early is told in its words, and can be tried again", async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const { node, page, folder, complaints } = world;
  const film = makeFile(folder, "film.mkv", 9 * MIB);
  const note = makeFile(folder, "note.txt", 7 * MIB);
  const { json } = await node.run<{ id: string }>(["files", "mkdir", "/Plans", "--json"]);
  await page.getByRole("link", { name: "Plans" }).click();
  await hears(page, "Nothing in this folder yet");
  for (const { path } of [film, note]) {
    await choose(page, "Add files", path);
    await node.run(["files", "rm", "/Plans"]);
    await press(page, "Encrypt and add");
    const refused = page.getByRole("region", { name: "Uploads" }).getByText("There is no such folder.");
    await refused.first().waitFor();
    await node.run(["files", "restore", json.id]);
    await press(page, /^Resume /);
    await refused.waitFor({ state: "detached" });
    await page
      .getByRole("region", { name: "Uploads" })
      .getByText(/^Added/)
      .last()
      .waitFor();
  }
  const refusals = complaints.filter((words) => !/Failed to load resource: .* 404/.test(words));
  assert.deepEqual(refusals, []);
});

test("a whole folder comes in with its folders, chosen or dropped, small files side by side", async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const { node, page, folder, complaints } = world;
  const photos = join(folder, "Photos");
  mkdirSync(join(photos, "2026/sea"), { recursive: true });
  mkdirSync(join(photos, "empty"));
  const makePhotos = (count: number): string[] => {
    const paths = Array.from({ length: count }, (_, i) => join(["", "2026", "2026/sea"][i % 3] ?? "", `${i}.jpg`));
    for (const path of paths) writeFileSync(join(photos, path), path);
    return paths;
  };

  const assertThere = async (paths: readonly (string | undefined)[]): Promise<void> => {
    for (const path of paths) {
      const { stdout } = await node.run(["files", "get", `/Photos/${path}`, "-o", "-"]);
      assert.equal(stdout, path);
    }
  };
  const few = makePhotos(FEW);
  await choose(page, "Add a whole folder", photos);
  await hears(page, `Add 3 folders with ${FEW} files`);
  await press(page, "Encrypt and add");
  await page.getByText("All done").waitFor();
  await assertThere([few[1], few[FEW - 1]]);
  await press(page, "Clear");
  await node.run(["files", "mv", "/Photos", "/Chosen"]);

  const many = makePhotos(MANY);
  await drop(page, [photos]);
  await hears(page, `Add 4 folders with ${MANY} files`);
  await press(page, "Encrypt and add");
  await page.getByText("All done").waitFor();
  const { json: inside } = await node.run<FileJson[]>(["files", "ls", "/Photos", "--json"]);
  assert.deepEqual(
    inside.slice(0, 2).map(({ name }) => name),
    ["2026", "empty"],
  );
  assert.equal(inside.length, 2 + MANY / 3);
  await assertThere([many[2], many[MANY - 1]]);
  assert.deepEqual(complaints, []);
});

/** The events of a real drag from the desktop, which no page can make by itself. */
async function drop(page: Page, files: string[]): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const at = { x: 700, y: 500, data: { items: [], files, dragOperationsMask: 1 } };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await devtools.send("Input.dispatchDragEvent", { type, ...at });
  }
  await devtools.detach();
}
