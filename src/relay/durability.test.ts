/** What was acknowledged is there after a restart, however the relay ended. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { idsOf, newFolder, nowS, signed, startTestRelay, TestClient } from "./testing.ts";

const RELAY_PROCESS = `
  import { startRelay } from "./relay-server.ts";
  import { recordingLog } from "./testing.ts";
  const clock = { nowMs: () => Date.now() };
  const options = { host: "127.0.0.1", port: 0, dataDir: process.argv[1], log: recordingLog(), clock, name: "child" };
  console.log((await startRelay(options)).url);
`;

test("events and deletions outlive a restart", async (t) => {
  const dataDir = newFolder(t);
  const [kept, deleted] = [signed({ content: "kept" }), signed({ content: "deleted" })];
  const deletion = signed({ kind: 5, tags: [["e", deleted.id]] });
  const before = await startTestRelay(t, {}, { dataDir });
  const client = await TestClient.connect(t, before.url);
  for (const event of [kept, deleted, deletion]) await client.publish(event);
  await before.close();
  const after = await startTestRelay(t, {}, { dataDir });
  const again = await TestClient.connect(t, after.url);
  assert.deepEqual(new Set(idsOf(await again.query({}))), new Set(idsOf([kept, deletion])));
  assert.match((await again.publish(deleted))[1], /^blocked:/);
});

test("an acknowledged event is there after kill -9", async (t) => {
  const dataDir = newFolder(t);
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", RELAY_PROCESS, dataDir], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const [url] = (await once(createInterface(child.stdout), "line")) as [string];
  const client = await TestClient.connect(t, url);
  const startS = nowS();
  const events = Array.from({ length: 60 }, (_, i) => signed({ content: String(i), created_at: startS - i }));
  const acknowledged = new Set<string>();
  for (const event of events) client.say("EVENT", event);
  // Killed in the middle of the burst: some are acknowledged, others are on their way.
  for (const event of events.slice(0, 20)) {
    const [accepted] = await client.hear("OK", event.id);
    if (accepted === true) acknowledged.add(event.id);
  }
  child.kill("SIGKILL");
  await once(child, "exit");
  for (const [type, id, accepted] of client.unread())
    if (type === "OK" && accepted === true) acknowledged.add(String(id));
  assert.ok(acknowledged.size >= 20);
  const relay = await startTestRelay(t, {}, { dataDir });
  const stored = new Set(idsOf(await (await TestClient.connect(t, relay.url)).query({})));
  for (const id of acknowledged) assert.ok(stored.has(id), "acknowledged and lost");
});
