/**
 * A hostile web page in the browser of somebody whose Nocturne runs, and whose app is open in another tab. It
 * reads nothing, changes nothing and cannot even tell where Nocturne listens, although it is given everything
 * that it could know: the port, the names of all calls, a valid session, a download ticket.
 *
 *     http://localhost:EVIL      the same site, another port
 *     http://127.0.0.1:EVIL      another site
 *     http://evil.test:EVIL      another name that leads to this machine
 *     http://evil.test:PORT      DNS rebinding: the page came from the attacker, its calls go to Nocturne
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { before, type TestContext, test } from "node:test";
import type { BrowserContext, Page } from "playwright-core";
import type { DownloadTicket, FileView, Session } from "../../src/api/contract.ts";
import { sendLines } from "../support/api-node.ts";
import { launchBrowser } from "../support/browser.ts";
import { atEnd } from "../support/cleanup.ts";
import { testIdentity } from "../support/identity.ts";
import { freePort, type NocturneProcess, startNocturne } from "../support/nocturne-process.ts";
import { ask } from "../support/people.ts";
import { buildPages, follow, launchLink, openApp } from "../support/web-app.ts";

before(buildPages);

const ATTACK = readFileSync(new URL("hostile-page.js", import.meta.url), "utf8");
const BROWSER_ARGUMENTS = ["--host-resolver-rules=MAP evil.test 127.0.0.1"];
const JSON_TYPE = "application/json";
const NAME = "Ada";

const READS = [
  "/",
  "/api/status",
  "/api/contacts",
  "/api/settings",
  "/api/recovery",
  "/dav/",
  "/s/AAAAAAAAAAAAAAAAAAAAAA/info",
];

interface Write {
  readonly method: string;
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

interface Plan {
  readonly target: string;
  readonly session: string;
  readonly reads: readonly string[];
  readonly writes: readonly Write[];
  readonly embeds: readonly string[];
}

type Gains = Readonly<Record<string, string | null>>;

/** What the owner's own page may do, too: nothing that would end the node. */
const HARMLESS: readonly Write[] = [
  { method: "PATCH", path: "/api/settings", type: JSON_TYPE, body: JSON.stringify({ displayName: "Mallory" }) },
  { method: "POST", path: "/api/contacts", type: JSON_TYPE, body: JSON.stringify({ invite: testIdentity("m").npub }) },
  { method: "PUT", path: "/api/files?name=evil.txt", type: "application/octet-stream", body: '{"evil":1}' },
  { method: "POST", path: "/api/invites", type: JSON_TYPE, body: "" },
  { method: "POST", path: "/api/launch", type: JSON_TYPE, body: "" },
];

const FATAL: readonly Write[] = [
  { method: "PUT", path: "/dav/evil.txt", type: "application/octet-stream", body: "evil" },
  { method: "POST", path: "/api/vault/passphrase", type: JSON_TYPE, body: JSON.stringify({ next: "mallory's words" }) },
  { method: "POST", path: "/api/vault/lock", type: JSON_TYPE, body: "" },
  { method: "POST", path: "/api/vault/wipe", type: JSON_TYPE, body: JSON.stringify({ confirm: "wipe" }) },
  { method: "POST", path: "/api/stop", type: JSON_TYPE, body: "" },
];

interface World {
  readonly node: NocturneProcess;
  /** Signed in, in the same profile as the hostile page. */
  readonly app: Page;
  readonly context: BrowserContext;
  readonly evilPort: number;
  readonly session: string;
  readonly file: FileView;
}

test("a page of another origin gains nothing and changes nothing", async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const { node, app, context } = world;
  const before = await stateOf(node);
  const plan = await planOf(node, world.file, world.session);
  const tryFrom = async (host: string, name: string): Promise<void> => {
    const page = await openHostile(context, `http://${host}:${world.evilPort}/`);
    const statuses = watchApi(page);
    const target = `http://${name}:${node.ports.app}`;
    assert.deepEqual(gainsOf(await attack(page, { ...plan, target })), {}, `${host} against ${target}`);
    assert.ok(statuses.length > 30, `only ${statuses.length} calls arrived`);
    assert.deepEqual([...new Set(statuses)], [403], `answers to ${host}`);
  };
  // Two at a time, since they mostly wait; but not two of one origin, which may talk to each other.
  for (const pair of [
    [
      ["localhost", "localhost"],
      ["127.0.0.1", "localhost"],
    ],
    [
      ["127.0.0.1", "127.0.0.1"],
      ["evil.test", "localhost"],
    ],
  ] as const) {
    await Promise.all(pair.map(([host, name]) => tryFrom(host, name)));
    assert.deepEqual(await stateOf(node), before, `${pair.join(" or ")} changed something`);
    await closeOthers(context, app);
  }
  await follow(app, "Files"); // the owner's tab was not disturbed
  await app.getByText(world.file.name).waitFor();
  await assertControl(world, plan, before);
});

test("a page that does not know the port cannot find it", async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const page = await openHostile(world.context, `http://localhost:${world.evilPort}/`);
  const silent = await scan(page, await freePort());
  assert.deepEqual(await scan(page, world.node.ports.app), silent, "Nocturne looks like a port where nothing listens");
  assert.notDeepEqual(await scan(page, world.evilPort), silent, "an open port that hides nothing looks otherwise");
});

test("DNS rebinding: a page whose own address turns into Nocturne's", async (t) => {
  const browser = await launchBrowser(t, BROWSER_ARGUMENTS);
  if (!browser) return;
  // What the name is pointed at changes; here it is the program that listens there.
  const port = await freePort();
  const server = await serveHostile(t, port);
  const origin = `http://evil.test:${port}`;
  const context = await browser.newContext();
  const page = await openHostile(context, `${origin}/`);
  await server.end();
  const node = await startNocturne(t, { ports: { app: port, relay: await freePort() } });
  const { session, file } = await settle(node);
  const before = await stateOf(node);

  const gains = Object.entries(gainsOf(await attack(page, { ...(await planOf(node, file, session)), target: origin })));
  assert.ok(gains.length > 20, `only ${gains.length} calls reached the node`);
  assert.deepEqual(
    gains.filter(([, gain]) => !/^421 |"wrong_host"/.test(gain)),
    [],
  );
  assert.equal((await page.goto(`${origin}/`))?.status(), 421);
  assert.deepEqual(await stateOf(node), before);
  for (const host of ["evil.test", `evil.test:${port}`, `localhost.evil.test:${port}`, `localhost:${port + 1}`]) {
    for (const target of ["/", "/api/status", `http://localhost:${port}/api/status`]) {
      const lines = [`GET ${target} HTTP/1.1`, `Host: ${host}`, `X-Nocturne-Session: ${session}`];
      assert.equal((await sendLines(port, ...lines)).status, 421, `${target} of ${host}`);
    }
  }
});

test("by bare requests: each condition is needed, and together they suffice", async (t) => {
  const node = await startNocturne(t);
  const { app: port } = node.ports;
  const session = await signIn(node);
  const status = async (...headers: readonly string[]): Promise<number> =>
    (await sendLines(port, "GET /api/contacts HTTP/1.1", ...headers)).status;
  const host = `Host: localhost:${port}`;
  const own = `Origin: http://localhost:${port}`;
  const key = `X-Nocturne-Session: ${session}`;
  assert.equal(await status(host, own, key, "Sec-Fetch-Site: same-origin"), 200);
  assert.equal(await status(host, key), 200);
  assert.equal(await status(host, own), 401);
  assert.equal(await status(host, own, `X-Nocturne-Session: ${session.slice(0, -1)}`), 401);
  for (const foreign of ["null", "http://localhost", `http://localhost:${port + 1}`, `https://localhost:${port}`]) {
    assert.equal(await status(host, `Origin: ${foreign}`, key), 403, foreign);
  }
  for (const site of ["cross-site", "same-site", "none"]) {
    assert.equal(await status(host, key, `Sec-Fetch-Site: ${site}`), 403, site);
  }
});

/** The control: what failed above works on the app's own page, and then the state does change. */
async function assertControl({ app, node, file }: World, plan: Omit<Plan, "target">, before: unknown): Promise<void> {
  await app.evaluate(ATTACK);
  const target = `http://localhost:${node.ports.app}`;
  const gains = gainsOf(await attack(app, { ...plan, target, writes: HARMLESS }));
  for (const path of READS.filter((path) => path.startsWith("/api/"))) {
    assert.match(gains[`GET ${path} with the session`] ?? "", /^200 basic \{|^200 basic \[/, path);
    assert.match(gains[`GET ${path} same-origin`] ?? "", /^401 /, "and not without the session");
  }
  for (const { method, path } of HARMLESS) {
    assert.match(gains[`${method} ${path} with the session`] ?? "", /^200 /, path);
  }
  assert.match(gains["WebSocket"] ?? "", /open|welcome/);
  assert.match(gains["BroadcastChannel"] ?? "", new RegExp(`"session":"[\\w-]{43}"`));
  const after = await stateOf(node);
  assert.notDeepEqual(after, before);
  assert.equal(after.settings.displayName, "Mallory");
  assert.ok(after.files.some(({ name }) => name === "evil.txt"));
  const [download] = await Promise.all([
    app.waitForEvent("download"),
    app.getByRole("button", { name: `Download ${file.name}` }).click(),
  ]);
  assert.equal(await download.failure(), null);
}

async function openWorld(t: TestContext): Promise<World | null> {
  const browser = await launchBrowser(t, BROWSER_ARGUMENTS);
  if (!browser) return null;
  const node = await startNocturne(t);
  const secrets = await settle(node);
  const app = await openApp(browser, node, [], { url: await launchLink(node) });
  const { port } = await serveHostile(t);
  return { node, app, context: app.context(), evilPort: port, ...secrets };
}

/** Something to steal, and the session that would be needed for it. */
async function settle(node: NocturneProcess): Promise<Pick<World, "session" | "file">> {
  await node.run(["files", "mount"]);
  const session = await signIn(node);
  await ask(node, "PATCH", "/settings", { displayName: NAME });
  await node.run(["files", "put", import.meta.filename]);
  const [file] = await ask<readonly FileView[]>(node, "GET", "/files");
  return { session, file: file as FileView };
}

/** A session that the page is given although it could never have it. */
async function signIn(node: NocturneProcess): Promise<string> {
  const { origin, hash } = new URL(node.url);
  const body = JSON.stringify({ token: hash.slice("#token=".length) });
  const answer = await fetch(`${origin}/api/session`, { method: "POST", headers: { "content-type": JSON_TYPE }, body });
  return ((await answer.json()) as Session).session;
}

/** The server of the hostile page; it answers everything with that page, and forbids nobody anything. */
async function serveHostile(t: TestContext, port = 0): Promise<{ port: number; end(): Promise<void> }> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html", "access-control-allow-origin": "*" });
    response.end("<!doctype html><title>Win a prize</title><link rel=icon href='data:,'><body>Click here");
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const end = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  atEnd(t, end);
  return { port: (server.address() as AddressInfo).port, end };
}

async function openHostile(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await page.evaluate(ATTACK);
  return page;
}

/** A valid ticket and a valid launch token are among what the page knows; both must still work afterwards. */
async function planOf(node: NocturneProcess, file: FileView, session: string): Promise<Omit<Plan, "target">> {
  const { ticket } = await ask<DownloadTicket>(node, "POST", `/files/${file.id}/ticket`, {});
  const token = new URL(await launchLink(node)).hash.slice("#token=".length);
  const index = await (await fetch(`http://localhost:${node.ports.app}/`)).text();
  const assets = [...index.matchAll(/"\.?(\/assets\/[^"]+)"/g)].map((match) => match[1] as string);
  assert.ok(assets.length >= 3, index);
  const writes: readonly Write[] = [
    ...HARMLESS,
    ...FATAL,
    { method: "DELETE", path: `/api/files/${file.id}`, type: JSON_TYPE, body: "" },
    { method: "POST", path: "/api/session", type: JSON_TYPE, body: JSON.stringify({ token }) },
    {
      method: "POST",
      path: "/api/files/download",
      type: "application/x-www-form-urlencoded",
      body: `ticket=${ticket}`,
    },
  ];
  return { session, reads: READS, writes, embeds: ["/", "/api/contacts", ...assets] };
}

function attack(page: Page, plan: Plan): Promise<Gains> {
  return page.evaluate<Gains>(`attack(${JSON.stringify(plan)})`);
}

function scan(page: Page, port: number): Promise<Gains> {
  return page.evaluate<Gains>(`scan(${port})`);
}

function gainsOf(gains: Gains): Record<string, string> {
  return Object.fromEntries(Object.entries(gains).filter((entry): entry is [string, string] => entry[1] !== null));
}

/** The status of every answer that the API gave to this page, as the browser's network saw it. */
function watchApi(page: Page): number[] {
  const statuses: number[] = [];
  page.on("response", (response) => {
    if (new URL(response.url()).pathname.startsWith("/api/")) statuses.push(response.status());
  });
  return statuses;
}

async function closeOthers(context: BrowserContext, kept: Page): Promise<void> {
  for (const page of context.pages()) if (page !== kept) await page.close();
}

interface State {
  readonly contacts: unknown;
  readonly settings: { readonly displayName: string };
  readonly files: readonly FileView[];
  readonly links: unknown;
  readonly conversations: unknown;
  readonly locked: unknown;
}

/** As the owner sees it over the Unix socket, which no page can reach. */
async function stateOf(node: NocturneProcess): Promise<State> {
  const [contacts, settings, files, links, conversations, status] = await Promise.all(
    ["contacts", "settings", "files", "links", "conversations", "status"].map((what) => ask(node, "GET", `/${what}`)),
  );
  const { locked, protection } = status as { locked: boolean; protection: string };
  return { contacts, settings, files, links, conversations, locked, protection } as unknown as State;
}
