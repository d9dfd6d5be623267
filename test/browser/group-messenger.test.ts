/**
 * What a messenger does beside sending, in a group of five: answers, reactions, edits, deletions, timers, drafts, files,
 * voices, search, silence. Five nodes and five windows; everything is done by what can be seen and clicked, by every one
 * of them, and seen at the others.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { before, type TestContext, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import type { Conversation, Group } from "../../src/api/contract.ts";
import { launchBrowser } from "../support/browser.ts";
import {
  allowMicrophone,
  bubble,
  chip,
  choose,
  chooseForConversation,
  dismiss,
  inSight,
  MICROPHONE,
  notice,
  openMenu,
  plays,
  rowOf,
  until,
  voiceIn,
  write,
} from "../support/conversation-page.ts";
import { type Five, openFive, othersThan, type Person, startFive } from "../support/five-people.ts";
import { becomes, groupOf, messagesOf, say, textsOf } from "../support/group.ts";
import type { NocturneProcess } from "../support/nocturne-process.ts";
import { ask } from "../support/people.ts";
import { buildPages, follow, hears, press, visit } from "../support/web-app.ts";

before(buildPages);

interface World extends Five {
  readonly people: readonly Person[];
  /** Of the group. */
  readonly id: string;
  readonly complaints: string[];
}

const NAME = "Climbers";

test("five people use the messenger in a group", async (t) => {
  const world = await open(t);
  if (!world) return;
  const steps = [greet, search, reply, react, edit, remove, burn, keepDraft, attach, speak, arrange, burnt];
  for (const step of steps) await step(world); // each goes on where the one before it ended
  assert.deepEqual(world.complaints, []);
});

/** What has reached all of them says so. */
async function greet(world: World): Promise<void> {
  for (const { page, name } of world.people) await write(page, `Hello from ${name}`);
  for (const { page } of world.people) {
    for (const { name } of world.people) await bubble(page, `Hello from ${name}`).waitFor();
  }
  for (const { page, name } of world.people) await own(page, `Hello from ${name}`, "Delivered").waitFor();
  await choose(world.ada.page, "Hello from Ada", "Details");
  await world.ada.page.getByRole("dialog").getByText("Delivered: it is on the machines of all members").waitFor();
  await world.ada.page.keyboard.press("Escape");
  await write(world.cyd.page, "Shall we meet at the lighthouse?");
}

/** As many messages as are loaded at once push the old ones out. */
async function search({ bob: { page: bob }, eve: { page: eve, node }, id }: World): Promise<void> {
  for (let i = 1; i <= 50; i++) await say(node, id, `Ordinary message number ${i}`);
  await bubble(bob, "Ordinary message number 50").waitFor();
  await visit(bob, "/chats");
  await rowOf(bob, NAME).click();
  await bob.getByLabel("Search all messages").fill("LIGHTH");
  const hit = bob.getByRole("list", { name: "Messages found" }).getByRole("link", { name: /lighthouse/ });
  assert.equal(await hit.locator("mark").innerText(), "lighthouse");
  assert.equal(await bubble(bob, "lighthouse").count(), 0, "it is not loaded");
  await hit.click();
  await inSight(bubble(bob, "lighthouse"), "the found message");
  await bubble(bob, "Hello from Eve").waitFor(); // and what was said around it
  await bubble(bob, "Ordinary message number 1").first().waitFor();
  await press(bob, "Newest");
  await inSight(bubble(bob, "Ordinary message number 50"), "the newest message");
  await press(bob, "Clear the search");

  await press(eve, "Search in this conversation");
  await eve.getByLabel(`Search the messages with ${NAME}`).fill("hello dan");
  await eve.getByRole("link", { name: /Hello from Dan/ }).click();
  await inSight(bubble(eve, "Hello from Dan"), "the message found in the conversation");
  await press(eve, "Newest");
}

/** The original is long out of sight; the quote leads to it. */
async function reply(world: World): Promise<void> {
  const { dan } = world;
  await visit(dan.page, `/chats/${world.id}/1`);
  await choose(dan.page, "lighthouse", "Reply");
  await dan.page.getByRole("region", { name: "Replying to a message" }).getByText("Shall we meet").waitFor();
  await write(dan.page, "Yes, at nine");
  // First at the nodes: so a letter that is late is told from a page that does not show it.
  for (const { node, name } of world.people) {
    const isThere = async () => (await textsOf(node, world.id)).includes("Yes, at nine");
    await becomes(`the letter is at the node of ${name}`, isThere, true);
  }
  for (const page of othersThan(dan, world)) await quote(page, "Yes, at nine").waitFor();
  await quote(world.eve.page, "Yes, at nine").click();
  await inSight(bubble(world.eve.page, "Shall we meet at the lighthouse?").first(), "the original");
  await press(world.eve.page, "Newest");
}

async function react({ ada, bob, cyd, dan, eve }: World): Promise<void> {
  await choose(ada.page, "Yes, at nine", "React with 👍");
  await chip(eve.page, "Yes, at nine", /^👍 Ada/).click();
  await choose(cyd.page, "Yes, at nine", "React with ❤️");
  await choose(bob.page, "Yes, at nine", "Another reaction…");
  await bob.page.getByRole("textbox", { name: "Emoji" }).fill("🦉");
  await press(bob.page, "React");
  for (const { page } of [ada, bob, cyd, dan, eve]) {
    await chip(page, "Yes, at nine", /^👍 2: .*(Ada.*Eve|Eve.*Ada)/).waitFor();
    await chip(page, "Yes, at nine", /^❤️ .*Cyd/).waitFor();
    await chip(page, "Yes, at nine", /^🦉 .*Bob/).waitFor();
  }
  await chip(eve.page, "Yes, at nine", /^👍 .*yours/).click();
  await chip(dan.page, "Yes, at nine", /^👍 Ada$/).waitFor();
}

async function edit(world: World): Promise<void> {
  const { dan, cyd } = world;
  await choose(dan.page, "Yes, at nine", "Edit");
  await dan.page.getByLabel("New text of the message").fill("Yes, at ten");
  await dan.page.keyboard.press("Enter");
  for (const page of othersThan(dan, world)) {
    await bubble(page, "Yes, at ten").getByText("edited", { exact: true }).waitFor();
    assert.equal(await bubble(page, "Yes, at nine").count(), 0);
  }
  const menu = await openMenu(cyd.page, "Yes, at ten");
  assert.equal(await menu.getByRole("menuitem", { name: "Edit" }).count(), 0, "nobody edits what others wrote");
  assert.equal(await menu.getByRole("menuitem", { name: "Delete for everyone" }).count(), 0);
  await cyd.page.keyboard.press("Escape");
}

async function remove(world: World): Promise<void> {
  const { ada, eve, id } = world;
  await write(eve.page, "A word too many");
  for (const page of othersThan(eve, world)) await bubble(page, "A word too many").waitFor();
  await choose(eve.page, "A word too many", "Delete for everyone");
  await dismiss(eve.page, "Message deleted for everyone");
  await bubble(eve.page, "You deleted this message").waitFor();
  for (const page of othersThan(eve, world)) {
    await bubble(page, "This message was deleted").waitFor();
    assert.equal(await bubble(page, "A word too many").count(), 0);
  }
  for (const { node } of world.people) assert.ok(!(await textsOf(node, id)).includes("A word too many"));

  await choose(ada.page, "Ordinary message number 50", "Delete for me");
  await dismiss(ada.page, "Message deleted for you");
  await bubble(ada.page, "Ordinary message number 50").waitFor({ state: "detached" });
  for (const page of othersThan(ada, world)) await bubble(page, "Ordinary message number 50").waitFor();
}

/** `burnt` sees the end of it: half a minute is long enough for all that stands between. */
async function burn(world: World): Promise<void> {
  const { bob, cyd, eve } = world;
  await chooseForConversation(bob.page, NAME, "Disappearing messages…");
  await bob.page.getByText("30 seconds").click();
  await press(bob.page, "Save");
  await notice(bob.page, "You set messages to disappear after 30 seconds").waitFor();
  for (const page of othersThan(bob, world)) await notice(page, BOB_SET).waitFor();
  await write(cyd.page, "Burn after reading");
  for (const { page } of world.people) {
    await bubble(page, "Burn after reading")
      .getByText(/^Disappears in|\d+ s$/)
      .first()
      .waitFor();
  }
  await chooseForConversation(eve.page, NAME, "Disappearing messages…");
  await eve.page.getByRole("dialog").getByText("Off", { exact: true }).click();
  await press(eve.page, "Save");
  for (const page of othersThan(eve, world)) await notice(page, EVE_SET).waitFor();
}

const BOB_SET = /^~?Bob set messages to disappear after 30 seconds/;
const EVE_SET = /^~?Eve turned off disappearing messages/;

async function keepDraft({ cyd, ada, id }: World): Promise<void> {
  const { page, node } = cyd;
  await page.getByLabel(`Message to ${NAME}`).fill("Half a sentence");
  await follow(page, "Files");
  await until(async () => (await conversation(node, id)).draft === "Half a sentence", "the node keeps the draft");
  await visit(page, "/chats");
  await rowOf(page, NAME).getByText("Draft: Half a sentence").waitFor();
  await rowOf(page, NAME).click();
  await page.getByLabel(`Message to ${NAME}`).press("Enter");
  await bubble(ada.page, "Half a sentence").waitFor();
  await until(async () => (await conversation(node, id)).draft === "", "a sent draft is gone");
}

/** One link for all: each member who wants the file fetches it. */
async function attach({ ada, bob, dan, eve, id }: World): Promise<void> {
  const content = randomBytes(200_000);
  const file = { name: "map of the caves.png", mimeType: "image/png", buffer: content };
  await ada.page.getByLabel("Files to attach").setInputFiles([file]);
  await ada.page.getByRole("list", { name: "Attached files" }).getByText(file.name).waitFor();
  await write(ada.page, "Take this along");
  for (const { page } of [bob, eve]) {
    const card = bubble(page, "Take this along").getByRole("figure", { name: file.name });
    await card.getByText("200 KB").waitFor();
    const save = card.getByRole("button", { name: "Save to disk" });
    const [download] = await Promise.all([page.waitForEvent("download"), save.click()]);
    assert.equal(await download.failure(), null);
    assert.deepEqual(readFileSync(await download.path()), content);
  }
  const [message] = (await messagesOf(dan.node, id)).filter(({ text }) => text === "Take this along");
  assert.deepEqual(
    message?.files.map(({ name, bytes }) => [name, bytes]),
    [[file.name, content.length]],
  );
}

async function speak(world: World): Promise<void> {
  const { eve } = world;
  await press(eve.page, "Record a voice note");
  await allowMicrophone(eve.page);
  await eve.page
    .getByRole("timer")
    .filter({ hasText: /0:0[1-9]/ })
    .waitFor();
  await press(eve.page, "Stop recording");
  await press(eve.page, "Send voice note");
  // Fetched from Eve's machine by each, decrypted, and played from memory.
  await Promise.all(world.people.map(({ page }) => plays(voiceIn(page))));
  await rowOf(world.ada.page, NAME).getByText("Voice note").waitFor();
}

async function arrange({ dan: { page, node }, bob, id }: World): Promise<void> {
  await chooseForConversation(page, NAME, "Pin to the top");
  await rowOf(page, NAME).getByLabel("Pinned").waitFor();
  await chooseForConversation(page, NAME, "Mute…");
  await page.getByText("Until I unmute it").click();
  await press(page, "Mute");
  await rowOf(page, NAME).getByLabel("Muted").waitFor();

  await follow(page, "Files");
  await write(bob.page, "Do you hear me?");
  await until(async () => (await conversation(node, id)).unread === 1, "the message is unread");
  await page.waitForTimeout(500);
  assert.equal(await page.title(), "Files · Nocturne", "a muted group does not call");
  assert.equal(await page.getByRole("navigation", { name: "Nocturne" }).getByText("waiting").count(), 0);

  await visit(page, `/chats/${id}`);
  await bubble(page, "Do you hear me?").waitFor();
  await chooseForConversation(page, NAME, "Archive");
  await rowOf(page, NAME).waitFor({ state: "detached" });
  await press(page, "Archived (1)");
  await rowOf(page, NAME).waitFor();
  await chooseForConversation(page, NAME, "Back from the archive");
  await chooseForConversation(page, NAME, "Unmute");
  await chooseForConversation(page, NAME, "Unpin");
  await rowOf(page, NAME).getByLabel("Pinned").waitFor({ state: "detached" });
}

/** Its neighbour is there: the message is gone, and not only out of what is shown. */
async function burnt({ people, id }: World): Promise<void> {
  for (const { page, node } of people) {
    await bubble(page, "Burn after reading").waitFor({ state: "detached", timeout: 45_000 });
    await notice(page, /turned off disappearing messages/).waitFor();
    const texts = async () => (await textsOf(node, id)).includes("Burn after reading");
    await becomes("it is gone from the node as well", texts, false);
  }
}

/** Ada knows all of them and made the group; the others know only her. Each has it open. */
async function open(t: TestContext): Promise<World | null> {
  const browser = await launchBrowser(t, MICROPHONE);
  if (!browser) return null;
  const nodes = await startFive(t, ["bob", "cyd", "dan", "eve"]);
  const { ada, ...guests } = nodes;
  const members = Object.values(guests).map(({ npub }) => npub);
  const { id } = await ask<Group>(ada, "POST", "/groups", { name: NAME, members });
  for (const node of Object.values(nodes)) await becomes("all are in", () => countIn(node, id), 5);
  const complaints: string[] = [];
  const five = await openFive(browser, nodes, complaints);
  const people = Object.values(five);
  for (const { page } of people) {
    await rowOf(page, NAME).click();
    await hears(page, NAME);
  }
  return { ...five, people, id, complaints };
}

/** How many members a node knows of; none while it has not heard of the group. */
async function countIn(node: NocturneProcess, id: string): Promise<number> {
  const conversations = await ask<Conversation[]>(node, "GET", "/conversations");
  if (!conversations.some((one) => one.id === id)) return 0;
  return (await groupOf(node, id)).members.filter(({ state }) => state === "member").length;
}

/** The word that says how far a message of one's own got. */
function own(page: Page, text: string, state: string): Locator {
  return bubble(page, text).getByText(state, { exact: true });
}

/** What the message with this text answers. */
function quote(page: Page, text: string): Locator {
  return bubble(page, text).getByRole("button", { name: /Shall we meet/ });
}

async function conversation(node: NocturneProcess, id: string): Promise<Conversation> {
  const found = (await ask<Conversation[]>(node, "GET", "/conversations")).find((one) => one.id === id);
  assert.ok(found);
  return found;
}
