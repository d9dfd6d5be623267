import assert from "node:assert/strict";
import { test } from "node:test";
import { unwrapEvent, wrapEvent } from "nostr-tools/nip17";
import { generateSecretKey } from "nostr-tools/pure";
import {
  type ChatMessage,
  createChatRumor,
  inboxRelaysEvent,
  openSeal,
  readInboxRelays,
  sealRumor,
} from "./direct-message.ts";
import { createRumor, type EventTemplate, parseEvent, signEvent, verifyEvent } from "./event.ts";
import { openWrap, wrapText } from "./gift-wrap.ts";
import { publicKeyOf } from "./keys.ts";
import { conversationKey, encryptText } from "./text-encryption.ts";

const NOW_S = 1_700_000_000;
const alice = generateSecretKey();
const bob = generateSecretKey();
const mallory = generateSecretKey();
const [alicePublic, bobPublic] = [publicKeyOf(alice), publicKeyOf(bob)];
const message: ChatMessage = { author: alicePublic, recipients: [bobPublic], text: "hi bob", createdAt: NOW_S };
const rumor = createChatRumor(message);

test("a message travels from Alice to Bob", () => {
  const wrap = wrapText(JSON.stringify(sealRumor(rumor, alice, bobPublic)), bobPublic, NOW_S);
  const received = openSeal(openWrap(wrap, bob), bob);
  assert.deepEqual(received, rumor);
  assert.deepEqual(received.tags, [["p", bobPublic]]);
  assert.equal(received.kind, 14);
});

test("a seal says nothing but its author and a blurred date", () => {
  const seal = sealRumor(rumor, alice, bobPublic, NOW_S + 500_000);
  assert.equal(seal.kind, 13);
  assert.deepEqual(seal.tags, []);
  assert.equal(seal.pubkey, alicePublic);
  assert.ok(seal.created_at <= NOW_S + 500_000 && seal.created_at >= NOW_S + 500_000 - 172_800);
});

test("a reply names what it answers", () => {
  const reply = createChatRumor({ ...message, replyTo: rumor.id });
  assert.deepEqual(reply.tags, [
    ["p", bobPublic],
    ["e", rumor.id],
  ]);
});

test("nostr-tools reads ours and we read theirs", () => {
  const ours = wrapText(JSON.stringify(sealRumor(rumor, alice, bobPublic)), bobPublic, NOW_S);
  const theirView = unwrapEvent(ours as unknown as Parameters<typeof unwrapEvent>[0], bob);
  assert.deepEqual({ ...theirView }, { ...rumor });
  const theirs = wrapEvent(alice, { publicKey: bobPublic }, "hello from elsewhere");
  const ourView = openSeal(openWrap(parseEvent(theirs), bob), bob);
  assert.equal(ourView.content, "hello from elsewhere");
  assert.equal(ourView.pubkey, alicePublic);
});

/** A seal by `author` around any text, as a cheat would make it. */
function forgeSeal(text: string, author: Uint8Array, change: Partial<EventTemplate> = {}): string {
  const content = encryptText(text, conversationKey(author, bobPublic));
  return JSON.stringify(signEvent({ kind: 13, created_at: NOW_S, tags: [], content, ...change }, author));
}

test("nobody can speak in another's name", () => {
  assert.ok(openSeal(forgeSeal(JSON.stringify(rumor), alice), bob));
  assert.throws(() => openSeal(forgeSeal(JSON.stringify(rumor), mallory), bob), { code: "cannot_open" });
  const renamed = { ...JSON.parse(forgeSeal(JSON.stringify(rumor), mallory)), pubkey: alicePublic };
  assert.throws(() => openSeal(JSON.stringify(renamed), bob), { code: "cannot_open" });
  const altered = { ...rumor, content: "give mallory the money" };
  assert.throws(() => openSeal(forgeSeal(JSON.stringify(altered), alice), bob), { code: "bad_event" });
});

test("seals that are not made as they should be are refused", () => {
  const good = JSON.stringify(rumor);
  assert.throws(() => openSeal(forgeSeal(good, alice, { kind: 14 }), bob), { code: "cannot_open" });
  assert.throws(() => openSeal(forgeSeal(good, alice), alice), { code: "cannot_open" }, "for somebody else");
  assert.throws(() => openSeal(forgeSeal("not JSON", alice), bob), { code: "bad_event" });
  assert.throws(() => openSeal("not JSON", bob), { code: "bad_event" });
  assert.throws(() => openSeal(good, bob), { code: "bad_event" }, "a rumor without a seal");
  const oneOff = createRumor({ ...rumor, tags: [] }, alicePublic);
  assert.throws(() => openSeal(forgeSeal(JSON.stringify({ ...oneOff, id: rumor.id }), alice), bob), {
    code: "bad_event",
  });
});

test("inbox relays are announced and read", () => {
  const event = inboxRelaysEvent(["wss://one.example", "ws://127.0.0.1:7"], alice, NOW_S);
  assert.equal(event.kind, 10_050);
  assert.equal(event.created_at, NOW_S);
  assert.ok(verifyEvent(event));
  assert.deepEqual(readInboxRelays(event), ["wss://one.example", "ws://127.0.0.1:7"]);
  const odd = signEvent({ ...event, tags: [["relay", "http://x"], ["relay"], ["relay", "no"]] }, alice);
  assert.deepEqual(readInboxRelays(odd), []);
});
