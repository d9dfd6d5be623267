/** NIP-17 both ways with rust-nostr's nostr-sdk (WASM), which knows nothing of Nocturne, through our relay. */
import assert from "node:assert/strict";
import { before, type TestContext, test } from "node:test";
import "./idle-timers.ts";
import {
  type Client,
  ClientBuilder,
  ClientOptions,
  type Event,
  Filter,
  Keys,
  Kind,
  loadWasmAsync,
  NostrSigner,
  PublicKey,
  type RelayMessage,
  UnwrappedGift,
} from "@rust-nostr/nostr-sdk";
import { startNocturne } from "../support/nocturne-process.ts";
import { waitUntil } from "../support/wait.ts";
import { acceptRequest, inboxOf, sendInterop, TEXTS } from "./nocturne-side.ts";

const GIFT_WRAP = 1059;
const ARRIVAL_MS = 30_000;

before(() => loadWasmAsync());

interface Person {
  readonly client: Client;
  readonly npub: string;
  /** Every gift wrap the relay handed out, opened. */
  readonly received: { readonly sender: string; readonly text: string; readonly kind: number }[];
  /** Reasons with which the relay closed subscriptions. */
  readonly refusals: string[];
}

/** Connects and asks for gift wraps; answers the relay's challenge unless told not to. */
async function connect(t: TestContext, relay: string, keys: Keys, authenticates = true): Promise<Person> {
  const npub = keys.publicKey.toBech32();
  const signer = NostrSigner.keys(keys);
  const options = new ClientOptions().automaticAuthentication(authenticates);
  const client = new ClientBuilder().signer(signer).opts(options).build();
  t.after(() => client.shutdown());
  const person: Person = { client, npub, received: [], refusals: [] };
  client.handleNotifications({
    async handleEvent(_relayUrl: string, _subscription: string, event: Event) {
      const gift = await UnwrappedGift.fromGiftWrap(signer, event);
      const { content, kind } = gift.rumor;
      person.received.push({ sender: gift.sender.toBech32(), text: content, kind: kind.asU16() });
      return false;
    },
    async handleMsg(_relayUrl: string, message: RelayMessage) {
      const [type, , reason] = JSON.parse(message.asJson()) as [string, string, string];
      if (type === "CLOSED") person.refusals.push(reason);
      return false;
    },
  });
  await client.addRelay(relay);
  await client.connect();
  await client.subscribe(new Filter().kind(new Kind(GIFT_WRAP)).pubkey(PublicKey.parse(npub)));
  return person;
}

test("nostr-sdk reads what Nocturne writes, and the other way round", async (t) => {
  const node = await startNocturne(t);
  const rusty = await connect(t, node.relay, Keys.generate());
  for (const text of TEXTS) await sendInterop(node, rusty.npub, text);
  await waitUntil("nostr-sdk has all", () => rusty.received.length >= TEXTS.length, ARRIVAL_MS);
  const expected = TEXTS.map((text) => ({ sender: node.npub, text, kind: 14 }));
  assert.deepEqual(byText(rusty.received), byText(expected));

  for (const text of TEXTS) await rusty.client.sendPrivateMsg(PublicKey.parse(node.npub), text);
  const inbox = await inboxOf(node, rusty.npub, TEXTS.length);
  assert.deepEqual(inbox.map(({ text }) => text).sort(), [...TEXTS].sort());
  assert.ok(inbox.every(({ profile }) => profile === "interop"));
});

test("a stranger with nostr-sdk becomes a request, and is read once accepted", async (t) => {
  const node = await startNocturne(t);
  const rusty = await connect(t, node.relay, Keys.generate());
  await rusty.client.sendPrivateMsg(PublicKey.parse(node.npub), "may I?");
  await acceptRequest(node, rusty.npub);
  assert.equal((await inboxOf(node, rusty.npub, 1))[0]?.text, "may I?");
});

test("the relay keeps gift wraps from a client that does not authenticate, and hands them to one that does", async (t) => {
  const node = await startNocturne(t);
  const keys = Keys.generate();
  const silent = await connect(t, node.relay, keys, false);
  await sendInterop(node, silent.npub, "only for you");
  await waitUntil("the relay refuses", () => silent.refusals.length > 0, ARRIVAL_MS);
  assert.match(silent.refusals[0] as string, /^auth-required:/);
  assert.deepEqual(silent.received, []);
  const later = await connect(t, node.relay, keys);
  await waitUntil("nostr-sdk has it", () => later.received.length > 0, ARRIVAL_MS);
  assert.equal(later.received[0]?.text, "only for you");
});

function byText<Message extends { readonly text: string }>(messages: readonly Message[]): Message[] {
  return [...messages].sort((a, b) => a.text.localeCompare(b.text));
}
