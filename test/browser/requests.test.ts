/**
 * Who may write to one: a stranger asks, is shut out and let in; a friend is shut out and let in again. Ada, her friend
 * Grace and Mallory, who knows no more than Ada's npub, each with a node and a window of one's own.
 */
import assert from "node:assert/strict";
import { before, type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { bubble, chooseForConversation, rowOf, write } from "../support/conversation-page.ts";
import type { Person } from "../support/five-people.ts";
import { startNocturne } from "../support/nocturne-process.ts";
import { ask, befriend, fingerprintOf } from "../support/people.ts";
import { buildPages, follow, hears, openApp, press, visit } from "../support/web-app.ts";

before(buildPages);

interface World {
  readonly ada: Person;
  readonly grace: Person;
  readonly mallory: Person;
  readonly complaints: string[];
}

test("a stranger asks to write, and is blocked and let in; so is a friend", async (t) => {
  const world = await open(t);
  if (!world) return;
  const steps = [askToWrite, look, blockStranger, letIn, blockFriend, unblockFriend];
  for (const step of steps) await step(world); // each goes on where the one before it ended
  assert.deepEqual(world.complaints, []);
});

async function askToWrite({ ada, mallory: { page } }: World): Promise<void> {
  await visit(page, "/contacts/add");
  await page.getByLabel("Invite link or npub").fill(ada.node.npub);
  await page.getByLabel("Name (optional)").fill("Ada");
  await press(page, "Add");
  await hears(page, "Ada");
  await page.getByText("has not answered yet").waitFor();
  await write(page, "Buy my pictures");
}

/** Reading answers nothing, and nothing can be answered; the fingerprint is what cannot be invented. */
async function look({ ada: { page }, mallory }: World): Promise<void> {
  await page.getByRole("navigation", { name: "Nocturne" }).getByText("1 waiting").waitFor();
  assert.equal(await rowOf(page, "Mallory").count(), 0, "a stranger is not among the chats");
  await follow(page, /^Message requests/);
  await follow(page, /Not invited/);
  await hears(page, "Mallory wants to write to you");
  await page.getByText("This person was not invited by you.").waitFor();
  await bubble(page, "Buy my pictures").waitFor();
  const shown = await page.locator("p", { has: page.getByText("Fingerprint of Mallory:") }).innerText();
  assert.equal(squeeze(shown), `FingerprintofMallory:${squeeze(await fingerprintOf(mallory.node))}`);
  assert.equal(await page.getByLabel("Message to Mallory").count(), 0);
  await reaches(mallory.page, "Buy my pictures", "Sent");
}

async function blockStranger(world: World): Promise<void> {
  const { page } = world.ada;
  await press(page, "Block");
  await hears(page, "Block Mallory?");
  await page.getByText("You will not see anything Mallory sends. Nobody is told.").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
  await page.getByText("Mallory is blocked").waitFor();
  await hears(page, "No requests");
  await unheard(world, world.mallory.page, world.grace.page);
}

/** Unblocking is accepting: what was written meanwhile is still wanted by its writer, and comes. */
async function letIn({ ada: { page }, mallory }: World): Promise<void> {
  await press(page, "Unblock");
  await page.getByLabel("Message to Mallory").waitFor();
  await rowOf(page, "Mallory").waitFor();
  await mallory.page.getByText("has not answered yet").waitFor({ state: "detached" });
  await write(mallory.page, "Thank you");
  await bubble(page, "Thank you").waitFor();
  await write(page, "No pictures, please");
  await bubble(mallory.page, "No pictures, please").waitFor();
}

/** What was there stays to be read, without a place to write. */
async function blockFriend(world: World): Promise<void> {
  const { ada, grace } = world;
  await rowOf(ada.page, "Grace").click();
  await write(ada.page, "Hello Grace");
  await bubble(grace.page, "Hello Grace").waitFor();
  await chooseForConversation(ada.page, "Grace", "Block…");
  await ada.page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
  await ada.page.getByText("Grace is blocked").waitFor();
  assert.equal(await ada.page.getByLabel("Message to Grace").count(), 0);
  await bubble(ada.page, "Hello Grace").waitFor();
  await unheard(world, grace.page, world.mallory.page);
}

async function unblockFriend({ ada, grace }: World): Promise<void> {
  await visit(ada.page, "/contacts");
  await follow(ada.page, /^Grace/);
  await press(ada.page, "Unblock");
  await ada.page.getByRole("button", { name: "Block" }).waitFor();
  await follow(ada.page, "Write");
  await write(ada.page, "Nothing. Sorry!");
  await bubble(grace.page, "Nothing. Sorry!").waitFor();
  await write(grace.page, "Never mind");
  await bubble(ada.page, "Never mind").waitFor();
}

/** Another one's words come after those of the blocked one, and arrive; these do not, and their writer is told nothing. */
async function unheard({ ada }: World, blocked: Page, other: Page): Promise<void> {
  await write(blocked, "Can you hear me?");
  await reaches(blocked, "Can you hear me?", "Sent");
  await write(other, "I can be heard");
  await reaches(other, "I can be heard", "Delivered");
  assert.equal(await bubble(ada.page, "Can you hear me?").count(), 0);
  await reaches(blocked, "Can you hear me?", "Sent");
}

async function open(t: TestContext): Promise<World | null> {
  const browser = await launchBrowser(t);
  if (!browser) return null;
  const complaints: string[] = [];
  const begin = async (name: string) => {
    const node = await startNocturne(t);
    await ask(node, "PATCH", "/settings", { displayName: name });
    return { name, node };
  };
  const sit = async (person: Omit<Person, "page">) => ({
    ...person,
    page: await openApp(browser, person.node, complaints),
  });
  const [ada, grace, mallory] = await Promise.all([begin("Ada"), begin("Grace"), begin("Mallory")]);
  await befriend(ada.node, grace.node, { host: "Ada", guest: "Grace" });
  await ask(mallory.node, "PATCH", "/settings", { relays: [ada.node.relay] }); // an npub does not say where its owner reads
  const world = { ada: await sit(ada), grace: await sit(grace), mallory: await sit(mallory), complaints };
  await rowOf(world.grace.page, "Ada").click();
  await hears(world.grace.page, "Ada");
  return world;
}

async function reaches(page: Page, text: string, state: string): Promise<void> {
  await bubble(page, text).getByText(state, { exact: true }).waitFor();
}

function squeeze(text: string): string {
  return text.replace(/\s/g, "");
}
