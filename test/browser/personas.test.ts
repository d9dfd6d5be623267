/**
 * Personas in the web app: Ada makes one, writes with Cyd as it and with Bob as herself, and neither side shows
 * anything of the other. Bob and Cyd speak to their nodes as the command line does. The steps build on each other.
 */
import assert from "node:assert/strict";
import { before, type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import type { Contact, Message } from "../../src/api/contract.ts";
import { assertAccessible, assertHandy } from "../support/accessibility.ts";
import { until } from "../support/acquaintance.ts";
import { launchBrowser } from "../support/browser.ts";
import {
  freePort,
  type NocturneProcess,
  startNocturne,
  startRelayProcess,
  temporaryFolder,
} from "../support/nocturne-process.ts";
import { ask, befriend, deliver, type Reachable } from "../support/people.ts";
import { buildPages, DESK, follow, hears, openProfile, PHONE, press, visit } from "../support/web-app.ts";

before(buildPages);

const LONG_LABEL = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen";
const OF_ADA = ["Bob", "a word for Ada", "half a word to Bob"];
const OF_SHOP = ["Cyd", "a word for the shop", "half a word to Cyd"];

interface World {
  readonly page: Page;
  readonly ada: NocturneProcess;
  readonly bob: NocturneProcess;
  readonly cyd: NocturneProcess;
  readonly relay: string;
  readonly complaints: string[];
  /** Of the persona, once it has been made. */
  shop: string;
}

test("a persona in the web app", async (t) => {
  const world = await open(t);
  if (!world) return;
  for (const step of [refuse, create, meetAsPersona, write, keepApart, sendLate, look, end]) await step(world);
  assert.deepEqual(world.complaints, []);
});

async function open(t: TestContext): Promise<World | null> {
  const browser = await launchBrowser(t);
  if (!browser) return null;
  const relay = await startRelayProcess(t, { dataDir: temporaryFolder(t), port: await freePort() });
  const [ada, bob, cyd] = await Promise.all([startNocturne(t), startNocturne(t), startNocturne(t)]);
  for (const [node, displayName] of [
    [ada, "Ada"],
    [bob, "Bob"],
    [cyd, "Cyd"],
  ] as const) {
    await ask(node, "PATCH", "/settings", { displayName });
  }
  await befriend(ada, bob, { host: "Ada", guest: "Bob" });
  await deliver(bob, ada, "a word for Ada");
  const complaints: string[] = [];
  const page = await openProfile(browser, complaints);
  await page.addInitScript(`localStorage.setItem("nocturne-preferences", '{"theme":"system"}')`);
  await page.goto(ada.url);
  await page.getByRole("navigation", { name: "Nocturne" }).waitFor();
  return { page, ada, bob, cyd, relay: relay.url, complaints, shop: "" };
}

/** The node's reason stands in the dialog; the refused answer is also the browser's to tell. */
async function refuse({ page, ada, complaints }: World): Promise<void> {
  await visit(page, "/settings");
  await follow(page, "Your personas");
  await hears(page, "No personas");
  await inspect(page, "no personas");
  await press(page, "New persona");
  await page.getByLabel("Label").fill("shop");
  await page.getByLabel("Relays of its own").fill(ada.relay);
  await press(page, "Make it");
  await page.getByRole("alert").filter({ hasText: "Another of your identities uses this relay" }).waitFor();
  await inspect(page, "a refused persona");
  assert.equal(complaints.splice(0).filter((text) => !text.includes("403")).length, 0);
}

async function create({ page, relay }: World): Promise<void> {
  await page.getByLabel("Relays of its own").fill(relay);
  await page.getByLabel("Name (optional)").fill("Quillon");
  await press(page, "Make it");
  await hears(page, "shop");
  await page.getByText("Known as Quillon").waitFor();
  await page.getByText("Ends in 30 days").waitFor();
}

async function meetAsPersona(world: World): Promise<void> {
  const { page, cyd } = world;
  await press(page, "Write as shop");
  await banner(page).waitFor();
  await hears(page, "Nobody here yet");
  await assertAbsent(page, OF_ADA);
  await visit(page, "/invite");
  await hears(page, "The identity of this persona");
  const link = await page
    .getByText(/^nocturne:invite/)
    .first()
    .textContent();
  await ask(cyd, "POST", "/contacts", { invite: link });
  const [contact] = await ask<Contact[]>(cyd, "GET", "/contacts");
  world.shop = contact?.npub ?? "";
  await visit(page, "/requests");
  await page.getByText("Cyd").first().click();
  await press(page, "Accept");
  await page.getByLabel("Message to Cyd").waitFor();
  const isAccepted = async () => (await ask<Contact[]>(cyd, "GET", "/contacts"))[0]?.state === "accepted";
  await until("Cyd knows", isAccepted);
}

async function write({ page, cyd, shop }: World): Promise<void> {
  await page.getByLabel("Message to Cyd").fill("hello from the shop");
  await press(page, "Send");
  await until("it arrives", async () => (await textsOf(cyd)).includes("hello from the shop"));
  await deliver(cyd, at(shop), "a word for the shop");
  await page.getByText("a word for the shop").first().waitFor();
  assert.equal(await page.getByRole("button", { name: "Attach a file" }).count(), 0, "a persona sends no files");
  assert.equal(await page.getByRole("button", { name: "Record a voice note" }).count(), 0);
  await page.getByLabel("Message to Cyd").fill("half a word to Cyd");
}

/** There and back, in every scene and in the search; what comes for one is not shown to the other. */
async function keepApart({ page, ada, bob, cyd, shop }: World): Promise<void> {
  await press(page, "Back to yourself");
  await banner(page).waitFor({ state: "detached" });
  await visit(page, "/chats");
  await page.getByText("a word for Ada").first().waitFor();
  await page.getByText("Bob", { exact: true }).first().click();
  await page.getByLabel("Message to Bob").fill("half a word to Bob");
  await deliver(cyd, at(shop), "a late word for the shop");
  const mark = page.getByRole("link", { name: /^Settings 1/ });
  await mark.waitFor();
  for (const address of ["/chats", "/contacts", "/requests", "/groups/new"]) {
    await visit(page, address);
    await assertAbsent(page, [...OF_SHOP, "a late word for the shop"]);
  }
  await search(page, "word", "a word for Ada", OF_SHOP);

  await visit(page, "/personas");
  await press(page, "Write as shop");
  await openChat(page, "Cyd");
  await page.getByText("a late word for the shop").first().waitFor();
  await deliver(bob, ada, "a late word for Ada");
  for (const address of ["/chats", "/contacts", "/requests", "/groups/new", "/files", "/settings"]) {
    await visit(page, address);
    await banner(page).waitFor();
    await assertAbsent(page, [...OF_ADA, "a late word for Ada"]);
  }
  await search(page, "word", "a word for the shop", OF_ADA);
  await openChat(page, "Cyd");
  assert.equal(await page.getByLabel("Message to Cyd").inputValue(), "half a word to Cyd");
}

/** What was sent goes out in the name of who sent it, even if that one has left the stage before it could. */
async function sendLate({ page, cyd, shop }: World): Promise<void> {
  await page.route("**/api/messages", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await route.continue();
  });
  for (const text of ["sent while leaving", "sent after that"]) {
    await page.getByLabel("Message to Cyd").fill(text);
    await press(page, "Send");
  }
  await press(page, "Back to yourself");
  await until("both arrive", async () => (await textsOf(cyd)).filter((text) => text.startsWith("sent")).length === 2);
  await page.unroute("**/api/messages");
  const messages = await ask<Message[]>(cyd, "GET", "/inbox");
  assert.ok(messages.every(({ from }) => from.npub === shop));
  await openChat(page, "Bob");
  await page.getByText("a late word for Ada").first().waitFor();
  await assertAbsent(page, ["sent while leaving", "sent after that"]);
}

/** Every scene that shows a persona, on a telephone and on a desk, dark and light. */
async function look({ page, ada }: World): Promise<void> {
  await ask(ada, "POST", "/personas", { label: LONG_LABEL, relays: ["ws://127.0.0.1:9"] });
  await visit(page, "/personas");
  await hears(page, LONG_LABEL);
  await inspect(page, "personas");
  await press(page, "New persona");
  await inspect(page, "a new persona");
  await press(page, "Cancel");
  await press(page, "Remove shop");
  await inspect(page, "the question before a removal");
  await press(page, "Cancel");
  await press(page, "Write as shop");
  await inspect(page, "the chats of a persona");
  await openChat(page, "Cyd");
  await inspect(page, "a conversation of a persona");
  await visit(page, "/personas");
  await inspect(page, "personas, as one of them");
  await press(page, `Write as ${LONG_LABEL}`);
  await hears(page, "Nobody here yet");
  await inspect(page, "the banner of a long label");
}

/** Removed elsewhere while the tab acts as it; and by hand. */
async function end({ page, ada }: World): Promise<void> {
  await ask(ada, "DELETE", `/personas/${encodeURIComponent(LONG_LABEL)}`);
  await page.getByText("Everything of it is destroyed").waitFor();
  await banner(page).waitFor({ state: "detached" });
  await press(page, "Remove shop");
  await press(page, "Destroy it");
  await hears(page, "No personas");
}

async function inspect(page: Page, what: string): Promise<void> {
  for (const size of [PHONE, DESK]) {
    for (const colorScheme of ["dark", "light"] as const) {
      const name = `${what}, ${size.width} px, ${colorScheme}`;
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      await assertAccessible(page, name);
      await assertHandy(page, name);
    }
  }
}

/** Where to write to the persona; nobody calls its node by it. */
function at(npub: string): Reachable {
  return { dataDir: "", npub };
}

function banner(page: Page) {
  return page.getByRole("complementary", { name: "Acting as a persona" });
}

/** From the list, which shows a draft in the place of the last message. */
async function openChat(page: Page, name: string): Promise<void> {
  await visit(page, "/chats");
  await page.getByText(name, { exact: true }).first().click();
  await page.getByLabel(`Message to ${name}`).waitFor();
}

async function assertAbsent(page: Page, words: readonly string[]): Promise<void> {
  await page.waitForTimeout(SETTLE_MS);
  const shown = await page.evaluate<string>(
    "[document.body.innerText, ...[...document.querySelectorAll('input, textarea')].map((one) => one.value)].join(' ')",
  );
  for (const word of words) assert.ok(!new RegExp(`\\b${word}\\b`).test(shown), `"${word}" is shown: ${shown}`);
}

/** As long as a scene needs for what it fetches: the words looked for would have come by then. */
const SETTLE_MS = 500;

async function search(page: Page, words: string, found: string, absent: readonly string[]): Promise<void> {
  await visit(page, "/chats");
  await page.getByLabel("Search all messages").fill(words);
  await page.getByRole("list", { name: /found/i }).or(page.getByText(found)).first().waitFor();
  await assertAbsent(page, absent);
  await page.getByLabel("Search all messages").fill("");
}

async function textsOf(node: NocturneProcess): Promise<string[]> {
  return (await ask<Message[]>(node, "GET", "/inbox")).map(({ text }) => text);
}
