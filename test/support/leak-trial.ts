/**
 * One trial of the leak test, as a process of its own, because it runs within a network namespace: a site and the product's
 * proxy on its loopback, and a browser that opens the site's hostile page. Prints one JSON line and ends.
 *
 *   node leak-trial.ts <program> none | proxy | resolver | hardened      Chromium
 *   node leak-trial.ts <program> firefox | recipe                       Firefox
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { BrowseProxy } from "../../src/route/browse/browse-proxy.ts";
import { firefoxRecipe } from "../../src/node/firefox-recipe.ts";
import { browserArguments, browserEnvironment, browserPreferences } from "../../src/node/browser-flags.ts";
import { LEAK_HEADERS, leakPage } from "./leak-page.ts";
import { LoopbackRoute } from "./browse-world.ts";

/** The last of each is the product's way, the others are controls. */
export const CHROMIUM_TRIALS = ["none", "proxy", "resolver", "hardened"] as const;
export const FIREFOX_TRIALS = ["firefox", "recipe"] as const;
export type Trial = (typeof CHROMIUM_TRIALS)[number] | (typeof FIREFOX_TRIALS)[number];

export interface TrialReport {
  /** Null when the page did not run to its end. */
  readonly page: { readonly tries: number; readonly learnt: readonly string[] } | null;
  /** Connections to a program of the browser's own machine. */
  readonly local: number;
  /** Hosts that were asked of the proxy. */
  readonly hosts: number;
  /** What the browser said, for a test that failed. */
  readonly log: string;
}

const PAGE_MS = 30_000;
/** What a browser does late by itself. */
const SETTLE_MS = 3_000;
const HOST = `${"leaktrial".repeat(6)}ad.onion`;

interface Start {
  readonly profile: string;
  readonly port: number;
  readonly url: string;
}

function argumentsOf(trial: Trial, { profile, port, url }: Start): string[] {
  if (trial === "hardened") {
    mkdirSync(join(profile, "Default"));
    writeFileSync(join(profile, "Default", "Preferences"), JSON.stringify(browserPreferences()));
    return ["--headless=new", ...browserArguments({ profile, port, url, asRoot: true })];
  }
  if (trial === "recipe") writeFileSync(join(profile, "user.js"), firefoxRecipe(port));
  if (trial === "recipe" || trial === "firefox") return ["--headless", "--no-remote", "--profile", profile, url];
  const proxy = `--proxy-server=http://127.0.0.1:${port}`;
  const resolver = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1";
  const more = { none: [], proxy: [proxy], resolver: [proxy, resolver] }[trial];
  return ["--headless=new", `--user-data-dir=${profile}`, "--no-first-run", "--no-sandbox", ...more, url];
}

async function main(program: string, trial: Trial): Promise<TrialReport> {
  let local = 0;
  const app = createServer((_, response) => response.end());
  app.on("connection", () => local++);
  const appPort = await listen(app, "::"); // all addresses of this machine, IPv4 and IPv6
  let page: TrialReport["page"] = null;
  const site = createServer((request, response) => {
    response.writeHead(200, LEAK_HEADERS).end(leakPage(appPort));
    if (request.url === "/report") request.once("data", (body: Buffer) => (page = JSON.parse(body.toString())));
  });
  const sitePort = await listen(site, "127.0.0.1");
  // Of the names only the page's own leads anywhere: the others are there to be asked for.
  const route = new LoopbackRoute(({ host }) => (host === HOST ? sitePort : 1));
  const admission = { kind: "own-user" } as const;
  const proxy = await BrowseProxy.listen({ window: trial, epoch: "1", routeOf: () => route, admission });
  const log = await browse(program, { trial, sitePort, proxyPort: proxy.port }, () => page !== null);
  return { page, local, hosts: new Set(route.dialled.map(({ target }) => target.host)).size, log };
}

interface Places {
  readonly trial: Trial;
  readonly sitePort: number;
  readonly proxyPort: number;
}

/** Runs the browser until `isDone`, and some time more; what it said. */
async function browse(program: string, { trial, sitePort, proxyPort }: Places, isDone: () => boolean): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), "nocturne-leak-"));
  const isStraight = trial === "none" || trial === "firefox";
  const url = isStraight ? `http://127.0.0.1:${sitePort}/` : `http://${HOST}/`;
  const browser = spawn(program, argumentsOf(trial, { profile, port: proxyPort, url }), {
    env: trial === "hardened" ? browserEnvironment(process.env) : { ...process.env, HOME: profile },
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
  });
  let log = "";
  browser.stderr?.on("data", (chunk: Buffer) => (log = (log + chunk.toString()).slice(-2_000)));
  for (const endMs = Date.now() + PAGE_MS; !isDone() && Date.now() < endMs; ) await sleep(100);
  await sleep(SETTLE_MS);
  const ended = once(browser, "exit");
  browser.kill("SIGKILL");
  await ended;
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  return log;
}

async function listen(server: Server, host: string): Promise<number> {
  server.listen(0, host);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

if (import.meta.main) {
  const [program = "", trial = ""] = process.argv.slice(2);
  process.stdout.write(`${JSON.stringify(await main(program, trial as Trial))}\n`);
  process.exit();
}
