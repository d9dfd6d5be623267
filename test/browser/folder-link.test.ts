/** A folder by a link, as its recipient meets it: one zip that is made in his browser, or one file of it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import { assertAccessible } from "../support/accessibility.ts";
import {
  assertUsable,
  hears,
  LIMIT_MS,
  MIB,
  openWorld,
  press,
  untilNothingIsKept,
  visit,
  type World,
} from "../support/link-visit.ts";
import { temporaryFolder } from "../support/nocturne-process.ts";
import { requireTool } from "../support/tools.ts";
import { buildPages } from "../support/web-app.ts";

const NOTE = "Für dich:\ndie Pläne.";
/** Path in the folder -> content. */
const FILES: Readonly<Record<string, Buffer>> = {
  "garden.bin": randomBytes(3 * MIB + 7),
  "empty.txt": Buffer.alloc(0),
  "2026/Böse Überraschung 🌙.bin": randomBytes(40_000),
};

before(buildPages);

async function run<T>({ node }: World, ...args: string[]): Promise<T> {
  const result = await node.run<T>(["files", ...args, "--json"]);
  assert.equal(result.code, 0, result.stderr);
  return result.json;
}

/** /Plans with FILES, and their ids. */
async function putPlans(t: TestContext, world: World): Promise<Record<string, string>> {
  await run(world, "mkdir", "/Plans");
  await run(world, "mkdir", "/Plans/2026");
  const ids: Record<string, string> = {};
  for (const [path, content] of Object.entries(FILES)) {
    const [name, folder = ""] = path.split("/").reverse() as [string, string?];
    const source = join(temporaryFolder(t), name);
    writeFileSync(source, content);
    ids[path] = (await run<{ id: string }>(world, "put", source, "--to", `/Plans/${folder}`)).id;
  }
  return ids;
}

/** What Debian's unzip, which knows nothing of us, makes of a zip: path -> content. */
function unzipped(t: TestContext, unzip: string, zip: string): Record<string, Buffer> {
  const folder = join(temporaryFolder(t), "out");
  mkdirSync(folder);
  execFileSync(unzip, ["-q", zip, "-d", folder], { env: { ...process.env, LC_ALL: "C.UTF-8" } });
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path)];
    }),
  );
}

async function save(page: Page, button: string): Promise<{ name: string; path: string }> {
  const [started] = await Promise.all([page.waitForEvent("download"), press(page, button)]);
  assert.equal(await started.failure(), null);
  return { name: started.suggestedFilename(), path: await started.path() };
}

test("a folder comes as one zip and file by file, on one use of the link, with the sender's note as text", {
  timeout: LIMIT_MS,
}, async (t) => {
  const unzip = requireTool(t, "unzip");
  const world = unzip && (await openWorld(t, { alone: true }));
  if (!world) return;
  await putPlans(t, world);
  const link = await run<{ url: string; slug: string }>(
    world,
    "link",
    "/Plans",
    "--mode",
    "one-time",
    "--note",
    `${NOTE}<b>`,
  );
  for (const width of [360, 1440]) await hears(await visit(world, link.url, width), "A file for you");
  const page = await visit(world, link.url, 360);
  await press(page, "Download");
  await hears(page, "A folder for you");
  await assertUsable(page, "a folder");
  assert.equal(await page.locator("blockquote").innerText(), `${NOTE}<b>`);
  await hears(await visit(world, link.url), "This link was already used");

  const one = await save(page, "Save 2026/Böse");
  assert.equal(one.name, "Böse Überraschung 🌙.bin");
  assert.ok(readFileSync(one.path).equals(FILES["2026/Böse Überraschung 🌙.bin"] as Buffer));
  await press(page, "Back to the folder");
  assert.equal(
    await page.evaluate("sessionStorage.length"),
    1,
    "what was not saved yet can still be had after a reload",
  );
  const zip = await save(page, "Download all as a zip");
  assert.equal(zip.name, "Plans.zip");
  const files = unzipped(t, unzip, zip.path);
  const hash = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
  const wanted = Object.entries(FILES).map(([path, content]) => [`Plans/${path}`, hash(content)]);
  assert.deepEqual(
    Object.fromEntries(Object.entries(files).map(([path, content]) => [path, hash(content)])),
    Object.fromEntries(wanted),
  );
  await hears(page, "Your file is saved");
  await untilNothingIsKept(page);
  await page.reload();
  await hears(page, "This link was already used");
  assert.deepEqual(world.complaints, []);
});

test("what the sender deleted is named, and everything else still comes", { timeout: LIMIT_MS }, async (t) => {
  const unzip = requireTool(t, "unzip");
  const world = unzip && (await openWorld(t, { alone: true }));
  if (!world) return;
  const ids = await putPlans(t, world);
  const { url, slug } = await run<{ url: string; slug: string }>(world, "link", "/Plans");
  const early = await visit(world, url);
  await press(early, "Download");
  await hears(early, "A folder for you");
  await run(world, "rm", ids["garden.bin"] ?? "");
  const [broken] = await Promise.all([early.waitForEvent("download"), press(early, "Download all as a zip")]);
  assert.notEqual(await broken.failure(), null, "a zip without one of its files looked complete");
  await hears(early, "A file was taken back");
  await press(early, "Start again");
  await press(early, "Download");
  await early.getByText("The sender has deleted it.").waitFor();
  const files = unzipped(t, unzip, (await save(early, "Download all as a zip")).path);
  assert.deepEqual(Object.keys(files).sort(), ["Plans/2026/Böse Überraschung 🌙.bin", "Plans/empty.txt"]);

  const late = await visit(world, url, 360);
  await press(late, "Download");
  await late.getByText("The sender has deleted it.").waitFor();
  await assertAccessible(late, "gone");
  await run(world, "rm", "/Plans");
  await Promise.all([late.waitForEvent("download"), press(late, "Download all as a zip")]);
  await hears(late, "The sender has ended this link");
  await hears(await visit(world, url), "The sender has ended this link");
  assert.ok(!world.node.log().includes(slug), "the log names a link");
});
