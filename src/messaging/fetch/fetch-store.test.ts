/** What is kept of cells between header and mail, and for how long. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { atEnd, temporaryFolder } from "../../../test/support/cleanup.ts";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import { toHex } from "../../core/bytes.ts";
import { CELL_LIMITS, FETCH_LIMITS, PIR_LIMITS } from "../../core/cell-limits.ts";
import { createLogger } from "../../core/log.ts";
import { randomBytes } from "../../core/random.ts";
import type { Account } from "../../vault/account.ts";
import { openVault } from "../../vault/vault.ts";
import { FetchStore } from "./fetch-store.ts";

const URL = "ws://relay";
const DAY_MS = 86_400_000;

async function newVault(t: TestContext, clock: VirtualTime): Promise<Account> {
  const vault = await openVault({ dataDir: temporaryFolder(t), clock, log: createLogger("silent") });
  atEnd(t, () => vault.close());
  return vault;
}

test("who was away for days still fetches what he knew of; what no relay has any more is forgotten", async (t) => {
  const time = new VirtualTime(Date.UTC(2026, 0, 1));
  const vault = await newVault(t, time);
  const id = "ab".repeat(32);
  new FetchStore(vault, time.nowMs()).note([URL], [{ id, address: id, ephemeral: id }], time.nowMs());
  time.stall(CELL_LIMITS.keptMs - DAY_MS);
  assert.equal(new FetchStore(vault, time.nowMs()).noted(URL).length, 1);
  time.stall(2 * DAY_MS);
  assert.equal(new FetchStore(vault, time.nowMs()).noted(URL).length, 0);
});

test("the attack: a stranger begins parcels without end; what is kept of them does not grow, and mail to be fetched stays", async (t) => {
  const time = new VirtualTime(Date.UTC(2026, 0, 1));
  const store = new FetchStore(await newVault(t, time), time.nowMs());
  const waiting = "ab".repeat(32);
  store.note([URL], [{ id: waiting, address: waiting, ephemeral: waiting }], time.nowMs());
  const sealed = randomBytes(PIR_LIMITS.recordBytes);
  const ids = Array.from({ length: FETCH_LIMITS.bodies + 10 }, () => toHex(randomBytes(32)));
  for (const id of ids) {
    store.note([URL], [{ id, address: id, ephemeral: id }], time.nowMs());
    store.fetched(URL, { id, address: id, sealed }, time.nowMs());
  }
  const kept = store.noted(URL).map(({ header }) => header.id);
  assert.deepEqual(kept.toSorted(), [waiting, ...ids.slice(10)].toSorted());
});
