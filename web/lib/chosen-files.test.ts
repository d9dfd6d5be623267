import assert from "node:assert/strict";
import { test } from "node:test";
import { chosenFiles, droppedFiles, MOST_CHOSEN } from "./chosen-files.ts";
import { fingerprintOf, isFromBrowser } from "./fingerprint.ts";

function file(path: string): File {
  const made = new File(["x"], path.split("/").at(-1) ?? "", { lastModified: 7 });
  return Object.assign(made, { webkitRelativePath: path.includes("/") ? path : "" });
}

test("a folder comes with every folder on the way, each before those inside it", () => {
  const { files, folders } = chosenFiles(["a/b/c/1.jpg", "a/2.jpg", "a/d/3.jpg"].map(file));
  assert.deepEqual(folders, ["a", "a/b", "a/b/c", "a/d"]);
  assert.deepEqual(
    files.map(({ folder }) => folder),
    ["a/b/c", "a", "a/d"],
  );
});

test("files alone need no folder", () => {
  const { files, folders } = chosenFiles([file("1.jpg")]);
  assert.deepEqual([files[0]?.folder, folders], ["", []]);
});

test("no way lets in more than the most files and folders together", async () => {
  const one = file("1.jpg");
  assert.equal(chosenFiles(Array(MOST_CHOSEN).fill(one)).files.length, MOST_CHOSEN);
  assert.throws(() => chosenFiles(Array(MOST_CHOSEN + 1).fill(one)), RangeError);
  // Each in a folder of its own: half as many.
  const apart = Array.from({ length: MOST_CHOSEN / 2 + 1 }, (_, i) => ({ webkitRelativePath: `${i}/a` }) as File);
  assert.throws(() => chosenFiles(apart), RangeError);

  const drop = (entry: unknown, length: number) => {
    const item = { webkitGetAsEntry: () => entry, getAsFile: () => one };
    return droppedFiles({ items: Array.from({ length }, () => item) } as never);
  };
  await assert.rejects(drop(null, MOST_CHOSEN + 1), RangeError);
  const empty = { isDirectory: true, name: "a", createReader: () => ({ readEntries: (give: Give) => give([]) }) };
  await assert.rejects(drop(empty, MOST_CHOSEN + 1), RangeError);
  let batches = 0;
  const readEntries = (give: Give): void =>
    give(batches++ > MOST_CHOSEN / 1_000 ? [] : Array.from({ length: 1_000 }, () => empty));
  const full = { isDirectory: true, name: "b", createReader: () => ({ readEntries }) };
  await assert.rejects(drop(full, 1), RangeError);
});

type Give = (entries: unknown[]) => void;

test("a file is known again by what a browser tells of it, and told from those of other programs", () => {
  const one = { name: "a", size: 1, lastModified: 7 };
  assert.equal(fingerprintOf(one), fingerprintOf({ ...one }));
  for (const other of [{ name: "b" }, { size: 2 }, { lastModified: 8 }]) {
    assert.notEqual(fingerprintOf(one), fingerprintOf({ ...one, ...other }));
  }
  assert.ok(isFromBrowser(fingerprintOf(one)));
  assert.ok(!isFromBrowser("1 7 7"));
});
