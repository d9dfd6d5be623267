import assert from "node:assert/strict";
import { test } from "node:test";
import { FILE_LIMITS } from "../core/limits.ts";
import { typeByName } from "./content-type.ts";
import { openLibraryRoom } from "./testing.ts";

const webp = (bytes = 100): Uint8Array => {
  const picture = new Uint8Array(bytes);
  picture.set(Buffer.from("RIFF\0\0\0\0WEBP", "latin1"));
  return picture;
};

test("a thumbnail belongs to the content that it was made of, and goes with it", async (t) => {
  const { library, put } = await openLibraryRoom(t);
  const first = await put("/a.png", "one");
  assert.equal(library.thumbnail(first.id), null);
  library.addThumbnail(first.id, first.addedAt, webp());
  assert.deepEqual(library.thumbnail(first.id), { type: "image/webp", bytes: webp() });
  const alike = await library.copy(first.id, { name: "copy.png" });
  assert.ok(library.thumbnail(alike.id), "contents that are alike share it");
  await library.destroy(alike.id);
  assert.ok(library.thumbnail(first.id));

  await put("/a.png", "two");
  assert.equal(library.thumbnail(first.id), null, "the next version has none yet");
  const [version] = library.versions.list(first.id);
  library.versions.restore(first.id, version?.id ?? "");
  assert.ok(library.thumbnail(first.id), "it comes back with its content");
  const { blob } = library.tables.files.get(first.id) ?? assert.fail();
  await library.destroy(first.id);
  assert.equal(library.thumbnails.get(blob), null);
});

test("what is no small WebP or JPEG is refused, and so is one of another content or of a file with a password", async (t) => {
  const { library, put, clock } = await openLibraryRoom(t);
  const file = await put("/a.png", "one");
  for (const bad of [
    webp(FILE_LIMITS.thumbnailBytes + 1),
    Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"),
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    new Uint8Array(0),
  ])
    assert.throws(() => library.addThumbnail(file.id, file.addedAt, bad), { code: "bad_thumbnail" });
  library.addThumbnail(file.id, file.addedAt, Uint8Array.of(0xff, 0xd8, 0xff, 0xe0));
  clock.now += 1_000;
  await put("/a.png", "two");
  assert.throws(() => library.addThumbnail(file.id, file.addedAt, webp()), { code: "no_thumbnail" });
  const locked = await put("/b.png", "secret", { password: "secret" });
  assert.throws(() => library.addThumbnail(locked.id, locked.addedAt, webp()), { code: "no_thumbnail" });
});

test("thumbnails stay out of backups, and those that no content names are swept", async (t) => {
  const { library, vault, put } = await openLibraryRoom(t);
  const file = await put("/a.png", "one");
  library.addThumbnail(file.id, file.addedAt, webp());
  library.thumbnails.put("f".repeat(32), webp());
  await library.sweep();
  assert.equal(library.thumbnails.get("f".repeat(32)), null);
  assert.ok(library.thumbnail(file.id));
  const rows = vault.table({
    name: "thumbnails",
    key: ({ blob }: { blob: string }) => blob,
    indexes: { unsaved: () => "yes" },
  });
  assert.equal(rows.count("unsaved", "yes"), 1);
});

test("a type is told by the name, and no name makes bytes a page", () => {
  const type = (name: string): string | undefined => typeByName(name)?.type;
  assert.deepEqual(["a.PNG", "b.svg", "c.pdf", "Makefile", "x.tar.gz", ".gitignore", "noname"].map(type), [
    "image/png",
    "image/svg+xml",
    "application/pdf",
    "text/plain; charset=utf-8",
    undefined,
    "text/plain; charset=utf-8",
    undefined,
  ]);
  for (const page of ["a.html", "a.htm", "a.xhtml", "a.xml", "a.js", "a.md"])
    assert.match(type(page) ?? "", /^text\/plain/);
});
