/**
 * Several devices in the web app: Ada's main device and a laptop, two browsers, one pasted link. The laptop has the
 * history, writes, is told what only the main device can do, and after a revocation says in every scene that it is out.
 */
import assert from "node:assert/strict";
import { before, type TestContext, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { assertAccessible, assertHandy } from "../support/accessibility.ts";
import { launchBrowser } from "../support/browser.ts";
import { type NocturneProcess, startNocturne } from "../support/nocturne-process.ts";
import { ask, befriend, deliver } from "../support/people.ts";
import { buildPages, DESK, follow, hears, openApp, PHONE, press, visit } from "../support/web-app.ts";

before(buildPages);

interface Seat {
  readonly node: NocturneProcess;
  readonly page: Page;
}

interface World {
  readonly ada: Seat;
  readonly laptop: Seat;
  readonly bob: NocturneProcess;
  readonly complaints: string[];
}

test("a laptop is linked by a pasted link, writes, and is revoked", async (t) => {
  const world = await open(t);
  if (!world) return;
  const { ada, laptop, bob, complaints } = world;
  const link = await showLink(ada.page);
  await joinByLink(laptop.page, link);
  await ada.page.getByText("Laptop is a device of yours now").waitFor();
  await ada.page.getByRole("dialog", { name: "Link a device" }).waitFor({ state: "detached" });
  await hears(laptop.page, "This device is linked");
  await look(laptop.page, "linked");
  await row(ada.page, "Laptop")
    .getByText(/^Active/)
    .waitFor();
  await look(ada.page, "the devices");

  await follow(laptop.page, "Go to chats");
  await follow(laptop.page, /^Bob/);
  for (const text of ["hello Bob", "hello Ada"]) await bubble(laptop.page, text).waitFor();
  await write(laptop.page, "from the laptop");
  await visit(ada.page, `/chats/${bob.npub}`);
  await bubble(ada.page, "from the laptop").waitFor();
  await write(ada.page, "from the main device");
  await bubble(laptop.page, "from the main device").waitFor();

  await mainDeviceOnly(laptop.page);
  await revoke(ada.page, "Laptop");
  const banner = laptop.page.getByRole("complementary", { name: "Unlinked device" });
  await banner.waitFor();
  for (const address of ["/chats", "/files", "/settings"]) {
    await visit(laptop.page, address);
    await banner.waitFor();
    await look(laptop.page, `unlinked, ${address}`);
  }
  await visit(laptop.page, "/settings/devices");
  await row(laptop.page, "Laptop").getByText("Does not belong to your account any more").waitFor();
  assert.deepEqual(complaints, []);
});

test("what is no link, and words with a mistake in them, are refused in words", async (t) => {
  const world = await open(t);
  if (!world) return;
  const { ada, laptop, complaints } = world;
  await showLink(ada.page);
  const words = await ada.page.locator("[data-words]").innerText();
  assert.equal(words.split(" ").length, 12);
  await press(ada.page, "Close");
  const { page } = laptop;
  await visit(page, "/link-device");
  await press(page, "Link this device");
  await page.getByText("Paste the link, scan its QR code, or type its 12 words.").waitFor();
  await page.getByLabel("Device link, or its 12 words").fill("nocturne:device/AQID");
  assert.equal(await page.getByLabel("Relay on which the two meet").count(), 0);
  await press(page, "Link this device");
  await page.getByText("This does not link a device: it is cut off.").waitFor();
  await page.getByLabel("Device link, or its 12 words").fill(words.replace(/^\w+/, "nocturne"));
  await page.getByLabel("Relay on which the two meet").fill(ada.node.relay);
  await press(page, "Link this device");
  await page.getByText("a word is wrong or out of place").waitFor();
  await look(page, "refused words");
  await page.getByLabel("Device link, or its 12 words").fill(words);
  await press(page, "Link this device");
  await hears(page, "This device is linked");
  assert.deepEqual(
    complaints.filter((complaint) => !/status of 400 /.test(complaint)),
    [],
  );
});

async function open(t: TestContext): Promise<World | null> {
  const browser = await launchBrowser(t);
  if (!browser) return null;
  const complaints: string[] = [];
  const [main, bob, other] = await Promise.all([startNocturne(t), startNocturne(t), startNocturne(t)]);
  await befriend(main, bob, { host: "Ada", guest: "Bob" });
  await ask(main, "PATCH", "/settings", { displayName: "Ada" });
  await deliver(main, bob, "hello Bob");
  await deliver(bob, main, "hello Ada");
  const ada = { node: main, page: await openApp(browser, main, complaints) };
  const laptop = { node: other, page: await openApp(browser, other, complaints) };
  return { ada, laptop, bob, complaints };
}

/** From the settings of the main device, seen in all looks on the way. */
async function showLink(page: Page): Promise<string> {
  await visit(page, "/settings/devices");
  await press(page, "Link a device");
  await page.getByRole("img", { name: "QR code: your device link" }).waitFor();
  await look(page, "the device link");
  await page.getByText(/within (10:00|9:\d\d)/).waitFor();
  return page.getByRole("dialog").locator("code").innerText();
}

async function joinByLink(page: Page, link: string): Promise<void> {
  await hears(page, "You are ready");
  await look(page, "welcome");
  await follow(page, "Link to my other device");
  await page.getByLabel("Device link, or its 12 words").fill(link);
  await page.getByLabel("Name of this device (optional)").fill("Laptop");
  await look(page, "linking");
  await press(page, "Link this device");
}

/** Said in place of a form that would be refused. */
async function mainDeviceOnly(page: Page): Promise<void> {
  for (const [address, words] of [
    ["/invite", "On your main device you can invite people"],
    ["/contacts/add", "On your main device you can add contacts and join groups"],
    ["/groups/join", "On your main device you can join groups"],
    ["/settings/devices", "Devices are linked and revoked there."],
    ["/settings/recovery-key", "The key of this linked device"],
  ] as const) {
    await visit(page, address);
    await page.getByText(words).waitFor();
    await look(page, address);
  }
  await visit(page, "/settings/devices");
  await hears(page, "Devices");
  assert.equal(await page.getByRole("button", { name: /^(Revoke|Link a device)/ }).count(), 0);
}

async function revoke(page: Page, name: string): Promise<void> {
  await visit(page, "/settings/devices");
  await press(page, `Revoke ${name}`);
  await page.getByText("What it has received until now stays on it").waitFor();
  await look(page, "the question before a revocation");
  await press(page, "Revoke");
  await row(page, name)
    .getByText(/^Removed/)
    .waitFor();
}

function row(page: Page, name: string): Locator {
  return page.getByRole("region", { name: "Devices" }).getByRole("listitem").filter({ hasText: name });
}

function bubble(page: Page, text: string): Locator {
  return page
    .getByRole("region", { name: /^Messages with/ })
    .getByRole("listitem")
    .filter({ hasText: text });
}

async function write(page: Page, text: string): Promise<void> {
  const field = page.getByPlaceholder("Message");
  await field.fill(text);
  await field.press("Enter");
  await bubble(page, text).waitFor();
}

/** On a telephone and on a desk; the page keeps the desk's size. */
async function look(page: Page, what: string): Promise<void> {
  for (const size of [PHONE, DESK]) {
    await page.setViewportSize(size);
    await assertAccessible(page, `${what}, ${size.width} px`);
    await assertHandy(page, `${what}, ${size.width} px`);
  }
}
