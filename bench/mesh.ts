/**
 * The storage mesh: forty nodes in eight processes on this machine, 20 + 20; beside it rclone (client and WebDAV server) and a plain
 * copy over HTTP with the same bytes, each onto the same disk, as the ceiling.
 *
 * What the mesh writes is twice what it is given, and all nodes share this machine's cores and disk: nobody else's do.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { randomBelow } from "../src/core/random.ts";
import { LostPlaces } from "../src/mesh/audit/lost-places.ts";
import { heldOf } from "../src/mesh/audit/auditor.ts";
import { healthOf } from "../src/mesh/manifest/health.ts";
import type { Locator } from "../src/mesh/manifest/locator.ts";
import type { MeshNode } from "../src/mesh/mesh-node.ts";
import { repairObject } from "../src/mesh/repair/repairer.ts";
import { forgetPeak, peakBytes } from "../test/support/peak-memory.ts";
import { numberedBytes } from "../test/support/numbered-bytes.ts";
import { MeshWorld } from "../test/support/mesh-world.ts";
import { type Bench, type BenchOptions, median, type Row, row } from "./report.ts";

const MIB = 1_048_576;
const UPLOAD_GOAL = 80;
const DOWNLOAD_GOAL = 150;
const MEMORY_GOAL_MB = 300;
const RANGE_BYTES = 65_536;
const DAY_MS = 86_400_000;
/** Forty nodes that start at once talk a lot; after this they do what nodes do all day. */
const REST_MS = 120_000;

interface Copies {
  readonly up: number;
  readonly down: number;
}

async function run({ quick }: BenchOptions): Promise<Row[]> {
  const bytes = (quick ? 64 : 1_024) * MIB;
  const folder = mkdtempSync(join(tmpdir(), "nocturne-bench-"));
  try {
    const source = join(folder, "source");
    await pipeline(numberedBytes(bytes).pieces(), createWriteStream(source));
    const http = await measureHttp(source, folder);
    const rclone = await measureRclone(source, folder);
    const ours = await measureMesh(source, bytes, quick);
    return [...ours.rows, ...besides("plain HTTP copy", http, ours), ...besides("rclone, one copy", rclone, ours)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function besides(peer: string, theirs: Copies | null, ours: Copies): Row[] {
  const skipped = theirs === null ? `${peer.split(",")[0]} is not installed` : undefined;
  const base = { unit: "MB/s", peer, skipped } as const;
  return [
    row({ ...base, metric: `upload beside ${peer}`, ours: ours.up, theirs: theirs?.up ?? null }),
    row({ ...base, metric: `download beside ${peer}`, ours: ours.down, theirs: theirs?.down ?? null }),
  ];
}

async function measureMesh(source: string, bytes: number, quick: boolean): Promise<Copies & { readonly rows: Row[] }> {
  await using world = await MeshWorld.start({ processes: 8, nodesEach: 5 });
  const owner = await world.owner(40);
  await sleep(quick ? REST_MS / 4 : REST_MS);
  forgetPeak();
  const begunMs = performance.now();
  const { locator } = await owner.writer.write(createReadStream(source, WIDE), bytes);
  const upMs = performance.now() - begunMs;
  const downMs: number[] = [];
  for (let i = 0; i < (quick ? 1 : 3); i++) {
    downMs.push(await timed(() => drain(owner.reader.read(locator))));
  }
  const firstMs: number[] = [];
  for (let i = 0; i < (quick ? 5 : 40); i++) {
    const start = randomBelow(bytes - RANGE_BYTES);
    firstMs.push(await timed(() => drain(owner.reader.read(locator, start, start + RANGE_BYTES))));
  }
  const peak = peakBytes(process.pid) / 1e6;
  const nodes = await Promise.all(world.hosts.map(async (host) => (await host.status()).rss / 5 / 1e6));
  const repaired = await measureRepair(world, owner, locator);
  const [up, down] = [bytes / 1e3 / upMs, bytes / 1e3 / median(downMs)];
  const base = { peer: null, goal: 1 } as const;
  return {
    up,
    down,
    rows: [
      row({ ...base, metric: "upload, 20 + 20", unit: "MB/s", ours: up, theirs: UPLOAD_GOAL }),
      row({ ...base, metric: "download, 20 + 20", unit: "MB/s", ours: down, theirs: DOWNLOAD_GOAL }),
      row({
        peer: null,
        theirs: null,
        metric: "a range of 64 KiB, p50",
        unit: "ms",
        ours: median(firstMs),
        better: "lower",
      }),
      row({ peer: null, theirs: null, metric: "repair, of data made whole again", unit: "MB/s", ours: repaired }),
      row({
        peer: null,
        theirs: null,
        metric: "resident memory a node, five in a process",
        unit: "MB",
        ours: median(nodes),
        better: "lower",
      }),
      row({
        ...base,
        metric: "largest memory of the process that uploads and downloads",
        unit: "MB",
        ours: peak,
        theirs: MEMORY_GOAL_MB,
        better: "lower",
      }),
    ],
  };
}

/** Three processes of five nodes are killed, as many others come: MB/s of the object's segments that have all fragments again. */
async function measureRepair(world: MeshWorld, owner: MeshNode, locator: Locator): Promise<number> {
  for (const host of world.hosts.slice(0, 3)) await host.kill();
  const dead = new Set(world.hosts.slice(0, 3).flatMap(({ nodes }) => nodes.map(({ id }) => id)));
  for (let i = 0; i < 3; i++) await world.addHost(5);
  await sleep(3_000);
  const lost = new LostPlaces();
  for (const [node, held] of heldOf([locator]))
    if (dead.has(node))
      lost.add(
        node,
        held.map(({ id }) => id),
      );
  const repair = await repairObject(locator, {
    tools: owner.reader.tools,
    stateOf: (node) => (dead.has(node) ? "lost" : "up"),
    isLeaving: () => false,
    lost,
    untilMs: Date.now() + 30 * DAY_MS,
    signal: AbortSignal.timeout(600_000),
  });
  const { due } = healthOf(repair.locator, (node) => !dead.has(node));
  if (due.length > 0) throw new Error(`${due.length} segments were not repaired`);
  return locator.bytes / 1e3 / repair.tookMs;
}

/** Node's own server and client: PUT onto the disk with a sync, then GET. */
async function measureHttp(source: string, folder: string): Promise<Copies> {
  const target = join(folder, "http-copy");
  const server = createServer((incoming, outgoing) => {
    const answer = async (): Promise<void> => {
      if (incoming.method === "GET") return pipeline(createReadStream(target, WIDE), outgoing);
      await pipeline(incoming, createWriteStream(target, WIDE));
      const file = await open(target);
      await file.datasync();
      await file.close();
      outgoing.end();
    };
    answer().catch(() => outgoing.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const ask = async (method: string, body: boolean): Promise<void> => {
    const outgoing = request({ host: "127.0.0.1", port, method });
    const answered = once(outgoing, "response") as Promise<[NodeJS.ReadableStream & AsyncIterable<Uint8Array>]>;
    if (body) await pipeline(createReadStream(source, WIDE), outgoing);
    else outgoing.end();
    await drain((await answered)[0]);
  };
  const { size } = statSync(source);
  const up = size / 1e3 / (await timed(() => ask("PUT", true)));
  const down = size / 1e3 / (await timed(() => ask("GET", false)));
  server.close();
  return { up, down };
}

/** Null where rclone is not installed. */
async function measureRclone(source: string, folder: string): Promise<Copies | null> {
  const port = 20_000 + randomBelow(20_000);
  const served = mkdtempSync(join(folder, "rclone-"));
  const server = spawn("rclone", ["serve", "webdav", served, "--addr", `127.0.0.1:${port}`], { stdio: "ignore" });
  const failed = once(server, "error").then(() => true);
  if (await Promise.race([failed, sleep(1_500, false)])) return null;
  const remote = `:webdav,url='http://127.0.0.1:${port}':`;
  const copy = (from: string, to: string): Promise<number> =>
    timed(async () => {
      const [code] = await once(
        spawn("rclone", ["copyto", "--config", "/dev/null", from, to], { stdio: "ignore" }),
        "exit",
      );
      if (code !== 0) throw new Error("rclone failed");
    });
  try {
    const { size } = statSync(source);
    const up = size / 1e3 / (await copy(source, `${remote}copy`));
    return { up, down: size / 1e3 / (await copy(`${remote}copy`, join(folder, "rclone-back"))) };
  } finally {
    server.kill();
  }
}

const WIDE = { highWaterMark: MIB };

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begunMs = performance.now();
  await work();
  return performance.now() - begunMs;
}

async function drain(source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of source) if (piece.length === 0) throw new Error("an empty piece");
}

export const meshBench: Bench = {
  name: "mesh",
  about: "upload, download, repair and memory of 40 nodes, beside rclone and plain HTTP",
  run,
};
