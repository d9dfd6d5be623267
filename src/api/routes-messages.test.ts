import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import * as v from "valibot";
import { WebSocket } from "ws";
import { type ApiNode, startApiNode } from "../../test/support/api-node.ts";
import { testIdentity } from "../../test/support/identity.ts";
import { waitUntil } from "../../test/support/wait.ts";
import { utf8Encode } from "../core/bytes.ts";
import { socketPath } from "../node/socket-path.ts";
import type {
  Contact,
  Conversation,
  FileView,
  Invite,
  Message,
  MessagePage,
  PushEvent,
  SendResult,
  Status,
  VerifyResult,
} from "./contract.ts";
import * as schemas from "./schemas.ts";

let ada: ApiNode;
let ben: ApiNode;
const heard: PushEvent[] = [];
before(async () => {
  [ada, ben] = await Promise.all([startApiNode(), startApiNode()]);
  const socket = new WebSocket(`ws+unix://${socketPath(ben.config.dataDir)}:/api/push`);
  socket.on("message", (data) => heard.push(JSON.parse((data as Buffer).toString()) as PushEvent));
  await once(socket, "open");
});
after(() => Promise.all([ada.close(), ben.close()]));

const contacts = async (node: ApiNode) => (await node.call<Contact[]>("GET", "/api/contacts")).body;

test("two people meet by an invite, and either name reaches the other", async () => {
  const invite = (await ada.call<Invite>("POST", "/api/invites")).body;
  v.assert(schemas.inviteSchema, invite);
  const added = await ben.call<Contact>("POST", "/api/contacts", { invite: invite.link, name: "Ada L." });
  assert.equal(added.status, 200, JSON.stringify(added.body));
  v.assert(schemas.contactSchema, added.body);
  let atAda: Contact[] = [];
  for (let tries = 0; atAda.length === 0 && tries < 200; tries++) atAda = await contacts(ada);
  v.assert(schemas.contactsSchema, atAda);
  const { npub } = atAda[0] as Contact;
  assert.equal(npub, ben.npub);
  assert.equal((await ada.call<Contact>("POST", `/api/contacts/${npub}/accept`)).body.state, "accepted");
  assert.equal((await ada.call<Contact>("PATCH", `/api/contacts/${npub}`, { name: "Ben" })).body.name, "Ben");
  const { safety } = (await ada.call<{ safety: string }>("POST", "/api/contacts/Ben/verify", {})).body;
  const checked = await ben.call<VerifyResult>("POST", `/api/contacts/${encodeURIComponent("Ada L.")}/verify`, {
    safety,
  });
  v.assert(schemas.verifySchema, checked.body);
  assert.equal(checked.body.verified, true);
});

test("a message with a file arrives, is pushed, listed, read and waited for", async () => {
  const file = (await ada.call<FileView>("PUT", "/api/files?name=plan.txt", utf8Encode("the plan"))).body;
  const id = "0123456789abcdef0123456789abcdef";
  const sent = await ada.call<SendResult>("POST", "/api/messages", { id, to: "Ben", text: "Hi ✨", files: [file.id] });
  v.assert(schemas.sendResultSchema, sent.body);
  assert.equal(sent.body.id, id);
  const again = await ada.call<SendResult>("POST", "/api/messages", { id, to: "Ben", text: "Hi ✨" });
  assert.equal(again.body.id, id);
  const wait = (query: string) => ada.call<SendResult>("GET", `/api/messages/${id}/wait?${query}`);
  assert.equal((await wait("state=delivered&timeoutS=20")).body.state, "delivered");

  const inbox = (await ben.call<Message[]>("GET", "/api/inbox")).body;
  v.assert(schemas.messagesSchema, inbox);
  assert.deepEqual(
    inbox.map(({ text }) => text),
    ["Hi ✨"],
  );
  await waitUntil("the push", () => heard.some((event) => event.event === "message" && event.message.text === "Hi ✨"));
  assert.equal(new URL(inbox[0]?.files[0]?.url ?? "").origin, `http://localhost:${ada.port}`);
  const lines = await ben.call<string>("GET", "/api/inbox", undefined, { accept: "application/x-ndjson" });
  assert.match(lines.headers.get("content-type") ?? "", /^application\/x-ndjson/);
  assert.deepEqual(
    lines.body
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Message),
    inbox,
  );
  const { position } = inbox[0] as Message;
  assert.deepEqual((await ben.call("GET", `/api/inbox?after=${position}`)).body, []);
  assert.deepEqual((await ben.call("GET", "/api/inbox?since=2100-01-01T00:00:00Z")).body, []);

  const page = (await ben.call<MessagePage>("GET", `/api/conversations/${ada.npub}/messages?limit=10`)).body;
  v.assert(schemas.messagePageSchema, page);
  assert.deepEqual(
    page.messages.filter(({ mine }) => !mine),
    inbox,
  );
  const unread = async () => (await ben.call<Conversation[]>("GET", "/api/conversations")).body;
  v.assert(schemas.conversationsSchema, await unread());
  assert.equal((await unread())[0]?.unread, 1);
  await ben.call("PATCH", "/api/settings", { readReceipts: true });
  assert.equal((await ben.call("POST", `/api/conversations/${ada.npub}/read`, { upTo: position })).status, 200);
  assert.equal((await unread())[0]?.unread, 0);
  assert.equal((await wait("state=read&timeoutS=20")).body.state, "read");
});

test("a wait that is over tells how far the message got", async () => {
  await ben.call("PATCH", "/api/settings", { readReceipts: false });
  const { id } = (await ada.call<SendResult>("POST", "/api/messages", { to: "Ben", text: "there?" })).body;
  await ada.call("GET", `/api/messages/${id}/wait?state=delivered&timeoutS=20`);
  const startMs = performance.now();
  const { status, body } = await ada.call<SendResult>("GET", `/api/messages/${id}/wait?state=read&timeoutS=1`);
  assert.equal(status, 200);
  assert.equal(body.state, "delivered");
  assert.ok(performance.now() - startMs >= 990);
});

test("bad input is refused by its name", async () => {
  const refusals: readonly (readonly [string, string, unknown, number])[] = [
    ["POST", "/api/messages", { to: "Nobody", text: "x" }, 404],
    ["POST", "/api/messages", { to: "Ben" }, 400],
    ["POST", "/api/messages", { to: "Ben", text: "" }, 400],
    ["POST", "/api/messages", { to: "Ben", text: "x".repeat(16_385) }, 400],
    ["POST", "/api/messages", { to: "Ben", text: "x", id: "short" }, 400],
    ["POST", "/api/messages", { to: "Ben", text: "x", files: ["0000"] }, 404],
    ["GET", "/api/messages/00/wait?state=sent", undefined, 404],
    ["GET", "/api/messages/00/wait?state=eaten", undefined, 400],
    ["GET", "/api/inbox?limit=-1", undefined, 400],
    ["GET", "/api/inbox?since=yesterday", undefined, 400],
    ["GET", "/api/inbox?with=Nobody", undefined, 404],
    ["GET", "/api/conversations/Nobody/messages", undefined, 404],
    ["POST", "/api/conversations/Ben/read", { upTo: -1 }, 400],
    ["POST", "/api/contacts", { invite: "nonsense" }, 400],
    ["POST", "/api/contacts/Nobody/accept", undefined, 404],
    ["POST", "/api/contacts/Nobody/block", undefined, 404],
    ["DELETE", "/api/contacts/Nobody", undefined, 404],
  ];
  for (const [method, path, body, status] of refusals) {
    const answer = await ada.call(method, path, body);
    assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    v.assert(schemas.apiErrorSchema, answer.body);
  }
});

test("a contact is blocked, then forgotten", async () => {
  assert.equal((await ada.call<Contact>("POST", "/api/contacts/Ben/block")).body.state, "blocked");
  assert.equal((await ada.call("DELETE", "/api/contacts/Ben")).status, 200);
  assert.deepEqual(await contacts(ada), []);
});

test("somebody known by npub alone: the card is found at a shared relay, or it is said that it was not", async () => {
  const cyd = await startApiNode();
  after(() => cyd.close());
  const relays = [(await ada.call<Status>("GET", "/api/status")).body.embeddedRelay];
  assert.equal((await cyd.call("PATCH", "/api/settings", { relays })).status, 200);
  const found = await cyd.call<Contact>("POST", "/api/contacts", { invite: ada.npub });
  assert.equal(found.body.encryption, "hybrid");
  const nobody = await cyd.call<Contact>("POST", "/api/contacts", { invite: testIdentity("nobody").npub });
  v.assert(schemas.contactSchema, nobody.body);
  assert.deepEqual([nobody.body.state, nobody.body.encryption], ["pending", "card-unknown"]);
  const { warnings } = (await cyd.call<Status>("GET", "/api/status")).body;
  assert.ok(warnings.some((words) => /card of a person whom you added by key could not be found/.test(words)));
});
