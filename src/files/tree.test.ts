import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes } from "../core/bytes.ts";
import { CryptoError, ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { openLibraryRoom } from "./testing.ts";

test("folders hold files and folders, are listed by name, moved and renamed with all that is in them", async (t) => {
  const { tree, library, put, read } = await openLibraryRoom(t);
  const plans = tree.makeFolder("/Plans");
  tree.makeFolder("/Plans/2026");
  const file = await put("/Plans/2026/10 garden.txt", "roses");
  await put("/Plans/2026/9 house.txt", "bricks");
  assert.deepEqual([file.folder, file.path], [tree.list("/Plans").folders[0]?.id, "/Plans/2026/10 garden.txt"]);
  assert.deepEqual(
    tree.list("/Plans/2026").files.map(({ name }) => name),
    ["9 house.txt", "10 garden.txt"],
  );
  tree.makeFolder("/Old");
  await tree.move("/Plans/2026", "/Old/last year");
  assert.equal(library.get(file.id).path, "/Old/last year/10 garden.txt");
  assert.deepEqual(
    tree.list("/Old/last year/").crumbs.map(({ name }) => name),
    ["Old", "last year"],
  );
  assert.equal(await read(file.id), "roses");
  library.change(file.id, { name: "Garden.txt", folder: plans.id });
  assert.deepEqual([library.get(file.id).path, tree.stat("/Plans/garden.txt")], ["/Plans/Garden.txt", null]);
  assert.deepEqual(
    library.list().map(({ path }) => path),
    ["/Old/last year/9 house.txt", "/Plans/Garden.txt"],
  );
});

test("a folder is not moved into itself, nor deeper than the limit, and a name is not taken twice", async (t) => {
  const { tree, library, put } = await openLibraryRoom(t);
  const outer = tree.makeFolder("/outer");
  const inner = tree.makeFolder("/outer/inner");
  for (const folder of [outer.id, inner.id, "/outer/inner"])
    assert.throws(() => library.change(outer.id, { folder }), { code: "folder_into_itself" });
  await assert.rejects(tree.copy("/outer", "/outer/inner/copy"), { code: "folder_into_itself" });
  await put("/a.txt", "a");
  for (const name of ["a.txt", "outer"]) {
    assert.throws(() => tree.makeFolder(`/${name}`), { code: "name_taken" });
    assert.throws(() => library.change(inner.id, { folder: "", name }), { code: "name_taken" });
  }
  await assert.rejects(put("/outer", "x"), { code: "name_taken" });
  // What looks alike is one name, whatever its bytes; upper and lower case are two.
  tree.makeFolder("/Zu\u0308rich");
  assert.throws(() => tree.makeFolder("/Z\u00fcrich"), { code: "name_taken" });
  assert.ok(tree.stat("/Zu\u0308rich") && tree.makeFolder("/z\u00fcrich"));
  for (const path of ["/..", "/\u200b", "/none/x"]) assert.throws(() => tree.makeFolder(path), path);
  let deepest = "";
  for (let i = 0; i < FILE_LIMITS.folderDepth; i++) tree.makeFolder((deepest += `/${i}`));
  assert.throws(() => tree.makeFolder(`${deepest}/x`), { code: "folder_too_deep" });
  assert.throws(() => library.change(outer.id, { folder: deepest }), { code: "folder_too_deep" });
  const above = deepest.slice(0, deepest.lastIndexOf("/"));
  assert.throws(() => library.change(outer.id, { folder: above }), { code: "folder_too_deep" });
});

test("copies are files of their own, with their password, and folders are copied whole", async (t) => {
  const { tree, library, put, read } = await openLibraryRoom(t);
  tree.makeFolder("/a");
  tree.makeFolder("/a/b");
  const first = await put("/a/b/x.txt", "plans", { password: "secret" });
  await tree.copy("/a", "/c");
  const copy = tree.list("/c/b").files[0];
  assert.ok(copy && copy.id !== first.id);
  await library.destroy(first.id);
  await assert.rejects(read(copy.id), { code: "file_password_needed" });
  assert.equal(await read(copy.id, { password: library.recoverPassword(copy.id) }), "plans");
  await library.changePassword(copy.id, "other", "secret");
  assert.equal(await read(copy.id, { password: "other" }), "plans");
  await put("/y.txt", "y");
  await assert.rejects(tree.copy("/y.txt", "/c/b/x.txt"), { code: "name_taken" });
  await tree.copy("/y.txt", "/c/b/x.txt", { replace: true });
  await tree.move("/y.txt", "/c/b/x.txt", { replace: true });
  assert.deepEqual([library.trash.list().entries.length, tree.stat("/y.txt")], [0, null]);
  const kept = library.versions.list(copy.id);
  assert.deepEqual([kept.length, await read(copy.id)], [1, "y"]);
  assert.equal(await read(copy.id, { version: kept[0]?.id, password: "other" }), "plans");
  await tree.move("/c/b/x.txt", "/c/b/x.txt", { replace: true });
  assert.ok(tree.stat("/c/b/x.txt"));
});

test("a file moved onto another one is its newest content, with the password and properties that it has", async (t) => {
  const { tree, library, links, put, read, blobs, clock } = await openLibraryRoom(t);
  const onto = await put("/plan.txt", "old");
  const link = await links.create(onto.id, { mode: "persistent" });
  clock.now += 60_000;
  const from = await put("/plan.txt.tmp", "draft", { password: "first" });
  library.properties.replace(from.id, [{ name: "{x}label", xml: '<label xmlns="x"/>' }]);
  library.properties.replace(onto.id, [{ name: "{x}other", xml: '<other xmlns="x"/>' }]);
  await put("/plan.txt.tmp", "new", { password: "second" });
  await tree.move("/plan.txt.tmp", "/plan.txt", { replace: true });

  const { id } = library.list()[0] ?? {};
  assert.deepEqual([id, library.list().length, library.trash.list().entries.length], [onto.id, 1, 0]);
  assert.deepEqual([await read(onto.id, { password: "second" }), library.recoverPassword(onto.id)], ["new", "second"]);
  const [old, draft] = library.versions.list(onto.id);
  assert.equal(await read(onto.id, { version: old?.id }), "old");
  assert.equal(await read(onto.id, { version: draft?.id, password: "first" }), "draft");
  library.versions.restore(onto.id, draft?.id ?? "");
  assert.equal(library.recoverPassword(onto.id), "first");
  assert.equal(links.info(link.slug).state, "active");
  assert.deepEqual([library.properties.list(onto.id).map(({ name }) => name), blobs().length], [["{x}label"], 3]);
  assert.deepEqual(library.properties.list(from.id), []);
});

test("a file that somebody has a link to keeps its own history; what it replaces goes into the trash", async (t) => {
  const { tree, library, links, put } = await openLibraryRoom(t);
  const sent = await put("/sent.txt", "sent");
  const onto = await put("/plan.txt", "old");
  const link = await links.create(sent.id, { mode: "persistent" });
  await tree.move("/sent.txt", "/plan.txt", { replace: true });
  assert.deepEqual([library.get(sent.id).path, links.info(link.slug).state], ["/plan.txt", "active"]);
  assert.deepEqual(
    library.trash.list().entries.map(({ id }) => id),
    [onto.id],
  );
});

test("a copy of a folder alone leaves what it was to replace when there is no room for one more", async (t) => {
  const { tree, library, put } = await openLibraryRoom(t);
  tree.makeFolder("/from");
  await put("/from/x.txt", "x");
  const old = tree.makeFolder("/old");
  t.mock.method(library, "makeFolder", () => {
    throw new ValidationError("too_many_folders", "");
  });
  const copy = (): Promise<void> => tree.copy("/from", "/old", { replace: true, shallow: true });
  await assert.rejects(copy(), { code: "too_many_folders" });
  assert.deepEqual([tree.list("/").folders.some(({ id }) => id === old.id), library.trash.list().entries], [true, []]);
  t.mock.restoreAll();
  await copy();
  assert.deepEqual(tree.list("/old").files, []);
  assert.equal(library.trash.list().entries[0]?.id, old.id);
});

test("a move that is refused ends no link, and a copy that breaks off leaves what it was to replace", async (t) => {
  const { tree, library, links, put, read, dataDir } = await openLibraryRoom(t);
  tree.makeFolder("/outer");
  tree.makeFolder("/outer/inner");
  const file = await put("/outer/inner/x.txt", "x");
  const link = await links.create(file.id, { mode: "persistent" });
  // The folder in the way holds what is to come in its place: refused after it was marked as deleted.
  await assert.rejects(tree.move("/outer/inner", "/outer", { replace: true }), { code: "unknown_folder" });
  assert.deepEqual([links.info(link.slug).state, await read(file.id)], ["active", "x"]);

  tree.makeFolder("/from");
  await put("/from/a.txt", "a");
  const broken = await put("/from/b.txt", "b", { password: "its bytes are copied" });
  const { blob } = library.tables.files.get(broken.id) ?? { blob: "" };
  rmSync(join(dataDir, "blobs", blob));
  await assert.rejects(tree.copy("/from", "/outer", { replace: true }), { code: "file_missing" });
  assert.deepEqual(
    [tree.list("/").folders.map(({ name }) => name), library.trash.list().entries],
    [["from", "outer"], []],
  );
  await library.destroy(broken.id);
  await tree.copy("/from", "/outer", { replace: true });
  assert.deepEqual([tree.list("/outer").files.map(({ name }) => name), tree.list("/outer").folders], [["a.txt"], []]);
  assert.equal(library.trash.list().entries[0]?.name, "outer");
});

test("search finds files and folders by all words of a name, not those in the trash", async (t) => {
  const { tree, put } = await openLibraryRoom(t);
  tree.makeFolder("/Zürich Pläne");
  await put("/Zürich Pläne/Budget 2026.ods", "");
  await put("/budget old.ods", "");
  const names = async (words: string): Promise<string[]> => {
    const { folders, files } = await tree.search(words);
    return [...folders, ...files].map(({ name }) => name);
  };
  assert.deepEqual(await names("BUDGET"), ["budget old.ods", "Budget 2026.ods"]);
  assert.deepEqual(await names("2026 budg"), ["Budget 2026.ods"]);
  assert.deepEqual(await names("PLA\u0308NE"), ["Zürich Pläne"]);
  assert.deepEqual(await names("  "), []);
  tree.remove("/Zürich Pläne");
  assert.deepEqual(await names("budget"), ["budget old.ods"]);
});

test("any range of both ciphers is that part of the file", async (t) => {
  const { library } = await openLibraryRoom(t);
  const bytes = randomBytes(70_000);
  const ids = new Map<string, string>();
  for (const cipher of ["aes-256-gcm", "noctis-256"] as const) {
    const source = (async function* () {
      yield bytes;
    })();
    ids.set(cipher, (await library.put(source, { name: cipher, cipher })).id);
  }
  const part = async (id: string, start: number, end: number): Promise<Uint8Array> =>
    concatBytes(...(await Array.fromAsync(await library.open(id, { range: { start, end } }))));
  const place = fc.oneof(fc.nat(70_000), fc.constantFrom(0, 16_383, 16_384, 16_385, 32_768, 65_536, 69_999, 70_000));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...ids.values()), place, place, async (id, one, other) => {
      const [start, end] = [Math.min(one, other), Math.max(one, other)];
      if (start === end) await assert.rejects(part(id, start, end), { code: "bad_range" });
      else assert.deepEqual(await part(id, start, end), bytes.subarray(start, end));
    }),
    { numRuns: 60 },
  );
  await assert.rejects(part(ids.get("aes-256-gcm") as string, 0, 70_001), { code: "bad_range" });
});

test("a part of a cut file, or of an altered or moved chunk, is refused", async (t) => {
  const { dataDir, put, read, blobs } = await openLibraryRoom(t);
  const { id } = await put("/a.txt", "x".repeat(3 * 16_384));
  const path = join(dataDir, "blobs", blobs()[0] ?? "");
  const whole = readFileSync(path);
  const part = (start: number): Promise<string> => read(id, { range: { start, end: start + 5 } });
  const sealed = 16_384 + 16;
  const chunksAt = whole.length - (3 * sealed + 16); // the last chunk is empty
  assert.equal(await part(16_384), "xxxxx");

  writeFileSync(path, whole.subarray(0, whole.length - 16 - sealed));
  await assert.rejects(part(0), CryptoError);
  const altered = Buffer.from(whole);
  altered[chunksAt + sealed + 9] = (altered[chunksAt + sealed + 9] ?? 0) ^ 1;
  writeFileSync(path, altered);
  await assert.rejects(part(16_384), CryptoError);
  assert.equal(await part(0), "xxxxx");
  const moved = Buffer.from(whole);
  whole.copy(moved, chunksAt + sealed, chunksAt, chunksAt + sealed);
  writeFileSync(path, moved);
  await assert.rejects(part(16_384), CryptoError);
});
