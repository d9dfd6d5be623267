import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createLogger } from "../core/log.ts";
import { openVault, type Vault } from "../vault/vault.ts";
import { MessageStore, type NewMessage } from "./message-store.ts";

const ADA = "aa".repeat(32);

async function newVault(t: TestContext): Promise<Vault> {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-messages-"));
  const vault = await openVault({ dataDir, clock: { nowMs: () => 0 }, log: createLogger("silent") });
  t.after(() => {
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return vault;
}

function text(id: string, more: Partial<NewMessage> = {}): NewMessage {
  const base = { conversation: ADA, author: ADA, mine: false, atMs: 1, text: id, files: [] };
  return { id, ...base, state: "delivered", profile: "hidden", ...more };
}

test("messages of a vault from before there were groups are read on", async (t) => {
  const vault = await newVault(t);
  const old = vault.table<{ id: string; contact: string; mine: boolean; state: string }>({
    name: "messages",
    key: (row) => row.id,
    indexes: { contact: (row) => row.contact, received: (row) => (row.mine ? null : "yes") },
  });
  const row = { contact: ADA, atMs: 5, text: "old", files: [], profile: "hidden" };
  old.put({ ...row, id: "1", mine: false, state: "delivered" });
  old.put({ ...row, id: "2", mine: true, state: "sent" });
  for (let opened = 0; opened < 2; opened++) {
    const store = new MessageStore(vault);
    const page = store.page(ADA, 10);
    assert.deepEqual(
      page.map(({ id, author, deleted, seq }) => [id, author, deleted, seq]),
      [
        ["1", ADA, false, 1],
        ["2", vault.identity().publicKey, false, 2],
      ],
    );
    assert.equal(store.countUnread(ADA), 1);
    assert.equal(store.received(10).length, 1);
  }
});

test("positions: pages before and after, and new ones in the same order", async (t) => {
  const store = new MessageStore(await newVault(t));
  for (const id of ["a", "b", "c", "d"]) store.add(text(id));
  const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id).join("");
  assert.equal(ids(store.page(ADA, 2)), "cd");
  assert.equal(ids(store.page(ADA, 2, 3)), "ab");
  assert.equal(ids(store.pageAfter(ADA, 2, 1)), "bc");
  store.add(text("e", { conversation: "bb" }));
  assert.equal(ids(store.renew(ADA)), "abcd");
  assert.equal(ids(store.newest(10)), "dcbae");
});

test("what is buried stays gone, and watchers hear of every change", async (t) => {
  const store = new MessageStore(await newVault(t));
  const heard: string[] = [];
  store.watch((before, after) => heard.push(`${before?.text ?? "-"} ${after?.text ?? "-"}`));
  const added = store.add(text("a", { timerSeconds: 5 }));
  assert.deepEqual(store.disappearing(), [added]);
  store.bury(store.update(added, { text: "b" }));
  assert.deepEqual(heard, ["- a", "a b", "b -"]);
  assert.deepEqual([store.get("a"), store.has("a"), store.isGone("a")], [null, true, true]);
  assert.deepEqual(store.disappearing(), []);
});
