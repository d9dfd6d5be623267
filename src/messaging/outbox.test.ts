import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../core/clock.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { createLogger } from "../core/log.ts";
import { openVault } from "../vault/vault.ts";
import { letterHead } from "./letter.ts";
import { Outbox, type OutboxRow } from "./outbox.ts";

const BOB = "bb".repeat(32);
/** As under `stealth`. */
const PATIENCE_MS = 110_000;

async function setUp(t: TestContext) {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-test-"));
  const vault = await openVault({ dataDir, clock: systemClock, log: createLogger("silent") });
  t.after(() => {
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const outbox = new Outbox(vault);
  const letter = { ...letterHead(0), kind: "astray", session: "00", epoch: "00" } as const;
  vault.transaction(() => outbox.add({ id: letter.id, to: BOB, content: { profile: "hidden", letter } }));
  const row = (): OutboxRow => outbox.get(letter.id, BOB) ?? assert.fail("it is gone");
  const change = (work: (row: OutboxRow) => void): OutboxRow => {
    vault.transaction(() => work(row()));
    return row();
  };
  return { outbox, change };
}

test("that no relay took a letter makes nobody wait longer for its acknowledgement", async (t) => {
  const { outbox, change } = await setUp(t);
  for (let i = 0; i < 12; i++) change((row) => outbox.postpone(row, 0));
  assert.equal(change((row) => outbox.markSent(row, 0, PATIENCE_MS)).nextAtMs, PATIENCE_MS);
  for (let i = 0; i < 12; i++) change((row) => outbox.postpone(row, 0));
  assert.equal(change((row) => outbox.markSent(row, 0, PATIENCE_MS)).nextAtMs, 2 * PATIENCE_MS, "the second time");
  const most = MESSAGE_LIMITS.retryMs + MESSAGE_LIMITS.retryMaxMs;
  assert.ok(change((row) => outbox.postpone(row, 0)).nextAtMs < most, "and a new refusal is soon tried again");
});

test("a sign of life repeats what is overdue, and not what may still be in the other's stream", async (t) => {
  const { outbox, change } = await setUp(t);
  change((row) => outbox.markSent(row, 0, PATIENCE_MS));
  const repeated = change((row) => outbox.markSent(row, 1_000_000, PATIENCE_MS));
  const hasten = (nowMs: number) => change(() => outbox.hasten(BOB, false, nowMs)).nextAtMs;
  assert.equal(hasten(1_000_000 + PATIENCE_MS - 1), repeated.nextAtMs, "its acknowledgement may be on the way");
  assert.equal(hasten(1_000_000 + PATIENCE_MS), 0);
});
