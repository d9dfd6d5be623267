import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import { openVault } from "../../vault/vault.ts";
import { Offers } from "./offers.ts";

const DAY = 86_400_000;
const NOW = 20_000 * DAY + 1_000;
const offer = { what: "offer", cellsPerDay: 100, usedToday: 7, credit: 5, creditUntil: NOW + DAY } as const;

async function openOffers(t: TestContext): Promise<Offers> {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-offers-"));
  const vault = await openVault({ dataDir, clock: systemClock, log: createLogger("silent") });
  t.after(() => {
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return new Offers(vault);
}

test("of two offers the later one holds, in whatever order they come", async (t) => {
  const offers = await openOffers(t);
  offers.note("a", "d", offer, NOW);
  offers.note("a", "d", { ...offer, cellsPerDay: 0, credit: 0 }, NOW - 1);
  assert.equal(offers.get("d")?.cellsPerDay, 100);
  offers.close("d", NOW - 1);
  assert.equal(offers.get("d")?.cellsPerDay, 100, "an end that was said before");
  offers.close("d", NOW);
  assert.equal(offers.get("d")?.cellsPerDay, 100, "and one that came with the offer");
  offers.close("d", NOW + 1);
  assert.deepEqual([offers.get("d")?.cellsPerDay, offers.get("d")?.credit], [0, 0]);
  offers.note("a", "d", offer, NOW);
  assert.equal(offers.get("d")?.cellsPerDay, 0);
});

test("what was used of a day is what either side counts more of", async (t) => {
  const offers = await openOffers(t);
  offers.note("a", "d", offer, NOW);
  assert.equal(offers.get("d")?.usedToday, 7, "the courier has seen more");
  offers.spend("d", 10, NOW);
  offers.note("a", "d", { ...offer, usedToday: 12 }, NOW + 1);
  assert.equal(offers.get("d")?.usedToday, 17, "the others are on their way to him");
  offers.note("a", "d", { ...offer, usedToday: 3 }, NOW + DAY);
  assert.equal(offers.get("d")?.usedToday, 3, "another day");
});
