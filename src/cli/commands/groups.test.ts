import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../../test/support/cleanup.ts";
import { runCli } from "../../../test/support/nocturne-process.ts";
import { answerJson, readBody, startScriptedNode } from "../../../test/support/scripted-node.ts";
import type { Group, GroupMember } from "../../api/contract.ts";

const LINK = "nocturne:group/AQID";
const FIRST = `g${"11".repeat(16)}`;
const SECOND = `g${"22".repeat(16)}`;

function member(npub: string, name: string, more: Partial<GroupMember> = {}): GroupMember {
  return { npub, name, admin: false, me: false, state: "member", ...more };
}

const GROUP: Group = {
  id: FIRST,
  name: "Climbers\u001b[2J",
  members: [
    member("npub1ada", "Ada", { admin: true, me: true }),
    member("npub1bob", "Bob"),
    member("npub1bo2", "bob", { state: "applied" }),
    member("npub1cyd", "Cyd", { state: "invited" }),
  ],
  admin: true,
  joined: true,
  link: null,
};

/** A node with these groups, and what it was asked to change. */
async function answering(t: TestContext, groups: readonly Group[]): Promise<{ dataDir: string; calls: string[] }> {
  const dataDir = temporaryFolder(t);
  const calls: string[] = [];
  await startScriptedNode(t, dataDir, async (request, response) => {
    const body = await readBody(request);
    const asked = groups.find(({ id }) => request.url?.startsWith(`/api/groups/${id}`)) ?? GROUP;
    if (request.method !== "GET") calls.push(`${request.method} ${request.url} ${body}`.trim());
    if (request.url === "/api/conversations") answerJson(response, [{ kind: "direct" }, ...groups.map(asConversation)]);
    else answerJson(response, request.url?.endsWith("/link") ? { ...asked, link: LINK } : asked);
  });
  return { dataDir, calls };
}

function asConversation({ id, name }: Group): object {
  return { kind: "group", id, name };
}

test("each command asks the node for what it says", async (t) => {
  const { dataDir, calls } = await answering(t, [{ ...GROUP, name: "Climbers" }]);
  const at = `/api/groups/${FIRST}`;
  const asked: readonly (readonly [readonly string[], string])[] = [
    [["create", "Climbers", "bob", "cyd"], 'POST /api/groups {"name":"Climbers","members":["bob","cyd"]}'],
    [["invite", "climbers", "bob", "cyd"], `POST ${at}/members {"who":["bob","cyd"]}`],
    [["add", FIRST, "bob"], `POST ${at}/members {"who":["bob"]}`],
    [["remove", FIRST, "cyd"], `DELETE ${at}/members/npub1cyd`],
    [["admin", FIRST, "npub1bob"], `PUT ${at}/members/npub1bob/admin {"admin":true}`],
    [["admin", FIRST, "npub1bob", "--off"], `PUT ${at}/members/npub1bob/admin {"admin":false}`],
    [["approve", FIRST, "npub1bo2"], `POST ${at}/members/npub1bo2/approve`],
    [["rename", FIRST, "Others"], `PATCH ${at} {"name":"Others"}`],
    [["leave", "CLIMBERS"], `POST ${at}/leave`],
    [["link", FIRST], `POST ${at}/link`],
    [["link", FIRST, "--off"], `DELETE ${at}/link`],
    [["join", LINK], `POST /api/groups/join {"link":"${LINK}"}`],
  ];
  for (const [args, call] of asked) {
    const { code, stderr } = await runCli(["group", ...args], { dataDir });
    assert.equal(code, 0, stderr);
    assert.equal(calls.at(-1), call);
  }
  assert.equal(calls.length, asked.length);
});

test("a name that several groups or members have is refused, because it may be meant to deceive", async (t) => {
  const { dataDir, calls } = await answering(t, [GROUP, { ...GROUP, id: SECOND }]);
  const refusals: readonly (readonly [readonly string[], string])[] = [
    [["leave", GROUP.name], "ambiguous_group"],
    [["leave", "nobody's"], "unknown_group"],
    [["remove", FIRST, "BOB"], "ambiguous_member"],
    [["approve", FIRST, "eve"], "not_a_member"],
  ];
  for (const [args, wanted] of refusals) {
    const { code, stderr } = await runCli(["group", ...args, "--json"], { dataDir });
    assert.deepEqual([code, (JSON.parse(stderr) as { error: { code: string } }).error.code], [1, wanted]);
  }
  assert.deepEqual(calls, []);
});

test("what is shown, without a name driving the terminal", async (t) => {
  const { dataDir } = await answering(t, [GROUP, { ...GROUP, id: SECOND, name: "Old", admin: false, joined: false }]);
  const shown = await runCli(["group", "show", FIRST], { dataDir });
  const words = shown.stdout.split("\n").map((line) => line.split(/ {2,}/));
  assert.deepEqual(words, [
    ["Climbers: 2 members, you are an admin"],
    [`Id: ${FIRST}`],
    ["NAME", "STATE", "NPUB"],
    ["Ada (you)", "admin", "npub1ada"],
    ["Bob", "member", "npub1bob"],
    ["bob", "applied", "npub1bo2"],
    ["Cyd", "invited", "npub1cyd"],
    [""],
  ]);
  const { stdout } = await runCli(["group", "list"], { dataDir });
  assert.match(stdout, new RegExp(`Climbers +2 +admin +${FIRST}\nOld +left +${SECOND}\n$`));
  const { json } = await runCli<Group[]>(["group", "list", "--json"], { dataDir });
  assert.deepEqual(
    json.map(({ id }) => id),
    [FIRST, SECOND],
  );
});

test("there is one link: the one that exists is told, and a pipe gets it alone", async (t) => {
  const { dataDir, calls } = await answering(t, [{ ...GROUP, link: LINK }]);
  const { stdout } = await runCli(["group", "link", FIRST], { dataDir });
  assert.equal(stdout, `${LINK}\n`);
  assert.deepEqual(calls, [], "a new one would end it");
});

test("the inbox says what was written to a group, so that it does not look like a word to you alone", async (t) => {
  const dataDir = temporaryFolder(t);
  const from = { npub: "npub1bob", name: "Bob" };
  const base = { at: "2026-01-01T00:00:00.000Z", from, files: [], profile: "hidden", editedAt: null, replyTo: null };
  await startScriptedNode(t, dataDir, (request, response) => {
    const messages = [
      { ...base, conversation: FIRST, text: "to all" },
      { ...base, conversation: "npub1bob", text: "to you" },
    ];
    answerJson(response, request.url?.startsWith("/api/inbox") ? messages : [asConversation(GROUP)]);
  });
  const { stdout } = await runCli(["inbox"], { dataDir });
  assert.equal(stdout, `${base.at}  Bob in Climbers: to all\n${base.at}  Bob: to you\n`);
});
