/** NIP-17 both ways with NDK, which knows nothing of Nocturne, through our relay. */
import assert from "node:assert/strict";
import { test } from "node:test";
import "./idle-timers.ts";
import NDK, {
  giftUnwrap,
  giftWrap,
  NDKEvent,
  NDKKind,
  NDKPrivateKeySigner,
  NDKRelayAuthPolicies,
  NDKRelaySet,
  NDKUser,
} from "@nostr-dev-kit/ndk";
import { startNocturne } from "../support/nocturne-process.ts";
import { waitUntil } from "../support/wait.ts";
import { acceptRequest, inboxOf, sendInterop, TEXTS } from "./nocturne-side.ts";

const ARRIVAL_MS = 30_000;

/** Disposed before its node ends: once a relay has gone, NDK cannot be stopped from reconnecting. */
interface Person extends Disposable {
  readonly ndk: NDK;
  readonly npub: string;
  /** Every gift wrap the relay handed out, opened. */
  readonly received: { readonly sender: string; readonly text: string; readonly kind: number }[];
}

async function connect(relay: string): Promise<Person> {
  const signer = NDKPrivateKeySigner.generate();
  const { npub } = await signer.user();
  const ndk = new NDK({ explicitRelayUrls: [relay], signer, enableOutboxModel: false });
  ndk.relayAuthDefaultPolicy = NDKRelayAuthPolicies.signIn({ ndk, signer });
  const disconnect = (): void => {
    for (const one of ndk.pool.relays.values()) one.disconnect();
  };
  await ndk.connect(ARRIVAL_MS);
  return { ndk, npub, received: [], [Symbol.dispose]: disconnect };
}

/** Asks for gift wraps, those that wait at the relay included. */
function listen({ ndk, received }: Person): void {
  const pubkey = (ndk.signer as NDKPrivateKeySigner).pubkey;
  const subscription = ndk.subscribe({ kinds: [NDKKind.GiftWrap], "#p": [pubkey] }, { closeOnEose: false });
  const open = async (wrap: NDKEvent): Promise<void> => {
    const { content, kind, pubkey: sender } = await giftUnwrap(wrap);
    received.push({ sender: new NDKUser({ pubkey: sender }).npub, text: content, kind });
  };
  subscription.on("event", (wrap: NDKEvent) => void open(wrap));
}

async function write({ ndk }: Person, relay: string, npub: string, text: string): Promise<void> {
  const rumor = new NDKEvent(ndk, {
    kind: NDKKind.PrivateDirectMessage,
    content: text,
    created_at: Math.floor(Date.now() / 1_000),
  });
  const recipient = new NDKUser({ npub });
  rumor.tags.push(["p", recipient.pubkey]);
  const wrap = await giftWrap(rumor, recipient);
  await wrap.publish(NDKRelaySet.fromRelayUrls([relay], ndk));
}

test("NDK reads what Nocturne writes, and the other way round", async (t) => {
  const node = await startNocturne(t);
  using person = await connect(node.relay);
  for (const text of TEXTS) await sendInterop(node, person.npub, text);
  listen(person);
  await waitUntil("NDK has all", () => person.received.length >= TEXTS.length, ARRIVAL_MS);
  const expected = TEXTS.map((text) => ({ sender: node.npub, text, kind: NDKKind.PrivateDirectMessage }));
  assert.deepEqual(byText(person.received), byText(expected));

  for (const text of TEXTS) await write(person, node.relay, node.npub, text);
  const inbox = await inboxOf(node, person.npub, TEXTS.length);
  assert.deepEqual(inbox.map(({ text }) => text).sort(), [...TEXTS].sort());
  assert.ok(inbox.every(({ profile }) => profile === "interop"));
});

test("a stranger with NDK becomes a request, and gets an answer", async (t) => {
  const node = await startNocturne(t);
  using person = await connect(node.relay);
  listen(person);
  await write(person, node.relay, node.npub, "may I?");
  await acceptRequest(node, person.npub);
  assert.equal((await inboxOf(node, person.npub, 1))[0]?.text, "may I?");
  await sendInterop(node, person.npub, "you may");
  await waitUntil("NDK has the answer", () => person.received.length > 0, ARRIVAL_MS);
  assert.equal(person.received[0]?.text, "you may");
});

test("NDK finds the relays where Nocturne collects NIP-17 messages", async (t) => {
  const node = await startNocturne(t);
  using person = await connect(node.relay);
  const { pubkey } = new NDKUser({ npub: node.npub });
  const list = await person.ndk.fetchEvent({ kinds: [NDKKind.DirectMessageReceiveRelayList], authors: [pubkey] });
  assert.deepEqual(
    list?.tags.filter(([name]) => name === "relay"),
    [["relay", node.relay]],
  );
});

function byText<Message extends { readonly text: string }>(messages: readonly Message[]): Message[] {
  return [...messages].sort((a, b) => a.text.localeCompare(b.text));
}
