import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { generateSecretKey } from "nostr-tools/pure";
import { CodecError } from "../core/errors.ts";
import { RELAY_LIMITS } from "../core/limits.ts";
import {
  createRumor,
  eventBytes,
  isAddressable,
  isEphemeral,
  isReplaceable,
  parseEvent,
  parseRumor,
  signEvent,
  tagValue,
  tagValues,
  verifyEvent,
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
