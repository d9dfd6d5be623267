import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { concatBytes, fromBase64Url, utf8Decode } from "../core/bytes.ts";
import { randomBytes } from "../core/random.ts";
import { createContentOpener, deriveLinkKeys, parseLink } from "../crypto/link-key.ts";
import { type ListedFile, openListing } from "../crypto/link-listing.ts";
import { type LinkManifest, openManifest } from "../crypto/link-manifest.ts";
import { gatherFolder, sealFolder } from "./folder-share.ts";
import type { Links } from "./links.ts";
import { type LibraryRoom, openLibraryRoom } from "./testing.ts";
import type { LinkClaim } from "./views.ts";

interface Visit {
  readonly slug: string;
  readonly claim: LinkClaim;
  readonly manifest: LinkManifest;
  readonly files: readonly ListedFile[];
}

async function fetchRange(links: Links, { slug, claim }: Pick<Visit, "slug" | "claim">, start: number, end: number) {
  const { stream } = await links.content(slug, claim.lease, { start, end });
  return concatBytes(...(await Array.fromAsync(stream)));
}

/** What a browser does first with a folder's link. */
async function visit(links: Links, url: string): Promise<Visit> {
  const address = parseLink(url);
  const { slug } = address;
  const { wrapKey, proof } = await deriveLinkKeys(address, null);
  const claim = links.claim(slug, proof);
  const manifest = openManifest(fromBase64Url(claim.sealedManifest), wrapKey, slug);
  assert.equal(manifest.kind, "folder");
  const listing = await fetchRange(links, { slug, claim }, 0, manifest.bytes);
  return { slug, claim, manifest, files: openListing(listing, manifest.fileKey, slug) };
}

/** The text of one file of it. */
async function read(links: Links, visited: Visit, path: string): Promise<string> {
  const index = visited.files.findIndex((file) => file.path === path);
  const { sealedBytes, suite, fileKey } = visited.files[index] ?? assert.fail(path);
  const before = visited.files.slice(0, index).reduce((sum, file) => sum + file.sealedBytes, 0);
  const start = visited.manifest.bytes + before;
  const opener = createContentOpener(suite, fileKey);
  const sealed = await fetchRange(links, visited, start, start + sealedBytes);
  return utf8Decode(concatBytes(opener.update(sealed), opener.finish()));
}

/** /Plans with two files and a folder in it, and what a link to it should not give. */
async function plans(t: TestContext): Promise<{ room: LibraryRoom; id: string }> {
  const room = await openLibraryRoom(t);
  const { id } = room.tree.makeFolder("/Plans");
  room.tree.makeFolder("/Plans/2026");
  room.tree.makeFolder("/Plans/empty");
  await room.put("/Plans/b10.txt", "ten");
  await room.put("/Plans/b9.txt", "nine", { cipher: "noctis-256" });
  await room.put("/Plans/2026/garden.txt", "roses");
  await room.put("/Plans/2026/secret.txt", "of the file", { password: "its own" });
  await room.put("/outside.txt", "no part of it");
  return { room, id };
}

test("a folder's link gives every file in it under its path, and leaves out what has a password", async (t) => {
  const { room, id } = await plans(t);
  const { links } = room;
  const link = await links.create(id, { mode: "one-time", note: "  For Grace\r\nfrom Ada " });
  assert.deepEqual([link.kind, link.file], ["folder", { id, name: "Plans" }]);
  assert.deepEqual([link.folder, link.note], [{ files: 3, leftOut: 1, missing: 0 }, "For Grace\nfrom Ada"]);
  const visited = await visit(links, link.url);
  assert.deepEqual([visited.manifest.name, visited.manifest.note], ["Plans", "For Grace\nfrom Ada"]);
  assert.deepEqual(
    visited.files.map(({ path, bytes }) => [path, bytes]),
    [
      ["2026/garden.txt", 5],
      ["b9.txt", 4],
      ["b10.txt", 3],
    ],
  );
  assert.deepEqual(visited.claim.missing, []);
  // One claim is one use of the whole, in whatever order its files are fetched.
  assert.equal(await read(links, visited, "b10.txt"), "ten");
  assert.equal(await read(links, visited, "2026/garden.txt"), "roses");
  assert.equal(await read(links, visited, "b9.txt"), "nine");
  await assert.rejects(visit(links, link.url), { code: "link_used" });
  const whole = visited.claim.contentBytes;
  assert.equal((await fetchRange(links, visited, 0, whole)).length, whole, "in one go, within the grace");
  room.clock.now += 121_000;
  await assert.rejects(fetchRange(links, visited, 0, whole), { code: "lease_ended" });
});

test("a folder's link is a snapshot: later files, names and contents are not in it", async (t) => {
  const { room, id } = await plans(t);
  const { url } = await room.links.create(id, { mode: "persistent" });
  await room.put("/Plans/later.txt", "too late");
  await room.put("/Plans/b10.txt", "changed");
  room.tree.move("/Plans/2026", "/Elsewhere");
  const visited = await visit(room.links, url);
  assert.deepEqual(
    visited.files.map(({ path }) => path),
    ["2026/garden.txt", "b9.txt", "b10.txt"],
  );
  assert.equal(await read(room.links, visited, "b10.txt"), "ten");
  assert.equal(await read(room.links, visited, "2026/garden.txt"), "roses");
});

test("what is deleted comes out of the link at once, also under a running download; the rest goes on", async (t) => {
  const { room, id } = await plans(t);
  const { links } = room;
  const { url, slug } = await links.create(id, { mode: "persistent" });
  const before = await visit(links, url);
  room.tree.remove("/Plans/2026/garden.txt");
  await assert.rejects(read(links, before, "2026/garden.txt"), { code: "file_gone" });
  assert.equal(await read(links, before, "b10.txt"), "ten");
  const after = await visit(links, url);
  assert.deepEqual(after.claim.missing, [0]);
  assert.equal(links.list()[0]?.folder?.missing, 1);
  // A version that is replaced is kept and given; deleted for good, it is gone.
  const file = await room.put("/Plans/b9.txt", "new");
  assert.equal(await read(links, after, "b9.txt"), "nine");
  const [version] = room.library.versions.list(file.id);
  await room.library.versions.remove(file.id, version?.id ?? "");
  await assert.rejects(read(links, after, "b9.txt"), { code: "file_gone" });
  room.tree.remove("/Plans/b10.txt");
  assert.equal(links.info(slug).state, "ended", "with its last file");
  assert.deepEqual(links.list(), []);
});

test("of files that are alike, and lie in one blob, only the deleted one comes out of the link", async (t) => {
  const { room, id } = await plans(t);
  await room.put("/Plans/ten again.txt", "ten");
  const { url } = await room.links.create(id, { mode: "persistent" });
  room.tree.remove("/Plans/b10.txt");
  await room.library.sweep();
  const visited = await visit(room.links, url);
  assert.equal(visited.claim.missing?.length, 1);
  assert.equal(await read(room.links, visited, "ten again.txt"), "ten");
  await assert.rejects(read(room.links, visited, "b10.txt"), { code: "file_gone" });
});

test("a folder's link ends with the folder and with those around it, and does not come back", async (t) => {
  const { room, id } = await plans(t);
  const { links, tree, library } = room;
  const outer = await links.create(id, { mode: "persistent" });
  const inner = await links.create(tree.list("/Plans").folders[0]?.id ?? "", { mode: "persistent" });
  assert.deepEqual(inner.folder, { files: 1, leftOut: 1, missing: 0 });
  const visited = await visit(links, outer.url);
  tree.move("/Plans/b9.txt", "/b9.txt"); // lies elsewhere now, and still the folder is what was shared
  tree.remove("/Plans");
  for (const { slug } of [outer, inner]) assert.equal(links.info(slug).state, "ended");
  await assert.rejects(read(links, visited, "b9.txt"), { code: "link_ended" });
  library.trash.restore(id);
  for (const { slug } of [outer, inner]) assert.equal(links.info(slug).state, "ended");
  assert.deepEqual(links.list(), []);
});

test("folders without a file to give, and notes that are none, are refused in words", async (t) => {
  const { room, id } = await plans(t);
  const create = (folder: string, note?: string) => room.links.create(folder, { mode: "persistent", note });
  const empty = room.tree.list("/Plans").folders.find(({ name }) => name === "empty");
  await assert.rejects(create(empty?.id ?? ""), { code: "folder_empty" });
  room.tree.remove("/Plans/2026/garden.txt");
  await assert.rejects(create(room.tree.list("/Plans").folders[0]?.id ?? ""), /passwords of their own/);
  for (const note of ["x".repeat(1_025), "\u001b[2J", "a\u0000"])
    await assert.rejects(create(id, note), { code: "bad_note" });
  room.tree.remove("/Plans");
  await assert.rejects(create(id), { code: "unknown_folder" });
  assert.deepEqual(room.links.list(), []);
});

test("a file that is deleted while its folder's link is made is not in it", async (t) => {
  const { room, id } = await plans(t);
  const making = room.links.create(id, { mode: "persistent", password: "takes a while" });
  await new Promise((resolve) => setTimeout(resolve, 60)); // the keys are read by now, the password is being stretched
  room.tree.remove("/Plans/b10.txt");
  assert.equal((await making).folder?.files, 2);
});

test("a file that moves, changes or gets a password while its folder's link is made is given as it is then, or not", async (t) => {
  const { room, id } = await plans(t);
  const { library, links, tree } = room;
  const moved = await room.put("/Plans/moved.txt", "moved");
  await room.put("/Plans/changed.txt", "before");
  const inner = await room.put("/Plans/inner.txt", "inner");
  await room.put("/Plans/locked.txt", "locked");
  const gathered = await gatherFolder(library, id);
  await tree.move("/Plans/moved.txt", "/moved.txt");
  await room.put("/Plans/changed.txt", "after");
  await tree.move("/Plans/inner.txt", "/Plans/2026/renamed.txt");
  await room.put("/Plans/locked.txt", "locked", { password: "its own" });
  const key = randomBytes(32);
  const { source, leftOut } = sealFolder(library, id, gathered, key, "slug");
  assert.deepEqual(
    openListing(source.listing, key, "slug").map(({ path }) => path),
    ["2026/garden.txt", "2026/renamed.txt", "b9.txt", "b10.txt"],
  );
  assert.equal(source.parts[1]?.content, library.tables.files.get(inner.id)?.contentId);
  assert.equal(leftOut, 2);
  assert.ok([...gathered.keys()].includes(moved.id));
  assert.deepEqual(links.list(), []);
});

test("a database of the version before gets what is missing and keeps its links", async (t) => {
  const { DatabaseSync } = await import("node:sqlite");
  const room = await openLibraryRoom(t);
  const { id } = await room.put("/a.txt", "old");
  const { slug } = await room.links.create(id, { mode: "persistent" });
  room.close();
  const path = `${room.dataDir}/links.db`;
  const db = new DatabaseSync(path);
  db.exec("ALTER TABLE links DROP COLUMN claims; DROP TABLE parts; DROP TABLE listings; DROP TABLE ended");
  db.close();
  const again = await openLibraryRoom(t, room.dataDir);
  assert.equal(again.links.list()[0]?.slug, slug);
  assert.equal(again.links.list()[0]?.downloads, 0);
});

test("a link of 600 files is made, and read in more pieces than one file may be", async (t) => {
  const room = await openLibraryRoom(t);
  const { id } = room.tree.makeFolder("/Many");
  for (let i = 0; i < 600; i++) await room.put(`/Many/${i}.txt`, `${i}`);
  const startedAt = performance.now();
  const { url, folder } = await room.links.create(id, { mode: "one-time" });
  t.diagnostic(`made in ${Math.round(performance.now() - startedAt)} ms`);
  assert.equal(folder?.files, 600);
  const visited = await visit(room.links, url);
  for (let i = 0; i < 600; i += 2) assert.equal(await read(room.links, visited, `${i}.txt`), `${i}`);
});
