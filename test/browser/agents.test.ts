/**
 * The agents' page, of an agent that answers as its contract says: what it knows is searched and read as text and nothing else, votes are
 * given and taken back, picture and table of trust say the same, and what goes wrong is said. By eye, by keyboard and by ear.
 */
import assert from "node:assert/strict";
import { before, type TestContext, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { Page } from "playwright-core";
import type { Launch } from "../../src/api/contract.ts";
import { inspect } from "../support/accessibility.ts";
import { until } from "../support/acquaintance.ts";
import { type ApiNode, startApiNode } from "../support/api-node.ts";
import { launchBrowser } from "../support/browser.ts";
import { atEnd } from "../support/cleanup.ts";
import { openSampleAgent, refuse, type SampleAgent, UNCOUNTED } from "../support/sample-agent.ts";
import { HOSTILE, sampleHealth, sampleKey, samplePeers, sampleVotes } from "../support/sample-agents.ts";
import { buildPages, hears, openProfile, press, visit } from "../support/web-app.ts";

before(buildPages);

const PARTS = ["Knowledge", "Votes", "Peers", "Awareness", "Tasks", "Quarantine"];
const NOT_RUNNING = /^Failed to load resource: [^\n]* 503 /;

test("no agent runs: the page says what to start, and follows when it does", async (t) => {
  const opened = await open(t, async () => null);
  if (!opened) return;
  const { page, node, complaints } = opened;
  await hears(page, "No agent is running here");
  await page.getByText("nocturne-agent start", { exact: true }).waitFor();
  await inspect(page, "no agent");
  await openSampleAgent(t, node.config.dataDir);
  await page.getByText("Your agent takes part, with 12 neighbours.").waitFor();
  assert.ok(complaints.splice(0).every((words) => NOT_RUNNING.test(words)));
});

test("everything that an agent tells can be seen, heard and reached", async (t) => {
  const opened = await open(t, (node) => openSampleAgent(t, node.config.dataDir));
  if (!opened) return;
  const { page, with: agent, complaints } = opened;
  for (const part of PARTS) {
    await visit(page, `/agents/${part.toLowerCase()}`);
    await page
      .getByRole("navigation", { name: "Parts of this page" })
      .getByRole("link", { name: new RegExp(`^${part}`) })
      .waitFor();
    await settled(page);
    await inspect(page, part);
  }
  await visit(page, `/agents/${sampleKey(2_000)}`);
  await page.getByRole("table", { name: "Votes about this entry" }).waitFor();
  await inspect(page, "an entry");
  await visit(page, `/agents/${UNCOUNTED}`);
  await page.getByText("No votes about it are counted yet.").waitFor();
  await t.test("the words of others are characters", () => asText(page));
  await t.test("searching", () => search(page, agent));
  await t.test("a vote, and the way back", () => vote(page, agent));
  await t.test("picture and table", () => compare(page, agent));
  await t.test("citations lead to entries", () => cite(page));
  await t.test("evidence", () => evidence(page));
  assert.deepEqual(complaints, []);
});

test("nothing is there yet, and whatever goes wrong", async (t) => {
  const opened = await open(t, (node) => openSampleAgent(t, node.config.dataDir));
  if (!opened) return;
  const { page, with: agent, complaints } = opened;
  const { told } = agent;
  const nothing = {
    ...(told.awareness as object),
    domains: [],
    gaps: [],
    conflicts: [],
    activity: [],
    synthesis: null,
  };
  Object.assign(told, { knowledge: [], votes: [], compute: [], quarantine: [], peers: [], awareness: nothing });
  for (const [part, heading] of [
    ["knowledge", "Nobody has shared anything yet"],
    ["votes", "No vote is under way"],
    ["peers", "No operator is known yet"],
    ["awareness", "There is nothing to be aware of yet"],
    ["tasks", "Nothing is to be done now"],
    ["quarantine", "Nobody is in quarantine"],
  ] as const) {
    await visit(page, `/agents/${part}`);
    await hears(page, heading);
  }
  await inspect(page, "nothing in a part");
  told.health = sampleHealth({ isEnrolled: false, neighbours: 0, forked: [sampleKey(1_200)] });
  await page.getByText("Your agent listens, and may not speak yet.").waitFor();
  await page
    .getByRole("alert")
    .getByText(/Three operators who have standing must endorse you/)
    .waitFor();
  await page.getByText("1 agent keeps two histories").waitFor();
  await inspect(page, "not enrolled");
  for (const count of [1, 3, 400]) {
    told.peers = samplePeers(count);
    await visit(page, "/agents/tasks"); // a part is asked for anew where it is shown
    await visit(page, "/agents/peers");
    await until(`${count} are drawn`, async () => (await dots(page).count()) === Math.min(count, 120));
  }
  await inspect(page, "400 operators");
  agent.answer = (response) => refuse(response, 429, "too_often", "policy");
  await visit(page, "/agents/tasks");
  await visit(page, `/agents/${sampleKey(2_009)}`);
  await page.getByRole("alert").filter({ hasText: "It was refused." }).waitFor();
  await until("what failed is in the console alone", async () => complaints.length > 0);
  assert.match(complaints.join("\n"), /^(Failed to load resource: [^\n]* 429 [^\n]*\n?)+$/);
});

/** What the strangest entry says stands there letter by letter; nothing of it ran, was fetched, or can be followed. */
async function asText(page: Page): Promise<void> {
  await visit(page, "/agents/knowledge");
  const quotes = page.locator("blockquote");
  await until("it is shown", async () => (await quotes.allInnerTexts()).includes(HOSTILE));
  assert.equal(await quotes.locator("a, img, script, button").count(), 0);
  assert.notEqual(await page.title(), "owned");
  await page.getByText("take no orders from it").waitFor();
  const hostile = page
    .getByRole("listitem")
    .filter({ hasText: HOSTILE.slice(0, 20) })
    .first();
  await hostile.getByText(/^Words of /).waitFor();
  await visit(page, `/agents/${sampleKey(2_000)}`);
  await page.getByText("https://example.org/a/report.pdf").waitFor();
  const ways = await page
    .getByRole("main")
    .getByRole("link")
    .evaluateAll((all) => all.map((one) => one.getAttribute("href")));
  assert.deepEqual(
    ways.filter((href) => !href?.startsWith("#/")),
    [],
    "no address of a stranger is a link",
  );
}

async function search(page: Page, agent: SampleAgent): Promise<void> {
  await visit(page, "/agents/knowledge");
  const list = page.getByRole("list", { name: "Entries, the best first" });
  const field = page.getByRole("searchbox", { name: "Search what agents know" });
  await field.fill("guards");
  await until("it is searched", async () =>
    (await list.locator("blockquote").allInnerTexts()).every((text) => text.includes("guards")),
  );
  await page.getByRole("combobox", { name: "Voted at least" }).selectOption("high");
  await page.getByRole("combobox", { name: "Domain" }).selectOption("networks/tor");
  const asked = { query: "guards", level: "high", domain: "networks/tor", limit: "100" };
  await until("it is asked for", async () =>
    agent.calls.some((call) => {
      const { pathname, searchParams } = new URL(call.slice("GET ".length), "http://127.0.0.1");
      return pathname === "/local/knowledge" && isDeepStrictEqual(Object.fromEntries(searchParams), asked);
    }),
  );
  await list
    .getByRole("link", { name: /^Votes and sources of/ })
    .first()
    .click();
  await hears(page, "Entry");
  await page.getByRole("link", { name: "Back" }).click();
  assert.equal(await field.inputValue(), "guards", "the search is as it was");
  await field.press("Escape");
  await page.getByRole("combobox", { name: "Voted at least" }).selectOption("low");
  await page.getByRole("combobox", { name: "Domain" }).selectOption("");
  await press(page, "Next entries");
  await page.getByText(/^11 to 20 of \d+$/).waitFor();
}

/** Taken back it never was; left alone it is given once. */
async function vote(page: Page, agent: SampleAgent): Promise<void> {
  await visit(page, "/agents/votes");
  const first = page.getByRole("list", { name: "Votes under way" }).getByRole("listitem").first();
  const against = first.getByRole("button", { name: "Against" });
  await against.click();
  assert.equal(await against.getAttribute("aria-pressed"), "true");
  await page
    .getByRole("dialog", { name: "Your agent votes against this entry" })
    .getByRole("button", { name: "Undo" })
    .click();
  await first.getByText("Your agent does not vote on this yet.").waitFor();
  assert.deepEqual(agent.given, []);
  await against.click();
  await first.getByRole("button", { name: "For" }).click();
  const notice = page.getByRole("dialog", { name: "Your agent votes for this entry" });
  await notice.waitFor();
  assert.equal(await page.getByRole("dialog", { name: "Your agent votes against this entry" }).count(), 0);
  await notice.getByRole("button", { name: "Dismiss" }).click();
  await until("it is given", async () => agent.given.length > 0);
  assert.deepEqual(agent.given, [{ entry: sampleVotes()[0]?.subject, vote: 1 }]);
  await page.getByText("That is sealed and committed to").first().waitFor();
}

async function compare(page: Page, agent: SampleAgent): Promise<void> {
  await visit(page, "/agents/peers");
  const named = await dots(page).evaluateAll((all) => all.map((dot) => dot.getAttribute("aria-label") ?? ""));
  const keys = (agent.told.peers as ReturnType<typeof samplePeers>).map(
    ({ operator }) => `${operator.slice(0, 4)} ${operator.slice(4, 8)}`,
  );
  assert.equal(named.length, keys.length);
  assert.ok(keys.every((key) => named.some((name) => name.includes(key))));
  const table = page.getByRole("table", { name: "Operators of the network" });
  await page.getByText("1 to 10 of 40").waitFor();
  assert.equal((await table.getByText("Genesis", { exact: true }).count()) > 0, true);
  await table.getByRole("button", { name: "Weight" }).click();
  assert.equal(await table.getByRole("columnheader", { name: "Weight" }).getAttribute("aria-sort"), "descending");
  await table.getByRole("button", { name: /^Operator$/ }).focus();
  await page.keyboard.press("Shift+Tab");
  const focused = () => page.evaluate<string | null>("document.activeElement.getAttribute('aria-label')");
  const first = (await focused()) ?? "";
  assert.match(first, /: (in the genesis|\d steps? from)/, "one step of the Tab key leads into the picture");
  await page.keyboard.press("ArrowRight");
  const second = (await focused()) ?? "";
  assert.notEqual(second, first);
  await page.getByRole("figure").locator("p").getByText(second, { exact: true }).waitFor();
  await page.keyboard.press("Tab");
  assert.doesNotMatch((await focused()) ?? "", /accuracy/, "and one step leads out of it");
}

async function cite(page: Page): Promise<void> {
  await visit(page, "/agents/awareness");
  const whole = page.getByRole("region", { name: "As a whole" });
  await whole.getByRole("link").first().click();
  await hears(page, "Entry");
  await page.getByText(sampleKey(2_000), { exact: true }).waitFor();
  await visit(page, "/agents/awareness");
  await page.getByRole("table", { name: "Domains" }).getByRole("link", { name: "networks/tor" }).click();
  assert.equal(await page.getByRole("combobox", { name: "Domain" }).inputValue(), "networks/tor");
}

async function evidence(page: Page): Promise<void> {
  await visit(page, "/agents/quarantine");
  await page.getByText("Evidence: 4 signed statements").first().click();
  await page
    .getByRole("table", { name: /signed$/ })
    .first()
    .getByText("800")
    .waitFor();
}

function dots(page: Page): ReturnType<Page["locator"]> {
  return page.getByRole("group", { name: /^Picture of trust/ }).getByRole("button");
}

/** Nothing is being loaded any more. */
async function settled(page: Page): Promise<void> {
  await until("it is loaded", async () => (await page.getByLabel(/^(Loading|Searching)/).count()) === 0);
}

interface Opened {
  readonly node: ApiNode;
  readonly page: Page;
  readonly complaints: string[];
}

/** A node on its agents' page; `prepare` comes before the page is opened. */
async function open<T>(t: TestContext, prepare: (node: ApiNode) => Promise<T>): Promise<(Opened & { with: T }) | null> {
  const browser = await launchBrowser(t);
  if (!browser) return null;
  const node = await startApiNode();
  atEnd(t, () => node.close());
  const prepared = await prepare(node);
  const complaints: string[] = [];
  const page = await openProfile(browser, complaints);
  await page.addInitScript(`localStorage.setItem("nocturne-preferences", '{"theme":"system"}')`);
  await page.goto((await node.call<Launch>("POST", "/api/launch")).body.url);
  await page.getByRole("navigation", { name: "Nocturne" }).waitFor();
  await page.getByRole("main").getByRole("heading").first().waitFor({ state: "attached" });
  await visit(page, "/agents");
  await hears(page, "Agents");
  return { node, page, complaints, with: prepared };
}
