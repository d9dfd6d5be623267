/** Contacts of agents under attack: mutations, none of which throws, is read in two ways, or is proven by another's key. `SEED=N` repeats a run. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import type { NetworkId, OperatorId } from "../../src/agents/agent-ids.ts";
import { encodeContact, readContact } from "../../src/agents/contacts/contact.ts";
import { toHex } from "../../src/core/bytes.ts";
import { randomBytes } from "../../src/core/random.ts";
import { isProven, proveContact } from "../../src/node/agent-contact-proof.ts";
import { mutated } from "../support/mutated.ts";
import { Xorshift } from "../support/xorshift.ts";

const MUTATIONS = 3_000;
const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));

const network = toHex(randomBytes(32)) as NetworkId;
const made = (...relays: string[]): Uint8Array =>
  encodeContact(proveContact({ network, operator: toHex(randomBytes(32)) as OperatorId, relays }, randomBytes(32)));

test("whatever is read as a contact is written in that way alone, and none that was altered is proven", () => {
  console.log(`SEED=${SEED}`);
  const random = new Xorshift(SEED);
  const originals = [made("wss://relay.example"), made("ws://127.0.0.1:7777", "wss://a.example", "wss://b.example/x")];
  const known = new Set(originals.map(toHex));
  let read = 0;
  for (let i = 0; i < MUTATIONS; i++) {
    const [bytes, donor] = i % 2 ? originals : originals.toReversed();
    const altered = mutated(random, bytes as Uint8Array, donor as Uint8Array);
    const contact = readContact(altered);
    if (!contact) continue;
    read++;
    assert.deepEqual(encodeContact(contact), altered);
    if (!known.has(toHex(altered))) assert.equal(isProven(contact, network), false, `SEED=${SEED}`);
  }
  assert.ok(read > MUTATIONS * 0.01 && read < MUTATIONS * 0.9, `${read} were read; SEED=${SEED}`);
});
