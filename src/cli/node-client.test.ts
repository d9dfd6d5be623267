import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../test/support/cleanup.ts";
import { type Answer, answerError, answerJson, readBody, startScriptedNode } from "../../test/support/scripted-node.ts";
import { socketPath } from "../node/socket-path.ts";
import { exitCodeOf, InterruptedError } from "./exit-codes.ts";
import { isConnectionError, NodeClient } from "./node-client.ts";
import { NocturneError } from "../core/errors.ts";

const MIB = 1_048_576;

async function clientOf(t: TestContext, answer: Answer): Promise<NodeClient> {
  const dataDir = temporaryFolder(t);
  await startScriptedNode(t, dataDir, answer);
  return new NodeClient(socketPath(dataDir));
}

/** Code and exit code of what a call throws. */
async function failureOf(call: Promise<unknown>): Promise<[string, number]> {
  const error = await call.then(
    () => assert.fail("it succeeded"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof NocturneError, String(error));
  return [error.code, exitCodeOf(error)];
}

async function* zeros(bytes: number): AsyncGenerator<Uint8Array> {
  for (let left = bytes; left > 0; left -= 65_536) yield new Uint8Array(Math.min(left, 65_536));
}

test("JSON goes there and comes back", async (t) => {
  const client = await clientOf(t, async (request, response) => {
    const { method, url, headers } = request;
    const body = await readBody(request);
    answerJson(response, { method, url, host: headers.host, type: headers["content-type"], body });
  });
  assert.deepEqual(await client.call("POST", "/api/x?y=1", { json: { a: "ü" } }), {
    method: "POST",
    url: "/api/x?y=1",
    host: "localhost",
    type: "application/json",
    body: '{"a":"ü"}',
  });
});

test("a large body is streamed, at the pace of its reader", async (t) => {
  const client = await clientOf(t, async (request, response) => {
    let bytes = 0;
    for await (const piece of request) bytes += (piece as Buffer).length;
    answerJson(response, { bytes });
  });
  assert.deepEqual(await client.call("PUT", "/", { body: zeros(20 * MIB + 7) }), { bytes: 20 * MIB + 7 });
});

test("each fault of the node becomes the error whose exit code fits", async (t) => {
  const client = await clientOf(t, (request, response) => {
    const [, status, code, fault] = request.url?.split("/") ?? [];
    answerError(response, Number(status), code ?? "", fault ?? "");
  });
  const cases: [string, string, number][] = [
    ["/400/bad_option/usage", "bad_option", 2],
    ["/404/unknown_contact/input", "unknown_contact", 1],
    ["/423/locked/locked", "locked", 4],
    ["/403/card_changed/policy", "card_changed", 5],
    ["/502/relay_refused/network", "relay_refused", 1],
    ["/507/disk_full/internal", "disk_full", 1],
    ["/418/teapot/unheard", "teapot", 1],
  ];
  for (const [path, code, exitCode] of cases) {
    assert.deepEqual(await failureOf(client.call("GET", path)), [code, exitCode], path);
  }
});

test("the node's words reach the person", async (t) => {
  const client = await clientOf(t, (_, response) => answerError(response, 409, "name_taken", "input"));
  await assert.rejects(client.call("GET", "/"), { message: "It is name_taken.", hint: "Do this." });
});

test("nobody there: no socket, a stale one, no folder, a path that no socket can have", async (t) => {
  const folder = temporaryFolder(t);
  const stale = join(folder, "stale.sock");
  await leaveStaleSocket(stale);
  const file = join(folder, "file");
  writeFileSync(file, "");
  const long = join(folder, "x".repeat(120), "nocturne.sock");
  for (const path of [join(folder, "none.sock"), stale, join(file, "nocturne.sock"), long]) {
    assert.deepEqual(await failureOf(new NodeClient(path).call("GET", "/")), ["no_node", 3], path);
  }
});

test("a node that dies before, during and after the answer's head is gone, not wrong", async (t) => {
  const answers: Answer[] = [
    (request) => request.socket.destroy(),
    (_, response) => {
      response.writeHead(200, { "content-length": "100" }).write('{"half":');
      setTimeout(() => response.destroy(), 20);
    },
    (_, response) => {
      response.writeHead(404).write("{");
      setTimeout(() => response.destroy(), 20);
    },
  ];
  for (const answer of answers) {
    const client = await clientOf(t, answer);
    assert.deepEqual(await failureOf(client.call("POST", "/", { json: {} })), ["node_gone", 1]);
  }
});

test("a node that dies during an upload is gone", async (t) => {
  const client = await clientOf(t, (request) => request.once("data", () => request.socket.destroy()));
  assert.deepEqual(await failureOf(client.call("PUT", "/", { body: zeros(20 * MIB) })), ["node_gone", 1]);
});

test("a refusal in the middle of an upload is told, whether the connection is cut or not", async (t) => {
  for (const cut of [true, false]) {
    const client = await clientOf(t, (request, response) => {
      request.once("data", () => {
        answerError(response, 507, "disk_full", "internal");
        if (cut) response.once("finish", () => request.socket.destroySoon());
        else request.pause();
      });
    });
    assert.deepEqual(await failureOf(client.call("PUT", "/", { body: zeros(20 * MIB) })), ["disk_full", 1]);
  }
});

test("a failure of what is uploaded is not blamed on the node, and the node sees the upload break off", async (t) => {
  const broken = Promise.withResolvers<void>();
  const client = await clientOf(t, async (request) => {
    await readBody(request).catch(() => broken.resolve());
  });
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(65_536);
    throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
  }
  await assert.rejects(client.call("PUT", "/", { body: failing() }), { code: "EIO" });
  await broken.promise;
});

test("an interrupted call ends at once, with the reason", async (t) => {
  const client = await clientOf(t, () => {});
  const controller = new AbortController();
  const { signal } = controller;
  setTimeout(() => controller.abort(new InterruptedError()), 20);
  assert.deepEqual(await failureOf(client.call("GET", "/", { signal })), ["interrupted", 130]);
  assert.deepEqual(await failureOf(client.call("GET", "/", { signal })), ["interrupted", 130]);
});

test("answers that are none are said to be so", async (t) => {
  for (const [status, text] of [
    [200, "<html>"],
    [500, ""],
    [500, "null"],
    [400, '{"error":"no"}'],
  ] as const) {
    const client = await clientOf(t, (_, response) => response.writeHead(status).end(text));
    assert.deepEqual(await failureOf(client.call("GET", "/")), ["bad_answer", 1], text);
  }
});

test("a stream that is cut shows as a broken connection", async (t) => {
  const client = await clientOf(t, (_, response) => {
    response.writeHead(200, { "content-length": "100" }).write("half");
    setTimeout(() => response.destroy(), 20);
  });
  await assert.rejects((await client.open("GET", "/")).toArray(), isConnectionError);
});

/** A socket file at which nobody listens, as a killed process leaves it. */
async function leaveStaleSocket(path: string): Promise<void> {
  const { rename } = await import("node:fs/promises");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.live`, resolve));
  await rename(`${path}.live`, path); // so that closing does not remove it
  await new Promise((resolve) => server.close(resolve));
}
