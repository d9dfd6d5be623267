/** What one does with messages and conversations, over HTTP between two real nodes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import * as v from "valibot";
import { WebSocket } from "ws";
import { type ApiNode, startApiNode } from "../../test/support/api-node.ts";
import { utf8Encode } from "../core/bytes.ts";
import { socketPath } from "../node/socket-path.ts";
import type {
  Contact,
  Conversation,
  FileView,
  Invite,
  LinkView,
  Message,
  MessagePage,
  PushEvent,
  SearchHit,
  SendResult,
} from "./contract.ts";
import * as schemas from "./schemas.ts";

const ARRIVAL_MS = 20_000;

let ada: ApiNode;
let ben: ApiNode;
const heard: PushEvent[] = [];

before(async () => {
  [ada, ben] = await Promise.all([startApiNode(), startApiNode()]);
  const socket = new WebSocket(`ws+unix://${socketPath(ben.config.dataDir)}:/api/push`);
  socket.on("message", (data) => heard.push(JSON.parse((data as Buffer).toString()) as PushEvent));
  await once(socket, "open");
  const { link } = (await ada.call<Invite>("POST", "/api/invites")).body;
  await ben.call("POST", "/api/contacts", { invite: link, name: "Ada" });
  await eventually("the request", async () => (await ada.call<Contact[]>("GET", "/api/contacts")).body[0]);
  await ada.call("POST", `/api/contacts/${ben.npub}/accept`);
  await ada.call("PATCH", `/api/contacts/${ben.npub}`, { name: "Ben" });
});
after(() => Promise.all([ada.close(), ben.close()]));

async function eventually<T>(
  what: string,
  question: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  for (const endMs = Date.now() + ARRIVAL_MS; Date.now() < endMs; await new Promise((done) => setTimeout(done, 20))) {
    const answer = await question();
    if (answer !== undefined && answer !== false) return answer;
  }
  throw new Error(`did not happen: ${what}`);
}

async function ok<T>(node: ApiNode, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await node.call<T>(method, path, body);
  assert.equal(answer.status, 200, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const page = (node: ApiNode, who: string, query = "") =>
  ok<MessagePage>(node, "GET", `/api/conversations/${who}/messages${query}`);
const atBen = (id: string) => async () => (await page(ben, "Ada")).messages.find((message) => message.id === id);

async function deliver(text: string, more: object = {}): Promise<string> {
  const { id } = await ok<SendResult>(ada, "POST", "/api/messages", { to: "Ben", text, ...more });
  await ok(ada, "GET", `/api/messages/${id}/wait?state=delivered&timeoutS=20`);
  return id;
}

test("reply, reaction, edit and deletion reach the other side and its page", async () => {
  const first = await deliver("shall we meet?");
  const reply = await deliver("at noon?", { replyTo: first });
  const quoted = await eventually("the reply", atBen(reply));
  v.assert(schemas.messageSchema, quoted);
  assert.equal(quoted.replyTo?.excerpt, "shall we meet?");

  const reacted = await ok<Message>(ben, "PUT", `/api/messages/${first}/reaction`, { emoji: "👍" });
  v.assert(schemas.messageSchema, reacted);
  assert.deepEqual(
    reacted.reactions.map(({ emoji, mine }) => [emoji, mine]),
    [["👍", true]],
  );
  await eventually("the reaction", async () => (await page(ada, "Ben")).messages[0]?.reactions[0]?.emoji === "👍");

  const edited = await ok<Message>(ada, "PUT", `/api/messages/${first}`, { text: "shall we meet today?" });
  v.assert(schemas.messageSchema, edited);
  const isPushed = (id: string, text: string) => () =>
    heard.some((one) => one.event === "message-changed" && one.message.id === id && one.message.text === text);
  await eventually("the push of the edit", isPushed(first, "shall we meet today?"));
  await ok(ada, "DELETE", `/api/messages/${first}?for=all`);
  await eventually("the push of the deletion", isPushed(first, ""));
  const after = await page(ben, "Ada");
  v.assert(schemas.messagePageSchema, after);
  assert.equal(after.messages.find(({ id }) => id === first)?.deleted, true);
  assert.equal(after.messages.find(({ id }) => id === reply)?.replyTo?.excerpt, null, "nor does a quote keep it");
  await ok(ben, "DELETE", `/api/messages/${reply}?for=me`);
  assert.ok(heard.some((one) => one.event === "message-gone" && one.id === reply));
});

test("a voice note's link ends when its message disappears", async () => {
  const file = await ok<FileView>(ada, "PUT", "/api/files?name=note.webm", utf8Encode("la la la"));
  const changed = await ok<Conversation>(ada, "PATCH", "/api/conversations/Ben", { timerSeconds: 1 });
  v.assert(schemas.conversationSchema, changed);
  assert.equal(changed.timerSeconds, 1);
  const timer = () => heard.some((one) => one.event === "conversation" && one.conversation.timerSeconds === 1);
  await eventually("the timer at the other side", timer);
  const id = await deliver("", { files: [file.id], voiceSeconds: 8 });
  const arrived = heard.flatMap((one) => (one.event === "message" && one.message.id === id ? [one.message] : []))[0];
  assert.equal(arrived?.files[0]?.voiceSeconds, 8);
  await ok(ben, "POST", "/api/conversations/Ada/read", { upTo: arrived?.position });
  const isGone = async (node: ApiNode, who: string) => (await page(node, who)).messages.every((one) => one.id !== id);
  await eventually("it goes here", () => isGone(ada, "Ben"));
  await eventually("it goes there", () => isGone(ben, "Ada"));
  assert.deepEqual(await ok<LinkView[]>(ada, "GET", "/api/links"), []);
  assert.equal((await ok<FileView[]>(ada, "GET", "/api/files")).length, 1, "the file itself is Ada's own");
  await ok(ada, "PATCH", "/api/conversations/Ben", { timerSeconds: null });
});

test("what was chosen for a conversation is told, and search leads to a page around the hit", async () => {
  const kept = { pinned: true, archived: true, draft: "dear", mutedUntil: "9999-12-31T00:00:00.000Z" };
  const choice = { ...kept, route: "tor" }; // to relays on this machine nothing leaves by any route
  await ok(ben, "PATCH", "/api/conversations/Ada", choice);
  const conversations = await ok<Conversation[]>(ben, "GET", "/api/conversations");
  v.assert(schemas.conversationsSchema, conversations);
  const [{ pinned, archived, draft, mutedUntil, route }] = conversations as [Conversation];
  assert.deepEqual({ pinned, archived, draft, mutedUntil, route }, choice);
  const ids = [];
  for (let i = 0; i < 5; i++) ids.push(await deliver(`Zürich ${i}`));
  const hits = await ok<SearchHit[]>(ben, "GET", "/api/search?q=zur%202&in=Ada&limit=5");
  v.assert(schemas.searchHitsSchema, hits);
  assert.deepEqual(
    hits.map(({ message, excerpt }) => [message.id, excerpt]),
    [[ids[2], "Zürich 2"]],
  );
  const around = await page(ben, ada.npub ?? "", `?around=${hits[0]?.message.position}&limit=2`);
  assert.deepEqual(
    around.messages.map(({ id }) => id),
    ids.slice(1, 3),
  );
  assert.deepEqual([around.more, around.newer], [true, true]);
});

test("typing is pushed once both the setting and the contact allow it", async () => {
  await ok(ada, "POST", "/api/conversations/Ben/typing", {});
  const settings = await ok<object>(ada, "PATCH", "/api/settings", { typingIndicators: true });
  v.assert(schemas.settingsSchema, settings);
  await ok(ada, "POST", "/api/conversations/Ben/typing", {});
  await eventually("the sign", () => heard.some((one) => one.event === "typing" && one.on && one.name === "Ada"));
  assert.deepEqual((await ok<Conversation[]>(ben, "GET", "/api/conversations"))[0]?.typing, ["Ada"]);
});

test("bad input is refused by its name", async () => {
  const id = await deliver("mine");
  const none = "00".repeat(16);
  const refusals: readonly (readonly [ApiNode, string, string, unknown, number, string])[] = [
    [ada, "PUT", `/api/messages/${none}/reaction`, { emoji: "👍" }, 404, "unknown_message"],
    [ada, "PUT", `/api/messages/${id}/reaction`, { emoji: "hello" }, 400, "bad_emoji"],
    [ada, "PUT", `/api/messages/${id}/reaction`, {}, 400, "bad_request"],
    [ben, "PUT", `/api/messages/${id}`, { text: "x" }, 403, "not_yours"],
    [ben, "DELETE", `/api/messages/${id}?for=all`, undefined, 403, "not_yours"],
    [ada, "DELETE", `/api/messages/${id}?for=some`, undefined, 400, "bad_request"],
    [ada, "DELETE", `/api/messages/${none}`, undefined, 404, "unknown_message"],
    [ada, "POST", "/api/messages", { to: "Ben", text: "x", replyTo: none }, 404, "unknown_message"],
    [ada, "POST", "/api/messages", { to: "Ben", text: "x", replyTo: "short" }, 400, "bad_request"],
    [ada, "POST", "/api/messages", { to: "Ben", text: "x", voiceSeconds: 3 }, 400, "bad_voice_note"],
    [ada, "POST", "/api/messages", { to: "Ben", text: "x", replyTo: id, interop: true }, 403, "interop_unsupported"],
    [ada, "PATCH", "/api/conversations/Ben", { timerSeconds: -1 }, 400, "bad_request"],
    [ada, "PATCH", "/api/conversations/Ben", { mutedUntil: "later" }, 400, "bad_time"],
    [ada, "PATCH", "/api/conversations/Ben", { draft: "x".repeat(16_385) }, 400, "text_too_long"],
    [ada, "PATCH", "/api/conversations/Ben", { colour: "red" }, 400, "bad_request"],
    [ada, "PATCH", "/api/conversations/Nobody", { pinned: true }, 404, "unknown_contact"],
    [ada, "POST", "/api/conversations/Nobody/typing", {}, 404, "unknown_contact"],
    [ada, "GET", "/api/conversations/Ben/messages?before=1&around=2", undefined, 400, "bad_page"],
    [ada, "GET", "/api/search", undefined, 400, "bad_request"],
    [ada, "GET", "/api/search?q=x&in=Nobody", undefined, 404, "unknown_contact"],
  ];
  for (const [node, method, path, body, status, code] of refusals) {
    const answer = await node.call(method, path, body);
    v.assert(schemas.apiErrorSchema, answer.body);
    const { error } = answer.body as { error: { code: string } };
    assert.deepEqual([answer.status, error.code], [status, code], `${method} ${path}`);
  }
});
