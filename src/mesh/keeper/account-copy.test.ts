import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { atEnd } from "../../../test/support/cleanup.ts";
import { waitUntil } from "../../../test/support/wait.ts";
import { systemClock } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import { randomBytes } from "../../core/random.ts";
import { deriveKey } from "../../crypto/key-derivation.ts";
import { restoreBackup } from "../../vault/restore.ts";
import { deriveMeshKeys } from "../mesh-keys.ts";
import { findAccount, type FoundAccount } from "./account-search.ts";
import { type KeeperRoom, memoryEngine, openKeeperRoom } from "./testing.ts";

const keysOf = (recoveryKey: Uint8Array) => deriveMeshKeys(deriveKey(recoveryKey, "mesh/v1"));

test("the recovery key alone brings back the account, and its files are read from the mesh", async (t) => {
  const room = await openKeeperRoom(t);
  const engine = memoryEngine(12);
  room.attach(engine);
  const contents = [randomBytes(40_000), randomBytes(1_200_000)];
  for (const [i, content] of contents.entries()) await room.put(`${i}.bin`, content, { mesh: true });
  await room.put("only-here.txt", randomBytes(10));
  await waitUntil(
    "both are kept, and the account",
    () => room.keeper.totals().waiting === 0 && room.copy.view().isCurrent,
  );
  const signed = ({ keeper: { tables } }: KeeperRoom): number =>
    tables.objects.find("kind", "files").reduce((sum, { object }) => sum + tables.receipts.count("object", object), 0);
  await waitUntil("the nodes signed for both", () => signed(room) === 24);
  room.copy.touch();
  await waitUntil("the account is copied once more", () => room.copy.view().isCurrent);
  const recoveryKey = room.vault.recoveryKey();
  const npub = room.vault.identity().npub;
  await room.close();

  const dataDir = join(mkdtempSync(join(tmpdir(), "nocturne-return-")), "data");
  atEnd(t, () => rmSync(join(dataDir, ".."), { recursive: true, force: true }));
  const stranger = memoryEngine(12, engine);
  assert.equal(await findAccount(stranger, keysOf(randomBytes(32))), null, "another key finds nothing");
  const found = (await findAccount(stranger, keysOf(recoveryKey))) as FoundAccount;
  await restoreBackup({ source: found.backup, dataDir, recoveryKey, clock: systemClock, log: createLogger("silent") });
  const back = await openKeeperRoom(t, dataDir);
  back.keeper.adopt(found.entries);
  assert.equal(back.vault.identity().npub, npub);
  assert.equal(back.keeper.tables.receipts.count(), 0, "what nodes sign again is not in the copy");
  assert.deepEqual(readdirSync(join(dataDir, "blobs")), [], "no sealed file is in the copy");
  back.attach(stranger);
  const byName = new Map(back.library.list().map((file) => [file.name, file]));
  for (const [i, content] of contents.entries())
    assert.deepEqual(await back.read(byName.get(`${i}.bin`)?.id ?? ""), content);
  await waitUntil("the nodes sign again", () => signed(back) === 24);
  await assert.rejects(back.read(byName.get("only-here.txt")?.id ?? ""), { code: "file_missing" });
});

test("what was stored after the copy that came back is taken over from the catalogue", async (t) => {
  const room = await openKeeperRoom(t);
  const content = randomBytes(9_000);
  const { id } = await room.put("a", content, { mesh: true });
  await room.close();
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-return-"));
  cpSync(room.dataDir, dataDir, { recursive: true });
  const [now, earlier] = [await openKeeperRoom(t, room.dataDir), await openKeeperRoom(t, dataDir)];
  const engine = memoryEngine(12);
  now.attach(engine);
  await waitUntil("it is kept", () => now.keeper.totals().waiting === 0 && now.copy.view().isCurrent);
  const found = (await findAccount(engine, keysOf(now.vault.recoveryKey()))) as FoundAccount;
  await now.close();
  assert.equal(earlier.library.get(id).storage, "local");
  earlier.keeper.adopt(found.entries);
  earlier.attach(memoryEngine(12, engine));
  assert.equal(earlier.library.get(id).storage, "mesh");
  await earlier.library.mesh.free(id);
  assert.deepEqual(await earlier.read(id), content);
});

test("each change makes one new copy, and the copies before it go from the nodes", async (t) => {
  const room = await openKeeperRoom(t);
  const engine = memoryEngine(3);
  room.attach(engine);
  await waitUntil("the first is there", () => room.copy.view().isCurrent);
  const { madeAtMs } = room.copy.view();
  const first = engine.mesh.nodes.map(({ kept }) => [...kept.keys()]);
  room.copy.touch();
  room.copy.touch();
  await waitUntil("the second is there", () => room.copy.view().isCurrent && room.keeper.totals().leaving === 0);
  assert.notEqual(room.copy.view().madeAtMs, madeAtMs);
  for (const [i, { kept }] of engine.mesh.nodes.entries()) {
    assert.equal(kept.size, 2, "a backup and a catalogue");
    assert.ok(first[i]?.every((fragment) => !kept.has(fragment)));
  }
});

test("while nobody keeps the record, the copy before stays the one that is found", async (t) => {
  const room = await openKeeperRoom(t);
  const engine = memoryEngine(3);
  room.attach(engine);
  await waitUntil("the first is there", () => room.copy.view().isCurrent);
  const keys = keysOf(room.vault.recoveryKey());
  const first = await findAccount(engine, keys);
  engine.records.isDown = true;
  room.copy.touch();
  await waitUntil("it says why", () => room.copy.view().problem !== null);
  assert.equal(room.copy.view().problem?.code, "record_not_kept");
  assert.equal((await findAccount(engine, keys))?.madeAtMs, first?.madeAtMs);
  engine.records.isDown = false;
  await waitUntil("then the second is there", () => room.copy.view().isCurrent);
  assert.notEqual((await findAccount(engine, keys))?.madeAtMs, first?.madeAtMs);
});
