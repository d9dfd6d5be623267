/**
 * Two people who meet in the web app: two nodes, two browser profiles, one invite. Everything is done by
 * what can be seen and clicked; the command line is used to cross-check, and as the other way to write.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import type { Launch, Message, MessagePage } from "../../src/api/contract.ts";
import { launchBrowser } from "../support/browser.ts";
import { untilTheEnd } from "../support/cleanup.ts";
import { type NocturneProcess, startNocturne } from "../support/nocturne-process.ts";
import { ask, befriend, deliver, fingerprintOf } from "../support/people.ts";
import { buildPages, follow, hears, launchLink, openApp, openProfile, press } from "../support/web-app.ts";

before(buildPages);

interface Person {
  readonly node: NocturneProcess;
  readonly page: Page;
}

interface InboxLine {
  readonly text: string;
  readonly state: string;
}

test("two people meet by an invite and write to each other", async (t) => {
  const browser = await launchBrowser(t);
  if (!browser) return;
  const complaints: string[] = [];
  const nodes = await Promise.all([startNocturne(t), startNocturne(t)]);
  const ada = { node: nodes[0], page: await openApp(browser, nodes[0], complaints) };
  const grace = { node: nodes[1], page: await openApp(browser, nodes[1], complaints) };
  await arrive(ada, "Ada");
  await arrive(grace, "Grace");
  await useInvite(grace, await makeInvite(ada));
  await write(grace.page, "Hello Ada, this is Grace.");
  await acceptRequest(ada, grace);

  await hears(ada.page, "Grace");
  await bubble(ada.page, "Hello Ada, this is Grace.").waitFor();
  await write(ada.page, "Welcome!\nTwo lines.");
  await bubble(grace.page, "Welcome!").waitFor();
  await reaches(grace.page, "Hello Ada, this is Grace.", "Delivered");
  await reaches(ada.page, "Welcome!", "Delivered");

  await seeUnread(ada, grace);
  await writeByTerminal(ada, grace);
  await showTextAsText(ada, grace);
  const texts = await textsOf(ada.page);
  assert.deepEqual(await textsOf(grace.page), texts, "both see the same conversation in the same order");
  assert.deepEqual(complaints, []);

  await comeBack(browser, ada, texts, complaints);
  assert.deepEqual(complaints, []);
});

test("a file is sent in a message and fetched by the one who got it", async (t) => {
  const world = await openFriends(t);
  if (!world) return;
  const { ada, grace, complaints } = world;
  const content = randomBytes(200_000);
  const file = { name: "map of the caves.png", mimeType: "image/png", buffer: content };
  await ada.page.getByLabel("Files to attach").setInputFiles([file]);
  await ada.page.getByRole("list", { name: "Attached files" }).getByText(file.name).waitFor();
  await write(ada.page, "Take this along");
  const card = bubble(grace.page, "Take this along").getByRole("figure", { name: file.name });
  await card.getByText("200 KB").waitFor();
  await card.getByText("Comes only if the sender uses this machine").waitFor();
  const save = card.getByRole("button", { name: "Save to disk" });
  const [download] = await Promise.all([grace.page.waitForEvent("download"), save.click()]);
  assert.equal(await download.failure(), null);
  assert.deepEqual(readFileSync(await download.path()), content);
  assert.deepEqual(complaints, []);
});

test("a message that comes while the list is being fetched is not lost from it", async (t) => {
  const world = await openFriends(t);
  if (!world) return;
  const { ada, grace, complaints } = world;
  const page = await ada.page.context().newPage();
  // The node answers at once, but the answer takes long to arrive: it knows nothing of what came meanwhile.
  const asked = Promise.withResolvers<void>();
  await page.route(/\/messages\?/, async (route) => {
    const response = await route.fetch();
    asked.resolve();
    await sleep(SLOW_ANSWER_MS);
    await route.fulfill({ response }).catch(() => {}); // the page may have asked anew meanwhile
  });
  await page.goto(ada.page.url());
  await asked.promise;
  await deliver(grace.node, ada.node, "Are you there already?");
  await bubble(page, "Are you there already?").waitFor();
  await sleep(2 * SLOW_ANSWER_MS);
  assert.equal(await bubble(page, "Are you there already?").count(), 1);
  assert.deepEqual(complaints, []);
});

// The last one: it kills Grace's node.
test("what is written while the other node is away waits, says so, and arrives", async (t) => {
  const world = await openFriends(t);
  if (!world) return;
  const { ada, grace, complaints } = world;
  await grace.node.end("SIGKILL");
  await grace.page.getByRole("alert").filter({ hasText: "Nocturne does not answer" }).waitFor();
  await write(ada.page, "Are you back?");
  await reaches(ada.page, "Are you back?", "Queued");
  await failsToSend(ada.node, grace.node);
  const reopened = await ada.page.context().newPage();
  await reopened.goto(ada.page.url());
  await bubble(reopened, "Are you back?")
    .getByText(/^Waiting: /)
    .waitFor();
  await reopened.close();
  assert.deepEqual(
    complaints.filter((complaint) => complaint.includes(ada.node.ports.app.toString())),
    [],
  );

  const again = await startNocturne(t, { dataDir: grace.node.dataDir, ports: grace.node.ports });
  await hears(grace.page, "Open Nocturne again"); // it knows no session of the killed one
  await arrives(again, ada.node, "Are you back?");
  await grace.page.goto(again.url); // the same page as before, which could not hear of it
  await follow(grace.page, /^Ada/);
  await bubble(grace.page, "Are you back?").waitFor();
  await reaches(ada.page, "Are you back?", "Delivered");
});

const SLOW_ANSWER_MS = 1_500;

/** Waits until a first try to reach the other one's relay has failed. */
async function failsToSend(from: NocturneProcess, to: NocturneProcess): Promise<void> {
  await newestMessage(from, to, (message) => message?.waiting !== undefined);
}

async function arrives(at: NocturneProcess, from: NocturneProcess, text: string): Promise<void> {
  await newestMessage(at, from, (message) => message?.text === text);
}

/** Waits until the newest message of a conversation is as expected, whatever any page shows. */
async function newestMessage(
  node: NocturneProcess,
  other: NocturneProcess,
  isExpected: (message: Message | undefined) => boolean,
): Promise<void> {
  for (let i = 0; i < 160; i++, await sleep(250)) {
    const { messages } = await ask<MessagePage>(node, "GET", `/conversations/${other.npub}/messages`);
    if (isExpected(messages.at(-1))) return;
  }
  assert.fail("the newest message did not become as expected");
}

interface Friends {
  readonly ada: Person;
  readonly grace: Person;
  readonly complaints: string[];
}

/** Two people who know each other, by nodes that serve several tests; each has their conversation open. */
let shared: Promise<readonly [NocturneProcess, NocturneProcess]> | null = null;
const { owner: wholeFile, end } = untilTheEnd();
after(end);

async function openFriends(t: TestContext): Promise<Friends | null> {
  const browser = await launchBrowser(t);
  if (!browser) return null;
  const complaints: string[] = [];
  const [one, other] = await (shared ??= startFriends());
  const ada = { node: one, page: await openApp(browser, one, complaints, { url: await launchLink(one) }) };
  const grace = { node: other, page: await openApp(browser, other, complaints, { url: await launchLink(other) }) };
  await follow(ada.page, /^Grace/);
  await follow(grace.page, /^Ada/);
  await grace.page.getByLabel("Message to Ada").waitFor();
  return { ada, grace, complaints };
}

async function startFriends(): Promise<readonly [NocturneProcess, NocturneProcess]> {
  const nodes = await Promise.all([startNocturne(wholeFile), startNocturne(wholeFile)]);
  await befriend(...nodes, { host: "Ada", guest: "Grace" });
  return nodes;
}

/** The first start: an identity is there, and a name can be given without a form. */
async function arrive({ node, page }: Person, name: string): Promise<void> {
  await hears(page, "You are ready");
  assert.ok(!page.url().includes("token"), "the launch token stays out of the address bar and the history");
  assert.equal(await groups(page, "Your fingerprint"), squeeze(await fingerprintOf(node)));
  await page.getByLabel("Display name (optional)").fill(name);
  await page.getByLabel("Display name (optional)").blur();
}

/** The invite as a link, and as somebody else's camera would see it. */
async function makeInvite({ page }: Person): Promise<{ link: string; picture: Buffer }> {
  await follow(page, "Invite someone");
  const picture = await page.getByRole("img", { name: "QR code: your invite link" }).screenshot();
  const link = await page.locator("code", { hasText: "nocturne:invite/" }).innerText();
  await page.getByText("in 7 days").waitFor();
  return { link, picture };
}

async function useInvite({ page }: Person, { link, picture }: { link: string; picture: Buffer }): Promise<void> {
  await follow(page, "Go to chats");
  await follow(page, "Add a contact");
  await press(page, "Add");
  await page.getByRole("alert").filter({ hasText: "Paste an invite link" }).waitFor();
  await press(page, "Scan a QR code");
  await page
    .getByLabel("Picture of a QR code")
    .setInputFiles([{ name: "qr.png", mimeType: "image/png", buffer: picture }]);
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await page.getByLabel("Invite link or npub").inputValue(), link);
  await page.getByLabel("Name (optional)").fill("Ada");
  await press(page, "Add");
  await hears(page, "Ada");
  await page.getByText("has not answered yet").waitFor();
}

/** What stands beside the request is what its sender sees as the own fingerprint. */
async function acceptRequest(ada: Person, grace: Person): Promise<void> {
  const { page } = ada;
  await page.getByRole("navigation", { name: "Nocturne" }).getByText("1 waiting").waitFor();
  await follow(page, /^Chats/);
  await follow(page, /^Message requests/);
  await follow(page, /Invited/);
  await hears(page, "Grace wants to write to you");
  assert.equal(await groups(page, "Fingerprint of Grace"), squeeze(await fingerprintOf(grace.node)));
  assert.equal(await page.getByLabel("Message to Grace").count(), 0, "nothing can be answered before it is accepted");
  await press(page, "Accept");
  await page.getByLabel("Message to Grace").waitFor();
  await follow(page, /^Chats/);
  await page.getByRole("navigation", { name: "Conversations" }).getByRole("link", { name: "Grace" }).click();
}

/** A message that comes while one looks elsewhere is counted in three places, until it was in sight. */
async function seeUnread(ada: Person, grace: Person): Promise<void> {
  const rooms = ada.page.getByRole("navigation", { name: "Nocturne" });
  await follow(ada.page, "Files");
  await write(grace.page, "Are you there?");
  await rooms.getByText("1 waiting").waitFor();
  await waitForTitle(ada.page, "(1) Files · Nocturne");
  await follow(ada.page, /^Chats/);
  const row = ada.page.getByRole("navigation", { name: "Conversations" }).getByRole("link", { name: "Grace" });
  await row.getByText("1 unread").waitFor();
  await row.getByText("Are you there?").waitFor();
  await row.click();
  await ada.page.getByText("New messages").waitFor();
  await row.getByText("1 unread").waitFor({ state: "detached" });
  await waitForTitle(ada.page, "Grace · Nocturne");
}

/** The command line and the app are two faces of one node. */
async function writeByTerminal(ada: Person, grace: Person): Promise<void> {
  const sent = await grace.node.run(["send", "Ada", "From a terminal", "--wait", "delivered", "--json"]);
  assert.equal(sent.code, 0, sent.stderr);
  await bubble(ada.page, "From a terminal").waitFor();
  await reaches(grace.page, "From a terminal", "Delivered");
  const { json } = await ada.node.run<InboxLine[]>(["inbox", "--json"]);
  assert.deepEqual(
    json.map(({ text }) => text),
    ["Hello Ada, this is Grace.", "Are you there?", "From a terminal"],
  );
}

/** A message is text, whatever it looks like: were it markup, the page would complain or lose it. */
async function showTextAsText(ada: Person, grace: Person): Promise<void> {
  const hostile = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
  await write(grace.page, hostile);
  await bubble(ada.page, hostile).waitFor();
  await write(ada.page, "see https://example.org/a?b=c and javascript:alert(1)");
  const seen = bubble(grace.page, "see https://example.org");
  await seen.waitFor();
  assert.equal(await seen.getByRole("link").getAttribute("href"), "https://example.org/a?b=c"); // the only one
  assert.ok(!(await ada.page.title()).includes("owned"));
}

/** A reload forgets the session, and nothing else; a new launch link brings everything back. */
async function comeBack(browser: Browser, ada: Person, texts: readonly string[], complaints: string[]): Promise<void> {
  const { page, node } = ada;
  const address = page.url();
  const second = await page.context().newPage();
  await second.goto(address);
  await bubble(second, "Welcome!").waitFor(); // a second tab is given the session by the first
  await second.close();

  await page.reload();
  await hears(page, "Open Nocturne again");
  assert.equal(await page.getByText("Welcome!").count(), 0);
  const opened = await node.run<Launch>(["open", "--no-open", "--json"]);
  assert.equal(opened.code, 0, opened.stderr);
  const link = opened.json.url;
  await page.goto(link);
  await openConversation(page);
  assert.deepEqual(await textsOf(page), texts);

  await page.reload();
  await hears(page, "Open Nocturne again");
  await page.getByLabel("Or paste the launch link here").fill(await launchLink(node));
  await press(page, "Open");
  await openConversation(page);

  const stranger = await openProfile(browser, []);
  await stranger.goto(link);
  await hears(stranger, "This link has been used");
  assert.deepEqual(complaints, []);
}

async function openConversation(page: Page): Promise<void> {
  await page.getByRole("navigation", { name: "Conversations" }).getByRole("link", { name: "Grace" }).click();
  await bubble(page, "Welcome!").waitFor();
}

async function write(page: Page, text: string): Promise<void> {
  const field = page.getByPlaceholder("Message");
  const [first = "", ...rest] = text.split("\n");
  await field.fill(first);
  for (const line of rest) {
    await field.press("Shift+Enter");
    await field.pressSequentially(line);
  }
  await field.press("Enter");
  await bubble(page, first).waitFor();
  assert.equal(await field.inputValue(), "");
}

/** The list item of the message that contains this text. */
function bubble(page: Page, text: string): ReturnType<Page["locator"]> {
  return page
    .getByRole("region", { name: /^Messages with/ })
    .getByRole("listitem")
    .filter({ hasText: text });
}

async function reaches(page: Page, text: string, word: string): Promise<void> {
  await bubble(page, text).getByText(word, { exact: true }).waitFor();
}

/** The texts in display order, without names, times and ticks. */
async function textsOf(page: Page): Promise<string[]> {
  return page
    .getByRole("region", { name: /^Messages with/ })
    .locator("li p[dir=auto]")
    .allInnerTexts();
}

/** The key shown under this label, without its spaces. */
async function groups(page: Page, label: string): Promise<string> {
  const shown = await page.locator("p", { has: page.getByText(`${label}:`) }).innerText();
  return squeeze(shown.slice(shown.indexOf(":") + 1));
}

function squeeze(text: string): string {
  return text.replace(/\s/g, "");
}

async function waitForTitle(page: Page, title: string): Promise<void> {
  for (let i = 0; i < 100 && (await page.title()) !== title; i++) await page.waitForTimeout(100);
  assert.equal(await page.title(), title);
}
