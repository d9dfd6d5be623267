/**
 * A channel in the web app: two nodes, two browser profiles, one link. The owner makes it, posts, edits and
 * deletes; the reader joins by the link or by a picture of its QR code, and is shed by a fresh start.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, type TestContext, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import type { Channel } from "../../src/api/contract.ts";
import { launchBrowser } from "../support/browser.ts";
import { untilTheEnd } from "../support/cleanup.ts";
import { type NocturneProcess, startNocturne } from "../support/nocturne-process.ts";
import { ask } from "../support/people.ts";
import { buildPages, DESK, follow, hears, launchLink, openApp, PHONE, press, visit } from "../support/web-app.ts";

before(buildPages);

interface World {
  readonly owner: { readonly node: NocturneProcess; readonly page: Page };
  readonly reader: { readonly node: NocturneProcess; readonly page: Page };
  readonly complaints: string[];
}

test("a channel is made, read by its link, edited, deleted from and started afresh", async (t) => {
  const world = await open(t);
  if (!world) return;
  const { owner, reader, complaints } = world;
  await make(owner.page, "Night sky");
  await write(owner.page, "The moon is full");
  await join(reader.page, await linkOf(owner.page));
  await hears(reader.page, "Night sky");
  await post(reader.page, 1).getByText("The moon is full").waitFor();
  assert.equal(await reader.page.getByLabel("Post in Night sky").count(), 0, "a reader cannot post");
  assert.equal(await reader.page.getByRole("button", { name: "Actions for post 1" }).count(), 0);

  await write(owner.page, "Look up");
  await post(reader.page, 2).getByText("Look up").waitFor();
  await act(owner.page, 1, "Reply");
  await write(owner.page, "And it is red");
  await post(reader.page, 3).getByText("Answers post 1").waitFor();
  await act(owner.page, 2, "Edit");
  await owner.page.getByLabel("New text").fill("Look west");
  await press(owner.page, "Save");
  await post(reader.page, 2).getByText("Look west").waitFor();
  await post(reader.page, 2).getByText("edited").waitFor();
  await act(owner.page, 1, "Delete");
  await press(owner.page, "Delete");
  await post(reader.page, 1).getByText("The owner deleted this post").waitFor();
  assert.equal(await reader.page.getByText("The moon is full").count(), 0);

  await action(owner.page, "Night sky", "Start afresh…");
  await press(owner.page, "Start afresh");
  const link = await shownLink(owner.page);
  await write(owner.page, "Among friends");
  await reader.page.getByText("The owner started afresh", { exact: true }).waitFor();
  assert.equal(await reader.page.getByText("Among friends").count(), 0);
  await follow(reader.page, "I have the new link");
  await fillLink(reader.page, link);
  await reader.page.getByRole("article").getByText("Among friends").waitFor();

  await action(reader.page, "Night sky", "Leave…");
  await press(reader.page, "Leave");
  await hears(reader.page, "No channels yet");
  assert.deepEqual(complaints, []);
});

test("a file is attached to a post and fetched by a reader", async (t) => {
  const world = await open(t);
  if (!world) return;
  const { owner, reader, complaints } = world;
  await make(owner.page, "Maps");
  const content = randomBytes(100_000);
  const file = { name: "caves.png", mimeType: "image/png", buffer: content };
  await owner.page.getByLabel("Files to attach").setInputFiles([file]);
  await owner.page.getByRole("list", { name: "Attached files" }).getByText(file.name).waitFor();
  await write(owner.page, "Where to go");
  await owner.page.getByRole("list", { name: "Attached files" }).waitFor({ state: "detached" });
  await join(reader.page, await linkOf(owner.page));
  const card = post(reader.page, 1).getByRole("link", { name: file.name });
  await card.waitFor();
  const [visited] = await Promise.all([reader.page.waitForEvent("popup"), card.click()]);
  const [download] = await Promise.all([visited.waitForEvent("download"), press(visited, "Download")]);
  assert.equal(await download.failure(), null);
  assert.deepEqual(readFileSync(await download.path()), content);
  assert.deepEqual(complaints, []);
});

test("a channel is joined by a picture of its QR code; a wrong link is refused in words", async (t) => {
  const world = await open(t);
  if (!world) return;
  const { owner, reader, complaints } = world;
  await make(owner.page, "Signs");
  await press(owner.page, "Link to this channel");
  const picture = await owner.page.getByRole("img", { name: "QR code: Link to Signs" }).screenshot();
  await visit(reader.page, "/join");
  await press(reader.page, "Scan a QR code");
  const input = reader.page.getByLabel("Picture of a QR code");
  await input.setInputFiles([{ name: "code.png", mimeType: "image/png", buffer: picture }]);
  await reader.page.getByRole("dialog").waitFor({ state: "detached" });
  assert.match(await reader.page.getByLabel("Link of the channel").inputValue(), /^nocturne:channel\//);
  await press(reader.page, "Join");
  await hears(reader.page, "Signs");

  await visit(reader.page, "/join");
  await fillLink(reader.page, "nocturne:channel/AAAA");
  await reader.page.getByText("This is not the link of a channel").waitFor();
  assert.match(complaints.join("\n"), /^[^\n]*400 \(Bad Request\)[^\n]*$/, "only the refusal");
});

test("300 posts open at the newest, earlier ones are asked for, and nothing sticks out of a telephone", async (t) => {
  const world = await open(t);
  if (!world) return;
  const { owner, complaints } = world;
  const { id } = await ask<Channel>(owner.node, "POST", "/channels", { name: "Busy" });
  for (let n = 1; n <= 300; n++) await ask(owner.node, "POST", `/channels/${id}/posts`, { text: `post ${n}` });
  for (const size of [PHONE, DESK]) {
    await owner.page.setViewportSize(size);
    await visit(owner.page, "/channels");
    await follow(owner.page, /^Busy/);
    await owner.page.getByText("post 300", { exact: true }).waitFor();
    await inSight(post(owner.page, 300));
    const wide = await owner.page.evaluate<boolean>("document.documentElement.scrollWidth > innerWidth");
    assert.equal(wide, false, `${size.width} px`);
  }
  assert.equal(await owner.page.getByText("post 1", { exact: true }).count(), 0);
  const earlier = owner.page.getByRole("button", { name: "Earlier posts" });
  while ((await earlier.count()) > 0) {
    const before = await owner.page.getByRole("article").count();
    await earlier.click();
    await owner.page.getByRole("article").nth(before).waitFor();
  }
  await owner.page.getByText("post 1", { exact: true }).waitFor();
  assert.equal(await owner.page.getByRole("article").count(), 300);
  await owner.page.keyboard.press("Escape");
  await hears(owner.page, "Channels");
  assert.deepEqual(complaints, []);
});

// The last one: it gives the owner's vault a passphrase.
test("what was typed is there after looking elsewhere, and gone after a lock", async (t) => {
  const world = await open(t);
  if (!world) return;
  const { owner, complaints } = world;
  await make(owner.page, "Drafts");
  const field = owner.page.getByLabel("Post in Drafts");
  await field.fill("half a thought");
  await visit(owner.page, "/contacts");
  await hears(owner.page, "No contacts yet");
  await owner.page.goBack();
  assert.equal(await field.inputValue(), "half a thought");
  await ask(owner.node, "POST", "/vault/passphrase", { next: "four unrelated words here" });
  await ask(owner.node, "POST", "/vault/lock");
  await hears(owner.page, "Nocturne is locked");
  await owner.page.getByLabel("Passphrase", { exact: true }).fill("four unrelated words here");
  await press(owner.page, "Unlock");
  await field.waitFor();
  assert.equal(await field.inputValue(), "");
  // What the page was asking for at the moment of the lock is refused, which the browser's console tells.
  assert.deepEqual(
    complaints.filter((complaint) => !complaint.includes("423 (Locked)")),
    [],
  );
});

/** Two nodes serve all tests of this file; each test has profiles, and makes a channel, of its own. */
let shared: Promise<readonly [NocturneProcess, NocturneProcess]> | null = null;
const { owner: wholeFile, end } = untilTheEnd();
after(end);

async function open(t: TestContext): Promise<World | null> {
  const browser = await launchBrowser(t);
  if (!browser) return null;
  const complaints: string[] = [];
  shared ??= Promise.all([startNocturne(wholeFile), startNocturne(wholeFile)]);
  const [owner, reader] = await shared;
  const [one, other] = await Promise.all(
    [owner, reader].map(async (node) => openApp(browser, node, complaints, { url: await launchLink(node) })),
  );
  return {
    owner: { node: owner, page: one as Page },
    reader: { node: reader, page: other as Page },
    complaints,
  };
}

async function make(page: Page, name: string): Promise<void> {
  await page.getByRole("navigation", { name: "Nocturne" }).getByRole("link", { name: "Channels" }).click();
  await press(page, "Make a channel");
  await page.getByLabel("Name").fill(name);
  await press(page, "Make it");
  await hears(page, name);
}

async function write(page: Page, text: string): Promise<void> {
  await page.getByPlaceholder("Post to all readers").fill(text);
  await page.keyboard.press("Enter");
  await page.getByRole("article").getByText(text, { exact: true }).waitFor();
}

/** As it is shown, once the dialog is closed again. */
async function linkOf(page: Page): Promise<string> {
  await press(page, "Link to this channel");
  return shownLink(page);
}

async function shownLink(page: Page): Promise<string> {
  await hears(page, "Link to this channel");
  const link =
    (await page
      .getByRole("dialog")
      .getByText(/^nocturne:channel\//)
      .textContent()) ?? "";
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  return link;
}

async function join(page: Page, link: string): Promise<void> {
  await visit(page, "/channels");
  await follow(page, "Join");
  await fillLink(page, link);
}

async function fillLink(page: Page, link: string): Promise<void> {
  await page.getByLabel("Link of the channel").fill(link);
  await press(page, "Join");
}

function post(page: Page, n: number): Locator {
  return page.getByRole("article", { name: `Post ${n}`, exact: true });
}

async function act(page: Page, n: number, what: string): Promise<void> {
  await press(page, `Actions for post ${n}`);
  await page.getByRole("menuitem", { name: what }).click();
}

async function action(page: Page, name: string, what: string): Promise<void> {
  await press(page, `Actions for ${name}`);
  await page.getByRole("menuitem", { name: what }).click();
}

async function inSight(one: Locator): Promise<void> {
  const box = await one.boundingBox();
  const { height } = one.page().viewportSize() ?? DESK;
  assert.ok(box && box.y >= 0 && box.y + box.height <= height, "not in sight");
}
