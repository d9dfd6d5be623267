import assert from "node:assert/strict";
import { test } from "node:test";
import { DAV_LIMITS } from "../../core/limits.ts";
import { LockTable, type NewLock } from "./lock-table.ts";

const LOCKED = { code: "locked", status: 423 };
const NONE: ReadonlySet<string> = new Set();

function room() {
  const clock = { now: 0, nowMs: () => clock.now };
  const table = new LockTable(clock);
  const take = (path: string, more: Partial<NewLock> = {}): string =>
    table.take({ path, scope: "exclusive", isDeep: true, owner: "", timeoutMs: 60_000, ...more }).token;
  return { clock, table, take };
}

test("an exclusive lock keeps out others above, on and below it; shared ones allow each other", () => {
  const { take } = room();
  take("/a/b");
  for (const path of ["/a/b", "/a/b/c", "/a", "/"]) {
    assert.throws(() => take(path), LOCKED, path);
    assert.throws(() => take(path, { scope: "shared" }), LOCKED, path);
  }
  take("/a", { isDeep: false });
  take("/a/bc");
  const { take: share } = room();
  share("/s", { scope: "shared" });
  share("/s", { scope: "shared" });
  share("/s/x", { scope: "shared" });
  assert.throws(() => share("/s/x"), LOCKED);
});

test("what a lock covers is changed only by who shows its token", () => {
  const { table, take } = room();
  const deep = new Set([take("/deep")]);
  for (const path of ["/deep", "/deep/x", "/deep/x/y"]) {
    assert.throws(() => table.check(path, "content", NONE), LOCKED);
    table.check(path, "content", deep);
  }
  const shallow = new Set([take("/folder", { isDeep: false })]);
  // The names in a locked folder are its own; what is in its files is not.
  assert.throws(() => table.check("/folder/new", "name", NONE), LOCKED);
  table.check("/folder/new", "name", shallow);
  table.check("/folder/old", "content", NONE);
  table.check("/folder/inner/new", "name", NONE);
  const file = take("/tree/in/x");
  assert.throws(() => table.check("/tree", "tree", NONE), LOCKED);
  table.check("/tree", "tree", new Set([file]));
  table.check("/tree", "content", NONE);
  const [one, other] = [take("/s", { scope: "shared" }), take("/s", { scope: "shared" })];
  for (const shown of [one, other]) table.check("/s", "tree", new Set([shown]));
  assert.throws(() => table.check("/s", "tree", shallow), LOCKED);
});

test("locks end by their time, by their token alone, and with what they are on", () => {
  const { clock, table, take } = room();
  const token = take("/a", { timeoutMs: 1_000 });
  assert.equal(table.release("opaquelocktoken:other", "/a"), false);
  assert.equal(table.release(token, "/b"), false);
  clock.now += 900;
  assert.equal(table.refresh(token, "/a/below", 1_000)?.token, token);
  assert.equal(table.refresh(token, "/b", 1_000), null);
  clock.now += 900;
  assert.equal(table.covering("/a/x").length, 1);
  clock.now += 100;
  assert.deepEqual(
    [table.covering("/a"), table.refresh(token, "/a", 1_000), table.release(token, "/a")],
    [[], null, false],
  );
  const longest = table.take({ path: "/l", scope: "shared", isDeep: false, owner: "", timeoutMs: 1e12 });
  assert.equal(longest.timeoutMs, DAV_LIMITS.lockMs);
  take("/gone/x");
  take("/gone2");
  table.drop("/gone");
  assert.deepEqual([table.covering("/gone/x").length, table.covering("/gone2").length], [0, 1]);
});

test("there are so many of them at most", () => {
  const { clock, take } = room();
  for (let i = 0; i < DAV_LIMITS.locks; i++) take(`/${i}`);
  assert.throws(() => take("/more"), { code: "too_many_locks", status: 503 });
  clock.now += 60_000;
  take("/more");
});
