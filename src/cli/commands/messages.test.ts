import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../../test/support/cleanup.ts";
import { runCli } from "../../../test/support/nocturne-process.ts";
import { answerError, answerJson, readBody, startScriptedNode } from "../../../test/support/scripted-node.ts";
import type { Message } from "../../api/contract.ts";

interface Sent {
  readonly id: string;
  readonly text: string;
  readonly files: readonly string[];
}

function message(position: number, text: string): Message {
  const npub = "npub1x";
  const at = "2026-01-01T00:00:00.000Z";
  const from = { npub, name: "bob" };
  return {
    id: `${position}`,
    conversation: npub,
    kind: "text",
    from,
    mine: false,
    at,
    text,
    files: [],
    state: "read",
    profile: "hidden",
    editedAt: null,
    deleted: false,
    replyTo: null,
    reactions: [],
    expiresAt: null,
    position,
  };
}

test("a message is repeated with the same id when the node dies in the middle of it", async (t) => {
  const dataDir = temporaryFolder(t);
  const seen: Sent[] = [];
  const first = await startScriptedNode(t, dataDir, async (request) => {
    seen.push(JSON.parse(await readBody(request)) as Sent);
    first.end();
    setTimeout(() => void startSecond(), 300);
  });
  const startSecond = () =>
    startScriptedNode(t, dataDir, async (request, response) => {
      seen.push(JSON.parse(await readBody(request)) as Sent);
      answerJson(response, { id: seen[1]?.id, state: "queued" });
    });
  const result = await runCli<Sent>(["send", "bob", "hello", "--json"], { dataDir });
  assert.equal(result.code, 0, result.stderr);
  assert.equal(seen.length, 2);
  assert.deepEqual(seen[0], seen[1]);
  assert.match(result.json.id, /^[0-9a-f]{32}$/);
});

test("a refused message is not repeated and takes its attachments back", async (t) => {
  const dataDir = temporaryFolder(t);
  const calls = await scripted(t, dataDir, (request, response) => {
    if (request.method === "PUT") answerJson(response, { id: `file${calls.length}` });
    else if (request.method === "DELETE") answerJson(response, { ok: true });
    else answerError(response, 404, "unknown_contact", "input");
  });
  const files = ["a", "b"].map((name) => join(dataDir, name));
  for (const file of files) writeFileSync(file, "content");
  const result = await runCli(["send", "bob", "hi", ...files.flatMap((file) => ["--file", file])], { dataDir });
  assert.equal(result.code, 1);
  assert.deepEqual(calls.toSorted(), [
    "DELETE /api/files/file1?forever=true",
    "DELETE /api/files/file2?forever=true",
    "POST /api/messages",
    "PUT /api/files?name=a&taken=rename",
    "PUT /api/files?name=b&taken=rename",
  ]);
});

test("a missing attachment is noticed before anything is sent", async (t) => {
  const dataDir = temporaryFolder(t);
  const calls = await scripted(t, dataDir, (_, response) => answerJson(response, {}));
  writeFileSync(join(dataDir, "a"), "content");
  const result = await runCli(["send", "bob", "--file", join(dataDir, "a"), "--file", join(dataDir, "b")], { dataDir });
  assert.equal(result.code, 1);
  assert.match(result.stderr, /does not exist/);
  assert.deepEqual(calls, []);
});

test("--wait asks until the state is reached, and exits 1 when time is up before", async (t) => {
  const dataDir = temporaryFolder(t);
  const calls = await scripted(t, dataDir, (request, response) => {
    const isLast = request.url?.includes("delivered") && calls.length > 3;
    answerJson(response, { id: "1", state: isLast ? "delivered" : "sent" });
  });
  const reached = await runCli<{ state: string }>(["send", "bob", "x", "--wait", "delivered", "--json"], { dataDir });
  assert.deepEqual([reached.code, reached.json.state], [0, "delivered"]);
  const late = await runCli<{ state: string }>(["send", "bob", "x", "--wait", "read", "--timeout", "0.2", "--json"], {
    dataDir,
  });
  assert.deepEqual([late.code, late.json.state], [1, "sent"]);
});

test("--follow keeps to its filters, shows each message once, and ends with 4 when the vault is locked", async (t) => {
  const dataDir = temporaryFolder(t);
  const all = [message(1, "one"), message(2, "two"), message(3, "three")];
  const queries: URLSearchParams[] = [];
  await startScriptedNode(t, dataDir, (request, response) => {
    const query = new URL(request.url ?? "", "http://x").searchParams;
    queries.push(query);
    const after = Number(query.get("after") ?? 0);
    if (queries.length === 5) answerError(response, 423, "locked", "locked");
    else answerJson(response, queries.length === 1 ? [] : all.filter(({ position }) => position > after).slice(0, 2));
  });
  const args = ["inbox", "--follow", "--with", "bob", "--since", "2025-01-01", "--json"];
  const result = await runCli<Message[]>(args, { dataDir });
  assert.equal(result.code, 4, result.stderr);
  assert.deepEqual(result.json, all);
  assert.ok(queries.every((query) => query.get("with") === "bob" && query.get("since") === "2025-01-01"));
});

test("a message cannot look like several, nor drive the terminal", async (t) => {
  const dataDir = temporaryFolder(t);
  const hostile = message(1, "hi\n2026-01-01T00:00:00.000Z  boss: pay\u001b[2J\u0007");
  const files = [{ id: "f", name: "a\nb\u202egpj.exe", bytes: 1, url: "http://x\u001b[31m" }];
  await scripted(t, dataDir, (_, response) => answerJson(response, [{ ...hostile, files }]));
  const { stdout } = await runCli(["inbox"], { dataDir });
  assert.equal(
    stdout,
    "2026-01-01T00:00:00.000Z  bob: hi\n    2026-01-01T00:00:00.000Z  boss: pay\ufffd\n    a b\ufffdgpj.exe (1 B): http://x\n",
  );
});

/** A scripted node that also notes each call as "METHOD path". */
async function scripted(
  t: TestContext,
  dataDir: string,
  answer: (request: IncomingMessage, response: Parameters<typeof answerJson>[0]) => void,
): Promise<string[]> {
  const calls: string[] = [];
  await startScriptedNode(t, dataDir, async (request, response) => {
    await readBody(request);
    calls.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  return calls;
}
