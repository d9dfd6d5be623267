import assert from "node:assert/strict";
import { stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/cleanup.ts";
import { answerJson, readBody, startScriptedNode } from "../../test/support/scripted-node.ts";
import { UPLOAD_LIMITS } from "../core/limits.ts";
import { socketPath } from "../node/socket-path.ts";
import { NodeClient } from "./node-client.ts";
import { Progress } from "./progress.ts";
import { sendFile } from "./send-file.ts";

test("a file that becomes shorter while it is sent leaves no upload behind", async (t) => {
  const dataDir = temporaryFolder(t);
  const path = join(temporaryFolder(t), "film.mkv");
  await writeFile(path, Buffer.alloc(UPLOAD_LIMITS.oneCallBytes));
  const { size: bytes } = await stat(path);
  const calls: string[] = [];
  await startScriptedNode(t, dataDir, async (request, response) => {
    calls.push(`${request.method} ${request.url}`);
    const { length } = await readBody(request);
    if (request.method === "DELETE") return answerJson(response, { done: true });
    if (request.method === "POST") await truncate(path, 1_000);
    const offset = request.method === "PATCH" ? length : 0;
    return answerJson(response, { id: "u1", offset, bytes, file: null, fingerprint: "one" });
  });
  const file = { path, name: "film.mkv", folder: "", bytes, isRegular: true };
  const meter = new Progress(false).open(file.name, bytes);
  const sent = sendFile(new NodeClient(socketPath(dataDir)), file, {
    folder: undefined,
    cipher: "aes-256-gcm",
    taken: "rename",
    storage: "local",
    headers: {},
    meter,
    say: () => undefined,
    signal: AbortSignal.timeout(60_000),
  });
  await assert.rejects(sent, { code: "file_changed" });
  assert.deepEqual(calls, ["POST /api/uploads", "PATCH /api/uploads/u1", "DELETE /api/uploads/u1"]);
});
