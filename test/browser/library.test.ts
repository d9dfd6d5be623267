/** Folders, versions, the trash and search in the web app, by mouse and by keyboard. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import type { Page } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { startNocturne, temporaryFolder } from "../support/nocturne-process.ts";
import { buildPages, follow, hears, openApp, press } from "../support/web-app.ts";

before(buildPages);

async function choose(page: Page, name: string, action: string): Promise<void> {
  await page.getByRole("button", { name: `More for ${name}`, exact: true }).click();
  await page.getByRole("menuitem", { name: action, exact: true }).click();
}

async function dismiss(page: Page, notice: string): Promise<void> {
  await page.getByRole("dialog", { name: notice }).getByLabel("Dismiss").click();
}

async function makeFolder(page: Page, name: string): Promise<void> {
  await press(page, "New folder");
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name, exact: true }).waitFor();
}

test("files are put into folders, renamed, moved, found, deleted and brought back", async (t) => {
  const browser = await launchBrowser(t);
  if (!browser) return;
  const node = await startNocturne(t);
  const complaints: string[] = [];
  const page = await openApp(browser, node, complaints);
  const input = join(temporaryFolder(t), "plan.txt");
  const put = async (text: string): Promise<void> => {
    writeFileSync(input, text);
    assert.equal((await node.run(["files", "put", input, "--replace"])).code, 0);
  };
  const paths = async (): Promise<string[]> => {
    const { json } = await node.run<{ path: string }[]>(["files", "search", "txt", "--json"]);
    return json.map(({ path }) => path);
  };
  await follow(page, "Files");
  await hears(page, "No files yet");
  await makeFolder(page, "Plans");
  await makeFolder(page, "Old");
  await put("one");
  await put("second");
  await page.getByText("1 earlier, 3 B").waitFor();
  await choose(page, "plan.txt", "Earlier versions");
  await press(page, "Restore");
  await page.getByText("That version is the newest now").waitFor();
  await page.keyboard.press("Escape");
  assert.equal((await node.run(["files", "get", "/plan.txt", "-o", "-"])).stdout, "one");

  await choose(page, "plan.txt", "Rename");
  await page.getByLabel("New name of plan.txt").fill("garden.txt");
  await page.keyboard.press("Enter");
  await choose(page, "garden.txt", "Move");
  await page.getByRole("button", { name: "Plans", exact: true }).click();
  await page.getByText("To /Plans").waitFor();
  await press(page, "Move here");
  await page.getByText("garden.txt", { exact: true }).waitFor({ state: "detached" });
  assert.deepEqual(await paths(), ["/Plans/garden.txt"]);
  await page
    .getByRole("link", { name: "Plans", exact: true })
    .dragTo(page.getByRole("link", { name: "Old", exact: true }));
  await page.getByRole("link", { name: "Plans", exact: true }).waitFor({ state: "detached" });
  assert.deepEqual(await paths(), ["/Old/Plans/garden.txt"]);

  await page.getByRole("link", { name: "Old", exact: true }).click();
  await page.getByRole("link", { name: "Plans", exact: true }).click();
  await page.getByText("garden.txt", { exact: true }).waitFor();
  await choose(page, "garden.txt", "Delete");
  await dismiss(page, "Moved garden.txt to the trash");
  await hears(page, "Nothing in this folder yet");
  await page.getByRole("link", { name: "All files" }).click();
  await page.getByRole("link", { name: "Trash" }).click();
  await press(page, "Restore garden.txt");
  await hears(page, "The trash is empty");
  assert.deepEqual(await paths(), ["/Old/Plans/garden.txt"]);

  await page.getByRole("link", { name: "Back" }).click();
  for (const name of ["1", "2", "3", "4", "5"]) await makeFolder(page, name);
  await page.getByLabel("Find a file by its name").fill("GARD");
  await page.getByText("/Old/Plans/garden.txt").waitFor();
  await choose(page, "garden.txt", "Delete");
  await dismiss(page, "Moved garden.txt to the trash");
  await page.getByRole("link", { name: "Trash" }).click();
  await press(page, "Empty the trash");
  await press(page, "Delete for good");
  await hears(page, "The trash is empty");
  assert.deepEqual(await paths(), []);
  assert.deepEqual(complaints, []);
});

test("a folder is shared with a note, its link shows how it stands, and is ended after a question", async (t) => {
  const browser = await launchBrowser(t);
  if (!browser) return;
  const node = await startNocturne(t);
  const complaints: string[] = [];
  const page = await openApp(browser, node, complaints);
  const input = join(temporaryFolder(t), "plan.txt");
  writeFileSync(input, "roses");
  await follow(page, "Files");
  await makeFolder(page, "Plans");
  await choose(page, "Plans", "Make a link");
  await press(page, "Make the link");
  await page.getByText("This folder holds no files to share.").waitFor();
  assert.equal((await node.run(["files", "put", input, "--to", "/Plans"])).code, 0);
  await page.getByLabel("Note (optional)").fill("For Grace");
  await press(page, "Make the link");
  await hears(page, "Your link");
  await page.getByText("Gives 1 file, as when the link was made").waitFor();
  await page.getByRole("img", { name: "QR code: Link to Plans" }).waitFor();
  await press(page, "Done");
  const [link] = (await node.run<{ url: string; note: string }[]>(["files", "links", "--json"])).json;
  assert.equal(link?.note, "For Grace");
  const here = temporaryFolder(t);
  assert.equal((await node.run(["files", "fetch"], { cwd: here, stdin: link?.url ?? "" })).code, 0);
  await follow(page, "Links");
  await page.getByText("Folder of 1 file").waitFor();
  await page.getByText("Used up").waitFor();
  await page.getByText("Opened once").waitFor();
  await choose(page, "the link to Plans", "Revoke");
  await hears(page, "Revoke this link?");
  await press(page, "Revoke");
  await page.getByText("No links yet").waitFor();
  assert.equal(complaints.length, 1, "the refusal of the empty folder alone");
});
