/** `vectors/agent-contacts.json`, NEP-34. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromHex, toHex } from "../core/bytes.ts";
import { encodeContact, readContact } from "../agents/contacts/contact.ts";
import { isProven } from "./agent-contact-proof.ts";

const { contacts } = JSON.parse(readFileSync(join(import.meta.dirname, "../../vectors/agent-contacts.json"), "utf8"));

test("contacts, and their proofs", () => {
  for (const { network, body, ...contact } of contacts.valid) {
    assert.deepEqual(readContact(fromHex(body)), contact);
    assert.equal(toHex(encodeContact(contact)), body);
    assert.ok(isProven(contact, network));
  }
});

test("contacts that prove nothing", () => {
  for (const { why, network, body } of contacts.unproven) {
    const contact = readContact(fromHex(body));
    assert.ok(contact, why);
    assert.equal(isProven(contact, network), false, why);
  }
});

test("what is no contact", () => {
  for (const { why, body } of contacts.invalid) assert.equal(readContact(fromHex(body)), null, why);
});
