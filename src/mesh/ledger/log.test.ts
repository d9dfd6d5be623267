import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { atEnd, temporaryFolder } from "../../../test/support/cleanup.ts";
import { toHex, utf8Encode } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { verifyConsistency, verifyInclusion } from "../../crypto/merkle-tree.ts";
import { readEntry } from "./entry.ts";
import { examineLog } from "./examination.ts";
import { forkOfEntries } from "./fork-proof.ts";
import { LedgerLog } from "./log.ts";
import { signer, TestClock } from "./testing.ts";

const by = signer(3);
const FILE = `${toHex(by.publicKey)}.db`;

function open(t: TestContext, folder: string): LedgerLog {
  const log = new LedgerLog({ folder, by, clock: new TestClock() });
  atEnd(t, () => log.close());
  return log;
}

const say = (log: LedgerLog, words: string) =>
  log.append("deletion", utf8Encode(`a statement of some length: ${words}`));

test("each entry follows the one before, also after the file was closed and opened", async (t) => {
  const folder = temporaryFolder(t);
  const log = open(t, folder);
  const first = await say(log, "one");
  const [second, third] = await Promise.all([say(log, "two"), say(log, "three")]);
  log.close();
  const again = open(t, folder);
  const fourth = await say(again, "four");
  for (const [before, entry] of [
    [first, second],
    [second, third],
    [third, fourth],
  ] as const) {
    assert.deepEqual(entry.previous, before.hash);
    assert.equal(entry.sequence, before.sequence + 1);
  }
  assert.deepEqual(again.entry(3), third.bytes);
  assert.equal(again.entry(5), null);
  assert.deepEqual(examineLog(join(folder, FILE), by.publicKey), { size: 4, problem: null });
  assert.equal(statSync(join(folder, FILE)).mode & 0o077, 0);
});

test("heads and proofs fit each other at every size", async (t) => {
  const log = open(t, temporaryFolder(t));
  assert.throws(() => log.head(), { code: "ledger_head" });
  const heads = [];
  for (let i = 1; i <= 20; i++) {
    const entry = await say(log, `${i}`);
    heads.push(log.head());
    assert.ok(verifyInclusion(log.root(i), i, i - 1, entry.hash, log.inclusion(i, i)));
  }
  for (const smaller of heads) {
    for (const bigger of heads.slice(smaller.size)) {
      const beginning = log.consistency(smaller.size, bigger.size);
      assert.deepEqual(beginning?.root, smaller.root);
      assert.ok(verifyConsistency(smaller, bigger, beginning?.path ?? []));
    }
  }
  for (const [from, to] of [
    [0, 5],
    [5, 4],
    [5, 21],
    [-1, 5],
    [1.5, 5],
  ] as const) {
    assert.equal(log.consistency(from, to), null, `${from} ${to}`);
  }
});

test("what is asked for at once is written at once, and more than fits is refused", async (t) => {
  const log = open(t, temporaryFolder(t));
  const all = Array.from({ length: MESH_LIMITS.ledgerQueue }, (_, i) => say(log, `${i}`));
  await assert.rejects(say(log, "too much"), { code: "ledger_busy" });
  assert.equal(log.size, 0);
  await all[0];
  assert.equal(log.size, MESH_LIMITS.ledgerQueue, "one write for all");
  const entries = await Promise.all(all);
  assert.deepEqual(
    entries.map(({ sequence }) => sequence),
    entries.map((_, i) => i + 1),
  );
  assert.equal((await say(log, "later")).sequence, entries.length + 1);
  assert.equal([...log.entries(300, 600)].length, 600, "over several pages");
  assert.deepEqual([...log.entries(300, 1)][0], entries[299]?.bytes);
});

test("two processes that have it open give no number twice", async (t) => {
  const folder = temporaryFolder(t);
  const [one, two] = [open(t, folder), open(t, folder)];
  for (let i = 0; i < 5; i++) await Promise.all([say(one, `a${i}`), say(two, `b${i}`)]);
  assert.deepEqual(examineLog(join(folder, FILE), by.publicKey), { size: 10, problem: null });
});

test("kill -9 loses no entry that was acknowledged, and the next one follows the last", async (t) => {
  const folder = temporaryFolder(t);
  const program = `
    import { LedgerLog } from ${JSON.stringify(new URL("./log.ts", import.meta.url).href)};
    import { signer } from ${JSON.stringify(new URL("./testing.ts", import.meta.url).href)};
    const log = new LedgerLog({ folder: ${JSON.stringify(folder)}, by: signer(3) });
    for (let i = 0; ; i++) {
      const some = await Promise.all([0, 1, 2].map((j) => log.append("receipt", new Uint8Array(40).fill(i + j))));
      const last = some.at(-1);
      await new Promise((done) => process.stdout.write(last.sequence + " " + Buffer.from(last.hash).toString("hex") + "\\n", done));
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const exited = once(child, "exit");
  atEnd(t, () => child.kill("SIGKILL"));
  let acknowledged = [0, ""] as [number, string];
  for await (const line of createInterface({ input: child.stdout })) {
    const [sequence, hash] = line.split(" ");
    acknowledged = [Number(sequence), hash ?? ""];
    if (acknowledged[0] >= 90) child.kill("SIGKILL");
  }
  await exited;
  const log = open(t, folder);
  assert.ok(acknowledged[0] >= 90);
  assert.equal(log.size % 3, 0, "a write is whole or absent");
  assert.equal(toHex(readEntry(log.entry(acknowledged[0]) as Uint8Array)?.hash ?? new Uint8Array()), acknowledged[1]);
  const size = log.size;
  const last = readEntry(log.entry(size) as Uint8Array);
  assert.deepEqual((await say(log, "after")).previous, last?.hash);
  assert.deepEqual(examineLog(join(folder, FILE), by.publicKey), { size: size + 1, problem: null });
});

/** Two entries, then a copy of the file, then two more; then the copy is put back. Returns what was lost by that. */
async function restored(t: TestContext): Promise<{ folder: string; lost: LedgerLog }> {
  const [folder, old] = [temporaryFolder(t), temporaryFolder(t)];
  const log = open(t, folder);
  await say(log, "one");
  await say(log, "two");
  new DatabaseSync(join(folder, FILE)).exec(`VACUUM INTO '${join(old, FILE)}'`);
  await say(log, "three");
  await say(log, "four");
  return { folder: old, lost: log };
}

test("the mistake: an older copy is put back. Whoever met his own head signs no second history", async (t) => {
  const { folder, lost } = await restored(t);
  const log = open(t, folder);
  assert.equal(log.meet(lost.head()), false);
  await assert.rejects(say(log, "other three"), { code: "ledger_behind" });
  log.close();
  await assert.rejects(say(open(t, folder), "other three"), { code: "ledger_behind" }, "also after a start");
  assert.equal(lost.meet(lost.head()), true);
  assert.ok(await say(lost, "five"));
});

test("the same without meeting it: a second history is signed, and convicts", async (t) => {
  const { folder, lost } = await restored(t);
  const other = await say(open(t, folder), "other three");
  const shown = readEntry(lost.entry(3) as Uint8Array);
  assert.ok(shown && forkOfEntries(shown, other));
});

test("an altered file is noticed: at its end when it is opened, anywhere when it is examined", async (t) => {
  const whole = temporaryFolder(t);
  const log = open(t, whole);
  await Promise.all(Array.from({ length: 9 }, (_, i) => say(log, `${i}`)));
  log.close();
  const alter = (sql: string): string => {
    const folder = temporaryFolder(t);
    copyFileSync(join(whole, FILE), join(folder, FILE));
    const db = new DatabaseSync(join(folder, FILE));
    db.exec(sql);
    db.close();
    return folder;
  };
  const problems: [sql: string, size: number, problem: RegExp, opens: boolean][] = [
    [
      "UPDATE entries SET bytes = (SELECT bytes FROM entries WHERE sequence = 3) WHERE sequence = 4",
      3,
      /Entry 4/,
      true,
    ],
    ["UPDATE entries SET bytes = zeroblob(200) WHERE sequence = 9", 8, /Entry 9/, false],
    ["DELETE FROM entries WHERE sequence = 5", 4, /Entry 5/, true],
    ["UPDATE nodes SET hash = zeroblob(32) WHERE level = 3", 9, /tree/, true],
    ["UPDATE nodes SET hash = zeroblob(32) WHERE level = 0 AND place = 8", 9, /tree/, false],
    ["DROP TABLE nodes", 0, /damaged/, false],
  ];
  for (const [sql, size, problem, opens] of problems) {
    const folder = alter(sql);
    const examination = examineLog(join(folder, FILE), by.publicKey);
    assert.match(examination.problem ?? "none", problem, sql);
    assert.equal(examination.size, size, sql);
    if (opens) open(t, folder).close();
    else assert.throws(() => open(t, folder), { code: "ledger_corrupt" }, sql);
  }
  const [folder, path] = [temporaryFolder(t), "x"];
  mkdirSync(join(folder, path));
  writeFileSync(join(folder, path, FILE), "not a database at all, but long enough to be looked at".repeat(20));
  assert.throws(() => open(t, join(folder, path)), { code: "ledger_corrupt" });
  assert.match(examineLog(join(folder, path, FILE), by.publicKey).problem ?? "", /damaged/);
  assert.match(examineLog(join(folder, "nothing.db"), by.publicKey).problem ?? "", /damaged/);
  assert.deepEqual(readdirSync(folder), ["x"], "examining makes nothing");
});
