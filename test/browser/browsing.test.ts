/** Private windows with a real browser: each site and each identity apart, and nothing left behind. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, type TestContext, test } from "node:test";
import { browserEnvironment } from "../../src/node/browser-flags.ts";
import { Browsing, type BrowsingOptions } from "../../src/node/browsing.ts";
import type { Route } from "../../src/route/route.ts";
import { LoopbackRoute, startSite } from "../support/browse-world.ts";
import { atEnd, temporaryFolder } from "../support/cleanup.ts";
import { requireTool } from "../support/tools.ts";
import { waitUntil } from "../support/wait.ts";

const SITE = `${"a".repeat(55)}d.onion`;
const OTHER = `${"b".repeat(55)}d.onion`;

/** Tells the site what it sees, sets a cookie, and loads something of another site. */
const PAGE = `<script>
  const seen = { cookie: document.cookie, secure: isSecureContext, crypto: Boolean(crypto.subtle), driven: navigator.webdriver,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone, languages: navigator.languages.join() };
  document.cookie = "who=me; max-age=1000";
  fetch("/seen", { method: "POST", body: JSON.stringify(seen) });
  new Image().src = "http://${OTHER}/x.png";
</script>`;

interface Seen {
  readonly cookie: string;
  readonly secure: boolean;
  readonly crypto: boolean;
  readonly driven: boolean;
  readonly zone: string;
  readonly languages: string;
}

/** A temporary folder of this file's own, so that nobody else's profiles are counted. */
process.env["TMPDIR"] = mkdtempSync(join(tmpdir(), "nocturne-"));
after(() => rmSync(tmpdir(), { recursive: true, force: true }));

const profiles = () => readdirSync(tmpdir()).filter((name) => name.startsWith("nocturne-browse-"));

/** A machine where the browser needs no screen. */
function headless(t: TestContext, program: string): BrowsingOptions["environment"] {
  const folder = temporaryFolder(t);
  const wrapper = join(folder, "chromium");
  writeFileSync(wrapper, `#!/bin/sh\nexec ${program} --headless=new "$@"\n`);
  chmodSync(wrapper, 0o755);
  return browserEnvironment({ ...process.env, PATH: `${folder}:${process.env["PATH"]}`, DISPLAY: ":none" });
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
}

async function world(t: TestContext): Promise<{ browsing: Browsing; route: LoopbackRoute; seen: Seen[] } | null> {
  const program = requireTool(t, "chromium");
  if (program === null) return null;
  const seen: Seen[] = [];
  const port = await startSite(t, (request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end(request.url === "/" ? PAGE : "");
    if (request.url === "/seen") request.once("data", (body: Buffer) => seen.push(JSON.parse(body.toString()) as Seen));
  });
  const route = new LoopbackRoute(() => port);
  const circuits = async (label: string) => ({ id: label, purpose: "general", hops: [] });
  const options = { routeOf: (): Route => route, circuits, environment: headless(t, program), changed: () => {} };
  const browsing = new Browsing(options);
  atEnd(t, () => browsing.closeAll());
  return { browsing, route, seen };
}

test("windows, sites and identities share no circuit and no memory, and leave nothing behind", async (t) => {
  const at = await world(t);
  if (at === null) return;
  const { browsing, route, seen } = at;
  const before = profiles();
  const visit = async (id: string, count: number) => {
    await waitUntil("the page was shown", () => seen.length === count);
    const reached = async () => (await browsing.windows()).find((window) => window.id === id)?.sites ?? [];
    for (;;) {
      const sites = await reached();
      if (sites.length === 2) return sites.map(({ circuit }) => circuit?.id ?? "");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const { id: first } = await browsing.open(`http://${SITE}/`);
  const firstLabels = await visit(first, 1);
  const { id: second } = await browsing.open(`http://${SITE}/`);
  const secondLabels = await visit(second, 2);
  assert.equal(new Set([...firstLabels, ...secondLabels]).size, 4);
  const [page] = seen;
  assert.deepEqual(page, {
    cookie: "",
    secure: true,
    crypto: true,
    driven: false,
    zone: "UTC",
    languages: "en-US,en",
  });
  assert.equal(seen[1]?.cookie, "", "windows share cookies");
  assert.equal(profiles().length - before.length, 2);

  const kept = (await browsing.windows()).find(({ id }) => id === first);
  await browsing.newIdentity(first);
  const [fresh] = (await browsing.windows()).filter(({ id }) => id === first);
  assert.deepEqual(fresh?.sites, []);
  assert.equal(fresh?.openedAt, kept?.openedAt);
  assert.equal((await browsing.windows()).length, 2);
  assert.equal(profiles().length - before.length, 2, "the old profile is gone");

  await browsing.close(second);
  assert.deepEqual(
    (await browsing.windows()).map(({ id }) => id),
    [first],
  );
  await assert.rejects(browsing.newIdentity(second), { code: "no_such_window" });
  await browsing.closeAll();
  assert.deepEqual(profiles(), before);
  const labels = route.dialled.map(({ isolation }) => isolation);
  assert.ok(labels.every((label) => /^browse\|[0-9a-f]{16}\|[0-9a-f]{16}\|[ab]{55}d\.onion$/.test(label)));
});

test("what cannot be opened is said before anything starts", async (t) => {
  const route = new LoopbackRoute(() => 1);
  const options = { routeOf: () => route, circuits: async () => null, changed: () => {} };
  const without = new Browsing({ ...options, environment: { PATH: "/nonexistent", DISPLAY: ":0" } });
  if (process.platform === "linux") {
    assert.equal(without.problem?.code, "browser_missing");
    await assert.rejects(without.open(), { code: "browser_missing" });
  }
  const program = requireTool(t, "chromium");
  if (program === null) return;
  const blind = new Browsing({ ...options, environment: { PATH: dirname(program) } });
  assert.equal(blind.problem?.code, "no_display");
  const broken = temporaryFolder(t);
  writeFileSync(join(broken, "chromium"), "#!/bin/sh\necho cannot >&2\nexit 1\n");
  chmodSync(join(broken, "chromium"), 0o755);
  const failing = new Browsing({ ...options, environment: { PATH: `${broken}:/bin`, DISPLAY: ":none" } });
  const before = profiles();
  await assert.rejects(failing.open(), { code: "browser_failed" });
  assert.deepEqual(profiles(), before);
  for (const url of ["http://127.0.0.1/", "http://localhost/", "https://example.org:22/"]) {
    await assert.rejects(failing.open(url), /refused|Addresses|name belongs|ports/);
  }
  for (const url of ["file:///etc/passwd", "javascript:alert(1)", "--no-sandbox", ""]) {
    await assert.rejects(failing.open(url), { code: "bad_address" });
  }
});

test("a browser ends with the Nocturne that started it, killed or not", async (t) => {
  const program = requireTool(t, "chromium");
  if (program === null) return;
  const environment = headless(t, program);
  const script = `
    import { Browsing } from ${JSON.stringify(new URL("../../src/node/browsing.ts", import.meta.url).href)};
    import { LoopbackRoute } from ${JSON.stringify(new URL("../support/browse-world.ts", import.meta.url).href)};
    const route = new LoopbackRoute(() => 1);
    const browsing = new Browsing({ routeOf: () => route, circuits: async () => null, environment: process.env, changed: () => {} });
    await browsing.open();
    console.log("open");`;
  const before = profiles();
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await waitUntil("it is open", () => said.includes("open"));
  const [left = ""] = profiles().filter((name) => !before.includes(name));
  // The browser's own lock: a link to "<host>-<process id>".
  const browserId = Number(/-(\d+)$/.exec(readlinkSync(join(tmpdir(), left, "profile", "SingletonLock")))?.[1]);
  assert.ok(isRunning(browserId));
  const killed = once(child, "exit");
  child.kill("SIGKILL");
  await killed;
  await waitUntil("the browser ended by itself", () => !isRunning(browserId));
  const route = new LoopbackRoute(() => 1);
  new Browsing({ routeOf: () => route, circuits: async () => null, environment, changed: () => {} }).sweep();
  assert.deepEqual(profiles(), before, "the next start removes what was left");
});
