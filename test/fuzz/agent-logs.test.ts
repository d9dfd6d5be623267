/**
 * What agents send each other, under attack (2,000 mutations of each form): nothing throws, nothing is read in two ways, and what was
 * altered is not taken for what somebody said. `SEED=N` repeats a run.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { concatBytes, toHex, u16, utf8Encode } from "../../src/core/bytes.ts";
import { ed25519 } from "../../src/crypto/signing.ts";
import { bodyOf, NO_ENTRY, signEntry } from "../../src/mesh/ledger/entry.ts";
import type { DeviceId, NetworkId } from "../../src/agents/agent-ids.ts";
import { encodeSaid, readSaid, type Said, saidOf } from "../../src/agents/journal/said.ts";
import {
  answerSync,
  askAfter,
  askEnds,
  askFork,
  type End,
  encodeEnds,
  readEnds,
  readPage,
} from "../../src/agents/journal/sync-protocol.ts";
import { encodeStatement, readStatement } from "../../src/agents/statement.ts";
import { mutated } from "../support/mutated.ts";
import { Xorshift } from "../support/xorshift.ts";

const MUTATIONS = 2_000;
const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const network = "11".repeat(32) as NetworkId;
const key = ed25519.createKeyPair();
const device = toHex(key.publicKey) as DeviceId;

function sayAt(sequence: number, previous: Uint8Array, text: string): Said {
  const bytes = encodeStatement({ kind: "entry", network, body: utf8Encode(text) });
  const entry = signEntry({ sequence, previous, madeAtMs: sequence, kind: "agent", body: bodyOf(bytes) }, key);
  return saidOf(entry, bytes) as Said;
}

const first = sayAt(1, NO_ENTRY, "short");
const second = sayAt(2, first.entry.hash, "long".repeat(300));
const log = [first, second];
const page = concatBytes(...log.map(encodeSaid).flatMap((said) => [u16(said.length), said]));
const ends = new Map<DeviceId, End>([
  [device, { size: 2, hash: second.entry.hash }],
  ["ff".repeat(32) as DeviceId, { size: 0, hash: NO_ENTRY }],
]);

test(`what agents send each other, mutated; SEED=${SEED}`, () => {
  const random = new Xorshift(SEED);
  const journal = {
    ends: () => ends,
    after: (of: DeviceId, sequence: number) => (of === device ? log.slice(sequence).map(encodeSaid) : []),
    fork: () => null,
  };
  const told = new Set(log.map((said) => toHex(encodeSaid(said))));
  for (let i = 0; i < MUTATIONS; i++) {
    const said = mutated(random, encodeSaid(log[i % 2] as Said), page);
    const read = readSaid(said);
    if (read) assert.ok(told.has(toHex(said)) && toHex(encodeSaid(read)) === toHex(said));
    const pages = readPage(mutated(random, page, page), device, 0) ?? [];
    for (const one of pages) assert.ok(told.has(toHex(encodeSaid(one))));
    const bytes = mutated(random, encodeEnds(ends), page);
    const found = readEnds(bytes);
    if (found) assert.equal(toHex(encodeEnds(found)), toHex(bytes));
    const statement = mutated(random, first.bytes, page);
    const stated = readStatement(statement);
    if (stated) assert.equal(toHex(encodeStatement(stated)), toHex(statement));
    const question = [askEnds(network, ends), askAfter(network, device, 1), askFork(network, device)][
      i % 3
    ] as Uint8Array;
    assert.ok(answerSync(mutated(random, question, page), network, journal).length <= page.length);
  }
});
