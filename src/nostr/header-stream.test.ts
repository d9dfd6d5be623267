import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex, toHex } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { parseClientMessage } from "./relay-message.ts";
import type { NostrEvent } from "./event.ts";
import {
  decodeHeaderFrame,
  encodeHeaderFrame,
  encodeHeaderRequest,
  HEADER_BYTES,
  headerOf,
  parseHeaderRequest,
} from "./header-stream.ts";

const VECTORS = JSON.parse(readFileSync(new URL("../../vectors/header-stream.json", import.meta.url), "utf8")) as {
  headers: { why: string; event: NostrEvent; header: string | null }[];
  requests: { text: string; id: string; after: string | null; since: number; canonical: boolean }[];
  invalidRequests: { why: string; text: string; answer: "CLOSED" | "NOTICE" }[];
  frames: {
    bytes: string;
    id: string;
    cursor: string;
    headers: { ephemeral: string; address: string; id: string }[];
  }[];
  invalidFrames: { why: string; bytes: string }[];
};

test("headers of events, as in the vectors", () => {
  for (const { why, event, header } of VECTORS.headers) {
    const found = headerOf(event);
    assert.equal(found && toHex(found), header, why);
  }
});

test("requests, as in the vectors", () => {
  for (const { text, id, after, since, canonical } of VECTORS.requests) {
    const start = { after, since };
    assert.deepEqual(parseClientMessage(text), { type: "HEADERS", id, start }, text);
    if (canonical) assert.equal(encodeHeaderRequest(id, start), text);
  }
  for (const { why, text, answer } of VECTORS.invalidRequests) {
    if (answer === "NOTICE") assert.throws(() => parseClientMessage(text), { code: "bad_message" }, why);
    else assert.equal((parseClientMessage(text) as { answer?: string }).answer, "CLOSED", why);
  }
});

test("frames, as in the vectors", () => {
  for (const { bytes, id, cursor, headers } of VECTORS.frames) {
    const text = headers.map((header) => header.ephemeral + header.address + header.id).join("");
    const frame = { id, cursor, headers: fromHex(text) };
    assert.deepEqual(decodeHeaderFrame(fromHex(bytes)), frame);
    assert.equal(toHex(encodeHeaderFrame(frame)), bytes);
  }
  for (const { why, bytes } of VECTORS.invalidFrames) {
    assert.throws(() => decodeHeaderFrame(fromHex(bytes)), { code: "bad_header_frame" }, why);
  }
});

test("any frame comes back as it was", () => {
  const id = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 });
  const cursor = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(id, cursor, fc.nat(5), fc.infiniteStream(fc.nat(255)), (name, place, count, fill) => {
      fc.pre(Buffer.byteLength(name) <= 64);
      const headers = Uint8Array.from({ length: count * HEADER_BYTES }, () => fill.next().value as number);
      const frame = { id: name, cursor: toHex(place), headers };
      assert.deepEqual(decodeHeaderFrame(encodeHeaderFrame(frame)), frame);
    }),
  );
});

test("fuzz: whatever bytes come, a frame is read that is written the same way, or refused as one", () => {
  const valid = VECTORS.frames.map(({ bytes }) => fromHex(bytes));
  const altered = fc
    .tuple(fc.constantFrom(...valid), fc.array(fc.tuple(fc.nat(), fc.nat(255))), fc.nat())
    .map(([bytes, changes, length]) => {
      const copy = bytes.slice(0, changes.length % 2 ? length % (bytes.length + 1) : bytes.length);
      for (const [at, value] of changes) copy[at % Math.max(1, Math.min(copy.length, 24))] = value;
      return copy;
    });
  const read = (bytes: Uint8Array): boolean => {
    try {
      const frame = decodeHeaderFrame(bytes);
      assert.equal(frame.headers.length % HEADER_BYTES, 0);
      assert.equal(toHex(encodeHeaderFrame(frame)), toHex(bytes));
      return true;
    } catch (error) {
      assert.ok(error instanceof CodecError && error.code === "bad_header_frame", String(error));
      return false;
    }
  };
  const seen = { good: 0, bad: 0 };
  const count = (bytes: Uint8Array): void => void seen[read(bytes) ? "good" : "bad"]++;
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), count), { numRuns: 5_000 });
  fc.assert(fc.property(altered, count), { numRuns: 20_000 });
  assert.ok(seen.good > 500 && seen.bad > 5_000, JSON.stringify(seen));
});

test("fuzz: whatever is asked for, it is a request or refused as one", () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.record({ after: fc.jsonValue(), since: fc.jsonValue() })), (value) => {
      try {
        const { after, since } = parseHeaderRequest(value);
        assert.ok((after === null || /^[0-9a-f]{32}$/.test(after)) && since >= 0 && Number.isSafeInteger(since));
      } catch (error) {
        assert.ok(error instanceof CodecError && error.code === "bad_headers_request");
      }
    }),
    { numRuns: 5_000 },
  );
});
