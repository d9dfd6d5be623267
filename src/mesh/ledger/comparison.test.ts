import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { atEnd, temporaryFolder } from "../../../test/support/cleanup.ts";
import { concatBytes, toHex } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { HeadComparer, type HeadSource } from "./comparison.ts";
import { readEntry } from "./entry.ts";
import { verifyForkProof } from "./fork-proof.ts";
import { HeadBook } from "./head-book.ts";
import { signHead, type SignedHead } from "./head.ts";
import { LedgerLog } from "./log.ts";
import { type History, history, NOW, signer, TestClock } from "./testing.ts";
import { encodeWitnessedHead, readCosignature, readWitnessedHead, signCosignature, Witness } from "./witness.ts";

const liar = signer(1);
const LIAR = toHex(liar.publicKey);
const shown = history(liar, ["a", "b", "c", "d", "e", "f", "g", "h"]);
const hidden = history(liar, ["a", "b", "X", "d", "e", "f", "g", "h"]);

/** Somebody who answers by one history, whatever was shown. */
function answering(by: History): HeadSource & { asked: number } {
  return {
    asked: 0,
    async consistency(_signer, from, to) {
      this.asked += 1;
      return by.beginning(from, to);
    },
  };
}

const silent: HeadSource = { consistency: async () => null };
const unreachable: HeadSource = { consistency: () => Promise.reject(new Error("no answer")) };

interface Setup {
  readonly source?: HeadSource;
  readonly folder?: string;
  readonly knows?: (signer: string) => boolean;
  readonly clock?: TestClock;
}

function setUp(t: TestContext, options: Setup = {}) {
  const { source = answering(shown), knows = () => true, clock = new TestClock() } = options;
  const folder = options.folder ?? temporaryFolder(t);
  const book = new HeadBook({ folder, knows, clock });
  atEnd(t, () => book.close());
  const comparer = new HeadComparer({ book, source, clock });
  return { folder, book, clock, comparer };
}

function witnessOf(t: TestContext, { folder, book, comparer, clock }: ReturnType<typeof setUp>, number = 9) {
  const by = signer(number);
  const log = new LedgerLog({ folder, by, clock });
  atEnd(t, () => log.close());
  return {
    log,
    witness: new Witness({ book, comparer, by, note: async (...said) => void (await log.append(...said)), clock }),
  };
}

/** Past the pause between two questions about one signer. */
function later(clock: TestClock): void {
  clock.ms += MESH_LIMITS.headCheckMs;
}

test("a ledger that grows is followed; what is known or late costs nothing, or one question", async (t) => {
  const source = answering(shown);
  const { comparer, clock, book } = setUp(t, { source });
  assert.equal(await comparer.compare(shown.head(2)), "first");
  assert.equal(await comparer.compare(shown.head(5)), "longer");
  assert.equal(await comparer.compare(shown.head(2)), "known");
  assert.equal(await comparer.compare(shown.head(3)), "shorter");
  assert.equal(source.asked, 2);
  later(clock);
  assert.equal(await comparer.compare(shown.head(8)), "longer");
  assert.deepEqual(book.newest(LIAR), shown.head(8));
  assert.equal(book.fork(LIAR), null);
});

test("the attack: two histories shown to two parties are proven as soon as the two heads meet", async (t) => {
  for (const [mine, theirs] of [
    [shown.head(5), hidden.head(5)],
    [shown.head(5), hidden.head(7)],
    [shown.head(4), hidden.head(7)],
    [hidden.head(7), shown.head(5)],
  ] as const) {
    // The signer shows the way to the bigger head, as it must if that one is to count.
    const { comparer, book } = setUp(t, { source: answering(hidden) });
    assert.equal(await comparer.compare(mine), "first");
    assert.equal(book.fork(LIAR), null, "alone it looks well");
    assert.equal(await comparer.compare(theirs), "fork");
    assert.deepEqual(verifyForkProof(book.fork(LIAR) ?? new Uint8Array())?.signer, liar.publicKey);
    assert.equal(await comparer.compare(mine), "fork", "nothing of this signer counts any more");
  }
});

test("the same without comparing: each party is content with what it was shown", async (t) => {
  const [mine, theirs] = [setUp(t), setUp(t, { source: answering(hidden) })];
  assert.equal(await mine.comparer.compare(shown.head(5)), "first");
  assert.equal(await theirs.comparer.compare(hidden.head(5)), "first");
  later(mine.clock);
  later(theirs.clock);
  assert.equal(await mine.comparer.compare(shown.head(8)), "longer");
  assert.equal(await theirs.comparer.compare(hidden.head(8)), "longer");
  assert.deepEqual([mine.book.fork(LIAR), theirs.book.fork(LIAR)], [null, null]);
});

test("a liar who shows no way, or a wrong one, gets no further, and is not accused of what is not proven", async (t) => {
  const wrong: HeadSource = { consistency: async (_, from, to) => ({ ...hidden.beginning(from, to), path: [] }) };
  const claiming: HeadSource = {
    consistency: async (_, from, to) => ({ root: shown.head(from).root, path: hidden.beginning(from, to).path }),
  };
  for (const source of [silent, unreachable, wrong, claiming, answering(shown)]) {
    const { comparer, book } = setUp(t, { source });
    await comparer.compare(shown.head(4));
    assert.equal(await comparer.compare(hidden.head(7)), "unproven");
    assert.deepEqual([book.newest(LIAR)?.size, book.fork(LIAR)], [4, null]);
  }
});

test("the attack: two heads of two histories at once, each of which fits what was here before", async (t) => {
  const clock = new TestClock();
  // Each question is answered by the history that it is about; both begin with the first two entries.
  const source: HeadSource = {
    consistency: async (_, from, to) => {
      later(clock);
      await new Promise(setImmediate);
      return to === 5 ? shown.beginning(from, to) : hidden.beginning(from, to);
    },
  };
  const { comparer, book } = setUp(t, { source, clock });
  await comparer.compare(shown.head(2));
  const first = comparer.compare(shown.head(5));
  later(clock);
  assert.deepEqual(await Promise.all([first, comparer.compare(hidden.head(7))]), ["longer", "fork"]);
  assert.equal(book.newest(LIAR)?.size, 5);
});

test("who sends old heads of a signer again does not keep its new ones from being looked at", async (t) => {
  const { comparer, clock } = setUp(t);
  await comparer.compare(shown.head(5));
  assert.equal(await comparer.compare(shown.head(3)), "shorter");
  assert.equal(await comparer.compare(shown.head(2)), "busy", "one such question in a while");
  assert.equal(await comparer.compare(shown.head(6)), "longer");
  assert.equal(await comparer.compare(shown.head(7)), "busy");
  later(clock);
  assert.equal(await comparer.compare(shown.head(7)), "longer");
});

test("only so many are compared at a time", async (t) => {
  const { promise, resolve } = Promise.withResolvers<null>();
  const { comparer } = setUp(t, { source: { consistency: () => promise } });
  await comparer.compare(shown.head(1));
  const all = Array.from({ length: MESH_LIMITS.headChecks + 3 }, () => comparer.compare(shown.head(3)));
  await new Promise(setImmediate);
  resolve(null);
  assert.equal((await Promise.all(all)).filter((verdict) => verdict === "busy").length > 2, true);
});

test("the attack: many made-up signers push out what is remembered of one", async (t) => {
  const strangers = Array.from({ length: 30 }, (_, i) => history(signer(100 + i), ["x"]));
  const { comparer, book } = setUp(t, { knows: (one) => one === LIAR, source: answering(hidden) });
  await comparer.compare(shown.head(5));
  for (const stranger of strangers) assert.equal(await comparer.compare(stranger.head()), "stranger");
  assert.equal(book.heads().length, 1);
  assert.equal(await comparer.compare(hidden.head(5)), "fork");
});

test("of one signer the newest heads are remembered", (t) => {
  const { book } = setUp(t);
  const long = history(
    liar,
    Array.from({ length: 12 }, (_, i) => `${i}`),
  );
  for (const size of [3, 12, 1, 5, 4, 7, 6, 8, 9, 10, 11, 2]) book.keep(long.head(size));
  const sizes = Array.from({ length: 12 }, (_, i) => i + 1).filter((size) => book.find(LIAR, size));
  assert.deepEqual(sizes, [5, 6, 7, 8, 9, 10, 11, 12]);
  assert.equal(sizes.length, MESH_LIMITS.headsPerSigner);
});

test("a witness cosigns what fits, once, and writes it into its own ledger", async (t) => {
  const box = setUp(t);
  const { log, witness } = witnessOf(t, box);
  const head = shown.head(3);
  const bytes = await witness.cosign(head);
  assert.deepEqual(readCosignature(head, bytes)?.witness, signer(9).publicKey);
  assert.equal(readCosignature(shown.head(4), bytes), null, "for no other head");
  assert.deepEqual(await witness.cosign(head), bytes);
  assert.equal(log.size, 1, "asked again it signs nothing new");
  assert.deepEqual(readEntry(log.entry(1) as Uint8Array)?.body, concatBytes(bytes, head.bytes));
  assert.ok(await witness.cosign(shown.head(8)));
  const again = signHead({ ...head, madeAtMs: NOW + 1 }, liar);
  assert.ok(readCosignature(again, await witness.cosign(again)), "the same tree, said again later");
});

test("the attack: a second history is cosigned after the witness was started again", async (t) => {
  const box = setUp(t, { source: answering(hidden) });
  await witnessOf(t, box).witness.cosign(shown.head(5));
  box.book.close();
  const restarted = setUp(t, { source: answering(hidden), folder: box.folder });
  const { witness } = witnessOf(t, restarted);
  await assert.rejects(witness.cosign(hidden.head(7)), { code: "ledger_forked" });
  await assert.rejects(witness.cosign(shown.head(5)), { code: "ledger_forked" });
  assert.ok(verifyForkProof(restarted.book.fork(LIAR) ?? new Uint8Array()));
});

test("the same with a witness that forgot: it cosigns both, and its own ledger says so", async (t) => {
  const [one, forgetful] = [setUp(t), setUp(t, { source: answering(hidden) })];
  const first = await witnessOf(t, one).witness.cosign(shown.head(5));
  const second = await witnessOf(t, forgetful).witness.cosign(hidden.head(5));
  assert.ok(readCosignature(shown.head(5), first) && readCosignature(hidden.head(5), second));
});

test("what is unproven, strange or too often is refused", async (t) => {
  const { witness } = witnessOf(t, setUp(t, { source: silent }));
  await witness.cosign(shown.head(3));
  await assert.rejects(witness.cosign(shown.head(4)), { code: "head_unproven" });
  await assert.rejects(witness.cosign(shown.head(5)), { code: "head_refused" });
  const strange = witnessOf(t, setUp(t, { knows: () => false }));
  await assert.rejects(strange.witness.cosign(shown.head(3)), { code: "head_refused" });
  assert.equal(strange.log.size, 0);
});

test("a head with its witnesses is one file; each counts once, and nobody for himself", () => {
  const head = shown.head(3);
  const by = (number: number, of: SignedHead = head) => signCosignature(of, NOW, signer(number));
  const bytes = encodeWitnessedHead(head, [by(12), by(10), by(11)]);
  assert.equal(readWitnessedHead(bytes)?.cosignatures.length, 3);
  assert.equal(readWitnessedHead(encodeWitnessedHead(head, [])), null);
  assert.equal(readWitnessedHead(encodeWitnessedHead(head, [by(10), by(10)])), null, "twice");
  assert.equal(readWitnessedHead(encodeWitnessedHead(head, [by(1)])), null, "its own");
  assert.equal(readWitnessedHead(encodeWitnessedHead(head, [by(10), by(11, shown.head(4))])), null, "of another head");
  for (let at = 0; at < bytes.length; at++) {
    const altered = bytes.slice();
    altered[at] = (altered[at] as number) ^ 0x80;
    assert.equal(readWitnessedHead(altered), null, `byte ${at}`);
  }
});
