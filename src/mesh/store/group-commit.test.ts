import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { GroupCommit } from "./group-commit.ts";

/** Counts; undoes nothing, as the works here do nothing that counts before they fail. */
class CountedDisk {
  transactions = 0;
  syncs = 0;
  syncError: Error | null = null;
  #release: (() => void)[] = [];

  transaction(work: () => void): void {
    work();
    this.transactions++;
  }

  async sync(): Promise<void> {
    await new Promise<void>((resolve) => this.#release.push(resolve));
    if (this.syncError) throw this.syncError;
    this.syncs++;
  }

  /** Lets the sync end that is under way. */
  async release(): Promise<void> {
    await nextTurn();
    this.#release.shift()?.();
    await nextTurn();
  }
}

test("what comes while the disk is busy shares the next round, and nothing is acknowledged before its sync", async () => {
  const disk = new CountedDisk();
  const commits = new GroupCommit(disk);
  const acknowledged: number[] = [];
  const put = async (n: number): Promise<void> => void acknowledged.push(await commits.run(() => n));
  const first = put(0);
  await nextTurn();
  assert.deepEqual([disk.transactions, acknowledged], [1, []]);
  const rest = Promise.all(Array.from({ length: 50 }, (_, n) => put(n + 1)));
  await disk.release();
  await first;
  assert.deepEqual([disk.transactions, disk.syncs, acknowledged], [2, 1, [0]]);
  await disk.release();
  await rest;
  assert.deepEqual([disk.transactions, disk.syncs, acknowledged.length], [2, 2, 51]);
});

test("what fails fails alone", async () => {
  const disk = new CountedDisk();
  const commits = new GroupCommit(disk);
  const fail = (): never => {
    throw new Error("no row");
  };
  const all = Promise.allSettled([commits.run(() => 1), commits.run(fail), commits.run(() => 3)]);
  await disk.release();
  assert.deepEqual(
    (await all).map((one) => (one.status === "fulfilled" ? one.value : String(one.reason))),
    [1, "Error: no row", 3],
  );
});

test("after a sync that failed nothing is acknowledged any more", async () => {
  const disk = new CountedDisk();
  const commits = new GroupCommit(disk);
  disk.syncError = new Error("EIO");
  const lost = assert.rejects(
    commits.run(() => 1),
    /EIO/,
  );
  await disk.release();
  await lost;
  disk.syncError = null;
  await assert.rejects(
    commits.run(() => 2),
    /EIO/,
  );
  assert.equal(disk.transactions, 1);
});
