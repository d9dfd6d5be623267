import assert from "node:assert/strict";
import { test } from "node:test";
import { CryptoError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { openLibraryRoom } from "./testing.ts";

test("a put under the same name makes a version, and any version comes back without a copy", async (t) => {
  const { library, put, read, blobs } = await openLibraryRoom(t);
  const { id } = await put("/a.txt", "one");
  assert.equal((await put("/a.txt", "second")).id, id);
  const file = await put("/a.txt", "3");
  assert.deepEqual([file.id, file.bytes, file.versions, file.versionBytes, library.list().length], [id, 1, 2, 9, 1]);
  const [second, one] = library.versions.list(id);
  assert.ok(second && one);
  assert.equal(await read(id, { version: one.id }), "one");
  library.versions.restore(id, one.id);
  assert.deepEqual([await read(id), library.get(id).versionBytes, blobs().length], ["one", 7, 3]);
  assert.throws(() => library.versions.restore(id, one.id), { code: "unknown_version" });
  await library.versions.remove(id, second.id);
  assert.deepEqual([library.get(id).versions, library.get(id).versionBytes, blobs().length], [1, 1, 2]);
  const { freeBytes, ...space } = library.space();
  assert.deepEqual(space, {
    bytes: 3,
    versionBytes: 1,
    trashBytes: 0,
    uploadBytes: 0,
    diskBytes: 4,
    bucketBytes: 0,
    meshBytes: 0,
  });
  assert.ok(freeBytes > 0);
  const other = await put("/b.txt", "other");
  const left = library.versions.list(id)[0];
  await assert.rejects(read(other.id, { version: left?.id }), { code: "unknown_version" });
});

test("only so many are kept; the oldest goes with its sealed bytes and its links", async (t) => {
  const { library, links, put, read, blobs } = await openLibraryRoom(t);
  const { id } = await put("/a.txt", "0");
  const link = await links.create(id, { mode: "persistent" });
  for (let i = 1; i <= FILE_LIMITS.versions; i++) await put("/a.txt", String(i));
  assert.deepEqual([links.info(link.slug).state, links.list().length], ["active", 1]);
  await put("/a.txt", "last");
  assert.deepEqual([links.info(link.slug).state, links.list()], ["ended", []]);
  const kept = library.versions.list(id);
  assert.deepEqual([kept.length, blobs().length], [FILE_LIMITS.versions, FILE_LIMITS.versions + 1]);
  assert.equal(await read(id, { version: kept.at(-1)?.id }), "1");
});

test("each version has the password that it was put with", async (t) => {
  const { library, put, read } = await openLibraryRoom(t);
  const { id } = await put("/a.txt", "one", { password: "first" });
  assert.equal((await put("/a.txt", "two")).hasPassword, false);
  await put("/a.txt", "three", { password: "next" });
  const [two, one] = library.versions.list(id);
  await assert.rejects(read(id, { password: "first" }), CryptoError);
  assert.equal(await read(id, { version: two?.id }), "two");
  await assert.rejects(read(id, { version: one?.id }), { code: "file_password_needed" });
  assert.equal(await read(id, { password: "first", version: one?.id }), "one");
  await library.changePassword(id, "changed", "next");
  library.versions.restore(id, one?.id ?? "");
  assert.equal(library.recoverPassword(id), "first");
  const [three] = library.versions.list(id);
  assert.equal(await read(id, { password: "changed", version: three?.id }), "three");
});

test("of many saves a version is kept each five minutes, of an empty content none, and none with a link is lost", async (t) => {
  const { library, links, put, read, clock, blobs } = await openLibraryRoom(t);
  const { id } = await put("/a.txt", "before");
  const contents = (): Promise<string[]> =>
    Promise.all(library.versions.list(id).map((version) => read(id, { version: version.id })));
  const save = (text: string): Promise<unknown> => put("/a.txt", text, { taken: "save" });
  for (let second = 0; second < 3600; second += 10) {
    clock.now += 10_000;
    await save(second % 600 === 0 ? "" : `save ${second}`);
  }
  const kept = await contents();
  const at = kept.slice(0, -1).map((text) => Number(text.slice("save ".length)));
  assert.equal(kept.length, FILE_LIMITS.versions);
  for (const [i, newer] of at.slice(0, -1).entries()) assert.ok(newer - (at[i + 1] ?? 0) >= 300, at.join());
  assert.deepEqual([await read(id), blobs().length], ["save 3590", FILE_LIMITS.versions + 1]);
  const link = await links.create(id, { mode: "persistent" });
  await save("next");
  assert.deepEqual([links.info(link.slug).state, (await contents())[0]], ["active", "save 3590"]);
  assert.equal(library.get(id).versions, FILE_LIMITS.versions);
});

test("attachments keep a name beside the one that is taken", async (t) => {
  const { library, put } = await openLibraryRoom(t);
  await put("/voice.webm", "one");
  const file = await put("/voice.webm", "two", { taken: "rename" });
  assert.deepEqual([file.name, library.list().length, file.versions], ["voice (1).webm", 2, 0]);
});

test("a put that cannot be written down, and a version that cannot be deleted, end no link", async (t) => {
  const { library, links, put, read } = await openLibraryRoom(t);
  const { id } = await put("/a.txt", "0");
  const link = await links.create(id, { mode: "persistent" });
  for (let i = 1; i <= FILE_LIMITS.versions; i++) await put("/a.txt", String(i));
  const oldest = library.versions.list(id).at(-1)?.id ?? "";
  const full = t.mock.method(library.tables.files, "put", () => {
    throw new Error("the disk is full");
  });
  await assert.rejects(put("/a.txt", "last"), /disk is full/);
  await assert.rejects(library.versions.remove(id, oldest), /disk is full/);
  full.mock.restore();
  assert.equal(await read(id, { version: oldest }), "0");
  assert.equal(links.info(link.slug).state, "active");
  await library.versions.remove(id, oldest);
  assert.equal(links.info(link.slug).state, "ended");
});
