import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { concatBytes, toHex } from "../../core/bytes.ts";
import { randomBytes } from "../../core/random.ts";
import type { DeviceId, OperatorId } from "../agent-ids.ts";
import { ContactBook } from "./contact-book.ts";
import { type AgentContact, encodeContact, readContact } from "./contact.ts";

const hex = (bytes: number): string => toHex(randomBytes(bytes));
const operator = hex(32) as OperatorId;
const made = (change: Partial<AgentContact> = {}): AgentContact => ({
  operator,
  key: hex(32),
  relays: ["wss://relay.example", "ws://[::1]:7777/agents"],
  proof: hex(64),
  ...change,
});

test("what is written is read, and nothing else is", () => {
  const contact = made();
  const bytes = encodeContact(contact);
  assert.deepEqual(readContact(bytes), contact);
  assert.equal(readContact(bytes.subarray(1)), null);
  assert.equal(readContact(concatBytes(bytes, Uint8Array.of(0))), null);
  for (let length = 0; length < bytes.length; length++) assert.equal(readContact(bytes.subarray(0, length)), null);
});

test("no relays, too many, the same twice, and what is no relay's address", () => {
  const many = Array.from({ length: AGENT_LIMITS.contactRelays + 1 }, (_, i) => `wss://${i}.example`);
  for (const relays of [
    [],
    many,
    ["wss://a.example", "wss://a.example"],
    ["https://a.example"],
    ["wss://"],
    ["wss://a.example\n"],
    [`wss://${"a".repeat(AGENT_LIMITS.contactRelayBytes)}`],
  ]) {
    assert.throws(() => encodeContact(made({ relays })), { code: "agent_contact" });
  }
  assert.ok(encodeContact(made({ relays: many.slice(1) })));
  for (const change of [{ key: "AB".repeat(32) }, { key: "" }, { proof: hex(63) }, { operator: "x" as OperatorId }])
    assert.throws(() => encodeContact(made(change)), { code: "agent_contact" });
});

test("of a device its latest contact counts, if it names the device's own operator, and only where that counts", () => {
  const book = new ContactBook();
  const [one, two] = [hex(32) as DeviceId, hex(32) as DeviceId];
  const [old, newer, other] = [made(), made(), made()];
  const hear = (device: DeviceId, contact: AgentContact, madeAtMs: number): boolean =>
    book.hear({ device, operator, body: encodeContact(contact), madeAtMs });
  assert.ok(hear(one, old, 5));
  assert.ok(hear(one, newer, 4));
  assert.ok(hear(two, other, 9));
  assert.equal(hear(two, made({ operator: hex(32) as OperatorId }), 10), false, "a stranger's name");
  assert.equal(book.hear({ device: two, operator, body: randomBytes(40), madeAtMs: 10 }), false);
  assert.deepEqual(book.of(one), newer, "the log's order counts, not what it says of the time");
  assert.deepEqual(
    book.list(() => true),
    [other, newer],
  );
  assert.deepEqual(
    book.list((device) => device === one),
    [newer],
  );
  assert.deepEqual(
    book.list((_, who) => who !== operator),
    [],
  );
});
