import assert from "node:assert/strict";
import { test } from "node:test";
import { openLibraryRoom } from "./testing.ts";
import { SharedSync, SharedTransaction } from "./together.ts";

test("whoever asks while a sync is running waits for one that began afterwards, and shares it", async () => {
  const begun: PromiseWithResolvers<void>[] = [];
  const shared = new SharedSync(() => {
    const sync = Promise.withResolvers<void>();
    begun.push(sync);
    return sync.promise;
  });
  const told: string[] = [];
  const ask = (name: string): Promise<void> => shared.run().then(() => void told.push(name));
  const first = [ask("a"), ask("b")];
  await new Promise(setImmediate);
  const second = [ask("c"), ask("d")];
  await new Promise(setImmediate);
  assert.equal(begun.length, 1);
  begun[0]?.resolve();
  await Promise.all(first);
  await new Promise(setImmediate);
  assert.deepEqual(told, ["a", "b"]);
  assert.equal(begun.length, 2);
  begun[1]?.resolve();
  await Promise.all(second);
  assert.equal(begun.length, 2);
});

test("a sync that fails is told to those who waited for it, and to nobody else", async () => {
  let count = 0;
  const shared = new SharedSync(async () => {
    if (++count === 1) throw new RangeError("the disk is gone");
  });
  await assert.rejects(Promise.all([shared.run(), shared.run()]), RangeError);
  await shared.run();
  assert.equal(count, 2);
});

/** A store of numbers whose transactions are counted; `commit` may fail. */
function store(commit: (numbers: readonly number[]) => void = () => undefined): {
  numbers: number[];
  transactions: () => number;
  shared: SharedTransaction;
} {
  const numbers: number[] = [];
  let transactions = 0;
  const shared = new SharedTransaction((work) => {
    transactions++;
    const before = [...numbers];
    try {
      work();
      commit(numbers);
    } catch (error) {
      numbers.splice(0, numbers.length, ...before);
      throw error;
    }
  });
  return { numbers, transactions: () => transactions, shared };
}

test("what comes at once is committed in one transaction, and told after it", async () => {
  let committed = false;
  const { numbers, transactions, shared } = store(() => (committed = true));
  const add = (n: number): Promise<number> => shared.run(() => numbers.push(n));
  const all = [1, 2, 3].map(async (n) => {
    const length = await add(n);
    assert.ok(committed);
    return length;
  });
  assert.deepEqual(await Promise.all(all), [1, 2, 3]);
  assert.deepEqual([numbers, transactions()], [[1, 2, 3], 1]);
});

test("one that fails is undone alone, whether in its work or at its commit", async () => {
  const { numbers, shared } = store((all) => {
    if (all.includes(4)) throw new RangeError("no room for a four");
  });
  const add = (n: number): Promise<void> =>
    shared.run(() => {
      numbers.push(n);
      if (n === 2) throw new TypeError("no twos");
    });
  const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map(add));
  assert.deepEqual(
    outcomes.map((one) => (one.status === "rejected" ? (one.reason as Error).name : "kept")),
    ["kept", "TypeError", "kept", "RangeError", "kept"],
  );
  assert.deepEqual(numbers, [1, 3, 5]);
});

test("files put at once share commits", async (t) => {
  const room = await openLibraryRoom(t);
  const transaction = t.mock.method(room.vault, "transaction");
  const puts = Array.from({ length: 40 }, (_, i) => room.put(`/file ${i}`, `content ${i}`));
  for (const [i, put] of puts.entries()) assert.equal(await room.read((await put).id), `content ${i}`);
  assert.equal(room.library.list().length, 40);
  assert.ok(transaction.mock.callCount() < 30, `${transaction.mock.callCount()} transactions`);
});

test("of files put at once, one that cannot be kept leaves nothing and costs no other one", async (t) => {
  const room = await openLibraryRoom(t);
  const folder = room.library.makeFolder("goes");
  const puts = Array.from({ length: 20 }, (_, i) => room.put(`/file ${i}`, `content ${i}`));
  const lost = room.put("/goes/late", "too late");
  room.library.remove(folder.id);
  await assert.rejects(lost, { code: "unknown_folder" });
  await Promise.all(puts);
  assert.deepEqual([room.library.list().length, room.blobs().length], [20, 20]);
});
