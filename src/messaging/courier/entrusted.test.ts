import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import { openVault } from "../../vault/vault.ts";
import { Entrusted, type EntrustedRow } from "./entrusted.ts";

test("a try has arrived once each piece was taken by one relay, and failed once all copies of one are gone", async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-entrusted-"));
  const vault = await openVault({ dataDir, clock: systemClock, log: createLogger("silent") });
  t.after(() => {
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const entrusted = new Entrusted(vault);
  /** Two pieces with two copies each, in the order piece 0, 1, 0, 1. */
  const stateOf = (attempt: string, states: readonly EntrustedRow["state"][]) => {
    for (const [i, state] of states.entries()) {
      const rest = { capability: "c", letter: "l", handedIn: "h", device: "d", atMs: 0 };
      entrusted.put({ n: 10 * Number(attempt) + i, attempt, piece: i % 2, state, ...rest });
    }
    return entrusted.stateOf(attempt);
  };
  const [under, taken, gone] = ["under way", "taken", "gone"] as const;
  assert.equal(stateOf("1", [under, under, under, under]), "under way");
  assert.equal(stateOf("2", [taken, under, under, under]), "under way");
  assert.equal(stateOf("3", [taken, taken, under, under]), "arrived");
  assert.equal(stateOf("4", [taken, gone, gone, under]), "under way");
  assert.equal(stateOf("5", [under, gone, under, gone]), "failed");
  assert.equal(entrusted.ofLetter("l").length, 20, "all are kept while one of them is under way");
  assert.equal(stateOf("6", [taken, gone, gone, taken]), "arrived");
  assert.equal(stateOf("7", [gone, taken, gone, taken]), "failed");
  assert.equal(entrusted.ofLetter("l").length, 20, "what is settled is forgotten");
});
