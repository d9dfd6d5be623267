/** Personas over HTTP: Bo is a contact of Ada and of two of her personas, who all keep him to themselves. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import * as v from "valibot";
import { WebSocket } from "ws";
import { type ApiNode, startApiNode } from "../../test/support/api-node.ts";
import { atEnd } from "../../test/support/cleanup.ts";
import { deliver, speak, type Speaker, talk } from "../../test/support/speaker.ts";
import { waitUntil } from "../../test/support/wait.ts";
import { socketPath } from "../node/socket-path.ts";
import { startTestRelay } from "../relay/testing.ts";
import type { ApiError, Contact, Conversation, Message, Persona, PushEvent, SearchHit } from "./contract.ts";
import * as schemas from "./schemas.ts";

async function start(t: TestContext): Promise<ApiNode> {
  const node = await startApiNode();
  atEnd(t, () => node.close());
  return node;
}

async function makePersona(t: TestContext, node: ApiNode, label: string): Promise<Persona> {
  const relay = await startTestRelay(t);
  const made = await speak(node).ask<Persona>("POST", "/personas", { label, relays: [relay.url] });
  v.assert(schemas.personaSchema, made);
  return made;
}

async function heardBy(t: TestContext, node: ApiNode): Promise<PushEvent[]> {
  const heard: PushEvent[] = [];
  const socket = new WebSocket(`ws+unix://${socketPath(node.config.dataDir)}:/api/push`);
  socket.on("message", (data) => heard.push(JSON.parse((data as Buffer).toString()) as PushEvent));
  await once(socket, "open");
  atEnd(t, () => socket.terminate());
  return heard;
}

async function codeOf(node: ApiNode, persona: string, method: string, path: string, body?: unknown): Promise<string> {
  const { status, body: answer } = await node.call<ApiError>(method, path, body, { "x-nocturne-persona": persona });
  return `${status} ${answer.error?.code}`;
}

/** What somebody sees of his own. */
async function viewOf(one: Speaker): Promise<Record<string, readonly string[]>> {
  const inbox = await one.ask<Message[]>("GET", "/inbox");
  const hits = await one.ask<SearchHit[]>("GET", "/search?q=parcel");
  const conversations = await one.ask<Conversation[]>("GET", "/conversations");
  const contacts = await one.ask<Contact[]>("GET", "/contacts");
  return {
    contacts: contacts.map(({ npub }) => npub),
    groups: conversations.filter(({ kind }) => kind === "group").map(({ name }) => name),
    drafts: conversations.map(({ draft }) => draft).filter((draft) => draft !== ""),
    inbox: inbox.map(({ text }) => text),
    found: hits.map(({ message }) => message.text).toSorted(),
  };
}

test("you and your personas keep contacts, messages, groups, drafts and search apart, also with one contact", async (t) => {
  const [ada, bo] = [await start(t), await start(t)];
  const heard = await heardBy(t, ada);
  const [shop, club] = [await makePersona(t, ada, "shop"), await makePersona(t, ada, "Bücherclub")];
  const speakers = { root: speak(ada), shop: speak(ada, shop), club: speak(ada, club) };
  for (const [name, speaker] of Object.entries(speakers)) {
    await talk(speaker, speak(bo), `parcel of ${name}`, `friends of ${name}`);
    await speaker.ask("PATCH", `/conversations/${bo.npub}`, { draft: `draft of ${name}` });
  }
  for (const [name, speaker] of Object.entries(speakers)) {
    assert.deepEqual(await viewOf(speaker), {
      contacts: [bo.npub],
      groups: [`friends of ${name}`],
      drafts: [`draft of ${name}`],
      inbox: [`an answer to parcel of ${name}`],
      found: [`an answer to parcel of ${name}`, `parcel of ${name}`, `parcel of ${name} for all`],
    });
  }
  const known = await speak(bo).ask<Contact[]>("GET", "/contacts");
  assert.deepEqual(known.map(({ npub }) => npub).toSorted(), [ada.npub, shop.npub, club.npub].toSorted());
  const byLabel = await ada.call<Message[]>("GET", "/api/inbox", undefined, {
    "x-nocturne-persona": encodeURIComponent("Bücherclub"),
  });
  assert.deepEqual(
    byLabel.body.map(({ text }) => text),
    ["an answer to parcel of club"],
  );

  const messages = heard.flatMap((event) =>
    event.event === "message" && event.message.kind === "text" ? [event] : [],
  );
  for (const [name, persona] of [
    ["root", undefined],
    ["shop", shop.id],
    ["club", club.id],
  ] as const) {
    const texts = messages.filter((event) => event.persona === persona).map(({ message }) => message.text);
    assert.ok(texts.length > 0 && texts.every((text) => text.includes(`of ${name}`)), texts.join());
  }
  const list = await speak(ada).ask<Persona[]>("GET", "/personas");
  v.assert(schemas.personasSchema, list);
  assert.deepEqual(
    list.map(({ label, unread, requests }) => [label, unread, requests]),
    [
      ["shop", 1, 0],
      ["Bücherclub", 1, 0],
    ],
  );
  assert.ok(list.every(({ relays }) => relays[0]?.state === "connected"));

  const [id] = (await speakers.shop.ask<Message[]>("GET", "/inbox")).map((message) => message.id);
  assert.equal(
    await codeOf(ada, club.id, "PUT", `/api/messages/${id}/reaction`, { emoji: "👍" }),
    "404 unknown_message",
  );
  await speak(ada).ask("DELETE", `/personas/${shop.id}`);
  assert.equal(await codeOf(ada, shop.id, "GET", "/api/contacts"), "404 unknown_persona");
  await waitUntil("the faces hear of it", () => heard.some(({ event }) => event === "personas"));
  const sent = await speak(bo).ask<{ state: string }>("POST", "/messages", { to: shop.npub, text: "anybody there?" });
  await deliver(speak(bo), speakers.root.npub, "still here");
  assert.notEqual(sent.state, "delivered", "nobody answers for a persona that is gone");
});

test("what a persona cannot do is refused by its reason, never done as yourself", async (t) => {
  const ada = await start(t);
  const persona = await makePersona(t, ada, "shop");
  const refusals: readonly (readonly [string, string, string, unknown?])[] = [
    ["PUT", "/api/files?name=x", "403 persona_no_files", "bytes"],
    ["GET", "/api/files", "403 persona_no_files"],
    ["GET", "/api/links", "403 persona_no_files"],
    ["POST", "/api/messages/00112233445566778899aabbccddeeff/files/1/content", "403 persona_no_files", {}],
    ["GET", "/api/channels", "403 persona_not_here"],
    ["POST", "/api/channels", "403 persona_not_here", { name: "news" }],
    ["POST", "/api/channels/x/posts", "403 persona_not_here", { text: "x" }],
    ["GET", "/api/identity", "403 persona_not_here"],
    ["POST", "/api/identity/import", "403 persona_not_here", { secret: "x" }],
    ["PATCH", "/api/settings", "403 persona_not_here", { displayName: "x" }],
    ["GET", "/api/vault/backup", "403 persona_not_here"],
    ["GET", "/api/recovery", "403 persona_not_here"],
  ];
  for (const [method, path, code, body] of refusals) {
    assert.equal(await codeOf(ada, persona.id, method, path, body), code, `${method} ${path}`);
  }
  const { body: file } = await ada.call<{ id: string }>("PUT", "/api/files?name=x", "bytes");
  const stranger = "1ca7e48a33d62063f25d79f18617cc892ef064628aaf80af485e41849343ca52";
  assert.equal(
    await codeOf(ada, persona.id, "POST", "/api/messages", { to: stranger, text: "x", files: [file.id] }),
    "403 persona_no_files",
  );
  for (const unknown of ["0011223344556677", "nobody", "", "%E0%A4%A"]) {
    assert.equal(await codeOf(ada, unknown, "GET", "/api/contacts"), "404 unknown_persona", unknown);
  }
  const wrong = await ada.call<ApiError>("POST", "/api/personas", { label: "x", relays: [], expire: "30d" });
  assert.equal(wrong.body.error.code, "bad_request", "a misspelled expiry makes no persona that lives for ever");
  assert.equal((await ada.call<ApiError>("DELETE", "/api/personas/nobody")).body.error.code, "unknown_persona");
});
