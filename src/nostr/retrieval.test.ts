import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex, toBase64Url } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { PIR_LIMITS } from "../core/cell-limits.ts";
import { encodeClientMessage, encodeRelayMessage, parseClientMessage, parseRelayMessage } from "./relay-message.ts";
import { cellsInPart, digestOf, partCount, type RetrievalReply, type RetrievalRequest } from "./retrieval.ts";

/** Computed by another program than this one. */
const VECTORS = JSON.parse(readFileSync(new URL("../../vectors/pir.json", import.meta.url), "utf8")) as {
  digests: { headers: string; digest: string }[];
  requests: string[];
  invalidRequests: { why: string; text: string; answer: "CLOSED" | "NOTICE" }[];
  replies: string[];
  invalidReplies: { why: string; text: string }[];
};

const plain = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { noNullPrototype: true });
const number = fc.nat({ max: 2 ** 32 });
const bytes = (max: number) => fc.uint8Array({ minLength: 0, maxLength: max });
const id = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 });
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toBase64Url);

test("digests, requests and replies, as in the vectors", () => {
  for (const { headers, digest: expected } of VECTORS.digests) assert.equal(digestOf(fromHex(headers)), expected);
  for (const text of VECTORS.requests) assert.equal(encodeClientMessage(parseClientMessage(text) as never), text);
  for (const { why, text, answer } of VECTORS.invalidRequests) {
    if (answer === "NOTICE") assert.throws(() => parseClientMessage(text), CodecError, why);
    else assert.equal((parseClientMessage(text) as { answer?: string }).answer, "CLOSED", why);
  }
  for (const text of VECTORS.replies) assert.equal(encodeRelayMessage(parseRelayMessage(text)), text);
  for (const { why, text } of VECTORS.invalidReplies) assert.throws(() => parseRelayMessage(text), CodecError, why);
});

test("any request and reply comes back as it was", () => {
  const name = { epoch: number, part: number, digest };
  const requests: fc.Arbitrary<RetrievalRequest> = fc.oneof(
    plain({ type: fc.constant("PIR-EPOCHS" as const), id, from: number }),
    plain({ type: fc.constant("PIR-HEADERS" as const), id, ...name }),
    plain({ type: fc.constant("PIR" as const), id, ...name, query: bytes(100) }),
  );
  const version = plain({ epoch: number, count: fc.integer({ min: 1, max: 100 }), digests: fc.tuple(digest) });
  const replies: fc.Arbitrary<RetrievalReply> = fc.oneof(
    plain({ type: fc.constant("PIR-EPOCHS" as const), id, versions: fc.array(version) }),
    plain({ type: fc.constant("PIR" as const), id, answer: bytes(PIR_LIMITS.recordBytes) }),
  );
  fc.assert(
    fc.property(requests, replies, (request, reply) => {
      assert.deepEqual(parseClientMessage(encodeClientMessage(request)), request);
      assert.deepEqual(parseRelayMessage(encodeRelayMessage(reply)), reply);
    }),
  );
});

test("any JSON behind these words is read or refused by a CodecError", () => {
  const word = fc.constantFrom("PIR", "PIR-EPOCHS", "PIR-HEADERS");
  fc.assert(
    fc.property(word, fc.oneof(id, fc.jsonValue()), fc.array(fc.jsonValue()), (type, name, rest) => {
      for (const parse of [parseClientMessage, parseRelayMessage]) {
        try {
          parse(JSON.stringify([type, name, ...rest]));
        } catch (error) {
          assert.ok(error instanceof CodecError);
        }
      }
    }),
  );
});

test("parts of an epoch", () => {
  const { records } = PIR_LIMITS;
  assert.deepEqual([1, records, records + 1, 2 * records].map(partCount), [1, 1, 2, 2]);
  const version = { epoch: 1, count: 2 * records + 5, digests: [] };
  assert.deepEqual(
    [0, 1, 2].map((part) => cellsInPart(version, part)),
    [records, records, 5],
  );
});
