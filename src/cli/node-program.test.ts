/** `nocturne-node disconnect` before a node that ends while it is asked whether it is still there. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { dirname } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/cleanup.ts";
import { runCli } from "../../test/support/nocturne-process.ts";
import { meshNodeSocket } from "../node/mesh-node-paths.ts";

test("a node that hangs up in the middle of an answer is asked again, until it has ended", async (t) => {
  const dataDir = temporaryFolder(t);
  const path = meshNodeSocket(dataDir);
  mkdirSync(dirname(path), { recursive: true });
  let hangUps = 0;
  let isLeaving = false;
  const server = createServer((request, response) => {
    if (request.url === "/disconnect") {
      isLeaving = true;
      response.end('{"left":0,"total":2}\n');
    } else if (!isLeaving) response.end("{}");
    else {
      hangUps++;
      request.socket.destroy();
      if (hangUps === 2) server.close();
    }
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const options = { program: "nocturne-node", dataDir } as const;
  const left = await runCli<{ disconnected: boolean }>(["--json", "disconnect", "--now"], options);
  assert.deepEqual([left.code, left.json?.disconnected, hangUps], [0, true, 2], left.stderr);
});
