import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../core/clock.ts";
import { toHex, utf8Encode } from "../../core/bytes.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { testFolder } from "../network/testing.ts";
import { bodyOf, readEntry } from "./entry.ts";
import { LedgerLog } from "./log.ts";
import { OwnLedger } from "./own-ledger.ts";
import { Papers } from "./papers.ts";
import { signer } from "./testing.ts";

const STATEMENT = utf8Encode("a statement of more than thirty-two bytes, which others might read");

test("what is to be signed waits until the node heard of itself, and is put down before it goes on", async () => {
  using folder = testFolder();
  using own = new OwnLedger({ folder: folder.path, by: signer(1), clock: systemClock });
  let isNoted = false;
  const noted = own.note("receipt", STATEMENT).then(() => (isNoted = true));
  await sleep(20);
  assert.deepEqual([isNoted, own.log.size], [false, 0]);
  own.open();
  await noted;
  assert.deepEqual([own.log.size, own.grownTo], [1, 1]);
  await own.note("cosignature", STATEMENT);
  assert.deepEqual([own.log.size, own.grownTo], [2, 1], "cosignatures alone call for no new head");
});

test("a node that ends before it heard of itself signs nothing", async () => {
  using folder = testFolder();
  const own = new OwnLedger({ folder: folder.path, by: signer(1), clock: systemClock });
  const noted = assert.rejects(own.note("receipt", STATEMENT), { code: "ledger_closed" });
  own[Symbol.dispose]();
  await noted;
});

test("an owner's ledger says of statements nothing but their hashes, which show them to whoever has them", async () => {
  using folder = testFolder();
  const log = new LedgerLog({ folder: folder.path, by: signer(2), hashesOnly: true });
  await log.append("care", STATEMENT);
  const bytes = log.entry(1) as Uint8Array;
  log.close();
  assert.deepEqual(readEntry(bytes)?.body, sha256(STATEMENT));
  assert.ok(!toHex(bytes).includes(toHex(STATEMENT.subarray(0, 16))));
  assert.ok(toHex(bodyOf(STATEMENT)).includes(toHex(STATEMENT)), "as another ledger would");
});

test("papers outlive a restart, the newest is told, and the oldest go", () => {
  using folder = testFolder();
  const papers = new Papers(folder.path);
  for (let i = 1; i <= 12; i++) papers.keep("ledger-checkpoint", { madeAtMs: i, body: Uint8Array.of(i) });
  papers.keep("ledger-checkpoint", { madeAtMs: 3, body: Uint8Array.of(99) }); // the clock went back
  papers.keep("witnessed-head", { madeAtMs: 1, body: Uint8Array.of(1) });
  papers.keep("witnessed-head", { madeAtMs: 2, body: Uint8Array.of(2) });
  const again = new Papers(folder.path);
  assert.deepEqual([again.names("ledger-checkpoint").length, again.names("witnessed-head").length], [8, 1]);
  assert.deepEqual(again.newest("ledger-checkpoint")?.body, Uint8Array.of(99));
  assert.deepEqual(again.newest("witnessed-head")?.body, Uint8Array.of(2));
});
