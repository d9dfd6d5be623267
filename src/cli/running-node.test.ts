import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryFolder } from "../../test/support/cleanup.ts";
import { answerJson, startScriptedNode } from "../../test/support/scripted-node.ts";
import { NetworkError, NoNodeError, ValidationError } from "../core/errors.ts";
import { DATABASE_FILE } from "../vault/data-directory.ts";
import { Database } from "../vault/database.ts";
import { untilBack, untilFree, untilGone } from "./running-node.ts";

const gone = new NetworkError("node_gone", "");
const none = new NoNodeError("no_node", "");
const held = new ValidationError("vault_in_use", "");

/** Throws these one after the other, then answers how often it was asked. */
function failing(...errors: Error[]): () => Promise<number> {
  let calls = 0;
  return async () => {
    const error = errors[calls++];
    if (error) throw error;
    return calls;
  };
}

test("a call that a crash cut off is repeated until the node is back", async () => {
  assert.equal(await untilBack(failing(gone, none, none, gone), false), 5);
});

test("a node that was never there is not waited for, one that was there is", async () => {
  await assert.rejects(untilBack(failing(none), false), none);
  assert.equal(await untilBack(failing(none), true), 2);
});

test("what the node refuses is not repeated, nor is trouble of its own with a relay", async () => {
  const refused = new ValidationError("unknown_contact", "");
  await assert.rejects(untilBack(failing(gone, refused), false), refused);
  const relay = new NetworkError("relay_unreachable", "");
  await assert.rejects(untilBack(failing(gone, relay), true), relay);
});

test("the wait for a node has an end", async () => {
  const errors = Array.from({ length: 100 }, () => none);
  await assert.rejects(untilBack(failing(...errors), true, 250), none);
});

test("an attempt is repeated while the folder is held, unless that will last", async () => {
  assert.equal(await untilFree(failing(held, gone, held)), 4);
  await assert.rejects(
    untilFree(failing(held), async () => true),
    held,
  );
  const damaged = new ValidationError("vault_newer", "");
  await assert.rejects(untilFree(failing(damaged)), damaged);
});

test("a node is gone when its socket and its lock are", async (t) => {
  const dataDir = temporaryFolder(t);
  const node = await startScriptedNode(t, dataDir, (_, response) => answerJson(response, {}));
  const database = new Database(join(dataDir, DATABASE_FILE));
  let isGone = false;
  const waiting = untilGone(dataDir).then(() => (isGone = true));
  await sleep(250);
  assert.ok(!isGone);
  node.end();
  await sleep(250);
  assert.ok(!isGone, "the lock is still held");
  database.close();
  await waiting;
});

test("a folder without a node is free at once, whatever lies in it", async (t) => {
  await untilGone(temporaryFolder(t));
  const dataDir = temporaryFolder(t);
  writeFileSync(join(dataDir, DATABASE_FILE), "no database at all, and longer than its magic");
  await untilGone(dataDir);
});
