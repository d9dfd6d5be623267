/**
 * What a messenger does beside sending: answers, reactions, edits, deletions, drafts, search, silence, voices.
 * Two nodes and two browsers; everything is done by what can be seen and clicked, and seen at the other side.
 */
import assert from "node:assert/strict";
import { before, type TestContext, test } from "node:test";
import type { Page } from "playwright-core";
import type { Conversation } from "../../src/api/contract.ts";
import { assertAccessible, assertHandy } from "../support/accessibility.ts";
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
import { becomes, say, textsOf } from "../support/group.ts";
import { type NocturneProcess, startNocturne } from "../support/nocturne-process.ts";
import { ask, befriend, deliver } from "../support/people.ts";
import { buildPages, DESK, follow, hears, launchLink, openApp, PHONE, press, visit } from "../support/web-app.ts";

before(buildPages);

interface Person {
  readonly node: NocturneProcess;
  readonly page: Page;
}

interface World {
  readonly ada: Person;
  readonly grace: Person;
  readonly complaints: string[];
}

test("two people use the messenger", async (t) => {
  const world = await openFriends(t);
  if (!world) return;
  const steps = [reply, react, edit, remove, useKeyboard, keepDraft, showTyping, search, burn, arrange, speak, burnt];
  for (const step of steps) await step(world); // each goes on where the one before it ended
  assert.deepEqual(world.complaints, []);
});

async function reply({ ada, grace }: World): Promise<void> {
  await write(grace.page, "Shall we meet at the lighthouse?");
  await choose(ada.page, "lighthouse", "Reply");
  await ada.page.getByRole("region", { name: "Replying to a message" }).getByText("Shall we meet").waitFor();
  assert.equal(await focused(ada.page), "Message to Grace", "one can write at once");
  await ada.page.keyboard.press("Escape");
  await ada.page.getByRole("region", { name: "Replying to a message" }).waitFor({ state: "detached" });
  await choose(ada.page, "lighthouse", "Reply");
  await write(ada.page, "Yes, at nine");
  const answer = bubble(grace.page, "Yes, at nine");
  await answer.getByRole("button", { name: /Shall we meet/ }).click();
  await bubble(grace.page, "lighthouse").first().waitFor();
}

async function react({ ada, grace }: World): Promise<void> {
  await choose(ada.page, "Yes, at nine", "React with 👍");
  await chip(grace.page, "Yes, at nine", /^👍 .*Ada/).click();
  await chip(ada.page, "Yes, at nine", /^👍 .*yours/)
    .getByText("👍 2")
    .waitFor();
  await openMenu(ada.page, "Yes, at nine");
  await inspect(ada.page, "the menu of a message");
  await ada.page.getByRole("menuitem", { name: "Another reaction…" }).click();
  await inspect(ada.page, "another reaction");
  await ada.page.getByRole("textbox", { name: "Emoji" }).fill("no emoji");
  await press(ada.page, "React");
  await ada.page.getByText("This is not an emoji.").waitFor();
  await ada.page.getByRole("textbox", { name: "Emoji" }).fill("🦉");
  await press(ada.page, "React");
  await chip(grace.page, "Yes, at nine", /^🦉/).waitFor();
  await chip(grace.page, "Yes, at nine", /^👍/).click();
  await chip(ada.page, "Yes, at nine", /^👍/).waitFor({ state: "detached" });
}

async function edit({ ada, grace }: World): Promise<void> {
  await choose(ada.page, "Yes, at nine", "Edit");
  const field = ada.page.getByLabel("New text of the message");
  assert.equal(await field.inputValue(), "Yes, at nine");
  await field.fill("Yes, at ten");
  await field.press("Enter");
  await bubble(grace.page, "Yes, at ten").getByText("edited", { exact: true }).waitFor();
  assert.equal(await bubble(grace.page, "Yes, at nine").count(), 0);
  await ada.page.getByLabel("Message to Grace").waitFor();
  const menu = await openMenu(grace.page, "Yes, at ten");
  assert.equal(await menu.getByRole("menuitem", { name: "Edit" }).count(), 0, "nobody edits what others wrote");
  assert.equal(await menu.getByRole("menuitem", { name: "Delete for everyone" }).count(), 0);
  await grace.page.keyboard.press("Escape");
}

async function remove({ ada, grace }: World): Promise<void> {
  await write(ada.page, "A word too many");
  await bubble(grace.page, "A word too many").waitFor();
  await choose(ada.page, "A word too many", "Delete for everyone");
  await bubble(ada.page, "A word too many").waitFor({ state: "detached" });
  await press(ada.page, "Undo");
  await bubble(ada.page, "A word too many").waitFor();

  await choose(ada.page, "A word too many", "Delete for everyone");
  await dismiss(ada.page, "Message deleted for everyone");
  await bubble(grace.page, "This message was deleted").waitFor();
  await bubble(ada.page, "You deleted this message").waitFor();
  assert.equal(await bubble(grace.page, "A word too many").count(), 0);

  await write(grace.page, "Not for my own eyes");
  await choose(ada.page, "Not for my own eyes", "Delete for me");
  await dismiss(ada.page, "Message deleted for you");
  await bubble(ada.page, "Not for my own eyes").waitFor({ state: "detached" });
  await bubble(grace.page, "Not for my own eyes").waitFor();
  await choose(grace.page, "Not for my own eyes", "Details");
  await grace.page.getByRole("dialog").getByText("Delivered: it is on the other machine").waitFor();
  await inspect(grace.page, "the details of a message");
  await grace.page.keyboard.press("Escape");
}

async function useKeyboard({ grace: { page } }: World): Promise<void> {
  const button = bubble(page, "lighthouse")
    .first()
    .getByRole("button", { name: /^Actions for the message/ });
  await button.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  assert.match(await focused(page), /^Actions for the message/);
  assert.match(page.url(), /chats\/npub/, "Escape closes the menu, not the conversation");
}

async function keepDraft({ ada, grace }: World): Promise<void> {
  const { page, node } = ada;
  await page.getByLabel("Message to Grace").fill("Half a sentence");
  await follow(page, "Files");
  await until(async () => (await conversation(node)).draft === "Half a sentence", "the node keeps the draft");
  await visit(page, "/chats");
  await rowOf(page, "Grace").getByText("Draft: Half a sentence").waitFor();
  const elsewhere = await page.context().newPage();
  await elsewhere.goto(await launchLink(node));
  await rowOf(elsewhere, "Grace").click();
  await until(
    async () => (await elsewhere.getByLabel("Message to Grace").inputValue()) === "Half a sentence",
    "another tab knows the draft",
  );
  await elsewhere.close();
  await rowOf(page, "Grace").click();
  await page.getByLabel("Message to Grace").press("Enter");
  await bubble(grace.page, "Half a sentence").waitFor();
  await until(async () => (await conversation(node)).draft === "", "a sent draft is gone");
}

async function showTyping({ ada, grace }: World): Promise<void> {
  const line = ada.page.getByRole("main").locator("header").getByText("typing…", { exact: true });
  await grace.page.getByLabel("Message to Ada").pressSequentially("psst");
  await ada.page.waitForTimeout(1_000);
  assert.equal(await line.count(), 0, "nothing is told unasked");
  await setTyping(grace.page);
  await grace.page.getByLabel("Message to Ada").pressSequentially(" hello");
  await line.waitFor();
  await grace.page.getByLabel("Message to Ada").press("Enter");
  await bubble(ada.page, "psst hello").waitFor();
  await line.waitFor({ state: "detached" });
}

async function setTyping(page: Page): Promise<void> {
  const back = new URL(page.url()).hash.slice(1);
  await visit(page, "/settings");
  await page.getByRole("switch", { name: "Typing" }).click();
  await page.waitForTimeout(300);
  await visit(page, back);
}

/** A hundred messages push the old ones out of what is loaded. */
async function search({ ada, grace }: World): Promise<void> {
  const { page } = ada;
  for (let i = 1; i < 100; i++) await say(grace.node, ada.node.npub, `Ordinary message number ${i}`);
  await deliver(grace.node, ada.node, "Ordinary message number 100");
  await bubble(page, "Ordinary message number 100").waitFor();
  await page.getByLabel("Search all messages").fill("LIGHTH");
  const hits = page.getByRole("list", { name: "Messages found" });
  const hit = hits.getByRole("link", { name: /lighthouse/ });
  assert.equal(await hit.locator("mark").innerText(), "lighthouse");
  await hit.click();
  await inSight(bubble(page, "Shall we meet at the lighthouse?").first(), "the found message");
  await press(page, "Newest");
  await inSight(bubble(page, "Ordinary message number 100"), "the newest message");
  await press(page, "Clear the search");

  await press(page, "Search in this conversation");
  await page.getByLabel("Search the messages with Grace").fill("ten");
  await hits.getByRole("link", { name: /Yes, at ten/ }).waitFor();
  await inspect(page, "searching in a conversation");
  await hits.getByRole("link", { name: /Yes, at ten/ }).click();
  const answer = bubble(page, "Yes, at ten");
  await inSight(answer, "the message found in the conversation");
  await answer.getByRole("button", { name: /Shall we meet/ }).click();
  await inSight(bubble(page, "Shall we meet at the lighthouse?").first(), "the original");

  await visit(page, `/chats/${grace.node.npub}`);
  await choose(page, "Ordinary message number 100", "Reply");
  await write(page, "So many");
  await bubble(grace.page, "So many").waitFor();
}

/** `burnt` sees the end of it: half a minute is long enough for all that stands between. */
async function burn({ ada, grace }: World): Promise<void> {
  await chooseForConversation(ada.page, "Grace", "Disappearing messages…");
  await inspect(ada.page, "choosing a timer");
  await ada.page.getByText("30 seconds").click();
  await press(ada.page, "Save");
  await bubble(ada.page, "You set messages to disappear after 30 seconds").waitFor();
  await bubble(grace.page, "Ada set messages to disappear after 30 seconds").waitFor();
  await write(ada.page, "Burn after reading");
  await bubble(grace.page, "Burn after reading")
    .getByText(/^Disappears in/)
    .waitFor();
  await bubble(ada.page, "Burn after reading")
    .getByText(/\d+ s$/)
    .waitFor();
  await chooseForConversation(ada.page, "Grace", "Disappearing messages…");
  await ada.page.getByRole("dialog").getByText("Off", { exact: true }).click();
  await press(ada.page, "Save");
  await bubble(grace.page, "Ada turned off disappearing messages").waitFor();
}

async function arrange({ ada, grace }: World): Promise<void> {
  const { page } = ada;
  await chooseForConversation(page, "Grace", "Pin to the top");
  await rowOf(page, "Grace").getByLabel("Pinned").waitFor();
  await chooseForConversation(page, "Grace", "Mute…");
  await page.getByText("Until I unmute it").click();
  await press(page, "Mute");
  await rowOf(page, "Grace").getByLabel("Muted").waitFor();

  await follow(page, "Files");
  await write(grace.page, "Do you hear me?");
  await until(async () => (await conversation(ada.node)).unread === 1, "the message is unread");
  await page.waitForTimeout(500);
  assert.equal(await page.title(), "Files · Nocturne", "a muted conversation does not call");
  assert.equal(await page.getByRole("navigation", { name: "Nocturne" }).getByText("waiting").count(), 0);

  await visit(page, `/chats/${grace.node.npub}`);
  await bubble(page, "Do you hear me?").waitFor();
  await chooseForConversation(page, "Grace", "Archive");
  await rowOf(page, "Grace").waitFor({ state: "detached" });
  await press(page, "Archived (1)");
  await rowOf(page, "Grace").waitFor();
  await chooseForConversation(page, "Grace", "Back from the archive");
  await chooseForConversation(page, "Grace", "Unmute");
  await chooseForConversation(page, "Grace", "Unpin");
  await rowOf(page, "Grace").getByLabel("Pinned").waitFor({ state: "detached" });
}

async function speak({ ada, grace }: World): Promise<void> {
  const { page } = ada;
  await press(page, "Record a voice note");
  await allowMicrophone(page);
  await press(page, "Throw the recording away");
  await page.getByLabel("Message to Grace").waitFor();

  await press(page, "Record a voice note");
  await allowMicrophone(page);
  await page
    .getByRole("timer")
    .filter({ hasText: /0:0[2-9]/ })
    .waitFor();
  await inspect(page, "recording");
  await press(page, "Stop recording");
  await inspect(page, "listening before sending");
  await plays(page.getByRole("group", { name: "Voice note" }));
  await press(page, "Send voice note");

  const own = voiceIn(page);
  await own.getByText(/0:\d\d$/).waitFor();
  await plays(own);
  await plays(voiceIn(grace.page)); // fetched from the other machine, decrypted, and played from memory
  await rowOf(page, "Grace").getByText("Voice note").waitFor();
  await inspect(grace.page, "a voice note");
}

/** Its neighbour is there: the message is gone, and not only out of what is shown. */
async function burnt({ ada, grace }: World): Promise<void> {
  for (const { page, node } of [ada, grace]) {
    await bubble(page, "Burn after reading").waitFor({ state: "detached", timeout: 45_000 });
    await notice(page, /turned off disappearing messages/).waitFor();
    const { id } = await conversation(node);
    await becomes("it is gone from the node as well", () => textsOf(node, id).then(includesBurnt), false);
  }
}

function includesBurnt(texts: readonly string[]): boolean {
  return texts.includes("Burn after reading");
}

/** For everybody, on a telephone and on a desk. */
async function inspect(page: Page, what: string): Promise<void> {
  for (const size of [PHONE, DESK]) {
    await page.setViewportSize(size);
    await page.waitForTimeout(100);
    await assertAccessible(page, `${what}, ${size.width} px`);
    await assertHandy(page, `${what}, ${size.width} px`);
  }
}

test("on a telephone a finger that rests on a message opens its menu", async (t) => {
  const world = await openFriends(t);
  if (!world) return;
  const { ada, grace, complaints } = world;
  await write(grace.page, "Touch me");
  const browser = ada.page.context().browser();
  assert.ok(browser);
  const url = await launchLink(ada.node);
  const page = await openApp(browser, ada.node, complaints, { url, viewport: PHONE, hasTouch: true, isMobile: true });
  await visit(page, `/chats/${grace.node.npub}`);
  const text = bubble(page, "Touch me").locator("p").first();
  await text.waitFor();
  await page.waitForTimeout(500);
  const box = await text.boundingBox();
  assert.ok(box);
  const client = await page.context().newCDPSession(page);
  const touchPoints = [{ x: box.x + 5, y: box.y + 5 }];
  await client.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await page.getByRole("menu").waitFor();
  await client.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await page.getByRole("menuitem", { name: "React with ❤️" }).tap();
  await chip(grace.page, "Touch me", /^❤️ Ada/).waitFor();
  assert.deepEqual(complaints, []);
});

async function openFriends(t: TestContext): Promise<World | null> {
  const browser = await launchBrowser(t, MICROPHONE);
  if (!browser) return null;
  const complaints: string[] = [];
  const [one, other] = await Promise.all([startNocturne(t), startNocturne(t)]);
  await befriend(one, other, { host: "Ada", guest: "Grace" });
  await ask(one, "PATCH", "/settings", { displayName: "Ada" });
  await ask(other, "PATCH", "/settings", { displayName: "Grace" });
  const ada = { node: one, page: await openApp(browser, one, complaints) };
  const grace = { node: other, page: await openApp(browser, other, complaints) };
  await follow(ada.page, /^Grace/);
  await follow(grace.page, /^Ada/);
  await hears(ada.page, "Grace");
  await grace.page.getByLabel("Message to Ada").waitFor();
  return { ada, grace, complaints };
}

function focused(page: Page): Promise<string> {
  return page.evaluate<string>(
    `document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.labels?.[0]?.textContent ?? ""`,
  );
}

/** The one conversation of a node. */
async function conversation(node: NocturneProcess): Promise<Conversation> {
  const [only] = await ask<Conversation[]>(node, "GET", "/conversations");
  assert.ok(only);
  return only;
}
