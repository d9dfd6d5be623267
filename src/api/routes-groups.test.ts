/** A group over HTTP: Ada makes it, Ben is a contact, Cyd comes by the link. The steps build on each other. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import * as v from "valibot";
import { WebSocket } from "ws";
import { type ApiNode, startApiNode } from "../../test/support/api-node.ts";
import { becomes } from "../../test/support/group.ts";
import { befriend } from "../../test/support/people.ts";
import { socketPath } from "../node/socket-path.ts";
import type { ApiError, Conversation, Group, MessagePage, PushEvent, SendResult } from "./contract.ts";
import * as schemas from "./schemas.ts";

const PASSPHRASE = "four unrelated words here";

let ada: ApiNode;
let ben: ApiNode;
let cyd: ApiNode;
let id = "";
const heard: PushEvent[] = [];

const person = (node: ApiNode) => ({ dataDir: node.config.dataDir, npub: node.npub ?? "" });
const get = (node: ApiNode) => change(node, "GET", "");
const names = (one: Group) => one.members.map(({ name }) => name).sort();

before(async () => {
  [ada, ben, cyd] = await Promise.all([startApiNode(), startApiNode(), startApiNode()]);
  const socket = new WebSocket(`ws+unix://${socketPath(ben.config.dataDir)}:/api/push`);
  socket.on("message", (data) => heard.push(JSON.parse((data as Buffer).toString()) as PushEvent));
  await once(socket, "open");
  for (const [node, displayName] of [
    [ada, "Ada"],
    [ben, "Ben"],
    [cyd, "Cyd"],
  ] as const) {
    await ok(node, "PATCH", "/api/settings", { displayName });
  }
  await befriend(person(ada), person(ben), { host: "Ada", guest: "Ben" });
});
after(() => Promise.all([ada.close(), ben.close(), cyd.close()]));

async function ok<T>(node: ApiNode, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await node.call<T>(method, path, body);
  assert.equal(answer.status, 200, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Every call of a group answers the group as it is then. */
async function change(node: ApiNode, method: string, path: string, body?: unknown): Promise<Group> {
  const group = await ok<Group>(node, method, `/api/groups/${id}${path}`, body);
  v.assert(schemas.groupSchema, group);
  return group;
}

async function conversationsOf(node: ApiNode): Promise<Conversation[]> {
  const all = await ok<Conversation[]>(node, "GET", "/api/conversations");
  v.assert(schemas.conversationsSchema, all);
  return all.filter(({ kind }) => kind === "group");
}

async function shown(node: ApiNode): Promise<string[]> {
  const { messages } = await ok<MessagePage>(node, "GET", `/api/conversations/${id}/messages`);
  return messages.filter(({ kind }) => kind === "text").map(({ text }) => text);
}

async function say(node: ApiNode, text: string): Promise<void> {
  const sent = await ok<SendResult>(node, "POST", "/api/messages", { to: id, text });
  const path = `/api/messages/${sent.id}/wait?state=delivered&timeoutS=20`;
  assert.equal((await ok<SendResult>(node, "GET", path)).state, "delivered");
}

test("a group is made, the invited contact comes in, and both write", async () => {
  const made = await ok<Group>(ada, "POST", "/api/groups", { name: "Climbers", members: ["Ben"] });
  v.assert(schemas.groupSchema, made);
  id = made.id;
  assert.match(id, /^g[0-9a-f]{32}$/);
  assert.deepEqual([made.name, made.admin, made.joined, made.link], ["Climbers", true, true, null]);
  await becomes("Ben is in", async () => (await get(ada)).members.map(({ state }) => state), ["member", "member"]);
  await becomes("Ben sees it", async () => (await conversationsOf(ben))[0]?.id, id);
  const [conversation] = await conversationsOf(ben);
  assert.deepEqual([conversation?.name, conversation?.contact], ["Climbers", null]);
  const { members, admin } = await get(ben);
  assert.deepEqual([members.find(({ me }) => me)?.npub, admin], [ben.npub, false]);
  await say(ada, "Welcome");
  await say(ben, "Hello");
  for (const node of [ada, ben]) await becomes("both texts", () => shown(node), ["Welcome", "Hello"]);
  assert.ok(heard.some((one) => one.event === "conversation" && one.conversation.id === id));
  assert.ok(heard.some((one) => one.event === "message" && one.message.conversation === id));
});

test("its name is changed for all, and pushed; only admins may", async () => {
  assert.equal((await change(ada, "PATCH", "", { name: "Night climbers" })).name, "Night climbers");
  await becomes("Ben sees it", async () => (await get(ben)).name, "Night climbers");
  assert.ok(heard.some((one) => one.event === "conversation" && one.conversation.name === "Night climbers"));
  await change(ada, "PUT", `/members/${ben.npub}/admin`, { admin: true });
  await becomes("Ben is an admin", async () => (await get(ben)).admin, true);
  await change(ben, "PATCH", "", { name: "Day climbers" });
  await becomes("Ada sees it", async () => (await get(ada)).name, "Day climbers");
  await change(ada, "PUT", `/members/${ben.npub}/admin`, { admin: false });
  await becomes("Ben is none", async () => (await get(ben)).admin, false);
});

test("somebody comes by the link and waits for the yes; an ended link leads nowhere", async () => {
  const old = (await change(ada, "POST", "/link")).link;
  const { link } = await change(ada, "POST", "/link");
  assert.match(link ?? "", /^nocturne:group\//);
  assert.notEqual(link, old);
  assert.equal((await get(ben)).link, null);
  assert.deepEqual(await ok(cyd, "POST", "/api/groups/join", { link: ` ${link}\n` }), { ok: true });
  const stateOfCyd = async () => (await get(ada)).members.find(({ npub }) => npub === cyd.npub)?.state;
  await becomes("the application", stateOfCyd, "applied");
  assert.ok(!(await get(ben)).members.some(({ npub }) => npub === cyd.npub), "only admins see it");
  assert.deepEqual(await conversationsOf(cyd), []);
  await change(ada, "POST", `/members/${cyd.npub}/approve`);
  await becomes("Cyd is in", stateOfCyd, "member");
  await becomes("Cyd sees it", async () => (await conversationsOf(cyd))[0]?.id, id);
  await becomes("names", async () => names(await get(ben)).join(), "Ada,Ben,~Cyd");
  await say(cyd, "Here I am");
  assert.deepEqual(await shown(cyd), ["Here I am"], "nothing of before");
  assert.equal((await change(ada, "DELETE", "/link")).link, null);
});

test("bad input is refused by its name", async () => {
  const none = `g${"00".repeat(16)}`;
  const at = `/api/groups/${id}`;
  const refusals: readonly (readonly [ApiNode, string, string, unknown, number, string])[] = [
    [ada, "POST", "/api/groups", { name: "x" }, 400, "bad_request"],
    [ada, "POST", "/api/groups", { name: " ", members: ["Ben"] }, 400, "bad_name"],
    [ada, "POST", "/api/groups", { name: "x", members: Array(201).fill("Ben") }, 400, "bad_request"],
    [ada, "POST", "/api/groups", { name: "x", members: ["Nobody"] }, 404, "unknown_contact"],
    [ada, "POST", "/api/groups/join", { link: "nocturne:group/AAAA" }, 400, "bad_group_link"],
    [ada, "GET", `/api/groups/${none}`, undefined, 404, "unknown_group"],
    [ada, "GET", "/api/groups/Climbers", undefined, 404, "unknown_group"],
    [ada, "POST", `${at}/members`, { who: [] }, 400, "bad_request"],
    [ada, "POST", `${at}/members`, { who: ["Nobody"] }, 404, "unknown_contact"],
    [ada, "DELETE", `${at}/members/npub1`, undefined, 409, "not_a_member"],
    [ada, "PUT", `${at}/members/${ben.npub}/admin`, { admin: "yes" }, 400, "bad_request"],
    [ada, "PUT", `${at}/members/${ada.npub}/admin`, { admin: false }, 409, "last_admin"],
    [ada, "POST", `${at}/leave`, undefined, 409, "last_admin"],
    [ada, "POST", "/api/messages", { to: id, text: "x", interop: true }, 403, "interop_unsupported"],
    [ben, "PATCH", at, { name: "Mine" }, 403, "not_admin"],
    [ben, "POST", `${at}/members`, { who: ["Ada"] }, 403, "not_admin"],
    [ben, "DELETE", `${at}/members/${cyd.npub}`, undefined, 403, "not_admin"],
    [ben, "POST", `${at}/members/${cyd.npub}/approve`, undefined, 403, "not_admin"],
    [ben, "PUT", `${at}/members/${ben.npub}/admin`, { admin: true }, 403, "not_admin"],
    [ben, "POST", `${at}/link`, undefined, 403, "not_admin"],
    [ben, "DELETE", `${at}/link`, undefined, 403, "not_admin"],
  ];
  for (const [node, method, path, body, status, code] of refusals) {
    const answer = await node.call<ApiError>(method, path, body);
    const said = `${method} ${path}: ${JSON.stringify(answer.body)}`;
    assert.ok(v.is(schemas.apiErrorSchema, answer.body), said);
    assert.deepEqual([answer.status, answer.body.error.code], [status, code], said);
  }
  assert.equal((await get(ada)).name, "Day climbers");
});

test("a locked vault tells nothing of its groups; after the unlock they go on", async () => {
  await ok(ben, "POST", "/api/vault/passphrase", { next: PASSPHRASE });
  await ok(ben, "POST", "/api/vault/lock");
  assert.equal((await ben.call("GET", `/api/groups/${id}`)).status, 423);
  assert.equal((await ben.call("POST", "/api/groups", { name: "x", members: [] })).status, 423);
  await ok(ada, "POST", "/api/messages", { to: id, text: "While you slept" });
  await ok(ben, "POST", "/api/vault/unlock", { passphrase: PASSPHRASE });
  await becomes("it came", async () => (await shown(ben)).at(-1), "While you slept");
});

test("who was removed or left keeps what was said and gets nothing more", async () => {
  await change(ada, "DELETE", `/members/${cyd.npub}`);
  await becomes("Cyd knows", async () => (await get(cyd)).joined, false);
  await becomes("Ben knows", async () => names(await get(ben)).join(), "Ada,Ben");
  assert.equal((await change(ben, "POST", "/leave")).joined, false);
  await becomes("Ada is alone", async () => names(await get(ada)).join(), "Ada");
  assert.ok((await shown(cyd)).includes("Here I am"));
  for (const node of [ben, cyd]) {
    const refused = await node.call<ApiError>("POST", "/api/messages", { to: id, text: "still there?" });
    assert.deepEqual([refused.status, refused.body.error.code], [409, "not_a_member"]);
  }
});
