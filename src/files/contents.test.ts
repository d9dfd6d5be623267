import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import fc from "fast-check";
import { hmacSha256, sha256 } from "../crypto/key-derivation.ts";
import { keyedHash } from "../crypto/provider.ts";
import { keyedHash as browserKeyedHash } from "../crypto/provider-browser.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { LinkStore } from "./link-store.ts";
import { type LibraryRoom, openLibraryRoom } from "./testing.ts";

test("what is put twice takes the disk once, until the last of them goes", async (t) => {
  const { library, put, read, blobs } = await openLibraryRoom(t);
  const first = await put("/a.txt", "alike");
  const second = await put("/b.txt", "alike");
  const third = await library.copy(first.id, { name: "c.txt" });
  assert.equal(blobs().length, 1);
  const { freeBytes: _, ...space } = library.space();
  assert.deepEqual(space, {
    bytes: 15,
    versionBytes: 0,
    trashBytes: 0,
    uploadBytes: 0,
    diskBytes: 5,
    bucketBytes: 0,
    meshBytes: 0,
  });
  await library.destroy(first.id);
  library.remove(second.id);
  await library.sweep();
  assert.deepEqual([await read(third.id), blobs().length], ["alike", 1]);
  await library.destroy(third.id);
  assert.equal(blobs().length, 1, "it lies in the trash still");
  await library.trash.empty();
  assert.deepEqual(blobs(), []);
});

test("another suite, a password or other bytes of the same length take a blob of their own", async (t) => {
  const { put, read, library, blobs } = await openLibraryRoom(t);
  await put("/a.txt", "alike");
  await put("/b.txt", "alike", { cipher: "noctis-256" });
  const locked = await put("/c.txt", "alike", { password: "secret" });
  const copy = await library.copy(locked.id, { name: "copy" });
  await put("/d.txt", "other");
  assert.equal(blobs().length, 5);
  await library.changePassword(copy.id, "next", "secret");
  assert.equal(await read(locked.id, { password: "secret" }), "alike", "a new password is that of one file alone");
  assert.equal(await read(copy.id, { password: "next" }), "alike");
});

test("a blob that is gone from the disk is not shared: putting the file again repairs it", async (t) => {
  const { dataDir, put, read, blobs } = await openLibraryRoom(t);
  await put("/a.txt", "alike");
  rmSync(join(dataDir, "blobs", blobs()[0] as string));
  const again = await put("/b.txt", "alike");
  assert.equal(await read(again.id), "alike");
});

test("a link ends with its own file, not with one that is alike", async (t) => {
  const { library, links, put } = await openLibraryRoom(t);
  const [one, two] = [await put("/one.txt", "alike"), await put("/two.txt", "alike")];
  const [ends, stays] = [
    await links.create(one.id, { mode: "persistent" }),
    await links.create(two.id, { mode: "persistent" }),
  ];
  library.remove(one.id);
  assert.deepEqual([links.info(ends.slug).state, links.info(stays.slug).state], ["ended", "active"]);
  await library.trash.empty();
  await library.sweep();
  assert.deepEqual([links.info(stays.slug).state, links.list().length], ["active", 1]);
  await library.destroy(two.id);
  assert.equal(links.info(stays.slug).state, "ended");
});

test("the digest is keyed: nothing on the disk holds the hash of a content, and two vaults have two digests", async (t) => {
  const rooms = [await openLibraryRoom(t), await openLibraryRoom(t)] as const;
  const digests = [];
  for (const { library, put } of rooms) {
    const { id } = await put("/a.txt", "a known file");
    digests.push(library.tables.files.get(id)?.digest);
  }
  assert.ok(digests[0] && digests[1] && digests[0] !== digests[1]);
  const plain = Buffer.from(sha256(Buffer.from("a known file")));
  const disk = readFileSync(join(rooms[0].dataDir, "vault.db"));
  for (const form of [plain, plain.toString("hex"), plain.toString("base64url"), digests[0]])
    assert.equal(disk.includes(form), false);
  assert.notEqual(digests[0], plain.toString("base64url"));
});

test("a hash in pieces is that of the whole, on both platforms", () => {
  const key = new Uint8Array(32).fill(7);
  const whole = new Uint8Array(100_000).map((_, i) => i);
  for (const make of [keyedHash, browserKeyedHash]) {
    const hash = make(key);
    for (let at = 0; at < whole.length; at += 7_777) hash.update(whole.subarray(at, at + 7_777));
    assert.deepEqual(hash.digest(), hmacSha256(key, whole));
  }
});

test("rows and links of an earlier version get what they lack, and end as they should", async (t) => {
  const room = await openLibraryRoom(t);
  const { library, links, put, vault } = room;
  const file = await put("/a.txt", "old");
  await put("/a.txt", "new");
  const link = await links.create(file.id, { mode: "persistent" });
  for (const table of [library.tables.files, library.tables.versions]) {
    for (const { contentId: _, digest: __, ...row } of table.list()) table.put(row as never);
  }
  vault.writeMeta("files/contents/v1", false);
  const { dataDir } = room;
  room.close();
  const db = new DatabaseSync(join(dataDir, "links.db"));
  db.exec("DROP INDEX links_content; ALTER TABLE links DROP COLUMN content; CREATE INDEX links_blob ON links (blob)");
  db.close();
  const again = await openLibraryRoom(t, dataDir);
  await again.library.sweep();
  assert.equal(again.links.info(link.slug).state, "active");
  assert.equal(await again.read(file.id), "new");
  await again.put("/b.txt", "new");
  assert.equal(again.blobs().length, 3, "a content without a digest is alike to none");
  await again.library.destroy(file.id);
  assert.deepEqual([again.links.info(link.slug).state, again.blobs().length], ["ended", 1]);
  const store = new LinkStore(join(dataDir, "links.db"));
  assert.deepEqual(store.contents(), []);
  store.close();
});

/** What should be there, told simply: contents are texts, and nothing is shared. */
interface ModelFile {
  readonly id: string;
  contents: { text: string; links: string[] }[]; // the newest first
  trashed: boolean;
}

const STEPS = [
  "put",
  "put",
  "replace",
  "copy",
  "trash",
  "restore",
  "destroy",
  "drop",
  "revive",
  "link",
  "sweep",
] as const;

class Model {
  readonly files: ModelFile[] = [];
  readonly ended: string[] = [];
  readonly #room: LibraryRoom;
  #n = 0;

  constructor(room: LibraryRoom) {
    this.#room = room;
  }

  async step(name: (typeof STEPS)[number], pick: number): Promise<void> {
    const { library, links, put } = this.#room;
    const text = `content ${pick % 4}`;
    const one = (trashed: boolean): ModelFile | undefined => {
      const list = this.files.filter((file) => file.trashed === trashed);
      return list[pick % Math.max(1, list.length)];
    };
    const [file, deleted] = [one(false), one(true)];
    if (name === "put") {
      const { id } = await put(`/${++this.#n}`, text);
      this.files.push({ id, contents: [{ text, links: [] }], trashed: false });
    } else if (name === "sweep") await library.sweep();
    else if (name === "restore" && deleted) {
      library.trash.restore(deleted.id);
      deleted.trashed = false;
    } else if (name === "destroy" && deleted) {
      await library.destroy(deleted.id);
      this.files.splice(this.files.indexOf(deleted), 1);
    } else if (file) await this.#change(name, file, text, pick, links);
  }

  async #change(name: string, file: ModelFile, text: string, pick: number, links: LibraryRoom["links"]): Promise<void> {
    const { library, put } = this.#room;
    const version = library.versions.list(file.id).at(-1)?.id; // the oldest
    const newest = file.contents[0] as ModelFile["contents"][number];
    if (name === "replace") {
      await put(library.get(file.id).path, text);
      file.contents.unshift({ text, links: [] });
      for (const { links: gone } of file.contents.splice(FILE_LIMITS.versions + 1)) this.ended.push(...gone);
    } else if (name === "copy") {
      const { id } = await library.copy(file.id, { name: `copy ${++this.#n}` });
      this.files.push({ id, contents: [{ text: newest.text, links: [] }], trashed: false });
    } else if (name === "trash") {
      library.remove(file.id);
      file.trashed = true;
      for (const content of file.contents) this.ended.push(...content.links.splice(0));
    } else if (name === "link" && pick % 3 === 0) {
      newest.links.push((await links.create(file.id, { mode: "persistent" })).slug);
    } else if (name === "drop" && version) {
      await library.versions.remove(file.id, version);
      this.ended.push(...(file.contents.pop()?.links ?? []));
    } else if (name === "revive" && version) {
      library.versions.restore(file.id, version);
      file.contents.unshift(file.contents.pop() as ModelFile["contents"][number]);
    }
  }

  async check(): Promise<void> {
    const { library, links, read, blobs } = this.#room;
    const texts = this.files.flatMap(({ contents }) => contents.map(({ text }) => text));
    assert.equal(blobs().length, new Set(texts).size, "each text lies on the disk once, and nothing else does");
    for (const { id, contents, trashed } of this.files) {
      if (trashed) continue;
      const versions = library.versions.list(id).map((version) => version.id);
      const found = [await read(id)];
      for (const version of versions) found.push(await read(id, { version }));
      assert.deepEqual(
        [found[0], found.slice(1).sort()],
        [
          contents[0]?.text,
          contents
            .slice(1)
            .map((c) => c.text)
            .sort(),
        ],
      );
    }
    const live = this.files.flatMap(({ contents }) => contents.flatMap((content) => content.links));
    for (const slug of live) assert.equal(links.info(slug).state, "active");
    for (const slug of this.ended) assert.equal(links.info(slug).state, "ended");
    assert.equal(links.list().length, live.length);
  }
}

test("whatever is done in whatever order, no blob is lost that is named and none is left that is not", async (t) => {
  const steps = fc.array(fc.tuple(fc.constantFrom(...STEPS), fc.nat(100)), { minLength: 10, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(steps, async (todo) => {
      const room = await openLibraryRoom(t);
      const model = new Model(room);
      for (const [name, pick] of todo) await model.step(name, pick);
      await model.check();
      room.close();
    }),
    { numRuns: 25 },
  );
});

test("a copy is there with what is noted on it or not at all; as a version it is no file more", async (t) => {
  const { library, put, blobs } = await openLibraryRoom(t);
  for (const password of [undefined, "walnut"]) {
    const { id, name } = await put(`/${password}.txt`, "one", { password });
    const [files, stored] = [library.list().length, blobs().length];
    const noted = t.mock.method(library.properties, "copy", () => {
      throw new Error("the disk is full");
    });
    await assert.rejects(library.copy(id, { name: "copy.txt" }), /disk is full/);
    noted.mock.restore();
    assert.deepEqual([library.list().length, blobs().length], [files, stored]);

    const count = t.mock.method(library.tables.files, "count", () => FILE_LIMITS.files);
    await assert.rejects(library.copy(id, { name: "copy.txt" }), { code: "too_many_files" });
    await assert.rejects(library.copy(id, { name: "new.txt" }, "version"), { code: "too_many_files" });
    const copy = await library.copy(id, { name }, "version");
    count.mock.restore();
    assert.deepEqual([copy.id, copy.versions], [id, 1]);
  }
});
