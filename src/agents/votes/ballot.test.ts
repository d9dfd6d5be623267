import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { concatBytes, fromHex, toHex, u16, utf8Encode } from "../../core/bytes.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import type { NetworkId } from "../agent-ids.ts";
import {
  type Commitment,
  commitmentOf,
  encodeCommitment,
  encodeReveal,
  opens,
  readCommitment,
  readReveal,
  type RevealBody,
  type Vote,
} from "./ballot.ts";
import { entryNamed, operatorNamed, RULES } from "./testing.ts";

const { network } = RULES;
const [subject, operator] = [entryNamed("a"), operatorNamed("a")];
const nonce = new Uint8Array(32).fill(7);
const commitment = commitmentOf({ network, subject, operator, vote: "for", nonce });
const numbered = (n: number): Commitment => toHex(concatBytes(new Uint8Array(30), u16(n))) as Commitment;
const reveal: RevealBody = { subject, vote: "against", nonce, reason: "süß", seen: [numbered(1), numbered(2)] };

test("a commitment is the hash of everything that must not be exchanged", () => {
  const parts = [utf8Encode("nocturne/agents/vote/v1"), fromHex(network), fromHex(subject), fromHex(operator)];
  assert.equal(commitment, toHex(sha256(concatBytes(...parts, Uint8Array.of(1), nonce))));
});

test("the attack: a commitment copied from another operator, or one of another entry, network, vote or nonce, opens to nothing", () => {
  const said = { subject, vote: "for", nonce } as const;
  assert.ok(opens(said, operator, network, commitment));
  assert.ok(!opens(said, operatorNamed("b"), network, commitment));
  assert.ok(!opens(said, operator, toHex(new Uint8Array(32)) as NetworkId, commitment));
  assert.ok(!opens({ ...said, subject: entryNamed("b") }, operator, network, commitment));
  assert.ok(!opens({ ...said, vote: "against" }, operator, network, commitment));
  assert.ok(!opens({ ...said, nonce: nonce.with(31, 8) }, operator, network, commitment));
});

test("bodies are read as they were written, and not cut or longer", () => {
  assert.deepEqual(readCommitment(encodeCommitment({ subject, commitment })), { subject, commitment });
  for (const one of [reveal, { ...reveal, vote: "for" as const, reason: "", seen: [] }])
    assert.deepEqual(readReveal(encodeReveal(one)), one);
  const bytes = encodeReveal(reveal);
  for (let length = 0; length < bytes.length; length++) assert.equal(readReveal(bytes.subarray(0, length)), null);
  assert.equal(readReveal(concatBytes(bytes, Uint8Array.of(0))), null);
  for (const length of [0, 32, 63, 65, 96]) assert.equal(readCommitment(new Uint8Array(length)), null);
});

test("a reveal has one encoding: names rise, each once, the vote is one", () => {
  const head = encodeReveal({ ...reveal, seen: [] }).slice(0, -1);
  const named = (...seen: Commitment[]) => concatBytes(head, Uint8Array.of(seen.length), ...seen.map(fromHex));
  assert.ok(readReveal(named(numbered(1), numbered(2))));
  assert.equal(readReveal(named(numbered(2), numbered(1))), null);
  assert.equal(readReveal(named(numbered(1), numbered(1))), null);
  for (const vote of [0, 3, 255]) assert.equal(readReveal(encodeReveal(reveal).with(32, vote)), null);
});

test("what does not fit is not said", () => {
  const most = Array.from({ length: AGENT_LIMITS.seen + 1 }, (_, n) => numbered(n));
  assert.ok(readReveal(encodeReveal({ ...reveal, seen: most.slice(1), reason: "x".repeat(AGENT_LIMITS.noteBytes) })));
  const wrong: Partial<RevealBody>[] = [
    { seen: most },
    { seen: [numbered(2), numbered(1)] },
    { seen: [numbered(1), numbered(1)] },
    { seen: ["x".repeat(64) as Commitment] },
    { reason: "x".repeat(AGENT_LIMITS.noteBytes + 1) },
    { reason: "two\nlines" },
    { nonce: nonce.subarray(1) },
    { vote: "toString" as Vote },
  ];
  for (const one of wrong) assert.throws(() => encodeReveal({ ...reveal, ...one }), { code: "ballot" });
  assert.throws(() => encodeCommitment({ subject, commitment: commitment.slice(1) as Commitment }), { code: "ballot" });
});
