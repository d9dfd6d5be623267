import assert from "node:assert/strict";
import { test } from "node:test";
import { forge, OWNER, STRANGER } from "../../../test/support/channel-forger.ts";
import { toBase64Url, utf8Encode } from "../../core/bytes.ts";
import { CHANNEL_LIMITS } from "../../core/limits.ts";
import { TestBox } from "../../vault/testing.ts";
import { ChannelInbox } from "./channel-inbox.ts";
import { channelDigest, channelId } from "./channel-keys.ts";
import { ChannelStore } from "./channel-store.ts";
import { encodeBody, NO_POST, postHash } from "./post.ts";
import { startReading } from "./reader.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const KEY = { epoch: 0, key: toBase64Url(new Uint8Array(32).fill(5)) };
const digest = channelDigest(OWNER.publicKeys);
const id = channelId(digest);

const card = encodeBody({ v: 1, kind: "card", at: NOW, name: "News", description: "", first: 1, prev: NO_POST });

function post(n: number, prev: string, text = String(n)): Uint8Array {
  return encodeBody({ v: 1, at: NOW, n, prev, kind: "text", text, files: [] });
}

async function openInbox(box: TestBox) {
  const vault = await box.open();
  const store = new ChannelStore(vault);
  const names = { id, digest: toBase64Url(digest), relays: ["wss://relay.example/"], joinedAtMs: NOW };
  store.put({ ...names, owner: null, reader: startReading(KEY), asked: 0, cursors: {} });
  let changes = 0;
  const options = { vault, store, clock: { nowMs: () => NOW }, log: box.log, onChange: () => void changes++ };
  const inbox = new ChannelInbox(options);
  const row = store.get(id);
  assert.ok(row && inbox.watch(row).length > 0);
  const idle = () => new Promise<void>((resolve) => inbox.whenIdle(resolve));
  return { store, inbox, idle, changes: () => changes };
}

test("posts wait for the card that verifies them", async () => {
  using box = new TestBox();
  const { store, inbox, idle } = await openInbox(box);
  const one = post(1, NO_POST);
  inbox.enqueue(forge({ key: KEY, owner: OWNER, body: post(2, postHash(one)) }));
  inbox.enqueue(forge({ key: KEY, owner: OWNER, body: one }));
  await idle();
  assert.equal(store.post(id, 1), null, "nothing is believed before its signature can be checked");
  inbox.enqueue(forge({ key: KEY, owner: OWNER, kind: 1, body: card }));
  await idle();
  assert.deepEqual([store.post(id, 1)?.text, store.post(id, 2)?.text], ["1", "2"]);
  assert.equal(inbox.isComplete(id), true);
});

test("a reader cannot pass his own keys off as the channel's to those who come new", async () => {
  using box = new TestBox();
  const { store, inbox, idle, changes } = await openInbox(box);
  // All is consistent but for the digest: his keys, his signature, over the digest of his keys.
  const { publicKeys, sign } = STRANGER;
  const signed = { digest: channelDigest(publicKeys) };
  inbox.enqueue(forge({ key: KEY, owner: OWNER, kind: 1, body: card, publicKeys, sign, signed }));
  inbox.enqueue(forge({ key: KEY, owner: OWNER, body: post(1, NO_POST), sign, signed }));
  await idle();
  assert.deepEqual([changes(), store.get(id)?.reader?.card, store.post(id, 1)], [0, null, null]);
});

test("the same post sealed again by a reader, in its epoch or a later one, is no new post", async () => {
  using box = new TestBox();
  const { inbox, idle, changes } = await openInbox(box);
  inbox.enqueue(forge({ key: KEY, owner: OWNER, kind: 1, body: card }));
  inbox.enqueue(forge({ key: KEY, owner: OWNER, body: post(1, NO_POST) }));
  await idle();
  assert.equal(changes(), 2);
  inbox.enqueue(forge({ key: KEY, owner: OWNER, body: post(1, NO_POST) }));
  await idle();
  assert.equal(changes(), 2);
});

test("rubbish from somebody with the link is bounded, changes nothing, and is owned up to", async () => {
  using box = new TestBox();
  const { store, inbox, idle, changes } = await openInbox(box);
  inbox.enqueue(forge({ key: KEY, owner: OWNER, kind: 1, body: card }));
  await idle();
  const rubbish = forge({ key: KEY, owner: OWNER, body: post(1, NO_POST, "forged"), sign: STRANGER.sign });
  const startedMs = performance.now();
  for (let i = 0; i < CHANNEL_LIMITS.receiveQueue + 100; i++) inbox.enqueue(rubbish);
  assert.equal(inbox.isComplete(id), false);
  await idle();
  const each = (performance.now() - startedMs) / CHANNEL_LIMITS.receiveQueue;
  assert.ok(each < 10, `${each} ms for one forged post`);
  assert.deepEqual([changes(), store.post(id, 1)], [1, null]);
});

test("posts that wait for a card that never comes are bounded", async () => {
  using box = new TestBox();
  const { inbox, idle } = await openInbox(box);
  for (let n = 1; n <= CHANNEL_LIMITS.heldEvents + 1; n++) {
    inbox.enqueue(forge({ key: KEY, owner: OWNER, body: utf8Encode(String(n)), sign: () => new Uint8Array(3_373) }));
  }
  await idle();
  assert.equal(inbox.isComplete(id), false);
});

test("edits and deletions count in whatever order they come, and their words are not kept", async () => {
  const bodies = [post(1, NO_POST, "first words")];
  const next = (content: object) => {
    const prev = postHash(bodies.at(-1) as Uint8Array);
    bodies.push(encodeBody({ v: 1, at: NOW, n: bodies.length + 1, prev, ...content } as never));
  };
  next({ kind: "edit", of: 1, text: "second words" });
  next({ kind: "edit", of: 1, text: "third words" });
  next({ kind: "delete", of: 1 });
  const play = async (order: readonly number[]) => {
    using box = new TestBox();
    const { store, inbox, idle } = await openInbox(box);
    inbox.enqueue(forge({ key: KEY, owner: OWNER, kind: 1, body: card }));
    for (const index of order) inbox.enqueue(forge({ key: KEY, owner: OWNER, body: bodies[index] as Uint8Array }));
    await idle();
    const rows = [1, 2, 3, 4].map((n) => store.post(id, n));
    assert.deepEqual(
      rows.slice(1).map((row) => row?.text ?? ""),
      ["", "", ""],
    );
    return rows[0];
  };
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
  ])
    assert.equal((await play(order))?.text, "third words");
  for (const order of [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [3, 0, 1, 2],
  ]) {
    const shown = await play(order);
    assert.deepEqual([shown?.deleted, shown?.text], [true, ""]);
  }
});
