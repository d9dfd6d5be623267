/**
 * A file goes from one library into another by what can be seen and clicked: sent from the files, kept by who got it,
 * ended by its owner, waited for while its sender is away; and a stranger's browser with its link.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import type { FileView, SendResult } from "../../src/api/contract.ts";
import { launchBrowser } from "../support/browser.ts";
import { messagesOf } from "../support/group.ts";
import { type NocturneProcess, startNocturne, temporaryFolder } from "../support/nocturne-process.ts";
import { ask, befriend } from "../support/people.ts";
import { buildPages, follow, hears, openApp, openProfile, press } from "../support/web-app.ts";

before(buildPages);

test("a file goes from one person's files into another's", async (t) => {
  const browser = await launchBrowser(t);
  if (!browser) return;
  const complaints: string[] = [];
  const ofGrace: string[] = [];
  const [one, other] = await Promise.all([startNocturne(t), startNocturne(t)]);
  await befriend(one, other, { host: "Ada", guest: "Grace" });
  const folder = temporaryFolder(t);
  const plan = await put(one, folder, "garden plan.pdf");
  const ada = await openApp(browser, one, complaints);
  const grace = await openApp(browser, other, ofGrace);

  await follow(ada, "Files");
  await choose(ada, plan.name, "Send to");
  await press(ada, "Grace");
  await ada.getByRole("list", { name: "Attached files" }).getByText(plan.name).waitFor();
  await ada.getByLabel("Message to Grace").fill("For the spring");
  await ada.keyboard.press("Enter");

  await follow(grace, /^Ada/);
  const card = cardOf(grace, plan.name);
  await card.getByText("Comes only if the sender uses this machine").waitFor();
  await card.getByRole("button", { name: "Save to your files" }).click();
  await card.getByRole("link", { name: `In your files: /Received/Ada/${plan.name}` }).click();
  await hears(grace, "Files");
  await grace.getByText(plan.name).waitFor();
  assert.deepEqual(complaints, []);

  const [message] = await messagesOf(other, one.npub);
  const stranger = await openProfile(browser, complaints);
  await stranger.goto(message?.files[0]?.url ?? "");
  await press(stranger, "Download");
  await hears(stranger, "This file was sent to particular people");
  assert.deepEqual(complaints, []);

  const notes = await put(one, folder, "notes.txt");
  await ask<SendResult>(one, "POST", "/messages", { to: other.npub, text: "", files: [notes.id] });
  await follow(ada, "Files");
  await choose(ada, notes.name, "Shared with");
  await ada.getByText("only their devices open it").waitFor();
  await press(ada, "End for Grace");
  await ada.getByText("With nobody now.").waitFor();
  await press(ada, "Close");
  assert.deepEqual(complaints, []);

  const map = await put(one, folder, "map.png");
  await ask<SendResult>(one, "POST", "/messages", { to: other.npub, text: "", files: [map.id] });
  await grace.getByRole("link", { name: "Chats" }).first().click();
  await follow(grace, /^Ada/);
  await cardOf(grace, notes.name).getByRole("button", { name: "Save to your files" }).click();
  await cardOf(grace, notes.name).getByText("The sender no longer offers this file.").waitFor();

  await cardOf(grace, map.name).waitFor();
  await one.end("SIGKILL");
  await cardOf(grace, map.name).getByRole("button", { name: "Save to your files" }).click();
  await cardOf(grace, map.name).getByText("The sender’s machine does not answer.").waitFor();
  await cardOf(grace, map.name).getByRole("button", { name: "Stop" }).waitFor();
  await cardOf(grace, map.name).getByRole("button", { name: "Try again" }).click();
  await cardOf(grace, map.name).getByText("The sender’s machine does not answer.").waitFor();
  await startNocturne(t, { dataDir: one.dataDir, ports: one.ports });
  // By itself, at the next try: `retryMs` doubled each time, 16 s by now at most.
  await cardOf(grace, map.name)
    .getByRole("link", { name: `In your files: /Received/Ada/${map.name}` })
    .waitFor({ timeout: 45_000 });
  const files = await ask<FileView[]>(other, "GET", "/files");
  assert.deepEqual(files.map(({ path, bytes }) => [path, bytes]).sort(), [
    [`/Received/Ada/${plan.name}`, plan.bytes],
    [`/Received/Ada/${map.name}`, map.bytes],
  ]);
  assert.deepEqual(ofGrace, []);
});

async function put(node: NocturneProcess, folder: string, name: string): Promise<FileView> {
  const path = join(folder, name);
  writeFileSync(path, randomBytes(200_000));
  const { code, json, stderr } = await node.run<FileView>(["files", "put", path, "--json"]);
  assert.equal(code, 0, stderr);
  return json;
}

/** An entry of the menu behind a file. */
async function choose(page: Page, name: string, action: string): Promise<void> {
  await press(page, `More for ${name}`);
  await page.getByRole("menuitem", { name: action, exact: true }).click();
}

function cardOf(page: Page, name: string): Locator {
  return page.getByRole("figure", { name });
}
