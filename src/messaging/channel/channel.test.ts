/** Formats and protections of a channel, each protection by the attack that it is against. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { forge, OWNER, STRANGER } from "../../../test/support/channel-forger.ts";
import { fromBase64Url, fromHex, toBase64Url, toHex, utf8Decode, utf8Encode } from "../../core/bytes.ts";
import { CodecError, type NocturneError } from "../../core/errors.ts";
import { CHANNEL_LIMITS, RELAY_LIMITS } from "../../core/limits.ts";
import { randomBytes } from "../../core/random.ts";
import { eventBytes, type NostrEvent, verifyEvent } from "../../nostr/event.ts";
import { channelDigest, channelId, createSigner, createVerifier } from "./channel-keys.ts";
import { type EpochKey, epochAddress, epochKeyAt, nextEpochKey, sealKey } from "./epoch-key.ts";
import { CHANNEL_LINK_PREFIX, encodeChannelLink, parseChannelLink } from "./link.ts";
import { decodeCard, decodePost, encodeBody, NO_POST, type PostBody, postHash } from "./post.ts";
import { channelAddress, openEvent, sealDraft, verifyOpened, wrapContent } from "./sealed-event.ts";

const vectors = JSON.parse(readFileSync(new URL("../../../vectors/channel.json", import.meta.url), "utf8"));
const digest = channelDigest(OWNER.publicKeys);
const verifier = createVerifier(OWNER.publicKeys);
const NOW = Date.parse("2026-01-01T12:34:56Z");
const KEY: EpochKey = { epoch: 5, key: toBase64Url(new Uint8Array(32).fill(5)) };

const body = (change: Partial<PostBody> = {}): Uint8Array =>
  encodeBody({ v: 1, at: NOW, n: 1, prev: NO_POST, kind: "text", text: "hello", files: [], ...change } as PostBody);

/** All that a reader does with an event of this epoch: its verified body. */
function read(event: NostrEvent, key: EpochKey): Uint8Array {
  const opened = openEvent(event, key, digest);
  verifyOpened(opened, opened.publicKeys ? createVerifier(opened.publicKeys) : verifier);
  if (opened.kind === "card") decodeCard(opened.body);
  else decodePost(opened.body);
  return opened.body;
}

function vectorKey(epoch: number): EpochKey {
  const stored = vectors.epochs.find((entry: { epoch: number }) => entry.epoch === epoch);
  return { epoch, key: toBase64Url(fromHex(stored.key)) };
}

test("the stored keys, addresses, link and events read as they were written", () => {
  const signer = createSigner(fromHex(vectors.channel.seed));
  assert.equal(toHex(signer.publicKeys), vectors.channel.publicKeys);
  assert.equal(toHex(channelDigest(signer.publicKeys)), vectors.channel.digest);
  assert.equal(channelId(digest), vectors.channel.id);
  for (const { epoch, key, sealKey: seal, address } of vectors.epochs) {
    const derived = epochKeyAt(vectorKey(7), epoch, digest);
    assert.equal(toHex(fromBase64Url(derived.key)), key);
    assert.equal(toHex(sealKey(derived)), seal);
    assert.equal(epochAddress(derived, digest), address);
  }
  const link = parseChannelLink(vectors.link.text);
  assert.deepEqual(link, { digest, key: vectorKey(vectors.link.epoch), relays: vectors.link.relays });
  assert.equal(encodeChannelLink(link), vectors.link.text);
  for (const { epoch, body: text, hash, event } of vectors.events) {
    assert.ok(verifyEvent(event));
    const said = read(event, vectorKey(epoch));
    assert.equal(utf8Decode(said), text);
    if (hash) assert.equal(postHash(said), hash);
  }
});

for (const { why, text } of vectors.invalidLinks as { why: string; text: string }[]) {
  test(`a link is refused: ${why}`, () => {
    assert.throws(() => parseChannelLink(text), { code: "bad_channel_link" });
  });
}

for (const { why, code, epoch, event } of vectors.invalidEvents) {
  test(`an event is refused: ${why}`, () => {
    assert.throws(() => read(event, vectorKey(epoch)), { code });
  });
}

test("every link reads back, and no changed character passes", () => {
  const relay = fc.webUrl({ validSchemes: ["wss"] }).filter((url) => url.length < 200);
  const relays = fc.array(relay, { minLength: 1, maxLength: CHANNEL_LIMITS.relays });
  fc.assert(
    fc.property(relays, fc.nat(CHANNEL_LIMITS.epochs), fc.nat(), fc.nat(), (urls, epoch, position, shift) => {
      const link = { digest, key: { epoch, key: toBase64Url(randomBytes(32)) }, relays: urls };
      const text = encodeChannelLink(link);
      assert.deepEqual(parseChannelLink(` ${text}\n`), link);
      const at = CHANNEL_LINK_PREFIX.length + (position % (text.length - CHANNEL_LINK_PREFIX.length));
      const other = String.fromCharCode(45 + (shift % 78));
      if (text[at] === other) return;
      assert.throws(() => parseChannelLink(text.slice(0, at) + other + text.slice(at + 1)), CodecError);
    }),
  );
});

test("text of any kind is a link or a CodecError, never another failure", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.throws(
        () => parseChannelLink(CHANNEL_LINK_PREFIX + text),
        (error) => error instanceof CodecError,
      );
    }),
  );
});

test("signed bytes of any kind are a post or a CodecError", () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.json().map(utf8Encode)), (bytes) => {
      for (const decode of [decodePost, decodeCard]) {
        assert.throws(
          () => decode(bytes),
          (error: NocturneError) => error.code === "bad_channel_post",
        );
      }
    }),
  );
});

test("every post reads back", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 2_000 });
  const earlier = fc.integer({ min: 1, max: 2 ** 40 });
  const content = fc.oneof(
    fc.record({ kind: fc.constant("text"), text, files: fc.constant([]), reply: earlier }),
    fc.record({ kind: fc.constant("edit"), of: earlier, text }),
    fc.record({ kind: fc.constant("delete"), of: earlier }),
    fc.record({ kind: fc.constant("moved") }),
  );
  fc.assert(
    fc.property(content, fc.integer({ min: 2 ** 40 + 1, max: Number.MAX_SAFE_INTEGER }), (said, n) => {
      const post = { v: 1, at: NOW, n, prev: NO_POST, ...said } as PostBody;
      const event = wrapContent(sealDraft({ kind: "post", key: KEY, body: encodeBody(post) }, OWNER), NOW);
      assert.deepEqual(decodePost(read(event, KEY)), post);
    }),
    { numRuns: 30 },
  );
});

test("no changed byte of an event passes, and all say the same", () => {
  const event = wrapContent(sealDraft({ kind: "post", key: KEY, body: body() }, OWNER), NOW);
  const bytes = fromBase64Url(event.content);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const altered = bytes.slice();
      altered[at] = (altered[at] as number) ^ change;
      const { message } = catchError(() => read({ ...event, content: toBase64Url(altered) }, KEY));
      assert.equal(message, catchError(() => read(event, nextEpochKey(KEY, digest))).message);
    }),
    { numRuns: 50 },
  );
});

test("a reader cannot post: he holds every key but the one that signs, and half a signature is none", () => {
  const honest = forge({ key: KEY, owner: OWNER, body: body() });
  assert.deepEqual(read(honest, KEY), body(), "the forger knows the format");
  const halves = (m: Uint8Array, classic: typeof OWNER, quantum: typeof OWNER) =>
    Uint8Array.from([...classic.sign(m).subarray(0, 64), ...quantum.sign(m).subarray(64)]);
  const forgeries = [
    forge({ key: KEY, owner: OWNER, body: body(), sign: STRANGER.sign }),
    forge({ key: KEY, owner: OWNER, body: body(), sign: (m) => halves(m, OWNER, STRANGER) }),
    forge({ key: KEY, owner: OWNER, body: body(), sign: (m) => halves(m, STRANGER, OWNER) }),
    forge({ key: KEY, owner: OWNER, kind: 1, body: body(), publicKeys: STRANGER.publicKeys, sign: STRANGER.sign }),
  ];
  for (const forged of forgeries) assert.throws(() => read(forged, KEY), { code: "cannot_open" });
});

test("a signed post fits into no other channel, epoch or role", () => {
  const next = nextEpochKey(KEY, digest);
  const honest = openEvent(forge({ key: KEY, owner: OWNER, body: body() }), KEY, digest);
  // A reader of both seals the owner's own words and signature anew where they were not said.
  const replay = () => honest.signature;
  assert.throws(() => read(forge({ key: next, owner: OWNER, body: honest.body, sign: replay }), next), {
    code: "cannot_open",
  });
  assert.throws(() => read(forge({ key: KEY, owner: OWNER, kind: 1, body: honest.body, sign: replay }), KEY), {
    code: "cannot_open",
  });
  // The same keys cannot be another channel's: the digest is made of them. So the other channel's owner tries.
  const otherDigest = channelDigest(STRANGER.publicKeys);
  const moved = openEvent(forge({ key: KEY, owner: STRANGER, body: honest.body, sign: replay }), KEY, otherDigest);
  assert.throws(() => verifyOpened(moved, createVerifier(STRANGER.publicKeys)), { code: "cannot_open" });
});

test("a link of an epoch opens nothing older", () => {
  const older = forge({ key: KEY, owner: OWNER, body: body() });
  const link = parseChannelLink(
    encodeChannelLink({ digest, key: nextEpochKey(KEY, digest), relays: ["wss://relay.example/"] }),
  );
  for (let key = link.key; key.epoch < 40; key = nextEpochKey(key, digest)) {
    assert.throws(() => openEvent(older, { ...key, epoch: KEY.epoch }, digest), { code: "cannot_open" });
    assert.notEqual(epochAddress({ ...key, epoch: KEY.epoch }, digest), channelAddress(older));
  }
});

test("a relay sees three sizes, an address, the hour and a key used once", () => {
  const card = encodeBody({ v: 1, kind: "card", at: NOW, name: "n", description: "d", first: 1, prev: NO_POST });
  const long = body({ kind: "text", text: "x".repeat(CHANNEL_LIMITS.textBytes) });
  const [cardEvent, short, other, longest] = [
    wrapContent(sealDraft({ kind: "card", key: KEY, body: card }, OWNER), NOW),
    wrapContent(sealDraft({ kind: "post", key: KEY, body: body() }, OWNER), NOW),
    wrapContent(sealDraft({ kind: "post", key: KEY, body: body({ n: 2 }) }, OWNER), NOW),
    wrapContent(sealDraft({ kind: "post", key: KEY, body: long }, OWNER), NOW),
  ] as const;
  assert.equal(cardEvent.content.length, short.content.length);
  assert.ok(longest.content.length > short.content.length);
  assert.ok(eventBytes(longest) < RELAY_LIMITS.eventBytes);
  assert.notEqual(short.pubkey, other.pubkey);
  assert.equal(short.created_at % 3_600, 0);
  assert.deepEqual(short.tags, [["x", epochAddress(KEY, digest)]]);
  const seen = JSON.stringify([cardEvent, short]);
  for (const hidden of [toHex(digest), channelId(digest).slice(1), toHex(OWNER.publicKeys).slice(0, 64), KEY.key])
    assert.ok(!seen.includes(hidden));
});

test("the largest body that may be signed fits into an event", () => {
  const most = new Uint8Array(CHANNEL_LIMITS.bodyBytes).fill(32);
  const event = wrapContent(sealDraft({ kind: "card", key: KEY, body: most }, OWNER), NOW);
  assert.ok(eventBytes(event) < RELAY_LIMITS.eventBytes);
  assert.deepEqual(openEvent(event, KEY, digest).body, most);
});

function catchError(work: () => unknown): NocturneError {
  try {
    work();
  } catch (error) {
    return error as NocturneError;
  }
  throw new Error("it was accepted");
}
