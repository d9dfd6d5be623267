import assert from "node:assert/strict";
import { test } from "node:test";
import { chosenFiles } from "./chosen-files.ts";
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

test("a file is known again by what a browser tells of it, and told from those of other programs", () => {
  const one = { name: "a", size: 1, lastModified: 7 };
  assert.equal(fingerprintOf(one), fingerprintOf({ ...one }));
  for (const other of [{ name: "b" }, { size: 2 }, { lastModified: 8 }]) {
    assert.notEqual(fingerprintOf(one), fingerprintOf({ ...one, ...other }));
  }
  assert.ok(isFromBrowser(fingerprintOf(one)));
  assert.ok(!isFromBrowser("1 7 7"));
});
