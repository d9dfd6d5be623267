/**
 * The settings, each followed to what it does: the recovery key brings the vault back, the passphrase guards it,
 * a backup holds everything, no relay is used that was not chosen, a wipe leaves nothing.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import type { MountPassword, RecoveryView, Settings, SharesView, Status } from "../../src/api/contract.ts";
import { launchBrowser } from "../support/browser.ts";
import {
  type NocturneProcess,
  runCli,
  type StartOptions,
  startNocturne,
  temporaryFolder,
} from "../support/nocturne-process.ts";
import { ask, befriend } from "../support/people.ts";
import { startRecordingRelay } from "../support/recording-relay.ts";
import { askUntil, waitUntil } from "../support/wait.ts";
import { buildPages, follow, hears, launchLink, openApp, press, visit } from "../support/web-app.ts";

before(buildPages);

const PASSPHRASE = "four unrelated words here";
const NEXT_PASSPHRASE = "four other words there";

interface World {
  readonly node: NocturneProcess;
  readonly page: Page;
  readonly complaints: string[];
}

async function openSettings(t: TestContext, options: StartOptions = {}): Promise<World | null> {
  const browser = await launchBrowser(t);
  if (!browser) return null;
  const node = await startNocturne(t, options);
  const complaints: string[] = [];
  const page = await openApp(browser, node, complaints);
  await follow(page, "Settings");
  await hears(page, "Wipe");
  return { node, page, complaints };
}

test("the recovery key is shown, confirmed by two words, and brings the vault back", async (t) => {
  const world = await openSettings(t);
  if (!world) return;
  const { page, node } = world;
  await follow(page, "Write down the recovery key");
  await press(page, "Show my recovery key");
  const words = (await page.getByRole("listitem").locator("css=:scope:has(> span)").allInnerTexts()).map((line) =>
    line.replace(/^\d+\s*/, ""),
  );
  const key = await ask<RecoveryView>(node, "GET", "/recovery");
  assert.equal(words.join(" "), key.words);
  const hex = await page.locator("p", { hasText: "Recovery key in hex:" }).innerText();
  assert.equal(hex.replace(/^.*:|\s/g, ""), key.hex);

  await press(page, "I wrote it down");
  const fields = page.getByLabel(/^Word \d+$/);
  for (const field of await fields.all()) await field.fill("wrong");
  await press(page, "Confirm");
  await page.getByText("These are not the words of your key.").waitFor();
  assert.equal((await ask<Settings>(node, "GET", "/settings")).recoveryConfirmed, false);
  for (const label of await page.locator("label", { hasText: /^Word \d+$/ }).allInnerTexts()) {
    await page.getByLabel(label, { exact: true }).fill(words[Number(label.slice("Word ".length)) - 1] as string);
  }
  await press(page, "Confirm");
  await hears(page, "Your recovery key is written down");
  assert.equal((await ask<Settings>(node, "GET", "/settings")).recoveryConfirmed, true);

  const restored = await runCli<{ npub: string }>(["recovery", "restore", "--json"], {
    dataDir: join(temporaryFolder(t), "restored"),
    stdin: words.join(" "),
  });
  assert.equal(restored.json.npub, node.npub, restored.stderr);
  assert.deepEqual(world.complaints, []);
});

test("a new machine becomes the account of a recovery key, from what a relay has of it", async (t) => {
  const relay = await startRecordingRelay(t);
  const lost = await startNocturne(t, { args: ["--relay", relay.url] });
  await ask(lost, "PATCH", "/settings", { displayName: "Ada" });
  await ask(lost, "POST", "/channels", { name: "weather" });
  await ask(lost, "POST", "/recovery/summary");
  const { words } = await ask<RecoveryView>(lost, "GET", "/recovery");
  await lost.end("SIGKILL");

  const browser = await launchBrowser(t);
  if (!browser) return;
  const node = await startNocturne(t);
  const complaints: string[] = [];
  const page = await openApp(browser, node, complaints);
  await hears(page, "You are ready");
  await follow(page, "I have a recovery key");
  await page.getByLabel("Recovery key").fill("twelve words are not enough");
  await press(page, "Bring it back");
  await page.getByText("This is not a recovery key").waitFor();
  await page.getByLabel("Recovery key").fill(words);
  await page.getByLabel("Relays that you used, one a line").fill(relay.url);
  await press(page, "Bring it back");
  await hears(page, /^Your identity is back, with 0 contacts, 0 groups, 1 channel, as they were on/);
  assert.equal((await ask<Status>(node, "GET", "/status")).npub, lost.npub);
  await visit(page, "/channels");
  await page.getByText("weather").first().waitFor();
  await visit(page, "/settings/recovery");
  await press(page, "Update it now");
  await page.getByText(`It lies at ${relay.url}.`).waitFor();
  assert.equal(complaints.length, 1, `the refused key: ${complaints.join()}`);
});

const keepsOne = (what: string, node: NocturneProcess) =>
  askUntil(
    what,
    () => ask<SharesView>(node, "GET", "/recovery/shares"),
    ({ kept }) => kept === 1,
  );

test("shares are given to contacts, and the one that is kept for somebody is shown after a warning", async (t) => {
  const relay = await startRecordingRelay(t);
  const args = ["--relay", relay.url, "--no-embedded-relay"];
  const world = await openSettings(t, { args });
  if (!world) return;
  const { page, node } = world;
  const [bob, carol] = await Promise.all([startNocturne(t, { args }), startNocturne(t, { args })]);
  await befriend(node, bob, { host: "Ada", guest: "Bob" });
  await befriend(node, carol, { host: "Ada", guest: "Carol" });
  await befriend(bob, carol, { host: "Bob", guest: "Carol" });

  await follow(page, "Shares with people you trust");
  await page.getByText("You gave nobody a share yet.").waitFor();
  await page.getByRole("checkbox", { name: "Bob" }).check();
  await page.getByRole("checkbox", { name: "Carol" }).check();
  await press(page, "Give the shares");
  await page.getByText(/any 2 of these can give your key back: Bob/).waitFor();
  await keepsOne("Bob keeps one", bob);

  await ask(bob, "POST", "/recovery/shares", { need: 2, people: ["Ada", "Carol"] });
  await keepsOne("Ada keeps one", node);
  await visit(page, "/settings");
  await follow(page, "Shares with people you trust");
  await page.getByLabel("Who asks you for a share").selectOption({ label: "Bob" });
  await page.getByText("Is it really Bob who asks?").waitFor();
  await press(page, "I am sure: show it");
  await page.getByRole("img", { name: "QR code: the share of Bob" }).waitFor();
  assert.equal(await page.getByRole("listitem").locator("css=:scope:has(> span)").count(), 33);
  assert.deepEqual(world.complaints, []);
});

test("a passphrase locks the vault, and nothing but it or the recovery key opens it", async (t) => {
  const world = await openSettings(t);
  if (!world) return;
  const { page, node, complaints } = world;
  await saveName(page, "Ada Lovelace");
  await refuseBadPassphrases(page);
  await fillPassphrases(page, PASSPHRASE, PASSPHRASE);
  await page.getByText("The vault is guarded by your passphrase now").waitFor();
  assert.ok(!existsSync(join(node.dataDir, "vault.key")), "the key no longer lies beside the vault");
  await press(page, "Lock now");
  await assertLocked(world);

  const passphrase = page.getByLabel("Passphrase", { exact: true });
  await passphrase.fill("not the passphrase");
  await press(page, "Unlock");
  await page.getByRole("alert").waitFor();
  assert.equal((await ask<Status>(node, "GET", "/status")).locked, true);
  forgive(complaints, /status of (401|403|422|423|400) /);
  await passphrase.fill(PASSPHRASE);
  await press(page, "Unlock");
  await page.getByLabel("Display name").waitFor();
  assert.equal(await page.getByLabel("Display name").inputValue(), "Ada Lovelace");

  const { words } = await ask<RecoveryView>(node, "GET", "/recovery");
  await ask(node, "POST", "/vault/lock"); // from elsewhere: every open tab follows
  await assertLocked(world);
  await press(page, "Forgot the passphrase");
  await page.getByLabel("Recovery key").fill(words);
  await page.getByLabel("New passphrase", { exact: true }).fill(NEXT_PASSPHRASE);
  await page.getByRole("dialog").getByRole("button", { name: "Unlock" }).click();
  await page.getByLabel("Display name").waitFor();
  forgive(complaints, /423 \(Locked\)/);
  assert.deepEqual(complaints, []);
});

async function refuseBadPassphrases(page: Page): Promise<void> {
  await fillPassphrases(page, "short", "short");
  await page.getByText("Use at least 8 characters.").waitFor();
  await fillPassphrases(page, PASSPHRASE, NEXT_PASSPHRASE);
  await page.getByText("The two passphrases differ.").waitFor();
}

async function fillPassphrases(page: Page, next: string, again: string): Promise<void> {
  await page.getByLabel("New passphrase", { exact: true }).fill(next);
  await page.getByLabel("New passphrase again", { exact: true }).fill(again);
  await press(page, "Set passphrase");
}

/** Neither the page nor the node tells anything, not even whose vault it is. */
async function assertLocked({ page, node }: World): Promise<void> {
  await hears(page, "Nocturne is locked");
  assert.ok(!(await page.content()).includes("Ada Lovelace"));
  const status = await ask<Status>(node, "GET", "/status");
  assert.equal(status.locked, true);
  assert.ok(!("npub" in status));
}

test("a backup holds everything", async (t) => {
  const world = await openSettings(t);
  if (!world) return;
  const { page, node } = world;
  await node.run(["files", "put", import.meta.filename]);
  const [download] = await Promise.all([page.waitForEvent("download"), press(page, "Download a backup")]);
  assert.equal(await download.failure(), null);
  assert.equal(download.suggestedFilename(), "nocturne-backup.noct");
  const { hex } = await ask<RecoveryView>(node, "GET", "/recovery");
  const restored = await runCli<{ npub: string; files: number }>(["restore", await download.path(), "--json"], {
    dataDir: join(temporaryFolder(t), "restored"),
    stdin: hex,
  });
  assert.equal(restored.code, 0, restored.stderr);
  assert.deepEqual([restored.json.npub, restored.json.files], [node.npub, 1]);
  await hears(page, "Settings"); // the download left the page and its session alone
  await saveName(page, "Still here");
  assert.deepEqual(world.complaints, []);
});

test("no relay is used unasked; a chosen one is connected, and let go again", async (t) => {
  const world = await openSettings(t);
  if (!world) return;
  const { page, node, complaints } = world;
  const other = await startNocturne(t);
  const used = async (): Promise<string[]> =>
    (await ask<Status>(node, "GET", "/status")).relays.filter(({ embedded }) => !embedded).map(({ url }) => url);
  const relays = page.getByRole("region", { name: "Relays" });
  await relays.getByText("Your own, on this machine · Connected").waitFor();
  await press(page, "Show public relays");
  await relays.getByRole("list", { name: "Public relays" }).getByRole("listitem").first().waitFor();
  assert.deepEqual(await used(), [], "to look at the list is not to use it");

  await page.getByLabel("Add a relay").fill("relay.example.org");
  await press(page, "Add");
  await page.getByText("A relay's address begins with wss://").waitFor();
  await page.getByLabel("Add a relay").fill(other.relay);
  await press(page, "Add");
  const row = relays.getByRole("listitem").filter({ hasText: other.relay });
  await row.getByText(/^Connected/).waitFor();
  assert.deepEqual(await used(), [other.relay]);
  await press(page, `Stop using ${other.relay}`);
  await row.waitFor({ state: "detached" });
  assert.deepEqual(await used(), []);
  assert.deepEqual(complaints, []);
});

test("cover is chosen with its costs in sight, takes effect at once, and is kept", async (t) => {
  const world = await openSettings(t, { covered: true });
  if (!world) return;
  const { page, node } = world;
  const profile = async () => (await ask<Status>(node, "GET", "/status")).cover.profile;
  const cover = page.getByRole("region", { name: "Cover", exact: true });
  assert.ok(await cover.getByRole("radio", { name: /^Balanced/ }).isChecked(), "the choice of who chose nothing");
  await cover.getByText(/391 KB an hour to your relays; a cell waits 30 seconds/).waitFor();
  await cover.getByText(/the same whether you write or not/).waitFor();
  await cover.getByText("Fast", { exact: true }).click();
  await cover.getByText(/Relays see when you send/).waitFor();
  assert.equal(await profile(), "fast");
  await cover.getByText("Stealth", { exact: true }).click();
  await cover.getByText(/the same whether you write or not/).waitFor();
  await node.end();
  const again = await startNocturne(t, { dataDir: node.dataDir, covered: true });
  assert.equal((await ask<Status>(again, "GET", "/status")).cover.profile, "stealth");
  forgive(world.complaints, /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/);
  assert.deepEqual(world.complaints, []);
});

test("files are let into the file manager, with a password that is shown on demand and renewed", async (t) => {
  const world = await openSettings(t);
  if (!world) return;
  const { page, node, complaints } = world;
  const region = page.getByRole("region", { name: "Files in your file manager" });
  const password = async () => (await ask<MountPassword>(node, "POST", "/mount/password")).password;
  const statusWith = async (word: string): Promise<number> => {
    const authorization = `Basic ${Buffer.from(`nocturne:${word}`).toString("base64")}`;
    return (await fetch(`http://localhost:${node.ports.app}/dav/`, { headers: { authorization } })).status;
  };
  assert.equal(await statusWith(await password()), 404);
  await region.getByRole("switch", { name: "Show my files as a drive" }).click();
  await region.getByText(`http://localhost:${node.ports.app}/dav/`, { exact: true }).first().waitFor();
  await region.getByRole("heading", { name: "Windows (Explorer)" }).waitFor();
  const first = await password();
  assert.equal(await statusWith(first), 200);
  assert.ok(!(await page.content()).includes(first));
  await press(page, "Show the password");
  await region.getByText(first).waitFor();
  await press(page, "Make a new password");
  await region.getByText(first).waitFor({ state: "detached" });
  await region.getByText(await password()).waitFor();
  assert.deepEqual([await statusWith(first), await statusWith(await password())], [401, 200]);
  await region.getByRole("switch", { name: "Show my files as a drive" }).click();
  await region.getByRole("heading", { name: "Windows (Explorer)" }).waitFor({ state: "detached" });
  assert.equal(await statusWith(await password()), 404);
  assert.deepEqual(complaints, []);
});

test("where cover was said at the start, it is told and not asked", async (t) => {
  const world = await openSettings(t);
  if (!world) return;
  const cover = world.page.getByRole("region", { name: "Cover", exact: true });
  await cover.getByText(/Chosen when Nocturne was started/).waitFor();
  assert.equal(await cover.getByRole("radio").count(), 0);
  assert.deepEqual(world.complaints, []);
});

test("the theme is kept over a new launch, the name is saved, and a wipe ends everything", async (t) => {
  const world = await openSettings(t);
  if (!world) return;
  const { page, node } = world;
  assert.equal(await background(page), "rgb(10, 10, 10)");
  await page.getByText("Light", { exact: true }).click();
  assert.equal(await background(page), "rgb(255, 255, 255)");
  await page.getByText("As the system").click();
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await background(page), "rgb(10, 10, 10)");
  await page.emulateMedia({ colorScheme: "light" });
  assert.equal(await background(page), "rgb(255, 255, 255)");
  await page.reload();
  await page.goto(await launchLink(node));
  await page.getByRole("navigation", { name: "Nocturne" }).waitFor();
  assert.equal(await background(page), "rgb(255, 255, 255)");

  await visit(page, "/settings");
  await saveName(page, "Ada Lovelace");
  assert.equal((await ask<Settings>(node, "GET", "/settings")).displayName, "Ada Lovelace");
  await press(page, "Wipe everything…");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Wipe everything" }).click();
  await dialog.getByText("Type the word wipe to go on.").waitFor();
  await dialog.getByLabel(/to confirm/).fill("wipe");
  await dialog.getByRole("button", { name: "Wipe everything" }).click();
  await hears(page, "Everything was wiped");
  await waitUntil("the node stops by itself", () => !isRunning(node.pid), 20_000);
  assert.equal(await node.end(), 0);
  assert.deepEqual(readdirSync(node.dataDir), []);
  forgive(world.complaints, /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/);
  assert.deepEqual(world.complaints, []);
});

async function saveName(page: Page, name: string): Promise<void> {
  await page.getByLabel("Display name").fill(name);
  await press(page, "Save");
  await page.getByText("Your name was saved").waitFor();
}

function background(page: Page): Promise<string> {
  return page.evaluate("getComputedStyle(document.body).backgroundColor");
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The browser's console tells every refused call; this one was meant to be refused. */
function forgive(complaints: string[], expected: RegExp): void {
  const others = complaints.filter((complaint) => !expected.test(complaint));
  complaints.splice(0, complaints.length, ...others);
}
