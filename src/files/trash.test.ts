import assert from "node:assert/strict";
import { test } from "node:test";
import { FILE_LIMITS } from "../core/limits.ts";
import { openLibraryRoom } from "./testing.ts";

test("what is deleted waits in the trash, comes back where it was, and frees its name meanwhile", async (t) => {
  const { tree, library, put, read, blobs } = await openLibraryRoom(t);
  tree.makeFolder("/Plans");
  const first = await put("/Plans/a.txt", "first");
  tree.remove("/Plans/a.txt");
  await assert.rejects(read(first.id), { code: "unknown_file" });
  const second = await put("/Plans/a.txt", "second");
  assert.notEqual(second.id, first.id);
  const { entries, bytes } = library.trash.list();
  assert.deepEqual([entries.map(({ id, from }) => [id, from]), bytes], [[[first.id, "/Plans/a.txt"]], 5]);
  library.trash.restore(first.id);
  assert.deepEqual([library.get(first.id).path, await read(first.id)], ["/Plans/a (1).txt", "first"]);
  assert.throws(() => library.trash.restore(first.id), { code: "unknown_file" });
  await assert.rejects(library.trash.destroy(first.id), { code: "unknown_file" });
  assert.equal(blobs().length, 2);
});

test("a folder goes and comes back with all in it; what was deleted before it stays deleted", async (t) => {
  const { tree, library, put, blobs } = await openLibraryRoom(t);
  const plans = tree.makeFolder("/Plans");
  tree.makeFolder("/Plans/2026");
  const deep = await put("/Plans/2026/a.txt", "aa");
  const gone = await put("/Plans/b.txt", "bbb");
  tree.remove("/Plans/b.txt");
  tree.remove("/Plans");
  assert.deepEqual([library.list(), library.find(deep.id), tree.stat("/Plans")], [[], null, null]);
  assert.throws(() => library.remove(deep.id), { code: "unknown_file" });
  assert.throws(() => library.change(deep.id, { name: "x" }), { code: "unknown_file" });
  assert.throws(() => tree.list(plans.id), { code: "unknown_folder" });
  assert.equal(library.trash.list().bytes, 5);
  library.trash.restore(gone.id); // its folder is gone: to the top
  assert.equal(library.get(gone.id).path, "/b.txt");
  library.trash.restore(plans.id);
  assert.equal(library.get(deep.id).path, "/Plans/2026/a.txt");
  await library.destroy(plans.id);
  assert.deepEqual([library.list().map(({ id }) => id), blobs().length], [[gone.id], 1]);
});

test("links end with the file, its versions or its folder, and do not come back with it", async (t) => {
  const { tree, library, links, put } = await openLibraryRoom(t);
  tree.makeFolder("/Plans");
  const file = await put("/Plans/a.txt", "one");
  await links.create(file.id, { mode: "persistent" });
  await put("/Plans/a.txt", "two");
  const { slug } = await links.create(file.id, { mode: "persistent" });
  const other = await put("/c.txt", "kept");
  await links.create(other.id, { mode: "persistent" });
  library.change(file.id, { name: "b.txt" });
  assert.equal(links.list().length, 3);
  assert.equal(links.info(slug).state, "active");
  tree.remove("/Plans");
  assert.equal(links.info(slug).state, "ended");
  library.trash.restore(library.trash.list().entries[0]?.id ?? "");
  assert.deepEqual(
    links.list().map(({ file: of }) => of.id),
    [other.id],
  );
  tree.remove("/c.txt");
  assert.deepEqual(links.list(), []);
});

test("the trash empties itself of what is 30 days old, and wholly when asked", async (t) => {
  const { tree, library, put, blobs, clock } = await openLibraryRoom(t);
  await put("/old.txt", "1");
  await put("/old.txt", "2");
  tree.remove("/old.txt");
  clock.now += FILE_LIMITS.trashMs - 1;
  await put("/new.txt", "3");
  tree.remove("/new.txt");
  await library.sweep();
  assert.deepEqual([library.trash.list().entries.length, blobs().length], [2, 3]);
  clock.now += 1;
  await library.sweep();
  assert.deepEqual([library.trash.list().entries.map(({ name }) => name), blobs().length], [["new.txt"], 1]);
  await library.trash.empty();
  assert.deepEqual([library.trash.list(), blobs()], [{ entries: [], bytes: 0 }, []]);
});
