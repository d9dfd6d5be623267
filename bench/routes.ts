/**
 * What each route costs: messages and bytes straight, through an exit and to an onion service of a private Tor network on
 * this machine, and through I2P. Peers: curl over the same tor, and a plain tor that starts beside ours.
 *
 * Everything runs on one machine, so that the figures say what the program costs, not what distances do.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { systemClock } from "../src/core/clock.ts";
import { createLogger } from "../src/core/log.ts";
import { randomBytes } from "../src/core/random.ts";
import { signEvent } from "../src/nostr/event.ts";
import { startRelay } from "../src/relay/relay-server.ts";
import { routeCarrier } from "../src/route/carrier.ts";
import { DirectRoute } from "../src/route/direct-route.ts";
import type { Way } from "../src/route/policy.ts";
import { RelayPool } from "../src/route/relay-pool.ts";
import { routeFetch } from "../src/route/route-fetch.ts";
import { Routes } from "../src/route/routes.ts";
import { OnionServices } from "../src/route/tor/onion-services.ts";
import { Tor } from "../src/route/tor/tor.ts";
import { missingForTor, startTorNetwork, type TorNetwork } from "../test/support/tor-network.ts";
import { measureI2p } from "./routes-i2p.ts";
import { type Bench, type BenchOptions, median, percentile, type Row, row } from "./report.ts";

const run = promisify(execFile);
const MEGABYTE = 1_000_000;
const log = createLogger("silent");

/** Where something is reached, and by which way. */
interface Place {
  readonly name: "direct" | "exit" | "onion";
  readonly relay: string;
  readonly file: string;
  readonly routes: Routes;
}

export const routesBench: Bench = { name: "routes", about: "messages and bytes by each route", run: measure };

async function measure({ quick }: BenchOptions): Promise<Row[]> {
  const missing = missingForTor();
  if (missing !== null) return [skipped("Tor", missing)];
  await using stack = new AsyncDisposableStack();
  const network = await startTorNetwork();
  stack.defer(() => network.stop());
  const folder = mkdtempSync(join(tmpdir(), "nocturne-bench-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const boots = await bootstraps(network, folder, quick ? 1 : 5);
  const tor = await startTor(network, join(folder, "client"));
  stack.defer(() => tor.close());
  const server = await startTor(network, join(folder, "server"));
  stack.defer(() => server.close());
  const places = await openPlaces(stack, folder, { tor, server });
  const rows = [
    row({ metric: "Tor bootstrap", unit: "s", ours: boots.ours, peer: "tor", theirs: boots.theirs, better: "lower" }),
    row({
      metric: "Tor client, resident",
      unit: "MB",
      ours: boots.oursMB,
      peer: "tor",
      theirs: boots.theirsMB,
      better: "lower",
    }),
  ];
  const figures: (Measured & { readonly place: Place })[] = [];
  for (const place of places) figures.push({ place, ...(await measurePlace(place, quick)) });
  const straight = figures.find(({ place }) => place.name === "direct");
  for (const figure of figures)
    rows.push(...(await rowsOf(figure, straight?.messageMs ?? 0, { socks: join(folder, "client", "socks"), quick })));
  return [...rows, ...(await i2pRows(straight?.messageMs ?? 0))];
}

async function i2pRows(straightMs: number): Promise<Row[]> {
  const figure = await measureI2p();
  if ("skipped" in figure) return [skipped("i2p", figure.skipped)];
  const { sessionSeconds, messageMs, megabytesPerSecond, rssMegabytes } = figure;
  const alone = { peer: null, theirs: null };
  return [
    row({ metric: "i2p: session", unit: "s", ours: sessionSeconds, ...alone, better: "lower" }),
    row({ metric: "i2p: 2 KB there and back p50", unit: "ms", ours: messageMs.p50, ...alone, better: "lower" }),
    row({ metric: "i2p: 2 KB there and back p95", unit: "ms", ours: messageMs.p95, ...alone, better: "lower" }),
    row({ metric: "i2p: added latency", unit: "ms", ours: messageMs.p50 - straightMs, ...alone, better: "lower" }),
    row({ metric: "i2p: one stream, there and back", unit: "MB/s", ours: megabytesPerSecond, ...alone }),
    row({ metric: "i2p: router, resident", unit: "MB", ours: rssMegabytes, ...alone, better: "lower" }),
  ];
}

async function startTor(network: TorNetwork, folder: string): Promise<Tor> {
  mkdirSync(folder, { recursive: true });
  const searchPath = process.env["PATH"] ?? "";
  const bridges = (): { lines: string[]; plugins: string[] } => ({ lines: [], plugins: [] });
  const tor = new Tor({ folder, searchPath, extraTorrc: network.extraTorrc, bridges, log, clock: systemClock });
  tor.start();
  while (tor.health().state !== "up") await sleep(10);
  return tor;
}

/** Our client and a plain tor, each from an empty folder, in turns. */
async function bootstraps(
  network: TorNetwork,
  folder: string,
  rounds: number,
): Promise<{ ours: number; theirs: number; oursMB: number; theirsMB: number }> {
  const [ours, theirs, oursMB, theirsMB]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let i = 0; i < rounds; i++) {
    const startedAtMs = performance.now();
    const tor = await startTor(network, join(folder, `ours${i}`));
    ours.push((performance.now() - startedAtMs) / 1_000);
    oursMB.push(residentMB(await childOf("tor")));
    await tor.close();
    const plain = await plainTor(network, join(folder, `plain${i}`));
    theirs.push(plain.seconds);
    theirsMB.push(plain.megabytes);
  }
  return { ours: median(ours), theirs: median(theirs), oursMB: median(oursMB), theirsMB: median(theirsMB) };
}

async function plainTor(network: TorNetwork, folder: string): Promise<{ seconds: number; megabytes: number }> {
  mkdirSync(folder, { mode: 0o700 });
  const startedAtMs = performance.now();
  const args = [
    "-f",
    network.extraTorrc,
    "--defaults-torrc",
    "/dev/null",
    "--DataDirectory",
    folder,
    "--SocksPort",
    "auto",
  ];
  const child = spawn("tor", args, {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin` },
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  while (!text.includes("Bootstrapped 100%")) await sleep(10);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const megabytes = residentMB(child.pid ?? 0);
  child.kill("SIGKILL");
  await once(child, "exit");
  return { seconds, megabytes };
}

async function childOf(name: string): Promise<number> {
  const { stdout } = await run("pgrep", ["-P", String(process.pid), "-x", "-n", name]);
  return Number(stdout.trim());
}

function residentMB(pid: number): number {
  const [, kibibytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (Number(kibibytes) * 1_024) / MEGABYTE;
}

/** One relay and one web server, under an address of this machine that an exit can reach, and as onion services. */
async function openPlaces(
  stack: AsyncDisposableStack,
  folder: string,
  { tor, server }: { readonly tor: Tor; readonly server: Tor },
): Promise<Place[]> {
  const relay = await startRelay({ host: "0.0.0.0", port: 0, dataDir: folder, log, clock: systemClock, name: "bench" });
  stack.defer(() => relay.close());
  const block = Buffer.alloc(65_536, randomBytes(65_536));
  const web = createServer((request, response) => {
    let left = Number(new URL(request.url ?? "/", "http://x").searchParams.get("bytes"));
    const write = (): void => {
      while (left > 0 && response.write(block.subarray(0, Math.min(left, block.length)))) left -= block.length;
      if (left <= 0) response.end();
    };
    response.on("drain", () => {
      left -= block.length;
      write();
    });
    write();
  }).listen(0, "0.0.0.0");
  await once(web, "listening");
  stack.defer(() => void web.close());
  const webPort = (web.address() as AddressInfo).port;
  const onions = new OnionServices({ tor: server, log, changed: () => {}, tell: () => {} });
  stack.defer(() => onions.close());
  const [relayOnion, webOnion] = [relay.port, webPort].map((localPort) =>
    onions.publish({ seed: randomBytes(32), port: 80, localPort }),
  );
  while (relayOnion?.state() !== "up" || webOnion?.state() !== "up") await sleep(50);
  const address = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === "IPv4" && !one.internal)?.address;
  const by = (usual: Way): Routes =>
    new Routes({ routes: [new DirectRoute(), tor], policy: () => ({ usual, relays: new Map(), demanded: new Set() }) });
  const here = { relay: `ws://${address}:${relay.port}`, file: `http://${address}:${webPort}` };
  const open: Place[] =
    address === undefined
      ? []
      : [
          { name: "direct", ...here, routes: by("direct") },
          { name: "exit", ...here, routes: by("tor") },
        ];
  return [
    ...open,
    { name: "onion", relay: `ws://${relayOnion.host}`, file: `http://${webOnion.host}`, routes: by("tor") },
  ];
}

interface Measured {
  /** Until the first connection was open, on circuits that were not there. */
  readonly openMs: number;
  /** An event until the relay's OK, one after the other. */
  readonly messageMs: number;
  readonly messageP95Ms: number;
  readonly messagesPerSecond: number;
  readonly megabytesPerSecond: number;
}

async function measurePlace({ relay, file, routes }: Place, quick: boolean): Promise<Measured> {
  const pool = new RelayPool({ carrier: routeCarrier(routes, `bench${Math.random()}`), log, clock: systemClock });
  try {
    const opens: number[] = [];
    for (let i = 0; i < (quick ? 2 : 8); i++) {
      const startedAtMs = performance.now();
      const socket = await routes.dialUrl(new URL(relay), {
        isolation: `open${i}${Math.random()}`,
        signal: AbortSignal.timeout(60_000),
      });
      opens.push(performance.now() - startedAtMs);
      socket.destroy();
    }
    await pool.publish(relay, note(0));
    const single: number[] = [];
    for (let i = 0; i < (quick ? 20 : 200); i++) {
      const startedAtMs = performance.now();
      await pool.publish(relay, note(i));
      single.push(performance.now() - startedAtMs);
    }
    const many = Array.from({ length: quick ? 100 : 500 }, (_, i) => note(i));
    const startedAtMs = performance.now();
    await Promise.all(many.map((event) => pool.publish(relay, event)));
    const messagesPerSecond = (many.length * 1_000) / (performance.now() - startedAtMs);
    const bytes = (quick ? 4 : 32) * MEGABYTE;
    const speeds = await repeated(quick ? 1 : 3, () => download(routes, file, bytes));
    return {
      openMs: median(opens),
      messageMs: median(single),
      messageP95Ms: percentile(single, 0.95),
      messagesPerSecond,
      megabytesPerSecond: median(speeds),
    };
  } finally {
    await pool.close();
  }
}

async function repeated(times: number, work: () => Promise<number>): Promise<number[]> {
  const figures: number[] = [];
  for (let i = 0; i < times; i++) figures.push(await work());
  return figures;
}

async function download(routes: Routes, file: string, bytes: number): Promise<number> {
  const fetch = routeFetch(routes, `download${Math.random()}`);
  await (await fetch(`${file}/?bytes=1`)).arrayBuffer(); // the circuit is there then
  const startedAtMs = performance.now();
  const answer = await fetch(`${file}/?bytes=${bytes}`);
  let got = 0;
  for await (const piece of answer.body ?? []) got += piece.length;
  if (got < bytes) throw new Error(`only ${got} bytes of ${bytes} came`);
  return got / MEGABYTE / ((performance.now() - startedAtMs) / 1_000);
}

/** The same by curl, straight or over the same tor, whose SOCKS is a file. */
async function curl(file: string, bytes: number, socks: string | null): Promise<number> {
  const user = ["--proxy-user", `u${Math.random()}:p`]; // a circuit of its own
  const proxy = socks === null ? [] : ["--proxy", `socks5h://localhost${socks}`, ...user];
  const url = (size: number): string => `${file}/?bytes=${size}`;
  const { stdout } = await run("curl", [
    "-sS",
    ...proxy,
    "-o",
    "/dev/null",
    url(1),
    "-o",
    "/dev/null",
    "-w",
    "%{time_total} %{size_download}\n",
    url(bytes),
  ]);
  const [seconds, size] = (stdout.trim().split("\n").at(-1) ?? "").split(" ").map(Number);
  return (size ?? 0) / MEGABYTE / (seconds ?? Number.NaN);
}

async function rowsOf(
  { place, ...figure }: Measured & { readonly place: Place },
  straightMs: number,
  { socks, quick }: { readonly socks: string; readonly quick: boolean },
): Promise<Row[]> {
  const { name, file } = place;
  const straight = name === "direct" ? { peer: null, theirs: null } : { peer: "direct, same run", theirs: straightMs };
  const bytes = (quick ? 4 : 32) * MEGABYTE;
  const isDirect = name === "direct";
  const theirs = median(await repeated(quick ? 1 : 3, () => curl(file, bytes, isDirect ? null : socks)));
  const peer = isDirect ? "curl" : "curl, same tor";
  return [
    row({
      metric: `${name}: new connection`,
      unit: "ms",
      ours: figure.openMs,
      peer: null,
      theirs: null,
      better: "lower",
    }),
    row({ metric: `${name}: message p50`, unit: "ms", ours: figure.messageMs, ...straight, better: "lower" }),
    row({
      metric: `${name}: message p95`,
      unit: "ms",
      ours: figure.messageP95Ms,
      peer: null,
      theirs: null,
      better: "lower",
    }),
    row({
      metric: `${name}: added latency`,
      unit: "ms",
      ours: figure.messageMs - straightMs,
      peer: null,
      theirs: null,
      better: "lower",
    }),
    row({ metric: `${name}: messages`, unit: "1/s", ours: figure.messagesPerSecond, peer: null, theirs: null }),
    row({ metric: `${name}: one stream`, unit: "MB/s", ours: figure.megabytesPerSecond, peer, theirs }),
  ];
}

let count = 0;
const SECRET_KEY = randomBytes(32);

function note(i: number): ReturnType<typeof signEvent> {
  return signEvent(
    { kind: 1, created_at: Math.floor(Date.now() / 1_000), tags: [], content: `${i} ${++count}` },
    SECRET_KEY,
  );
}

function skipped(metric: string, why: string): Row {
  return row({ metric, unit: "", ours: 0, peer: null, theirs: null, skipped: why });
}
