import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { finalizeEvent, generateSecretKey, verifyEvent as verifyWithNoble } from "nostr-tools/pure";
import { fromHex } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { RELAY_LIMITS } from "../core/limits.ts";
import {
  createRumor,
  eventBytes,
  isAddressable,
  isEphemeral,
  isReplaceable,
  type NostrEvent,
  parseEvent,
  parseRumor,
  signEvent,
  tagValue,
  tagValues,
  verifyEvent,
  verifyId,
  verifySignature,
} from "./event.ts";

const secretKey = generateSecretKey();
const template = { kind: 1, created_at: 1_700_000_000, tags: [["p", "ab".repeat(32)], ["t"]], content: "héllo\n" };
const event = signEvent(template, secretKey);

/** What JSON may hold where an event is expected: often almost an event. */
const nearlyEvents = fc.oneof(
  fc.anything(),
  fc.jsonValue(),
  fc
    .record({ field: fc.constantFrom(...Object.keys(event)), value: fc.oneof(fc.jsonValue(), fc.constant("\ud800")) })
    .map(({ field, value }) => ({ ...event, [field]: value })),
);

test("a signed event is parsed and verified; other fields are dropped", () => {
  const parsed = parseEvent(JSON.parse(JSON.stringify({ ...event, extra: 1 })));
  assert.deepEqual(parsed, event);
  assert.equal(verifyEvent(parsed), parsed);
});

test("an altered event is not verified, not even as a copy of a verified one", () => {
  assert.ok(verifyEvent(event));
  const alterations = { content: "x", kind: 2, created_at: 1, tags: [], pubkey: "11".repeat(32), sig: "22".repeat(64) };
  for (const [field, value] of Object.entries(alterations)) {
    assert.equal(verifyEvent({ ...event, [field]: value }), null, field);
  }
  assert.equal(verifyEvent({ ...event, id: "33".repeat(32) }), null);
});

test("id and signature are checked one by one", () => {
  const unsigned = { ...event, sig: "22".repeat(64) };
  const hashed = verifyId(unsigned);
  assert.equal(hashed, unsigned);
  assert.equal(hashed && verifySignature(hashed), null);
  assert.equal(verifySignature(event), event);
  for (const change of [{ content: "x" }, { pubkey: "11".repeat(32) }, { tags: [] }, { id: "33".repeat(32) }]) {
    assert.equal(verifyId({ ...event, ...change }), null, JSON.stringify(change));
  }
});

test("the attack: fields that only look right do not verify", () => {
  const forged = [
    { id: "" }, // the library compares as many bytes as the id has
    { id: event.id.slice(0, 62) },
    { id: event.id.toUpperCase() },
    { sig: "" },
    { sig: "zz".repeat(64) },
    { sig: event.sig.toUpperCase() },
    { sig: `${event.sig}00` },
    { pubkey: "00".repeat(32) },
    { pubkey: "ff".repeat(32) }, // no point has this coordinate
    { pubkey: "" },
    { kind: String(event.kind) },
    { created_at: String(event.created_at) },
  ];
  for (const field of forged) {
    assert.equal(verifyEvent({ ...event, ...field } as NostrEvent), null, JSON.stringify(field));
  }
  assert.ok(verifyEvent({ ...event }), "the control");
});

test("what we sign, noble verifies, and the other way round; the ids are the same", () => {
  const texts = fc.string({ unit: "binary", maxLength: 100 }).filter((text) => text.isWellFormed());
  const keys = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((key) => key.with(0, 1));
  fc.assert(
    fc.property(keys, texts, fc.array(fc.array(texts, { maxLength: 3 }), { maxLength: 3 }), (key, content, tags) => {
      const ours = signEvent({ ...template, content, tags }, key);
      const theirs = finalizeEvent({ kind: 1, created_at: template.created_at, tags, content }, key);
      assert.equal(ours.id, theirs.id);
      assert.equal(ours.pubkey, theirs.pubkey);
      assert.ok(verifyWithNoble(structuredClone(ours) as never));
      assert.ok(verifyEvent({ ...theirs }));
    }),
    { numRuns: 30 },
  );
});

test("keys outside the curve's order do not sign", () => {
  const order = fromHex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
  const unusable = [new Uint8Array(32), order, new Uint8Array(32).fill(255), secretKey.subarray(1), new Uint8Array(33)];
  for (const key of unusable) assert.throws(() => signEvent(template, key), { code: "bad_secret_key" });
  assert.ok(verifyEvent(signEvent(template, order.with(31, 0x40))), "the largest one does");
});

test("what the library has no room for is refused, and what follows is not harmed", () => {
  const huge = { ...template, content: "x".repeat(2_000_000) };
  assert.throws(() => signEvent(huge, secretKey));
  assert.equal(verifyEvent({ ...createRumor(huge, event.pubkey), sig: event.sig }), null);
  for (let kib = 850; kib < 1_100; kib += 5) {
    try {
      assert.ok(verifyEvent(signEvent({ ...template, content: "x".repeat(kib * 1024) }, secretKey)), `${kib} KiB`);
    } catch (error) {
      assert.match(String(error), /Out of memory/);
    }
  }
  assert.deepEqual(verifyEvent(event), event);
  assert.equal(verifyEvent({ ...event, sig: "22".repeat(64) }), null);
});

test("signing leaves the template as it is", () => {
  assert.deepEqual(Object.keys(template).sort(), ["content", "created_at", "kind", "tags"]);
  assert.notEqual(event.tags, template.tags);
});

test("parseEvent throws nothing but CodecError", () => {
  fc.assert(
    fc.property(nearlyEvents, (value) => {
      try {
        const parsed = parseEvent(value);
        assert.deepEqual(parseEvent(JSON.parse(JSON.stringify(parsed))), parsed);
      } catch (error) {
        assert.ok(error instanceof CodecError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test("any text survives signing, JSON and parsing", () => {
  const texts = fc.string({ unit: "grapheme", maxLength: 50 });
  fc.assert(
    fc.property(texts, fc.array(fc.array(texts, { maxLength: 3 }), { maxLength: 3 }), (content, tags) => {
      const signed = signEvent({ ...template, content, tags }, secretKey);
      const parsed = parseEvent(JSON.parse(JSON.stringify(signed)));
      assert.deepEqual(parsed, signed);
      assert.ok(verifyEvent(parsed));
    }),
    { numRuns: 20 },
  );
});

test("wrong shapes are refused one by one", () => {
  const wrong = [
    { id: event.id.toUpperCase() },
    { id: `${event.id}00` },
    { sig: event.sig.slice(2) },
    { pubkey: "npub1" },
    { created_at: 1.5 },
    { created_at: -1 },
    { created_at: "1" },
    { kind: 65_536 },
    { kind: -1 },
    { tags: {} },
    { tags: [["p", 1]] },
    { tags: ["p"] },
    { content: null },
    { content: "\udfff" },
  ];
  for (const field of wrong) {
    assert.throws(() => parseEvent({ ...event, ...field }), { code: "bad_event" }, JSON.stringify(field));
  }
});

test("sizes are bounded", () => {
  const padding = RELAY_LIMITS.eventBytes - eventBytes({ ...event, content: "" });
  assert.ok(parseEvent({ ...event, content: "x".repeat(padding) }));
  assert.throws(() => parseEvent({ ...event, content: "x".repeat(padding + 1) }), /larger than 65536 bytes/);
  assert.throws(() => parseEvent({ ...event, content: "é".repeat(padding) }), /larger/, "bytes, not characters");
  assert.throws(
    () => parseEvent({ ...event, tags: Array.from({ length: RELAY_LIMITS.tagsPerEvent + 1 }, () => ["t"]) }),
    /2000 tags/,
  );
  assert.ok(parseEvent({ ...event, tags: [["t", "x".repeat(RELAY_LIMITS.tagValueBytes)]] }));
  assert.throws(() => parseEvent({ ...event, tags: [["t", "x".repeat(RELAY_LIMITS.tagValueBytes + 1)]] }), /1024/);
});

test("a rumor carries the hash of its fields and no signature", () => {
  const rumor = createRumor(template, event.pubkey);
  assert.equal(rumor.id, event.id);
  assert.deepEqual(parseRumor(JSON.parse(JSON.stringify(event))), rumor);
  assert.throws(() => parseRumor({ ...rumor, content: "other" }), { code: "bad_event" });
});

test("kinds fall into the classes of NIP-01", () => {
  const replaceable = [0, 3, 10_000, 19_999];
  const addressable = [30_000, 39_999];
  const ephemeral = [20_000, 29_999];
  const regular = [1, 2, 4, 5, 13, 1059, 9_999, 40_000, 65_535];
  for (const kind of [...replaceable, ...addressable, ...ephemeral, ...regular]) {
    assert.equal(isReplaceable(kind), replaceable.includes(kind), `${kind}`);
    assert.equal(isAddressable(kind), addressable.includes(kind), `${kind}`);
    assert.equal(isEphemeral(kind), ephemeral.includes(kind), `${kind}`);
  }
});

test("tags are read by name", () => {
  const tagged = { ...template, tags: [["p"], ["p", "1"], ["e", "2"], ["p", "3"]] };
  assert.equal(tagValue(tagged, "e"), "2");
  assert.equal(tagValue(tagged, "x"), null);
  assert.deepEqual(tagValues(tagged, "p"), ["1", "3"]);
});
