import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, toHex } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { LedgerEntry } from "./entry.ts";
import { accusedBy, forkOfBeginning, forkOfEntries, forkOfHeads, verifyForkProof } from "./fork-proof.ts";
import { type History, history, signer } from "./testing.ts";
import { portableLine } from "./portable.ts";

const liar = signer(1);
const shown = history(liar, ["a", "b", "c", "d", "e", "f", "g"]);
const hidden = history(liar, ["a", "b", "X", "d", "e", "f", "g"]);
const entryOf = (of: History, sequence: number): LedgerEntry => of.entries[sequence - 1] as LedgerEntry;

function proofs(): Uint8Array[] {
  const all = [
    forkOfEntries(entryOf(shown, 3), entryOf(hidden, 3)),
    forkOfHeads(shown.head(5), hidden.head(5)),
    forkOfBeginning(shown.head(3), hidden.head(7), hidden.beginning(3, 7)),
    forkOfBeginning(shown.head(4), hidden.head(7), hidden.beginning(4, 7)),
  ];
  return all.map((proof) => proof ?? assert.fail("no proof"));
}

test("two histories of one signer are proven by two entries, two heads, or a head that goes on from another beginning", () => {
  for (const proof of proofs()) {
    assert.deepEqual(verifyForkProof(proof)?.signer, liar.publicKey);
    assert.equal(accusedBy(proof), toHex(liar.publicKey));
    assert.ok(portableLine("fork-proof").length + proof.length <= MESH_LIMITS.gossipBytes);
  }
  assert.match(verifyForkProof(proofs()[0] as Uint8Array)?.why ?? "", /number 3\./);
});

test("the same two make the same proof, whichever comes first", () => {
  assert.deepEqual(forkOfEntries(entryOf(hidden, 3), entryOf(shown, 3)), proofs()[0]);
  assert.deepEqual(forkOfHeads(hidden.head(5), shown.head(5)), proofs()[1]);
});

test("no proof comes of one history, of two signers, or of the same signed twice", () => {
  const honest = history(signer(2), ["a", "b", "Y", "d", "e"]);
  assert.equal(forkOfEntries(entryOf(shown, 3), entryOf(shown, 3)), null);
  assert.equal(forkOfEntries(entryOf(shown, 3), entryOf(hidden, 4)), null);
  assert.equal(forkOfEntries(entryOf(shown, 3), entryOf(honest, 3)), null);
  assert.equal(forkOfHeads(shown.head(5), honest.head(5)), null);
  assert.equal(forkOfHeads(shown.head(2), hidden.head(2)), null, "up to there they are the same");
  assert.equal(forkOfHeads(shown.head(5), hidden.head(6)), null);
  assert.equal(forkOfBeginning(shown.head(3), shown.head(7), shown.beginning(3, 7)), null);
  assert.equal(forkOfBeginning(honest.head(3), hidden.head(7), hidden.beginning(3, 7)), null);
});

test("the attack: an honest signer is accused of what it did not sign", () => {
  const honest = history(signer(2), ["a", "b", "c", "d", "e"]);
  // The path of another log, a root that was made up, a path cut short: none leads to what the honest one signed.
  const made = [
    hidden.beginning(3, 5),
    { root: new Uint8Array(32), path: honest.beginning(3, 5).path },
    { root: honest.beginning(3, 5).root, path: [] },
  ];
  for (const beginning of made) assert.equal(forkOfBeginning(honest.head(3), honest.head(5), beginning), null);
  // Put together by hand, as one who does not use this code would.
  const { root, path } = hidden.beginning(3, 5);
  const forged = concatBytes(honest.head(3).bytes, honest.head(5).bytes, root, Uint8Array.of(path.length), ...path);
  assert.equal(verifyForkProof(concatBytes(Uint8Array.of(1, 3), forged)), null);
  assert.equal(verifyForkProof(concatBytes(Uint8Array.of(1, 2), honest.head(5).bytes, hidden.head(5).bytes)), null);
  assert.equal(verifyForkProof(concatBytes(Uint8Array.of(1, 2), honest.head(5).bytes, honest.head(5).bytes)), null);
});

test("bytes of a proof cannot be changed, nothing cut and nothing put behind", () => {
  for (const proof of proofs()) {
    for (let at = 0; at < proof.length; at += 3) {
      const altered = proof.slice();
      altered[at] = (altered[at] as number) ^ 0x41;
      assert.equal(verifyForkProof(altered), null, `byte ${at}`);
      assert.equal(verifyForkProof(proof.subarray(0, at)), null, `cut at ${at}`);
    }
    assert.equal(verifyForkProof(concatBytes(proof, new Uint8Array(1))), null);
  }
  const [a, b] = [shown.head(5), hidden.head(5)].sort((x, y) => (toHex(x.root) < toHex(y.root) ? 1 : -1));
  assert.ok(a && b);
  assert.equal(verifyForkProof(concatBytes(Uint8Array.of(1, 2), a.bytes, b.bytes)), null, "in the other order");
});
