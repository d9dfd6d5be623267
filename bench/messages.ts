/**
 * A message from one process to another on loopback: from the API call to "delivered", which is after
 * the other side has opened, stored and acknowledged it. One fsync at each relay and vault on the way
 * is the floor; the peer is a bare NIP-17 exchange (wrap, relay, unwrap) without storage or acknowledgement.
 */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { unwrapEvent, wrapEvent } from "nostr-tools/nip17";
import { WebSocket } from "ws";
import { NodeClient } from "../src/cli/node-client.ts";
import { type Bench, type BenchOptions, median, percentile, type Row, row } from "./report.ts";

const ENTRY = join(import.meta.dirname, "../src/cli/nocturne.ts");

interface RunningNode {
  readonly client: NodeClient;
  readonly relay: string;
  end(): Promise<void>;
}

async function startNode(dataDir: string): Promise<RunningNode> {
  const places = ["--port", "0", "--relay-port", "0", "--data-dir", dataDir];
  const args = [ENTRY, "start", "--no-open", "--json", "--cover", "fast", ...places];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  for await (const line of createInterface({ input: child.stdout })) {
    const { event, relay } = JSON.parse(line) as { event: string; relay: string };
    if (event !== "ready") continue;
    child.stdout.resume();
    const end = async () => {
      child.kill("SIGTERM");
      await ended;
    };
    return { client: new NodeClient(join(dataDir, "nocturne.sock")), relay, end };
  }
  throw new Error("the node ended before it was ready");
}

async function meet(alice: NodeClient, bob: NodeClient): Promise<void> {
  const { link } = await alice.call<{ link: string }>("POST", "/api/invites");
  await bob.call("POST", "/api/contacts", { json: { invite: link, name: "alice" } });
  for (;;) {
    const [request] = await alice.call<{ npub: string }[]>("GET", "/api/contacts");
    if (request) return void (await alice.call("POST", `/api/contacts/${request.npub}/accept`));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function deliveredMs(from: NodeClient, text: string): Promise<number> {
  const startedMs = performance.now();
  const { id } = await from.call<{ id: string }>("POST", "/api/messages", { json: { to: "alice", text } });
  await from.call("GET", `/api/messages/${id}/wait?state=delivered&timeoutS=30`);
  return performance.now() - startedMs;
}

/** The bare exchange: wrap, publish, receive on another socket, unwrap. */
async function bareExchange(relay: string, rounds: number): Promise<number[]> {
  const [sender, recipient] = [generateSecretKey(), generateSecretKey()];
  const [out, inn] = [await open(relay), await open(relay)];
  let arrived: (content: string) => void = () => {};
  await subscribe(inn, recipient, (event) => arrived(unwrapEvent(event as never, recipient).content));
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const startedMs = performance.now();
    const done = new Promise<string>((resolve) => (arrived = resolve));
    out.send(JSON.stringify(["EVENT", wrapEvent(sender, { publicKey: getPublicKey(recipient) }, `message ${i}`)]));
    await done;
    times.push(performance.now() - startedMs);
  }
  for (const socket of [out, inn]) socket.close();
  return times;
}

async function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  return socket;
}

/** Subscribes to gift wraps, which the relay gives out only after NIP-42 authentication. */
function subscribe(socket: WebSocket, secretKey: Uint8Array, onEvent: (event: unknown) => void): Promise<void> {
  const request = JSON.stringify(["REQ", "s", { kinds: [1059], "#p": [getPublicKey(secretKey)], limit: 0 }]);
  return new Promise((resolve) => {
    socket.on("message", (data: Buffer) => {
      const [type, first, second] = JSON.parse(data.toString()) as [string, unknown, unknown];
      if (type === "AUTH") {
        const tags = [
          ["relay", socket.url],
          ["challenge", String(first)],
        ];
        const template = { kind: 22242, created_at: Math.floor(Date.now() / 1000), tags, content: "" };
        socket.send(JSON.stringify(["AUTH", finalizeEvent(template, secretKey)]));
      }
      if (type === "OK") socket.send(request);
      if (type === "EOSE") resolve();
      if (type === "EVENT") onEvent(second);
    });
    socket.send(request);
  });
}

async function run({ quick }: BenchOptions): Promise<Row[]> {
  const rounds = quick ? 10 : 100;
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), "nocturne-bench-")));
  const nodes = await Promise.all(folders.map(startNode));
  const [alice, bob] = nodes as [RunningNode, RunningNode];
  try {
    await meet(alice.client, bob.client);
    await deliveredMs(bob.client, "warm up");
    const times: number[] = [];
    for (let i = 0; i < rounds; i++) times.push(await deliveredMs(bob.client, `message ${i}`));
    const bare = await bareExchange(alice.relay, rounds);
    const startedMs = performance.now();
    await Promise.all(Array.from({ length: rounds }, (_, i) => deliveredMs(bob.client, `burst ${i}`)));
    const burst = (rounds * 1000) / (performance.now() - startedMs);
    const peer = "bare NIP-17 by nostr-tools, not stored, not acknowledged";
    const base = { unit: "ms", better: "lower" } as const;
    return [
      row({ ...base, metric: "send -> delivered, median", ours: median(times), peer, theirs: median(bare) }),
      row({
        ...base,
        metric: "send -> delivered, p95",
        ours: percentile(times, 0.95),
        peer,
        theirs: percentile(bare, 0.95),
      }),
      row({ metric: "burst, all delivered", unit: "messages/s", ours: burst, peer: null, theirs: null }),
    ];
  } finally {
    await Promise.all(nodes.map((node) => node.end()));
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

export const messagesBench: Bench = {
  name: "messages",
  about: "one message from process to process, to delivered",
  run,
};
