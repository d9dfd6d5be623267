/**
 * A group of five in the web app, over its whole life: Ada makes it, Bob is asked, Cyd and Dan as well, Eve comes by
 * the link. Each sits before a window of one's own. The steps build on each other.
 */
import assert from "node:assert/strict";
import { before, type TestContext, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { bubble, notice, rowOf, write } from "../support/conversation-page.ts";
import { type Five, openFive, othersThan, startFive } from "../support/five-people.ts";
import { textsOf } from "../support/group.ts";
import { ask } from "../support/people.ts";
import { buildPages, follow, hears, press, visit } from "../support/web-app.ts";

before(buildPages);

interface World extends Five {
  readonly complaints: string[];
  /** Of the group, once it is made. */
  id: string;
}

test("a group of five in the web app", async (t) => {
  const world = await open(t);
  if (!world) return;
  const steps = [create, greet, rename, appoint, letIn, remove, leave];
  for (const step of steps) await step(world); // each goes on where the one before it ended
  assert.deepEqual(world.complaints, []);
});

/** Dan is away when the group is made, so that somebody is still awaited. */
async function create(world: World): Promise<void> {
  const [ada, bob, cyd, dan] = [world.ada.page, world.bob.page, world.cyd.page, world.dan.page];
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
  for (const page of [bob, cyd]) {
    await rowOf(page, "Climbers").click();
    await hears(page, "Climbers");
  }
  await notice(ada, "You added Cyd").waitFor();
  await hears(dan, "Nocturne is locked");
  await dan.getByLabel("Passphrase", { exact: true }).fill(PASSPHRASE);
  await press(dan, "Unlock");
  await rowOf(dan, "Climbers").click();
  await notice(ada, "You added Dan").waitFor();
  await ada.getByText("was asked and not yet here").waitFor({ state: "detached" });
  for (const page of [ada, bob, cyd, dan]) await page.getByText("4 members", { exact: true }).waitFor();
  assert.equal(await bob.getByLabel("Message to Climbers").count(), 1);
}

async function greet({ ada, bob, cyd, dan }: World): Promise<void> {
  const four = [ada, bob, cyd, dan];
  for (const { page, name } of four) await write(page, `Hello from ${name}`);
  for (const reader of four) {
    for (const author of four) {
      if (author === reader) continue;
      const known = author === ada || reader === ada;
      const name = known ? author.name : `~${author.name}`; // the mark of who is no contact of the reader's
      await bubble(reader.page, `Hello from ${author.name}`).getByText(`${name}:`, { exact: true }).waitFor();
    }
  }
  await notice(bob.page, "Ada added ~Dan").waitFor(); // he came when Bob was there, without a name at first
  await bubble(ada.page, "Hello from Ada").getByText("Delivered", { exact: true }).waitFor();
}

async function rename({ ada, bob, cyd, dan }: World): Promise<void> {
  await follow(ada.page, /^Climbers 4 members/);
  await hears(ada.page, "Members (4)");
  await press(ada.page, "Rename");
  await ada.page.getByRole("textbox", { name: "Name" }).fill("Night climbers");
  await press(ada.page, "Save");
  await ada.page.getByRole("main").getByText("Night climbers", { exact: true }).waitFor();
  for (const { page } of [bob, cyd, dan]) {
    await hears(page, "Night climbers");
    await notice(page, "Ada named the group “Night climbers”").waitFor();
  }
}

/** Bob sees at once that he may do more than before. */
async function appoint({ ada: { page: ada }, bob: { page: bob } }: World): Promise<void> {
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
async function letIn(world: World): Promise<void> {
  const [ada, bob, cyd, eve] = [world.ada.page, world.bob.page, world.cyd.page, world.eve.page];
  await press(bob, "Make a join link");
  await bob.getByRole("img", { name: "QR code: join link of Night climbers" }).waitFor();
  const first = await bob.locator("code", { hasText: "nocturne:group/" }).innerText();
  await press(bob, "New link");
  await bob.getByText("New link made", { exact: true }).waitFor();
  const link = await bob.locator("code", { hasText: "nocturne:group/" }).innerText();
  assert.notEqual(link, first);
  await visit(eve, "/contacts/add");
  await eve.getByLabel("Invite link or npub").fill(link);
  await press(eve, "Add");
  await hears(eve, "You asked to come in");
  await follow(eve, "Back to chats");
  await hears(bob, "They want to come in");
  await press(bob, "Let in ~Eve");
  await hears(bob, "Members (5)");
  await hears(ada, "Members (5)");
  await cyd.getByText("5 members", { exact: true }).waitFor();
  await rowOf(eve, "Night climbers").click();
  await write(eve, "Hello from Eve");
  assert.equal(await bubble(eve, "Hello from Ada").count(), 0, "nothing of before");
  await visit(ada, `/chats/${world.id}`);
  for (const page of [ada, cyd, world.dan.page]) await bubble(page, "Hello from Eve").waitFor();
  await press(bob, "Remove link");
  await bob.getByRole("button", { name: "Make a join link" }).waitFor();
}

async function remove({ ada, bob: { page: bob }, cyd, dan, eve, id }: World): Promise<void> {
  await press(bob, "Actions for ~Dan");
  await bob.getByRole("menuitem", { name: "Remove…" }).click();
  await bob.getByRole("dialog").getByText("nobody can take it back").waitFor();
  await press(bob, "Remove");
  await hears(bob, "Members (4)");
  await dan.page.getByText("What came until then stays here").waitFor();
  assert.equal(await dan.page.getByLabel("Message to Night climbers").count(), 0);
  await notice(ada.page, "Bob removed Dan").waitFor();
  await write(ada.page, "Without Dan");
  await bubble(ada.page, "Without Dan").getByText("Delivered", { exact: true }).waitFor();
  for (const { page } of [cyd, eve]) await bubble(page, "Without Dan").waitFor();
  assert.equal(await bubble(dan.page, "Without Dan").count(), 0);
  assert.ok(!(await textsOf(dan.node, id)).includes("Without Dan"));
}

/** Whoever left reads on what was there, and has no place to write. */
async function leave(world: World): Promise<void> {
  const bob = world.bob.page;
  await press(bob, "Leave");
  await hears(bob, "Leave Night climbers?");
  await press(bob, "Leave");
  await bob.getByText("What came until then stays here").waitFor();
  await bubble(bob, "Without Dan").waitFor();
  assert.equal(await bob.getByLabel("Message to Night climbers").count(), 0);
  await bob.getByRole("link", { name: /^Night climbers You are not/ }).click();
  await bob.getByText("The members below are those of that time").waitFor();
  assert.equal(await bob.getByRole("button", { name: /^(Leave|Rename|Invite people)$/ }).count(), 0);
  for (const page of othersThan(world.bob, world).filter((page) => page !== world.dan.page)) {
    await notice(page, /^~?Bob left$/).waitFor();
    await page.getByText("3 members", { exact: true }).waitFor();
  }
}

const PASSPHRASE = "four unrelated words here";

/** Ada knows Bob, Cyd and Dan; Dan's vault is locked, and Eve knows nobody. */
async function open(t: TestContext): Promise<World | null> {
  const browser = await launchBrowser(t);
  if (!browser) return null;
  const nodes = await startFive(t, ["bob", "cyd", "dan"]);
  await ask(nodes.dan, "POST", "/vault/passphrase", { next: PASSPHRASE });
  await ask(nodes.dan, "POST", "/vault/lock");
  const complaints: string[] = [];
  return { ...(await openFive(browser, nodes, complaints)), complaints, id: "" };
}

function member(page: Page, name: string): Locator {
  return page
    .getByRole("region", { name: /^Members/ })
    .getByRole("listitem")
    .filter({ hasText: name });
}
