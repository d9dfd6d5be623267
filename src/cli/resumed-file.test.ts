import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../test/support/cleanup.ts";
import { startScriptedNode } from "../../test/support/scripted-node.ts";
import { UPLOAD_LIMITS } from "../core/limits.ts";
import { socketPath } from "../node/socket-path.ts";
import { NodeClient } from "./node-client.ts";
import { Progress } from "./progress.ts";
import { saveResumed } from "./resumed-file.ts";

const MIB = 1_048_576;
const TAG = "a".repeat(32);

/** The process of a command that has ended. */
const ENDED = spawnSync(process.execPath, ["-e", ""]).pid;

function fetchTo(t: TestContext, dataDir: string, target: string, bytes: number): Promise<void> {
  const client = new NodeClient(socketPath(dataDir));
  const meter = new Progress(false).open("film.mkv", bytes);
  const signal = AbortSignal.timeout(60_000);
  t.after(() => meter.close());
  return saveResumed({ client, path: "/content", json: {}, bytes, meter, say: () => undefined, signal }, target);
}

/** The bytes of a range, or the whole, as the node answers. */
function answerPart(response: ServerResponse, content: Buffer, range: string | undefined): void {
  const [, from = 0, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  const part = content.subarray(Number(from), to ? Number(to) + 1 : content.length);
  response.writeHead(range ? 206 : 200, { etag: `"${TAG}"` }).end(part);
}

test("of all that earlier commands left of a file the largest part is gone on with; no other stays in plain text", async (t) => {
  const dataDir = temporaryFolder(t);
  const folder = temporaryFolder(t);
  const content = randomBytes(3 * MIB);
  const asked: (string | undefined)[] = [];
  await startScriptedNode(t, dataDir, ({ headers }, response) => {
    asked.push(headers.range);
    answerPart(response, content, headers.range);
  });
  const pids = [ENDED, 2 ** 22 + 1, 2 ** 22 + 2]; // above what Linux gives out
  const sizes = [MIB / 2, 2 * MIB, MIB];
  for (const [i, pid] of pids.entries()) {
    writeFileSync(join(folder, `.film.mkv.${TAG}.${pid}.part`), content.subarray(0, sizes[i]));
  }
  writeFileSync(join(folder, `.film.mkv.${"b".repeat(32)}.${ENDED}.part`), "of another content");
  await fetchTo(t, dataDir, join(folder, "film.mkv"), content.length);
  assert.deepEqual(readdirSync(folder), ["film.mkv"]);
  assert.ok(readFileSync(join(folder, "film.mkv")).equals(content));
  assert.equal(asked.at(-1), `bytes=${2 * MIB}-`);
});

test("a node that answers all of a content where its end was asked for is not read", async (t) => {
  const dataDir = temporaryFolder(t);
  const folder = temporaryFolder(t);
  const bytes = 64 * MIB;
  let sent = 0;
  await startScriptedNode(t, dataDir, async ({ headers }, response) => {
    if (headers.range === "bytes=0-0") return answerPart(response, Buffer.alloc(bytes), headers.range);
    const isEnd = headers.range !== undefined;
    response.writeHead(200, { etag: `"${isEnd ? "c".repeat(32) : TAG}"` });
    const pieces = function* (): Generator<Buffer> {
      for (let at = 0; at < bytes; at += MIB) {
        if (isEnd) sent += MIB;
        yield Buffer.alloc(MIB);
      }
    };
    await pipeline(pieces, response).catch(() => undefined); // it is cut off where it should not go on
  });
  writeFileSync(join(folder, `.film.mkv.${TAG}.${ENDED}.part`), Buffer.alloc(2 * MIB));
  await fetchTo(t, dataDir, join(folder, "film.mkv"), bytes);
  assert.ok(sent <= 16 * UPLOAD_LIMITS.comparedBytes, `${sent} bytes were taken`);
  assert.equal(readFileSync(join(folder, "film.mkv")).length, bytes);
});
