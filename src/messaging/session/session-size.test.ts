/** The limits hold together: what the largest group makes can be stored. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { testDevice } from "../../../test/support/session-world.ts";
import { systemClock } from "../../core/clock.ts";
import { SESSION_LIMITS } from "../../core/limits.ts";
import { createLogger } from "../../core/log.ts";
import { openVault } from "../../vault/vault.ts";
import { createKeyPackage } from "./mls.ts";
import { commitChanges, createSession, headOf } from "./session.ts";
import { SessionStore } from "./session-store.ts";

test("a founder adds as many members at once as a group may have, and it can be stored and read", async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-test-"));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  using vault = await openVault({ dataDir, clock: systemClock, log: createLogger("silent") });
  const nowMs = Date.now();
  const founder = testDevice("founder", "1");
  const own = await createKeyPackage(founder, nowMs);
  const info = { kind: "group", name: "large", admins: [founder.account] } as const;
  const alone = await createSession(new Uint8Array(16).fill(7), founder.device, own, info, nowMs);
  const add: Uint8Array[] = [];
  for (let i = 1; i < SESSION_LIMITS.members; i++) {
    add.push((await createKeyPackage(testDevice(`guest ${i}`, "1"), nowMs)).keyPackage);
  }
  const { session } = await commitChanges(alone, { add }, nowMs);
  const store = new SessionStore(vault);
  const about = { conversation: session.id, kind: "group", createdMs: nowMs } as const;
  const { store: put } = await store.prepare(null, session, about);
  vault.transaction(put);
  const stored = store.load(session.id);
  assert.ok(stored);
  assert.equal(headOf(stored).id, headOf(session).id);
});
