/** How far a relay counts as read, by what its way says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { atEnd, temporaryFolder } from "../../test/support/cleanup.ts";
import { VirtualTime } from "../../test/support/virtual-time.ts";
import { CELL_LIMITS } from "../core/cell-limits.ts";
import { createLogger } from "../core/log.ts";
import { openVault } from "../vault/vault.ts";
import { Collector, type CollectorOptions } from "./collector.ts";
import type { FetchHandlers } from "./fetch/way.ts";

const URL = "ws://relay";

test("while a way is live the cursor follows the clock; of one that reads in turns it stays where that has read to", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const time = new VirtualTime(Date.UTC(2026, 0, 1));
  const log = createLogger("silent");
  const vault = await openVault({ dataDir: temporaryFolder(t), clock: time, log });
  atEnd(t, () => vault.close());
  const followed: { sinceMs: () => number | null; handlers: FetchHandlers }[] = [];
  const fetching = {
    follow: (_url: string, sinceMs: () => number | null, handlers: FetchHandlers) => {
      followed.push({ sinceMs, handlers });
      return { close: () => {} };
    },
    decide: () => {},
    close: () => {},
  };
  const parts = { vault, fetching, wrapsFor: null, clock: time, log };
  const collector = new Collector(parts as unknown as CollectorOptions);
  atEnd(t, () => collector.close());
  collector.follow([URL]);
  const [{ sinceMs, handlers }] = followed as [(typeof followed)[number]];
  const wait = async () => {
    await time.advance(CELL_LIMITS.cursorMs);
    t.mock.timers.tick(CELL_LIMITS.cursorMs);
  };
  const readTo = time.nowMs() - 120_000;
  handlers.onStored(readTo, false);
  await wait();
  assert.equal(sinceMs(), readTo - CELL_LIMITS.lookBackMs);
  handlers.onStored(readTo, true);
  await wait();
  assert.equal(sinceMs(), time.nowMs() - CELL_LIMITS.lookBackMs);
});
