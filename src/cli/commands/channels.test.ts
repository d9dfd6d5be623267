import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../../test/support/cleanup.ts";
import { type CliResult, runCli } from "../../../test/support/nocturne-process.ts";
import { answerError, answerJson, startScriptedNode } from "../../../test/support/scripted-node.ts";
import type { Channel, ChannelEntry, ChannelPost } from "../../api/contract.ts";

const AT = "2026-01-01T00:00:00.000Z";

const channel = (id: string, name: string, mine = false): Channel => ({
  id,
  name,
  description: "",
  mine,
  state: "open",
  forked: false,
  missing: 0,
  relays: [],
  joinedAt: AT,
  last: null,
});

const post = (n: number, text: string): ChannelPost => ({
  type: "post",
  channel: "c1",
  n,
  at: AT,
  mine: false,
  text,
  files: [],
  replyTo: null,
  editedAt: null,
  deleted: false,
  state: "received",
});

/** Runs one command against a node with these channels, whose posts come in pages of two. */
async function run(
  t: TestContext,
  words: readonly string[],
  channels: readonly Channel[],
  entries: readonly ChannelEntry[] = [],
): Promise<CliResult & { readonly calls: readonly string[] }> {
  const dataDir = temporaryFolder(t);
  const calls: string[] = [];
  await startScriptedNode(t, dataDir, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    calls.push(`${request.method} ${pathname}`);
    if (pathname === "/api/channels") return answerJson(response, channels);
    if (!pathname.endsWith("/posts")) return answerError(response, 404, "no_such_channel", "input");
    const end = Number(searchParams.get("before") ?? entries.length);
    const start = Math.max(0, end - Math.min(2, Number(searchParams.get("limit"))));
    answerJson(response, { entries: entries.slice(start, end), before: start === 0 ? null : start });
  });
  return { ...(await runCli(["channel", ...words], { dataDir })), calls };
}

test("a post can neither rewrite the terminal nor look like several", async (t) => {
  const hostile = post(1, "hello\u001b[2J\n2  2026-01-01T00:00:00.000Z  I am another post\u202e");
  const { stdout } = await run(t, ["read", "News"], [channel("c1", "News")], [hostile]);
  assert.equal(stdout, `1  ${AT}  hello\n    2  ${AT}  I am another post\ufffd\n`);
});

test("gaps, deletions and a fresh start are said in words, over as many pages as are asked for", async (t) => {
  const entries: ChannelEntry[] = [
    post(1, "first"),
    { type: "gap", channel: "c1", from: 2, to: 2 },
    { type: "gap", channel: "c1", from: 4, to: 6 },
    { ...post(7, ""), deleted: true },
    { type: "moved", channel: "c1", n: 8, at: AT },
  ];
  const whole = await run(t, ["read", "c1"], [channel("c1", "News")], entries);
  assert.deepEqual(whole.stdout.split("\n"), [
    `1  ${AT}  first`,
    "-- Post 2 is missing: no relay has told it yet --",
    "-- Posts 4 to 6 are missing: no relay has told them yet --",
    `7  ${AT}  -- deleted --`,
    `8  ${AT}  -- The owner started afresh: ask for the new link --`,
    "",
  ]);
  const newest = await run(t, ["read", "c1", "--limit", "3"], [channel("c1", "News")], entries);
  assert.equal(newest.stdout.trim().split("\n").length, 3);
});

test("an id wins over a name, equal names are refused, and an own channel is not given up by mistake", async (t) => {
  const named = await run(t, ["read", "c1"], [channel("c2", "c1"), channel("c1", "News")], [post(1, "x")]);
  assert.deepEqual(named.calls, ["GET /api/channels", "GET /api/channels/c1/posts"]);
  const twins = await run(t, ["leave", "Twins"], [channel("c1", "Twins"), channel("c2", "Twins")]);
  assert.equal(twins.code, 1);
  assert.deepEqual(twins.calls, ["GET /api/channels"]);
  const own = await run(t, ["leave", "News"], [channel("c1", "News", true)]);
  assert.equal(own.code, 2);
  assert.deepEqual(own.calls, ["GET /api/channels"]);
  const afresh = await run(t, ["fresh-start", "News"], [channel("c1", "News", true)]);
  assert.equal(afresh.code, 2);
  assert.deepEqual(afresh.calls, []);
});
