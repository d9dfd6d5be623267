import assert from "node:assert/strict";
import { test } from "node:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_LIMITS } from "../core/limits.ts";
import { createLogger } from "../core/log.ts";
import { openVault } from "../vault/vault.ts";
import { Mount, MOUNT_USER } from "./mount.ts";

test("the mount is off until it is turned on, and its password lies on the disk only sealed", async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-mount-"));
  const clock = { now: 0, nowMs: () => clock.now };
  const vault = await openVault({ dataDir, clock, log: createLogger("silent") });
  t.after(() => {
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const mount = new Mount(vault, clock);
  assert.equal(mount.isOn, false);
  const password = mount.password();
  assert.match(password, /^[0-9a-f]{32}$/);
  assert.equal(mount.isOn, false);
  mount.change({ on: true });
  assert.deepEqual([mount.isOn, mount.password(), new Mount(vault, clock).password()], [true, password, password]);
  vault.emptyLog();
  assert.ok(!readFileSync(join(dataDir, "vault.db")).includes(password));
  mount.change({ renew: true });
  assert.deepEqual([mount.isOn, mount.password() === password], [true, false]);
  assert.equal(await mount.admits(MOUNT_USER, password), false);
  assert.equal(await mount.admits(MOUNT_USER, mount.password()), true);
  assert.equal(await mount.admits("other", mount.password()), false);
});

test("guessing ends after a few wrong ones; a drive that still has the old password shuts nobody out", async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-mount-"));
  const clock = { now: 0, nowMs: () => clock.now };
  const vault = await openVault({ dataDir, clock, log: createLogger("silent") });
  t.after(() => {
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const mount = new Mount(vault, clock);
  const old = mount.password();
  mount.change({ on: true, renew: true });
  for (let i = 0; i < 5 * API_LIMITS.unlockFailures; i++) assert.equal(await mount.admits(MOUNT_USER, old), false);
  assert.equal(await mount.admits(MOUNT_USER, mount.password()), true);
  for (let i = 0; i < API_LIMITS.unlockFailures; i++) assert.equal(await mount.admits(MOUNT_USER, `guess ${i}`), false);
  for (const password of ["one more", mount.password()])
    await assert.rejects(mount.admits(MOUNT_USER, password), { code: "too_many_attempts" });
  clock.now += API_LIMITS.unlockFailureWindowMs;
  assert.equal(await mount.admits(MOUNT_USER, mount.password()), true);
});
