/**
 * A group of five in the web app: Ada makes it, Bob is asked, Cyd and Dan as well, Eve comes by the link. Ada and Bob
 * sit before browsers; the other three speak to their nodes as the command line does. The steps build on each other.
 */
import assert from "node:assert/strict";
import { before, type TestContext, test } from "node:test";
import type { Browser, Locator, Page } from "playwright-core";
import type { Conversation } from "../../src/api/contract.ts";
import { launchBrowser } from "../support/browser.ts";
import { becomes, groupOf, messagesOf, noticesOf, say, textsOf } from "../support/group.ts";
import { type NocturneProcess, startNocturne } from "../support/nocturne-process.ts";
import { ask, befriend } from "../support/people.ts";
import { buildPages, follow, hears, openApp, press, visit } from "../support/web-app.ts";

before(buildPages);

interface World {
  readonly browser: Browser;
  readonly nodes: Record<"ada" | "bob" | "cyd" | "dan" | "eve", NocturneProcess>;
  readonly ada: Page;
  readonly bob: Page;
  readonly complaints: string[];
  /** Of the group, once it is made. */
  id: string;
}

test("a group of five in the web app", async (t) => {
  const world = await open(t);
  if (!world) return;
  const steps = [create, write, answer, change, disappear, search, rename, appoint, letIn, remove, leave];
  for (const step of steps) await step(world); // each goes on where the one before it ended
  assert.deepEqual(world.complaints, []);
});

/** Dan is away when the group is made, so that somebody is still awaited. */
async function create(world: World): Promise<void> {
  const { ada, bob, nodes } = world;
  await follow(ada, "New group");
  await press(ada, "Create the group");
  await ada.getByRole("alert").filter({ hasText: "Give the group a name" }).waitFor();
  await ada.getByLabel("Name").fill("Climbers");
  for (const name of ["Bob", "Cyd", "Dan"]) await ada.getByRole("checkbox", { name }).check();
  await press(ada, "Do not ask Cyd");
  assert.equal(await ada.getByRole("checkbox", { name: "Cyd" }).isChecked(), false);
  await ada.getByRole("checkbox", { name: "Cyd" }).check();
  await press(ada, "Create the group");
  await hears(ada, "Climbers");
  await ada.getByText("Dan was asked and not yet here").waitFor();
  await ada.getByText("3 members, 1 asked").waitFor();
  world.id = ada.url().split("/").at(-1) as string;
  await rowOf(bob, "Climbers").click();
  await hears(bob, "Climbers");
  await notice(ada, "You added Cyd").waitFor();
  await ask(nodes.dan, "POST", "/vault/unlock", { passphrase: PASSPHRASE });
  await notice(ada, "You added Dan").waitFor();
  await ada.getByText("was asked and not yet here").waitFor({ state: "detached" });
  for (const page of [ada, bob]) await page.getByText("4 members", { exact: true }).waitFor();
  assert.equal(await bob.getByLabel("Message to Climbers").count(), 1);
}

async function write(world: World): Promise<void> {
  const { ada, bob, nodes, id } = world;
  await send(ada, "Hello from Ada");
  await send(bob, "Hello from Bob");
  await say(nodes.cyd, id, "Hello from Cyd");
  await say(nodes.dan, id, "Hello from Dan");
  for (const page of [ada, bob]) {
    for (const author of ["Cyd", "Dan"]) {
      const name = page === bob ? `~${author}` : author; // the mark of who is no contact of Bob's
      await bubble(page, `Hello from ${author}`).getByText(`${name}:`, { exact: true }).waitFor();
    }
  }
  await notice(bob, "Ada added ~Dan").waitFor(); // he came when Bob was there, without a name at first
  await bubble(ada, "Hello from Bob").waitFor();
  await bubble(bob, "Hello from Ada").waitFor();
  await bubble(ada, "Hello from Ada").getByText("Delivered", { exact: true }).waitFor();
  for (const node of [nodes.cyd, nodes.dan]) {
    await becomes("all texts", async () => (await textsOf(node, id)).sort(), HELLOS);
  }
}

const HELLOS = ["Ada", "Bob", "Cyd", "Dan"].map((name) => `Hello from ${name}`);

async function answer({ ada, bob, nodes, id }: World): Promise<void> {
  await choose(bob, "Hello from Cyd", "Reply");
  await send(bob, "Welcome, Cyd");
  await bubble(ada, "Welcome, Cyd").getByText("Hello from Cyd").waitFor();
  await choose(ada, "Welcome, Cyd", "React with 👍");
  const [welcome] = (await messagesOf(nodes.cyd, id)).filter(({ text }) => text === "Welcome, Cyd");
  assert.equal(welcome?.replyTo?.excerpt, "Hello from Cyd");
  await ask(nodes.cyd, "PUT", `/messages/${welcome?.id}/reaction`, { emoji: "👍" });
  await bubble(bob, "Welcome, Cyd")
    .getByRole("button", { name: /^👍 2: .*(Ada.*Cyd|Cyd.*Ada)/ })
    .waitFor();
}

async function change({ ada, bob, nodes, id }: World): Promise<void> {
  await send(bob, "See you at nine");
  await bubble(ada, "See you at nine").waitFor();
  await choose(bob, "See you at nine", "Edit");
  await bob.getByLabel("New text of the message").fill("See you at ten");
  await bob.keyboard.press("Enter");
  await bubble(ada, "See you at ten").getByText("edited", { exact: true }).waitFor();
  await send(bob, "A word too many");
  await bubble(ada, "A word too many").waitFor();
  await choose(bob, "A word too many", "Delete for everyone");
  const toast = bob.getByRole("dialog").filter({ hasText: "Message deleted for everyone" });
  await toast.getByRole("button", { name: "Dismiss" }).click();
  await bubble(ada, "This message was deleted").waitFor();
  await becomes("it is gone at Dan's", async () => (await textsOf(nodes.dan, id)).includes("A word too many"), false);
}

async function disappear({ ada, bob, nodes, id }: World): Promise<void> {
  await press(ada, "Actions for Climbers");
  await ada.getByRole("menuitem", { name: "Disappearing messages…" }).click();
  await ada.getByRole("dialog").getByText("1 day").click();
  await press(ada, "Save");
  await notice(bob, "Ada set messages to disappear after 1 day").waitFor();
  const timerOf = async () =>
    (await ask<Conversation[]>(nodes.cyd, "GET", "/conversations")).find((one) => one.id === id)?.timerSeconds;
  await becomes("the timer at Cyd's", timerOf, 86_400);
  await ask(nodes.cyd, "PATCH", `/conversations/${id}`, { timerSeconds: null });
  await notice(ada, /^Cyd .*disappear/).waitFor();
}

async function search({ bob }: World): Promise<void> {
  await press(bob, "Search in this conversation");
  await bob.getByLabel("Search the messages with Climbers").fill("dan");
  await bob
    .getByRole("link", { name: /Hello from Dan/ })
    .first()
    .click();
  await bubble(bob, "Hello from Dan").waitFor();
  await follow(bob, /^Chats/);
  await rowOf(bob, "Climbers").click();
}

async function rename({ ada, bob }: World): Promise<void> {
  await follow(ada, /^Climbers 4 members/);
  await hears(ada, "Members (4)");
  await press(ada, "Rename");
  await ada.getByRole("textbox", { name: "Name" }).fill("Night climbers");
  await press(ada, "Save");
  await ada.getByRole("main").getByText("Night climbers", { exact: true }).waitFor();
  await hears(bob, "Night climbers");
  await notice(bob, "Ada named the group “Night climbers”").waitFor();
}

/** Bob sees at once that he may do more than before. */
async function appoint({ ada, bob }: World): Promise<void> {
  await follow(bob, /^Night climbers 4 members/);
  await hears(bob, "Members (4)");
  assert.equal(await bob.getByRole("button", { name: /^(Invite people|Rename|Make a join link)$/ }).count(), 0);
  await press(ada, "Leave");
  await hears(ada, "Appoint an admin first");
  await press(ada, "Understood");
  await press(ada, "Actions for Bob");
  await ada.getByRole("menuitem", { name: "Make an admin" }).click();
  await member(ada, "Bob").getByText("Admin", { exact: true }).waitFor();
  await bob.getByText("You are an admin.").waitFor();
  await bob.getByRole("button", { name: "Rename" }).waitFor();
}

/** Eve pastes the link where contacts are added; Bob, whose link it is, decides. */
async function letIn({ browser, bob, ada, nodes, id, complaints }: World): Promise<void> {
  await press(bob, "Make a join link");
  await bob.getByRole("img", { name: "QR code: join link of Night climbers" }).waitFor();
  const first = await bob.locator("code", { hasText: "nocturne:group/" }).innerText();
  await press(bob, "New link");
  await bob.getByText("New link made", { exact: true }).waitFor();
  const link = await bob.locator("code", { hasText: "nocturne:group/" }).innerText();
  assert.notEqual(link, first);
  const eve = await openApp(browser, nodes.eve, complaints);
  await visit(eve, "/contacts/add");
  await eve.getByLabel("Invite link or npub").fill(link);
  await press(eve, "Add");
  await hears(eve, "You asked to come in");
  await follow(eve, "Back to chats");
  await hears(bob, "They want to come in");
  await press(bob, "Let in ~Eve");
  await hears(bob, "Members (5)");
  await hears(ada, "Members (5)");
  await rowOf(eve, "Night climbers").click();
  await send(eve, "Hello from Eve");
  assert.equal(await bubble(eve, "Hello from Ada").count(), 0, "nothing of before");
  await eve.context().close();
  for (const node of [nodes.ada, nodes.bob, nodes.cyd, nodes.dan]) {
    await becomes("Eve's words", async () => (await textsOf(node, id)).includes("Hello from Eve"), true);
  }
  await press(bob, "Remove link");
  await bob.getByRole("button", { name: "Make a join link" }).waitFor();
}

async function remove({ ada, bob, nodes, id }: World): Promise<void> {
  await press(bob, "Actions for ~Dan");
  await bob.getByRole("menuitem", { name: "Remove…" }).click();
  await bob.getByRole("dialog").getByText("nobody can take it back").waitFor();
  await press(bob, "Remove");
  await hears(bob, "Members (4)");
  await hears(ada, "Members (4)");
  await becomes("Dan knows", async () => (await groupOf(nodes.dan, id)).joined, false);
  await follow(ada, "Write");
  await notice(ada, "Bob removed Dan").waitFor();
  await send(ada, "Without Dan");
  await bubble(ada, "Without Dan").getByText("Delivered", { exact: true }).waitFor();
  assert.ok(!(await textsOf(nodes.dan, id)).includes("Without Dan"));
}

/** Whoever left reads on what was there, and has no place to write. */
async function leave({ ada, bob, nodes, id }: World): Promise<void> {
  await press(bob, "Leave");
  await hears(bob, "Leave Night climbers?");
  await press(bob, "Leave");
  await bob.getByText("What came until then stays here").waitFor();
  await bubble(bob, "Without Dan").waitFor();
  assert.equal(await bob.getByLabel("Message to Night climbers").count(), 0);
  await bob.getByRole("link", { name: /^Night climbers You are not/ }).click();
  await bob.getByText("The members below are those of that time").waitFor();
  assert.equal(await bob.getByRole("button", { name: /^(Leave|Rename|Invite people)$/ }).count(), 0);
  await notice(ada, "Bob left").waitFor();
  await ada.getByText("3 members", { exact: true }).waitFor();
  assert.ok((await noticesOf(nodes.cyd, id)).length > 0);
}

const PASSPHRASE = "four unrelated words here";

/** Ada knows Bob, Cyd and Dan; Dan's vault is locked, and Eve knows nobody. */
async function open(t: TestContext): Promise<World | null> {
  const browser = await launchBrowser(t);
  if (!browser) return null;
  const start = () => startNocturne(t);
  const [ada, bob, cyd, dan, eve] = await Promise.all([start(), start(), start(), start(), start()]);
  const nodes = { ada, bob, cyd, dan, eve };
  const named = Object.entries(nodes).map(([name, node]) => [name[0]?.toUpperCase() + name.slice(1), node] as const);
  await Promise.all(named.map(([displayName, node]) => ask(node, "PATCH", "/settings", { displayName })));
  await Promise.all(
    [bob, cyd, dan].map((guest, i) => befriend(ada, guest, { host: "Ada", guest: NAMES[i] as string })),
  );
  await ask(dan, "POST", "/vault/passphrase", { next: PASSPHRASE });
  await ask(dan, "POST", "/vault/lock");
  const complaints: string[] = [];
  const pages = await Promise.all([openApp(browser, ada, complaints), openApp(browser, bob, complaints)]);
  await Promise.all(pages.map((page) => hears(page, "Chats")));
  return { browser, nodes, ada: pages[0], bob: pages[1], complaints, id: "" };
}

const NAMES = ["Bob", "Cyd", "Dan"];

async function send(page: Page, text: string): Promise<void> {
  const field = page.getByPlaceholder("Message");
  await field.fill(text);
  await field.press("Enter");
  await bubble(page, text).first().waitFor();
}

/** The list item of the message that contains this text. */
function bubble(page: Page, text: string): Locator {
  return page
    .getByRole("region", { name: /^Messages with/ })
    .getByRole("listitem")
    .filter({ hasText: text });
}

function notice(page: Page, text: string | RegExp): Locator {
  return page.getByRole("region", { name: /^Messages with/ }).getByText(text);
}

function rowOf(page: Page, name: string): Locator {
  return page.getByRole("navigation", { name: "Conversations" }).getByRole("link", { name });
}

function member(page: Page, name: string): Locator {
  return page
    .getByRole("region", { name: /^Members/ })
    .getByRole("listitem")
    .filter({ hasText: name });
}

async function choose(page: Page, text: string, item: string): Promise<void> {
  const target = bubble(page, text).last();
  await target.hover();
  await target.getByRole("button", { name: /^Actions for the message/ }).click();
  await page.getByRole("menuitem", { name: item }).click();
  await page.getByRole("menu").waitFor({ state: "detached" });
}
