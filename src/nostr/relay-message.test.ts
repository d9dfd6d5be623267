import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { generateSecretKey } from "nostr-tools/pure";
import { CodecError } from "../core/errors.ts";
import { signEvent } from "./event.ts";
import {
  type ClientMessage,
  encodeClientMessage,
  encodeRelayMessage,
  parseClientMessage,
  parseRelayMessage,
  type RelayMessage,
} from "./relay-message.ts";

const event = signEvent({ kind: 1, created_at: 1, tags: [], content: "x" }, generateSecretKey());

test("client messages survive the wire", () => {
  const messages: ClientMessage[] = [
    { type: "EVENT", event },
    { type: "AUTH", event },
    { type: "REQ", id: "s", filters: [{ kinds: [1] }, { "#p": ["x"], limit: 3 }] },
    { type: "CLOSE", id: "s" },
  ];
  for (const message of messages) assert.deepEqual(parseClientMessage(encodeClientMessage(message)), message);
});

test("relay messages survive the wire", () => {
  const messages: RelayMessage[] = [
    { type: "EVENT", id: "s", event },
    { type: "EOSE", id: "s" },
    { type: "CLOSED", id: "s", reason: "auth-required: because" },
    { type: "OK", id: event.id, accepted: false, reason: "invalid: x" },
    { type: "NOTICE", text: "n" },
    { type: "AUTH", challenge: "c" },
  ];
  for (const message of messages) assert.deepEqual(parseRelayMessage(encodeRelayMessage(message)), message);
  assert.deepEqual(parseRelayMessage('["OK","x",true]'), { type: "OK", id: "x", accepted: true, reason: "" });
});

test("parsers throw nothing but CodecError", () => {
  const types = fc.constantFrom("EVENT", "REQ", "CLOSE", "AUTH", "OK", "EOSE", "CLOSED", "NOTICE", "COUNT");
  const lists = fc.tuple(types, fc.oneof(fc.jsonValue(), fc.constant(event)), fc.jsonValue());
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    lists.map((list) => JSON.stringify(list)),
  );
  fc.assert(
    fc.property(texts, (text) => {
      for (const parse of [parseClientMessage, parseRelayMessage]) {
        try {
          parse(text);
        } catch (error) {
          assert.ok(error instanceof CodecError, String(error));
        }
      }
    }),
    { numRuns: 1_000 },
  );
});

test("a wrong message is answered by the name it bears", () => {
  const answer = (list: unknown): unknown => {
    const message = parseClientMessage(JSON.stringify(list));
    return message.type === "INVALID" ? [message.answer, message.id] : message.type;
  };
  assert.deepEqual(answer(["EVENT", { ...event, kind: -1 }]), ["OK", event.id]);
  assert.deepEqual(answer(["AUTH", { id: event.id }]), ["OK", event.id]);
  assert.deepEqual(answer(["REQ", "s"]), ["CLOSED", "s"]);
  assert.deepEqual(answer(["REQ", "s", { kinds: "1" }]), ["CLOSED", "s"]);
  assert.deepEqual(answer(["REQ", "s", ...Array.from({ length: 11 }, () => ({}))]), ["CLOSED", "s"]);
});

test("what bears no name is a bad message", () => {
  const wrong = ["", "{", "{}", "1", "[]", '["COUNT","s",{}]', '["EVENT"]', '["EVENT",{"id":"x"}]', '["REQ"]'];
  for (const text of [
    ...wrong,
    '["REQ","",{}]',
    '["REQ",1,{}]',
    '["CLOSE"]',
    '["CLOSE",null]',
    '["REQ","\\ud800",{}]',
  ]) {
    assert.throws(() => parseClientMessage(text), CodecError, text);
  }
  assert.ok(parseClientMessage(JSON.stringify(["CLOSE", "x".repeat(64)])));
  assert.throws(() => parseClientMessage(JSON.stringify(["CLOSE", "x".repeat(65)])), { code: "bad_message" });
});

test("nesting without end is refused, not followed", () => {
  const deep = `["REQ","s",${"[".repeat(50_000)}${"]".repeat(50_000)}]`;
  assert.equal(parseClientMessage(deep).type, "INVALID");
});
