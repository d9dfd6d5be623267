import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/cleanup.ts";
import type { AwarenessView } from "../api/agent-contract.ts";
import { MCP_LIMITS } from "../core/agent-limits.ts";
import { compareAwareness } from "./comparison.ts";
import { Snapshots } from "./snapshots.ts";

const [ONE, TWO] = ["11".repeat(32), "22".repeat(32)];

function view(changes: Partial<AwarenessView> = {}): AwarenessView {
  const nothing = { domains: [], gaps: [], conflicts: [], activity: [], synthesis: null };
  return { sha256: ONE, atMs: 1, ...nothing, ...changes };
}

test("a digest is found again, by its name alone", async (t) => {
  const dataDir = temporaryFolder(t);
  const snapshots = new Snapshots(dataDir);
  assert.equal(await snapshots.find(ONE), null);
  await Promise.all([snapshots.keep(view()), snapshots.keep(view()), snapshots.keep(view())]);
  assert.deepEqual(await new Snapshots(dataDir).find(ONE), view());
  const folder = join(dataDir, "agent", "snapshots");
  writeFileSync(join(folder, `${TWO}.json`), JSON.stringify(view()));
  assert.equal(await snapshots.find(TWO), null, "one under another name");
  writeFileSync(join(folder, `${TWO}.json`), "{");
  assert.equal(await snapshots.find(TWO), null, "half of one");
});

test("the newest ones stay, and none that is too long", async (t) => {
  const dataDir = temporaryFolder(t);
  const snapshots = new Snapshots(dataDir);
  const name = (at: number): string => at.toString(16).padStart(64, "0");
  for (let at = 0; at < MCP_LIMITS.snapshots + 5; at++) await snapshots.keep(view({ sha256: name(at) }));
  assert.equal(readdirSync(join(dataDir, "agent", "snapshots")).length, MCP_LIMITS.snapshots);
  assert.ok(await snapshots.find(name(MCP_LIMITS.snapshots + 4)));
  const gaps = [{ domain: "a", reason: "x".repeat(MCP_LIMITS.snapshotBytes) }];
  await snapshots.keep(view({ sha256: TWO, gaps }));
  assert.equal(await snapshots.find(TWO), null);
});

test("a comparison tells what came, went and moved", () => {
  const domain = (name: string, entries: number, high: number) => {
    return { domain: name, entries, high, operators: 1, newestMs: 1 };
  };
  const conflict = (...entries: string[]) => ({ domain: "a", reason: "both cannot be", entries });
  const gap = (reason: string) => ({ domain: "a", reason });
  const before = view({
    domains: [domain("a", 2, 0), domain("b", 1, 0), domain("c", 9, 9)],
    gaps: [gap("one"), gap("two")],
    conflicts: [conflict(ONE, TWO)],
  });
  const now = view({
    domains: [domain("a", 5, 1), domain("c", 9, 9), domain("d", 1, 0)],
    gaps: [gap("two"), gap("three")],
    conflicts: [conflict(TWO, ONE), conflict(ONE)],
  });
  assert.deepEqual(compareAwareness(before, now), {
    newDomains: ["d"],
    goneDomains: ["b"],
    moved: [{ domain: "a", entries: 3, high: 1 }],
    newGaps: [gap("three")],
    closedGaps: [gap("one")],
    newConflicts: [conflict(ONE)],
    endedConflicts: [],
  });
});
