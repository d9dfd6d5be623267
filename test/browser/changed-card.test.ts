/**
 * A friend who comes back with other keys: nothing is sent before the new safety number was compared, or the new card
 * accepted. Grace starts anew on another machine with her old Nostr key, which is all that an impostor would need too.
 */
import assert from "node:assert/strict";
import { before, type TestContext, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { Contact, ExportedIdentity } from "../../src/api/contract.ts";
import { launchBrowser } from "../support/browser.ts";
import { bubble, openMenu, rowOf, write } from "../support/conversation-page.ts";
import { type NocturneProcess, runCli, startNocturne, temporaryFolder } from "../support/nocturne-process.ts";
import { addByInvite, ask, befriend } from "../support/people.ts";
import { buildPages, follow, openApp, press } from "../support/web-app.ts";

before(buildPages);

interface World {
  readonly t: TestContext;
  readonly browser: Browser;
  readonly node: NocturneProcess;
  /** Ada's. */
  readonly page: Page;
  /** Grace's first machine. */
  readonly grace: NocturneProcess;
  readonly complaints: string[];
}

test("a friend with other keys is compared, or accepted unverified, before anything is sent", async (t) => {
  const world = await open(t);
  if (!world) return;
  const { page, node, grace, complaints } = world;
  const before = await verify(page);
  const key = await ask<ExportedIdentity>(grace, "POST", "/identity/export", { password: PASSWORD });
  await grace.end();

  const second = await startAnew(world, key);
  await warns(world);
  await follow(page, "Compare safety numbers");
  await page.getByText("This is the number of the new card.").waitFor();
  await scan(page, before.picture);
  await page.getByRole("alert").filter({ hasText: "The numbers differ" }).waitFor();
  assert.equal((await contactOf(node)).cardChanged, true, "the number of before opens nothing");
  assert.equal(await shownNumber(page), (await contactOf(second)).safety, "both see the same number");
  assert.notEqual(await shownNumber(page), before.number);
  await press(page, "The numbers match");
  await page.getByText("You have verified this number.").waitFor();
  await follow(page, "Write");
  await isHeard(world, second, "Good to have you back");
  await page.getByRole("main").locator("header").getByLabel("Verified").waitFor();
  await second.end();

  const third = await startAnew(world, key);
  await warns(world);
  await press(page, "Accept the new card");
  await isHeard(world, third, "Yet another machine?");
  assert.equal(await page.getByRole("main").locator("header").getByLabel("Verified").count(), 0);
  assert.deepEqual(complaints, []);
});

const PASSWORD = "a password for the key";

/** As two people do who sit side by side. Returns the number of this card, and its code. */
async function verify(page: Page): Promise<{ number: string; picture: Buffer }> {
  await follow(page, /^Grace/);
  await write(page, "Shall we compare?");
  await page.getByRole("main").locator("header").getByRole("link", { name: /Grace/ }).click();
  const number = await shownNumber(page);
  const picture = await page.getByRole("img", { name: "QR code: Safety number with Grace" }).screenshot();
  await press(page, "The numbers match");
  await page.getByText("You have verified this number.").waitFor();
  await follow(page, "Write");
  return { number, picture };
}

/** Grace on an empty machine: her Nostr key she has, the other keys are new. She meets Ada again. */
async function startAnew({ t, node }: World, { ncryptsec }: ExportedIdentity): Promise<NocturneProcess> {
  const dataDir = temporaryFolder(t);
  const imported = await runCli(["id", "import"], { dataDir, stdin: `${ncryptsec}\n${PASSWORD}\n` });
  assert.equal(imported.code, 0, imported.stderr);
  const machine = await startNocturne(t, { dataDir });
  await ask(machine, "PATCH", "/settings", { displayName: "Grace" });
  await addByInvite(node, machine, "Ada");
  return machine;
}

/** Said where one would write, and in the list; nobody can write, answer or react, by the command line either. */
async function warns({ page, node }: World): Promise<void> {
  await page.getByRole("alert").filter({ hasText: "The card of Grace changed" }).waitFor();
  await rowOf(page, "Grace").getByText("Card changed").waitFor();
  assert.equal(await page.getByLabel("Message to Grace").count(), 0);
  assert.equal(await page.getByRole("main").locator("header").getByLabel("Verified").count(), 0);
  const menu = await openMenu(page, "Shall we compare?");
  assert.equal(await menu.getByRole("menuitem", { name: /Reply|React|Edit|everyone/ }).count(), 0);
  await page.keyboard.press("Escape");
  const sent = await node.run(["send", "Grace", "a secret"]);
  assert.equal(sent.code, 5, sent.stderr);
}

async function scan(page: Page, picture: Buffer): Promise<void> {
  await press(page, "Scan their code");
  const input = page.getByLabel("Picture of a QR code");
  await input.setInputFiles([{ name: "qr.png", mimeType: "image/png", buffer: picture }]);
  await page.getByRole("dialog", { name: "Scan the safety number" }).waitFor({ state: "detached" });
}

/** Written by Ada in the conversation that is open, read on this machine. */
async function isHeard({ page, browser, complaints }: World, machine: NocturneProcess, text: string): Promise<void> {
  await page.getByLabel("Message to Grace").waitFor();
  await write(page, text);
  const other = await openApp(browser, machine, complaints);
  await rowOf(other, "Ada").click();
  await bubble(other, text).waitFor();
  await bubble(page, text).getByText("Delivered", { exact: true }).waitFor();
  await other.context().close();
}

async function shownNumber(page: Page): Promise<string> {
  const shown = await page.locator("p", { has: page.getByText("Safety number with Grace:") }).innerText();
  return (shown.match(/\d{5}/g) ?? []).join(" ");
}

/** The one contact of a node. */
async function contactOf(node: NocturneProcess): Promise<Contact> {
  const [only] = await ask<Contact[]>(node, "GET", "/contacts");
  assert.ok(only);
  return only;
}

async function open(t: TestContext): Promise<World | null> {
  const browser = await launchBrowser(t);
  if (!browser) return null;
  const complaints: string[] = [];
  const [node, grace] = await Promise.all([startNocturne(t), startNocturne(t)]);
  await befriend(node, grace, { host: "Ada", guest: "Grace" });
  return { t, browser, node, grace, page: await openApp(browser, node, complaints), complaints };
}
