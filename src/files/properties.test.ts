import assert from "node:assert/strict";
import { test } from "node:test";
import { FILE_LIMITS } from "../core/limits.ts";
import { openLibraryRoom } from "./testing.ts";

const LABEL = { name: "{urn:x}label", xml: '<label xmlns="urn:x">red</label>' };

test("properties go where their file or folder goes, are copied with it, and end with it", async (t) => {
  const room = await openLibraryRoom(t);
  const { tree, library, put } = room;
  const folder = tree.makeFolder("/a");
  const file = await put("/a/x.txt", "x");
  for (const id of ["", folder.id, file.id]) library.properties.replace(id, [LABEL]);
  await put("/a/x.txt", "second");
  await tree.move("/a", "/b");
  await tree.copy("/b", "/c");
  const copies = [tree.list("/").folders[1]?.id ?? "", tree.list("/c").files[0]?.id ?? ""];
  library.remove(folder.id);
  library.trash.restore(folder.id);
  const all = ["", folder.id, file.id, ...copies];
  for (const id of all) assert.deepEqual(library.properties.list(id), [LABEL], id);
  room.close();
  const again = await openLibraryRoom(t, room.dataDir);
  for (const id of all) assert.deepEqual(again.library.properties.list(id), [LABEL], id);
  await again.library.destroy(folder.id);
  assert.deepEqual(
    [folder.id, file.id].flatMap((id) => again.library.properties.list(id)),
    [],
  );
  assert.equal(again.library.tables.properties.count(), 3);
});

test("there are so many of them at most, and they take so much", async (t) => {
  const { library } = await openLibraryRoom(t);
  const many = Array.from({ length: FILE_LIMITS.properties + 1 }, (_, i) => ({ ...LABEL, name: `{x}${i}` }));
  const large = [{ ...LABEL, xml: "x".repeat(FILE_LIMITS.propertiesBytes) }];
  for (const properties of [many, large])
    assert.throws(() => library.properties.replace("", properties), { code: "too_many_properties" });
  library.properties.replace("", many.slice(1));
  assert.equal(library.properties.list("").length, FILE_LIMITS.properties);
});
