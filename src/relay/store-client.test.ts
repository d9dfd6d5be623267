import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { systemClock } from "../core/clock.ts";
import { EventStore } from "./event-store.ts";
import { spawnStoreThread, StoreClient, type StoreClientOptions } from "./store-client.ts";
import { newFolder, recordingLog, signed } from "./testing.ts";

async function openClient(t: TestContext, change: Partial<StoreClientOptions> = {}): Promise<StoreClient> {
  const folder = join(newFolder(t), "relay");
  const client = await StoreClient.open({
    folder,
    maxBytes: 2 ** 30,
    clock: systemClock,
    log: recordingLog(),
    ...change,
  });
  t.after(() => client.close());
  return client;
}

const everything = { filter: {}, keys: [], from: null, remaining: 5_000, snapshot: null };

test("forged events are refused, whatever was altered", async (t) => {
  const client = await openClient(t);
  const event = signed({ content: "true", tags: [["t", "x"]] });
  const offCurve = `${"00".repeat(31)}05`;
  const alterations = [
    { content: "false" },
    { kind: 2 },
    { created_at: event.created_at - 1 },
    { tags: [] },
    { id: "0".repeat(64) },
    { pubkey: signed({}, new Uint8Array(32).fill(9)).pubkey },
    { pubkey: offCurve },
    { sig: "0".repeat(128) },
    { sig: "f".repeat(128) },
  ];
  const answers = alterations.map((change) => client.put(JSON.stringify({ ...event, ...change })));
  for (const { accepted, reason, lid } of await Promise.all(answers)) {
    assert.deepEqual([accepted, lid], [false, null]);
    assert.match(reason, /^invalid:/);
  }
  assert.equal(await client.check(JSON.stringify({ ...event, content: "false" })), false);
  assert.equal(await client.check(JSON.stringify(event)), true);
  assert.equal((await client.put(JSON.stringify(event))).accepted, true);
  assert.equal((await client.page(everything))?.events.length, 1);
});

test("the thread verifies what the rest of the program signs, up to the largest event", async (t) => {
  const client = await openClient(t);
  const contents = ['é\u2028\u2029\u0001\b\f\n"\\/', "🌒".repeat(1_000), "x".repeat(65_000), ""];
  for (const content of contents) {
    const tags = [["t", content.slice(0, 100)], [], [""]];
    assert.equal((await client.put(JSON.stringify(signed({ content, tags })))).reason, "");
  }
});

test("jobs that gather go together and come back in order", async (t) => {
  const client = await openClient(t);
  const events = Array.from({ length: 150 }, (_, i) => signed({ content: String(i) }));
  const outcomes = await Promise.all(events.map((event) => client.put(JSON.stringify(event))));
  assert.deepEqual(
    outcomes.map(({ lid }) => lid),
    Array.from({ length: 150 }, (_, i) => i + 1),
  );
});

test("when the thread dies its jobs fail, and the next ones find a new thread", async (t) => {
  const threads: Worker[] = [];
  const lines: string[] = [];
  const client = await openClient(t, {
    log: recordingLog(lines),
    spawn: (options) => {
      const thread = spawnStoreThread(options);
      threads.push(thread);
      return thread;
    },
  });
  const event = JSON.stringify(signed());
  assert.equal((await client.put(event)).accepted, true);
  const orphaned = client.put(JSON.stringify(signed({ content: "2" })));
  await new Promise(setImmediate);
  await threads[0]?.terminate();
  const outcome = await orphaned;
  if (!outcome.accepted) assert.match(outcome.reason, /^error:/);
  assert.match((await client.put(event)).reason, /^duplicate:/);
  assert.equal(threads.length, 2);
  assert.ok(lines.some((line) => line.includes("died")));
});

test("a store in use is refused when the thread starts", async (t) => {
  const folder = join(newFolder(t), "relay");
  const store = new EventStore(folder, 2 ** 30);
  t.after(() => store.close());
  await assert.rejects(openClient(t, { folder }), { code: "relay_store_unusable", name: "InternalError" });
});

test("a full store says so for each event that does not fit, and goes on", async (t) => {
  const lines: string[] = [];
  const client = await openClient(t, { maxBytes: 500_000, log: recordingLog(lines) });
  const events = Array.from({ length: 30 }, (_, i) => JSON.stringify(signed({ content: `${i}${"x".repeat(30_000)}` })));
  const outcomes = await Promise.all(events.map((event) => client.put(event)));
  const stored = outcomes.filter(({ accepted }) => accepted).length;
  assert.ok(stored > 5 && stored < 20, `${stored} stored`);
  assert.ok(outcomes.every(({ accepted, reason }) => accepted || reason.startsWith("error: The disk is full")));
  assert.ok(lines.some((line) => line.includes("disk_full")));
  for (const [i, { accepted }] of outcomes.entries()) {
    const { id } = JSON.parse(events[i] as string) as { id: string };
    const page = await client.page({ ...everything, filter: { ids: [id] } });
    assert.equal(page?.events.length, accepted ? 1 : 0);
  }
});

// The system refuses to let files grow: what the program sees of a disk that fails to write.
const FAILING_DISK = `
  import { signed, recordingLog } from "./testing.ts";
  import { StoreClient } from "./store-client.ts";
  const client = await StoreClient.open({
    folder: process.argv[1], maxBytes: 2 ** 30, clock: { nowMs: () => Date.now() }, log: recordingLog(),
  });
  const outcomes = [];
  for (let i = 0; i < 40; i++) outcomes.push(await client.put(JSON.stringify(signed({ content: i + "x".repeat(30000) }))));
  const page = await client.page({ filter: {}, keys: [], from: null, remaining: 1, snapshot: null });
  console.log(JSON.stringify({ outcomes, readable: page?.events.length === 1 }));
  process.exit(0);
`;

test("a disk that fails to write fails the events, not the relay", async (t) => {
  const node = `ulimit -f 1000; exec "$0" --input-type=module-typescript -e "$1" "$2"`;
  const child = spawn("sh", ["-c", node, process.execPath, FAILING_DISK, join(newFolder(t), "relay")], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output = (await child.stdout.toArray()).join("");
  if (child.exitCode === null) await once(child, "exit");
  const { outcomes, readable } = JSON.parse(output) as {
    outcomes: { accepted: boolean; reason: string }[];
    readable: boolean;
  };
  const failed = outcomes.filter(({ accepted }) => !accepted);
  assert.ok(failed.length > 0 && failed.length < 40, `${failed.length} failed`);
  assert.ok(failed.every(({ reason }) => reason.startsWith("error: ")));
  assert.ok(readable);
});
