import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../../test/support/cleanup.ts";
import { runCli } from "../../../test/support/nocturne-process.ts";
import { answerJson, readBody, startScriptedNode } from "../../../test/support/scripted-node.ts";

const ID = "ab".repeat(16);
const CONVERSATION = {
  name: "Bob\u001b[2J",
  mutedUntil: "9999-12-31T00:00:00.000Z",
  pinned: true,
  archived: false,
  timerSeconds: 60,
};

/** A node that gives every call the same answer, and what it was asked. */
async function answering(t: TestContext, answer: unknown): Promise<{ dataDir: string; calls: string[] }> {
  const dataDir = temporaryFolder(t);
  const calls: string[] = [];
  await startScriptedNode(t, dataDir, async (request, response) => {
    calls.push(`${request.method} ${request.url} ${await readBody(request)}`.trim());
    answerJson(response, answer);
  });
  return { dataDir, calls };
}

test("each command asks the node for what it says", async (t) => {
  const { dataDir, calls } = await answering(t, { ...CONVERSATION, reactions: [], text: "x" });
  const asked: readonly (readonly [readonly string[], string])[] = [
    [["react", ID, "👍"], `PUT /api/messages/${ID}/reaction {"emoji":"👍"}`],
    [["react", ID, "none"], `PUT /api/messages/${ID}/reaction {"emoji":null}`],
    [["edit", ID, "new"], `PUT /api/messages/${ID} {"text":"new"}`],
    [["delete", ID], `DELETE /api/messages/${ID}?for=me`],
    [["delete", ID, "--for-all"], `DELETE /api/messages/${ID}?for=all`],
    [["timer", "B/o", "1d"], 'PATCH /api/conversations/B%2Fo {"timerSeconds":86400}'],
    [["timer", "bob", "off"], 'PATCH /api/conversations/bob {"timerSeconds":null}'],
    [["conversation", "unmute", "bob"], 'PATCH /api/conversations/bob {"mutedUntil":null}'],
    [["conversation", "unpin", "bob"], 'PATCH /api/conversations/bob {"pinned":false}'],
    [["conversation", "unarchive", "bob"], 'PATCH /api/conversations/bob {"archived":false}'],
  ];
  for (const [args, call] of asked) {
    const { code, stderr } = await runCli(args, { dataDir });
    assert.equal(code, 0, stderr);
    assert.equal(calls.at(-1), call);
  }
  const refused = await runCli(["timer", "bob", "soon"], { dataDir });
  assert.equal(refused.code, 1);
  assert.equal(calls.length, asked.length, "nothing was asked");
});

test("a conversation tells how it is kept, without its name driving the terminal", async (t) => {
  const { dataDir } = await answering(t, CONVERSATION);
  const { stdout } = await runCli(["conversation", "pin", "bob"], { dataDir });
  assert.equal(stdout, "Bob: muted, pinned, messages disappear after 60 s\n");
});

test("search shows one line a hit, with the id that the other commands take", async (t) => {
  const message = { id: ID, at: "2026-01-01T00:00:00.000Z", mine: false, from: { name: "Bob" } };
  const { dataDir, calls } = await answering(t, [{ message, excerpt: "two\nlines" }]);
  const { stdout } = await runCli(["search", "two", "lines", "--in", "bob", "--limit", "3"], { dataDir });
  assert.equal(calls[0], "GET /api/search?q=two+lines&in=bob&limit=3");
  assert.match(stdout, new RegExp(`2026-01-01T00:00:00.000Z +Bob +two lines +${ID}\n$`));
});
