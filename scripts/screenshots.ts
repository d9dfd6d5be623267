/**
 * The pictures of the README, taken from the real app: a few nodes in this process, people who do not exist,
 * Chromium. Run it after a visible change: `node scripts/screenshots.ts`. Writes docs/screenshots/*.png.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import type { FileView, Launch, MessagePage, VerifyResult } from "../src/api/contract.ts";
import { type ApiNode, startApiNode } from "../test/support/api-node.ts";
import { ask, befriend, deliver, type Reachable } from "../test/support/people.ts";
import { findProgram } from "../test/support/tools.ts";
import { buildPages, DESK, hears, openProfile, PHONE, press, visit } from "../test/support/web-app.ts";

const FOLDER = join(dirname(dirname(fileURLToPath(import.meta.url))), "docs/screenshots");
/** They lie in the repository for ever. */
const MAX_PICTURE_BYTES = 200_000;
const MIB = 1_048_576;

interface Person extends Reachable {
  readonly name: string;
  readonly node: ApiNode;
}

async function main(): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const executablePath = findProgram("chromium");
  if (executablePath === null) throw new Error("chromium is not installed");
  buildPages();
  mkdirSync(FOLDER, { recursive: true });
  const [ada, ...friends] = (await Promise.all(
    ["Ada", "Grace", "Katherine", "Margaret"].map((name) => arrive(stack, name)),
  )) as [Person, Person, Person, Person];
  const [report] = (await fillLibrary(ada)) as [FileView];
  await settleIn(ada);
  await talk(ada, friends, report.id);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  stack.defer(() => browser.close());
  const page = await open(browser, ada);
  await photograph(page, friends[0].npub, report.name);
}

async function arrive(stack: AsyncDisposableStack, name: string): Promise<Person> {
  const node = await startApiNode();
  stack.defer(() => node.close());
  const person = { name, node, dataDir: node.config.dataDir, npub: node.npub ?? "" };
  await ask(person, "PATCH", "/settings", { displayName: name, readReceipts: true });
  return person;
}

/** As somebody's who has settled in: nothing is left to be warned of. */
async function settleIn(ada: Person): Promise<void> {
  await ask(ada, "POST", "/recovery/confirm");
  await ask(ada, "POST", "/vault/passphrase", { next: "four unrelated words here" });
}

async function talk(ada: Person, friends: readonly [Person, Person, Person], fileId: string): Promise<void> {
  const [grace, katherine, margaret] = friends;
  for (const friend of friends) await befriend(ada, friend, { host: ada.name, guest: friend.name });
  await verify(ada, grace);
  await deliver(margaret, ada, "The checklist is complete. Every branch has a way back.");
  await deliver(katherine, ada, "I went through the numbers by hand, twice.");
  await deliver(ada, katherine, "Then I believe them.");
  await deliver(grace, ada, "Good morning! Did the second run finish?");
  await deliver(ada, grace, "It did, at a quarter past four. No errors, and the totals agree with yours.");
  await deliver(grace, ada, "Wonderful. Can you send me the report? Not by mail, please.");
  await deliver(ada, grace, "Here it is. It stays on my machine until you fetch it.", [fileId]);
  await read(grace, ada);
  await deliver(grace, ada, "Got it. Page 7 is exactly what I hoped for.");
  await deliver(grace, ada, "I found a moth in relay 70, by the way. I taped it into the log book.");
  await deliver(ada, grace, "Of course you did. Shall we talk at noon?");
  await deliver(katherine, ada, "Look at line 12 once more, though.");
  for (const friend of [grace, margaret]) await read(ada, friend);
}

/** They have compared their numbers. */
async function verify(ada: Person, friend: Person): Promise<void> {
  const { safety } = await ask<VerifyResult>(ada, "POST", `/contacts/${friend.npub}/verify`, {});
  await ask(ada, "POST", `/contacts/${friend.npub}/verify`, { safety });
}

/** Everything up to now, and the other side is told. */
async function read(reader: Person, from: Person): Promise<void> {
  const { messages } = await ask<MessagePage>(reader, "GET", `/conversations/${from.npub}/messages`);
  await ask(reader, "POST", `/conversations/${from.npub}/read`, { upTo: messages.at(-1)?.position });
}

/** Newest last; returns them in this order. */
async function fillLibrary({ node }: Person): Promise<FileView[]> {
  const put = async (name: string, bytes: number, cipher = "aes-256-gcm", password = ""): Promise<FileView> => {
    const path = `/api/files?name=${encodeURIComponent(name)}&cipher=${cipher}`;
    const headers = password === "" ? {} : { "x-nocturne-password": Buffer.from(password).toString("base64url") };
    return (await node.call<FileView>("PUT", path, randomBytes(bytes), headers)).body;
  };
  return [
    await put("Report, second run.pdf", 2.4 * MIB),
    await put("Log book, pages 60 to 90.zip", 11.8 * MIB),
    await put("Interview with the operators.m4a", 7.1 * MIB, "aes-256-gcm", "a password of its own"),
    await put("Draft for the committee.odt", 84_000),
    await put("Moth.jpg", 1.3 * MIB, "noctis-256"),
  ];
}

async function open(browser: Browser, { node }: Person): Promise<Page> {
  const complaints: string[] = [];
  const page = await openProfile(browser, complaints, { reducedMotion: "reduce" });
  const { body } = await node.call<Launch>("POST", "/api/launch");
  await page.goto(body.url);
  await hears(page, "Chats");
  return page;
}

async function photograph(page: Page, grace: string, fileName: string): Promise<void> {
  await visit(page, `/chats/${grace}`);
  await page.getByText("Shall we talk at noon?").first().waitFor();
  await page.getByRole("listitem").filter({ hasText: "Here it is." }).getByText("Read", { exact: true }).waitFor();
  await shoot(page, "chats");
  await page.setViewportSize(PHONE);
  await shoot(page, "chats-small");

  await page.setViewportSize(DESK);
  await visit(page, "/files");
  await hears(page, "Files");
  await shoot(page, "files");
  await press(page, `Make a link to ${fileName}`);
  await page.getByLabel("Link password (optional)", { exact: true }).fill("told on the telephone");
  await press(page, "Make the link");
  await hears(page, "Your link");
  await shoot(page, "link");
}

async function shoot(page: Page, name: string): Promise<void> {
  const path = join(FOLDER, `${name}.png`);
  await page.mouse.move(0, 0);
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
  const { size } = statSync(path);
  if (size > MAX_PICTURE_BYTES) throw new Error(`${path} takes ${size} bytes`);
  console.log(`${path} (${size} bytes)`);
}

await main();
