import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, utf8Encode } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { leafHash } from "../../crypto/merkle-tree.ts";
import { bodyOf, ENTRY_BYTES_MAX, NO_ENTRY, readEntry, signEntry } from "./entry.ts";
import { EntryChain } from "./entry-chain.ts";
import { history, NOW, signer } from "./testing.ts";

const owner = signer(1);
const first = { sequence: 1, previous: NO_ENTRY, madeAtMs: NOW, kind: "deletion", body: new Uint8Array(32) } as const;

test("an entry says what was signed, and by whom", () => {
  const made = signEntry(first, owner);
  assert.deepEqual(readEntry(made.bytes), made);
  assert.deepEqual(readEntry(made.bytes, owner.publicKey), made);
  assert.equal(readEntry(made.bytes, signer(2).publicKey), null);
  assert.deepEqual(made.hash, leafHash(concatBytes(utf8Encode("nocturne/ledger/entry/v1"), made.bytes.slice(0, -64))));
});

test("no bit can be changed, nothing cut and nothing put behind", () => {
  const { bytes } = signEntry(first, owner);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const altered = bytes.slice();
    altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.equal(readEntry(altered), null, `bit ${bit}`);
  }
  for (let length = 0; length < bytes.length; length++) assert.equal(readEntry(bytes.subarray(0, length)), null);
  assert.equal(readEntry(concatBytes(bytes, new Uint8Array(1))), null);
});

test("a small statement stands in the entry, a long or tiny one by its hash", () => {
  const { statementBytes } = MESH_LIMITS;
  for (const length of [33, 100, statementBytes]) assert.equal(bodyOf(new Uint8Array(length)).length, length);
  for (const length of [0, 32, statementBytes + 1, 100_000]) {
    assert.deepEqual(bodyOf(new Uint8Array(length)), sha256(new Uint8Array(length)));
  }
  const longest = signEntry({ ...first, body: new Uint8Array(statementBytes) }, owner);
  assert.equal(longest.bytes.length, ENTRY_BYTES_MAX);
  assert.ok(readEntry(longest.bytes));
});

test("what cannot be an entry is not signed", () => {
  const wrong = [
    { ...first, sequence: 0 },
    { ...first, sequence: 2 },
    { ...first, sequence: 1.5, previous: new Uint8Array(32).fill(1) },
    { ...first, previous: new Uint8Array(32).fill(1) },
    { ...first, previous: new Uint8Array(31) },
    { ...first, madeAtMs: -1 },
    { ...first, body: new Uint8Array(31) },
    { ...first, body: new Uint8Array(MESH_LIMITS.statementBytes + 1) },
  ];
  for (const entry of wrong) assert.throws(() => signEntry(entry, owner), { code: "ledger_entry" });
});

test("a chain takes entries in their order alone: none left out, none of another history or signer", () => {
  const { entries } = history(owner, ["a", "b", "c", "d"]);
  const other = history(owner, ["a", "B", "c"]).entries;
  const stranger = history(signer(2), ["a", "b"]).entries;
  const chain = new EntryChain(owner.publicKey);
  const bytesOf = (index: number, from = entries): Uint8Array => (from[index] as (typeof entries)[0]).bytes;
  assert.ok(chain.next(bytesOf(0)));
  assert.equal(chain.next(bytesOf(0)), null, "again");
  assert.equal(chain.next(bytesOf(2)), null, "one left out");
  assert.equal(chain.next(bytesOf(1, stranger)), null, "of another signer");
  assert.ok(chain.next(bytesOf(1)));
  assert.equal(chain.next(bytesOf(2, other)), null, "of a history that was another one before");
  assert.ok(chain.next(bytesOf(2)));
  assert.equal(chain.size, 3);
  assert.deepEqual(chain.root(), history(owner, ["a", "b", "c"]).head().root);
});
