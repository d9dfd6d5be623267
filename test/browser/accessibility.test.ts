/**
 * Every scene for everybody: axe-core, width, size of targets, on a telephone and on a desk, dark and light,
 * with and without motion; and the whole app by the keyboard alone.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { Channel, ChannelLink, ChannelPost, Group, LinkView, MessagePage } from "../../src/api/contract.ts";
import { assertAccessible, assertHandy } from "../support/accessibility.ts";
import { until } from "../support/acquaintance.ts";
import { launchBrowser } from "../support/browser.ts";
import { testIdentity } from "../support/identity.ts";
import { type NocturneProcess, startNocturne, temporaryFolder } from "../support/nocturne-process.ts";
import { addByInvite, ask, befriend, deliver, waitForContact } from "../support/people.ts";
import { buildPages, DESK, hears, openProfile, PHONE, press, visit } from "../support/web-app.ts";

before(buildPages);

const PASSPHRASE = "four unrelated words here";
const LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen".repeat(4);

type Look = { readonly size: typeof PHONE | typeof DESK; readonly colors: "dark" | "light"; readonly still: boolean };

/** Each size and each choice of colours once: what fails depends on one of them, hardly ever on their pair. */
const LOOKS: readonly Look[] = [
  { size: PHONE, colors: "dark", still: false },
  { size: DESK, colors: "light", still: true },
];

/** What is shown now, in every look. */
async function inspect(page: Page, what: string): Promise<void> {
  for (const { size, colors, still } of LOOKS) {
    const name = `${what}, ${size.width} px, ${colors}`;
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: colors, reducedMotion: still ? "reduce" : "no-preference" });
    await assertAccessible(page, name);
    await assertHandy(page, name);
    if (still) assert.equal(await longestTransition(page), 0, `${name} moves`);
  }
}

/** In seconds, of all elements. */
function longestTransition(page: Page): Promise<number> {
  return page.evaluate<number>(`Math.max(...[...document.querySelectorAll("*")].map((one) =>
    Math.max(...getComputedStyle(one).transitionDuration.split(",").map(parseFloat))))`);
}

/** A profile that follows the colours of its system, so that one scene can be seen in both. */
async function open(browser: Browser, node: NocturneProcess, complaints: string[]): Promise<Page> {
  const page = await openProfile(browser, complaints);
  await page.addInitScript(`localStorage.setItem("nocturne-preferences", '{"theme":"system"}')`);
  await page.goto(node.url);
  return page;
}

test("the scenes of a new vault", async (t) => {
  const browser = await launchBrowser(t);
  if (!browser) return;
  const complaints: string[] = [];
  const node = await startNocturne(t);
  await ask(node, "PATCH", "/mount", { on: true }); // with all that the settings then tell
  const page = await open(browser, node, complaints);
  await hears(page, "You are ready");
  await inspect(page, "welcome");
  for (const [address, heading] of [
    ["/chats", "Nobody here yet"],
    ["/requests", "No requests"],
    ["/channels", "No channels yet"],
    ["/join", "Join a channel"],
    ["/channels/nobody", "No such channel"],
    ["/contacts", "No contacts yet"],
    ["/contacts/add", "Add a contact"],
    ["/recover", "I have a recovery key"],
    ["/invite", "Your identity"],
    ["/files", "No files yet"],
    ["/files/trash", "The trash is empty"],
    ["/links", "No links yet"],
    ["/mesh", "What joining reveals"],
    ["/network", "Lately"],
    ["/settings", "Wipe"],
    ["/settings/shares", "Shares of your recovery key"],
    ["/groups/new", "New group"],
    ["/groups/join", "Join a group"],
    ["/groups/nobody", "No such group"],
    ["/chats/nobody", "No such contact"],
  ] as const) {
    await visit(page, address);
    await hears(page, heading);
    await inspect(page, address);
  }
  await inspectRecovery(page);
  assert.deepEqual(complaints, []);
});

async function inspectRecovery(page: Page): Promise<void> {
  await visit(page, "/settings/recovery-key");
  await inspect(page, "before the recovery key");
  await press(page, "Show my recovery key");
  await page.getByRole("img", { name: "QR code: your recovery key" }).waitFor();
  await inspect(page, "the recovery key");
  await press(page, "I wrote it down");
  await press(page, "Confirm");
  await page.getByRole("alert").waitFor();
  await inspect(page, "confirming the recovery key");
}

test("a vault in use", async (t) => {
  const world = await openUsedVault(t);
  if (!world) return;
  await t.test("its scenes", () => inspectScenes(world));
  await t.test("what opens over a scene", () => inspectDialogs(world));
  await t.test("every control by the Tab key, with a ring around it", () => tabThrough(world));
  await t.test("shortcuts", () => useShortcuts(world));
  assert.deepEqual(world.complaints, []);
});

async function inspectScenes({ page, grace, lin, channels, groups }: UsedVault): Promise<void> {
  for (const [address, text] of [
    ["/chats", "Choose a conversation"],
    [`/chats/${grace}`, "See you there"],
    [`/contacts/${grace}`, "The numbers match"],
    ["/contacts", "Blocked"],
    ["/groups/new", "Who is asked to come"],
    [`/groups/${groups.full}`, "They want to come in"],
    [`/chats/${groups.full}`, "wants to come in by the link"],
    [`/groups/${groups.awaiting}`, "Asked, not yet here"],
    [`/chats/${groups.awaiting}`, "was asked and not yet here"],
    [`/groups/${groups.left}`, "The members below are those of that time"],
    [`/chats/${groups.left}`, "What came until then stays here"],
    ["/channels", "Yours"],
    [`/channels/${channels.own}`, "You deleted this post"],
    [`/channels/${channels.read}`, "The owner started afresh"],
    ["/requests", "Look before you accept"],
    [`/requests/${lin}`, "wants to write to you"],
    ["/files", "3 files"],
    ["/links", "Until revoked"],
  ] as const) {
    await visit(page, address);
    await page.getByText(text).first().waitFor();
    await inspect(page, address);
  }
}

async function inspectDialogs(world: UsedVault): Promise<void> {
  const { page, grace } = world;
  await inspectFileDialogs(page);
  await inspectChannelDialogs(world);
  await inspectGroupDialogs(world);
  await visit(page, `/chats/${grace}`);
  await press(page, "Actions for Grace");
  await inspect(page, "the menu of a conversation");
  await page.getByRole("menuitem", { name: "Send not hidden…" }).click();
  await inspect(page, "the question before sending not hidden");
  await press(page, "Send not hidden");
  await page.getByText("Sent as an ordinary Nostr direct message").waitFor();
  await inspect(page, "a message that is not hidden");
  await press(page, "Hide again");
  await visit(page, "/settings");
  await press(page, "Wipe everything…");
  await inspect(page, "the question before a wipe");
  await closeByEscape(page);
  await visit(page, "/contacts/add");
  await press(page, "Scan a QR code");
  await inspect(page, "scanning");
  await closeByEscape(page);
}

async function inspectChannelDialogs({ page, channels }: UsedVault): Promise<void> {
  await visit(page, "/channels");
  await press(page, "Make a channel");
  await inspect(page, "making a channel");
  await closeByEscape(page);
  await visit(page, `/channels/${channels.own}`);
  await press(page, "Link to this channel");
  await page.getByRole("img", { name: /^QR code/ }).waitFor();
  await inspect(page, "the link of a channel");
  await closeByEscape(page);
  for (const [item, button] of [
    ["About this channel", null],
    ["Start afresh…", "Cancel"],
    ["Leave…", "Cancel"],
  ] as const) {
    await press(page, /^Actions for W/);
    await page.getByRole("menuitem", { name: item }).click();
    await inspect(page, item);
    await (button ? press(page, button) : closeByEscape(page));
  }
  for (const item of ["Reply", "Edit", "Delete"]) {
    await press(page, "Actions for post 1");
    await page.getByRole("menuitem", { name: item }).click();
    await inspect(page, `${item} a post`);
    await (item === "Reply" ? press(page, "Do not answer") : closeByEscape(page));
  }
}

async function inspectGroupDialogs({ page, groups }: UsedVault): Promise<void> {
  await visit(page, `/groups/${groups.full}`);
  await press(page, "Actions for Grace");
  await inspect(page, "the menu of a member");
  await page.getByRole("menuitem", { name: "Remove…" }).click();
  await inspect(page, "the question before a removal");
  await press(page, "Cancel");
  for (const [button, heading] of [
    ["Invite people", "Invite people"],
    ["Rename", "Rename the group"],
    ["Leave", "Appoint an admin first"],
  ] as const) {
    await press(page, button);
    await hears(page, heading);
    await inspect(page, heading);
    await closeByEscape(page);
  }
  await visit(page, `/groups/${groups.awaiting}`);
  await press(page, "Leave");
  await inspect(page, "the question before leaving");
  await press(page, "Cancel");
  await visit(page, "/groups/new");
  await page.getByRole("checkbox", { name: "Grace" }).check();
  await inspect(page, "a chosen contact");
}

async function inspectFileDialogs(page: Page): Promise<void> {
  await visit(page, "/files");
  await press(page, "New folder");
  await page.getByLabel("Name", { exact: true }).fill("Plans");
  await inspect(page, "a new folder");
  await press(page, "Make it");
  await page.getByRole("link", { name: "Plans", exact: true }).click();
  await page.getByText("Nothing in this folder yet").waitFor();
  await inspect(page, "an empty folder");
  await page.getByRole("link", { name: "All files" }).click();
  await press(page, "More for diary.txt");
  await page.getByRole("menuitem", { name: "Move", exact: true }).click();
  await page.getByRole("button", { name: "Plans", exact: true }).waitFor();
  await inspect(page, "where to move");
  await press(page, "Cancel");
  const file = { name: `${LONG_WORD}.txt`, mimeType: "text/plain", buffer: Buffer.from("hello") };
  await page.getByLabel("Files to add").setInputFiles([file]);
  await inspect(page, "adding a file");
  await press(page, "Encrypt and add");
  await page.getByText("Added · 5 B").waitFor();
  await press(page, `${LONG_WORD}.txt`);
  await page.getByRole("dialog").getByText("hello").waitFor();
  await inspect(page, "a preview");
  await closeByEscape(page);
  await page.getByText(/ taken, .* free$/).click();
  await press(page, "Show as a grid");
  await inspect(page, "files as a grid, and their space");
  await press(page, "Show as a list");
  await press(page, `Make a link to ${LONG_WORD}.txt`);
  await page.getByText("For a time").click();
  await inspect(page, "making a link");
  await press(page, "Make the link");
  await hears(page, "Your link");
  await inspect(page, "a made link");
  await press(page, "Done");
  for (const question of ["Send to", "Shared with"]) {
    await press(page, `More for ${LONG_WORD}.txt`);
    await page.getByRole("menuitem", { name: question, exact: true }).click();
    await hears(page, question);
    await inspect(page, question);
    await press(page, "Close");
  }
  await press(page, "Download diary.txt");
  await inspect(page, "the question for a password");
  await press(page, "Cancel");
  await press(page, `More for ${LONG_WORD}.txt`);
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByText(/ to the trash$/).hover(); // it stays as long as the pointer does
  await inspect(page, "a notice");
  // Else the file would go while later steps look at the list.
  const deleted = page.waitForResponse((answer) => answer.request().method() === "DELETE");
  await page.getByRole("button", { name: "Dismiss" }).first().click();
  await deleted;
  await visit(page, "/files/trash");
  await page.getByText("1 entry").waitFor();
  await inspect(page, "the trash");
  await press(page, "Empty the trash");
  await inspect(page, "emptying the trash");
  await press(page, "Cancel");
}

/** Tab goes to everything that can be clicked, once around the page, and always shows where it is. */
async function tabThrough({ page, grace, channels, groups }: UsedVault): Promise<void> {
  for (const [address, text] of [
    [`/chats/${grace}`, "See you there"],
    [`/groups/${groups.full}`, "They want to come in"],
    [`/channels/${channels.own}`, "You deleted this post"],
    ["/files", "3 files"],
    ["/settings", "Wipe everything…"],
    [`/contacts/${grace}`, "The numbers match"],
  ] as const) {
    await visit(page, address);
    await page.getByText(text).first().waitFor();
    await page.evaluate("document.activeElement.blur()");
    const reached = new Set<string>();
    // A scene may still gain and lose controls, so what is missed is asked of the scene as it is then.
    const missed = async () =>
      (await page.evaluate<string[]>(`${CONTROLS}.map(${NAME})`)).filter((name) => !reached.has(name));
    for (let i = 0; i < MOST_TABS && (await missed()).length > 0; i++) {
      await page.keyboard.press("Tab");
      const focus = await page.evaluate<Focus | null>(FOCUS);
      if (focus === null) continue; // past the last one, where the browser's own controls come
      assert.ok(focus.ring && focus.inSight, `${address}: the focus cannot be seen on ${focus.name}`);
      reached.add(focus.name);
    }
    const left = await missed();
    assert.deepEqual(left, [], `${address}: not reached by Tab: ${left.join(", ")}`);
    assert.ok(reached.size > 8, `${address}: ${[...reached]}`);
  }
}

/** More than twice around the longest scene. */
const MOST_TABS = 120;

interface Focus {
  readonly name: string;
  readonly ring: boolean;
  readonly inSight: boolean;
}

/** What tells one control from another: its words. */
const NAME = `(one) => (one.getAttribute("aria-label") ?? one.labels?.[0]?.textContent ?? one.textContent).trim()`;
/** Everything that can be clicked or filled; of radio buttons the chosen one. */
const CONTROLS = `[...document.querySelectorAll("a[href], button, textarea, select, input:not([hidden], [aria-hidden=true])")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && (one.type !== "radio" || one.checked))`;
/** Once the page has drawn twice: until then a list that came just now may still be on its way to its end. */
const FOCUS = `(async () => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const one = document.activeElement;
  if (one === document.body) return null;
  const { outlineStyle, outlineWidth } = getComputedStyle(one);
  const { top, bottom, left, right } = one.getBoundingClientRect();
  return {
    name: (${NAME})(one),
    ring: outlineStyle === "solid" && parseFloat(outlineWidth) >= 2,
    inSight: bottom > 0 && right > 0 && top < innerHeight && left < innerWidth,
  };
})()`;

async function useShortcuts({ page, grace }: UsedVault): Promise<void> {
  await visit(page, "/files");
  await hears(page, "Files");
  await page.getByRole("link", { name: "Skip to content" }).focus();
  assert.ok(((await page.getByRole("link", { name: "Skip to content" }).boundingBox())?.height ?? 0) > 44);
  await page.keyboard.press("Enter");
  await page.locator("#content:focus").waitFor();

  await page.keyboard.press("?");
  await hears(page, "Keyboard");
  await inspect(page, "the sheet of shortcuts");
  await closeByEscape(page);
  await page.getByRole("button", { name: "Add files" }).focus();
  await page.keyboard.press("Control+k");
  await hears(page, "Go to");
  await inspect(page, "the switcher");
  await closeByEscape(page);
  await page.locator("button:focus", { hasText: "Add files" }).waitFor(); // focus goes back

  await page.keyboard.press("Control+k");
  await page.locator("input:focus").waitFor();
  await page.keyboard.type("gra");
  await page.keyboard.press("Enter");
  await hears(page, "Grace");
  assert.ok(page.url().endsWith(`/chats/${grace}`));
  await page.getByLabel("Message to Grace").focus();
  await page.keyboard.type("?");
  assert.equal(await page.getByLabel("Message to Grace").inputValue(), "?");
  assert.equal(await page.getByRole("dialog").count(), 0, "a question mark in a text is no shortcut");
  await page.keyboard.press("Alt+ArrowDown");
  await page.getByRole("heading", { name: "Grace" }).waitFor({ state: "detached" });
  await page.keyboard.press("Alt+ArrowUp");
  await hears(page, "Grace");
  await page.keyboard.press("Escape");
  await hears(page, "Choose a conversation");
}

async function closeByEscape(page: Page): Promise<void> {
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
}

test("outside of the vault", async (t) => {
  const browser = await launchBrowser(t);
  if (!browser) return;
  const node = await startNocturne(t);
  const complaints: string[] = [];
  const page = await open(browser, node, complaints);
  await hears(page, "You are ready");
  await ask(node, "POST", "/vault/passphrase", { next: PASSPHRASE });
  await ask(node, "POST", "/vault/lock");
  await hears(page, "Nocturne is locked");
  await inspect(page, "locked");
  await press(page, "Unlock");
  await page.getByText("Type your passphrase.").waitFor();
  await inspect(page, "locked, with a problem");
  await press(page, "Forgot the passphrase");
  await hears(page, "Forgot the passphrase");
  await inspect(page, "the passphrase forgotten");
  await page.reload();
  await hears(page, "Open Nocturne again");
  await inspect(page, "the session lost");
  // What the page was asking for at the moment of the lock is refused, which the browser's console tells.
  assert.deepEqual(
    complaints.filter((complaint) => !complaint.includes("423 (Locked)")),
    [],
  );
});

interface UsedVault {
  readonly page: Page;
  readonly grace: string;
  readonly lin: string;
  /** Ids: one of Ada's, and one that she read until its owner started afresh. */
  readonly channels: { readonly own: string; readonly read: string };
  /** Ids: one with a member and an applicant, one where somebody was asked, one that Ada left. */
  readonly groups: { readonly full: string; readonly awaiting: string; readonly left: string };
  readonly complaints: string[];
}

/** Ada's app on a vault that holds at least one of everything, with names and texts that strain the layout. */
async function openUsedVault(t: TestContext): Promise<UsedVault | null> {
  const browser = await launchBrowser(t);
  if (!browser) return null;
  const [ada, grace, lin] = await Promise.all([startNocturne(t), startNocturne(t), startNocturne(t)]);
  await befriend(ada, grace, { host: "Ada", guest: "Grace" });
  const filling = Promise.all([talk(t, ada, grace), meetOthers(ada, lin), fillLibrary(t, ada)]);
  const channels = await makeChannels(ada, lin);
  await filling;
  const groups = await makeGroups(ada, grace, lin);
  const complaints: string[] = [];
  const page = await open(browser, ada, complaints);
  await hears(page, "Chats");
  return { page, grace: grace.npub, lin: lin.npub, channels, groups, complaints };
}

async function makeChannels(ada: NocturneProcess, lin: NocturneProcess): Promise<UsedVault["channels"]> {
  const name = `W${"o".repeat(60)}`;
  const make = (node: NocturneProcess) => ask<Channel>(node, "POST", "/channels", { name, description: LONG_WORD });
  const [own, read] = [(await make(ada)).id, (await make(lin)).id];
  const long = { text: `${LONG_WORD}\n\nhttps://example.org/` };
  await ask(ada, "POST", `/channels/${own}/posts`, long);
  await ask(ada, "POST", `/channels/${own}/posts`, { text: "An answer", replyTo: 1 });
  const { n } = await ask<ChannelPost>(ada, "POST", `/channels/${own}/posts`, { text: "Taken back" });
  await ask(ada, "DELETE", `/channels/${own}/posts/${n}`);
  await ask(lin, "POST", `/channels/${read}/posts`, long);
  const { link } = await ask<ChannelLink>(lin, "GET", `/channels/${read}/link`);
  await ask(ada, "POST", "/channels/join", { link });
  await ask(lin, "POST", `/channels/${read}/fresh-start`);
  await until(
    "the channel has moved",
    async () => (await ask<Channel>(ada, "GET", `/channels/${read}`)).state === "moved",
  );
  return { own, read };
}

/** Grace comes into the first one and is away when the second one is made. */
async function makeGroups(
  ada: NocturneProcess,
  grace: NocturneProcess,
  lin: NocturneProcess,
): Promise<UsedVault["groups"]> {
  const make = async (name: string, ...members: readonly string[]) =>
    (await ask<Group>(ada, "POST", "/groups", { name, members })).id;
  const standings = async (id: string) =>
    (await ask<Group>(ada, "GET", `/groups/${id}`)).members.map(({ state }) => state).join();
  const [left, full] = [await make("Left"), await make(`W${"o".repeat(60)}`, "Grace")];
  await ask(ada, "POST", `/groups/${left}/leave`);
  const { link } = await ask<Group>(ada, "POST", `/groups/${full}/link`);
  await until("Grace is in", async () => (await standings(full)) === "member,member");
  await ask(lin, "POST", "/groups/join", { link });
  await until("Lin wants to come in", async () => (await standings(full)) === "member,member,applied");
  await ask(grace, "POST", "/vault/passphrase", { next: PASSPHRASE });
  await ask(grace, "POST", "/vault/lock");
  return { full, left, awaiting: await make("Awaiting", "Grace") };
}

async function talk(t: TestContext, ada: NocturneProcess, grace: NocturneProcess): Promise<void> {
  await sendFiles(t, grace, ada);
  const texts = [`A long word: ${LONG_WORD}`, "שלום עולם", "https://example.org/?q=1\n\nlines"];
  for (const text of texts) await deliver(grace, ada, text);
  await deliver(ada, grace, "See you there");
}

/** One file that can be had, and one that could not. */
async function sendFiles(t: TestContext, from: NocturneProcess, to: NocturneProcess): Promise<void> {
  const folder = temporaryFolder(t);
  const put = async (name: string): Promise<string> => {
    writeFileSync(join(folder, name), "content");
    return (await from.run<{ id: string }>(["files", "put", join(folder, name), "--json"])).json.id;
  };
  const [kept, ended] = [await put(`${LONG_WORD.slice(0, 200)}.pdf`), await put("ended.txt")];
  await deliver(from, to, "Two files", [kept, ended]);
  const links = await ask<LinkView[]>(from, "GET", "/links");
  await ask(from, "DELETE", `/links/${links.find(({ file }) => file.id === ended)?.slug}`);
  const { messages } = await ask<MessagePage>(to, "GET", `/conversations/${from.npub}/messages`);
  await ask(to, "POST", `/messages/${messages.at(-1)?.id}/files/${ended}/save`, {});
}

/** Somebody who asks, somebody who was asked, somebody who is blocked. */
async function meetOthers(ada: NocturneProcess, lin: NocturneProcess): Promise<void> {
  await addByInvite(ada, lin, "Ada");
  await ask(lin, "POST", "/messages", { to: ada.npub, text: "May I?" });
  await ask(ada, "POST", "/contacts", { invite: testIdentity("asked").npub, name: `W${"o".repeat(60)}` });
  const { npub } = testIdentity("blocked");
  await ask(ada, "POST", "/contacts", { invite: npub, name: "Blocked one" });
  await ask(ada, "POST", `/contacts/${npub}/block`);
  await waitForContact(ada, lin.npub, "request");
}

async function fillLibrary(t: TestContext, node: NocturneProcess): Promise<void> {
  const folder = temporaryFolder(t);
  const put = async (name: string, more: readonly string[] = [], stdin = ""): Promise<string> => {
    writeFileSync(join(folder, name), "content");
    const args = ["files", "put", join(folder, name), "--json", ...more];
    const { code, json, stderr } = await node.run<{ id: string }>(args, { stdin });
    assert.equal(code, 0, stderr);
    return json.id;
  };
  await put("diary.txt", ["--password-stdin"], PASSPHRASE);
  await put("second.txt", ["--cipher", "noctis-256"]);
  const id = await put(`${LONG_WORD.slice(0, 200)}.txt`);
  for (const link of [{ mode: "persistent" }, { mode: "one-time" }, { mode: "timed", expires: "24h", downloads: 3 }]) {
    await ask(node, "POST", `/files/${id}/links`, link);
  }
}
