import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { atEnd, temporaryFolder } from "../../../test/support/cleanup.ts";
import { toHex } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { HeadComparer, type HeadSource } from "./comparison.ts";
import { forkOfHeads, verifyForkProof } from "./fork-proof.ts";
import { LedgerGossip } from "./gossip.ts";
import { HeadBook } from "./head-book.ts";
import { LedgerLog } from "./log.ts";
import { toPortable } from "./portable.ts";
import { type History, history, quietLogger, Room, signer, TestClock } from "./testing.ts";

const liar = signer(1);
const LIAR = toHex(liar.publicKey);
const words = ["a", "b", "c", "d", "e"];
const shown = history(liar, words);
const hidden = history(liar, ["a", "b", "X", "d", "e"]);
const headOf = (of: History, size = 5): Uint8Array => toPortable("ledger-head", of.head(size).bytes);

/** A node that hears a room, and was shown one of the liar's histories by himself. */
async function node(t: TestContext, room: Room, number: number, sees: History, knows = (_: string) => true) {
  const [folder, clock, by] = [temporaryFolder(t), new TestClock(), signer(number)];
  const book = new HeadBook({ folder, knows, clock });
  const log = new LedgerLog({ folder, by, clock });
  const source: HeadSource = { consistency: async (_, from, to) => sees.beginning(from, to) };
  const comparer = new HeadComparer({ book, source, clock });
  const scheduled: (() => void)[] = [];
  const timers = { schedule: (work: () => void) => (scheduled.push(work), () => undefined) };
  const gossip = new LedgerGossip({ join: room.join, book, comparer, log, logger: quietLogger, clock, timers });
  atEnd(t, async () => {
    await gossip[Symbol.asyncDispose]();
    book.close();
    log.close();
  });
  await comparer.compare(sees.head());
  return { book, log, gossip, clock, scheduled, folder, by };
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
};

test("the attack: a liar shows two histories to two nodes, who talk. Both, and a third, have the proof", async (t) => {
  const room = new Room();
  const [one, two, third] = [
    await node(t, room, 10, shown),
    await node(t, room, 11, hidden),
    await node(t, room, 12, shown),
  ];
  assert.ok([one, two, third].every(({ book }) => book.fork(LIAR) === null));
  room.say(headOf(shown));
  await settled();
  for (const { book } of [one, two, third]) {
    assert.deepEqual(verifyForkProof(book.fork(LIAR) ?? new Uint8Array())?.signer, liar.publicKey);
  }
});

test("the same in two rooms that do not hear each other: nobody notices", async (t) => {
  const [here, there] = [new Room(), new Room()];
  const [one, two] = [await node(t, here, 10, shown), await node(t, there, 11, hidden)];
  here.say(headOf(shown));
  there.say(headOf(hidden));
  await settled();
  assert.deepEqual([one.book.fork(LIAR), two.book.fork(LIAR)], [null, null]);
});

test("a node that comes later hears of it when the others announce", async (t) => {
  const room = new Room();
  const one = await node(t, room, 10, shown);
  const proof = forkOfHeads(shown.head(), hidden.head()) as Uint8Array;
  room.say(toPortable("fork-proof", proof));
  assert.deepEqual(one.book.fork(LIAR), proof);
  const late = await node(t, room, 11, shown);
  assert.equal(late.book.fork(LIAR), null);
  one.scheduled[0]?.();
  await settled();
  assert.deepEqual(late.book.fork(LIAR), proof);
  assert.equal(one.scheduled.length, 2, "and again after a while");
});

test("a node announces its own head, and the others remember it", async (t) => {
  const room = new Room();
  const [one, two] = [await node(t, room, 10, shown), await node(t, room, 11, shown)];
  await one.gossip.announce();
  assert.equal(room.messages.length, 0, "an empty ledger has none");
  await one.log.append("receipt", new Uint8Array(40));
  await one.gossip.announce();
  await settled();
  assert.equal(two.book.newest(toHex(one.by.publicKey))?.size, 1);
});

test("the mistake: a node's ledger was put back from a copy. It hears its own head and signs nothing more", async (t) => {
  const room = new Room();
  const one = await node(t, room, 10, shown);
  const lost = history(one.by, words);
  room.say(headOf(lost));
  await assert.rejects(one.log.append("receipt", new Uint8Array(40)), { code: "ledger_behind" });
});

test("nonsense and forgeries are rejected, what is known is not passed on, and none of it is kept", async (t) => {
  const room = new Room();
  const { book } = await node(t, room, 10, shown);
  const forged = headOf(shown, 3);
  forged[forged.length - 1] = (forged.at(-1) as number) ^ 1;
  const proof = forkOfHeads(shown.head(), hidden.head()) as Uint8Array;
  const accusing = proof.slice();
  accusing[accusing.length - 1] = (accusing.at(-1) as number) ^ 1;
  for (const bytes of [
    forged,
    toPortable("fork-proof", accusing),
    toPortable("fork-proof", new Uint8Array(3)),
    toPortable("ledger-head", new Uint8Array(145)),
    toPortable("receipt", shown.head().bytes),
    new Uint8Array(0),
    new Uint8Array(200),
  ]) {
    room.say(bytes);
  }
  assert.deepEqual(new Set(room.verdicts), new Set(["reject"]));
  room.say(headOf(shown));
  assert.equal(room.verdicts.at(-1), "ignore");
  assert.deepEqual([book.heads().length, book.fork(LIAR)], [1, null]);
});

test("what a node has nothing to do with is passed on, and not kept", async (t) => {
  const room = new Room();
  const { book } = await node(t, room, 10, shown, () => false);
  room.say(headOf(shown, 3));
  room.say(toPortable("fork-proof", forkOfHeads(shown.head(), hidden.head()) as Uint8Array));
  await settled();
  assert.deepEqual(room.verdicts, ["take", "take"]);
  assert.deepEqual([book.heads(), book.fork(LIAR)], [[], null]);
});

test("the attack: a flood of signed heads. So many are checked in a second, and the next second goes on", async (t) => {
  const room = new Room();
  const { clock } = await node(t, room, 10, shown);
  const flood = Array.from({ length: MESH_LIMITS.ledgerMessages + 20 }, (_, i) =>
    headOf(history(signer(20 + i), ["x"]), 1),
  );
  for (const bytes of flood) room.say(bytes);
  await settled();
  assert.equal(room.verdicts.filter((verdict) => verdict === "take").length, MESH_LIMITS.ledgerMessages);
  clock.ms += 1_000;
  room.say(flood.at(-1) as Uint8Array);
  await settled();
  assert.equal(room.verdicts.at(-1), "take");
});
