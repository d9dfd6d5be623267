import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { concatBytes, toHex } from "../../core/bytes.ts";
import { ed25519 } from "../../crypto/signing.ts";
import { readEntry, signEntry } from "../../mesh/ledger/entry.ts";
import { verifyForkProof } from "../../mesh/ledger/fork-proof.ts";
import type { NetworkId } from "../agent-ids.ts";
import { Journal, type Noted } from "./journal.ts";
import { encodeSaid, readSaid, type Said } from "./said.ts";
import { newClock, newFolder, newJournal, NETWORK, START_MS, words } from "./testing.ts";

const LONG = "x".repeat(8_000);

test("what is said stands in a log that others take, entry after entry, and is there after a restart", async (t) => {
  const folder = newFolder(t);
  const key = ed25519.createKeyPair();
  const clock = newClock();
  const journal = newJournal(t, { folder, key, clock });
  const said = await Promise.all(["a", LONG, "c"].map((text) => journal.say(words(text))));
  assert.deepEqual(
    said.map(({ sequence }) => sequence),
    [1, 2, 3],
  );
  const other = newJournal(t);
  assert.deepEqual(other.take(said), ["taken", "taken", "taken"]);
  assert.deepEqual(other.take(said), ["known", "known", "known"]);
  assert.deepEqual(other.ends(), journal.ends());
  journal[Symbol.dispose]();
  using again = new Journal({ folder, key, network: NETWORK, clock });
  assert.deepEqual(again.ends(), other.ends());
  const fourth = await again.say(words("d"));
  assert.deepEqual([fourth.sequence, other.take([fourth])], [4, ["taken"]]);
  assert.deepEqual(
    [...again.all(["entry"])].map((noted) => toHex(noted.said.entry.hash)),
    [...other.all(["entry"])].map((noted) => toHex(noted.said.entry.hash)),
  );
});

test("a gap waits, a fork is proven and ends the log, another network's statement is none", async (t) => {
  const folder = newFolder(t);
  const key = ed25519.createKeyPair();
  const journal = newJournal(t, { folder, key });
  const first = await journal.say(words("first"));
  // A copy of the disk, with which the same device goes on otherwise.
  const elsewhere = newFolder(t);
  cpSync(join(folder, "journal.db"), join(elsewhere, "journal.db"));
  cpSync(join(folder, "journal.db-wal"), join(elsewhere, "journal.db-wal"));
  const twin = newJournal(t, { folder: elsewhere, key });
  const [second, third] = [await journal.say(words("second")), await journal.say(words("third"))];
  const otherSecond = await twin.say(words("something else"));

  const other = newJournal(t);
  assert.deepEqual(other.take([third]), ["gap"]);
  assert.deepEqual(other.take([first, second]), ["taken", "taken"]);
  assert.deepEqual(other.take([otherSecond, third]), ["fork", "refused"]);
  const proof = other.fork(journal.device);
  assert.equal(toHex(verifyForkProof(proof as Uint8Array)?.signer as Uint8Array), journal.device);
  assert.equal(other.sizeOf(journal.device), 2);

  const third3 = newJournal(t);
  third3.take([first]);
  assert.equal(third3.convict(new Uint8Array(10)), false);
  assert.equal(third3.convict(proof as Uint8Array), true);
  assert.deepEqual(third3.take([second]), ["refused"]);

  const elsewhereNet = { ...first, statement: { ...first.statement, network: "22".repeat(32) as NetworkId } };
  assert.deepEqual(newJournal(t).take([elsewhereNet]), ["wrong"]);
});

test("nothing is signed from an older copy of the disk", async (t) => {
  const folder = newFolder(t);
  const key = ed25519.createKeyPair();
  const journal = newJournal(t, { folder, key });
  await journal.say(words("first"));
  const elsewhere = newFolder(t);
  cpSync(join(folder, "journal.db"), join(elsewhere, "journal.db"));
  cpSync(join(folder, "journal.db-wal"), join(elsewhere, "journal.db-wal"));
  const second = await journal.say(words("second"));
  const older = newJournal(t, { folder: elsewhere, key });
  assert.deepEqual(older.take([second]), ["refused"]);
  assert.ok(older.isBehind);
  await assert.rejects(older.say(words("second, otherwise")), { code: "journal_behind" });
  older[Symbol.dispose]();
  const restarted = newJournal(t, { folder: elsewhere, key });
  await assert.rejects(restarted.say(words("second, otherwise")), { code: "journal_behind" });
});

test("what is said too often in a minute stands there and counts for nothing, for everybody alike", async (t) => {
  const clock = newClock();
  const journal = newJournal(t, { clock });
  const noted: Noted[] = [];
  journal.onNoted((all) => noted.push(...all));
  const most = AGENT_LIMITS.entriesAMinute;
  const said: Said[] = [];
  for (let i = 0; i < most + 3; i++) said.push(await journal.say(words(`${i}`)));
  clock.atMs += 60_000;
  said.push(await journal.say(words("a minute later")));
  const voids = noted.map(({ isVoid }) => isVoid);
  assert.deepEqual(voids, [...Array<boolean>(most).fill(false), true, true, true, false]);
  const other = newJournal(t, { clock });
  other.take(said);
  assert.deepEqual(
    [...other.all(["entry"])].map(({ isVoid }) => isVoid),
    voids,
  );
});

test("a log does not go back in time, and what is of the future waits", async (t) => {
  const clock = newClock();
  const key = ed25519.createKeyPair();
  const journal = newJournal(t, { clock, key });
  const first = await journal.say(words("first"));
  clock.atMs -= 3_600_000;
  const second = await journal.say(words("the clock was set back"));
  assert.equal(second.madeAtMs, START_MS);
  const { entry } = first;
  const back = signEntry(
    { sequence: 2, previous: entry.hash, madeAtMs: START_MS - 1, kind: "agent", body: second.entry.body },
    key,
  );
  const other = newJournal(t);
  assert.deepEqual(other.take([first, { ...second, entry: back, madeAtMs: START_MS - 1 }]), ["taken", "wrong"]);
  const early = newJournal(t, { clock: { ...newClock(), atMs: START_MS - AGENT_LIMITS.clockSkewMs - 1 } });
  assert.deepEqual(early.take([first]), ["later"]);
});

test("said: one encoding, and nothing passes that was altered", async (t) => {
  const journal = newJournal(t);
  for (const text of ["short", LONG]) {
    const said = await journal.say(words(text));
    const bytes = encodeSaid(said);
    assert.deepEqual(encodeSaid(readSaid(bytes) as Said), bytes);
    for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 97)) {
      const altered = bytes.slice();
      altered[at] = (altered[at] as number) ^ 1;
      assert.equal(readSaid(altered), null, `byte ${at} of ${bytes.length}`);
    }
    assert.equal(readSaid(concatBytes(bytes, new Uint8Array(1))), null);
    assert.equal(readSaid(bytes.subarray(0, bytes.length - 1)), null);
  }
  const short = await journal.say(words("short"));
  assert.ok(readEntry(short.entry.bytes));
  // The entry holds it already.
  assert.equal(readSaid(concatBytes(encodeSaid(short), short.bytes)), null);
  await assert.rejects(journal.say(words("x".repeat(AGENT_LIMITS.statementBytes))), { code: "statement_too_long" });
});
